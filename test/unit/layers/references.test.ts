/** Every Keras and TensorFlow.js model of the fixtures: outputs, activations, loss, traces and all gradients against the framework's numbers. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openNetwork } from '../../../src/formats/registry';
import { readNpz } from '../../../src/formats/npz';
import type { Network } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import type { Difference } from './comparing';
import { assertClose, differenceOf } from './comparing';
import type { Pass } from './passes';
import { run, valuesOf } from './passes';

const models = path.resolve('test/fixtures/models');

interface Description {
  readonly loss: string | readonly string[];
  readonly loss_weights?: readonly number[] | null;
  readonly weights: readonly { readonly key: string; readonly float64_gap?: { readonly grad: number } }[];
}

const keras = readdirSync(path.join(models, 'keras')).filter((file) => file.endsWith('.keras') && !file.startsWith('lambda'))
  .map((file) => path.basename(file, '.keras')).filter((name) => existsSync(path.join(models, 'keras', `${name}.reference.npz`)))
  .map((name) => ({ name, file: `keras/${name}.keras`, folder: 'keras' }));
const tfjs = ['tfjs_digits', 'tfjs_two_inputs'].map((name) => ({ name, file: `tfjs/${name}/model.json`, folder: `tfjs/${name}` }));

/** `x`, or `x/<name>` in the order of the network's inputs or outputs. */
function listed(references: ReadonlyMap<string, TensorValue>, key: string, names: readonly string[]): TensorValue[] {
  const only = references.get(key);
  return only !== undefined ? [only] : names.map((name) => references.get(`${key}/${name}`)!);
}

function tensorAt(pass: Pass, key: string): tf.Tensor | null {
  const found = pass.tensors.get(key);
  return found instanceof tf.Tensor ? found : null;
}

function compareActivations(pass: Pass, references: ReadonlyMap<string, TensorValue>, prefix: string): Difference[] {
  return [...references].filter(([key]) => key.startsWith(prefix)).map(([key, expected]) => differenceOf(key, tensorAt(pass, key.slice(prefix.length)), expected));
}

function compareTraces(pass: Pass, references: ReadonlyMap<string, TensorValue>): Difference[] {
  return [...references].filter(([key]) => key.startsWith('trace/')).map(([key, expected]) => {
    const part = pass.tensors.get(key.slice('trace/'.length));
    const whole = part === undefined ? null : part instanceof tf.Tensor ? part : tf.stack([...part as tf.Tensor[]], 1);
    return differenceOf(key, whole, expected);
  });
}

function compareGradients(pass: Pass, network: Network, references: ReadonlyMap<string, TensorValue>, description: Description): Difference[] {
  const gaps = new Map(description.weights.map(({ key, float64_gap: gap }) => [key, gap?.grad ?? 0]));
  const names = network.inputs.map(({ layer }) => layer);
  return [...references].flatMap(([key, expected]): Difference[] => {
    if (key.startsWith('grad_act/')) {
      const tensor = tensorAt(pass, key.slice('grad_act/'.length));
      return [differenceOf(key, tensor === null ? null : pass.gradientOf(tensor), expected)];
    }
    if (!key.startsWith('grad/')) return [];
    const name = key.slice('grad/'.length);
    const input = name === 'input' ? pass.inputs[0] : name.startsWith('input/') ? pass.inputs[names.indexOf(name.slice('input/'.length))] : undefined;
    const source = input ?? pass.weights.get(name);
    if (source === undefined) return [{ what: `${key}: there is no such weight`, difference: Infinity, allowed: 0 }];
    return [differenceOf(key, pass.gradientOf(source), expected, 2 * (gaps.get(name) ?? 0))];
  });
}

describe('layers: models of the frameworks', () => {
  for (const { name, file, folder } of [...keras, ...tfjs]) {
    if (!existsSync(path.join(models, folder, `${name}.json`))) continue;
    itOnEachBackend(`${name} computes and differentiates as its framework does`, async () => {
      const description = JSON.parse(readFileSync(path.join(models, folder, `${name}.json`), 'utf8')) as Description;
      const references = await readNpz(path.join(models, folder, `${name}.reference.npz`));
      const { network, weights: store } = await openNetwork(path.join(models, file));
      // Where the file holds trained weights, the numbers belong to those from which training started.
      const weights = new Map(await valuesOf(network, store));
      for (const [key, value] of references) if (key.startsWith('start/') && references.has('loss')) weights.set(key.slice('start/'.length), value);
      await store.close();
      const outputs = network.outputs.map(({ layer }) => layer);
      const inputs = listed(references, 'x', network.inputs.map(({ layer }) => layer));
      const labels = listed(references, 'y', outputs);
      const settings = typeof description.loss === 'string' ? [description.loss] : description.loss;
      const loss = settings === undefined || settings.length === 0 ? undefined : { settings, weights: description.loss_weights ?? null, labels };
      const differences: Difference[] = [];
      tf.engine().startScope();
      try {
        const quiet = run({ network, weights, inputs, training: false, ...(loss && references.has('loss_eval') ? { loss } : {}) });
        const expected = listed(references, 'y_pred', outputs);
        differences.push(...expected.map((value, index) => differenceOf(`y_pred/${outputs[index]}`, quiet.result.outputs[index] ?? null, value)));
        differences.push(...compareActivations(quiet, references, 'act/'), ...compareTraces(quiet, references));
        const lossEval = references.get('loss_eval');
        if (lossEval !== undefined) differences.push(differenceOf('loss_eval', quiet.loss, lossEval));
        const lossTrain = references.get('loss');
        if (loss !== undefined && lossTrain !== undefined) {
          const busy = run({ network, weights, inputs, training: true, loss });
          const trained = references.has('y_pred_train_nodropout') || references.has(`y_pred_train_nodropout/${outputs[0]}`) ? 'y_pred_train_nodropout' : 'y_pred_train';
          differences.push(...listed(references, trained, outputs).map((value, index) => differenceOf(`${trained}/${outputs[index]}`, busy.result.outputs[index] ?? null, value)));
          differences.push(differenceOf('loss', busy.loss, lossTrain), ...compareActivations(busy, references, 'act_train/'));
          differences.push(...compareGradients(busy, network, references, description));
          for (const [key, value] of busy.assigned) {
            const after = references.get(`sgd/${key}`);
            if (after !== undefined) differences.push(differenceOf(`sgd/${key}`, value, after));
          }
        }
      } finally {
        tf.engine().endScope();
      }
      assertClose(differences);
    });
  }
});
