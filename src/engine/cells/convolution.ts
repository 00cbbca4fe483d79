/** Convolutions and their gradients: one element is a sum of products of input, kernel and output-gradient elements. */
import { factor, product } from './arithmetic';
import type { CellQuestion, CellRule, Rule, Term, Values, Window } from './arithmetic';
import { biasAndActivation } from './fused';
import { axesOfWindow, combinations, isChannelsFirst, readers, reads } from './geometry';
import type { Axis } from './geometry';

/** Views of `[batch, …spatial, channels]` (or channels first) by batch, position and channel. */
interface Layout { readonly spatial: readonly number[]; readonly at: (batch: number, position: readonly number[], channel: number) => number[]; readonly split: (index: readonly number[]) => { batch: number; position: readonly number[]; channel: number } }

function layoutOf(question: CellQuestion, shape: readonly number[]): Layout {
  if (isChannelsFirst(question.op)) {
    return {
      spatial: shape.slice(2), at: (batch, position, channel) => [batch, channel, ...position],
      split: ([batch = 0, channel = 0, ...position]) => ({ batch, position, channel }),
    };
  }
  return {
    spatial: shape.slice(1, -1), at: (batch, position, channel) => [batch, ...position, channel],
    split: (index) => ({ batch: index[0] ?? 0, position: index.slice(1, -1), channel: index.at(-1) ?? 0 }),
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function windowOf(values: Values, layout: Layout, axes: readonly Axis[], position: readonly number[], batch: number, channels: readonly [first: number, count: number]): Window {
  const starts = axes.map((axis, i) => (position[i] ?? 0) * axis.stride - axis.before);
  const extents = axes.map((axis) => (axis.taps - 1) * axis.dilation + 1);
  return { tensor: values.tensor, start: layout.at(batch, starts, channels[0]), extent: layout.at(1, extents, channels[1]), step: layout.at(1, axes.map(({ dilation }) => dilation), 1) };
}

/** y[n, p, k] = Σ over taps t and input channels c of x[n, p·stride − before + t·dilation, c] · w[t, c, k]. */
const convolve: CellRule = (question) => {
  const x = question.input('x'), filter = question.input('filter');
  const taps = filter.shape.slice(0, -2);
  const inLayout = layoutOf(question, x.shape), outLayout = layoutOf(question, question.output.shape);
  const axes = axesOfWindow(question.op, inLayout.spatial, outLayout.spatial, taps);
  const { batch, position, channel } = outLayout.split(question.index);
  const depth = filter.shape.at(-2) ?? 1, outputs = filter.shape.at(-1) ?? 1;
  const groups = Math.max(1, Math.round((x.shape[isChannelsFirst(question.op) ? 1 : x.shape.length - 1] ?? depth) / depth));
  const first = Math.floor(channel / (outputs / groups)) * depth;
  const terms: Term[] = [];
  for (const tap of combinations(taps.map(range))) {
    const from = axes.map((axis, i) => reads(axis, position[i] ?? 0, tap[i] ?? 0));
    if (from.includes(null)) continue;
    for (let c = 0; c < depth; c += 1) terms.push(product(factor(x, inLayout.at(batch, from as number[], first + c)), factor(filter, [...tap, c, channel])));
  }
  return { combine: 'sum', terms, finish: biasAndActivation(question), windows: [windowOf(x, inLayout, axes, position, batch, [first, depth])] };
};

/** y[n, p, c·m + j] = Σ over taps of x[n, …, c] · w[t, c, j]; m is the depth multiplier. */
const convolveDepthwise: CellRule = (question) => {
  const x = question.input('x'), filter = question.input('filter');
  const inLayout = layoutOf(question, x.shape), outLayout = layoutOf(question, question.output.shape);
  const taps = filter.shape.slice(0, 2);
  const axes = axesOfWindow(question.op, inLayout.spatial, outLayout.spatial, taps);
  const { batch, position, channel } = outLayout.split(question.index);
  const multiplier = filter.shape[3] ?? 1;
  const from = Math.floor(channel / multiplier);
  const terms: Term[] = [];
  for (const tap of combinations(taps.map(range))) {
    const at = axes.map((axis, i) => reads(axis, position[i] ?? 0, tap[i] ?? 0));
    if (!at.includes(null)) terms.push(product(factor(x, inLayout.at(batch, at as number[], from)), factor(filter, [...tap, from, channel % multiplier])));
  }
  return { combine: 'sum', terms, finish: biasAndActivation(question), windows: [windowOf(x, inLayout, axes, position, batch, [from, 1])] };
};

/** ∂L/∂w[t, c, k] = Σ over examples n and output positions p of x[n, p·stride − before + t·dilation, c] · ∂L/∂y[n, p, k]. */
function filterGradient(question: CellQuestion, depthwise: boolean): Rule {
  const x = question.input('x'), dy = question.input('dy');
  const inLayout = layoutOf(question, x.shape), outLayout = layoutOf(question, dy.shape);
  const filterShape = question.output.shape;
  const taps = filterShape.slice(0, -2);
  const axes = axesOfWindow(question.op, inLayout.spatial, outLayout.spatial, taps);
  const tap = question.index.slice(0, -2);
  const [c = 0, k = 0] = question.index.slice(-2);
  const channel = depthwise ? c * (filterShape.at(-1) ?? 1) + k : k;
  const terms: Term[] = [];
  for (let batch = 0; batch < (x.shape[0] ?? 0); batch += 1) {
    for (const position of combinations(outLayout.spatial.map(range))) {
      const from = axes.map((axis, i) => reads(axis, position[i] ?? 0, tap[i] ?? 0));
      if (!from.includes(null)) terms.push(product(factor(x, inLayout.at(batch, from as number[], c)), factor(dy, outLayout.at(batch, position, channel))));
    }
  }
  return { combine: 'sum', terms };
}

/** ∂L/∂x[n, i, c] = Σ over the output positions p and taps t that read i, and output channels k, of ∂L/∂y[n, p, k] · w[t, c, k]. */
function inputGradient(question: CellQuestion, depthwise: boolean): Rule {
  const dy = question.input('dy'), filter = question.input('filter');
  const inLayout = layoutOf(question, question.output.shape), outLayout = layoutOf(question, dy.shape);
  const axes = axesOfWindow(question.op, inLayout.spatial, outLayout.spatial, filter.shape.slice(0, -2));
  const { batch, position, channel } = inLayout.split(question.index);
  const last = filter.shape.at(-1) ?? 1;
  const terms: Term[] = [];
  for (const pairs of combinations(axes.map((axis, i) => readers(axis, position[i] ?? 0)))) {
    const at = pairs.map(({ o }) => o), tap = pairs.map(({ k }) => k);
    for (let k = 0; k < last; k += 1) {
      const output = depthwise ? channel * last + k : k;
      terms.push(product(factor(dy, outLayout.at(batch, at, output)), factor(filter, [...tap, channel, k])));
    }
  }
  return { combine: 'sum', terms };
}

export const convolutionRules: Readonly<Record<string, CellRule>> = {
  Conv2D: convolve, FusedConv2D: convolve, Conv3D: convolve,
  DepthwiseConv2dNative: convolveDepthwise, FusedDepthwiseConv2D: convolveDepthwise,
  Conv2DBackpropFilter: (question) => filterGradient(question, false),
  Conv3DBackpropFilterV2: (question) => filterGradient(question, false),
  DepthwiseConv2dNativeBackpropFilter: (question) => filterGradient(question, true),
  Conv2DBackpropInput: (question) => inputGradient(question, false),
  Conv3DBackpropInputV2: (question) => inputGradient(question, false),
  DepthwiseConv2dNativeBackpropInput: (question) => inputGradient(question, true),
};
