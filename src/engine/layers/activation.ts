/** Layers that are an activation function: Activation, ReLU, LeakyReLU, PReLU, ELU, Softmax, ThresholdedReLU. */
import { add, cast, clipByValue, elu, exp, greater, leakyRelu, logSumExp, mul, neg, ones, prelu, relu, scalar, sub } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { named, softmaxAlong } from './activations';
import type { Options } from './activations';
import { atOnce, inputOf, isTensor, pointwise } from './calls';
import { activated } from './dense';
import type { LayerCallContext, LayerForward } from './layer';
import { numberOf, optionalNumberOf } from './settings';

/** The function `name` with the settings of the layer. */
function apply(x: Tensor, call: LayerCallContext, name: string, options: Options): Tensor {
  return named(call, name, options, call.convention).apply(x);
}

const rectifying = pointwise((x, call) => {
  const ceiling = optionalNumberOf(call, 'max_value');
  if (call.convention === 'tfjs') return ceiling === null ? relu(x) : clipByValue(relu(x), 0, ceiling);
  return apply(x, call, 'relu', {
    max_value: ceiling, negative_slope: numberOf(call, 'negative_slope', 0), threshold: numberOf(call, 'threshold', 0),
  });
});

/** The slope of LeakyReLU's negative side, under Keras 3's name or its older one. */
function slopeOf(call: LayerCallContext): number {
  return optionalNumberOf(call, 'negative_slope') ?? numberOf(call, 'alpha', 0.3);
}

const parametric = pointwise((x, call) => {
  const alpha = call.weight('alpha');
  if (call.convention === 'tfjs') return prelu(x, alpha);
  // f(x) = max(x, 0) - alpha max(-x, 0)
  return sub(relu(x), mul(alpha, relu(neg(x))));
});

const thresholded = pointwise((x, call) => mul(x, cast(greater(x, numberOf(call, 'theta', 1)), 'float32')));

/** What a masked logit is lowered by, so that its probability vanishes. */
const large = -1e9;

/** Logits with those that the mask leaves out lowered out of reach. */
export function lowered(x: Tensor, mask: Tensor, by = large): Tensor {
  return add(x, mul(sub(1, cast(mask, 'float32')), by));
}

const soft: LayerForward = atOnce((call) => {
  let x = inputOf(call);
  const tfjs = call.convention === 'tfjs';
  const given = call.kwargs['mask'] ?? call.args[1];
  const mask = isTensor(given) ? given : null;
  if (mask) x = tfjs ? add(x, mul(sub(ones(x.shape), cast(mask, 'float32')), scalar(large))) : lowered(x, mask);
  const axis = call.config['axis'];
  const masks = [mask === null ? (call.masks[0] ?? null) : { tensor: () => mask }];
  if (Array.isArray(axis) && axis.length !== 1) {
    const axes = axis.filter((entry) => typeof entry === 'number').map((entry) => (entry < 0 ? entry + x.rank : entry));
    return { outputs: [exp(sub(x, logSumExp(x, axes, true)))], masks };
  }
  const only: unknown = Array.isArray(axis) ? axis[0] : axis;
  const at = typeof only === 'number' ? only : -1;
  return { outputs: [tfjs ? named(call, 'softmax', { axis: at }, 'tfjs').apply(x) : softmaxAlong(x, at)], masks, logits: x };
});

export const activationLayers: Readonly<Record<string, LayerForward>> = {
  Activation: atOnce((call) => activated(call, inputOf(call), [call.masks[0] ?? null])),
  ReLU: rectifying,
  LeakyReLU: pointwise((x, call) => leakyRelu(x, slopeOf(call))),
  PReLU: parametric,
  ELU: pointwise((x, call) => (call.convention === 'tfjs' ? elu(x) : apply(x, call, 'elu', { alpha: numberOf(call, 'alpha', 1) }))),
  Softmax: soft,
  ThresholdedReLU: thresholded,
};
