/** Pooling and its gradients: the window that an output element reads, and the elements that a gradient comes back from. */
import { factor, product } from './arithmetic';
import type { CellQuestion, CellRule, Rule, Term } from './arithmetic';
import { numbersOf } from './attributes';
import { axesOfWindow, combinations, readers, reads } from './geometry';
import type { Axis } from './geometry';

interface Pool { readonly axes: readonly Axis[]; readonly batch: number; readonly position: readonly number[]; readonly channel: number }

function poolOf({ op, index }: CellQuestion, input: readonly number[], output: readonly number[]): Pool {
  const spatial = input.length - 2;
  const axes = axesOfWindow(op, input.slice(1, -1), output.slice(1, -1), numbersOf(op, 'filterSize', spatial));
  return { axes, batch: index[0] ?? 0, position: index.slice(1, -1), channel: index.at(-1) ?? 0 };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Input positions inside the tensor that output position `position` reads, in row-major order. */
function* positions(axes: readonly Axis[], position: readonly number[]): Generator<number[]> {
  for (const tap of combinations(axes.map(({ taps }) => range(taps)))) {
    const from = axes.map((axis, i) => reads(axis, position[i] ?? 0, tap[i] ?? 0));
    if (!from.includes(null)) yield from as number[];
  }
}

/** y = max over the window (max pooling), or Σ over the window / how many elements of it lie inside (average pooling). */
function pool(question: CellQuestion, average: boolean): Rule {
  const x = question.input('x');
  const { axes, batch, position, channel } = poolOf(question, x.shape, question.output.shape);
  const terms = [...positions(axes, position)].map((at) => product(factor(x, [batch, ...at, channel])));
  const window = {
    tensor: x.tensor,
    start: [batch, ...axes.map((axis, i) => (position[i] ?? 0) * axis.stride - axis.before), channel],
    extent: [1, ...axes.map(({ taps, dilation }) => (taps - 1) * dilation + 1), 1],
    step: [1, ...axes.map(({ dilation }) => dilation), 1],
  };
  const finish = average ? [(value: number) => ({ text: `/ ${terms.length}`, value: value / terms.length })] : [];
  return { combine: average ? 'sum' : 'max', terms, finish, windows: [window] };
}

/** ∂L/∂x[i] = Σ over the windows that i won of ∂L/∂y; the first element in row-major order wins a tie. */
const maxPoolGradient: CellRule = (question) => {
  const dy = question.input('dy'), x = question.input('input');
  const { axes, batch, position, channel } = poolOf(question, x.shape, dy.shape);
  const terms: Term[] = [];
  for (const pairs of combinations(axes.map((axis, i) => readers(axis, position[i] ?? 0)))) {
    const at = pairs.map(({ o }) => o);
    let best = -Infinity;
    let winner: readonly number[] = [];
    for (const from of positions(axes, at)) {
      const { value } = factor(x, [batch, ...from, channel]);
      if (value > best) { best = value; winner = from; }
    }
    const gradient = factor(dy, [batch, ...at, channel]);
    const won = winner.every((place, i) => place === position[i]) && winner.length > 0;
    terms.push({ factors: [gradient], value: won ? gradient.value : 0, text: won ? 'won this window' : 'another element won this window' });
  }
  return { combine: 'sum', terms };
};

/** ∂L/∂x[i] = Σ over the windows that hold i of ∂L/∂y / how many elements of the window lie inside. */
const averagePoolGradient: CellRule = (question) => {
  const dy = question.input('dy');
  const { axes, batch, position, channel } = poolOf(question, question.output.shape, dy.shape);
  const terms: Term[] = [];
  for (const pairs of combinations(axes.map((axis, i) => readers(axis, position[i] ?? 0)))) {
    const at = pairs.map(({ o }) => o);
    const inside = [...positions(axes, at)].length;
    const gradient = factor(dy, [batch, ...at, channel]);
    terms.push({ factors: [gradient], value: gradient.value / inside, text: `/ ${inside}` });
  }
  return { combine: 'sum', terms };
};

export const poolingRules: Readonly<Record<string, CellRule>> = {
  MaxPool: (question) => pool(question, false), MaxPool3D: (question) => pool(question, false),
  AvgPool: (question) => pool(question, true), AvgPool3D: (question) => pool(question, true),
  MaxPoolGrad: maxPoolGradient, MaxPool3DGrad: maxPoolGradient,
  AvgPoolGrad: averagePoolGradient, AvgPool3DGrad: averagePoolGradient,
};
