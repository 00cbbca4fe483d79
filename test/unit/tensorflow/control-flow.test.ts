/** Loops and branches of TensorFlow.js graph models, as functions and as the rings of ops of TensorFlow 1, against TensorFlow. test/fixtures/scripts/flow_models.py says how the models were made. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { createRun } from '../../../src/engine/create-run';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { flattenLayers } from '../../../src/network/layer-path';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import type { Difference } from '../layers/comparing';
import { assertClose, differenceOf } from '../layers/comparing';
import { run, valuesOf } from '../layers/passes';

const folder = path.resolve('test/fixtures/models/tensorflow/flow_models');
const names = readdirSync(folder).filter((name) => /_v[12]$/.test(name)).sort();

const equal = (a: TensorValue, b: TensorValue): boolean => a.shape.join() === b.shape.join() && Array.from(a.data as Float32Array).every((value, index) => value === b.data[index]);

describe('loops and branches of graph models', () => {
  for (const name of names) {
    itOnEachBackend(`${name}: output, loss and all gradients are TensorFlow's`, async () => {
      const references = await readNpz(path.join(folder, `${name.slice(0, -3)}.npz`));
      const { network, weights: store } = await openNetwork(path.join(folder, name, 'model.json'));
      assert.deepEqual([network.viewOnly, network.problems], [undefined, []]);
      const weights = await valuesOf(network, store);
      await store.close();
      tf.engine().startScope();
      try {
        const pass = run({ network, weights, inputs: [references.get('x')!], training: true, loss: { settings: ['mean_squared_error'], labels: [references.get('y')!] } });
        const differences: Difference[] = [differenceOf('output', pass.result.outputs[0] ?? null, references.get('y_pred')!), differenceOf('loss', pass.loss, references.get('loss')!), differenceOf('input', pass.gradientOf(pass.inputs[0]!), references.get('grad/input')!)];
        for (const [key, value] of references) {
          if (!key.startsWith('value/')) continue;
          const found = [...weights].filter(([, weight]) => equal(weight, value));
          // Of a GRU's two biases in one weight the converter makes two constants.
          if (found.length === 0 && name === 'both_ways_v1' && value.shape[0] === 2) continue;
          assert.equal(found.length, 1, `${key} is ${found.length} weights`);
          const weight = pass.weights.get(found[0]![0])!;
          differences.push(differenceOf(found[0]![0], pass.gradientOf(weight) ?? tf.zerosLike(weight), references.get(key.replace('value', 'grad'))!));
        }
        assertClose(differences);
      } finally {
        tf.engine().endScope();
      }
    });
  }

  for (const version of [1, 2]) {
    it(`nested_v${version}: a branch in a loop in a loop is drawn so`, async () => {
      const { network, weights } = await openNetwork(path.join(folder, `nested_v${version}/model.json`));
      await weights.close();
      const types = new Map([...flattenLayers(network)].map(({ path: place, layer }) => [place, layer.type]));
      const product = [...types].find(([, type]) => type === 'MatMul')?.[0] ?? '';
      const around = [...types].filter(([place, type]) => product.startsWith(`${place}/`) && type !== 'MatMul').map(([, type]) => type.replace('Stateless', ''));
      assert.deepEqual(around, ['While', 'Graph', 'While', 'Graph', 'If', 'Graph']);
    });
  }

  it('a run trains an LSTM that is a loop: each step is recorded with its number, and the loss falls', async () => {
    const session = await createRun({ model: 'lstm_v1/model.json', data: { x: 'lstm.npz#x', y: 'lstm.npz#y' }, loss: 'mean_squared_error', optimizer: { type: 'adam', learningRate: 0.05 }, batchSize: 4, shuffle: false }, { baseFolder: folder });
    try {
      const trace = await session.iteration(0);
      const product = trace.layers.find(({ layer }) => /body\/.*MatMul/.test(layer))?.layer ?? assert.fail('no product in a body');
      assert.deepEqual(trace.layers.filter(({ layer }) => layer === product).map(({ call }) => call), [0, 1, 2, 3, 4]);
      for (let index = 1; index < 15; index += 1) await session.iteration(index);
      assert.ok((session.losses.at(-1) ?? Infinity) < 0.7 * (session.losses[0] ?? 0), session.losses.join(' '));
    } finally {
      session.dispose();
    }
  });
});
