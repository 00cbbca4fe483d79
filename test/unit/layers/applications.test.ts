/** The layers that only keras.applications brings along, against Keras: outputs, loss and all gradients, from both kinds of files. */
import assert from 'node:assert/strict';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openNetwork } from '../../../src/formats/registry';
import { readNpz } from '../../../src/formats/npz';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from './comparing';
import { run, valuesOf } from './passes';

const folder = path.resolve('test/fixtures/models/applications-blocks');

async function blocks(kind: string) {
  const { network, weights: store } = await openNetwork(path.join(folder, `blocks.${kind}`));
  assert.deepEqual(network.problems, []);
  const weights = await valuesOf(network, store);
  await store.close();
  return { network, weights };
}

describe('layers: of keras.applications', () => {
  for (const kind of ['keras', 'h5']) {
    itOnEachBackend(`LayerScale, StochasticDepth and CustomScaleLayer compute and differentiate as Keras does (.${kind})`, async () => {
      const references = await readNpz(path.join(folder, 'blocks.npz'));
      const { network, weights } = await blocks(kind);
      tf.engine().startScope();
      try {
        const pass = run({ network, weights, inputs: [references.get('x/x')!], training: false, loss: { settings: ['mean_squared_error'], labels: [references.get('y')!] } });
        const gradients = [...references].filter(([key]) => key.startsWith('grad/'));
        assert.equal(gradients.length, 5);
        assertClose([
          differenceOf('y_pred', pass.result.outputs[0]!, references.get('y_pred')!), differenceOf('loss', pass.loss, references.get('loss')!),
          ...gradients.map(([key, expected]) => differenceOf(key, pass.gradientOf(pass.weights.get(key.slice('grad/'.length))!), expected)),
          differenceOf('input', pass.gradientOf(pass.inputs[0]!), references.get('grad_input/x')!),
        ]);
      } finally {
        tf.engine().endScope();
      }
    });
  }

  itOnEachBackend('StochasticDepth leaves out whole examples in training, and scales the rest', async () => {
    const references = await readNpz(path.join(folder, 'blocks.npz'));
    const { network, weights } = await blocks('keras');
    const one = references.get('x/x')!;
    const many = Float32Array.from({ length: 40 * 60 }, (_, index) => Number(one.data[index % 60]));
    tf.engine().startScope();
    try {
      const pass = run({ network, weights, inputs: [{ dtype: 'float32', shape: [40, 5, 4, 3], data: many }], training: true, dropout: true });
      const kept = new Set(Array.from({ length: 40 }, (_, example) => (pass.result.outputs[0]!.dataSync()[2 * example] ?? NaN).toFixed(5)));
      assert.equal(kept.size, 2, 'equal examples: with the branch, and without it');
    } finally {
      tf.engine().endScope();
    }
  });
});
