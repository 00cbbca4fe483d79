/** Bare Keras operations that stand in a graph as if they were layers: arithmetic, comparisons, reductions, reshaping, indexing. */
import {
  abs, acos, acosh, all, any, argMax, argMin, asin, asinh, atan, atan2, atanh, broadcastTo, cast, ceil, clipByValue, concat, cos, cosh, cumsum, customGrad, div,
  divNoNan, equal, erf, exp, expandDims, expm1, floor, floorDiv, gather, greater, greaterEqual, isFinite, isInf, isNaN as isNan, less, lessEqual, log,
  log1p, logSumExp, logicalAnd, logicalNot, logicalOr, logicalXor, matMul, maximum, mean, minimum, mod, mul, neg, notEqual, oneHot, onesLike,
  pow, prod, range, reciprocal, reshape, reverse, round, rsqrt, sign, sin, sinh, split, sqrt, square, squaredDifference, squeeze, stack, sub, sum, tan, tanh,
  tensor, tile, transpose, where, zerosLike, unstack,
} from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { Json } from '../../../network/network';
import { named } from '../activations';
import type { Options } from '../activations';
import { padded } from './arrays';
import { argument, numberArgument, numbersArgument, one, operand, operation, part, plainValue, two } from './bare';
import { atOnce, inputOf, inputsOf, isTensor, tensorsIn } from '../calls';
import { einsum, einsumOfOne } from './einsum';
import type { CallValue, LayerCallContext, LayerForward } from '../layer';
import { stretched } from '../merge';
import { toUnitLength } from '../normalization';
import { greatest } from '../pooling';
import { axisOf, isList, isRecord } from '../settings';

const floats = (x: Tensor): Tensor => (x.dtype === 'float32' ? x : cast(x, 'float32'));

const reduce = (run: (x: Tensor, axes: number[], keepDims: boolean) => Tensor): LayerForward => operation((call) => {
  const x = inputOf(call);
  const axes = numbersArgument(call, 'axis', 1)?.map((axis) => axisOf(call, axis, x.rank)) ?? x.shape.map((_, axis) => axis);
  return run(x, axes, argument(call, 'keepdims', 2) === true);
});

function variance(x: Tensor, axes: number[], keepDims: boolean): Tensor {
  return mean(square(sub(x, mean(x, axes, true))), axes, keepDims);
}

/** An activation as an operation, with those of its options that the call gives. */
const activate = (name: string, options: readonly string[] = []): LayerForward => atOnce((call) => {
  const x = inputOf(call);
  const given: Options = Object.fromEntries(options.map((key, index) => {
    const value = argument(call, key, index + 1);
    return [key, typeof value === 'number' ? value : value === true ? 1 : value === false ? 0 : undefined];
  }));
  const activation = named(call, name, given, call.convention);
  return { outputs: [activation.apply(x)], ...(activation.fromLogits ? { logits: x } : {}) };
});

const matrixProduct = operation((call) => {
  // TensorFlow's function, from Keras 2, can turn its operands.
  const turned = (x: Tensor, turn: boolean): Tensor => (turn ? transpose(x, [...x.shape.map((_, axis) => axis).slice(0, -2), x.rank - 1, x.rank - 2]) : x);
  const a = turned(operand(call, 0, 'x1'), argument(call, 'transpose_a', 9) === true);
  const b = turned(operand(call, 1, 'x2'), argument(call, 'transpose_b', 9) === true);
  if (a.rank === 1 || b.rank === 1) {
    const left = a.rank === 1 ? reshape(a, [1, a.size]) : a;
    const right = b.rank === 1 ? reshape(b, [b.size, 1]) : b;
    const y = matrixOf(left, right);
    return reshape(y, y.shape.filter((_, axis) => !(a.rank === 1 && axis === y.rank - 2) && !(b.rank === 1 && axis === y.rank - 1)));
  }
  return matrixOf(a, b);
});

/** A product over the last axis of `a` and the last but one of `b`; leading axes stretch. */
function matrixOf(a: Tensor, b: Tensor): Tensor {
  if (b.rank === 2 && a.rank > 2) return reshape(matMul(reshape(a, [-1, a.shape[a.rank - 1] ?? 1]), b), [...a.shape.slice(0, -1), b.shape[1] ?? 1]);
  if (a.rank === b.rank && a.shape.slice(0, -2).every((extent, axis) => extent === b.shape[axis])) return matMul(a, b);
  const rank = Math.max(a.rank, b.rank);
  const lead = Array.from({ length: rank - 2 }, (_, axis) => Math.max(a.shape[axis - (rank - a.rank)] ?? 1, b.shape[axis - (rank - b.rank)] ?? 1));
  return matMul(broadcastTo(a, [...lead, ...a.shape.slice(-2)]), broadcastTo(b, [...lead, ...b.shape.slice(-2)]));
}

function shapeArgument(call: LayerCallContext, name: string): number[] {
  const shape = numbersArgument(call, name, 1);
  if (shape === null) throw new Failure('layer.setting', `Operation '${call.path}' (${call.type}) has no shape.`);
  return shape;
}

/** `newshape` counts the batch; a symbolic batch is written as null or -1. */
export function reshapeTo(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const value = argument(call, 'newshape', 1) ?? argument(call, 'shape', 1);
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const shape = list.map((extent, axis) => (typeof extent === 'number' ? extent : axis === 0 ? (x.shape[0] ?? 1) : -1));
  return reshape(x, shape);
}

interface Range { readonly start: number | null; readonly stop: number | null; readonly step: number | null }

function rangeOf(value: CallValue | undefined): Range | null {
  if (!isRecord(value as Json | undefined)) return null;
  const record = value as Readonly<Record<string, Json>>;
  if (record['class_name'] !== '__slice__' && record['class_name'] !== 'slice') return null;
  const config = isRecord(record['config']) ? record['config'] : record;
  const at = (key: string): number | null => (typeof config[key] === 'number' ? config[key] : null);
  return { start: at('start'), stop: at('stop'), step: at('step') };
}

/** Python's `x[key]`: numbers, slices, None and an ellipsis. */
function getItem(call: LayerCallContext): Tensor {
  let x = inputOf(call);
  const key = argument(call, 'key', 1);
  const items: readonly (CallValue | undefined)[] = isList(key as Json) ? (key as readonly CallValue[]) : [key];
  const isEllipsis = (item: CallValue | undefined): boolean => item === '...' || (isRecord(item as Json | undefined) && (item as Readonly<Record<string, Json>>)['class_name'] === '__ellipsis__');
  const counted = items.filter((item) => item !== null && !isEllipsis(item)).length;
  let axis = 0;
  for (const item of items) {
    if (isEllipsis(item)) {
      axis += x.rank - axis - (counted - items.slice(0, items.indexOf(item)).filter((before) => before !== null).length);
      continue;
    }
    if (item === null) {
      x = expandDims(x, axis);
      axis += 1;
      continue;
    }
    const extent = x.shape[axis] ?? 1;
    if (typeof item === 'number') {
      x = squeeze(part(x, axis, item < 0 ? item + extent : item, 1), [axis]);
      continue;
    }
    if (item !== undefined && isTensor(item)) {
      x = gather(x, cast(item, 'int32'), axis);
      axis += item.rank;
      continue;
    }
    const wanted = rangeOf(item);
    if (wanted === null) throw new Failure('layer.setting', `Operation '${call.path}' (GetItem) has an index that cannot be read: ${JSON.stringify(item)}.`);
    x = ranged(x, axis, wanted);
    axis += 1;
  }
  return x;
}

function ranged(x: Tensor, axis: number, { start, stop, step }: Range): Tensor {
  const extent = x.shape[axis] ?? 1;
  const stride = step ?? 1;
  const within = (index: number, low: number, high: number): number => Math.min(Math.max(index < 0 ? index + extent : index, low), high);
  if (stride === 1) {
    const from = within(start ?? 0, 0, extent);
    return part(x, axis, from, Math.max(0, within(stop ?? extent, 0, extent) - from));
  }
  const from = stride > 0 ? within(start ?? 0, 0, extent) : within(start ?? extent - 1, -1, extent - 1);
  const to = stride > 0 ? within(stop ?? extent, 0, extent) : (stop === null ? -1 : within(stop, -1, extent - 1));
  const indices: number[] = [];
  for (let index = from; stride > 0 ? index < to : index > to; index += stride) indices.push(index);
  return gather(x, reshape<Rank.R1>(cast(indices, 'int32'), [indices.length]), axis);
}

function repeatEach(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const times = numberArgument(call, 'repeats', 1);
  const given = argument(call, 'axis', 2);
  const flat = typeof given === 'number' ? x : reshape(x, [x.size]);
  const axis = typeof given === 'number' ? axisOf(call, given, x.rank) : 0;
  const apart = expandDims(flat, axis + 1);
  const copies = tile(apart, apart.shape.map((_, other) => (other === axis + 1 ? times : 1)));
  return reshape(copies, flat.shape.map((extent, other) => (other === axis ? extent * times : extent)));
}

function rolled(x: Tensor, shift: number, axis: number): Tensor {
  const extent = x.shape[axis] ?? 1;
  const by = ((shift % extent) + extent) % extent;
  if (by === 0) return x;
  return concat([part(x, axis, extent - by, by), part(x, axis, 0, extent - by)], axis);
}

const dtypes: Readonly<Record<string, 'float32' | 'int32' | 'bool'>> = {
  float32: 'float32', float16: 'float32', bfloat16: 'float32', float64: 'float32', int32: 'int32', int64: 'int32', int8: 'int32', int16: 'int32',
  uint8: 'int32', uint16: 'int32', uint32: 'int32', uint64: 'int32', bool: 'bool',
};

function castTo(call: LayerCallContext): Tensor {
  const wanted = argument(call, 'dtype', 1);
  const dtype = typeof wanted === 'string' ? dtypes[wanted] : undefined;
  if (dtype === undefined) throw new Failure('layer.setting', `Operation '${call.path}' (${call.type}) casts to an unknown type ${JSON.stringify(wanted)}.`);
  return cast(inputOf(call), dtype);
}

function paddedBy(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const width = argument(call, 'pad_width', 1);
  const pairs = x.shape.map((_, axis): [number, number] => {
    const entry: unknown = Array.isArray(width) ? (width.length === x.rank ? width[axis] : width[0]) : width;
    const own = plainValue(entry as CallValue);
    if (typeof own === 'number') return [own, own];
    const [before = 0, after = 0] = Array.isArray(own) ? (own as readonly unknown[]).filter((value) => typeof value === 'number') : [];
    return [before, after];
  });
  const mode = argument(call, 'mode', 2);
  return padded(call, x, pairs, typeof mode === 'string' ? mode : 'constant', numberArgument(call, 'constant_values', 3, 0));
}

const permuted = operation((call) => {
  const x = inputOf(call);
  return transpose(x, numbersArgument(call, 'axes', 1) ?? x.shape.map((_, axis) => x.rank - 1 - axis));
});

function moved(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const at = (name: string, position: number): number[] => (numbersArgument(call, name, position) ?? []).map((axis) => axisOf(call, axis, x.rank));
  const [from, to] = [at('source', 1), at('destination', 2)];
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !from.includes(axis));
  const order = x.shape.map((_, axis) => {
    const index = to.indexOf(axis);
    return index >= 0 ? (from[index] ?? 0) : (rest.shift() ?? 0);
  });
  return transpose(x, order);
}

function swappedAxes(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const [first, second] = [axisOf(call, numberArgument(call, 'axis1', 1), x.rank), axisOf(call, numberArgument(call, 'axis2', 2), x.rank)];
  return transpose(x, x.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis)));
}

function parted(call: LayerCallContext): Tensor[] {
  const x = inputOf(call);
  const axis = axisOf(call, numberArgument(call, 'axis', 2, 0), x.rank);
  const where_ = argument(call, 'indices_or_sections', 1);
  if (typeof where_ === 'number') return split(x, where_, axis);
  const cuts = Array.isArray(where_) ? (where_ as readonly unknown[]).filter((entry) => typeof entry === 'number') : [];
  const edges = [0, ...cuts, x.shape[axis] ?? 1];
  return edges.slice(1).map((edge, index) => part(x, axis, edges[index] ?? 0, edge - (edges[index] ?? 0)));
}

function taken(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const axis = argument(call, 'axis', 2);
  const indices = cast(operand(call, 1, 'indices'), 'int32');
  return typeof axis === 'number' ? gather(x, indices, axisOf(call, axis, x.rank)) : gather(reshape(x, [x.size]), indices, 0);
}

function oneHotOf(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const classes = numberArgument(call, 'num_classes', 1);
  return reshape(cast(oneHot(reshape<Rank.R1>(cast(x, 'int32'), [x.size]), classes), 'float32'), [...x.shape, classes]);
}

/** Numbers as tensors where an operation's kernel wants equal shapes. */
const extreme = (run: (a: Tensor, b: Tensor) => Tensor): LayerForward => two((a, b) => run(...stretched(a, b)));

const clipped = operation((call) => {
  const low = argument(call, 'x_min', 1);
  const high = argument(call, 'x_max', 2);
  return clipByValue(inputOf(call), typeof low === 'number' ? low : -Infinity, typeof high === 'number' ? high : Infinity);
});

const elementwise: Readonly<Record<string, LayerForward>> = {
  Absolute: one(abs), Abs: one(abs), Fabs: one(abs), Negative: one(neg), Square: one(square), Sqrt: one(sqrt), Rsqrt: one(rsqrt), Reciprocal: one(reciprocal),
  Exp: one(exp), Exp2: one((x) => exp(mul(x, Math.LN2))), Expm1: one(expm1), Log: one(log), Log1p: one(log1p), Log2: one((x) => div(log(x), Math.LN2)),
  Log10: one((x) => div(log(x), Math.LN10)), Sin: one(sin), Cos: one(cos), Tan: one(tan), Arcsin: one(asin), Arccos: one(acos), Arctan: one(atan),
  Sinh: one(sinh), Cosh: one(cosh), Tanh: one(tanh), Arcsinh: one(asinh), Arccosh: one(acosh), Arctanh: one(atanh), Erf: one(erf),
  Sign: one(sign), Floor: one(floor), Ceil: one(ceil), Round: one(round), Isnan: one(isNan), Isinf: one(isInf), Isfinite: one(isFinite),
  LogicalNot: one((x) => logicalNot(cast(x, 'bool'))), OnesLike: one(onesLike), ZerosLike: one(zerosLike), Copy: one((x) => x), StopGradient: one(stopGradient),
  Divide: two(div), TrueDivide: two(div), DivideNoNan: two(divNoNan), FloorDivide: two(floorDiv), Mod: two(mod), Power: two(pow), Arctan2: two(atan2), SquaredDifference: two(squaredDifference),
  Fmax: extreme(maximum), Fmin: extreme(minimum),
  Equal: two(equal), NotEqual: two((a, b) => notEqual(...sameType(a, b))), Greater: two(greater), GreaterEqual: two(greaterEqual), Less: two(less), LessEqual: two(lessEqual),
  LogicalAnd: two((a, b) => logicalAnd(cast(a, 'bool'), cast(b, 'bool'))), LogicalOr: two((a, b) => logicalOr(cast(a, 'bool'), cast(b, 'bool'))),
  LogicalXor: two((a, b) => logicalXor(cast(a, 'bool'), cast(b, 'bool'))),
  Where: operation((call) => where(cast(operand(call, 0, 'condition'), 'bool'), operand(call, 1, 'x1'), operand(call, 2, 'x2'))),
  Clip: clipped, Cast: operation(castTo), SaturateCast: operation(castTo), ConvertToTensor: one((x) => x),
};

/** The same numbers, which no gradient passes. */
export function stopGradient(x: Tensor): Tensor {
  const run = customGrad((...args: (Tensor | ((tensors: Tensor[]) => void))[]) => {
    const [input] = args;
    if (input === undefined || typeof input === 'function') throw new Error('customGrad calls with a tensor.');
    return { value: input.clone(), gradFunc: (dy: Tensor) => zerosLike(dy) };
  });
  return run(x);
}

function sameType(a: Tensor, b: Tensor): [Tensor, Tensor] {
  return a.dtype === b.dtype ? [a, b] : [floats(a), floats(b)];
}

/** x over its norm of order 2 or 1, which is at least `epsilon`. */
function normalized(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const axis = axisOf(call, numberArgument(call, 'axis', 1, -1), x.rank);
  const [order, epsilon] = [numberArgument(call, 'order', 2, 2), numberArgument(call, 'epsilon', 3, 1e-7)];
  if (order === 2) return toUnitLength(x, [axis], epsilon);
  if (order !== 1) throw new Failure('layer.setting', `Operation '${call.path}' (Normalize) uses a norm of order ${order}; Backstep has 1 and 2.`);
  return div(x, maximum(sum(abs(x), axis, true), epsilon));
}

const reductions: Readonly<Record<string, LayerForward>> = {
  Mean: reduce((x, axes, keep) => mean(x, axes, keep)), Sum: reduce((x, axes, keep) => sum(x, axes, keep)), Prod: reduce((x, axes, keep) => prod(x, axes, keep)),
  Max: reduce(greatest), Amax: reduce(greatest),
  Min: reduce((x, axes, keep) => neg(greatest(neg(x), axes, keep))), Amin: reduce((x, axes, keep) => neg(greatest(neg(x), axes, keep))),
  Var: reduce(variance), Std: reduce((x, axes, keep) => sqrt(variance(x, axes, keep))),
  All: reduce((x, axes, keep) => all(cast(x, 'bool'), axes, keep)), Any: reduce((x, axes, keep) => any(cast(x, 'bool'), axes, keep)),
  Logsumexp: reduce((x, axes, keep) => logSumExp(x, axes, keep)),
  Argmax: operation((call) => argMax(inputOf(call), numberArgument(call, 'axis', 1, 0))), Argmin: operation((call) => argMin(inputOf(call), numberArgument(call, 'axis', 1, 0))),
  Cumsum: operation((call) => cumsum(inputOf(call), numberArgument(call, 'axis', 1, 0))),
  Normalize: operation(normalized), Norm: reduce((x, axes, keep) => sqrt(sum(square(x), axes, keep))),
};

const shaping: Readonly<Record<string, LayerForward>> = {
  Matmul: matrixProduct, Einsum: operation((call) => einsumOf(call)),
  Transpose: permuted, Moveaxis: operation(moved), Swapaxes: operation(swappedAxes),
  Ravel: one((x) => reshape(x, [x.size])), BroadcastTo: operation((call) => broadcastTo(inputOf(call), shapeArgument(call, 'shape'))),
  ExpandDims: operation((call) => (numbersArgument(call, 'axis', 1) ?? [0]).reduce((x, axis) => expandDims(x, axis), inputOf(call))),
  Squeeze: operation((call) => squeeze(inputOf(call), numbersArgument(call, 'axis', 1)?.map((axis) => axisOf(call, axis, inputOf(call).rank)))),
  Stack: operation((call) => stack(inputsOf(call), numberArgument(call, 'axis', 1, 0))), Unstack: operation((call) => unstack(inputOf(call), numberArgument(call, 'axis', 2, 0))),
  Split: operation(parted), GetItem: operation(getItem), Take: operation(taken), Repeat: operation(repeatEach), OneHot: operation(oneHotOf),
  Tile: operation((call) => tile(inputOf(call), numbersArgument(call, 'repeats', 1) ?? [1])),
  Flip: operation((call) => reverse(inputOf(call), numbersArgument(call, 'axis', 1)?.map((axis) => axisOf(call, axis, inputOf(call).rank)))),
  Roll: operation((call) => rolled(inputOf(call), numberArgument(call, 'shift', 1), axisOf(call, numberArgument(call, 'axis', 2), inputOf(call).rank))),
  Pad: operation(paddedBy), Shape: operation((call) => tensor(Int32Array.from(inputOf(call).shape), [inputOf(call).rank], 'int32')),
  Arange: operation((call) => range(numberArgument(call, 'start', 0, 0), numberArgument(call, 'stop', 1), numberArgument(call, 'step', 2, 1))),
};

function einsumOf(call: LayerCallContext): Tensor {
  const equation = call.config['subscripts'] ?? call.args[0];
  const [a, b] = call.args.flatMap((entry) => tensorsIn(entry));
  if (typeof equation !== 'string' || a === undefined) throw new Failure('layer.setting', `Operation '${call.path}' (Einsum) needs an equation and one or two tensors.`);
  return b === undefined ? einsumOfOne(equation.replaceAll(' ', ''), a) : einsum(equation.replaceAll(' ', ''), a, b);
}

const activations: Readonly<Record<string, LayerForward>> = {
  Relu: activate('relu'), Relu6: activate('relu6'), Sigmoid: activate('sigmoid'), SparseSigmoid: activate('sparse_sigmoid'), Softplus: activate('softplus'),
  Softsign: activate('softsign'), SoftShrink: activate('soft_shrink', ['threshold']), SparsePlus: activate('sparse_plus'), Silu: activate('silu'),
  Squareplus: activate('squareplus', ['b']), LogSigmoid: activate('log_sigmoid'), LeakyRelu: activate('leaky_relu', ['negative_slope']),
  HardSigmoid: activate('hard_sigmoid'), HardSilu: activate('hard_silu'), Elu: activate('elu', ['alpha']), Selu: activate('selu'),
  Gelu: activate('gelu', ['approximate']), Celu: activate('celu', ['alpha']), Glu: activate('glu', ['axis']), TanhShrink: activate('tanh_shrink'),
  HardTanh: activate('hard_tanh'), HardShrink: activate('hard_shrink', ['threshold']), Threshold: activate('threshold', ['threshold', 'default_value']),
  LogSoftmax: activate('log_softmax', ['axis']), Sparsemax: activate('sparsemax', ['axis']),
};

export const operations: Readonly<Record<string, LayerForward>> = { ...elementwise, ...reductions, ...shaping, ...activations };
