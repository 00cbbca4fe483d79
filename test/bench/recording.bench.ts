/** Rows: an iteration with everything recorded, against the plain step of TensorFlow.js (trainOnBatch) on the same network. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { presentBackends } from '../../src/engine/backend/backend';
import { runOf } from '../../src/engine/local-run';
import { chain, examples } from '../unit/engine/networks';
import type { LayerDraft } from '../unit/engine/networks';
import { medians } from './table';
import type { BenchRow } from './table';

interface Case { readonly input: readonly number[]; readonly drafts: readonly LayerDraft[]; readonly model: () => layers.LayersModel }

const { conv2d, maxPooling2d, averagePooling2d, flatten, dense } = layers.layers;
const window2 = { pool_size: [2, 2], strides: [2, 2], padding: 'valid', data_format: 'channels_last' };
const convolution = (filters: number, size: number, padding: string, activation: string) =>
  ({ filters, kernel_size: [size, size], strides: [1, 1], padding, dilation_rate: [1, 1], groups: 1, activation, use_bias: true, data_format: 'channels_last' });
const conv = (name: string, size: number, inputs: number, filters: number, padding: string, activation: string, extent: number): LayerDraft =>
  ({ name, type: 'Conv2D', config: convolution(filters, size, padding, activation), weights: { kernel: [size, size, inputs, filters], bias: [filters] }, output: [null, extent, extent, filters] });
const pool = (name: string, kind: 'Max' | 'Average', extent: number, channels: number): LayerDraft => ({ name, type: `${kind}Pooling2D`, config: window2, output: [null, extent, extent, channels] });
const full = (name: string, inputs: number, units: number, activation: string): LayerDraft =>
  ({ name, type: 'Dense', config: { units, activation, use_bias: true }, weights: { kernel: [inputs, units], bias: [units] }, output: [null, units] });
const flat = (size: number): LayerDraft => ({ name: 'flat', type: 'Flatten', config: { data_format: 'channels_last' }, output: [null, size] });
const input = (...shape: number[]): LayerDraft => ({ name: 'x', type: 'InputLayer', output: [null, ...shape] });

const cases: Readonly<Record<string, Case>> = {
  'MLP 784-128-10': {
    input: [784], drafts: [input(784), full('a', 784, 128, 'relu'), full('c', 128, 10, 'softmax')],
    model: () => layers.sequential({ layers: [dense({ units: 128, activation: 'relu', inputShape: [784] }), dense({ units: 10, activation: 'softmax' })] }),
  },
  'LeNet-5': {
    input: [28, 28, 1],
    drafts: [input(28, 28, 1), conv('c1', 5, 1, 6, 'same', 'tanh', 28), pool('s2', 'Average', 14, 6), conv('c3', 5, 6, 16, 'valid', 'tanh', 10), pool('s4', 'Average', 5, 16), flat(400),
      full('c5', 400, 120, 'tanh'), full('f6', 120, 84, 'tanh'), full('c', 84, 10, 'softmax')],
    model: () => layers.sequential({
      layers: [conv2d({ filters: 6, kernelSize: 5, padding: 'same', activation: 'tanh', inputShape: [28, 28, 1] }), averagePooling2d({ poolSize: 2 }), conv2d({ filters: 16, kernelSize: 5, activation: 'tanh' }),
        averagePooling2d({ poolSize: 2 }), flatten(), dense({ units: 120, activation: 'tanh' }), dense({ units: 84, activation: 'tanh' }), dense({ units: 10, activation: 'softmax' })],
    }),
  },
  '3-conv 32x32x3': {
    input: [32, 32, 3],
    drafts: [input(32, 32, 3), conv('c1', 3, 3, 16, 'same', 'relu', 32), pool('p1', 'Max', 16, 16), conv('c2', 3, 16, 32, 'same', 'relu', 16), pool('p2', 'Max', 8, 32), conv('c3', 3, 32, 64, 'same', 'relu', 8), flat(4096), full('c', 4096, 10, 'softmax')],
    model: () => layers.sequential({
      layers: [conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [32, 32, 3] }), maxPooling2d({ poolSize: 2 }), conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
        maxPooling2d({ poolSize: 2 }), conv2d({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' }), flatten(), dense({ units: 10, activation: 'softmax' })],
    }),
  },
};

export async function rows(): Promise<readonly BenchRow[]> {
  const result: BenchRow[] = [];
  for (const backend of (await presentBackends()).filter(({ name }) => name !== 'cpu')) {
    for (const [title, { input: shape, drafts, model }] of Object.entries(cases)) {
      const data = examples('x', shape, 'c', 10, 32);
      backend.activate();
      const plain = model();
      plain.compile({ optimizer: tf.train.adam(0.001), loss: 'categoricalCrossentropy' });
      const [x, y] = [data.inputs['x']!, data.labels['c']!].map((value) => tf.tensor(value.data as Float32Array, [...value.shape]));
      const run = await runOf({ model: title, data: { generator: 'xor' }, loss: 'categorical_crossentropy', optimizer: 'adam', batchSize: 32, shuffle: false, backend: backend.name }, chain(drafts), data, { traces: 64 * 2 ** 20 });
      let iteration = 0;
      const [ours = NaN, theirs = NaN] = await medians([
        async () => { await run.iteration(iteration); iteration += 1; },
        async () => { backend.activate(); await plain.trainOnBatch(x!, y!); },
      ], { runs: 40, warmUp: 10 });
      result.push({ name: `${title} recorded, batch 32, ${backend.name}`, ours, reference: { name: 'plain step', milliseconds: theirs }, goal: { ratio: 1.3 } });
      run.dispose();
      backend.activate();
      plain.dispose();
      tf.dispose([x!, y!]);
    }
  }
  return result;
}
