/** Output shapes of common ONNX ops, for files that do not state them. https://onnx.ai/onnx/operators/ */
import type { Json, JsonObject, SymbolicShape } from '../../network/network';
import { product } from '../../network/kinds/kind';
import { equivalents } from '../../network/onnx-equivalents';
import { runtimeShapes } from './runtime-shapes';

type Extents = SymbolicShape;
export interface OpView {
  readonly config: JsonObject;
  /** Shapes of inputs; undefined when unknown or left out. */
  readonly inputs: readonly (Extents | undefined)[];
  /** Values of small whole-number inputs, where they are known. */
  readonly values: readonly (Extents | undefined)[];
  readonly outputs: number;
}
export type Rule = (op: OpView) => readonly (Extents | undefined)[];

export const list = (op: OpView, key: string): readonly number[] | undefined => {
  const value: Json | undefined = op.config[key];
  return Array.isArray(value) ? (value as readonly Json[]).filter((item): item is number => typeof item === 'number') : undefined;
};
export const number = (op: OpView, key: string, fallback: number): number => (typeof op.config[key] === 'number' ? op.config[key] : fallback);
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** NumPy's rule: extents are equal or 1; unknown beside a larger one is that one. */
export function broadcast(shapes: readonly Extents[]): Extents {
  const rank = shapes.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => (axis < rank - shape.length ? 1 : shape[axis - rank + shape.length] ?? null)).filter((extent) => extent !== 1);
    return extents.length === 0 ? 1 : extents.find((extent) => extent !== null) ?? null;
  });
}

const same: Rule = ({ inputs: [first], outputs }) => Array.from({ length: outputs }, (_, index) => (index === 0 ? first : undefined));
const joined: Rule = ({ inputs }) => [inputs.some((shape) => shape === undefined) ? undefined : broadcast(inputs.map((shape) => shape ?? []))];

/** Spatial extents of convolution and pooling. */
const windows = (op: OpView, kernel: Extents, channels: number | null | undefined): readonly (Extents | undefined)[] => {
  const [input] = op.inputs;
  if (input === undefined || channels === undefined) return [undefined];
  const rank = Math.max(0, input.length - 2);
  const strides = list(op, 'strides') ?? Array<number>(rank).fill(1);
  const dilations = list(op, 'dilations') ?? Array<number>(rank).fill(1);
  const pads = list(op, 'pads') ?? Array<number>(2 * rank).fill(0);
  const auto = op.config.auto_pad;
  const round = number(op, 'ceil_mode', 0) === 1 ? Math.ceil : Math.floor;
  const spatial = input.slice(2).map((extent, axis) => {
    const size = kernel[axis] ?? null;
    const stride = strides[axis] ?? 1;
    if (extent === null || size === null) return null;
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') return Math.ceil(extent / stride);
    return round((extent + (pads[axis] ?? 0) + (pads[axis + rank] ?? 0) - (size - 1) * (dilations[axis] ?? 1) - 1) / stride) + 1;
  });
  return [[input[0] ?? null, channels, ...spatial]];
};
const pooling: Rule = (op) => windows(op, list(op, 'kernel_shape') ?? [], op.inputs[0]?.[1]);

const recurrent: Rule = ({ inputs: [x, , r], config }) => {
  if (x === undefined || r === undefined) return [];
  const [directions = null, , hidden = null] = r;
  const [steps = null, batch = null] = config.layout === 1 ? [x[1], x[0]] : x;
  return config.layout === 1 ? [[batch, steps, directions, hidden], [batch, directions, hidden], [batch, directions, hidden]] : [[steps, directions, batch, hidden], [directions, batch, hidden], [directions, batch, hidden]];
};

const reduction: Rule = (op) => {
  const [input] = op.inputs;
  const axes = list(op, 'axes') ?? (op.values[1]?.every((axis) => axis !== null) === true ? op.values[1].map((axis) => axis ?? 0) : op.inputs[1] === undefined ? input?.map((_, axis) => axis) : undefined);
  if (input === undefined || axes === undefined) return [undefined];
  const gone = new Set(axes.map((axis) => axisOf(axis, input.length)));
  return [number(op, 'keepdims', 1) === 1 ? input.map((extent, axis) => (gone.has(axis) ? 1 : extent)) : input.filter((_, axis) => !gone.has(axis))];
};

const reshape: Rule = (op) => {
  const [input] = op.inputs;
  const wanted = op.values[1];
  if (wanted === undefined) { const length = op.inputs[1]?.[0]; return [typeof length === 'number' && length <= 16 ? Array<null>(length).fill(null) : undefined]; }
  const extents = wanted.map((extent, axis) => (extent === 0 && number(op, 'allowzero', 0) === 0 ? input?.[axis] ?? null : extent));
  const free = extents.indexOf(-1);
  if (free < 0) return [extents];
  // An unknown extent that stands on both sides cancels out.
  const unknown = (shape: Extents): number => shape.filter((extent) => extent === null).length;
  const rest = extents.filter((_, axis) => axis !== free);
  const whole = input === undefined || unknown(input) !== unknown(rest) ? null : product(input.filter((extent) => extent !== null));
  const others = product(rest.filter((extent) => extent !== null));
  const solved = whole === null || others === null || others === 0 ? null : whole / others;
  return [extents.map((extent, axis) => (axis === free ? solved : extent))];
};

export const matMul: Rule = ({ inputs: [first, second] }) => {
  if (first === undefined || second === undefined || first.length < 1 || second.length < 1) return [undefined];
  const rows = first.length === 1 ? [] : [first.at(-2) ?? null];
  const columns = second.length === 1 ? [] : [second.at(-1) ?? null];
  return [[...broadcast([first.slice(0, -2), second.slice(0, -2)]), ...rows, ...columns]];
};

/** Each place goes to a window of the result. */
const transposed: Rule = (op) => {
  const [input, kernel] = op.inputs;
  if (input === undefined || kernel === undefined) return [undefined];
  const rank = Math.max(0, input.length - 2), ones = Array<number>(rank).fill(1), nothing = Array<number>(rank).fill(0);
  const [strides, dilations, pads, extra] = [list(op, 'strides') ?? ones, list(op, 'dilations') ?? ones, list(op, 'pads') ?? [...nothing, ...nothing], list(op, 'output_padding') ?? nothing];
  const stated = list(op, 'output_shape')?.slice(-rank), same = op.config.auto_pad === 'SAME_UPPER' || op.config.auto_pad === 'SAME_LOWER';
  const spatial = input.slice(2).map((extent, axis) => {
    const [size, stride] = [kernel[axis + 2] ?? null, strides[axis] ?? 1];
    if (stated !== undefined) return stated[axis] ?? null;
    if (extent === null || size === null) return null;
    return same ? extent * stride : stride * (extent - 1) + (extra[axis] ?? 0) + (size - 1) * (dilations[axis] ?? 1) + 1 - (pads[axis] ?? 0) - (pads[axis + rank] ?? 0);
  });
  const filters = kernel[1] ?? null;
  return [[input[0] ?? null, filters === null ? null : filters * number(op, 'group', 1), ...spatial]];
};

/** Sizes, or scales (the third input, until opset 10 the second), of all axes or of those that are named. */
const resized: Rule = (op) => {
  const [input] = op.inputs;
  const axes = list(op, 'axes')?.map((axis) => axisOf(axis, input?.length ?? 0)), sizes = op.values[3];
  const scales = list(op, 'scales') ?? [op.values[2], op.values[1]].find((values) => values !== undefined && values.length > 0);
  const at = (values: Extents, axis: number): number | null | undefined => (axes === undefined ? values[axis] : axes.includes(axis) ? values[axes.indexOf(axis)] : undefined);
  if (input === undefined || (sizes === undefined && scales === undefined) || (op.config.keep_aspect_ratio_policy !== undefined && op.config.keep_aspect_ratio_policy !== 'stretch')) return [input?.map((extent, axis) => (axis < 2 ? extent : null))];
  return [input.map((extent, axis) => {
    if (sizes !== undefined && sizes.length > 0) { const size = at(sizes, axis); return size === undefined ? extent : axis === 0 && extent === null ? null : size; }
    const scale = at(scales ?? [], axis);
    return scale === undefined || scale === 1 ? extent : extent === null || scale === null ? null : Math.floor(Math.fround(extent * scale));
  })];
};

const blocks = (grow: boolean): Rule => (op) => {
  const [input] = op.inputs, by = number(op, 'blocksize', 1), spatial = grow ? by : 1 / by;
  return [input?.length === 4 ? input.map((extent, axis) => (extent === null || axis === 0 ? extent : axis === 1 ? extent / spatial ** 2 : extent * spatial)) : undefined];
};

const table: Readonly<Record<string, Rule>> = {
  DynamicQuantizeLinear: ({ inputs: [x] }) => [x, [], []], RotaryEmbedding: same,
  ConvTranspose: transposed, Resize: resized, Upsample: resized, DepthToSpace: blocks(true), SpaceToDepth: blocks(false),
  TopK: (op) => { const [x] = op.inputs, k = op.values[1]?.[0] ?? null; if (x === undefined) return []; const at = axisOf(number(op, 'axis', -1), x.length), shape = x.map((extent, axis) => (axis === at ? k : extent)); return [shape, shape]; },
  Tile: ({ inputs: [x], values: [, times] }) => [x?.map((extent, axis) => { const by = times?.[axis]; return extent === null || typeof by !== 'number' ? null : extent * by; })],
  GatherElements: ({ inputs: [, indices] }) => [indices],
  Conv: (op) => windows(op, op.inputs[1]?.slice(2) ?? list(op, 'kernel_shape') ?? [], op.inputs[1]?.[0]),
  MaxPool: pooling, AveragePool: pooling, LpPool: pooling,
  GlobalAveragePool: ({ inputs: [x] }) => [x?.map((extent, axis) => (axis < 2 ? extent : 1))], GlobalLpPool: ({ inputs: [x] }) => [x?.map((extent, axis) => (axis < 2 ? extent : 1))], GlobalMaxPool: ({ inputs: [x] }) => [x?.map((extent, axis) => (axis < 2 ? extent : 1))],
  Gemm: (op) => { const [a, b] = op.inputs; return [a === undefined || b === undefined ? undefined : [a[number(op, 'transA', 0)] ?? null, b[1 - number(op, 'transB', 0)] ?? null]]; },
  MatMul: matMul, Reshape: reshape, LSTM: recurrent, GRU: recurrent, RNN: recurrent,
  Flatten: (op) => {
    const [x] = op.inputs;
    const axis = number(op, 'axis', 1);
    // An empty product is 1, the batch alone stays unknown.
    return [x === undefined ? undefined : [product(x.slice(0, axis)), product(x.slice(axis))]];
  },
  Transpose: (op) => { const [x] = op.inputs; const perm = list(op, 'perm') ?? x?.map((_, axis) => x.length - 1 - axis); return [x === undefined ? undefined : perm?.map((axis) => x[axis] ?? null)]; },
  Concat: (op) => {
    const shapes = op.inputs.filter((shape) => shape !== undefined);
    const [first] = shapes;
    if (first === undefined || shapes.length < op.inputs.length) return [undefined];
    const at = axisOf(number(op, 'axis', 0), first.length);
    return [first.map((extent, axis) => (axis === at ? shapes.reduce<number | null>((sum, shape) => { const one = shape[axis] ?? null; return sum === null || one === null ? null : sum + one; }, 0) : extent))];
  },
  Gather: (op) => { const [x, indices] = op.inputs; if (x === undefined || indices === undefined) return [undefined]; const at = axisOf(number(op, 'axis', 0), x.length); return [[...x.slice(0, at), ...indices, ...x.slice(at + 1)]]; },
  Unsqueeze: (op) => {
    const [x] = op.inputs;
    const axes = list(op, 'axes') ?? op.values[1];
    if (x === undefined || axes === undefined || x.length + axes.length > 32) return [undefined];
    const rank = x.length + axes.length;
    const added = new Set(axes.map((axis) => axisOf(axis ?? 0, rank)));
    const rest = [...x];
    return [Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift() ?? null))];
  },
  Squeeze: (op) => {
    const [x] = op.inputs;
    const axes = list(op, 'axes') ?? op.values[1];
    if (x === undefined) return [undefined];
    const gone = axes === undefined ? new Set(x.flatMap((extent, axis) => (extent === 1 ? [axis] : []))) : new Set(axes.map((axis) => axisOf(axis ?? 0, x.length)));
    return [x.filter((_, axis) => !gone.has(axis))];
  },
  Shape: ({ inputs: [x] }) => [x === undefined ? undefined : [x.length]], Size: () => [[]],
  ConstantOfShape: ({ values: [extents] }) => [extents], Expand: ({ inputs: [x], values: [, extents] }) => [x === undefined || extents === undefined ? undefined : broadcast([x, extents])],
  ReduceMean: reduction, ReduceSum: reduction, ReduceMax: reduction, ReduceMin: reduction, ReduceProd: reduction, ReduceL1: reduction, ReduceL2: reduction, ReduceLogSum: reduction, ReduceLogSumExp: reduction, ReduceSumSquare: reduction,
  Slice: (op) => {
    const [x] = op.inputs;
    const [, starts, ends, axes, steps] = op.values;
    if (x === undefined) return [undefined];
    if (starts === undefined || ends === undefined) return [x.map(() => null)];
    const extents = [...x];
    for (const [index, start] of starts.entries()) {
      const axis = axisOf((op.inputs[3] === undefined ? index : axes?.[index]) ?? 0, x.length);
      const extent = x[axis] ?? null;
      const end = ends[index] ?? null;
      const step = (op.inputs[4] === undefined ? 1 : steps?.[index]) ?? 0;
      const clamp = (place: number): number => Math.min(Math.max(place < 0 ? place + (extent ?? 0) : place, 0), extent ?? 0);
      extents[axis] = extent === null || start === null || end === null || step <= 0 ? null : Math.max(0, Math.ceil((clamp(end) - clamp(start)) / step));
    }
    return [extents];
  },
  Split: (op) => {
    const [x] = op.inputs;
    if (x === undefined) return [];
    const at = axisOf(number(op, 'axis', 0), x.length);
    const parts = list(op, 'split') ?? op.values[1];
    const extent = x[at] ?? null;
    return Array.from({ length: op.outputs }, (_, part) => x.map((own, axis) => (axis === at ? (parts === undefined ? (extent === null ? null : Math.ceil(extent / op.outputs)) : parts[part] ?? null) : own)));
  },
  Pad: (op) => { const [x] = op.inputs; const pads = list(op, 'pads') ?? op.values[1]; return [x === undefined || pads?.length !== 2 * x.length ? undefined : x.map((extent, axis) => { const [before, after] = [pads[axis] ?? null, pads[axis + x.length] ?? null]; return extent === null || before === null || after === null ? null : extent + before + after; })]; },
  ArgMax: (op) => { const [x] = op.inputs; if (x === undefined) return [undefined]; const at = axisOf(number(op, 'axis', 0), x.length); return [number(op, 'keepdims', 1) === 1 ? x.map((extent, axis) => (axis === at ? 1 : extent)) : x.filter((_, axis) => axis !== at)]; },
};
for (const name of ['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Mish', 'Softplus', 'Softsign', 'Tanh', 'Erf', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Neg', 'Abs', 'Floor', 'Ceil', 'Round', 'Sign', 'Not', 'Cos', 'Sin',
  'Softmax', 'LogSoftmax', 'BatchNormalization', 'LayerNormalization', 'InstanceNormalization', 'GroupNormalization', 'LpNormalization', 'Identity', 'Cast', 'Dropout', 'Clip', 'Trilu', 'CumSum', 'IsNaN', 'ThresholdedRelu', 'Swish', 'Shrink', 'Hardmax', 'LRN', 'MeanVarianceNormalization', 'RMSNormalization', 'Tan', 'QuantizeLinear', 'DequantizeLinear', 'ScatterND', 'ScatterElements']) Object.assign(table, { [name]: same });
for (const name of ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Max', 'Min', 'Mean', 'Sum', 'Equal', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual', 'And', 'Or', 'Xor', 'Where']) Object.assign(table, { [name]: joined });

/** Shapes of an op's outputs, of an op that stands for a plainer one those of that; undefined where no rule tells. */
export function outputShapes(type: string, op: OpView): readonly (Extents | undefined)[] {
  const rule = Object.hasOwn(table, type) ? table[type] : Object.hasOwn(runtimeShapes, type) ? runtimeShapes[type] : undefined;
  if (rule !== undefined) return rule(op);
  const plainer = Object.hasOwn(equivalents, type) ? equivalents[type] : undefined;
  return plainer === undefined ? [] : outputShapes(plainer.type, { ...op, inputs: plainer.places.map((place) => op.inputs[place]), values: plainer.places.map((place) => op.values[place]) });
}
