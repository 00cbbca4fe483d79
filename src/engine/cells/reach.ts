/**
 * Which elements of an op's output read a box of elements of an input: the windows of the cells seen from the other side. Boxes are
 * hulls: where the elements that read do not form a box, the smallest box around them.
 */
import type { Op } from '../trace';
import { axesOf, flagOf, numbersOf, textOf } from './attributes';
import { elementwiseRules } from './elementwise';
import { axesOfWindow, isChannelsFirst } from './geometry';
import type { Axis } from './geometry';

/** First and last index (inclusive) along an axis. */
export type Range = readonly [first: number, last: number];
/** A range an axis. */
export type Box = readonly Range[];
type Shape = readonly number[];

/** A box of input `name` of an op, with the shapes that matter. */
interface Reading { readonly op: Op; readonly name: string; readonly box: Box; readonly input: Shape; readonly output: Shape; readonly which: number; readonly shapeOf: (name: string) => Shape }
/** The box of the output, or null when nothing of it is read. */
type Rule = (reading: Reading) => Box | null;

const all = (extent: number | undefined): Range => [0, Math.max(0, (extent ?? 1) - 1)];
const whole = (shape: Shape): Box => shape.map(all);
const rangeAt = (box: Box, axis: number): Range => box[axis] ?? [0, 0];
const nonEmpty = (box: Box): Box | null => (box.some(([first, last]) => last < first) ? null : box);

/** Axes align at the end; an input extent of 1 meets the whole axis. */
const broadcast: Rule = ({ box, input, output }) => output.map((extent, axis) => {
  const own = axis - (output.length - input.length);
  return own < 0 || (input[own] === 1 && extent > 1) ? all(extent) : rangeAt(box, own);
});

const same: Rule = ({ box }) => box;

/** Per-channel parameters meet everything in their channels. */
const channelOnly: Rule = ({ box, output }) => [...whole(output.slice(0, -1)), rangeAt(box, 0)];

const readersOf = ({ output, taps, stride, dilation, before }: Axis, [first, last]: Range): Range =>
  [Math.max(0, Math.ceil((first + before - (taps - 1) * dilation) / stride)), Math.min(output - 1, Math.floor((last + before) / stride))];

/** Windows over an input; `channels` maps the input's channels to the output's. */
function windows({ op, box, input, output }: Reading, taps: Shape, channels: (range: Range, extent: number) => Range): Box | null {
  const first = isChannelsFirst(op), spatial = (shape: Shape): Shape => (first ? shape.slice(2) : shape.slice(1, -1));
  const channelAxis = first ? 1 : input.length - 1, shift = first ? 2 : 1;
  const axes = axesOfWindow(op, spatial(input), spatial(output), taps).map((axis, i) => readersOf(axis, rangeAt(box, i + shift)));
  const channel = channels(rangeAt(box, channelAxis), output[channelAxis] ?? 1);
  return nonEmpty(first ? [rangeAt(box, 0), channel, ...axes] : [rangeAt(box, 0), ...axes, channel]);
}

/** Elements of a kernel meet every example, and the places where their taps lie inside the input. */
function ofKernel({ op, box, output, shapeOf }: Reading, taps: Shape, channels: Range): Box | null {
  const input = shapeOf('x'), first = isChannelsFirst(op), spatial = (shape: Shape): Shape => (first ? shape.slice(2) : shape.slice(1, -1));
  const places = axesOfWindow(op, spatial(input), spatial(output), taps).map(({ input: extent, output: outputs, stride, dilation, before }, axis): Range => {
    const [low, high] = rangeAt(box, axis);
    return [Math.max(0, Math.ceil((before - high * dilation) / stride)), Math.min(outputs - 1, Math.floor((extent - 1 + before - low * dilation) / stride))];
  });
  return nonEmpty(first ? [all(output[0]), channels, ...places] : [all(output[0]), ...places, channels]);
}

const convolve: Rule = (reading) => {
  if (reading.name === 'x') return windows(reading, reading.shapeOf('filter').slice(0, -2), (_, extent) => all(extent));
  return reading.name === 'filter' ? ofKernel(reading, reading.input.slice(0, -2), rangeAt(reading.box, reading.box.length - 1)) : broadcast(reading);
};

const convolveDepthwise: Rule = (reading) => {
  const multiplier = reading.shapeOf('filter')[3] ?? 1;
  if (reading.name === 'x') return windows(reading, reading.shapeOf('filter').slice(0, 2), ([first, last]) => [first * multiplier, (last + 1) * multiplier - 1]);
  if (reading.name !== 'filter') return broadcast(reading);
  const [[firstIn, lastIn], [first, last]] = [rangeAt(reading.box, 2), rangeAt(reading.box, 3)];
  return ofKernel(reading, reading.input.slice(0, 2), [firstIn * multiplier + first, lastIn * multiplier + last]);
};

/** A transposed convolution: place p of `dy` goes to p·stride − before + tap·dilation, into all channels. */
const spread: Rule = ({ op, name, box, output, shapeOf }) => {
  const [dy, filter] = [shapeOf('dy'), shapeOf('filter')];
  const axes = axesOfWindow(op, output.slice(1, -1), dy.slice(1, -1), filter.slice(0, -2));
  const places = axes.map(({ input: extent, output: count, taps, stride, dilation, before }, axis): Range => {
    const to = (place: number, tap: number): number => place * stride - before + tap * dilation;
    if (name === 'dy') return [Math.max(0, to(rangeAt(box, axis + 1)[0], 0)), Math.min(extent - 1, to(rangeAt(box, axis + 1)[1], taps - 1))];
    const [low, high] = rangeAt(box, axis);
    return [to(Math.max(0, Math.ceil((before - low * dilation) / stride)), low), to(Math.min(count - 1, Math.floor((extent - 1 + before - high * dilation) / stride)), high)];
  });
  return nonEmpty([name === 'dy' ? rangeAt(box, 0) : all(output[0]), ...places, name === 'dy' ? all(output.at(-1)) : rangeAt(box, box.length - 2)]);
};

const pool: Rule = (reading) => windows(reading, numbersOf(reading.op, 'filterSize', reading.input.length - 2), (range) => range);

const multiply: Rule = (reading) => {
  const { op, name, box, input, output } = reading;
  if (name !== 'a' && name !== 'b') return broadcast(reading);
  const [rows, columns] = [rangeAt(box, box.length - 2), rangeAt(box, box.length - 1)];
  const transposed = flagOf(op, name === 'a' ? 'transposeA' : 'transposeB');
  const kept = name === 'a' ? (transposed ? columns : rows) : (transposed ? rows : columns);
  const batch = broadcast({ ...reading, box: box.slice(0, -2), input: input.slice(0, -2), output: output.slice(0, -2) }) ?? [];
  return name === 'a' ? [...batch, kept, all(output.at(-1))] : [...batch, all(output.at(-2)), kept];
};

const reduce = (attribute: string): Rule => ({ op, box, input, output }) => {
  const axes = axesOf(op.attributes[attribute], input.length);
  return output.length === input.length ? box.map((range, axis) => (axes.includes(axis) ? [0, 0] : range)) : box.filter((_, axis) => !axes.includes(axis));
};

/** The whole axis is read by each of its elements: softmax, running sums. */
const along = (attribute: string): Rule => ({ op, box, output }) => {
  const given = op.attributes[attribute], axis = typeof given === 'number' && given >= 0 ? given : box.length - 1;
  return box.map((range, i) => (i === axis ? all(output[i]) : range));
};

/** A box of `input` in the shape `output`: groups of axes with the same number of elements on both sides, each a row of elements of its own. */
export function reshapedBox(box: Box, input: Shape, output: Shape): Box {
  const result: Range[] = [];
  let [i, o] = [0, 0];
  while (i < input.length || o < output.length) {
    const [fromI, fromO] = [i, o];
    let [inner, outer] = [input[i++] ?? 1, output[o++] ?? 1];
    while (inner !== outer && (i < input.length || o < output.length)) {
      if (inner < outer && i < input.length) inner *= input[i++] ?? 1;
      else outer *= output[o++] ?? 1;
    }
    result.push(...regroup(box.slice(fromI, i), input.slice(fromI, i), output.slice(fromO, o)));
  }
  return result.slice(0, output.length);
}
const reshape: Rule = ({ box, input, output }) => reshapedBox(box, input, output);

function regroup(box: Box, input: Shape, output: Shape): Range[] {
  if (output.length === 1 && input.length === 1) return [rangeAt(box, 0)];
  const flat = (end: 0 | 1): number => input.reduce((place, extent, axis) => place * extent + rangeAt(box, axis)[end], 0);
  let [first, last] = [flat(0), flat(1)];
  let rest = output.reduce((a, b) => a * b, 1), split = false;
  return output.map((extent): Range => {
    rest /= extent;
    const range: Range = split ? all(extent) : [Math.floor(first / rest), Math.floor(last / rest)];
    if (range[0] !== range[1]) split = true;
    [first, last] = [first % rest, last % rest];
    return range;
  });
}

const shifted = (box: Box, output: Shape, by: (axis: number) => number): Box | null =>
  nonEmpty(box.map(([first, last], axis) => [Math.max(0, first + by(axis)), Math.min((output[axis] ?? 1) - 1, last + by(axis))]));

const concat: Rule = ({ op, name, box, output, shapeOf }) => {
  const [at = 0] = axesOf(op.attributes['axis'], output.length);
  let before = 0;
  for (let other = 0; other < Number(name); other += 1) before += shapeOf(String(other))[at] ?? 0;
  return shifted(box, output, (axis) => (axis === at ? before : 0));
};

const split: Rule = ({ op, box, output, which }) => {
  const [at = 0] = axesOf(op.attributes['axis'], box.length);
  const sizes = op.attributes['numOrSizeSplits'];
  const before = Array.isArray(sizes) ? sizes.slice(0, which).reduce<number>((sum, size) => sum + Number(size), 0) : which * (output[at] ?? 0);
  return shifted(box, output, (axis) => (axis === at ? -before : 0));
};

/** Labels on both sides say which axes stay; the others are summed over, or come from the other input. */
const einsum: Rule = (reading) => {
  const { op, name, box, output } = reading;
  const [inputs = '', result = ''] = (textOf(op, 'equation') ?? '').replaceAll(' ', '').split('->');
  const own = inputs.split(',')[Number(name)] ?? '';
  if (own.length !== box.length || result.length !== output.length) return whole(output);
  return [...result].map((label, axis) => (own.includes(label) ? rangeAt(box, own.indexOf(label)) : all(output[axis])));
};

/** A picture of another size: the neighbours within one input pixel. */
const resize: Rule = ({ box, input, output }) => box.map(([first, last], axis) => {
  const scale = (output[axis] ?? 1) / (input[axis] ?? 1);
  return axis === 0 || axis === 3 ? [first, last] : [Math.max(0, Math.floor((first - 1) * scale)), Math.min((output[axis] ?? 1) - 1, Math.ceil((last + 2) * scale) - 1)];
});

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.keys(elementwiseRules).map((kernel) => [kernel, broadcast])),
  Identity: same, Cast: same, Dropout: same,
  Conv2D: convolve, FusedConv2D: convolve, Conv3D: convolve, DepthwiseConv2dNative: convolveDepthwise, FusedDepthwiseConv2D: convolveDepthwise,
  Conv2DBackpropInput: spread, Conv3DBackpropInputV2: spread,
  MaxPool: pool, AvgPool: pool, MaxPool3D: pool, AvgPool3D: pool,
  BatchMatMul: multiply, _FusedMatMul: multiply, Einsum: einsum,
  Sum: reduce('axis'), Prod: reduce('axis'), Min: reduce('axis'), Any: reduce('axis'), All: reduce('axis'), Mean: reduce('axis'), Max: reduce('reductionIndices'),
  Softmax: along('dim'), LogSoftmax: along('axis'), Cumsum: along('axis'), Cumprod: along('axis'),
  FusedBatchNorm: (reading) => (reading.name === 'x' ? reading.box : channelOnly(reading)),
  Reshape: reshape, ExpandDims: reshape,
  Transpose: ({ op, box }) => numbersOf(op, 'perm', box.length, 0).map((axis) => rangeAt(box, axis)),
  Slice: ({ op, box, output }) => { const begin = numbersOf(op, 'begin', box.length, 0); return shifted(box, output, (axis) => -(begin[axis] ?? 0)); },
  PadV2: ({ op, box, output }) => {
    const pairs = op.attributes['paddings'];
    return shifted(box, output, (axis) => { const pair: unknown = Array.isArray(pairs) ? pairs[axis] : 0; return Array.isArray(pair) && typeof pair[0] === 'number' ? pair[0] : 0; });
  },
  Tile: ({ box, input, output }) => box.map(([first, last], axis) => [first, last + (output[axis] ?? 1) - (input[axis] ?? 1)]),
  Reverse: ({ op, box, input }) => { const axes = axesOf(op.attributes['dims'], input.length); return box.map(([first, last], axis) => (axes.includes(axis) ? [(input[axis] ?? 1) - 1 - last, (input[axis] ?? 1) - 1 - first] : [first, last])); },
  Concat: concat, SplitV: split,
  Pack: ({ op, name, box, output }) => { const [axis = 0] = axesOf(op.attributes['axis'] ?? 0, output.length), at = Number(name); return [...box.slice(0, axis), [at, at], ...box.slice(axis)]; },
  Unpack: ({ op, box, which }) => {
    const [axis = 0] = axesOf(op.attributes['axis'] ?? 0, box.length), [first, last] = rangeAt(box, axis);
    return which < first || which > last ? null : box.filter((_, other) => other !== axis);
  },
  ResizeNearestNeighbor: resize, ResizeBilinear: resize,
};

/** The smallest box around two. */
export const hull = (a: Box, b: Box): Box => a.map(([first, last], axis) => [Math.min(first, rangeAt(b, axis)[0]), Math.max(last, rangeAt(b, axis)[1])]);

export const sizeOfBox = (box: Box): number => box.reduce((size, [first, last]) => size * (last - first + 1), 1);

/**
 * The box of output number `which` whose elements read elements of `box`, a box of the op's input `name`; null when none does. Ops without
 * a rule count as reading everything.
 */
export function reachOf(op: Op, name: string, box: Box, shapeOf: (tensor: number) => Shape, which = 0): Box | null {
  const [input, output] = [op.inputs[name], op.outputs[which]];
  if (input === undefined || output === undefined) return null;
  const rule = rules[op.kernel];
  const shape = shapeOf(output);
  if (rule === undefined) return whole(shape);
  return rule({ op, name, box, input: shapeOf(input), output: shape, which, shapeOf: (other) => shapeOf(op.inputs[other] ?? -1) });
}
