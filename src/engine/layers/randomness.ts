/** Random numbers of layers, from a seed: dropout masks and noise. */
import { randomNormal, randomUniform, div, floor, add } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A mask for inverted dropout: 0 with probability `rate`, else 1 / (1 - rate). */
export function dropMask(shape: readonly number[], rate: number, seed: number): Tensor {
  const kept = 1 - rate;
  return div(floor(add(uniform(shape, seed), kept)), kept);
}

/** Uniform on [0, 1). */
export function uniform(shape: readonly number[], seed: number): Tensor {
  return randomUniform([...shape], 0, 1, 'float32', seed);
}

/** Normal with that mean and standard deviation. */
export function normal(shape: readonly number[], mean: number, deviation: number, seed: number): Tensor {
  return randomNormal([...shape], mean, deviation, 'float32', seed);
}
