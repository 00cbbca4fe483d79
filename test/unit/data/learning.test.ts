import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/engine/backend/backend';
import { validateRunConfig } from '../../../src/engine/config-validation';
import { createRun } from '../../../src/engine/create-run';
import { generateDigits } from '../../../src/engine/data/digits';
import { forward } from '../../../src/engine/forward/forward';
import type { Run } from '../../../src/engine/run';
import type { Trace } from '../../../src/engine/trace';

const folder = path.resolve('media/examples');

async function open(example: string): Promise<Run> {
  const config = validateRunConfig(JSON.parse(await readFile(path.join(folder, `${example}.run.json`), 'utf8')));
  return createRun({ ...config, backend: 'wasm' }, { baseFolder: folder });
}

async function train(run: Run, iterations: number): Promise<Trace> {
  let trace = await run.iteration(0);
  for (let i = 1; i < iterations; i += 1) trace = await run.iteration(i);
  return trace;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Share of the examples that the network, with the weights after `trace`, classifies right. */
async function accuracyOn(run: Run, trace: Trace, x: Float32Array, y: Int32Array, shape: readonly number[]): Promise<number> {
  (await openBackend('wasm')).activate();
  const after = new Map(trace.weights.map(({ layer, weight, after: id }) => [`${layer}/${weight}`, trace.tensors.get(id)?.read()]));
  return tf.tidy(() => {
    const pass = forward(run.info.network, {
      convention: run.info.convention, training: false, dropout: false, inputs: [tf.tensor(x, [...shape])],
      weight: (layer, name) => { const value = after.get(`${layer}/${name}`); return value === undefined ? assert.fail(name) : tf.tensor(value.data as Float32Array, [...value.shape]); },
      assign: () => undefined, seed: () => 0,
    });
    let step = pass.next();
    while (step.done !== true) step = pass.next();
    const chosen = (step.value.outputs[0] as tf.Tensor2D).argMax(1).dataSync();
    return y.filter((label, i) => label === chosen[i]).length / y.length;
  });
}

describe('The examples', () => {
  it('LeNet-5 reaches 97 % on digits that it has not seen, within 3 epochs', async () => {
    const run = await open('lenet5');
    try {
      assert.equal(run.info.iterationsPerEpoch, 125);
      const trace = await train(run, 3 * run.info.iterationsPerEpoch);
      const held = generateDigits(1000, 99);
      const accuracy = await accuracyOn(run, trace, held.x.data as Float32Array, held.y.data as Int32Array, held.x.shape);
      assert.ok(accuracy >= 0.97, `accuracy ${accuracy}`);
    } finally {
      run.dispose();
    }
  }).timeout(300_000);

  for (const [example, iterations, factor] of [['perceptron', 60, 0.3], ['students', 200, 0.75], ['convnet', 60, 0.4]] as const) {
    it(`${example} learns: its loss falls to ${factor} of the first or less`, async () => {
      const run = await open(example);
      try {
        await train(run, iterations);
        const [first, last] = [mean(run.losses.slice(0, 3)), mean(run.losses.slice(-10))];
        assert.ok(last <= factor * first, `${first} -> ${last}`);
      } finally {
        run.dispose();
      }
    }).timeout(120_000);
  }
});
