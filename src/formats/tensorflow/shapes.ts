/** Shapes and multiply-adds of common TensorFlow ops, for graphs that do not state them. Small whole numbers that tell shapes are followed through the graph. */
import { product } from '../../network/kinds/kind';
import type { Json, JsonObject, SymbolicShape } from '../../network/network';
import { broadcast } from '../onnx/shapes';

/** An op with what is known of its inputs; `values` are those of small tensors of whole numbers, null where an element is not known. */
export interface OpFacts {
  readonly config: JsonObject;
  readonly inputs: readonly (SymbolicShape | undefined)[];
  readonly values: readonly (SymbolicShape | undefined)[];
}

type Rule = (op: OpFacts) => readonly (SymbolicShape | undefined)[];

const isNumber = (value: unknown): value is number => typeof value === 'number';
const numbers = (value: Json | undefined): readonly number[] => (Array.isArray(value) ? (value as readonly Json[]).filter(isNumber) : []);
const front = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const same: Rule = ({ inputs: [first] }) => [first];
const joined: Rule = ({ inputs }) => [inputs.some((shape) => shape === undefined) ? undefined : broadcast(inputs.map((shape) => shape ?? []))];
/** The shape is the value of an input; an unknown one there makes all unknown. */
const stated = (position: number): Rule => ({ values }) => [values[position]?.map((extent) => (extent === -1 ? null : extent))];

const matmul = (first: string, second: string): Rule => ({ inputs: [a, b], config }) => {
  if (a === undefined || b === undefined || a.length < 2 || b.length < 2) return [undefined];
  return [[...broadcast([a.slice(0, -2), b.slice(0, -2)]), a.at(config[first] === true ? -1 : -2) ?? null, b.at(config[second] === true ? -2 : -1) ?? null]];
};

const windows = (kind: 'convolution' | 'depthwise' | 'pool', rank: number): Rule => ({ config, inputs: [input, filter] }) => {
  const size = kind === 'pool' ? numbers(config.ksize).slice(1, 1 + rank) : filter?.slice(0, rank);
  const strides = numbers(config.strides);
  if (input === undefined || size === undefined || input.length !== rank + 2 || (typeof config.data_format === 'string' && config.data_format.startsWith('NC')) || strides.length === 0) return [undefined];
  const dilations = numbers(config.dilations);
  const extents = size.map((taps, axis) => {
    const [extent, stride] = [input[axis + 1] ?? null, strides[axis + 1] ?? 1];
    if (extent === null || taps === null) return null;
    return config.padding === 'SAME' ? Math.ceil(extent / stride) : config.padding === 'VALID' ? Math.ceil((extent - (taps - 1) * (dilations[axis + 1] ?? 1)) / stride) : null;
  });
  const channels = kind === 'pool' ? input[rank + 1] : kind === 'depthwise' ? product(filter?.slice(2) ?? [null]) : filter?.[rank + 1];
  return [[input[0] ?? null, ...extents, channels ?? null]];
};

const reduction: Rule = ({ inputs: [input], values: [, axes], config }) => {
  if (input === undefined || axes === undefined || axes.includes(null)) return [undefined];
  const gone = new Set(axes.map((axis) => front(axis ?? 0, input.length)));
  return [config.keep_dims === true ? input.map((extent, axis) => (gone.has(axis) ? 1 : extent)) : input.filter((_, axis) => !gone.has(axis))];
};

const reshape: Rule = ({ inputs: [input], values: [, wanted] }) => {
  if (wanted === undefined) return [undefined];
  const count = (shape: SymbolicShape | undefined, extent: number | null): number => shape?.filter((other) => other === extent).length ?? 0;
  // What is left over (-1) is known when the batch is the one thing unknown, before as behind, or nothing is.
  const known = input !== undefined && count(wanted, -1) === 1 && count(input, null) === count(wanted, null) && count(input, null) <= 1;
  const rest = known ? (product(input.filter((extent) => extent !== null)) ?? 0) / Math.max(1, product(wanted.filter((extent) => extent !== null && extent !== -1)) ?? 1) : null;
  return [wanted.map((extent) => (extent === -1 ? rest : extent))];
};

const squeeze: Rule = ({ inputs: [input], config }) => {
  const gone = [...numbers(config.squeeze_dims), ...numbers(config.axis)].map((axis) => front(axis, input?.length ?? 0));
  return [gone.length === 0 && input?.includes(null) === true ? undefined : input?.filter((extent, axis) => (gone.length === 0 ? extent !== 1 : !gone.includes(axis)))];
};

const concat: Rule = ({ inputs, values }) => {
  const parts = inputs.slice(0, -1);
  const [first] = parts;
  const axis = values.at(-1)?.[0];
  if (first === undefined || !isNumber(axis) || parts.some((part) => part?.length !== first.length)) return [undefined];
  const along = front(axis, first.length);
  const extents = parts.map((part) => part?.[along] ?? null);
  return [first.map((extent, at) => (at !== along ? extent : extents.includes(null) ? null : extents.reduce<number>((sum, size) => sum + (size ?? 0), 0)))];
};

const pack: Rule = ({ inputs, config }) => {
  const [first] = inputs;
  const axis = front(isNumber(config.axis) ? config.axis : 0, (first?.length ?? 0) + 1);
  return [first === undefined ? undefined : [...first.slice(0, axis), inputs.length, ...first.slice(axis)]];
};

const parts = (input: SymbolicShape | undefined, axis: number | null | undefined, sizes: readonly (number | null)[]): readonly (SymbolicShape | undefined)[] =>
  sizes.map((size) => (input === undefined || !isNumber(axis) ? undefined : input.map((extent, at) => (at === front(axis, input.length) ? size : extent))));

const split: Rule = ({ inputs: [, input], values: [axis], config }) => {
  const count = isNumber(config.num_split) ? config.num_split : 1;
  const extent = isNumber(axis?.[0]) ? input?.[front(axis[0], input.length)] ?? null : null;
  return parts(input, axis?.[0], Array.from({ length: Math.min(count, 1024) }, () => (extent === null ? null : extent / count)));
};

const padded: Rule = ({ inputs: [input], values: [, paddings] }) => [paddings === undefined ? undefined : input?.map((extent, axis) => {
  const [before, after] = [paddings[2 * axis], paddings[2 * axis + 1]];
  return extent === null || !isNumber(before) || !isNumber(after) ? null : extent + before + after;
})];

/** What a slice makes of a shape, and the first index that it takes of each axis. An ellipsis stands for all axes that no other entry takes; new axes take none. */
function strided({ inputs: [input], values: [, begin, end, strides], config }: OpFacts): { readonly shape: SymbolicShape; readonly first: readonly number[] } | undefined {
  const mask = (key: string, place: number): boolean => isNumber(config[key]) && (config[key] & (2 ** place)) !== 0;
  if (input === undefined || begin === undefined || end === undefined || strides === undefined) return undefined;
  const shape: (number | null)[] = [];
  const first: number[] = [];
  const whole = (count: number): void => { for (const extent of input.slice(first.length, first.length + Math.max(0, count))) { shape.push(extent); first.push(0); } };
  for (const [place, from] of begin.entries()) {
    if (mask('ellipsis_mask', place)) { whole(input.length - first.length - begin.slice(place + 1).filter((_, later) => !mask('new_axis_mask', place + 1 + later)).length); continue; }
    if (mask('new_axis_mask', place)) { shape.push(1); continue; }
    const extent = input[first.length];
    if (extent === undefined) return undefined;
    const [to, step] = [end[place], strides[place] ?? 1];
    const at = (value: number | null | undefined, open: boolean, fallback: number | null): number | null => (open ? fallback : !isNumber(value) ? null : value < 0 ? (extent === null ? null : Math.max(0, value + extent)) : extent === null ? value : Math.min(value, extent));
    const [low, high] = [at(from, mask('begin_mask', place), 0), at(to, mask('end_mask', place), extent)];
    first.push(low ?? 0);
    if (mask('shrink_axis_mask', place)) continue;
    shape.push(step < 1 || low === null || high === null ? null : Math.max(0, Math.ceil((high - low) / step)));
  }
  whole(input.length - first.length);
  return { shape, first };
}

const gatherNd: Rule = ({ inputs: [params, indices] }) => {
  const depth = indices?.at(-1);
  return [params === undefined || indices === undefined || !isNumber(depth) ? undefined : [...indices.slice(0, -1), ...params.slice(depth)]];
};

/** Numbers from a start up to a limit; how many, when all three are known. */
const range: Rule = ({ values: [start, limit, delta] }) => {
  const [from, to, step] = [start?.[0], limit?.[0], delta?.[0]];
  return [[isNumber(from) && isNumber(to) && isNumber(step) && step !== 0 ? Math.max(0, Math.ceil((to - from) / step)) : null]];
};

/** Complex numbers have one more axis, of real and imaginary part. */
const complex = (change: (rest: SymbolicShape, length: number | null) => SymbolicShape): Rule => ({ inputs: [input], values: [, lengths] }) => [input === undefined ? undefined : change(input, lengths?.at(-1) ?? null)];

const gather: Rule = ({ inputs: [params, indices], values: [, , axis], config }) => {
  if (params === undefined || indices === undefined || (config.batch_dims ?? 0) !== 0) return [undefined];
  const along = axis === undefined ? 0 : axis[0];
  return [isNumber(along) ? [...params.slice(0, front(along, params.length)), ...indices, ...params.slice(front(along, params.length) + 1)] : undefined];
};

const resize: Rule = ({ inputs: [images], values: [, size] }) => [images === undefined || size === undefined ? undefined : [images[0] ?? null, size[0] ?? null, size[1] ?? null, images[3] ?? null]];
const blocks = (grow: boolean): Rule => ({ inputs: [input], config }) => {
  const block = isNumber(config.block_size) ? config.block_size : 1;
  const [spatial, channels] = grow ? [block, 1 / (block * block)] : [1 / block, block * block];
  return [input?.length === 4 ? input.map((extent, axis) => (axis === 0 || extent === null ? extent : axis === 3 ? extent * channels : extent * spatial)) : undefined];
};

/** Blocks of pixels that move to the batch, with padding before, and back, with cropping behind. */
const batches = (out: boolean): Rule => ({ inputs: [input], values: [, block, edges] }) => [block === undefined || edges === undefined ? undefined : input?.map((extent, axis) => {
  const all = product(block);
  if (axis === 0) return extent === null || all === null ? null : out ? extent * all : extent / all;
  const [size, before, after] = [block[axis - 1], edges[2 * axis - 2], edges[2 * axis - 1]];
  if (size === undefined) return extent;
  return extent === null || !isNumber(size) || !isNumber(before) || !isNumber(after) ? null : out ? (extent + before + after) / size : extent * size - before - after;
})];

const splitInto: Rule = ({ inputs: [input], values: [, sizes, axis] }) => {
  const extent = isNumber(axis?.[0]) ? input?.[front(axis[0], input.length)] ?? null : null;
  const told = (sizes ?? []).reduce<number>((sum, size) => sum + Math.max(0, size ?? 0), 0);
  return parts(input, axis?.[0], (sizes ?? []).map((size) => (size !== -1 ? size : extent === null ? null : extent - told)));
};

const einsum: Rule = ({ inputs, config }) => {
  const [left = '', right] = (typeof config.equation === 'string' ? config.equation : '').replaceAll(' ', '').split('->');
  const extents = new Map<string, number | null>();
  for (const [index, letters] of left.split(',').entries()) for (const [axis, letter] of [...letters].entries()) extents.set(letter, extents.get(letter) ?? inputs[index]?.[axis] ?? null);
  return [right === undefined || /\./.test(left) ? undefined : [...right].map((letter) => extents.get(letter) ?? null)];
};

const names = (rule: Rule, list: string): Readonly<Record<string, Rule>> => Object.fromEntries(list.split(' ').map((name) => [name, rule]));
const rules: Readonly<Record<string, Rule>> = {
  ...names(same, 'Abs Erfc Inv Rint Softsign FFT IFFT Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Exp Expm1 Floor IsFinite IsInf IsNan Log Log1p Neg Reciprocal Round Rsqrt Sign Sin Sinh Sqrt Square Tan OnesLike ZerosLike LogicalNot Cast Relu Relu6 Elu Selu Softplus Tanh '
    + 'Sigmoid Softmax LogSoftmax LeakyRelu Prelu ClipByValue BiasAdd BiasAddV1 Identity Snapshot StopGradient PreventGradient EnsureShape Cumsum Cumprod ReverseV2 Reverse LRN FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 TensorScatterUpdate'),
  ...names(joined, 'Xlogy Xdivy MulNoNan Add AddV2 AddN Sub Mul RealDiv Div DivNoNan FloorDiv Mod FloorMod Pow Maximum Minimum SquaredDifference Atan2 Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr SelectV2'),
  ...names(reduction, 'Sum Mean Prod Max Min All Any EuclideanNorm'), ...names(reduction, 'ArgMax ArgMin'), ...names(windows('convolution', 2), 'Conv2D _FusedConv2D'), ...names(windows('depthwise', 2), 'DepthwiseConv2dNative DepthwiseConv2d FusedDepthwiseConv2dNative'),
  ...names(windows('pool', 2), 'MaxPool AvgPool'), ...names(windows('pool', 3), 'MaxPool3D AvgPool3D'), ...names(padded, 'Pad PadV2 MirrorPad'), ...names(gather, 'GatherV2 Gather'), ...names(resize, 'ResizeBilinear ResizeNearestNeighbor'),
  GatherNd: gatherNd, Range: range, L2Loss: () => [[]], Where: ({ inputs: [input] }) => [input === undefined ? undefined : [null, input.length]],
  NonMaxSuppressionV2: () => [[null]], NonMaxSuppressionV3: () => [[null]], NonMaxSuppressionV4: () => [[null], []], NonMaxSuppressionV5: () => [[null], [null], []],
  RFFT: complex((input, length) => [...input.slice(0, -1), length === null ? null : Math.floor(length / 2) + 1, 2]), IRFFT: complex((input, length) => [...input.slice(0, -2), length]), Complex: complex((input) => [...input, 2]),
  ...names(complex((input) => input.slice(0, -1)), 'Real Imag ComplexAbs Angle'),
  Conv3D: windows('convolution', 3), MatMul: matmul('transpose_a', 'transpose_b'), _FusedMatMul: matmul('transpose_a', 'transpose_b'), BatchMatMul: matmul('adj_x', 'adj_y'), BatchMatMulV2: matmul('adj_x', 'adj_y'), BatchMatMulV3: matmul('adj_x', 'adj_y'), Einsum: einsum,
  Select: ({ inputs: [, yes] }) => [yes], Shape: ({ inputs: [input] }) => [input === undefined ? undefined : [input.length]], Rank: () => [[]], Size: () => [[]], Reshape: reshape, Squeeze: squeeze, ConcatV2: concat, Pack: pack, Split: split,
  SplitV: splitInto, SpaceToBatchND: batches(true), BatchToSpaceND: batches(false),
  ExpandDims: ({ inputs: [input], values: [, axis] }) => { const at = isNumber(axis?.[0]) && input !== undefined ? front(axis[0], input.length + 1) : null; return [at === null || input === undefined ? undefined : [...input.slice(0, at), 1, ...input.slice(at)]]; },
  Transpose: ({ inputs: [input], values: [, order] }) => [input === undefined ? undefined : order?.map((axis) => input[axis ?? -1] ?? null)],
  Unpack: ({ inputs: [input], config }) => { const axis = front(isNumber(config.axis) ? config.axis : 0, input?.length ?? 0); return Array.from({ length: Math.min(input?.[axis] ?? 1, 1024) }, () => input?.filter((_, at) => at !== axis)); },
  Slice: ({ inputs: [input], values: [, begin, size] }) => [size === undefined ? undefined : input?.map((extent, axis) => (size[axis] === -1 ? (extent === null || !isNumber(begin?.[axis]) ? null : extent - begin[axis]) : size[axis] ?? null))],
  StridedSlice: (op) => [strided(op)?.shape], Tile: ({ inputs: [input], values: [, times] }) => [input?.map((extent, axis) => { const by = times?.[axis]; return extent === null || !isNumber(by) ? null : extent * by; })],
  ...names(() => [[]], 'EmptyTensorList TensorListReserve TensorListFromTensor TensorListSetItem TensorListPushBack TensorListScatter TensorListScatterV2 TensorListResize TensorListLength'), TensorListGetItem: stated(2),
  TensorListStack: ({ values: [, shape] }) => [shape === undefined ? undefined : [null, ...shape.map((extent) => (extent === -1 ? null : extent))]],
  BroadcastTo: stated(1), Fill: stated(0), Conv2DBackpropInput: stated(0), DepthToSpace: blocks(true), SpaceToDepth: blocks(false),
  OneHot: ({ inputs: [indices], values: [, depth], config }) => [indices === undefined || (config.axis ?? -1) !== -1 ? undefined : [...indices, depth?.[0] ?? null]],
  TopKV2: ({ inputs: [input], values: [, k] }) => { const shape = input === undefined ? undefined : [...input.slice(0, -1), k?.[0] ?? null]; return [shape, shape]; },
};

/** Shapes of the outputs of an op, up to the last that a rule tells; images are (batch, height, width, channels). */
export function outputShapes(op: string, facts: OpFacts): readonly (SymbolicShape | undefined)[] {
  const made = Object.hasOwn(rules, op) ? rules[op]?.(facts) ?? [] : [];
  return made.map((shape) => (shape?.every((extent) => extent === null || (Number.isSafeInteger(extent) && extent >= 0)) === true ? shape : undefined));
}

/** The value of a small tensor of whole numbers that an op computes: shapes on their way to Reshape and its like. */
export function outputValue(op: string, facts: OpFacts): SymbolicShape | undefined {
  const { inputs: [input], values } = facts;
  const [first, second] = values;
  switch (op) {
    case 'Shape': return input;
    case 'Identity': case 'Cast': case 'Reshape': case 'Squeeze': case 'ExpandDims': return first;
    case 'StridedSlice': {
      const range = strided(facts);
      if (first === undefined || range === undefined || (input?.length ?? 0) !== 1) return undefined;
      const count = range.shape.length === 0 ? 1 : range.shape[0];
      const step = values[3]?.[0] ?? 1;
      return isNumber(count) ? Array.from({ length: count }, (_, index) => first[(range.first[0] ?? 0) + index * step] ?? null) : undefined;
    }
    case 'Pack': case 'ConcatV2': {
      const all = op === 'Pack' ? values : values.slice(0, -1);
      return all.some((value) => value === undefined) ? undefined : all.flatMap((value) => value ?? []);
    }
    case 'GatherV2': return second?.map((at) => (isNumber(at) ? first?.[at] ?? null : null));
    case 'Prod': return first === undefined ? undefined : [product(first)];
    case 'Mul': case 'Add': case 'AddV2': case 'Sub': return first?.length === second?.length ? first?.map((a, at) => { const b = second?.[at]; return a === null || !isNumber(b) ? null : op === 'Mul' ? a * b : op === 'Sub' ? a - b : a + b; }) : undefined;
    default: return undefined;
  }
}
