/** Ops that put axes together or order what lies along one. */
import { abs, argMax, argMin, cumsum, expandDims, gather, log, logSumExp, max, mean, mul, neg, onesLike, prod, reshape, reverse, sqrt, square, stack, sub, sum, tensor, tensor1d, topk, transpose, unstack } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerCallContext, LayerForward } from '../layer';
import { greatest } from '../pooling';
import { axisIn, floats, ints, like, numberOf, numbersOf, op, operand } from './operands';

/** Axes of an input or attribute; none means all, or nothing at all with `noop_with_empty_axes`. */
const reduce = (run: (x: Tensor, axes: number[], keep: boolean) => Tensor, alone: (x: Tensor) => Tensor = (x) => x): LayerForward => op((call) => {
  const x = operand(call, 0);
  const stated = numbersOf(call, 'axes') ?? [];
  if (stated.length === 0 && numberOf(call, 'noop_with_empty_axes', 0) === 1) return alone(x);
  const axes = stated.length === 0 ? x.shape.map((_, axis) => axis) : stated.map((axis) => axisIn(call, axis, x.rank)).sort((a, b) => a - b);
  return run(x, axes, numberOf(call, 'keepdims', 1) === 1);
});
/** By way of floats, with the type of the input. */
const floating = (run: (x: Tensor, axes: number[], keep: boolean) => Tensor): ((x: Tensor, axes: number[], keep: boolean) => Tensor) => (x, axes, keep) => like(run(floats(x), axes, keep), x.dtype);
const most = (x: Tensor, axes: number[], keep: boolean): Tensor => (x.dtype === 'float32' ? greatest(x, axes, keep) : like(max(ints(x), axes, keep), x.dtype));
const least = (x: Tensor, axes: number[], keep: boolean): Tensor => (x.dtype === 'float32' ? neg(greatest(neg(x), axes, keep)) : like(neg(max(neg(floats(x)), axes, keep)), x.dtype));

const extreme = (run: (x: Tensor, axis: number) => Tensor): LayerForward => op((call) => {
  const x = floats(operand(call, 0));
  const axis = axisIn(call, numberOf(call, 'axis', 0), x.rank);
  const last = numberOf(call, 'select_last_index', 0) === 1;
  const found = last ? sub((x.shape[axis] ?? 1) - 1, run(reverse(x, axis), axis)) : run(x, axis);
  return ints(numberOf(call, 'keepdims', 1) === 1 ? expandDims(found, axis) : found);
});

function cumulative(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  return like(cumsum(floats(x), axisIn(call, numberOf(call, 'axis', 0), x.rank), numberOf(call, 'exclusive', 0) === 1, numberOf(call, 'reverse', 0) === 1), x.dtype);
}

/** The k largest or smallest along an axis, and where they stand. */
function top(call: LayerCallContext): Tensor[] {
  const x = operand(call, 0);
  const axis = axisIn(call, numberOf(call, 'axis', -1), x.rank);
  const order = x.shape.map((_, index) => (index === axis ? x.rank - 1 : index === x.rank - 1 ? axis : index));
  const turned = axis === x.rank - 1 ? x : transpose(x, order);
  const largest = numberOf(call, 'largest', 1) === 1;
  const k = numberOf(call, 'k', 1);
  // Nothing of nothing, as when no box is left: not every backend has a kernel for that.
  if (k === 0 || x.size === 0) { const shape = x.shape.map((extent, index) => (index === axis ? k : extent)); return [tensor([], shape, x.dtype as 'float32'), tensor([], shape, 'int32')]; }
  const { values, indices } = topk(largest ? floats(turned) : neg(floats(turned)), k, true);
  const back = (tensor: Tensor): Tensor => (axis === x.rank - 1 ? tensor : transpose(tensor, order));
  return [like(back(largest ? values : neg(values)), x.dtype), back(indices)];
}

/** Sequences turned round, each up to its own length. */
function reversed(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const lengths = [...operand(call, 1).dataSync()];
  const [timeAxis, batchAxis] = [numberOf(call, 'time_axis', 0), numberOf(call, 'batch_axis', 1)];
  const first = timeAxis === 0 ? x : transpose(x, [1, 0, ...x.shape.slice(2).map((_, axis) => axis + 2)]);
  const [steps = 0, batch = 0] = first.shape;
  const places = Array.from({ length: steps * batch }, (_, index) => { const [step, example] = [Math.floor(index / batch), index % batch]; const length = lengths[example] ?? steps; return (step < length ? length - 1 - step : step) * batch + example; });
  const y = reshape(gather(reshape(first, [steps * batch, ...x.shape.slice(2)]), tensor1d(places, 'int32'), 0), first.shape);
  return timeAxis === 0 && batchAxis === 1 ? y : transpose(y, [1, 0, ...x.shape.slice(2).map((_, axis) => axis + 2)]);
}

/** Products of all elements up to each, one multiplication after another, so that zeros have gradients too. */
function runningProduct(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const axis = axisIn(call, numberOf(call, 'axis', 0), x.rank);
  const [backwards, before] = [numberOf(call, 'reverse', 0) === 1, numberOf(call, 'exclusive', 0) === 1];
  // A copy: the tape keeps the list that unstack gives.
  const parts = backwards ? [...unstack(x, axis)].reverse() : unstack(x, axis);
  const made: Tensor[] = [];
  for (const part of parts) { const last = made.at(-1); made.push(last === undefined ? part : mul(last, part)); }
  const [first] = parts;
  const shifted = before && first !== undefined ? [onesLike(first), ...made.slice(0, -1)] : made;
  return stack(backwards ? [...shifted].reverse() : shifted, axis);
}

export const reductionOps = {
  ReduceSum: reduce(floating((x, axes, keep) => sum(x, axes, keep))), ReduceMean: reduce(floating((x, axes, keep) => mean(x, axes, keep))), ReduceProd: reduce(floating((x, axes, keep) => prod(x, axes, keep))),
  ReduceMax: reduce(most), ReduceMin: reduce(least),
  ReduceL1: reduce(floating((x, axes, keep) => sum(abs(x), axes, keep)), abs), ReduceL2: reduce(floating((x, axes, keep) => sqrt(sum(square(x), axes, keep))), abs),
  ReduceSumSquare: reduce(floating((x, axes, keep) => sum(square(x), axes, keep)), square), ReduceLogSum: reduce(floating((x, axes, keep) => log(sum(x, axes, keep))), log),
  ReduceLogSumExp: reduce(floating((x, axes, keep) => logSumExp(x, axes, keep))),
  ArgMax: extreme((x, axis) => argMax(x, axis)), ArgMin: extreme((x, axis) => argMin(x, axis)), CumSum: op(cumulative), CumProd: op(runningProduct), TopK: op(top), ReverseSequence: op(reversed),
} satisfies Readonly<Record<string, LayerForward>>;
