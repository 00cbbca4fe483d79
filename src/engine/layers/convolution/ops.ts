/** Convolutions of one to three spatial axes on channels-last tensors, from the kernels that TensorFlow.js can also differentiate. */
import { concat, conv2d, conv2dTranspose, conv3d, conv3dTranspose, depthwiseConv2d, pad, reshape, slice, split } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';

export type Padding = 'valid' | 'same';

/** What the kernel slides with, one number a spatial axis. */
export interface Window { readonly strides: readonly number[]; readonly dilations: readonly number[]; readonly padding: Padding }

/** `tensor` with its shape known to have four or five axes, as TensorFlow.js's signatures want. */
const four = (tensor: Tensor): Tensor4D => tensor as Tensor4D;
const five = (tensor: Tensor): Tensor5D => tensor as Tensor5D;
const pair = ([first = 1, second = 1]: readonly number[]): [number, number] => [first, second];
const triple = ([first = 1, second = 1, third = 1]: readonly number[]): [number, number, number] => [first, second, third];

/**
 * `rate - 1` zeros between the elements along `axis`, none behind the last: a dilated kernel, or the input of a transposed
 * convolution. Its gradient is the slice that TensorFlow.js has for all its parts.
 */
export function spread(x: Tensor, axis: number, rate: number): Tensor {
  const extent = x.shape[axis] ?? 1;
  if (rate === 1 || extent === 1) return x;
  const outer = sizeOf(x.shape.slice(0, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const apart = pad(reshape(x, [outer, extent, 1, inner]), [[0, 0], [0, 0], [0, rate - 1], [0, 0]]);
  const length = (extent - 1) * rate + 1;
  const kept = slice(reshape(apart, [outer, extent * rate, inner]), [0, 0, 0], [outer, length, inner]);
  return reshape(kept, [...x.shape.slice(0, axis), length, ...x.shape.slice(axis + 1)]);
}

/** A kernel with zeros between its taps, so that it can be used with dilation 1. */
export function dilated(kernel: Tensor, dilations: readonly number[]): Tensor {
  return dilations.reduce((taps, rate, axis) => spread(taps, axis, rate), kernel);
}

/** Convolution of `x` `[batch, …, channels]` by `kernel` `[…, channels / groups, filters]`. */
export function convolve(x: Tensor, kernel: Tensor, window: Window, groups = 1): Tensor {
  if (groups > 1) {
    const kernels = split(kernel, groups, kernel.rank - 1);
    const parts = split(x, groups, x.rank - 1).flatMap((part, group) => {
      const own = kernels[group];
      return own === undefined ? [] : [convolve(part, own, window)];
    });
    return concat(parts, x.rank - 1);
  }
  if (x.rank === 3) return flat(convolve(raised(x), raisedKernel(kernel), raisedWindow(window)));
  if (x.rank === 4 && window.strides.every((stride) => stride === 1)) {
    return conv2d(four(x), four(kernel), [1, 1], window.padding, 'NHWC', pair(window.dilations));
  }
  const taps = dilated(kernel, window.dilations);
  if (x.rank === 4) return conv2d(four(x), four(taps), pair(window.strides), window.padding);
  return conv3d(five(x), five(taps), triple(window.strides), window.padding);
}

/** Convolution of every channel by its own kernels, `[…, channels, multiplier]`; one or two spatial axes. */
export function convolveDepthwise(x: Tensor, kernel: Tensor, window: Window): Tensor {
  if (x.rank === 3) return flat(convolveDepthwise(raised(x), raisedKernel(kernel), raisedWindow(window)));
  if (window.strides.every((stride) => stride === 1)) {
    return depthwiseConv2d(four(x), four(kernel), [1, 1], window.padding, 'NHWC', pair(window.dilations));
  }
  return depthwiseConv2d(four(x), four(dilated(kernel, window.dilations)), pair(window.strides), window.padding);
}

/**
 * Transposed convolution by `kernel` `[…, filters, channels]` to the spatial extents `extents`: what a convolution with these
 * settings does to the gradient of its output.
 */
export function convolveTransposed(x: Tensor, kernel: Tensor, extents: readonly number[], window: Window): Tensor {
  if (x.rank === 3) return flat(convolveTransposed(raised(x), raisedKernel(kernel), [1, ...extents], raisedWindow(window)));
  const taps = dilated(kernel, window.dilations);
  const filters = taps.shape[taps.rank - 2] ?? 1;
  if (x.rank === 4) {
    const [height = 1, width = 1] = extents;
    return conv2dTranspose(four(x), four(taps), [x.shape[0] ?? 1, height, width, filters], pair(window.strides), window.padding);
  }
  const [depth = 1, height = 1, width = 1] = extents;
  return conv3dTranspose(five(x), five(taps), [x.shape[0] ?? 1, depth, height, width, filters], triple(window.strides), window.padding);
}

/** A sequence as a picture of height 1, `[batch, 1, steps, channels]`, with the kernel and the window to match. */
function raised(x: Tensor): Tensor {
  const [batch = 1, steps = 1, channels = 1] = x.shape;
  return reshape(x, [batch, 1, steps, channels]);
}

function raisedKernel(kernel: Tensor): Tensor {
  return reshape(kernel, [1, ...kernel.shape]);
}

function raisedWindow(window: Window): Window {
  return { padding: window.padding, strides: [1, ...window.strides], dilations: [1, ...window.dilations] };
}

function flat(x: Tensor): Tensor3D {
  const [batch = 1, , steps = 1, channels = 1] = x.shape;
  return reshape(x, [batch, steps, channels]);
}
