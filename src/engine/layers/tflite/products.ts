/** TFLite's convolutions, pooling and products. Kernels are stored (out, height, width, in), depthwise (1, height, width, out), dense (out, in). */
import { add, avgPool, conv2dTranspose, conv3d, conv3dTranspose, matMul, maxPool, reshape, sqrt, square, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import { convolve, convolveDepthwise } from '../convolution/ops';
import type { LayerCallContext, LayerForward } from '../layer';
import { flag, list, numbers, operand, optional, text } from '../tensorflow/operands';
import { halfTransform, imaginaryPart, magnitude, realPart } from '../tensorflow/signals';
import { activated, operator } from './operator';

const padding = (call: LayerCallContext): 'same' | 'valid' => (text(call, 'padding', 'valid') === 'same' ? 'same' : 'valid');
const spread = (call: LayerCallContext, key: string): number[] => { const given = list(call, key); return given.length === 0 ? [1, 1] : given.map((step) => Math.max(1, step)); };
const withBias = (call: LayerCallContext, x: Tensor, position: number): Tensor => { const bias = optional(call, position); return activated(call, bias === null ? x : add(x, bias)); };
const window = (call: LayerCallContext): { strides: number[]; dilations: number[]; padding: 'same' | 'valid' } => ({ strides: spread(call, 'strides'), dilations: spread(call, 'dilations'), padding: padding(call) });

const pool = (run: typeof maxPool): LayerForward => operator((call) => {
  const [[height = 1, width = 1], [strideY = 1, strideX = 1]] = [spread(call, 'pool_size'), spread(call, 'strides')];
  return activated(call, run(operand(call, 0) as Tensor4D, [height, width], [strideY, strideX], padding(call)));
});

export const products: Readonly<Record<string, LayerForward>> = {
  CONV_2D: operator((call) => {
    const [x, stored] = [operand(call, 0), operand(call, 1)];
    return withBias(call, convolve(x, transpose(stored, [1, 2, 3, 0]), window(call), Math.max(1, (x.shape[3] ?? 1) / (stored.shape[3] ?? 1))), 2);
  }),
  DEPTHWISE_CONV_2D: operator((call) => {
    const [x, stored] = [operand(call, 0), operand(call, 1)];
    const [, height = 1, width = 1, filters = 1] = stored.shape;
    const channels = x.shape[3] ?? 1;
    return withBias(call, convolveDepthwise(x, reshape(stored, [height, width, channels, filters / channels]), window(call)), 2);
  }),
  CONV_3D: operator((call) => {
    const [[strideZ = 1, strideY = 1, strideX = 1], [rateZ = 1, rateY = 1, rateX = 1]] = [spread(call, 'strides'), spread(call, 'dilations')];
    return withBias(call, conv3d(operand(call, 0) as Tensor5D, operand(call, 1) as Tensor5D, [strideZ, strideY, strideX], padding(call), 'NDHWC', [rateZ, rateY, rateX]), 2);
  }),
  // Inputs: the shape of the result, the kernel, the tensor, a bias.
  TRANSPOSE_CONV: operator((call) => {
    const x = operand(call, 2);
    const [, height = 1, width = 1, channels = 1] = numbers(call, 0);
    const [strideY = 1, strideX = 1] = spread(call, 'strides');
    return withBias(call, conv2dTranspose(x as Tensor4D, transpose(operand(call, 1) as Tensor4D, [1, 2, 0, 3]), [x.shape[0] ?? 1, height, width, channels], [strideY, strideX], padding(call)), 3);
  }),
  FULLY_CONNECTED: operator((call) => {
    const [x, kernel] = [operand(call, 0), operand(call, 1)];
    const [units = 1, features = 1] = kernel.shape;
    const rows = x.rank === 2 && x.shape[1] === features ? x : reshape(x, [-1, features]);
    const y = withBias(call, matMul(rows, kernel, false, true), 2);
    return flag(call, 'keep_num_dims') && x.rank !== 2 ? reshape(y, [...x.shape.slice(0, -1), units]) : y;
  }),
  BATCH_MATMUL: operator((call) => matMul(operand(call, 0), operand(call, 1), flag(call, 'adj_x'), flag(call, 'adj_y'))),
  // MediaPipe's. Its result is as large as its stride, or as its window reaches.
  Convolution2DTransposeBias: operator((call) => {
    const [x, kernel] = [operand(call, 0), operand(call, 1)];
    const [channels = 1, height = 1, width = 1] = kernel.shape;
    const [strideY = 1, strideX = 1] = spread(call, 'strides');
    const extent = (axis: number, stride: number, reach: number): number => (x.shape[axis] ?? 1) * stride + (padding(call) === 'same' ? 0 : reach - stride);
    return withBias(call, conv2dTranspose(x as Tensor4D, transpose(kernel as Tensor4D, [1, 2, 0, 3]), [x.shape[0] ?? 1, extent(1, strideY, height), extent(2, strideX, width), channels], [strideY, strideX], padding(call)), 2);
  }),
  RFFT2D: operator(halfTransform), REAL: operator((call) => realPart(operand(call, 0))), IMAG: operator((call) => imaginaryPart(operand(call, 0))), COMPLEX_ABS: operator((call) => magnitude(operand(call, 0))),
  MAX_POOL_2D: pool(maxPool), AVERAGE_POOL_2D: pool(avgPool), L2_POOL_2D: pool((x, ...window) => sqrt(avgPool(square(x), ...window))),
  CONV_3D_TRANSPOSE: operator((call) => {
    const x = operand(call, 2);
    const [batch = 1, depth = 1, height = 1, width = 1, channels = 1] = numbers(call, 0);
    const [strideZ = 1, strideY = 1, strideX = 1] = spread(call, 'strides');
    return withBias(call, conv3dTranspose(x as Tensor5D, operand(call, 1) as Tensor5D, [batch, depth, height, width, channels], [strideZ, strideY, strideX], padding(call)), 3);
  }),
};
