/** TensorFlow.js graph models: outputs and gradients against TensorFlow's, outputs against the executor of TensorFlow.js's own converter. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/engine/backend/backend';
import { createRun } from '../../../src/engine/create-run';
import { tensorflowOps } from '../../../src/engine/layers/tensorflow';
import { weightsOf } from '../../../src/engine/weights';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { tensorflowOpNames } from '../../../src/formats/tensorflow/ops';
import type { Network } from '../../../src/network/network';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from '../layers/comparing';
import type { Difference } from '../layers/comparing';
import { run, tensorOf, valuesOf } from '../layers/passes';

const models = path.resolve('test/fixtures/models');
const converted = path.join(models, 'tensorflow/graph_models');
const names = readdirSync(converted).filter((name) => existsSync(path.join(converted, name, 'reference.npz')));

/** The names under which the reference has the network's outputs. */
const outputName = (ref: Network['outputs'][number]): string => (ref.output === 0 ? ref.layer : `${ref.layer}:${ref.output}`);

/** A graph model run by TensorFlow.js's own converter, from files. */
async function executed(folder: string, inputs: readonly tf.Tensor[], outputs: readonly string[]): Promise<tf.Tensor[]> {
  const model = JSON.parse(readFileSync(path.join(folder, 'model.json'), 'utf8')) as { modelTopology: object; signature?: object; weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[] };
  const [group] = model.weightsManifest;
  const bytes = Buffer.concat(group!.paths.map((file) => readFileSync(path.join(folder, file))));
  const loaded = await loadGraphModel(tf.io.fromMemory({ modelTopology: model.modelTopology, ...(model.signature === undefined ? {} : { signature: model.signature }), weightSpecs: group!.weights, weightData: Uint8Array.from(bytes).buffer }));
  const made = loaded.execute([...inputs], [...outputs]);
  return Array.isArray(made) ? made : [made];
}

describe('TensorFlow.js graph models run', () => {
  it('the list of known ops is the engine\'s table', () => {
    assert.deepEqual([...tensorflowOpNames].sort(), Object.keys(tensorflowOps).sort());
  });

  for (const name of names) {
    itOnEachBackend(`${name}: outputs and the gradient of every weight are TensorFlow's`, async () => {
      const folder = path.join(converted, name);
      const references = await readNpz(path.join(folder, 'reference.npz'));
      const { network, weights: store } = await openNetwork(path.join(folder, 'model.json'));
      assert.deepEqual(network.problems, []);
      const weights = await valuesOf(network, store);
      await store.close();
      const placed = weightsOf(network);
      tf.engine().startScope();
      try {
        const inputs = [references.get('x')!];
        const whole = run({ network, weights, inputs, training: false });
        const differences: Difference[] = network.outputs.map((ref, index) => differenceOf(outputName(ref), whole.result.outputs[index] ?? null, references.get(`output/${outputName(ref)}`)!));
        // The reference's loss is that of the first output.
        const first = network.outputs.slice(0, 1);
        const pass = run({ network: { ...network, outputs: first }, weights, inputs, training: true, loss: { settings: ['mean_squared_error'], labels: [references.get('y')!] } });
        differences.push(differenceOf('loss', pass.loss, references.get('loss')!));
        const compared = new Set<string>();
        for (const { path: layer, weight, trainable } of placed) {
          const expected = references.get(`grad/${weight.key}`);
          // A constant that is not trained has a gradient too, where only one op takes it as a tensor.
          if (expected === undefined || (!trainable && weight.shape.length === 0) || (!trainable && placed.filter(({ weight: other }) => other.key === weight.key).length > 1)) continue;
          compared.add(weight.key ?? '');
          differences.push(differenceOf(`${layer}/${weight.name}`, pass.gradientOf(pass.weights.get(`${layer}/${weight.name}`)!), expected));
        }
        const input = references.get('grad/input');
        if (input !== undefined) differences.push(differenceOf('input', pass.gradientOf(pass.inputs[0]!), input));
        assertClose(differences);
        // Single numbers (an epsilon, a slope) are part of an op; all else that has a gradient is a weight.
        const missed = [...references].filter(([key, value]) => key.startsWith('grad/') && key !== 'grad/input' && value.shape.length > 0 && !compared.has(key.slice('grad/'.length)));
        assert.deepEqual(missed.map(([key]) => key), []);
      } finally {
        tf.engine().endScope();
      }
    });

    it(`${name}: the shapes that are told without running it are those that it has`, async () => {
      const backend = await openBackend('cpu');
      backend.activate();
      const folder = path.join(converted, name);
      const { network, weights: store } = await openNetwork(path.join(folder, 'model.json'));
      const weights = await valuesOf(network, store);
      await store.close();
      tf.engine().startScope();
      try {
        const pass = run({ network, weights, inputs: [(await readNpz(path.join(folder, 'reference.npz'))).get('x')!], training: false });
        const ops = network.layers.filter(({ name: layer }) => pass.tensors.has(layer));
        const untold = ops.filter(({ calls }) => calls[0]?.outputShapes[0] === undefined).map(({ name: layer, type }) => `${layer} (${type})`);
        for (const { name: layer, calls } of ops) {
          for (const [index, told] of (calls[0]?.outputShapes ?? []).entries()) {
            const made = pass.tensors.get(index === 0 ? layer : `${layer}:${index}`);
            assert.ok(made instanceof tf.Tensor && made.rank === told.length && told.every((extent, axis) => extent === null || extent === made.shape[axis]), `${layer}: told ${JSON.stringify(told)}, is ${made instanceof tf.Tensor ? made.shape.join('×') : 'absent'}`);
            // Only the batch may be open, wherever it stands.
            assert.ok(told.filter((extent) => extent === null).length <= 1, `${layer}: ${JSON.stringify(told)}`);
          }
        }
        assert.deepEqual(untold, []);
      } finally {
        tf.engine().endScope();
      }
    });

    // On cpu alone: on wasm the executor's fused products refuse models that its own converter writes.
    itOnEachBackend(`${name}: outputs are those of TensorFlow.js's own converter`, async () => {
      const folder = path.join(converted, name);
      const references = await readNpz(path.join(folder, 'reference.npz'));
      const { network, weights: store } = await openNetwork(path.join(folder, 'model.json'));
      const weights = await valuesOf(network, store);
      await store.close();
      const inputs = [references.get('x')!];
      const own = await executed(folder, inputs.map(tensorOf), network.outputs.map(outputName));
      tf.engine().startScope();
      try {
        const { result } = run({ network, weights, inputs, training: false });
        assertClose(own.map((tensor, index) => differenceOf(outputName(network.outputs[index]!), result.outputs[index]!, { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) })));
      } finally {
        tf.engine().endScope();
      }
    }, ['cpu']);
  }

  itOnEachBackend('tfjs_graph_cnn gives the reference\'s predictions', async () => {
    const folder = path.join(models, 'tfjs/tfjs_graph_cnn');
    const references = await readNpz(path.join(folder, 'tfjs_graph_cnn.reference.npz'));
    const { network, weights: store } = await openNetwork(path.join(folder, 'model.json'));
    const weights = await valuesOf(network, store);
    await store.close();
    tf.engine().startScope();
    try {
      const { result } = run({ network, weights, inputs: [references.get('x')!], training: false });
      assertClose([differenceOf('y_pred', result.outputs[0] ?? null, references.get('y_pred')!)]);
    } finally {
      tf.engine().endScope();
    }
  });

  it('a run trains one: the loss falls, a weight that two ops share stays one', async () => {
    const folder = path.join(converted, 'products');
    const run = await createRun({ model: 'model.json', data: { x: 'reference.npz#x', y: 'reference.npz#y' }, loss: 'mean_squared_error', optimizer: { type: 'adam', learningRate: 0.05 }, batchSize: 4, shuffle: false }, { baseFolder: folder });
    try {
      const shared = run.info.network.layers.filter(({ type }) => type === 'Const');
      assert.equal(shared.length, 1);
      for (let index = 0; index < 20; index += 1) await run.iteration(index);
      const [first = 0] = run.losses;
      const last = run.losses.at(-1) ?? Infinity;
      assert.ok(last < 0.8 * first, `${first} -> ${last}`);
    } finally {
      run.dispose();
    }
  });

  it('data that an op cannot take is told of in a sentence with the op', async () => {
    const folder = path.join(converted, 'shapes');
    const { network, weights: store } = await openNetwork(path.join(folder, 'model.json'));
    const weights = await valuesOf(network, store);
    await store.close();
    (await openBackend('cpu')).activate();
    tf.engine().startScope();
    try {
      assert.throws(() => run({ network, weights, inputs: [{ dtype: 'float32', shape: [2, 7], data: new Float32Array(14) }], training: false }), /^Failure: Op 'Reshape' \(Reshape\) cannot be computed with the data that it gets: .*\.$/);
    } finally {
      tf.engine().endScope();
    }
  });
});
