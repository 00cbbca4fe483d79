/**
 * Which elements of an op's inputs a box of elements of its output is made of: the rules of reach.ts turned round. Boxes are hulls: where
 * what is read does not form a box, the smallest box around it. Where values decide (indices, masks), they are looked at.
 */
import type { Op } from '../trace';
import type { Values } from './arithmetic';
import { indices } from './arithmetic';
import { axesOf, flagOf, numberOf, numbersOf, textOf } from './attributes';
import { elementwiseRules } from './elementwise';
import { axesOfWindow, isChannelsFirst } from './geometry';
import type { Axis } from './geometry';
import { reshapedBox } from './reach';
import type { Box, Range } from './reach';

type Shape = readonly number[];

interface Reading {
  readonly op: Op;
  readonly name: string;
  /** Of output number `which`. */
  readonly box: Box;
  readonly which: number;
  readonly input: Shape;
  readonly output: Shape;
  readonly shapeOf: (name: string) => Shape;
  /** Values of an input, or of the output by the name `''`. */
  readonly valuesOf: (name: string) => Values | null;
}
/** The box of the input, or null when nothing of it is read. */
type Rule = (reading: Reading) => Box | null;

/** Boxes of more elements are taken whole, instead of looking at the values. */
const lookedAt = 1 << 16;

const all = (extent: number | undefined): Range => [0, Math.max(0, (extent ?? 1) - 1)];
const whole = (shape: Shape): Box => shape.map(all);
const rangeAt = (box: Box, axis: number): Range => box[axis] ?? [0, 0];
const nonEmpty = (box: Box): Box | null => (box.some(([first, last]) => last < first) ? null : box);
const clipped = (box: Box, shape: Shape): Box | null => nonEmpty(box.map(([first, last], axis) => [Math.max(0, first), Math.min((shape[axis] ?? 1) - 1, last)]));
const sizeOf = (box: Box): number => box.reduce((size, [first, last]) => size * (last - first + 1), 1);

/** Axes align at the end; an extent of 1 is read by the whole axis. */
const broadcast: Rule = ({ box, input, output }) => input.map((extent, axis) => (extent === 1 ? [0, 0] : rangeAt(box, axis + output.length - input.length)));
const same: Rule = ({ box }) => box;
const channelOnly: Rule = ({ box, input }) => (input.length === 0 ? [] : [rangeAt(box, box.length - 1)]);

const spatialOf = (op: Op, shape: Shape): Shape => (isChannelsFirst(op) ? shape.slice(2) : shape.slice(1, -1));
const readBy = ({ input, taps, stride, dilation, before }: Axis, [first, last]: Range): Range => [Math.max(0, first * stride - before), Math.min(input - 1, last * stride - before + (taps - 1) * dilation)];

function windows({ op, box, input, output }: Reading, taps: Shape, channels: (range: Range, extent: number) => Range): Box | null {
  const first = isChannelsFirst(op), channelAxis = first ? 1 : input.length - 1, shift = first ? 2 : 1;
  const axes = axesOfWindow(op, spatialOf(op, input), spatialOf(op, output), taps).map((axis, i) => readBy(axis, rangeAt(box, i + shift)));
  const channel = channels(rangeAt(box, channelAxis), input[channelAxis] ?? 1);
  return nonEmpty(first ? [rangeAt(box, 0), channel, ...axes] : [rangeAt(box, 0), ...axes, channel]);
}

const convolve: Rule = (reading) => {
  const { name, input, box } = reading;
  if (name === 'x') return windows(reading, reading.shapeOf('filter').slice(0, -2), (_, extent) => all(extent));
  return name === 'filter' ? [...whole(input.slice(0, -1)), rangeAt(box, isChannelsFirst(reading.op) ? 1 : box.length - 1)] : broadcast(reading);
};

const convolveDepthwise: Rule = (reading) => {
  const multiplier = reading.shapeOf('filter')[3] ?? 1;
  if (reading.name === 'x') return windows(reading, reading.shapeOf('filter').slice(0, 2), ([first, last]) => [Math.floor(first / multiplier), Math.floor(last / multiplier)]);
  return reading.name === 'filter' ? whole(reading.input) : broadcast(reading);
};

const pool: Rule = (reading) => windows(reading, numbersOf(reading.op, 'filterSize', reading.input.length - 2), (range) => range);

/** A transposed convolution: place p of `dy` goes to p · stride − before + tap · dilation. */
const spread: Rule = ({ op, name, box, input, output, shapeOf }) => {
  if (name !== 'dy') return whole(input);
  const axes = axesOfWindow(op, output.slice(1, -1), input.slice(1, -1), shapeOf('filter').slice(0, -2));
  const places = axes.map(({ output: count, taps, stride, dilation, before }, axis): Range => {
    const [first, last] = rangeAt(box, axis + 1);
    return [Math.max(0, Math.ceil((first + before - (taps - 1) * dilation) / stride)), Math.min(count - 1, Math.floor((last + before) / stride))];
  });
  return nonEmpty([rangeAt(box, 0), ...places, all(input.at(-1))]);
};

/** Along an axis, the places where any value of the box is not zero; the whole range when there are too many to look at. */
function lit(values: Values | null, box: Box, axis: number): Range | null {
  const range = rangeAt(box, axis);
  if (values === null || sizeOf(box) > lookedAt) return range;
  let [first, last] = [Infinity, -Infinity];
  for (const inner of indices(box.map(([low, high]) => high - low + 1))) {
    const at = inner.reduce((place, index, other) => place + (index + rangeAt(box, other)[0]) * (values.strides[other] ?? 0), 0);
    if (values.data[at] === 0) continue;
    const place = (inner[axis] ?? 0) + range[0];
    [first, last] = [Math.min(first, place), Math.max(last, place)];
  }
  return last < first ? null : [first, last];
}

/** Rows of `a` with columns of `b`. Of weights that sum to 1, those that a mask has set to 0 leave what they weigh unread. */
const multiply = (weighted: (name: string) => boolean): Rule => (reading) => {
  const { op, name, box, input, output, shapeOf, valuesOf } = reading;
  if (name !== 'a' && name !== 'b') return broadcast(reading);
  const stackOf = (shape: Shape): Box => broadcast({ ...reading, box: box.slice(0, -2), input: shape.slice(0, -2), output: output.slice(0, -2) }) ?? [];
  const [rows, columns] = [rangeAt(box, box.length - 2), rangeAt(box, box.length - 1)];
  const [a, turnedA, turnedB] = [shapeOf('a'), flagOf(op, 'transposeA'), flagOf(op, 'transposeB')];
  const inner = turnedA ? a.length - 2 : a.length - 1;
  const read: Box = [...stackOf(a), ...(turnedA ? [all(a[inner]), rows] : [rows, all(a[inner])])];
  const terms = weighted('a') ? lit(valuesOf('a'), read, inner) : all(a[inner]);
  if (terms === null) return null;
  if (name === 'a') return read.map((range, axis) => (axis === inner ? terms : range));
  return [...stackOf(input), ...(turnedB ? [columns, terms] : [terms, columns])];
};

const reduce = (attribute: string): Rule => ({ op, box, input, output }) => {
  const axes = axesOf(op.attributes[attribute], input.length);
  let next = 0;
  return input.map((extent, axis) => { const place = output.length === input.length ? axis : next; if (axes.includes(axis)) return all(extent); next += 1; return rangeAt(box, place); });
};

/** All along an axis; of a softmax only what has a weight: a mask has set the others to 0. */
const softmax = (attribute: string): Rule => ({ op, box, valuesOf, output }) => {
  const given = op.attributes[attribute], axis = typeof given === 'number' && given >= 0 ? given : box.length - 1;
  const read = box.map((range, i) => (i === axis ? all(output[i]) : range));
  const found = lit(valuesOf(''), read, axis);
  return found === null ? null : read.map((range, i) => (i === axis ? found : range));
};
const along = (attribute: string): Rule => ({ op, box, input }) => {
  const given = op.attributes[attribute], axis = typeof given === 'number' && given >= 0 ? given : box.length - 1;
  return box.map((range, i) => (i === axis ? all(input[i]) : range));
};
const running: Rule = ({ op, box, input }) => {
  const [at = 0] = axesOf(op.attributes['axis'] ?? 0, input.length), by = flagOf(op, 'exclusive') ? 1 : 0, extent = input[at] ?? 1;
  return nonEmpty(box.map(([first, last], axis) => (axis !== at ? [first, last] : flagOf(op, 'reverse') ? [first + by, extent - 1] : [0, last - by])));
};

const shifted = ({ box, input }: Reading, by: (axis: number) => number): Box | null => clipped(box.map(([first, last], axis) => [first + by(axis), last + by(axis)]), input);
const pairAt = (op: Op, axis: number): number => { const pairs = op.attributes['paddings'], pair: unknown = Array.isArray(pairs) ? pairs[axis] : 0; return Array.isArray(pair) && typeof pair[0] === 'number' ? pair[0] : 0; };

/** Padding that mirrors: places beyond the border are those as far inside of it. */
const mirrored: Rule = ({ op, box, input }) => {
  const edge = textOf(op, 'mode') === 'symmetric' ? 1 : 0;
  return box.map(([first, last], axis): Range => {
    const extent = input[axis] ?? 1, before = pairAt(op, axis);
    const places = Array.from({ length: last - first + 1 }, (_, i) => { const at = first + i - before; return at < 0 ? -at - edge : at >= extent ? 2 * extent - 2 - at + edge : at; });
    return [Math.min(...places), Math.max(...places)];
  });
};

const concat: Rule = (reading) => {
  const { op, name, output, shapeOf } = reading, [at = 0] = axesOf(op.attributes['axis'], output.length);
  let before = 0;
  for (let other = 0; other < Number(name); other += 1) before += shapeOf(String(other))[at] ?? 0;
  return shifted(reading, (axis) => (axis === at ? -before : 0));
};
const split: Rule = (reading) => {
  const { op, box, output, which } = reading, [at = 0] = axesOf(op.attributes['axis'], box.length), sizes = op.attributes['numOrSizeSplits'];
  const before = Array.isArray(sizes) ? sizes.slice(0, which).reduce<number>((sum, size) => sum + Number(size), 0) : which * (output[at] ?? 0);
  return shifted(reading, (axis) => (axis === at ? before : 0));
};

/** Neighbours of where the pixels of a picture of another size lie in it. */
const resize = (nearest: boolean): Rule => ({ op, box, input, output }) => box.map((range, axis): Range => {
  const [extent, result] = [input[axis] ?? 1, output[axis] ?? 1];
  if (axis === 0 || axis === 3 || extent === result) return range;
  const corners = flagOf(op, 'alignCorners'), half = flagOf(op, 'halfPixelCenters'), scale = corners && result > 1 ? (extent - 1) / (result - 1) : extent / result;
  const clip = (place: number): number => Math.min(extent - 1, Math.max(0, place));
  const at = (place: number): number => (half ? (place + 0.5) * scale - (nearest ? 0 : 0.5) : place * scale);
  return nearest ? [clip(corners ? Math.round(at(range[0])) : Math.floor(at(range[0]))), clip(corners ? Math.round(at(range[1])) : Math.floor(at(range[1])))] : [clip(Math.floor(at(range[0]))), clip(Math.ceil(at(range[1])))];
});

/** The rows that the indices name. */
const gather: Rule = ({ op, name, box, input, shapeOf, valuesOf }) => {
  const [axis = 0] = axesOf(op.attributes['axis'] ?? 0, shapeOf('x').length), rank = shapeOf('indices').length, batches = numberOf(op, 'batchDims', 0);
  const picked = [...box.slice(0, batches), ...box.slice(axis, axis + rank - batches)];
  if (name === 'indices') return picked;
  const chosen = valuesOf('indices');
  let [first, last] = chosen === null || sizeOf(picked) > lookedAt ? all(input[axis]) : [Infinity, -Infinity];
  if (first === Infinity && chosen !== null) {
    for (const inner of indices(picked.map(([low, high]) => high - low + 1))) {
      const value = Number(chosen.data[inner.reduce((place, index, other) => place + (index + rangeAt(picked, other)[0]) * (chosen.strides[other] ?? 0), 0)]);
      [first, last] = [Math.min(first, value), Math.max(last, value)];
    }
  }
  return clipped([...box.slice(0, axis), [first, last], ...box.slice(axis + rank - batches)], input);
};

/** What the condition leaves out is not read. */
const select: Rule = (reading) => {
  const { name, valuesOf, shapeOf, box } = reading, read = broadcast(reading);
  // A condition of one axis is one of examples.
  if (name === 'condition') return reading.input.length === 1 ? [rangeAt(box, 0)] : read;
  const values = valuesOf('condition'), shape = shapeOf('condition');
  if (values === null || read === null || shape.length !== box.length || sizeOf(box) > lookedAt) return read;
  const own = broadcast({ ...reading, input: shape }) ?? [];
  const marks: Values = { ...values, data: Float32Array.from(values.data as Iterable<number | bigint>, (value) => Number((Number(value) !== 0) === (name === 't'))) };
  const ranges = own.map((_, axis) => lit(marks, own, axis));
  return ranges.includes(null) ? null : read.map((range, axis) => { const place = axis + box.length - read.length; return shape[place] === 1 || reading.input[axis] === 1 ? range : ranges[place] ?? range; });
};

const einsum: Rule = ({ op, name, box, input }) => {
  const [inputs = '', result = ''] = (textOf(op, 'equation') ?? '').replaceAll(' ', '').split('->'), own = inputs.split(',')[Number(name)] ?? '';
  return own.length !== input.length || result.length !== box.length ? whole(input) : [...own].map((label, axis) => (result.includes(label) ? rangeAt(box, result.indexOf(label)) : all(input[axis])));
};

const cut: Rule = (reading) => {
  const { op, box, input, output } = reading, rank = input.length;
  const [begin, steps] = [numbersOf(op, 'begin', rank, NaN), numbersOf(op, 'strides', rank)];
  const masks = ['beginMask', 'ellipsisMask', 'newAxisMask', 'shrinkAxisMask'].some((key) => numberOf(op, key, 0) !== 0);
  if (masks || output.length !== rank || begin.some(Number.isNaN)) return whole(input);
  return clipped(box.map(([first, last], axis) => {
    const given = begin[axis] ?? 0, start = given < 0 ? given + (input[axis] ?? 0) : given, step = steps[axis] ?? 1;
    const ends = [start + first * step, start + last * step];
    return [Math.min(...ends), Math.max(...ends)];
  }), input);
};

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.keys(elementwiseRules).map((kernel) => [kernel, broadcast])), Select: select,
  Identity: same, Cast: same, Dropout: same, Prelu: broadcast,
  Conv2D: convolve, FusedConv2D: convolve, Conv3D: convolve, DepthwiseConv2dNative: convolveDepthwise, FusedDepthwiseConv2D: convolveDepthwise, Conv2DBackpropInput: spread, Conv3DBackpropInputV2: spread,
  MaxPool: pool, AvgPool: pool, MaxPool3D: pool, AvgPool3D: pool, Einsum: einsum,
  Sum: reduce('axis'), Prod: reduce('axis'), Min: reduce('axis'), Any: reduce('axis'), All: reduce('axis'), Mean: reduce('axis'), Max: reduce('reductionIndices'), ArgMax: reduce('axis'), ArgMin: reduce('axis'),
  Softmax: softmax('dim'), LogSoftmax: along('axis'), Cumsum: running, Cumprod: along('axis'), LRN: along('axis'),
  FusedBatchNorm: (reading) => (reading.name === 'x' ? reading.box : channelOnly(reading)),
  Reshape: ({ box, input, output }) => reshapedBox(box, output, input), ExpandDims: ({ box, input, output }) => reshapedBox(box, output, input),
  Transpose: ({ op, box }) => { const perm = numbersOf(op, 'perm', box.length, 0); return box.map((_, axis) => rangeAt(box, perm.indexOf(axis))); },
  Slice: (reading) => { const begin = numbersOf(reading.op, 'begin', reading.box.length, 0); return shifted(reading, (axis) => begin[axis] ?? 0); },
  PadV2: (reading) => shifted(reading, (axis) => -pairAt(reading.op, axis)), MirrorPad: mirrored, StridedSlice: cut,
  Tile: ({ box, input }) => box.map(([first, last], axis): Range => { const extent = input[axis] ?? 1; return last - first + 1 >= extent || first % extent > last % extent ? all(extent) : [first % extent, last % extent]; }),
  Reverse: ({ op, box, input }) => { const axes = axesOf(op.attributes['dims'], input.length); return box.map(([first, last], axis) => (axes.includes(axis) ? [(input[axis] ?? 1) - 1 - last, (input[axis] ?? 1) - 1 - first] : [first, last])); },
  Concat: concat, SplitV: split, GatherV2: gather, ResizeNearestNeighbor: resize(true), ResizeBilinear: resize(false),
  Pack: ({ op, name, box }) => { const [axis = 0] = axesOf(op.attributes['axis'] ?? 0, box.length), at = Number(name), [first, last] = rangeAt(box, axis); return at < first || at > last ? null : box.filter((_, other) => other !== axis); },
  Unpack: ({ op, box, which }) => { const [axis = 0] = axesOf(op.attributes['axis'] ?? 0, box.length + 1); return [...box.slice(0, axis), [which, which], ...box.slice(axis)]; },
  DepthToSpace: ({ op, box, input }) => { const by = numberOf(op, 'blockSize', 1); return box.map(([first, last], axis) => (axis === 0 ? [first, last] : axis === 3 ? all(input[3]) : [Math.floor(first / by), Math.floor(last / by)])); },
  ZerosLike: () => null, OnesLike: () => null, Fill: () => null, Shape: () => null,
};

/** What a reading may look at beyond the op: values, and whether an input holds weights that sum to 1 along its last axis. */
export interface Looking { readonly shapeOf: (tensor: number) => Shape; readonly read: (tensor: number) => Values | null; readonly weighted: (tensor: number) => boolean }

/**
 * The box of the op's input `name` that elements of `box`, a box of output number `which`, are made of; null when none is. Ops without
 * a rule count as made of everything.
 */
export function sourcesOf(op: Op, name: string, box: Box, { shapeOf, read, weighted }: Looking, which = 0): Box | null {
  const [input, output] = [op.inputs[name], op.outputs[which]];
  if (input === undefined || output === undefined) return null;
  const own = shapeOf(input), rule = op.kernel === 'BatchMatMul' || op.kernel === '_FusedMatMul' ? multiply((each) => weighted(op.inputs[each] ?? -1)) : rules[op.kernel];
  if (rule === undefined) return whole(own);
  const at = (each: string): number => (each === '' ? output : op.inputs[each] ?? -1);
  return rule({ op, name, box, which, input: own, output: shapeOf(output), shapeOf: (each) => shapeOf(at(each)), valuesOf: (each) => read(at(each)) });
}
