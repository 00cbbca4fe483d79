/** Files of Keras 1 and of TensorFlow 2.13: all layers are known, and they compute what their Keras computed (test/fixtures/scripts/keras_older.py). */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openNetwork } from '../../../src/formats/registry';
import { readNpz } from '../../../src/formats/npz';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from '../layers/comparing';
import { run, valuesOf } from '../layers/passes';

const folder = path.resolve('test/fixtures/models/keras-older');

describe('Keras files of older versions', () => {
  for (const file of readdirSync(folder).filter((name) => /\.(h5|keras)$/.test(name))) {
    itOnEachBackend(`${file} computes what it computed when it was saved`, async () => {
      const references = await readNpz(path.join(folder, file.replace(/\.[^.]+$/, '.npz')));
      const { network, weights: store } = await openNetwork(path.join(folder, file));
      assert.deepEqual(network.problems, []);
      const weights = await valuesOf(network, store);
      await store.close();
      tf.engine().startScope();
      try {
        const inputs = [...references].filter(([key]) => key.startsWith('x')).sort(([first], [second]) => first.localeCompare(second)).map(([, value]) => value);
        const { result } = run({ network, weights, inputs, training: false });
        assertClose(result.outputs.map((output, index) => differenceOf(`output ${index}`, output, references.get(`y${index}`)!)));
      } finally {
        tf.engine().endScope();
      }
    });
  }

  it('a GRU of before Keras 2.2 resets before the product', async () => {
    const { network, weights } = await openNetwork(path.join(folder, 'keras1_words.h5'));
    await weights.close();
    assert.equal(network.layers.find(({ type }) => type === 'GRU')?.config.reset_after, false);
  });
});
