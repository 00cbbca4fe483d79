/** Bare operations of Keras on whole arrays, as in NumPy: products, sorting, differences, diagonals, joining along named axes. */
import {
  abs, add, cast, concat, exp, expandDims, gather, greater, log1p, matMul, maximum, mean, minimum, mul, neg, notEqual, oneHot, ones, pad,
  range, reshape, scalar, sign, stack, sub, sum, tensor, topk, transpose, unstack, where, zerosLike, floor, isNaN as isNan, equal, lessEqual, log,
} from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import { Failure } from '../../../tensor/failure';
import { argument, numberArgument, numbersArgument, one, operand, operation, part, two } from './bare';
import { inputOf, inputsOf, isTensor, tensorsIn } from '../calls';
import type { LayerCallContext, LayerForward } from '../layer';
import { axisOf } from '../settings';

/** An axis setting counted from the front. */
const along = (call: LayerCallContext, name: string, position: number, rank: number, fallback: number): number => axisOf(call, numberArgument(call, name, position, fallback), rank);
const lengthOf = (x: Tensor, axis: number): number => x.shape[axis] ?? 1;
const integers = (values: readonly number[]): Tensor => tensor(Int32Array.from(values), [values.length], 'int32');

/** The permutation that brings `axes` behind all others. */
function behind(rank: number, axes: readonly number[]): number[] {
  return [...Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis)), ...axes];
}

/** NumPy's tensordot: sums of products over axes of `a` and as many of `b`. */
function contracted(a: Tensor, b: Tensor, left: readonly number[], right: readonly number[]): Tensor {
  const [free, rest] = [a.shape.filter((_, axis) => !left.includes(axis)), b.shape.filter((_, axis) => !right.includes(axis))];
  const depth = sizeOf(left.map((axis) => lengthOf(a, axis)));
  const rows = reshape(transpose(a, behind(a.rank, left)), [sizeOf(free), depth]);
  const columns = reshape(transpose(b, behind(b.rank, right)), [sizeOf(rest), depth]);
  return reshape(matMul(rows, columns, false, true), [...free, ...rest]);
}

/** Keras's dot: scalars multiply; else the last axis of `a` by the last but one of `b`, or its only one. */
const dotted = two((a, b) => (a.rank === 0 || b.rank === 0 ? mul(a, b) : contracted(a, b, [a.rank - 1], [Math.max(0, b.rank - 2)])));
const inner = two((a, b) => (a.rank === 0 || b.rank === 0 ? mul(a, b) : contracted(a, b, [a.rank - 1], [b.rank - 1])));
const outer = two((a, b) => mul(reshape(a, [a.size, 1]), reshape(b, [1, b.size])));

const tensorDot = operation((call) => {
  const [a, b] = [operand(call, 0, 'x1'), operand(call, 1, 'x2')];
  const axes = argument(call, 'axes', 2) ?? 2;
  if (typeof axes === 'number') {
    const count = Array.from({ length: axes }, (_, index) => index);
    return contracted(a, b, count.map((index) => a.rank - axes + index), count);
  }
  const [first, second] = axes as readonly unknown[];
  const list = (value: unknown, rank: number): number[] => (typeof value === 'number' ? [value] : Array.isArray(value) ? value.filter((entry) => typeof entry === 'number') : []).map((axis) => axisOf(call, axis, rank));
  return contracted(a, b, list(first, a.rank), list(second, b.rank));
});

/** The cross product of vectors of three elements in the last axis. */
const crossed = two((a, b) => {
  const at = (x: Tensor, index: number): Tensor => part(x, x.rank - 1, index % 3, 1);
  if (lengthOf(a, a.rank - 1) !== 3 || lengthOf(b, b.rank - 1) !== 3) throw new Failure('layer.shape', 'A cross product takes vectors of three elements in the last axis.');
  return concat([0, 1, 2].map((index) => sub(mul(at(a, index + 1), at(b, index + 2)), mul(at(a, index + 2), at(b, index + 1)))), -1);
});

/** Order of the elements along the last axis, ascending, equal ones as they stand; an int32 tensor, computed beside the tape. */
function ascending(x: Tensor): Tensor {
  const length = lengthOf(x, x.rank - 1);
  const values = x.dataSync();
  const order = new Int32Array(x.size);
  for (let row = 0; row < x.size; row += length) {
    const own = Array.from({ length }, (_, index) => index).sort((a, b) => Number(values[row + a]) - Number(values[row + b]) || a - b);
    order.set(own, row);
  }
  return tensor(order, x.shape, 'int32');
}

/** Elements along the last axis at indices of the same leading shape. */
function pickedLast(x: Tensor, indices: Tensor): Tensor {
  const length = lengthOf(x, x.rank - 1);
  const count = lengthOf(indices, indices.rank - 1);
  const rows = indices.size / count;
  const start = reshape(mul(range(0, rows, 1, 'int32'), scalar(length, 'int32')), [rows, 1]);
  const flat = add(reshape(cast(indices, 'int32'), [rows, count]), start);
  return reshape(gather(reshape(x, [x.size]), reshape<Rank.R1>(flat, [indices.size])), indices.shape);
}

/** Runs something that works along the last axis along another one. */
function turned(x: Tensor, axis: number, run: (last: Tensor) => Tensor): Tensor {
  if (axis === x.rank - 1) return run(x);
  const swap = x.shape.map((_, index) => (index === axis ? x.rank - 1 : index === x.rank - 1 ? axis : index));
  return transpose(run(transpose(x, swap)), swap);
}

const sorted = operation((call) => {
  const x = inputOf(call);
  return turned(x, along(call, 'axis', 1, x.rank, -1), (last) => pickedLast(last, ascending(last)));
});
const orderOf = operation((call) => {
  const x = inputOf(call);
  return turned(x, along(call, 'axis', 1, x.rank, -1), ascending);
});

const takenAlong = operation((call) => {
  const [x, indices] = [operand(call, 0, 'x'), operand(call, 1, 'indices')];
  const given = argument(call, 'axis', 2);
  if (typeof given !== 'number') return pickedLast(reshape(x, [x.size]), reshape(indices, [indices.size]));
  const axis = axisOf(call, given, x.rank);
  if (axis === x.rank - 1) return pickedLast(x, indices);
  const swap = x.shape.map((_, index) => (index === axis ? x.rank - 1 : index === x.rank - 1 ? axis : index));
  return transpose(pickedLast(transpose(x, swap), transpose(indices, swap)), swap);
});

const highest = operation((call) => {
  const x = inputOf(call);
  const { indices } = topk(x, numberArgument(call, 'k', 1), argument(call, 'sorted', 2) !== false);
  // No gradient passes the choice, only the elements chosen.
  return [pickedLast(x, tensor(indices.dataSync(), indices.shape, 'int32')), indices];
});

const median = operation((call) => {
  const x = inputOf(call);
  const given = numbersArgument(call, 'axis', 1)?.map((axis) => axisOf(call, axis, x.rank)) ?? x.shape.map((_, axis) => axis);
  const kept = x.shape.filter((_, axis) => !given.includes(axis));
  const rows = reshape(transpose(x, behind(x.rank, given)), [sizeOf(kept), -1]);
  const ordered = pickedLast(rows, ascending(rows));
  const length = lengthOf(rows, 1);
  const middle = mul(add(part(ordered, 1, Math.floor((length - 1) / 2), 1), part(ordered, 1, Math.floor(length / 2), 1)), 0.5);
  return reshape(middle, argument(call, 'keepdims', 2) === true ? x.shape.map((extent, axis) => (given.includes(axis) ? 1 : extent)) : kept);
});

const differences = operation((call) => {
  const x = inputOf(call);
  const axis = along(call, 'axis', 2, x.rank, -1);
  let result = x;
  for (let times = 0; times < numberArgument(call, 'n', 1, 1); times += 1) {
    const length = lengthOf(result, axis) - 1;
    result = sub(part(result, axis, 1, length), part(result, axis, 0, length));
  }
  return result;
});

/** Products of all elements up to each one; TensorFlow.js cannot differentiate its own kernel. */
function products(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const axis = along(call, 'axis', 1, x.rank, 0);
  const made: Tensor[] = [];
  for (const element of unstack(x, axis)) made.push(made.length === 0 ? element : mul(made[made.length - 1] ?? element, element));
  return stack(made, axis);
}

/** The elements whose indices along two axes differ by `offset`, in a new last axis. */
function diagonalOf(call: LayerCallContext): Tensor {
  const x = inputOf(call);
  const offset = numberArgument(call, 'offset', 1, 0);
  const [first, second] = [along(call, 'axis1', 2, x.rank, 0), along(call, 'axis2', 3, x.rank, 1)];
  const [rows, columns] = [lengthOf(x, first), lengthOf(x, second)];
  const count = Math.max(0, Math.min(rows, columns, offset < 0 ? rows + offset : columns - offset));
  const places = Array.from({ length: count }, (_, index) => (index + Math.max(0, -offset)) * columns + index + Math.max(0, offset));
  const order = behind(x.rank, [first, second]);
  const lead = order.slice(0, -2).map((axis) => lengthOf(x, axis));
  return gather(reshape(transpose(x, order), [...lead, rows * columns]), integers(places) as Tensor<Rank.R1>, lead.length);
}

/** A triangle of the last two axes: below (and on) the diagonal `k`, or above. */
const triangle = (lower: boolean): LayerForward => operation((call) => {
  const x = inputOf(call);
  const k = numberArgument(call, 'k', 1, 0);
  const [rows, columns] = [lengthOf(x, x.rank - 2), lengthOf(x, x.rank - 1)];
  const kept = Float32Array.from({ length: rows * columns }, (_, index) => Number(lower ? (index % columns) - Math.floor(index / columns) <= k : (index % columns) - Math.floor(index / columns) >= k));
  return mul(x, tensor(kept, [rows, columns]));
});

/** Arrays joined along an axis; those of fewer axes are rows. */
const joined = (axisFor: (rank: number) => number, least: number): LayerForward => operation((call) => {
  const inputs = inputsOf(call).map((x) => (x.rank < least ? reshape(x, [...Array.from({ length: least - x.rank }, () => 1), ...x.shape]) : x));
  return concat(inputs, axisFor(inputs[0]?.rank ?? 1));
});

const appended = operation((call) => {
  const [a, b] = [operand(call, 0, 'x1'), operand(call, 1, 'x2')];
  const given = argument(call, 'axis', 2);
  return typeof given === 'number' ? concat([a, b], axisOf(call, given, a.rank)) : concat([reshape(a, [a.size]), reshape(b, [b.size])]);
});

const averaged = operation((call) => {
  const x = operand(call, 0, 'x');
  const weights = call.args[1] ?? call.kwargs['weights'];
  const axes = numbersArgument(call, 'axis', 2)?.map((axis) => axisOf(call, axis, x.rank)) ?? x.shape.map((_, axis) => axis);
  if (weights === undefined || weights === null) return mean(x, axes);
  const own = operand(call, 1, 'weights');
  const wide = own.rank === x.rank ? own : reshape(own, x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1)));
  return sum(mul(x, mul(wide, ones(x.shape))), axes).div(sum(mul(wide, ones(x.shape)), axes));
});

const counted = operation((call) => {
  const x = inputOf(call);
  return sum(cast(notEqual(x, zerosLike(x)), 'int32'), numbersArgument(call, 'axis', 1)?.map((axis) => axisOf(call, axis, x.rank)) ?? undefined);
});

const filled = operation((call) => mul(ones(inputOf(call).shape), operand(call, 1, 'fill_value')));

/** Infinities and NaN replaced; Keras's defaults are the largest floats. */
const finite = operation((call) => {
  const x = inputOf(call);
  const largest = 3.4028234663852886e38;
  const [nan, high, low] = [numberArgument(call, 'nan', 1, 0), numberArgument(call, 'posinf', 2, largest), numberArgument(call, 'neginf', 3, -largest)];
  const known = where(isNan(x), mul(ones(x.shape), nan), x);
  const below = where(equal(known, Infinity), mul(ones(x.shape), high), known);
  return where(equal(below, -Infinity), mul(ones(x.shape), low), below);
});

/** log(eˣ + eʸ), from the larger one. */
const logOfSum = two((a, b) => {
  const top = add(maximum(add(a, zerosLike(b)), add(b, zerosLike(a))), 0);
  return add(top, log1p(exp(neg(abs(sub(a, b))))));
});

/** Keras's pad of the modes that TensorFlow has. */
export function padded(call: LayerCallContext, x: Tensor, pairs: [number, number][], mode: string, filler: number): Tensor {
  if (mode === 'constant') return pad(x, pairs, filler);
  if (mode === 'reflect' || mode === 'symmetric') {
    // Its gradient is the gather's: TensorFlow.js has none for the kernel itself.
    return pairs.reduce((rest, [before, after], axis) => (before + after === 0 ? rest : gather(rest, integers(mirrored(lengthOf(rest, axis), before, after, mode === 'reflect')) as Tensor<Rank.R1>, axis)), x);
  }
  throw new Failure('layer.setting', `Operation '${call.path}' (Pad) pads by '${mode}'; Backstep has constant, reflect and symmetric.`);
}

/** Indices of an axis with its mirror image at both ends; `reflect` leaves out the edge itself. */
function mirrored(length: number, before: number, after: number, reflect: boolean): number[] {
  const turn = reflect ? Math.max(1, 2 * length - 2) : 2 * length;
  return Array.from({ length: before + length + after }, (_, place) => {
    const index = ((place - before) % turn + turn) % turn;
    return index < length ? index : reflect ? turn - index : turn - 1 - index;
  });
}

/** All of `count` classes that occur along the last axis. */
const multiHot = operation((call) => {
  const x = inputOf(call);
  const classes = numberArgument(call, 'num_classes', 1);
  const rows = reshape(cast(oneHot(reshape<Rank.R1>(cast(x, 'int32'), [x.size]), classes), 'float32'), [...x.shape, classes]);
  return minimum(sum(rows, Math.max(0, x.rank - 1)), 1);
});

const sliced = operation((call) => {
  const x = inputOf(call);
  const [starts, shape] = [numbersArgument(call, 'start_indices', 1) ?? [], numbersArgument(call, 'shape', 2) ?? []];
  return shape.reduce((rest, length, axis) => part(rest, axis, starts[axis] ?? 0, length === -1 ? lengthOf(rest, axis) - (starts[axis] ?? 0) : length), x);
});

const choice = operation((call) => {
  const [conditions, choices] = [tensorsIn(call.args[0]), tensorsIn(call.args[1])];
  const last = call.args[2] ?? call.kwargs['default'] ?? 0;
  const [shape] = choices.map((x) => x.shape);
  const start = isTensor(last) ? last : mul(ones(shape ?? []), Number(last));
  return conditions.reduceRight((rest, condition, index) => where(cast(condition, 'bool'), choices[index] ?? rest, rest), start);
});

export const arrayOperations: Readonly<Record<string, LayerForward>> = {
  Dot: dotted, Inner: inner, Outer: outer, Tensordot: tensorDot, Vdot: two((a, b) => sum(mul(reshape(a, [a.size]), reshape(b, [b.size])))), Cross: crossed,
  Sort: sorted, Argsort: orderOf, TakeAlongAxis: takenAlong, TopK: highest, Median: median,
  Diff: differences, Cumprod: operation(products),
  Diagonal: operation(diagonalOf), Trace: operation((call) => sum(diagonalOf(call), -1)), Tril: triangle(true), Triu: triangle(false),
  Hstack: joined((rank) => (rank === 1 ? 0 : 1), 1), Vstack: joined(() => 0, 2), Append: appended, Average: averaged,
  CountNonzero: counted, FullLike: filled, NanToNum: finite, Logaddexp: logOfSum, MultiHot: multiHot, Slice: sliced, Select: choice,
  Trunc: one((x) => mul(sign(x), floor(abs(x)))), Cbrt: one((x) => mul(sign(x), exp(mul(log(abs(x)), 1 / 3)))),
  Heaviside: two((x, half) => where(equal(x, 0), mul(ones(x.shape), half), cast(greater(x, 0), 'float32'))), Hypot: two((a, b) => add(mul(a, a), mul(b, b)).sqrt()),
  Digitize: operation((call) => {
    const [x, bins] = [operand(call, 0, 'x'), operand(call, 1, 'bins')];
    return sum(cast(lessEqual(bins, expandDims(x, -1)), 'int32'), -1);
  }),
};
