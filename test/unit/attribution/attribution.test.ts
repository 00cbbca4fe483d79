import assert from 'node:assert/strict';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/engine/backend/backend';
import { topExamples } from '../../../src/engine/attribution/examples';
import { maximise } from '../../../src/engine/attribution/maximisation';
import { methods } from '../../../src/engine/attribution/methods';
import { score, valueFrom } from '../../../src/engine/attribution/subject';
import type { Subject } from '../../../src/engine/attribution/subject';
import { createRandom } from '../../../src/engine/data/random';
import { openNetwork } from '../../../src/formats/registry';
import { flattenWeights } from '../../../src/network/layer-path';
import { Failure } from '../../../src/tensor/failure';
import type { TensorValue } from '../../../src/tensor/value';

async function subjectOf(file: string): Promise<Subject> {
  const { network, weights } = await openNetwork(path.resolve(file));
  const values = new Map<string, TensorValue>();
  for (const { path: key, weight } of flattenWeights(network)) if (weight.key !== null) values.set(key, await weights.read(weight.key));
  await weights.close();
  return { network, convention: network.convention, backend: await openBackend('wasm'), weights: values };
}
const random = createRandom(4, 'attribution');
const normal = (...shape: number[]): TensorValue => valueFrom(shape, () => random.normal());
const numbers = (value: TensorValue | null | undefined): number[] => [...(value?.data as Float32Array)];
const close = (actual: readonly number[], expected: readonly number[], tolerance: number): void => {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => { assert.ok(Math.abs(value - (expected[i] ?? NaN)) <= tolerance, `element ${i}: ${value}, expected ${expected[i]}`); });
};
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('What a linear neuron looks at', () => {
  let subject: Subject;
  let kernel: number[];
  const x = valueFrom([1, 2], (i) => [1.5, -0.5][i] ?? 0);
  const target = { layer: null, index: [0] };
  before(async () => {
    subject = await subjectOf('media/examples/perceptron.keras');
    kernel = numbers(subject.weights.get('neuron/kernel') as TensorValue);
  });

  it('saliency is the size of its weights: the score is taken before the sigmoid', async () => {
    close(numbers((await methods.saliency.run(subject, [x], target, {})).map), kernel.map(Math.abs), 1e-7);
  });

  it('gradient × input and integrated gradients are weight × input', async () => {
    const expected = kernel.map((weight, i) => weight * Number(x.data[i]));
    close(numbers((await methods.gradientTimesInput.run(subject, [x], target, {})).map), expected, 1e-6);
    close(numbers((await methods.integratedGradients.run(subject, [x], target, { steps: 8 })).map), expected, 1e-6);
  });

  it('the input that excites it most points along its weights', async () => {
    const { input, scores } = await maximise(subject, [1, 2], target, { steps: 60, seed: 3 });
    const [a = 0, b = 0] = numbers(input);
    const cosine = (a * (kernel[0] ?? 0) + b * (kernel[1] ?? 0)) / (Math.hypot(a, b) * Math.hypot(...kernel));
    assert.ok(cosine > 0.999, `cosine ${cosine}`);
    assert.ok((scores.at(-1) ?? 0) > (scores[0] ?? 0));
    assert.deepEqual((await maximise(subject, [1, 2], target, { steps: 60, seed: 3 })).input, input);
  });

  it('its top examples are those with the largest output', async () => {
    const examples = normal(50, 2);
    const scores = Array.from({ length: 50 }, (_, i) => kernel.reduce((sum, weight, j) => sum + weight * Number(examples.data[2 * i + j]), 0));
    const expected = scores.map((value, i) => [value, i] as const).sort((p, q) => q[0] - p[0]).slice(0, 4).map(([, i]) => i);
    const found = await topExamples(subject, [examples], 'neuron', 0, { count: 4, batchSize: 7 });
    assert.deepEqual(found.map(({ example }) => example), expected);
  });
});

describe('What a convolutional network looks at', () => {
  it('integrated gradients sum to the change of the score from an empty input', async () => {
    const subject = await subjectOf('test/fixtures/models/keras/lenet5.keras');
    const x = normal(1, 28, 28, 1);
    const target = { layer: null, index: [3] };
    const { map, score: whole } = await methods.integratedGradients.run(subject, [x], target, { steps: 40 });
    const empty = (await score(subject, [valueFrom(x.shape, () => 0)], { target, gradient: false })).score;
    assert.ok(Math.abs(total(numbers(map)) - (whole - empty)) < 2e-3 * Math.max(1, Math.abs(whole - empty)), `${total(numbers(map))} and ${whole - empty}`);
  });

  it('Grad-CAM of maps that are averaged and weighted is the weighted sum of the maps', async () => {
    const subject = await subjectOf('test/fixtures/models/keras/cnn_zoo.keras');
    const x = normal(1, 16, 16, 3);
    const chosen = 2;
    const { activation } = await score(subject, [x], { target: { layer: null, index: [chosen] }, gradient: false, activationOf: 'dilated' });
    assert.ok(activation !== null);
    const [, rows = 0, columns = 0, channels = 0] = activation.shape;
    const weights = subject.weights.get('classes/kernel') as TensorValue;
    const classes = weights.shape[1] ?? 0;
    const coarse = Array.from({ length: rows * columns }, (_, p) => Math.max(0, total(Array.from({ length: channels }, (_unused, k) => (Number(weights.data[k * classes + chosen]) / (rows * columns)) * Number(activation.data[p * channels + k])))));
    const { map } = await methods.gradCam.run(subject, [x], { layer: null, index: [chosen] }, { layer: 'dilated' });
    assert.deepEqual(map.shape, [1, 16, 16, 1]);
    // Each corner of the enlarged map lies beyond the centres of the coarse one, so it has that corner's value.
    const at = (row: number, column: number): number => Number(map.data[row * 16 + column]);
    close([at(0, 0), at(0, 15), at(15, 0), at(15, 15)], [coarse[0], coarse[columns - 1], coarse[(rows - 1) * columns], coarse[rows * columns - 1]].map(Number), 1e-5);
  });

  it('occlusion shows no loss where the network cannot look, and tensors are given back', async () => {
    const subject = await subjectOf('test/fixtures/models/keras/lenet5.keras');
    const before = tf.memory().numTensors;
    const x = normal(1, 28, 28, 1);
    const { map } = await methods.occlusion.run(subject, [x], { layer: 'c1', index: [10, 10, 2] }, { patch: 4 });
    const at = (row: number, column: number): number => Number(map.data[row * 28 + column]);
    assert.ok(Math.abs(at(0, 0)) < 1e-6 && Math.abs(at(27, 27)) < 1e-6);
    assert.ok([8, 9, 10, 11, 12].some((row) => [8, 9, 10, 11, 12].some((column) => Math.abs(at(row, column)) > 1e-5)));
    assert.equal(tf.memory().numTensors, before);
  });

  it('a question can be withdrawn, and a wrong unit gets a sentence', async () => {
    const subject = await subjectOf('test/fixtures/models/keras/lenet5.keras');
    const stop = new AbortController();
    stop.abort();
    await assert.rejects(maximise(subject, [1, 28, 28, 1], { layer: null, index: [0] }, { signal: stop.signal }), (error: unknown) => error instanceof Failure && error.code === 'attribution.cancelled');
    await assert.rejects(score(subject, [normal(1, 28, 28, 1)], { target: { layer: null, index: [10] }, gradient: false }), (error: unknown) => error instanceof Failure && /not a unit of the output, whose shape is \[1, 10\]/.test(error.message));
    await assert.rejects(score(subject, [normal(1, 28, 28, 1)], { target: { layer: 'c9', index: [0] }, gradient: false }), (error: unknown) => error instanceof Failure && /no layer 'c9'/.test(error.message));
  });
});
