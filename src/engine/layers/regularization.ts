/** Layers that disturb in training, from the run's seed, and do nothing otherwise: dropout and noise. */
import { add, cast, greaterEqual, mul, sub } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { pointwise } from './calls';
import type { LayerCallContext, LayerForward } from './layer';
import { dropMask, normal, uniform } from './randomness';
import { channelsFirst, numberOf } from './settings';

const active = (call: LayerCallContext): boolean => call.training && call.dropout;

/** The setting `noise_shape` with the input's extents for null; the input's own shape where it is absent. */
function noiseShape(x: Tensor, call: LayerCallContext): number[] {
  const given = call.config['noise_shape'];
  if (!Array.isArray(given)) return x.shape;
  return x.shape.map((extent, axis) => {
    const wanted: unknown = given[axis];
    return typeof wanted === 'number' ? wanted : extent;
  });
}

/** Srivastava and others 2014: elements (or slices of equal noise) become 0 with probability `rate`, the rest grows. */
const dropout = (shapeOf: (x: Tensor, call: LayerCallContext) => number[]): LayerForward => pointwise((x, call) => {
  const rate = Math.max(0, Math.min(1, numberOf(call, 'rate')));
  if (rate === 0 || !active(call)) return x;
  if (rate === 1) return mul(x, 0);
  return mul(x, dropMask(shapeOf(x, call), rate, call.seed('dropout')));
});

/** One draw for a whole map of features. */
const spatialShape = (x: Tensor, call: LayerCallContext): number[] => {
  const channels = x.rank > 3 && channelsFirst(call) ? 1 : x.rank - 1;
  return x.shape.map((extent, axis) => (axis === 0 || axis === channels ? extent : 1));
};

/** Klambauer and others 2017: keeps mean and variance of self-normalizing networks. */
const alpha = pointwise((x, call) => {
  const rate = numberOf(call, 'rate');
  if (rate <= 0 || rate >= 1 || !active(call)) return x;
  const low = -1.6732632423543772 * 1.0507009873554805;
  const kept = cast(greaterEqual(uniform(noiseShape(x, call), call.seed('dropout')), rate), 'float32');
  const a = ((1 - rate) * (1 + rate * low ** 2)) ** -0.5;
  return add(mul(add(mul(x, kept), mul(sub(1, kept), low)), a), -a * low * rate);
});

const gaussianDropout = pointwise((x, call) => {
  const rate = numberOf(call, 'rate');
  if (rate <= 0 || rate >= 1 || !active(call)) return x;
  return mul(x, normal(x.shape, 1, Math.sqrt(rate / (1 - rate)), call.seed('noise')));
});

const gaussianNoise = pointwise((x, call) => {
  const deviation = numberOf(call, 'stddev');
  return deviation === 0 || !active(call) ? x : add(x, normal(x.shape, 0, deviation, call.seed('noise')));
});

export const regularizationLayers: Readonly<Record<string, LayerForward>> = {
  Dropout: dropout(noiseShape),
  SpatialDropout1D: dropout(spatialShape), SpatialDropout2D: dropout(spatialShape), SpatialDropout3D: dropout(spatialShape),
  AlphaDropout: alpha,
  GaussianDropout: gaussianDropout,
  GaussianNoise: gaussianNoise,
  // Its penalty is taken where all regularizers are.
  ActivityRegularization: pointwise((x) => x),
};
