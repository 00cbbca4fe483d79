/** Which kernels each backend has, and what kernels without a gradient give on all of them. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend, presentBackends } from '../../../src/engine/backend/backend';
import { itOnEachBackend } from '../backend/each-backend';

/** Names that TensorFlow.js exports but that no backend implements (ops composed of others, browser only). */
const notKernels = new Set(['BroadcastTo', 'Draw', 'FromPixels', 'LogSoftmax', 'LowerBound', 'UpperBound', 'MatrixBandPart', 'Pool', '__op', 'LogicalXor']);
/** Kernels of strings, sparse, ragged and complex tensors, of pictures' augmentation and search: not part of any layer. */
const beyondLayers: Readonly<Record<string, readonly string[]>> = {
  wasm: ['Complex', 'ComplexAbs', 'FFT', 'IFFT', 'Imag', 'Real', 'RaggedGather', 'RaggedRange', 'RaggedTensorToTensor', 'StaticRegexReplace'],
  tensorflow: ['BitwiseAnd', 'MaxPoolWithArgmax', 'RaggedGather', 'RaggedRange', 'RaggedTensorToTensor', 'RotateWithOffset', 'SearchSorted', 'SparseFillEmptyRows', 'SparseReshape', 'SparseSegmentMean', 'SparseSegmentSum', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast', 'Transform'],
  cpu: [],
};

const kernelNames = (): string[] => [...new Set(Object.entries(tf).flatMap(([name, value]) => (typeof value === 'string' && /^[A-Z_]/.test(name) ? [value] : [])))];

const x = (): tf.Tensor => tf.tensor([[0.5, -1.5, 2.5, 0], [-0.25, 3, 1, -2]]);
const y = (): tf.Tensor => tf.tensor([[1], [-0.25]]);

/** Forward results without a gradient; each must be the same, element by element, everywhere. */
const forward: Readonly<Record<string, () => tf.Tensor>> = {
  argMax: () => tf.argMax(x(), 1), 'argMax, first axis': () => tf.argMax(x(), 0), argMin: () => tf.argMin(x(), 1), any: () => tf.any(tf.greater(x(), 2.6), 1), all: () => tf.all(tf.greater(x(), -2.5), 0),
  greater: () => tf.greater(x(), y()), greaterEqual: () => tf.greaterEqual(x(), y()), less: () => tf.less(x(), y()), lessEqual: () => tf.lessEqual(x(), y()), equal: () => tf.equal(x(), y()), notEqual: () => tf.notEqual(x(), y()),
  logicalAnd: () => tf.logicalAnd(tf.greater(x(), 0), tf.less(y(), 0)), logicalOr: () => tf.logicalOr(tf.greater(x(), 0), tf.less(y(), 0)), logicalNot: () => tf.logicalNot(tf.greater(x(), 0)), logicalXor: () => tf.logicalXor(tf.greater(x(), 0), tf.less(x(), 2)),
  floor: () => tf.floor(x()), ceil: () => tf.ceil(x()), 'round, halves to even': () => tf.round(x()), sign: () => tf.sign(x()), step: () => tf.step(x()), 'step with slope': () => tf.step(x(), 0.5), mod: () => tf.mod(x(), tf.scalar(1.25)), floorDiv: () => tf.cast(tf.floorDiv(x(), tf.scalar(1.25)), 'float32'), isNaN: () => tf.isNaN(tf.tensor([1, NaN, Infinity])), isInf: () => tf.isInf(tf.tensor([1, NaN, -Infinity])), isFinite: () => tf.isFinite(tf.tensor([1, NaN, Infinity])),
  oneHot: () => tf.oneHot(tf.tensor2d([[0, 2], [1, 5]], [2, 2], 'int32'), 3, 2, -1), 'topk indices': () => tf.topk(x(), 3).indices, range: () => tf.range(3, -4, -2), linspace: () => tf.linspace(0, 1, 5), fill: () => tf.fill([2, 3], 4.5), 'cast to int32': () => tf.cast(x(), 'int32'), 'cast to bool': () => tf.cast(x(), 'bool'), 'cast of int32': () => tf.cast(tf.tensor1d([1, -2], 'int32'), 'float32'),
  bincount: () => tf.bincount(tf.tensor1d([1, 0, 1, 4], 'int32'), tf.tensor1d([]), 5), denseBincount: () => tf.denseBincount(tf.tensor2d([[1, 0, 1], [2, 2, 2]], [2, 3], 'int32'), tf.tensor2d([], [0, 0]), 4), 'denseBincount, binary': () => tf.denseBincount(tf.tensor2d([[1, 0, 1], [2, 2, 2]], [2, 3], 'int32'), tf.tensor2d([], [0, 0]), 4, true), 'denseBincount, weighted': () => tf.denseBincount(tf.tensor1d([1, 0, 1], 'int32'), tf.tensor1d([0.5, 2, 3]), 3),
  'int32 sum': () => tf.sum(tf.tensor2d([[1, 2], [3, 4]], [2, 2], 'int32'), 0), 'int32 arithmetic': () => tf.sub(tf.mul(tf.tensor1d([7, -7], 'int32'), tf.scalar(3, 'int32')), tf.tensor1d([1, 2], 'int32')), 'cumprod': () => tf.cumprod(x(), 1), 'cumsum of int32': () => tf.cumsum(tf.tensor1d([1, 2, 3], 'int32')),
  'where with a broadcast condition': () => tf.where(tf.tensor2d([[true], [false]], [2, 1], 'bool'), x(), tf.zeros([2, 4])), 'gather of int32': () => tf.gather(tf.tensor1d([5, 6, 7], 'int32'), tf.tensor1d([2, 0], 'int32')), 'reverse of rank 4': () => tf.reverse(tf.reshape(x(), [2, 1, 2, 2]), [0, 3]), 'transpose of rank 5': () => tf.transpose(tf.reshape(tf.range(0, 48), [2, 3, 2, 2, 2]), [4, 1, 3, 0, 2]), 'transpose of rank 6': () => tf.transpose(tf.reshape(tf.range(0, 96), [2, 3, 2, 2, 2, 2]), [5, 1, 3, 0, 2, 4]),
  'concat of int32': () => tf.concat([tf.tensor1d([1, 2], 'int32'), tf.tensor1d([3], 'int32')]), 'pad of rank 5': () => tf.pad(tf.reshape(tf.range(0, 16), [2, 2, 2, 2, 1]), [[0, 1], [1, 0], [0, 0], [1, 1], [0, 2]]), 'slice of rank 5': () => tf.slice(tf.reshape(tf.range(0, 96), [2, 3, 4, 2, 2]), [0, 1, 1, 0, 1], [2, 2, 2, 1, 1]), 'tile of rank 5': () => tf.tile(tf.reshape(tf.range(0, 8), [2, 1, 2, 1, 2]), [1, 2, 1, 2, 1]),
  'sum of rank 6': () => tf.sum(tf.reshape(tf.range(0, 96), [2, 3, 2, 2, 2, 2]), [0, 2, 5]), 'max of rank 5': () => tf.max(tf.reshape(tf.range(0, 96), [2, 3, 4, 2, 2]), [1, 3]), 'broadcast of rank 5': () => tf.add(tf.reshape(tf.range(0, 24), [2, 1, 3, 1, 4]), tf.reshape(tf.range(0, 10), [1, 5, 1, 2, 1])), 'stridedSlice': () => tf.stridedSlice(x(), [0, 3], [2, -5], [1, -2]),
  'flipLeftRight': () => tf.image.flipLeftRight(tf.reshape(tf.range(0, 12), [1, 2, 3, 2])), 'cropAndResize': () => tf.image.cropAndResize(tf.reshape(tf.range(0, 16), [1, 4, 4, 1]), tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], 'int32'), [2, 2], 'nearest'), 'empty tensors': () => tf.add(tf.zeros([0, 3]), 1), 'sum of nothing': () => tf.sum(tf.zeros([0, 3]), 0), 'gather of nothing': () => tf.gather(tf.zeros([3, 0]), tf.tensor1d([2, 0], 'int32')), 'transpose of nothing': () => tf.transpose(tf.zeros([0, 7, 7, 4]), [0, 3, 1, 2]), 'largest of nothing': () => tf.topk(tf.zeros([2, 0]), 0).values, 'product of nothing': () => tf.prod(tf.zeros([0, 3]), 0), 'matrix product over nothing': () => tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])),
  'gather along another axis of nothing': () => tf.gather(tf.zeros([0, 5]), tf.tensor1d([4], 'int32'), 1),
};

describe('kernels', () => {
  itOnEachBackend('every kernel that layers need is there', (backend) => {
    const missing = kernelNames().filter((name) => !notKernels.has(name) && tf.getKernel(name, backend.name) === undefined);
    assert.deepEqual(missing.sort(), [...beyondLayers[backend.name]!].sort());
  });

  for (const [name, make] of Object.entries(forward)) {
    it(`${name} is the same on all backends`, async () => {
      const results: { backend: string; shape: number[]; dtype: string; values: number[] }[] = [];
      for (const backend of await presentBackends()) {
        backend.activate();
        results.push(tf.tidy(() => {
          const result = make();
          return { backend: backend.name, shape: result.shape, dtype: result.dtype, values: Array.from(result.dataSync(), Number) };
        }));
      }
      const expected = results.at(-1)!;
      for (const actual of results) assert.deepEqual({ ...actual, backend: '' }, { ...expected, backend: '' }, actual.backend);
    });
  }

  it('a kernel of a wrong size says so instead of writing beyond its memory', async () => {
    (await openBackend('wasm')).activate();
    assert.throws(() => tf.einsum('ij,jk->ik', tf.ones([2, 3]), tf.ones([4, 2])), /letter j is 3 in one operand and 4 in the other/);
    assert.throws(() => tf.einsum('ii->i', tf.ones([2, 2])), /repeats a letter/);
  });
});
