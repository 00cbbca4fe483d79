/** Layers, settings, bare operations and losses against real Keras 3: outputs, loss, every gradient, moved statistics. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openKerasConfig } from '../../../src/formats/keras/config-file';
import { readNpz } from '../../../src/formats/npz';
import type { JsonObject, OpenedNetwork } from '../../../src/network/network';
import type { LossSettings } from '../../../src/engine/losses/losses';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import type { Difference } from './comparing';
import { assertClose, differenceOf } from './comparing';
import { run } from './passes';

const folder = path.resolve('test/fixtures/layers');

interface Case { readonly config: JsonObject; readonly loss: LossSettings }

const cases = JSON.parse(readFileSync(path.join(folder, 'keras.json'), 'utf8')) as Record<string, Case>;
let arrays: Map<string, TensorValue> | null = null;

/** Arrays of a case below `part`, by the rest of their names. */
async function below(name: string, part: string): Promise<Map<string, TensorValue>> {
  arrays ??= await readNpz(path.join(folder, 'keras.npz'));
  const prefix = `${name}/${part}/`;
  return new Map([...arrays].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]));
}

async function numbered(name: string, part: string): Promise<TensorValue[]> {
  return [...await below(name, part)].sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value);
}

async function compare(name: string, { config, loss }: Case, { network }: OpenedNetwork): Promise<Difference[]> {
  const weights = await below(name, 'weights');
  const [inputs, labels, quietly, busily] = await Promise.all(['x', 'y', 'quiet', 'busy'].map((part) => numbered(name, part)));
  const [total] = (await readNpzValue(`${name}/loss`));
  const settings = network.outputs.map(() => loss);
  const quiet = run({ network, weights, inputs: inputs!, training: false });
  const busy = run({ network, weights, inputs: inputs!, training: true, loss: { settings, labels: labels! } });
  const differences = [
    ...quietly!.map((expected, index) => differenceOf(`inference output ${index}`, quiet.result.outputs[index] ?? null, expected)),
    ...busily!.map((expected, index) => differenceOf(`training output ${index}`, busy.result.outputs[index] ?? null, expected)),
    differenceOf('loss', busy.loss, total!),
  ];
  for (const [key, expected] of await below(name, 'grad')) {
    const source = key.startsWith('input/in') ? busy.inputs[Number(key.slice('input/in'.length))]! : busy.weights.get(key);
    if (source === undefined) throw new Error(`${name}: the network has no weight ${key} among ${[...busy.weights.keys()].join(', ')}`);
    differences.push(differenceOf(`gradient of ${key}`, busy.gradientOf(source), expected, 1e-6));
  }
  for (const [key, expected] of await below(name, 'after')) differences.push(differenceOf(`${key} after the step`, busy.assigned.get(key) ?? busy.weights.get(key) ?? null, expected));
  if (config === null) throw new Error('A case without configuration.');
  return differences;
}

async function readNpzValue(key: string): Promise<TensorValue[]> {
  arrays ??= await readNpz(path.join(folder, 'keras.npz'));
  return [arrays.get(key)!];
}

describe('layers: Keras 3, setting by setting', () => {
  for (const [name, entry] of Object.entries(cases)) {
    itOnEachBackend(`${name}`, async () => {
      const opened = await openKerasConfig(`${name}.json`, entry.config);
      tf.engine().startScope();
      try {
        assertClose(await compare(name, entry, opened));
      } finally {
        tf.engine().endScope();
      }
    });
  }
});
