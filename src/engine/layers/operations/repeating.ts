/** Elements repeated in a row along an axis, by kernels that every backend differentiates. */
import { expandDims, reshape, tile } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Every element `factor` times in a row along `axis`. */
export function repeatAlong(x: Tensor, axis: number, factor: number): Tensor {
  if (factor === 1) return x;
  const reps = Array.from({ length: x.rank + 1 }, (_, index) => (index === axis + 1 ? factor : 1));
  const shape = x.shape.map((extent, index) => (index === axis ? extent * factor : extent));
  return reshape(tile(expandDims(x, axis + 1), reps), shape);
}
