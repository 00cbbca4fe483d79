/** Convolution layers: plain, depthwise, separable and transposed, of one to three spatial axes. */
import { add, fused, conv1d, conv2dTranspose, conv3d, depthwiseConv2d, pad, reshape, separableConv2d } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import { activationOf } from '../activations';
import { atOnce, checkRank, inputOf } from '../calls';
import { activated, biasAdd, fusedActivation } from '../dense';
import type { LayerCallContext, LayerForward, LayerResult } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { channelsFirst, choiceOf, extentsOf, listOf, numberOf } from '../settings';
import { convolve, convolveDepthwise, convolveTransposed } from './ops';
import type { Window } from './ops';

/** The settings that all convolutions share, for `rank` spatial axes. */
function windowOf(call: LayerCallContext, rank: number): Window & { readonly causal: boolean } {
  const padding = choiceOf(call, 'padding', ['valid', 'same', 'causal']);
  return {
    strides: extentsOf(call, 'strides', rank, Array.from({ length: rank }, () => 1)),
    dilations: extentsOf(call, 'dilation_rate', rank, Array.from({ length: rank }, () => 1)),
    padding: padding === 'same' ? 'same' : 'valid',
    causal: padding === 'causal',
  };
}

/** Bias and activation behind a convolution whose output is channels last; turns the result round where channels come first. */
function finished(call: LayerCallContext, y: Tensor): LayerResult {
  const product = channelsFirst(call) ? toChannelsFirst(y) : y;
  if (!call.hasWeight('bias')) return activated(call, product);
  const bias = call.weight('bias');
  return activated(call, channelsFirst(call) ? add(product, reshape(bias, [1, bias.size, ...product.shape.slice(2).map(() => 1)])) : add(product, bias));
}

function inputChannelsLast(call: LayerCallContext, rank: number): Tensor {
  const x = inputOf(call);
  checkRank(call, x, rank + 2);
  return channelsFirst(call) ? toChannelsLast(x) : x;
}

const convolution = (rank: number): LayerForward => atOnce((call) => {
  if (call.convention === 'tfjs') return tfjsConvolution(call, rank);
  const window = windowOf(call, rank);
  let x = inputChannelsLast(call, rank);
  const kernel = call.weight('kernel');
  if (window.causal) x = pad(x, [[0, 0], [((kernel.shape[0] ?? 1) - 1) * (window.dilations[0] ?? 1), 0], [0, 0]]);
  return finished(call, convolve(x, kernel, window, numberOf(call, 'groups', 1)));
});

/** The kernels of tfjs-layers, in its order: only the planar convolution fuses bias and activation. */
function tfjsConvolution(call: LayerCallContext, rank: number): LayerResult {
  const { strides, dilations, padding } = windowOf(call, rank);
  const x = inputChannelsLast(call, rank);
  const kernel = call.weight('kernel');
  const bias = call.hasWeight('bias') ? call.weight('bias') : null;
  const last = (y: Tensor): Tensor => (channelsFirst(call) ? toChannelsFirst(y) : y);
  if (rank === 2) {
    const inside = fusedActivation(activationOf(call, call.config['activation'], call.convention));
    const [strideY = 1, strideX = 1] = strides;
    const [dilationY = 1, dilationX = 1] = dilations;
    if (dilationY > 1 || dilationX > 1) {
      // TensorFlow.js refuses to differentiate its fused kernel with dilation.
      const y = last(convolve(x, kernel, { strides, dilations, padding }));
      return activated(call, bias === null ? y : biasAdd(y, bias, channelsFirst(call)));
    }
    const y = last(fused.conv2d({
      x: x as Tensor4D, filter: kernel as Tensor4D, strides: [strideY, strideX], pad: padding, dataFormat: 'NHWC',
      dilations: [1, 1], bias: bias ?? undefined, activation: inside ?? 'linear',
    }));
    return inside === null ? activated(call, y) : { outputs: [y] };
  }
  const y = rank === 1
    ? conv1d(x as Tensor3D, kernel as Tensor3D, strides[0] ?? 1, padding, 'NWC', dilations[0] ?? 1)
    : conv3d(x as Tensor5D, kernel as Tensor5D, [strides[0] ?? 1, strides[1] ?? 1, strides[2] ?? 1], padding, 'NDHWC', [dilations[0] ?? 1, dilations[1] ?? 1, dilations[2] ?? 1]);
  return activated(call, last(bias === null ? y : biasAdd(y, bias)));
}

const depthwise = (rank: number): LayerForward => atOnce((call) => {
  const window = windowOf(call, rank);
  const x = inputChannelsLast(call, rank);
  // Files before Keras 3 call the weight depthwise_kernel.
  const kernel = call.weight(call.hasWeight('kernel') ? 'kernel' : 'depthwise_kernel');
  if (call.convention !== 'tfjs' || rank !== 2) return finished(call, convolveDepthwise(x, kernel, window));
  // tfjs-layers leaves out the dilation.
  const [strideY = 1, strideX = 1] = window.strides;
  const y = depthwiseConv2d(x as Tensor4D, kernel as Tensor4D, [strideY, strideX], window.padding);
  const turned = channelsFirst(call) ? toChannelsFirst(y) : y;
  return activated(call, call.hasWeight('bias') ? biasAdd(turned, call.weight('bias'), channelsFirst(call)) : turned);
});

const separable = (rank: number): LayerForward => atOnce((call) => {
  const window = windowOf(call, rank);
  let x = inputChannelsLast(call, rank);
  const spatial = call.weight('depthwise_kernel');
  const point = call.weight('pointwise_kernel');
  if (call.convention === 'tfjs' && rank === 2) {
    const [strideY = 1, strideX = 1] = window.strides;
    const [dilationY = 1, dilationX = 1] = window.dilations;
    let y: Tensor = separableConv2d(x as Tensor4D, spatial as Tensor4D, point as Tensor4D, [strideY, strideX], window.padding, [dilationY, dilationX], 'NHWC');
    if (call.hasWeight('bias')) y = biasAdd(y, call.weight('bias'));
    const result = activated(call, y);
    return channelsFirst(call) ? { ...result, outputs: result.outputs.map(toChannelsFirst) } : result;
  }
  if (window.causal) x = pad(x, [[0, 0], [((spatial.shape[0] ?? 1) - 1) * (window.dilations[0] ?? 1), 0], [0, 0]]);
  const ones = Array.from({ length: rank }, () => 1);
  const y = convolveDepthwise(x, spatial, window);
  return finished(call, convolve(y, point, { strides: ones, dilations: ones, padding: 'valid' }));
});

/** Extent of a transposed convolution's output along one axis, as Keras computes it. */
function transposedExtent(size: number, kernel: number, stride: number, padding: 'valid' | 'same', outputPadding: number | null): number {
  if (padding === 'valid') return (size - 1) * stride + kernel + (outputPadding ?? Math.max(kernel, stride) - kernel);
  return outputPadding === null ? size * stride : (size - 1) * stride + (kernel % 2) + outputPadding;
}

const transposed = (rank: number): LayerForward => atOnce((call) => {
  const window = windowOf(call, rank);
  const x = inputChannelsLast(call, rank);
  const kernel = call.weight('kernel');
  if (call.convention === 'tfjs' && rank === 2) return tfjsTransposed(call, x, kernel, window);
  const outputPadding = listOf(call, 'output_padding');
  const extents = window.strides.map((stride, axis) => {
    const reach = ((kernel.shape[axis] ?? 1) - 1) * (window.dilations[axis] ?? 1) + 1;
    const extra = outputPadding === null ? null : (outputPadding[axis] ?? outputPadding[0] ?? null);
    return transposedExtent(x.shape[axis + 1] ?? 1, reach, stride, window.padding, extra);
  });
  return finished(call, convolveTransposed(x, kernel, extents, window));
});

function tfjsTransposed(call: LayerCallContext, x: Tensor, kernel: Tensor, { strides, padding }: Window): LayerResult {
  const [strideY = 1, strideX = 1] = strides;
  const [batch = 1, height = 1, width = 1] = x.shape;
  const extent = (size: number, stride: number, reach = 1): number => size * stride + (padding === 'valid' ? Math.max(reach - stride, 0) : 0);
  const shape: [number, number, number, number] = [batch, extent(height, strideY, kernel.shape[0]), extent(width, strideX, kernel.shape[1]), kernel.shape[2] ?? 1];
  const y = conv2dTranspose(x as Tensor4D, kernel as Tensor4D, shape, [strideY, strideX], padding);
  const turned = channelsFirst(call) ? toChannelsFirst(y) : y;
  return activated(call, call.hasWeight('bias') ? biasAdd(turned, call.weight('bias'), channelsFirst(call)) : turned);
}

export const convolutionLayers: Readonly<Record<string, LayerForward>> = {
  Conv1D: convolution(1), Conv2D: convolution(2), Conv3D: convolution(3),
  DepthwiseConv1D: depthwise(1), DepthwiseConv2D: depthwise(2),
  SeparableConv1D: separable(1), SeparableConv2D: separable(2),
  Conv1DTranspose: transposed(1), Conv2DTranspose: transposed(2), Conv3DTranspose: transposed(3),
  Convolution1D: convolution(1), Convolution2D: convolution(2), Convolution3D: convolution(3),
};
