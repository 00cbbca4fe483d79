/** Convolutions and their two gradients. Letters: n example, i j position in the output, u v place in the kernel, c channel in, k channel out. */
import { plural, sizeText, texAt, texIndex, texPosition, texSum } from '../tex';
import type { Explained, FormulaTable, Reading } from './reading';

/** Letters for output positions and kernel places, by number of spatial axes. */
const positions = [[], ['i'], ['i', 'j'], ['t', 'i', 'j']] as const;
const places = [[], ['u'], ['u', 'v'], ['w', 'u', 'v']] as const;

interface Geometry {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before the first row and column. */
  readonly padding: readonly number[];
  readonly kernel: readonly number[];
  readonly output: readonly number[];
  readonly input: readonly number[];
}

function geometry(r: Reading, x: readonly number[], filter: readonly number[], y: readonly number[]): Geometry {
  const axes = x.length - 2;
  const strides = r.numbers('strides', axes), dilations = r.numbers('dilations', axes);
  const input = x.slice(1, -1), output = y.slice(1, -1), kernel = filter.slice(0, axes);
  return { strides, dilations, input, output, kernel, padding: input.map((extent, axis) => paddingBefore(r, axis, extent, output[axis] ?? 1, kernel[axis] ?? 1, strides[axis] ?? 1, dilations[axis] ?? 1)) };
}

function paddingBefore(r: Reading, axis: number, input: number, output: number, kernel: number, stride: number, dilation: number): number {
  const pad = r.attribute('pad');
  if (pad === 'same') return Math.floor(Math.max(0, (output - 1) * stride + (kernel - 1) * dilation + 1 - input) / 2);
  if (typeof pad === 'number') return pad;
  if (!Array.isArray(pad)) return 0;
  const pair: unknown = pad[axis + 1];
  return Array.isArray(pair) && typeof pair[0] === 'number' ? pair[0] : 0;
}

const letter = (letters: readonly string[], extents: readonly number[], axis: number): string => texIndex(letters[axis] ?? '', extents[axis] ?? 1);

/** Index of `x` that output position `i` and kernel place `u` meet: `2i+u-1`. */
function meeting(g: Geometry, axis: number): string {
  return texPosition([
    [g.strides[axis] ?? 1, letter(positions[g.output.length] ?? [], g.output, axis)],
    [g.dilations[axis] ?? 1, letter(places[g.kernel.length] ?? [], g.kernel, axis)],
  ], -(g.padding[axis] ?? 0));
}

const axesOf = (g: Geometry): number[] => g.input.map((_, axis) => axis);
const placeNames = (g: Geometry): string[] => axesOf(g).map((axis) => letter(places[g.kernel.length] ?? [], g.kernel, axis));
const positionNames = (g: Geometry): string[] => axesOf(g).map((axis) => letter(positions[g.output.length] ?? [], g.output, axis));
const ranges = (names: readonly string[], extents: readonly number[]): [string, number][] => names.map((name, axis) => [name, extents[axis] ?? 1]);
const product = (extents: readonly number[]): number => extents.reduce((total, extent) => total * extent, 1);
const zerosAround = (g: Geometry): string => (g.padding.some((zeros) => zeros > 0) ? '; outside the input it reads zeros' : '');

function forward(r: Reading, depthwise: boolean): Explained {
  const x = r.shape('x'), filter = r.shape('filter');
  const g = geometry(r, x, filter, r.outShape);
  const channels = filter.at(-2) ?? 1;
  const c = texIndex('c', channels);
  const spatial = placeNames(g), at = positionNames(g);
  const multiplier = filter.at(-1) ?? 1;
  const out = depthwise ? (multiplier === 1 ? c : `${multiplier}${c}+k`) : 'k';
  const terms = product(g.kernel) * (depthwise ? 1 : channels);
  return {
    formula: `${texAt(r.out, 'n', ...at, out)}=${texSum(...ranges(spatial, g.kernel), ...(depthwise ? [] : [['c', channels] as const]))}`
      + `${texAt(r.input('x'), 'n', ...axesOf(g).map((axis) => meeting(g, axis)), c)}\\cdot ${texAt(r.input('filter'), ...spatial, c, depthwise ? (multiplier === 1 ? '0' : 'k') : 'k')}`,
    explanation: `Each value sums ${plural(terms, 'product')}: ${sizeText(g.kernel)} ${product(g.kernel) === 1 ? 'place' : 'places'} of the kernel`
      + `${depthwise ? ', each channel by itself' : ` × ${plural(channels, 'channel')}`}${zerosAround(g)}.`,
  };
}

function filterGradient(r: Reading, depthwise: boolean): Explained {
  const g = geometry(r, r.shape('x'), r.outShape, r.shape('dy'));
  const examples = r.shape('x')[0] ?? 1;
  const n = texIndex('n', examples), spatial = placeNames(g), at = positionNames(g);
  const channels = r.outShape.at(-2) ?? 1, multiplier = r.outShape.at(-1) ?? 1;
  const c = texIndex('c', channels);
  const terms = examples * product(g.output);
  return {
    formula: `${texAt(r.out, ...spatial, c, depthwise && multiplier === 1 ? '0' : 'k')}=${texSum(['n', examples], ...ranges(at, g.output))}`
      + `${texAt(r.input('x'), n, ...axesOf(g).map((axis) => meeting(g, axis)), c)}\\cdot ${texAt(r.input('dy'), n, ...at, depthwise ? (multiplier === 1 ? c : `${multiplier}${c}+k`) : 'k')}`,
    explanation: `Sum over ${plural(examples, 'example')} and ${sizeText(g.output)} positions: ${plural(terms, 'product')} for each weight${zerosAround(g)}.`,
  };
}

function inputGradient(r: Reading, depthwise: boolean): Explained {
  const filter = r.shape('filter');
  const g = geometry(r, r.outShape, filter, r.shape('dy'));
  const spatial = placeNames(g), at = positionNames(g);
  const channels = filter.at(-1) ?? 1;
  const c = texIndex('c', filter.at(-2) ?? 1);
  const meets = axesOf(g).map((axis) => meeting(g, axis));
  const simple = g.strides.every((stride) => stride === 1);
  // With stride one the position of the output follows from that of the input; otherwise only some kernel places meet it.
  const target = simple
    ? axesOf(g).map((axis) => texPosition([[1, letter(positions[g.output.length] ?? [], g.input, axis)]], g.padding[axis] ?? 0)
      + ((g.kernel[axis] ?? 1) === 1 ? '' : `-${(g.dilations[axis] ?? 1) === 1 ? '' : g.dilations[axis]}${spatial[axis]}`))
    : at;
  const inputAt = simple ? axesOf(g).map((axis) => letter(positions[g.output.length] ?? [], g.input, axis)) : meets;
  const reach = product(g.kernel) * (depthwise ? channels : channels);
  return {
    formula: `${texAt(r.out, 'n', ...inputAt, c)}${simple ? '=' : '\\mathrel{+}='}${texSum(...ranges(spatial, g.kernel), ['k', channels])}`
      + `${texAt(r.input('dy'), 'n', ...target, depthwise ? (channels === 1 ? c : `${channels}${c}+k`) : texIndex('k', channels))}\\cdot ${texAt(r.input('filter'), ...spatial, c, texIndex('k', channels))}`,
    explanation: simple
      ? `Each input collects from the ${sizeText(g.kernel)} outputs that read it${channels > 1 ? `, in ${plural(channels, 'channel')}` : ''}: up to ${plural(reach, 'product')}; outputs beyond the edge count as zero.`
      : `Each output spreads its gradient over the ${sizeText(g.kernel)} inputs that it read, ${listStrides(g.strides)} apart; inputs read several times sum it up.`,
  };
}

const listStrides = (strides: readonly number[]): string => (new Set(strides).size === 1 ? String(strides[0]) : strides.join(' and '));

/** `activation(conv(x) + bias)` in one kernel. */
function fused(r: Reading, depthwise: boolean): Explained {
  const { formula, explanation } = forward(r, depthwise);
  const bias = r.has('bias') ? `+${texAt(r.input('bias'), 'k')}` : '';
  const activation = r.attribute('activation');
  const applied = typeof activation === 'string' && activation !== 'linear' ? `; then ${activation}` : '';
  return { formula: `${formula}${bias}`, explanation: explanation.replace(/\.$/, `${r.has('bias') ? ', plus the bias' : ''}${applied}.`) };
}

export const convolutions: FormulaTable = {
  Conv2D: (r) => forward(r, false),
  Conv3D: (r) => forward(r, false),
  DepthwiseConv2dNative: (r) => forward(r, true),
  FusedConv2D: (r) => fused(r, false),
  FusedDepthwiseConv2D: (r) => fused(r, true),
  Conv2DBackpropFilter: (r) => filterGradient(r, false),
  Conv3DBackpropFilterV2: (r) => filterGradient(r, false),
  DepthwiseConv2dNativeBackpropFilter: (r) => filterGradient(r, true),
  Conv2DBackpropInput: (r) => inputGradient(r, false),
  Conv3DBackpropInputV2: (r) => inputGradient(r, false),
  DepthwiseConv2dNativeBackpropInput: (r) => inputGradient(r, true),
};
