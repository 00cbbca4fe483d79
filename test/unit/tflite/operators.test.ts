/** Single TFLite operators, loops, branches and state against the interpreter. test/fixtures/scripts/tflite_ops.py says how the models were made. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { graphView } from '../../../src/network/graph-view';
import type { Network } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from '../layers/comparing';
import { run, valuesOf } from '../layers/passes';

let arrays: Promise<ReadonlyMap<string, TensorValue>> | null = null;
const read = (): Promise<ReadonlyMap<string, TensorValue>> => (arrays ??= readNpz(path.resolve('test/fixtures/models/tensorflow/lite/operators.npz')));

interface Case { readonly network: Network; readonly weights: ReadonlyMap<string, TensorValue>; readonly inputs: readonly TensorValue[]; readonly outputs: readonly TensorValue[] }

async function openCase(name: string): Promise<Case> {
  const all = await read();
  const folder = await mkdtemp(path.join(tmpdir(), 'backstep-tflite-'));
  try {
    const file = path.join(folder, `${name}.tflite`);
    await writeFile(file, (all.get(`${name}/model`) ?? assert.fail(name)).data as Uint8Array);
    const { network, weights: store } = await openNetwork(file);
    const weights = await valuesOf(network, store);
    await store.close();
    const listed = (kind: string): TensorValue[] => [...all].filter(([key]) => key.startsWith(`${name}/${kind}_`)).map(([, value]) => value);
    return { network, weights, inputs: listed('input'), outputs: listed('output') };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const groups: Readonly<Record<string, RegExp>> = {
  'recurrent operators': /^(lstm|bidirectional|rnn|svdf)/, 'boxes': /suppression|detection/, 'loops and branches': /^(while|if)_/, 'state': /^variables/,
  'scattering, segments, places and the rest': /^(?!lstm|bidirectional|rnn|svdf|while|if_|variables|.*suppression|detection)/,
};

describe('TFLite operators', () => {
  for (const [title, names] of Object.entries(groups)) {
    itOnEachBackend(`${title} give what the interpreter gives`, async () => {
      const wrong: string[] = [];
      const cases = [...(await read()).keys()].filter((key) => key.endsWith('/model')).map((key) => key.slice(0, -'/model'.length)).filter((name) => names.test(name));
      assert.ok(cases.length > 0);
      for (const name of cases) {
        const { network, weights, inputs, outputs } = await openCase(name);
        tf.engine().startScope();
        try {
          assert.equal(network.viewOnly, undefined);
          const { result } = run({ network, weights, inputs, training: false });
          assertClose(outputs.map((expected, index) => differenceOf(`${name} ${index}`, result.outputs[index] ?? null, { ...expected, dtype: 'float32', data: Float32Array.from(expected.data as Float32Array, Number) })));
        } catch (error) {
          wrong.push(`${name}: ${(error as Error).message}`);
        } finally {
          tf.engine().endScope();
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  it('the graphs of loops and branches are groups with the weights of their operators', async () => {
    const { nodes, edges } = graphView((await openCase('while_steps')).network);
    assert.deepEqual(nodes.filter(({ type, weights }) => type === 'FULLY_CONNECTED' && weights.length > 0).map(({ parent, weights }) => [parent, weights[0]?.shape]), [['while/body', [4, 4]], ['while/body', [4, 3]]]);
    assert.ok(edges.some(({ source, target }) => source === 'x' && target === 'while/while_body_arg3'), 'the input is the fourth of the loop');
    const branches = graphView((await openCase('if_then')).network);
    assert.deepEqual(branches.nodes.filter(({ type }) => type === 'BATCH_MATMUL').map(({ parent }) => parent), ['Identity/then_branch', 'Identity/else_branch']);
    assert.ok(branches.edges.some(({ source, target }) => source === 'Greater' && target === 'Identity/Choice'));
  });

  it('weights inside a loop have gradients from every turn', async () => {
    const { network, weights, inputs } = await openCase('while_steps');
    tf.engine().startScope();
    try {
      const shape = [2, 4];
      const pass = run({ network, weights, inputs, training: true, loss: { settings: ['mean_squared_error'], labels: [{ dtype: 'float32', shape, data: new Float32Array(8) }] } });
      const trained = [...pass.weights].filter(([name]) => /kernel$/.test(name)).map(([name, weight]) => [name, pass.gradientOf(weight)] as const);
      assert.ok(trained.length > 0);
      for (const [name, gradient] of trained) assert.ok(gradient !== null && Number(tf.max(tf.abs(gradient)).dataSync()[0]) > 1e-4, name);
    } finally {
      tf.engine().endScope();
    }
  });

  it('sparse and packed weights stand with the operators that use them, in full', async () => {
    const sparse = await openCase('sparse');
    assert.deepEqual(sparse.network.layers.map(({ type }) => type), ['Input', 'CONV_2D', 'RESHAPE', 'FULLY_CONNECTED']);
    const kernels = [...sparse.weights].filter(([name]) => /kernel/.test(name)).map(([name, { shape, data }]) => [name.split('/').at(-1), shape, Array.from(data as Float32Array).filter((value) => value !== 0).length]);
    assert.deepEqual(kernels, [['kernel', [8, 3, 3, 4], 60], ['kernel', [32, 64], 412]]);
    const packed = [...(await openCase('int4_weights')).weights.values()][0];
    assert.deepEqual(packed?.shape, [5, 8]);
    assert.ok(Array.from(packed.data as Float32Array).every((value) => Math.abs(value) <= 1.75 && Number.isInteger(value * 4)));
  });

  it('of several signatures the first runs, the others stand beside it', async () => {
    const { network } = await openCase('signatures');
    assert.equal(network.viewOnly, undefined);
    assert.deepEqual(network.layers.filter(({ type }) => type === 'Signature').map(({ name, network: inside }) => [name, inside?.layers.some(({ type }) => type === 'TANH')]), [['encode', true]]);
    assert.match(network.problems.join(), /^signatures\.tflite holds 2 graphs that are called by themselves\. A run steps through decode; encode stands beside it to be looked at\.$/);
  });

  it('state is told of in a sentence', async () => {
    const { network } = await openCase('variables');
    assert.match(network.problems.join(), /^variables\.tflite keeps 1 tensor from call to call; each iteration here begins with the initial values\.$/);
  });
});
