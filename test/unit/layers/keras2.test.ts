/** Models that Keras 2 wrote: outputs, loss and all gradients against Keras 2's numbers, from each kind of its files. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openNetwork } from '../../../src/formats/registry';
import { readNpz } from '../../../src/formats/npz';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from './comparing';
import { run, valuesOf } from './passes';

const folder = path.resolve('test/fixtures/models/keras2');
const names = readdirSync(folder).filter((file) => file.endsWith('.npz') && !file.endsWith('.reference.npz')).map((file) => path.basename(file, '.npz'));

describe('layers: models of Keras 2', () => {
  for (const name of names) {
    for (const kind of ['h5', 'keras']) {
      itOnEachBackend(`${name}.${kind} computes and differentiates as Keras 2 does`, async () => {
        const references = await readNpz(path.join(folder, `${name}.npz`));
        const { network, weights: store } = await openNetwork(path.join(folder, `${name}.${kind}`));
        assert.deepEqual(network.problems, []);
        const weights = await valuesOf(network, store);
        await store.close();
        tf.engine().startScope();
        try {
          const inputs = network.inputs.map(({ layer }) => references.get(`x/${layer}`)!);
          const pass = run({ network, weights, inputs, training: false, loss: { settings: ['mean_squared_error'], labels: [references.get('y')!] } });
          assertClose([
            differenceOf('y_pred', pass.result.outputs[0]!, references.get('y_pred')!), differenceOf('loss', pass.loss, references.get('loss')!),
            ...[...references].filter(([key]) => key.startsWith('grad/')).map(([key, expected]) => {
              const weight = key.slice('grad/'.length);
              // Keras 2 names a weight without the models around its layer.
              const found = [...pass.weights].find(([at]) => at === weight || at.endsWith(`/${weight}`));
              return differenceOf(key, found === undefined ? null : pass.gradientOf(found[1]), expected);
            }),
            ...network.inputs.map(({ layer }, index) => differenceOf(`input ${layer}`, pass.gradientOf(pass.inputs[index]!), references.get(`grad_input/${layer}`)!)),
          ]);
        } finally {
          tf.engine().endScope();
        }
      });
    }

    it(`${name}.config.json has the same layers as ${name}.h5`, async () => {
      const [config, file] = await Promise.all(['config.json', 'h5'].map((kind) => openNetwork(path.join(folder, `${name}.${kind}`))));
      assert.deepEqual(config!.network.layers.map(({ name: layer, type, calls }) => [layer, type, calls]), file!.network.layers.map(({ name: layer, type, calls }) => [layer, type, calls]));
      assert.deepEqual(config!.network.problems, []);
      await Promise.all([config, file].map((opened) => opened!.weights.close()));
    });
  }

  it('one layer in two models inside an .h5 file: a sentence says that it is two now, as for Keras when it loads the file', async () => {
    const { network, weights } = await openNetwork(path.join(folder, 'twins.h5'));
    await weights.close();
    assert.deepEqual(network.problems, ['twins.h5 holds the same values for "first/shared" and "second/shared": if they were one layer when the model was saved, the file no longer says so, and they are trained apart, as in Keras after loading it.']);
    assert.ok(network.layers.every(({ problem }) => problem === null));
    const nested = await openNetwork(path.join(folder, 'nested.h5'));
    await nested.weights.close();
    assert.deepEqual(nested.network.problems, []);
  });

  itOnEachBackend('CuDNNLSTM and CuDNNGRU compute what LSTM and GRU do with their weights, as Keras 2 reads them', async () => {
    const references = await readNpz(path.join(folder, 'cudnn.reference.npz'));
    const { network, weights: store } = await openNetwork(path.join(folder, 'cudnn.h5'));
    assert.deepEqual(network.problems, []);
    assert.deepEqual(network.layers.map(({ type }) => type), ['InputLayer', 'Bidirectional', 'LSTM', 'GRU', 'Dense']);
    const weights = await valuesOf(network, store);
    await store.close();
    tf.engine().startScope();
    try {
      const { result } = run({ network, weights, inputs: [references.get('x')!], training: false });
      assertClose([differenceOf('y_pred', result.outputs[0]!, references.get('y_pred')!)]);
    } finally {
      tf.engine().endScope();
    }
  });
});
