/** Bare operations of Keras 3's functional graphs (`Subtract`, `NotEqual`, `Mean`, …): arithmetic without a layer. */
import { Failure } from '../../tensor/failure';
import type { Json, SymbolicShape } from '../network';
import { describeShape, elementwise, inputOf, isObject, product } from './kind';
import type { CallShapes, KindTable, LayerKind, Settings } from './kind';
import { operandShape } from '../constants';
import { broadcast } from './merging';
import { reshaped } from './shaping';

/** Shapes of what a call computes with, in order: tensors, constants of the graph, numbers. A list of tensors is several. */
export function operands(call: CallShapes): readonly SymbolicShape[] {
  return [...call.args, ...Object.values(call.kwargs)].flatMap((argument) => {
    const items = argument.kind === 'list' ? argument.items : [argument];
    return items.map((item) => operandShape(item, (inner) => call.shapesIn(inner))).filter((shape) => shape !== null);
  });
}

/** Elementwise work on all tensors of the call; numbers and constants stretch. */
export const broadcasting: LayerKind = {
  outputs: (_, call) => {
    const shapes = operands(call);
    const [first, ...others] = shapes.length === 0 ? call.inputs : shapes;
    if (first === undefined) throw new Failure('layer.input', 'it has no input');
    return [others.reduce(broadcast, first)];
  },
};

/** A setting of an operation: from its config, else from the call's keyword or positional arguments. */
export function setting(settings: Settings, call: CallShapes, name: string, position: number): Json | undefined {
  if (settings.config[name] !== undefined) return settings.config[name];
  const argument = call.kwargs[name] ?? call.args[position];
  return argument?.kind === 'value' ? plain(argument.value) : undefined;
}

/** Unwraps Keras's serialized tuples. */
function plain(value: Json): Json {
  return isObject(value) && value.class_name === '__tuple__' && Array.isArray(value.items) ? value.items as Json : value;
}

export function axisOf(value: Json | undefined, rank: number): number[] | null {
  if (value === undefined || value === null) return null;
  const items: readonly Json[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    if (typeof item !== 'number') throw new Failure('layer.setting', 'its axis should be a whole number');
    const axis = item < 0 ? item + rank : item;
    if (axis < 0 || axis >= rank) throw new Failure('layer.axis', `its axis ${item} does not exist among ${rank} axes`);
    return axis;
  });
}

/** How many outputs an operation has that takes a tensor apart. @throws Failure where no program could name them all */
function outputCount(value: Json): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > 65_536) throw new Failure('layer.setting', `it takes its input apart into ${JSON.stringify(value)?.slice(0, 30)} tensors, more than any graph can hold`);
  return value;
}

const reduction: LayerKind = {
  outputs: (settings, call) => {
    const shape = inputOf(call);
    const axes = axisOf(setting(settings, call, 'axis', 1), shape.length) ?? shape.map((_, axis) => axis);
    const keep = setting(settings, call, 'keepdims', 2) === true;
    return [keep ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)) : shape.filter((_, axis) => !axes.includes(axis))];
  },
};

const matmul: LayerKind = {
  outputs: (settings, call) => {
    const [first, second] = operands(call);
    if (first === undefined || second === undefined || first.length < 1 || second.length < 1) throw new Failure('layer.input', 'it needs two inputs');
    // TensorFlow's function can turn its operands.
    const turned = (shape: SymbolicShape, turn: boolean): SymbolicShape => (turn && shape.length > 1 ? [...shape.slice(0, -2), shape[shape.length - 1] ?? null, shape[shape.length - 2] ?? null] : shape);
    const left = turned(first, setting(settings, call, 'transpose_a', 9) === true);
    const right = turned(second, setting(settings, call, 'transpose_b', 9) === true);
    const a = left.length === 1 ? [1, ...left] : left;
    const b = right.length === 1 ? [...right, 1] : right;
    const shape = [...broadcast(a.slice(0, -2), b.slice(0, -2)), a[a.length - 2] ?? null, b[b.length - 1] ?? null];
    return [shape.filter((_, index) => !(left.length === 1 && index === shape.length - 2) && !(right.length === 1 && index === shape.length - 1))];
  },
  macs: (_, call, [output]) => (output === undefined ? null : product([...output.slice(1), call.inputs[0]?.[(call.inputs[0]?.length ?? 0) - 1] ?? null])),
};

/** Extent of a slice `start:stop:step` of an axis. */
function sliced(extent: number | null, value: Json): number | null {
  const parts: Json = isObject(value) && isObject(value.config) ? [value.config.start ?? null, value.config.stop ?? null, value.config.step ?? null] : [null, null, null];
  const [start, stop, step] = parts as [Json, Json, Json];
  if (start === null && stop === null && (step === null || step === 1)) return extent;
  if (extent === null) return null;
  const stride = typeof step === 'number' && step !== 0 ? step : 1;
  const clamp = (index: number): number => Math.min(Math.max(index < 0 ? index + extent : index, stride < 0 ? -1 : 0), stride < 0 ? extent - 1 : extent);
  const from = typeof start === 'number' ? clamp(start) : stride < 0 ? extent - 1 : 0;
  const to = typeof stop === 'number' ? clamp(stop) : stride < 0 ? -1 : extent;
  return Math.max(0, Math.ceil((to - from) / stride));
}

const getItem: LayerKind = {
  outputs: (settings, call) => {
    const shape = inputOf(call);
    const key = setting(settings, call, 'key', 1);
    const listed = call.args[1]?.kind === 'list' ? call.args[1].items.map((item) => (item.kind === 'value' ? item.value : null)) : null;
    const items: readonly Json[] = listed ?? (Array.isArray(key) ? key : [key ?? null]);
    const isEllipsis = (item: Json): boolean => isObject(item) && item.class_name === '__ellipsis__';
    const result: (number | null)[] = [];
    let axis = 0;
    for (const item of items) {
      if (isEllipsis(item)) {
        const rest = items.filter((other) => other !== null && !isEllipsis(other)).length;
        while (axis < shape.length - rest) { result.push(shape[axis] ?? null); axis += 1; }
      } else if (item === null) result.push(1);
      else if (typeof item === 'number') axis += 1;
      else { result.push(sliced(shape[axis] ?? null, item)); axis += 1; }
    }
    if (axis > shape.length) throw new Failure('layer.axis', `it takes ${items.length} indices of ${describeShape(shape)}`);
    return [[...result, ...shape.slice(axis)]];
  },
};

const own: KindTable = {
  GetItem: getItem,
  Matmul: matmul,
  Reshape: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const target = setting(settings, call, 'newshape', 1) ?? setting(settings, call, 'target_shape', 1);
    if (!Array.isArray(target)) throw new Failure('layer.setting', 'its new shape should be a list');
    const extents = (target as readonly Json[]).map((extent) => (typeof extent === 'number' ? extent : -1));
    if (shape[0] === null && extents[0] === -1 && !extents.slice(1).includes(-1)) return [[null, ...extents.slice(1)]];
    return [reshaped(shape, extents)];
  } },
  Transpose: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const axes = axisOf(setting(settings, call, 'axes', 1), shape.length) ?? shape.map((_, axis) => shape.length - 1 - axis);
    return [axes.map((axis) => shape[axis] ?? null)];
  } },
  ExpandDims: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const [axis = 0] = axisOf(setting(settings, call, 'axis', 1), shape.length + 1) ?? [];
    return [[...shape.slice(0, axis), 1, ...shape.slice(axis)]];
  } },
  Squeeze: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const axes = axisOf(setting(settings, call, 'axis', 1), shape.length);
    return [shape.filter((extent, axis) => (axes === null ? extent !== 1 : !axes.includes(axis)))];
  } },
  Stack: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const [axis = 0] = axisOf(setting(settings, call, 'axis', 1) ?? 0, shape.length + 1) ?? [];
    return [[...shape.slice(0, axis), call.inputs.length, ...shape.slice(axis)]];
  } },
  Cast: elementwise,
  Clip: elementwise,
  Normalize: elementwise,
  DivideNoNan: broadcasting,
  Shape: { outputs: (_, call) => [[inputOf(call).length]] },
  Tile: { outputs: (settings, call) => {
    const repeats = setting(settings, call, 'repeats', 1);
    const times: readonly Json[] = Array.isArray(repeats) ? repeats : [repeats ?? 1];
    return [inputOf(call).map((extent, axis) => { const by = times[axis - (inputOf(call).length - times.length)] ?? 1; return extent === null || typeof by !== 'number' ? null : extent * by; })];
  } },
  BroadcastTo: { outputs: (settings, call) => {
    const shape = setting(settings, call, 'shape', 1);
    if (!Array.isArray(shape)) throw new Failure('layer.setting', 'its shape should be a list');
    return [(shape as readonly Json[]).map((extent) => (typeof extent === 'number' ? extent : null))];
  } },
  Pad: { outputs: (settings, call) => {
    const width = setting(settings, call, 'pad_width', 1);
    const pairs: readonly Json[] = Array.isArray(width) ? width : [width ?? 0];
    return [inputOf(call).map((extent, axis) => {
      const own = plain(pairs[pairs.length === 1 ? 0 : axis] ?? 0);
      const sum = typeof own === 'number' ? 2 * own : Array.isArray(own) ? (own as readonly Json[]).reduce<number>((total, size) => total + (typeof size === 'number' ? size : 0), 0) : 0;
      return extent === null ? null : extent + sum;
    })];
  } },
  OneHot: { outputs: (settings, call) => {
    const classes = setting(settings, call, 'num_classes', 1);
    return [[...inputOf(call), typeof classes === 'number' ? classes : null]];
  } },
  Take: { outputs: (settings, call) => {
    const [shape = [], indices = []] = operands(call);
    const along = setting(settings, call, 'axis', 2);
    if (along === undefined || along === null) return [indices];
    const [axis = 0] = axisOf(along, shape.length) ?? [];
    return [[...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)]];
  } },
  Split: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const [axis = 0] = axisOf(setting(settings, call, 'axis', 2) ?? 0, shape.length) ?? [];
    const parts = setting(settings, call, 'indices_or_sections', 1);
    const extent = shape[axis] ?? null;
    const edges: readonly Json[] = Array.isArray(parts) ? [0, ...(parts as readonly Json[]), extent] : [];
    const sizes = Array.isArray(parts) ? edges.slice(1).map((edge, at) => (typeof edge === 'number' ? edge - Number(edges[at]) : null)) : Array.from({ length: outputCount(parts ?? 1) }, () => (extent === null ? null : extent / outputCount(parts ?? 1)));
    return sizes.map((size) => shape.map((other, at) => (at === axis ? size : other)));
  } },
  Unstack: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const [axis = 0] = axisOf(setting(settings, call, 'axis', 2) ?? 0, shape.length) ?? [];
    return Array.from({ length: outputCount(shape[axis] ?? 0) }, () => shape.filter((_, at) => at !== axis));
  } },
};

const names = {
  broadcasting: ['Divide', 'TrueDivide', 'FloorDivide', 'Mod', 'Power', 'Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr', 'Where', 'Arctan2', 'SquaredDifference', 'Logaddexp', 'LogicalXor', 'Hypot', 'Heaviside', 'Fmax', 'Fmin'],
  elementwise: [
    'Negative', 'Absolute', 'Abs', 'Sqrt', 'Rsqrt', 'Square', 'Exp', 'Expm1', 'Log', 'Log1p', 'Log2', 'Log10', 'Sin', 'Cos', 'Tan', 'Sinh', 'Cosh', 'Tanh', 'Arcsin', 'Arccos', 'Arctan', 'Sign', 'Floor', 'Ceil', 'Round', 'Reciprocal',
    'LogicalNot', 'Isnan', 'Isfinite', 'Isinf', 'Erf', 'Relu', 'Relu6', 'Sigmoid', 'Softplus', 'Softsign', 'Silu', 'Gelu', 'Elu', 'Selu', 'Celu', 'LeakyRelu', 'HardSigmoid', 'HardSilu', 'LogSigmoid', 'LogSoftmax', 'Mish', 'ZerosLike', 'OnesLike', 'Cumsum', 'Flip', 'Copy', 'StopGradient',
    'ConvertToTensor', 'Digitize', 'SaturateCast', 'FullLike', 'NanToNum', 'Trunc', 'Cumprod', 'Cbrt', 'Arcsinh', 'Arccosh', 'Arctanh', 'Exp2', 'Fabs', 'Sort', 'Argsort', 'Tril', 'Triu', 'Roll', 'Threshold', 'TanhShrink', 'HardTanh',
    'HardShrink', 'SoftShrink', 'Squareplus', 'SparsePlus', 'SparseSigmoid', 'Sparsemax', 'BatchNorm', 'LayerNorm', 'RMSNorm',
  ],
  reduction: ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'Var', 'Std', 'Any', 'All', 'Logsumexp', 'Argmax', 'Argmin', 'Norm', 'CountNonzero', 'Median', 'Amax', 'Amin'],
} as const;

export const operations: KindTable = {
  ...own,
  ...Object.fromEntries(names.broadcasting.map((name) => [name, broadcasting])),
  ...Object.fromEntries(names.elementwise.map((name) => [name, elementwise])),
  ...Object.fromEntries(names.reduction.map((name) => [name, reduction])),
};
