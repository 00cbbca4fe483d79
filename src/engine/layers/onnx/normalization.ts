/** Normalization over the batch, the features, groups of channels, neighbouring channels, or to length one. */
import { abs, add, div, maximum, mean, mul, pad, pow, reshape, rsqrt, slice, sqrt, square, sub, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import { atOnce } from '../calls';
import type { LayerCallContext, LayerForward } from '../layer';
import { axisIn, floats, like, misfit, numberOf, numbersOf, op, operand, optional } from './operands';

/** One number a channel, in a shape that stretches over `x` `[batch, channels, …]`. */
export const perChannel = (weight: Tensor, x: Tensor): Tensor => (x.rank === 2 ? weight : reshape(weight, [1, weight.size, ...x.shape.slice(2).map(() => 1)]));
export const rescaled = (y: Tensor, scale: Tensor | null, bias: Tensor | null): Tensor => {
  const scaled = scale === null ? y : mul(y, scale);
  return bias === null ? scaled : add(scaled, bias);
};

/** Mean and variance along axes, and the input less its mean. */
export function moments(x: Tensor, axes: number[]): { average: Tensor; centred: Tensor; variance: Tensor } {
  const average = mean(x, axes, true);
  const centred = sub(x, average);
  return { average, centred, variance: mean(square(centred), axes, true) };
}

/** Ioffe and Szegedy 2015. While a network is trained by its batch's own statistics, which move the running ones; PyTorch keeps the unbiased variance. */
const batch: LayerForward = atOnce((call) => {
  const x = operand(call, 0);
  const [scale, bias] = [perChannel(operand(call, 1), x), perChannel(operand(call, 2), x)];
  const epsilon = numberOf(call, 'epsilon', 1e-5);
  if (!call.training || !call.trainable) {
    const centred = sub(x, perChannel(operand(call, 3), x));
    return { outputs: [rescaled(mul(centred, rsqrt(add(perChannel(operand(call, 4), x), epsilon))), scale, bias)] };
  }
  const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const { average, centred, variance } = moments(x, others);
  const y = rescaled(mul(centred, rsqrt(add(variance, epsilon))), scale, bias);
  const count = sizeOf(others.map((axis) => x.shape[axis] ?? 1));
  const momentum = numberOf(call, 'momentum', 0.9);
  const moved = (position: number, value: Tensor): Tensor => {
    const before = operand(call, position);
    const after = add(mul(before, momentum), mul(reshape(value, before.shape), 1 - momentum));
    const name = call.args[position];
    if (typeof name === 'string') call.assign(name, after);
    return after;
  };
  const outputs = [y, moved(3, average), moved(4, call.convention === 'pytorch' ? mul(variance, count / Math.max(1, count - 1)) : variance)];
  return { outputs: outputs.slice(0, call.outputCount) };
});

/** Ba and others 2016: also gives the mean and the inverse deviation. */
function layer(call: LayerCallContext): Tensor[] {
  const x = floats(operand(call, 0));
  const first = axisIn(call, numberOf(call, 'axis', -1), x.rank);
  const axes = x.shape.map((_, axis) => axis).slice(first);
  const { average, centred, variance } = moments(x, axes);
  const inverse = rsqrt(add(variance, numberOf(call, 'epsilon', 1e-5)));
  return [rescaled(mul(centred, inverse), optional(call, 1), optional(call, 2)), average, inverse];
}

/** Zhang and Sennrich 2019. */
function rootMeanSquare(call: LayerCallContext): Tensor {
  const x = floats(operand(call, 0));
  const first = axisIn(call, numberOf(call, 'axis', -1), x.rank);
  return mul(mul(x, rsqrt(add(mean(square(x), x.shape.map((_, axis) => axis).slice(first), true), numberOf(call, 'epsilon', 1e-5)))), operand(call, 1));
}

function instance(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const { centred, variance } = moments(x, x.shape.map((_, axis) => axis).slice(2));
  return rescaled(mul(centred, rsqrt(add(variance, numberOf(call, 'epsilon', 1e-5)))), perChannel(operand(call, 1), x), perChannel(operand(call, 2), x));
}

/** Wu and He 2018; scale and bias are per channel, before opset 21 per group. */
function group(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const [examples = 1, channels = 1, ...extents] = x.shape;
  const groups = numberOf(call, 'num_groups', 1);
  if (channels % groups !== 0) throw misfit(call, `divides ${channels} channels into ${groups} groups`);
  const apart = reshape(x, [examples, groups, channels / groups, ...extents]);
  const { centred, variance } = moments(apart, apart.shape.map((_, axis) => axis).slice(2));
  const y = mul(centred, rsqrt(add(variance, numberOf(call, 'epsilon', 1e-5))));
  const [scale, bias] = [operand(call, 1), operand(call, 2)];
  if (scale.size === channels) return rescaled(reshape(y, x.shape), perChannel(scale, x), perChannel(bias, x));
  return reshape(rescaled(y, perChannel(scale, apart), perChannel(bias, apart)), x.shape);
}

/** Krizhevsky and others 2012: over `size` neighbouring channels. */
function localResponse(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const size = numberOf(call, 'size', 1);
  const before = Math.floor((size - 1) / 2);
  const squares = pad(square(x), x.shape.map((_, axis): [number, number] => (axis === 1 ? [before, size - 1 - before] : [0, 0])));
  const shifted = Array.from({ length: size }, (_, offset) => slice(squares, x.shape.map((_extent, axis) => (axis === 1 ? offset : 0)), x.shape));
  const total = shifted.reduce((sumSoFar, next) => add(sumSoFar, next));
  return div(x, pow(add(mul(total, numberOf(call, 'alpha', 1e-4) / size), numberOf(call, 'bias', 1)), numberOf(call, 'beta', 0.75)));
}

function toLength(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const axis = axisIn(call, numberOf(call, 'axis', -1), x.rank);
  // A vector of zeros stays one, and so does its gradient.
  return div(x, numberOf(call, 'p', 2) === 1 ? maximum(sum(abs(x), axis, true), 1e-30) : sqrt(maximum(sum(square(x), axis, true), 1e-36)));
}

function standard(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const { centred, variance } = moments(x, numbersOf(call, 'axes') ?? [0, 2, 3]);
  return div(centred, add(sqrt(variance), 1e-9));
}

export const normalizationOps = {
  BatchNormalization: batch, LayerNormalization: op((call) => layer(call).map((tensor, index) => (index === 0 ? like(tensor, operand(call, 0).dtype) : tensor))), RMSNormalization: op(rootMeanSquare),
  InstanceNormalization: op(instance), GroupNormalization: op(group), LRN: op(localResponse), LpNormalization: op(toLength), MeanVarianceNormalization: op(standard),
} satisfies Readonly<Record<string, LayerForward>>;
