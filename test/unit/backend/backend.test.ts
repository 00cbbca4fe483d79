/** Backends: each loads or says why not, they live side by side, and nothing is printed. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { absenceOf, openBackend, presentBackends } from '../../../src/engine/backend/backend';

describe('backends', () => {
  it('wasm and cpu are always present', async () => {
    const names = (await presentBackends()).map(({ name }) => name);
    assert.deepEqual(names.filter((name) => name !== 'tensorflow'), ['wasm', 'cpu']);
  });

  it('auto takes the first present and says why', async () => {
    const backend = await openBackend('auto');
    const absence = await absenceOf('tensorflow');
    if (absence === null) {
      assert.equal(backend.name, 'tensorflow');
      assert.equal(backend.reason, 'using tensorflow');
    } else {
      assert.equal(backend.name, 'wasm');
      assert.equal(backend.reason, `${absence}; using wasm`);
    }
  });

  it('switches synchronously, and a tensor of one backend is read under another', async () => {
    const backends = await presentBackends();
    const kept = backends.map((backend) => {
      backend.activate();
      assert.equal(tf.getBackend(), backend.name);
      assert.ok(backend.isActive());
      return tf.keep(tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[1], [10]]))));
    });
    for (const backend of backends) {
      backend.activate();
      for (const tensor of kept) {
        const sum = tf.tidy(() => tf.add(tensor, 1));
        assert.deepEqual([...sum.dataSync()], [22, 44]);
        sum.dispose();
      }
    }
    for (const tensor of kept) tensor.dispose();
  });

  it('leaves no buffers behind', async () => {
    for (const backend of await presentBackends()) {
      backend.activate();
      const before = backend.memory();
      tf.tidy(() => { tf.relu(tf.ones([10, 10])); });
      assert.deepEqual(backend.memory(), before);
    }
  });

  it('leaves the process without listeners that make rejections fatal', async () => {
    await openBackend('wasm');
    const added = process.listeners('unhandledRejection').filter((listener) => /throw reason/.test(listener.toString()));
    assert.equal(added.length, 0);
  });
});
