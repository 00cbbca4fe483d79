/** With the `tfjs` convention, weights agree bit for bit with plain TensorFlow.js: LayersModel.fit on the same batches and backend. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { presentBackends } from '../../../src/engine/backend/backend';
import type { OptimizerConfig } from '../../../src/engine/config';
import type { Dataset } from '../../../src/engine/data/dataset';
import { runOf } from '../../../src/engine/local-run';
import { weightsOf } from '../../../src/engine/weights';
import type { Convention, OpenedNetwork } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import { chain, examples } from './networks';

interface Case { readonly network: OpenedNetwork; readonly model: () => layers.LayersModel; readonly data: Dataset; readonly loss: string; readonly tfLoss: string }

const l2 = (rate: number) => ({ class_name: 'L2', config: { l2: rate } });
const convention: Convention = 'tfjs';

const cases: Readonly<Record<string, Case>> = {
  'an MLP': {
    network: chain([
      { name: 'x', type: 'InputLayer', output: [null, 6] },
      { name: 'a', type: 'Dense', config: { units: 16, activation: 'relu', use_bias: true, kernel_regularizer: l2(0.01) }, weights: { kernel: [6, 16], bias: [16] }, output: [null, 16] },
      { name: 'b', type: 'Dense', config: { units: 8, activation: 'tanh', use_bias: true }, weights: { kernel: [16, 8], bias: [8] }, output: [null, 8] },
      { name: 'c', type: 'Dense', config: { units: 3, activation: 'softmax', use_bias: true }, weights: { kernel: [8, 3], bias: [3] }, output: [null, 3] },
    ], convention),
    model: () => layers.sequential({
      layers: [
        layers.layers.dense({ units: 16, activation: 'relu', inputShape: [6], kernelRegularizer: layers.regularizers.l2({ l2: 0.01 }) }),
        layers.layers.dense({ units: 8, activation: 'tanh' }),
        layers.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
    data: examples('x', [6], 'c', 3, 30), loss: 'categorical_crossentropy', tfLoss: 'categoricalCrossentropy',
  },
  'a small conv net': {
    network: chain([
      { name: 'x', type: 'InputLayer', output: [null, 10, 10, 2] },
      { name: 'conv', type: 'Conv2D', config: { filters: 4, kernel_size: [3, 3], strides: [1, 1], padding: 'same', dilation_rate: [1, 1], groups: 1, activation: 'relu', use_bias: true, data_format: 'channels_last' }, weights: { kernel: [3, 3, 2, 4], bias: [4] }, output: [null, 10, 10, 4] },
      { name: 'pool', type: 'MaxPooling2D', config: { pool_size: [2, 2], strides: [2, 2], padding: 'valid', data_format: 'channels_last' }, output: [null, 5, 5, 4] },
      { name: 'conv2', type: 'Conv2D', config: { filters: 6, kernel_size: [3, 3], strides: [2, 2], padding: 'valid', dilation_rate: [1, 1], groups: 1, activation: 'tanh', use_bias: true, data_format: 'channels_last' }, weights: { kernel: [3, 3, 4, 6], bias: [6] }, output: [null, 2, 2, 6] },
      { name: 'flat', type: 'Flatten', config: { data_format: 'channels_last' }, output: [null, 24] },
      { name: 'c', type: 'Dense', config: { units: 3, activation: 'softmax', use_bias: true }, weights: { kernel: [24, 3], bias: [3] }, output: [null, 3] },
    ], convention),
    model: () => layers.sequential({
      layers: [
        layers.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [10, 10, 2] }),
        layers.layers.maxPooling2d({ poolSize: 2 }),
        layers.layers.conv2d({ filters: 6, kernelSize: 3, strides: 2, activation: 'tanh' }),
        layers.layers.flatten(),
        layers.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
    data: examples('x', [10, 10, 2], 'c', 3, 30), loss: 'categorical_crossentropy', tfLoss: 'categoricalCrossentropy',
  },
};

const optimizers: Readonly<Record<string, { readonly ours: OptimizerConfig; readonly theirs: () => tf.Optimizer }>> = {
  SGD: { ours: { type: 'sgd', learningRate: 0.1 }, theirs: () => tf.train.sgd(0.1) },
  momentum: { ours: { type: 'momentum', learningRate: 0.05, momentum: 0.9 }, theirs: () => tf.train.momentum(0.05, 0.9) },
  'Nesterov momentum': { ours: { type: 'sgd', learningRate: 0.05, momentum: 0.8, nesterov: true }, theirs: () => tf.train.momentum(0.05, 0.8, true) },
  RMSProp: { ours: { type: 'rmsprop', learningRate: 0.01 }, theirs: () => tf.train.rmsprop(0.01) },
  // TensorFlow.js subtracts epsilon from the variance here, so that a positive one makes NaN of every zero gradient.
  'centered RMSProp': { ours: { type: 'rmsprop', learningRate: 0.01, rho: 0.8, momentum: 0.5, centered: true, epsilon: -1e-4 }, theirs: () => tf.train.rmsprop(0.01, 0.8, 0.5, -1e-4, true) },
  Adam: { ours: { type: 'adam', learningRate: 0.01 }, theirs: () => tf.train.adam(0.01) },
  Adamax: { ours: { type: 'adamax', learningRate: 0.01, decay: 0.1 }, theirs: () => tf.train.adamax(0.01, 0.9, 0.999, undefined, 0.1) },
  Adagrad: { ours: { type: 'adagrad', learningRate: 0.05 }, theirs: () => tf.train.adagrad(0.05) },
  Adadelta: { ours: { type: 'adadelta', learningRate: 0.5, rho: 0.9 }, theirs: () => tf.train.adadelta(0.5, 0.9) },
};

const asTensor = (value: TensorValue): tf.Tensor => tf.tensor(value.data as Float32Array, [...value.shape]);

/** Weights after 20 iterations of plain TensorFlow.js, in the network's order. */
async function plainFit({ network: { network, weights }, model, data, tfLoss }: Case, optimizer: tf.Optimizer): Promise<Float32Array[]> {
  const plain = model();
  const placed = weightsOf(network);
  plain.setWeights(await Promise.all(placed.map(async ({ weight }) => asTensor(await weights.read(weight.key!)))));
  plain.compile({ optimizer, loss: tfLoss });
  const x = asTensor(Object.values(data.inputs)[0]!);
  const y = asTensor(Object.values(data.labels)[0]!);
  // 30 examples make four batches of 8, 8, 8 and 6.
  await plain.fit(x, y, { batchSize: 8, epochs: 5, shuffle: false, verbose: 0, yieldEvery: 'never' });
  const result = await Promise.all(plain.getWeights().map(async (weight) => Float32Array.from(await weight.data())));
  plain.dispose();
  tf.dispose([x, y]);
  return result;
}

describe('the tfjs convention', () => {
  it('is tested against TensorFlow.js in the same engine', () => {
    const before = tf.engine().state.numTensors;
    const model = layers.sequential({ layers: [layers.layers.dense({ units: 1, inputShape: [1] })] });
    assert.ok(tf.engine().state.numTensors > before);
    model.dispose();
    assert.equal(tf.engine().state.numTensors, before);
  });

  for (const [what, given] of Object.entries(cases)) {
    for (const [name, { ours, theirs }] of Object.entries(optimizers)) {
      it(`trains ${what} for 20 iterations with ${name} to the same weights, bit for bit, as model.fit`, async () => {
        for (const backend of await presentBackends()) {
          backend.activate();
          const expected = await plainFit(given, theirs());
          const run = await runOf({ model: 'm', data: { generator: 'xor' }, loss: given.loss, optimizer: ours, batchSize: 8, shuffle: false, backend: backend.name }, given.network, given.data);
          const trace = await run.iteration(19);
          assert.ok(expected.every((values) => values.every(Number.isFinite)));
          trace.weights.forEach(({ layer, weight, after }, i) => {
            assert.deepEqual(trace.tensors.get(after)!.read().data, expected[i], `${layer}/${weight} on ${backend.name}`);
          });
          run.dispose();
        }
      });
    }
  }
});
