/** SavedModels and frozen graphs run: outputs and gradients against TensorFlow's. test/fixtures/scripts/saved_runs.py says how the models were made. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/engine/backend/backend';
import { createRun } from '../../../src/engine/create-run';
import { weightsOf } from '../../../src/engine/weights';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { fieldsOf } from '../../../src/network/graph-view';
import type { Network } from '../../../src/network/network';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from '../layers/comparing';
import type { Difference } from '../layers/comparing';
import { run, valuesOf } from '../layers/passes';

const folder = path.resolve('test/fixtures/models/tensorflow/saved_runs');
const cases = ['steps', 'small', 'recurrent'];

/** What the file calls each output: as an op's setting. */
function outputNames(network: Network): (string | undefined)[] {
  return network.outputs.map(({ layer }) => { const name = network.layers.find((one) => one.name === layer)?.config.signature_output; return typeof name === 'string' ? name : undefined; });
}

describe('SavedModels run', () => {
  for (const name of cases) {
    itOnEachBackend(`${name}: outputs, and the gradients of every variable and of the input, are TensorFlow's`, async () => {
      const references = await readNpz(path.join(folder, name, 'reference.npz'));
      const { network, weights: store } = await openNetwork(path.join(folder, name));
      assert.deepEqual(network.problems, []);
      const weights = await valuesOf(network, store);
      await store.close();
      tf.engine().startScope();
      try {
        const inputs = [references.get('x')!];
        const whole = run({ network, weights, inputs, training: false });
        const names = outputNames(network);
        const differences: Difference[] = names.map((output, index) => differenceOf(output ?? '?', whole.result.outputs[index] ?? null, references.get(`out/${output ?? ''}`)!));
        const first = network.outputs.slice(0, 1);
        const pass = run({ network: { ...network, outputs: first }, weights, inputs, training: true, loss: { settings: ['mean_squared_error'], labels: [references.get('y')!] } });
        differences.push(differenceOf('loss', pass.loss, references.get('loss')!), differenceOf('input', pass.gradientOf(pass.inputs[0]!), references.get('grad/input')!));
        const placed = weightsOf(network);
        for (const [key, expected] of references) {
          if (!key.startsWith('grad/') || key === 'grad/input') continue;
          const found = placed.filter(({ weight }) => weight.key === `variable ${key.slice(5)}` || weight.key?.endsWith(`/${key.slice(5)}`));
          assert.equal(found.length, 1, key);
          differences.push(differenceOf(key, pass.gradientOf(pass.weights.get(`${found[0]!.path}/${found[0]!.weight.name}`)!), expected));
        }
        assertClose(differences);
      } finally {
        tf.engine().endScope();
      }
    });
  }

  it('ops have multiply-adds and receptive fields, as those of the Keras model', async () => {
    const { network, weights } = await openNetwork(path.join(folder, 'small'));
    await weights.close();
    // 8 * 8 * 4 * 3 * 3 * 2, 3 * 3 * 4 * 3 * 3 and 4 * 3.
    assert.equal(totalCost(network).macs, 4608 + 324 + 12);
    const depthwise = [...fieldsOf(network)].find(([name]) => name.endsWith('/depthwise'));
    assert.deepEqual(depthwise?.[1].axes.map((axis) => (axis === null ? null : [axis.high - axis.low + 1, axis.jump])), [[5, 2], [5, 2]]);
  });

  for (const name of [...cases, 'recurrent.pb']) {
    it(`${name}: the shapes that are told without running it are those that it has`, async () => {
      const backend = await openBackend('cpu');
      backend.activate();
      const { network, weights: store } = await openNetwork(path.join(folder, name));
      const weights = await valuesOf(network, store);
      await store.close();
      tf.engine().startScope();
      try {
        const pass = run({ network, weights, inputs: [(await readNpz(path.join(folder, name.replace('.pb', ''), 'reference.npz'))).get('x')!], training: false });
        let told = 0;
        for (const { name: layer, type, calls } of network.layers) for (const [index, shape] of (calls[0]?.outputShapes ?? []).entries()) {
          const made = pass.tensors.get(index === 0 ? layer : `${layer}:${index}`);
          if (!(made instanceof tf.Tensor)) continue;
          told += 1;
          assert.ok(shape.length === made.rank && shape.every((extent, axis) => extent === null || extent === made.shape[axis]), `${layer} (${type}) is told as [${shape.join(', ')}] and is [${made.shape.join(', ')}]`);
        }
        assert.ok(told >= (name.endsWith('.pb') ? 20 : 9), String(told));
      } finally {
        tf.engine().endScope();
      }
    });
  }

  it('of several signatures the first runs', async () => {
    const started = await createRun({ model: 'two_signatures', data: { generator: 'patterns', examples: 4 }, loss: 'mean_squared_error', optimizer: 'sgd', batchSize: 2 }, { baseFolder: path.dirname(folder) });
    try {
      await started.iteration(0);
      assert.ok(Number.isFinite(started.losses[0]));
    } finally {
      started.dispose();
    }
  });

  it('a run trains one: the loss falls', async () => {
    const reference = 'small/reference.npz';
    const trained = await createRun({ model: 'small', data: { x: `${reference}#x`, y: `${reference}#y` }, loss: 'mean_squared_error', optimizer: { type: 'adam', learningRate: 0.02 }, batchSize: 2 }, { baseFolder: folder });
    try {
      for (let index = 0; index < 12; index += 1) await trained.iteration(index);
      const [first = 0] = trained.losses;
      assert.ok((trained.losses.at(-1) ?? Infinity) < 0.7 * first, trained.losses.join(' '));
    } finally {
      trained.dispose();
    }
  });
});

describe('Frozen graphs', () => {
  for (const file of [...cases.map((name) => `${name}.pb`), 'old_tfjs/tensorflowjs_model.pb']) {
    it(`${file} opens by its content and gives what the model gave`, async () => {
      const references = await readNpz(path.join(folder, file.startsWith('old') ? 'small' : file.replace('.pb', ''), 'reference.npz'));
      const { network, weights: store } = await openNetwork(path.join(folder, file));
      assert.deepEqual([network.format, network.problems, network.inputs.length], ['tensorflow-graph', [], 1]);
      const weights = await valuesOf(network, store);
      await store.close();
      tf.engine().startScope();
      try {
        const { result } = run({ network, weights, inputs: [references.get('x')!], training: false });
        // The order of outputs is that of the ops; each must be one of the reference's.
        const expected = [...references].filter(([key]) => key.startsWith('out/'));
        assert.equal(result.outputs.length, expected.length);
        for (const output of result.outputs) {
          const alike = expected.find(([, value]) => value.shape.join() === output.shape.join() && output.dataSync().every((one, index) => Math.abs(one - Number(value.data[index])) < 1e-5));
          assert.ok(alike !== undefined, `[${output.shape.join(', ')}] ${output.dataSync().slice(0, 4).join(' ')}`);
        }
      } finally {
        tf.engine().endScope();
      }
    });
  }

  it('a graph whose values are elsewhere says so', async () => {
    const alone = await mkdtemp(path.join(tmpdir(), 'backstep-frozen-'));
    await cp(path.join(folder, 'old_tfjs/tensorflowjs_model.pb'), path.join(alone, 'graph.pb'));
    const { network, weights } = await openNetwork(path.join(alone, 'graph.pb'));
    await weights.close();
    assert.match(network.problems.join(), /^The weights of graph\.pb are not in it: the values of its constants are left out, and no weights_manifest\.json stands beside it\.$/);
    await writeFile(path.join(alone, 'weights_manifest.json'), '[{"paths": ["missing.bin"], "weights": []}]');
    const beside = await openNetwork(path.join(alone, 'graph.pb'));
    await beside.weights.close();
    assert.match(beside.network.problems.join(), /The weights of weights_manifest\.json are incomplete: the shard missing\.bin is missing from its folder\./);
    await rm(alone, { recursive: true });
  });
});
