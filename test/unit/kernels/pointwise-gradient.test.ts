import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { presentBackends } from '../../../src/engine/backend/backend';
import { createRandom } from '../../../src/engine/data/random';

describe('the filter gradient of a 1x1 convolution with strides', () => {
  it('is right on every backend, and leaves the memory whole, where the strides leave rows and columns out', async () => {
    const random = createRandom('pointwise');
    const values = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.normal());
    const [x, dy] = [values(3 * 12 * 12 * 8), values(3 * 6 * 6 * 16)];
    const expected = new Float32Array(8 * 16);
    for (let n = 0; n < 3; n += 1) for (let i = 0; i < 6; i += 1) for (let j = 0; j < 6; j += 1) for (let c = 0; c < 8; c += 1) for (let d = 0; d < 16; d += 1) {
      expected[c * 16 + d]! += x[((n * 12 + 2 * i) * 12 + 2 * j) * 8 + c]! * dy[((n * 6 + i) * 6 + j) * 16 + d]!;
    }
    for (const backend of await presentBackends()) {
      backend.activate();
      for (const pad of ['same', 'valid']) {
        // The native kernel did its damage within some hundred calls.
        for (let call = 0; call < (backend.name === 'tensorflow' ? 1000 : 1); call += 1) {
          const gradient = tf.tidy(() => tf.engine().runKernel<tf.Tensor>('Conv2DBackpropFilter', { x: tf.tensor4d(x, [3, 12, 12, 8]), dy: tf.tensor4d(dy, [3, 6, 6, 16]) },
            { strides: [2, 2], pad, dataFormat: 'NHWC', filterShape: [1, 1, 8, 16] }).dataSync());
          if (call === 0) gradient.forEach((value, i) => { assert.ok(Math.abs(value - expected[i]!) < 1e-4, `${backend.name}, ${pad}, [${i}]: ${value} instead of ${expected[i]}`); });
        }
      }
    }
  });
});
