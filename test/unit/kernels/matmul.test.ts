import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { batchMatMulConfig } from '@tensorflow/tfjs-backend-wasm/dist/kernels/BatchMatMul';
import { presentBackends } from '../../../src/engine/backend/backend';
import { createRandom } from '../../../src/engine/data/random';

const random = createRandom('products');
const integer = (below: number): number => random.integer(below);
const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Two operands of a product of these sizes; where `a` or `b` has one matrix for all, it is the same for each. */
function operands(rows: number, terms: number, columns: number, batch: { readonly a: readonly number[]; readonly b: readonly number[] }, transposeA: boolean, transposeB: boolean): [tf.Tensor, tf.Tensor] {
  const filled = (shape: readonly number[]): tf.Tensor => tf.tensor(Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, () => random.normal()), [...shape]);
  return [filled([...batch.a, ...(transposeA ? [terms, rows] : [rows, terms])]), filled([...batch.b, ...(transposeB ? [columns, terms] : [terms, columns])])];
}

describe('the matrix product on wasm', () => {
  before(async function () {
    const wasm = (await presentBackends()).find(({ name }) => name === 'wasm');
    assert.ok(wasm !== undefined);
    wasm.activate();
    batchMatMulConfig.setupFunc?.(tf.backend());
  });

  const batches = [{ a: [], b: [] }, { a: [3], b: [3] }, { a: [3], b: [1] }, { a: [1], b: [2] }, { a: [2, 3], b: [2, 3] }, { a: [2, 3], b: [3] }];
  for (const transposeA of [false, true]) for (const transposeB of [false, true]) {
    it(`has the bits of TensorFlow.js's own, ${transposeA ? 'transposed' : 'as it is'} by ${transposeB ? 'transposed' : 'as it is'}, in all sizes`, () => {
      for (let round = 0; round < 120; round += 1) {
        const batch = batches[round % batches.length]!;
        const sizes = round < 60 ? [1 + integer(9), 1 + integer(9), 1 + integer(9)] as const : [1 + integer(70), 1 + integer(150), 1 + integer(70)] as const;
        const [a, b] = operands(...sizes, batch, transposeA, transposeB);
        const ours = tf.matMul(a, b, transposeA, transposeB);
        const stock = batchMatMulConfig.kernelFunc({ inputs: { a, b }, backend: tf.backend(), attrs: { transposeA, transposeB } }) as tf.TensorInfo;
        assert.deepEqual(ours.shape, stock.shape);
        const expected = tf.engine().makeTensorFromTensorInfo(stock);
        assert.deepEqual(bits(ours.dataSync() as Float32Array), bits(expected.dataSync() as Float32Array), `${a.shape.join('x')} by ${b.shape.join('x')}`);
        tf.dispose([a, b, ours, expected]);
      }
    });
  }

  it('keeps what is not a number, and infinity, where they are', () => {
    const a = tf.tensor2d([[1, NaN, 3], [Infinity, 2, 1]]), b = tf.tensor2d([[1, 2, 3], [1, 0, 1]]);
    const y = tf.matMul(a, b, false, true);
    assert.deepEqual([...y.dataSync()], [NaN, NaN, Infinity, Infinity]);
    tf.dispose([a, b, y]);
  });
});
