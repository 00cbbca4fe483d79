/** Rows: matrix products, convolutions, poolings, normalisation, resizing. The first of each family also run on small tensors by differences. */
import * as tf from '@tensorflow/tfjs-core';
import { row } from './rows';
import type { Row } from './rows';

/** tfjs-node knows no padding by numbers. */
const numericPadding = (rows: readonly Row[]): readonly Row[] => rows.map((entry) => ({ ...entry, backends: ['wasm', 'cpu'] }));

type Pad = 'same' | 'valid' | number;
type Two = [number, number];
type Three = [number, number, number];

const conv2d = (shape: number[], filter: number[], strides: number | Two, pad: Pad, dilations: number | Two = 1): Row => row(
  `conv2d ${shape.join('x')} * ${filter.join('x')} strides ${strides.toString()} ${pad}${dilations === 1 ? '' : ` dilation ${dilations.toString()}`}`,
  [shape, filter], (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad, 'NHWC', dilations, typeof pad === 'number' ? 'floor' : undefined));
const depthwise = (shape: number[], filter: number[], strides: number | Two, pad: Pad, dilations: number | Two = 1): Row => row(
  `depthwiseConv2d ${shape.join('x')} * ${filter.join('x')} strides ${strides.toString()} ${pad}${dilations === 1 ? '' : ` dilation ${dilations.toString()}`}`,
  [shape, filter], (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad, 'NHWC', dilations, typeof pad === 'number' ? 'floor' : undefined));
const transposed = (shape: number[], filter: number[], output: [number, number, number, number], strides: number | Two, pad: Pad): Row => row(
  `conv2dTranspose ${shape.join('x')} * ${filter.join('x')} strides ${strides.toString()} ${pad}`, [shape, filter], (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, output, strides, pad));
const conv3d = (shape: number[], filter: number[], strides: number | Three, pad: 'same' | 'valid'): Row => row(
  `conv3d ${shape.join('x')} * ${filter.join('x')} strides ${strides.toString()} ${pad}`, [shape, filter], (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, strides, pad));
const pool2 = (kind: 'max' | 'avg', shape: number[], size: number | Two, strides: number | Two, pad: Pad): Row => row(
  `${kind}Pool ${shape.join('x')} size ${size.toString()} strides ${strides.toString()} ${pad}`, [shape],
  (x) => (kind === 'max' ? tf.maxPool : tf.avgPool)(x as tf.Tensor4D, size, strides, pad, typeof pad === 'number' ? 'floor' : undefined));
const pool3 = (kind: 'max' | 'avg', shape: number[], size: number | Three, strides: number | Three, pad: 'same' | 'valid'): Row => row(
  `${kind}Pool3d ${shape.join('x')} size ${size.toString()} strides ${strides.toString()} ${pad}`, [shape], (x) => (kind === 'max' ? tf.maxPool3d : tf.avgPool3d)(x as tf.Tensor5D, size, strides, pad));

const products: readonly Row[] = [
  row('matMul', [[3, 4], [4, 5]], (a, b) => tf.matMul(a, b)), row('matMul, first transposed', [[4, 3], [4, 5]], (a, b) => tf.matMul(a, b, true)), row('matMul, second transposed', [[3, 4], [5, 4]], (a, b) => tf.matMul(a, b, false, true)),
  row('matMul, both transposed', [[4, 3], [5, 4]], (a, b) => tf.matMul(a, b, true, true)), row('matMul, batched', [[2, 3, 4], [2, 4, 5]], (a, b) => tf.matMul(a, b)), row('matMul, batch broadcast', [[2, 3, 4], [1, 4, 5]], (a, b) => tf.matMul(a, b)),
  row('matMul, batch broadcast by rank', [[2, 3, 4], [4, 5]], (a, b) => tf.matMul(a, b)), row('matMul, two batch dimensions, broadcast', [[2, 1, 3, 4], [1, 3, 5, 4]], (a, b) => tf.matMul(a, b, false, true)),
  row('matMul, broadcast, first transposed', [[1, 4, 3], [2, 4, 5]], (a, b) => tf.matMul(a, b, true)), row('dense with bias and elu', [[3, 4], [4, 5], [5]], (x, w, b) => tf.elu(tf.add(tf.matMul(x, w), b))),
  row('dot', [[4], [4, 2]], (a, b) => tf.dot(a, b)), row('outerProduct', [[3], [4]], (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D)),
  row('einsum, matrix product', [[2, 3], [3, 4]], (a, b) => tf.einsum('ij,jk->ik', a, b)), row('einsum, attention scores', [[2, 3, 2, 4], [2, 5, 2, 4]], (a, b) => tf.einsum('bqhd,bkhd->bhqk', a, b)),
  row('einsum, sums over an index of one', [[2, 3, 4], [2, 5]], (a, b) => tf.einsum('bij,bk->ik', a, b)), row('einsum, outer product', [[2], [3]], (a, b) => tf.einsum('i,j->ij', a, b)), row('einsum, transpose and sum', [[2, 3, 4]], (a) => tf.einsum('ijk->kj', a)),
  row('bilinear', [[2, 3], [2, 4]], (a, b) => tf.einsum('bi,bj->bij', a, b)),
];

const convolutions: readonly Row[] = [
  conv2d([1, 4, 4, 1], [3, 3, 1, 1], 1, 'valid'), conv2d([2, 5, 4, 3], [3, 2, 3, 5], 1, 'same'), conv2d([2, 5, 5, 2], [3, 3, 2, 4], 2, 'same'), conv2d([1, 6, 5, 4], [2, 3, 4, 9], [2, 1], 'valid'), conv2d([1, 6, 6, 2], [1, 1, 2, 3], 2, 'valid'),
  conv2d([1, 7, 7, 1], [3, 3, 1, 2], 1, 'valid', 2), conv2d([2, 9, 8, 2], [3, 3, 2, 3], 1, 'same', [4, 3]), conv2d([1, 4, 4, 3], [3, 3, 3, 2], 1, 'same', 36), conv2d([1, 6, 7, 2], [2, 3, 2, 2], 1, 'same', [2, 3]), conv2d([1, 5, 5, 5], [5, 5, 5, 6], 1, 'same'), conv2d([2, 4, 4, 8], [3, 3, 8, 8], 1, 'same'),
  row('conv1d', [[2, 7, 3], [3, 3, 4]], (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 2, 'same')), row('conv1d, dilated', [[2, 9, 2], [3, 2, 3]], (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, 'valid', 'NWC', 2)),
  row('conv1d, causal padding', [[1, 6, 2], [3, 2, 2]], (x, w) => tf.conv1d(tf.pad(x as tf.Tensor3D, [[0, 0], [2, 0], [0, 0]]), w as tf.Tensor3D, 1, 'valid')),
  transposed([1, 3, 3, 2], [3, 3, 4, 2], [1, 6, 6, 4], 2, 'same'), transposed([2, 3, 2, 3], [2, 2, 1, 3], [2, 4, 3, 1], 1, 'valid'), transposed([1, 2, 2, 4], [3, 3, 5, 4], [1, 5, 5, 5], 2, 'valid'),
  depthwise([1, 5, 5, 3], [3, 3, 3, 1], 1, 'same'), depthwise([2, 5, 4, 2], [2, 3, 2, 3], 1, 'valid'), depthwise([1, 6, 6, 5], [3, 3, 5, 2], 2, 'same'), depthwise([1, 1, 8, 2], [1, 3, 2, 1], [1, 1], 'same'), depthwise([1, 1, 8, 4], [1, 3, 4, 1], 2, 'same'), depthwise([1, 5, 8, 3], [1, 5, 3, 1], 2, 'same'),
  depthwise([1, 7, 7, 2], [3, 3, 2, 2], 1, 'same', 2), depthwise([1, 7, 6, 4], [2, 3, 4, 1], 1, 'valid', [2, 1]),
  row('separableConv2d', [[1, 5, 5, 3], [3, 3, 3, 2], [1, 1, 6, 4]], (x, d, p) => tf.separableConv2d(x as tf.Tensor4D, d as tf.Tensor4D, p as tf.Tensor4D, 1, 'same')),
  conv3d([1, 3, 4, 4, 2], [2, 2, 3, 2, 3], 1, 'same'), conv3d([1, 4, 4, 5, 1], [2, 3, 2, 1, 5], 2, 'valid'), conv3d([2, 3, 3, 3, 2], [3, 3, 3, 2, 2], [1, 2, 1], 'same'),
  row('conv3dTranspose', [[1, 2, 2, 2, 2], [2, 2, 2, 3, 2]], (x, w) => tf.conv3dTranspose(x as tf.Tensor5D, w as tf.Tensor5D, [1, 4, 4, 4, 3], 2, 'same')),
  row('dilation2d', [[1, 5, 5, 2], [2, 2, 2]], (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, 'valid')),
];

const pools: readonly Row[] = [
  ...(['max', 'avg'] as const).flatMap((kind) => [
    pool2(kind, [1, 4, 4, 2], 2, 2, 'valid'), pool2(kind, [2, 5, 5, 3], 3, 2, 'same'), pool2(kind, [1, 5, 6, 4], [2, 3], 1, 'same'), pool2(kind, [1, 5, 5, 1], [3, 2], [1, 2], 'valid'), pool2(kind, [1, 4, 4, 2], 1, 2, 'valid'), pool2(kind, [1, 7, 7, 3], 2, 3, 'same'),
    pool3(kind, [1, 4, 4, 4, 2], 2, 2, 'valid'), pool3(kind, [1, 3, 5, 4, 3], [2, 3, 2], [1, 2, 1], 'same'),
  ]),
  row('global average pooling', [[2, 3, 4, 5]], (x) => tf.mean(x, [1, 2])), row('global max pooling', [[2, 3, 4, 5]], (x) => tf.max(x, [1, 2])),
];

const normalisation: readonly Row[] = [
  row('batch normalisation, training', [[4, 3, 2], [2], [2]], (x, gamma, beta) => { const { mean, variance } = tf.moments(x, [0, 1]); return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3))), gamma), beta); }),
  row('batchNorm kernel', [[2, 2, 2, 3], [3], [3]], (x, scale, offset) => tf.batchNorm(x, tf.tensor1d([0.1, -0.2, 0.3]), tf.tensor1d([0.5, 1, 2]), offset, scale, 1e-3)),
  row('layer normalisation', [[3, 6], [6], [6]], (x, gamma, beta) => { const { mean, variance } = tf.moments(x, 1, true); return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-3))), gamma), beta); }),
  row('localResponseNormalization', [[1, 2, 2, 6]], (x) => tf.localResponseNormalization(x as tf.Tensor4D, 2, 1, 0.5, 0.75)),
  row('softmax cross-entropy', [[4, 5]], (x) => tf.neg(tf.sum(tf.mul(tf.oneHot(tf.tensor1d([1, 0, 4, 2], 'int32'), 5), tf.logSoftmax(x)), 1))),
  row('binary cross-entropy from logits', [[6]], (x) => tf.losses.sigmoidCrossEntropy(tf.tensor1d([0, 1, 1, 0, 1, 0]), x)),
];

const pictures: readonly Row[] = [
  row('resizeBilinear up', [[1, 3, 4, 2]], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [6, 5])), row('resizeBilinear, alignCorners', [[1, 3, 4, 2]], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 7], true)), row('resizeBilinear, half-pixel centres', [[1, 3, 4, 2]], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [6, 8], false, true)),
  row('resizeBilinear down', [[1, 6, 6, 1]], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [3, 4])), row('resizeNearestNeighbor up', [[1, 3, 4, 2]], (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [6, 8])), row('resizeNearestNeighbor, half-pixel centres', [[1, 3, 4, 2]], (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 6], false, true)),
  row('resizeNearestNeighbor, alignCorners', [[1, 3, 4, 2]], (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 7], true)),
  row('upsampling by repetition', [[1, 2, 3, 2]], (x) => tf.reshape(tf.tile(tf.reshape(x, [1, 2, 1, 3, 1, 2]), [1, 1, 2, 1, 2, 1]), [1, 4, 6, 2])),
];

const numeric = numericPadding([conv2d([1, 5, 5, 2], [3, 3, 2, 3], 1, 1), conv2d([1, 6, 6, 2], [3, 3, 2, 3], 2, 1), depthwise([1, 5, 5, 2], [3, 3, 2, 1], 1, 1), pool2('max', [1, 6, 6, 2], 3, 2, 1), pool2('avg', [1, 6, 6, 2], 3, 2, 1)]);

export const layerRows: readonly Row[] = [...products, ...convolutions, ...pools, ...normalisation, ...pictures, ...numeric];
