/** Normalization: over the batch, the features, groups of channels, or to length one. */
import { add, batchNorm2d, batchNorm3d, batchNorm4d, cast, div, mean, minimum, moments, mul, onesLike, maximum, reshape, rsqrt, sqrt, square, sub, sum, tile } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../tensor/value';
import { Failure } from '../../tensor/failure';
import { atOnce, inputOf, maskOf, pointwise } from './calls';
import type { LayerCallContext, LayerForward } from './layer';
import { axisOf, badSetting, flagOf, listOf, numberOf } from './settings';

/** `weight` of the listed axes, in a shape that stretches over `x`. */
function over(x: Tensor, weight: Tensor, axes: readonly number[]): Tensor {
  if (axes.length === 1 && axes[0] === x.rank - 1) return weight;
  return reshape(weight, x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1)));
}

/** y times gamma plus beta, where the layer has them. */
function rescaled(call: LayerCallContext, x: Tensor, y: Tensor, axes: readonly number[]): Tensor {
  const scaled = call.hasWeight('gamma') ? mul(y, over(x, call.weight('gamma'), axes)) : y;
  return call.hasWeight('beta') ? add(scaled, over(x, call.weight('beta'), axes)) : scaled;
}

/** (x - mean) / sqrt(variance + epsilon) */
function standardized(centred: Tensor, variance: Tensor, epsilon: number): Tensor {
  return mul(centred, rsqrt(add(variance, epsilon)));
}

/** tfjs-layers' batch normalization: one kernel for each number of axes. */
function fusedNorm(call: LayerCallContext, x: Tensor, average: Tensor, variance: Tensor, beta: Tensor | undefined, gamma: Tensor | undefined, epsilon: number): Tensor {
  if (x.rank === 2) return batchNorm2d(x as Tensor2D, average as Tensor2D, variance as Tensor2D, beta as Tensor2D | undefined, gamma as Tensor2D | undefined, epsilon);
  if (x.rank === 3) return batchNorm3d(x as Tensor3D, average as Tensor3D, variance as Tensor3D, beta as Tensor3D | undefined, gamma as Tensor3D | undefined, epsilon);
  if (x.rank === 4) return batchNorm4d(x as Tensor4D, average as Tensor4D, variance as Tensor4D, beta as Tensor4D | undefined, gamma as Tensor4D | undefined, epsilon);
  throw new Failure('layer.rank', `Layer '${call.path}' (${call.type}) gets ${x.rank} axes; TensorFlow.js normalizes two to four.`);
}

const optional = (call: LayerCallContext, name: string): Tensor | undefined => (call.hasWeight(name) ? call.weight(name) : undefined);

function tfjsBatch(call: LayerCallContext, x: Tensor, axis: number, epsilon: number, momentum: number): Tensor {
  const others = Array.from({ length: x.rank }, (_, index) => index).filter((index) => index !== axis);
  const shape = x.shape.map((extent, index) => (index === axis ? extent : 1));
  const wide = axis !== x.rank - 1;
  const spread = (tensor: Tensor | undefined): Tensor | undefined => (tensor === undefined || !wide ? tensor : reshape(tensor, shape));
  const normal = (average: Tensor, variance: Tensor): Tensor => {
    const [a = average, v = variance] = [spread(average), spread(variance)];
    if (!call.training) {
      const beta = spread(optional(call, 'beta'));
      return fusedNorm(call, x, a, v, beta, spread(optional(call, 'gamma')), epsilon);
    }
    const gamma = spread(optional(call, 'gamma'));
    return fusedNorm(call, x, a, v, spread(optional(call, 'beta')), gamma, epsilon);
  };
  if (!call.training) return normal(call.weight('moving_mean'), call.weight('moving_variance'));
  const { mean: average, variance } = moments(x, others);
  const y = normal(average, variance);
  const moved = (name: string, value: Tensor): void => {
    const before = call.weight(name);
    call.assign(name, sub(before, mul(sub(before, value), 1 - momentum)));
  };
  moved('moving_mean', average);
  moved('moving_variance', variance);
  return y;
}

/** Ioffe and Szegedy 2015. In training the batch's own mean and variance, which also move the statistics used later. */
const batch = pointwise((x, call) => {
  const axis = axisOf(call, listOf(call, 'axis')?.[0] ?? -1, x.rank);
  const epsilon = numberOf(call, 'epsilon', 1e-3);
  const momentum = numberOf(call, 'momentum', 0.99);
  if (flagOf(call, 'renorm', false)) throw badSetting(call, 'renorm', 'false; batch renormalization is not supported, so false');
  // TensorFlow.js cannot differentiate its own kernel along an inner axis, nor take five axes.
  if (call.convention === 'tfjs' && x.rank < 5 && (axis === x.rank - 1 || !call.training)) return tfjsBatch(call, x, axis, epsilon, momentum);
  if (!call.training || (!call.trainable && call.convention !== 'tfjs')) {
    const centred = sub(x, over(x, call.weight('moving_mean'), [axis]));
    return rescaled(call, x, standardized(centred, over(x, call.weight('moving_variance'), [axis]), epsilon), [axis]);
  }
  const others = Array.from({ length: x.rank }, (_, index) => index).filter((index) => index !== axis);
  const mask = maskOf(call);
  const average = weighted(x, mask, others);
  const centred = sub(x, average);
  const variance = weighted(square(centred), mask, others);
  const counted = sizeOf(others.map((index) => x.shape[index] ?? 1));
  const moved = (name: string, value: Tensor): void => {
    const before = call.weight(name);
    call.assign(name, add(mul(before, momentum), mul(reshape(value, before.shape), 1 - momentum)));
  };
  const y = rescaled(call, x, standardized(centred, variance, epsilon), [axis]);
  moved('moving_mean', average);
  // PyTorch keeps the unbiased variance.
  moved('moving_variance', call.convention === 'pytorch' ? mul(variance, counted / Math.max(1, counted - 1)) : variance);
  return y;
});

/** Mean over axes, of the elements that a mask keeps. */
function weighted(x: Tensor, mask: Tensor | null, axes: number[]): Tensor {
  if (mask === null) return mean(x, axes, true);
  const weights = mul(reshape(cast(mask, 'float32'), [...mask.shape, ...x.shape.slice(mask.rank).map(() => 1)]), onesLike(x));
  return div(sum(mul(x, weights), axes, true), sum(weights, axes, true));
}

/** Axes of the setting `axis`, from the front, in order. */
function axes(call: LayerCallContext, rank: number, fallback: number): number[] {
  return (listOf(call, 'axis') ?? [fallback]).map((axis) => axisOf(call, axis, rank)).sort((a, b) => a - b);
}

/** Ba and others 2016: every example by its own mean and variance. */
const layer = pointwise((x, call) => {
  const along = axes(call, x.rank, -1);
  const epsilon = numberOf(call, 'epsilon', 1e-3);
  if (call.convention === 'tfjs') return tfjsLayer(call, x, along, epsilon);
  const average = mean(x, along, true);
  const centred = sub(x, average);
  const variance = mean(square(centred), along, true);
  if (flagOf(call, 'rms_scaling', false)) {
    const y = standardized(x, variance, epsilon);
    return call.hasWeight('gamma') ? mul(y, over(x, call.weight('gamma'), along)) : y;
  }
  return rescaled(call, x, standardized(centred, variance, epsilon), along);
});

function tfjsLayer(call: LayerCallContext, x: Tensor, along: number[], epsilon: number): Tensor {
  const { mean: average, variance } = moments(x, along, true);
  const spread = (name: string): Tensor | undefined => {
    const weight = optional(call, name);
    return weight === undefined || weight.rank === x.rank ? weight : reshape(weight, x.shape.map((extent, axis) => (along.includes(axis) ? extent : 1)));
  };
  const [gamma, beta] = [spread('gamma'), spread('beta')];
  const inside = x.shape.map((extent, axis) => (along.includes(axis) ? extent : 1));
  const outside = x.shape.map((extent, axis) => (along.includes(axis) ? 1 : extent));
  const [a, v] = [tile(average, inside), tile(variance, inside)];
  const scale = gamma === undefined ? undefined : tile(gamma, outside);
  const offset = beta === undefined ? undefined : tile(beta, outside);
  return fusedNorm(call, x, a, v, offset, scale, epsilon);
}

/** Wu and He 2018: channels in groups, each group of an example by its own mean and variance. */
const group = pointwise((x, call) => {
  const axis = axisOf(call, numberOf(call, 'axis', -1), x.rank);
  const channels = x.shape[axis] ?? 1;
  const wanted = numberOf(call, 'groups', 32);
  const groups = wanted === -1 ? channels : wanted;
  if (channels % groups !== 0) throw badSetting(call, 'groups', `a divisor of the ${channels} channels`);
  const split = reshape(x, [...x.shape.slice(0, axis), groups, channels / groups, ...x.shape.slice(axis + 1)]);
  const along = Array.from({ length: split.rank - 1 }, (_, index) => index + 1).filter((index) => index !== axis);
  const average = mean(split, along, true);
  const centred = sub(split, average);
  const variance = mean(square(centred), along, true);
  return rescaled(call, x, reshape(standardized(centred, variance, numberOf(call, 'epsilon', 1e-3)), x.shape), [axis]);
});

/** Zhang and Sennrich 2019: x / sqrt(mean(x²) + epsilon), scaled. */
const rms = pointwise((x, call) => {
  const along = axes(call, x.rank, -1);
  const y = standardized(x, mean(square(x), along, true), numberOf(call, 'epsilon', 1e-6));
  return call.hasWeight('scale') ? mul(y, over(x, call.weight('scale'), along)) : y;
});

/** x divided by its length along the axes. */
export function toUnitLength(x: Tensor, along: number[], epsilon = 1e-12): Tensor {
  return mul(x, minimum(rsqrt(sum(square(x), along, true)), 1 / epsilon));
}

const unit = pointwise((x, call) => toUnitLength(x, axes(call, x.rank, -1)));

/** Preprocessing by a known mean and variance; `invert` undoes it. */
const fixed = atOnce((call) => {
  const x = inputOf(call);
  const floats = x.dtype === 'float32' ? x : cast(x, 'float32');
  const along = (listOf(call, 'axis') ?? (call.config['axis'] === null ? [] : [-1])).map((axis) => axisOf(call, axis, x.rank)).sort((a, b) => a - b);
  const stat = (name: 'mean' | 'variance'): Tensor | number => {
    if (call.hasWeight(name)) {
      const weight = call.weight(name);
      return weight.rank === x.rank || weight.rank === 0 ? weight : reshape(weight, x.shape.map((extent, axis) => (along.includes(axis) ? extent : 1)));
    }
    const value = call.config[name];
    if (typeof value === 'number') return value;
    const flat = Array.isArray(value) ? (value.flat(8) as unknown[]).filter((entry) => typeof entry === 'number') : [];
    if (flat.length === 0) throw badSetting(call, name, 'numbers; adapt the layer before saving, so numbers');
    return flat.length === 1 ? (flat[0] ?? 0) : reshape(flat, x.shape.map((extent, axis) => (along.includes(axis) ? extent : 1)));
  };
  const deviation = (): Tensor | number => {
    const variance = stat('variance');
    // Keras keeps the deviation at 1e-7 or above.
    return typeof variance === 'number' ? Math.max(Math.sqrt(variance), 1e-7) : maximum(sqrt(variance), 1e-7);
  };
  if (flagOf(call, 'invert', false)) return { outputs: [add(stat('mean'), mul(floats, deviation()))] };
  return { outputs: [div(sub(floats, stat('mean')), deviation())] };
});

export const normalizationLayers: Readonly<Record<string, LayerForward>> = {
  BatchNormalization: batch,
  BatchNormalizationV1: batch,
  BatchNormalizationV2: batch,
  LayerNormalization: layer,
  GroupNormalization: group,
  RMSNormalization: rms,
  UnitNormalization: unit,
  Normalization: fixed,
};

