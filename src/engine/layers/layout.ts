/** Channels first or last: TensorFlow.js's kernels take channels last, so such layers transpose on the way in and out. */
import { transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** `[batch, channels, …]` to `[batch, …, channels]`. */
export function toChannelsLast(x: Tensor): Tensor {
  return transpose(x, [0, ...Array.from({ length: x.rank - 2 }, (_, axis) => axis + 2), 1]);
}

/** `[batch, …, channels]` to `[batch, channels, …]`. */
export function toChannelsFirst(x: Tensor): Tensor {
  return transpose(x, [0, x.rank - 1, ...Array.from({ length: x.rank - 2 }, (_, axis) => axis + 1)]);
}
