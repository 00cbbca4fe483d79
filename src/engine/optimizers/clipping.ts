/** Gradient clipping as in Keras 3's base optimizer, and its decoupled weight decay. */
import { add, clipByValue, div, maximum, minimum, mul, sqrt, square, sub, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Settings, StepContext } from './rule';

/** What every gradient is multiplied with under `global_clipnorm`; null without it. */
export function globalScale(gradients: readonly Tensor[], settings: Settings): Tensor | null {
  const limit = settings.number('globalclipnorm');
  if (!(limit > 0) || settings.number('clipnorm') > 0 || gradients.length === 0) return null;
  const norm = sqrt(gradients.map((gradient) => sum(square(gradient))).reduce((total, part) => add(total, part)));
  return mul(limit, minimum(div(1, norm), 1 / limit));
}

/** The gradient after `clipnorm`, `global_clipnorm` (by `scale`) or `clipvalue`; the first that is set counts. */
export function clip(gradient: Tensor, settings: Settings, scale: Tensor | null): Tensor {
  const norm = settings.number('clipnorm');
  if (norm > 0) return div(mul(gradient, norm), maximum(sqrt(sum(square(gradient))), norm));
  if (scale !== null) return mul(gradient, scale);
  const value = settings.number('clipvalue');
  return value > 0 ? clipByValue(gradient, -value, value) : gradient;
}

/** Keras's `weight_decay`: the weight shrinks by rate x decay before its step. */
export function decay(value: Tensor, { settings, rateTensor }: StepContext, amount = settings.number('weightdecay')): Tensor {
  return amount === 0 ? value : sub(value, mul(mul(value, amount), rateTensor()));
}
