/** Rows: arithmetic with broadcasting, activations, reductions, shapes. Adding a kernel is adding a row. */
import * as tf from '@tensorflow/tfjs-core';
import { row } from './rows';
import type { Row } from './rows';

const pair: [number[], number[]] = [[3, 4], [3, 4]];
const broadcast: [number[], number[]] = [[2, 3, 4], [3, 1]];

const unary: readonly Row[] = ([
  ['relu', tf.relu], ['relu6', (x) => tf.relu6(tf.mul(x, 10))], ['leakyRelu', (x) => tf.leakyRelu(x, 0.3)], ['elu', tf.elu], ['selu', tf.selu], ['sigmoid', tf.sigmoid], ['tanh', tf.tanh],
  ['softplus', tf.softplus], ['exp', tf.exp], ['expm1', tf.expm1], ['erf', tf.erf], ['abs', tf.abs], ['neg', tf.neg], ['square', tf.square], ['sin', tf.sin], ['cos', tf.cos], ['tan', (x) => tf.tan(tf.mul(x, 0.5))],
  ['sinh', tf.sinh], ['cosh', tf.cosh], ['atan', tf.atan], ['asinh', tf.asinh], ['softmax', (x) => tf.softmax(x)], ['logSoftmax', (x) => tf.logSoftmax(x)], ['logSigmoid', (x) => tf.logSigmoid(x)],
  ['clipByValue', (x) => tf.clipByValue(x, -0.2, 0.2)], ['gelu (exact)', (x) => tf.mul(tf.mul(0.5, x), tf.add(1, tf.erf(tf.div(x, Math.SQRT2))))],
  ['gelu (tanh)', (x) => tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3)))))))],
  ['swish', (x) => tf.mul(x, tf.sigmoid(x))], ['mish', (x) => tf.mul(x, tf.tanh(tf.softplus(x)))], ['hard sigmoid', (x) => tf.div(tf.relu6(tf.add(x, 3)), 6)], ['softsign', (x) => tf.div(x, tf.add(1, tf.abs(x)))],
  ['step', (x) => tf.mul(tf.step(x), x)], ['sign', (x) => tf.mul(tf.sign(x), x)], ['floor', (x) => tf.add(tf.floor(x), x)], ['ceil', (x) => tf.add(tf.ceil(x), x)], ['round', (x) => tf.add(tf.round(x), x)],
  ['prelu scalar', (x) => tf.prelu(x, tf.scalar(0.25))], ['cast', (x) => tf.mul(tf.cast(x, 'float32'), x)],
] as [string, (x: tf.Tensor) => tf.Tensor][]).map(([name, run]) => row(name, [[3, 7]], run));

const positive: readonly Row[] = ([
  ['log', tf.log], ['log1p', tf.log1p], ['sqrt', tf.sqrt], ['rsqrt', tf.rsqrt], ['reciprocal', tf.reciprocal], ['acosh', (x) => tf.acosh(tf.add(x, 1))], ['pow 1.7', (x) => tf.pow(x, 1.7)],
] as [string, (x: tf.Tensor) => tf.Tensor][]).map(([name, run]) => row(name, [[3, 5]], run, 'positive'));

const bounded: readonly Row[] = ([['asin', tf.asin], ['acos', tf.acos], ['atanh', tf.atanh]] as [string, (x: tf.Tensor) => tf.Tensor][]).map(([name, run]) => row(name, [[3, 5]], run, 'unit'));

const binary: readonly Row[] = ([
  ['add', tf.add], ['sub', tf.sub], ['mul', tf.mul], ['div', (a, b) => tf.div(a, tf.add(tf.square(b), 1))], ['maximum', tf.maximum], ['minimum', tf.minimum], ['squaredDifference', tf.squaredDifference],
  ['pow', (a, b) => tf.pow(tf.add(tf.square(a), 0.5), b)], ['atan2', (a, b) => tf.atan2(a, tf.add(tf.square(b), 0.5))], ['mod', (a, b) => tf.mod(tf.add(a, 7.2), tf.add(tf.square(b), 5))],
  ['floorDiv', (a, b) => tf.add(tf.floorDiv(tf.add(a, 7.2), tf.add(tf.square(b), 5)), tf.mul(a, b))], ['where', (a, b) => tf.where(tf.greater(tf.mul(a, b), 0), a, b)],
  ['prelu', (a, b) => tf.prelu(a, tf.mul(b, 1))],
] as [string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor][]).flatMap(([name, run]) => [row(name, pair, run), row(`${name}, broadcast`, broadcast, run), ...(name === 'prelu' ? [] : [row(`${name}, broadcast both ways`, [[3, 1], [1, 4]], run), row(`${name}, scalar first`, [[], [3, 4]], run)])]);

const reductions: readonly Row[] = ([
  ['sum', (x) => tf.sum(x, [1])], ['sum of all', (x) => tf.sum(x)], ['sum, keepDims', (x) => tf.sum(x, [0, 2], true)], ['mean', (x) => tf.mean(x, [0, 1])], ['max', (x) => tf.max(x, 1)], ['min', (x) => tf.min(x, 2)], ['max of all', (x) => tf.max(x)],
  ['prod', (x) => tf.prod(x, 1)], ['prod of all', (x) => tf.prod(tf.slice(x, [0, 0, 0], [1, 2, 2]))], ['logSumExp', (x) => tf.logSumExp(x, 1)], ['norm', (x) => tf.norm(x, 'euclidean', 1)], ['moments', (x) => { const { mean, variance } = tf.moments(x, [0, 1]); return tf.mul(mean, tf.sqrt(tf.add(variance, 1e-3))); }],
  ['cumsum', (x) => tf.cumsum(x, 1)], ['cumsum, exclusive, reverse', (x) => tf.cumsum(x, 2, true, true)],
] as [string, (x: tf.Tensor) => tf.Tensor][]).map(([name, run]) => row(name, [[2, 3, 4]], run));

const shapes: readonly Row[] = ([
  ['reshape', (x) => tf.mul(tf.reshape(x, [4, 6]), tf.reshape(x, [4, 6]))], ['transpose', (x) => tf.transpose(x, [2, 0, 1])], ['expandDims and squeeze', (x) => tf.squeeze(tf.expandDims(x, 1), [1])], ['slice', (x) => tf.slice(x, [0, 1, 1], [2, 2, 2])],
  ['stridedSlice', (x) => tf.stridedSlice(x, [0, 0, 0], [2, 3, 4], [1, 2, 2])], ['stridedSlice, backwards', (x) => tf.stridedSlice(x, [1, 2, 3], [-3, -4, -5], [-1, -1, -2])], ['stridedSlice, masks', (x) => tf.stridedSlice(x, [0, 1, 1], [0, 2, 3], [1, 1, 1], 1, 1, 0, 0, 2)],
  ['tile', (x) => tf.tile(x, [2, 1, 3])], ['pad', (x) => tf.pad(x, [[1, 0], [0, 2], [1, 1]], 0.5)], ['mirrorPad reflect', (x) => tf.mirrorPad(x, [[0, 1], [2, 1], [1, 0]], 'reflect')], ['mirrorPad symmetric', (x) => tf.mirrorPad(x, [[1, 1], [0, 2], [3, 0]], 'symmetric')],
  ['reverse', (x) => tf.reverse(x, [1])], ['split', (x) => { const [a, , c] = tf.split(x, 3, 1); return tf.mul(a!, c!); }], ['unstack', (x) => { const [a, b] = tf.unstack(x, 0); return tf.mul(a!, b!); }], ['broadcastTo', (x) => tf.broadcastTo(x, [3, 2, 3, 4])],
  ['gather', (x) => tf.gather(x, tf.tensor1d([2, 0, 2, 1], 'int32'), 1)], ['gather of a matrix of indices', (x) => tf.gather(x, tf.tensor2d([[1, 0], [1, 1]], [2, 2], 'int32'), 0)], ['gather, batched', (x) => tf.gather(x, tf.tensor2d([[2, 0], [1, 1]], [2, 2], 'int32'), 1, 1)],
  ['gatherND', (x) => tf.gatherND(x, tf.tensor2d([[1, 2], [0, 0], [1, 2]], [3, 2], 'int32'))], ['oneHot product', (x) => tf.mul(tf.oneHot(tf.tensor1d([0, 3, 1], 'int32'), 4), x)], ['topk values', (x) => tf.topk(x, 2).values],
  ['spaceToBatchND', (x) => tf.spaceToBatchND(tf.reshape(x, [1, 4, 6, 1]), [2, 2], [[0, 0], [1, 1]])], ['batchToSpaceND', (x) => tf.batchToSpaceND(tf.reshape(x, [4, 1, 3, 2]), [2, 2], [[0, 0], [1, 0]])], ['depthToSpace', (x) => tf.depthToSpace(tf.reshape<tf.Rank.R4>(x, [1, 2, 3, 4]), 2, 'NHWC')],
  ['unsortedSegmentSum', (x) => tf.unsortedSegmentSum(tf.reshape(x, [6, 4]), tf.tensor1d([0, 2, 0, 1, 2, 2], 'int32'), 3)], ['einsum trace', (x) => tf.einsum('bij,bkj->bik', x, x)], ['identity', (x) => tf.mul(tf.clone(x), x)],
  ['scatterND', (x) => tf.scatterND(tf.tensor2d([[4], [1]], [2, 1], 'int32'), x, [5, 3, 4])], ['dropout mask', (x) => tf.mul(x, tf.cast(tf.greater(tf.range(0, 4), 1.5), 'float32'))],
] as [string, (x: tf.Tensor) => tf.Tensor][]).map(([name, run]) => row(name, [[2, 3, 4]], run));

const joins: readonly Row[] = [
  row('concat', [[2, 3], [2, 1], [2, 2]], (...xs) => tf.concat(xs, 1)), row('stack', [[2, 3], [2, 3]], (...xs) => tf.stack(xs, 1)), row('addN', [[2, 3], [2, 3], [2, 3]], (...xs) => tf.addN(xs)),
  row('where, same shapes', [[3, 4], [3, 4]], (a, b) => tf.where(tf.greater(a, b), a, b)), row('select by a constant condition', [[3, 4], [3, 4]], (a, b) => tf.where(tf.tensor2d([1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1], [3, 4], 'bool'), a, b)),
];

export const elementwiseRows: readonly Row[] = [...unary, ...positive, ...bounded, ...binary, ...reductions, ...shapes, ...joins];
