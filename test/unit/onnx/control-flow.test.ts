/** Loops and branches of ONNX against PyTorch: outputs, loss and every gradient of what ran. test/fixtures/scripts/onnx_control_flow.py says how the models were made. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { PbfWriter } from 'pbf';
import { openBackend } from '../../../src/engine/backend/backend';
import { createRun } from '../../../src/engine/create-run';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { makeListing } from '../../../src/listing/listing';
import { graphView } from '../../../src/network/graph-view';
import { flattenWeights } from '../../../src/network/layer-path';
import type { Network } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import { writeNpy } from '../../../src/tensor/npy';
import { itOnEachBackend } from '../backend/each-backend';
import type { Difference } from '../layers/comparing';
import { assertClose, differenceOf } from '../layers/comparing';
import type { Pass } from '../layers/passes';
import { run, valuesOf } from '../layers/passes';

const file = path.resolve('test/fixtures/onnx/control_flow.npz');
const titles: Readonly<Record<string, string>> = {
  rollout: 'a cell repeated for each step, its outputs in a sequence', until: 'a loop that ends when its data are small', branch: 'a branch that is taken', otherwise: 'a branch that is not taken',
  nested: 'a branch in a loop in a loop', scan: 'a Scan backwards over the second axis',
};

interface Model { readonly network: Network; readonly weights: ReadonlyMap<string, TensorValue>; readonly array: (key: string) => TensorValue; readonly arrays: ReadonlyMap<string, TensorValue> }

async function opened<T>(name: string, work: (model: Model, folder: string) => T | Promise<T>): Promise<T> {
  const arrays = await readNpz(file);
  const array = (key: string): TensorValue => arrays.get(`${name}/${key}`) ?? assert.fail(key);
  const folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-flow-'));
  try {
    await writeFile(path.join(folder, `${name}.onnx`), array('model').data as Uint8Array);
    const { network, weights: store } = await openNetwork(path.join(folder, `${name}.onnx`));
    const weights = await valuesOf(network, store);
    await store.close();
    return await work({ network, weights, array, arrays }, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The gradient of a weight; zeros where a weight of a branch that did not run has none. */
function gradientOf(pass: Pass, source: tf.Tensor): tf.Tensor { return pass.gradientOf(source) ?? tf.zerosLike(source); }

describe('ONNX loops and branches', () => {
  for (const [name, title] of Object.entries(titles)) {
    itOnEachBackend(`${title}: outputs, loss and all gradients are PyTorch's`, () => opened(name, ({ network, weights, array, arrays }) => {
      assert.deepEqual([network.viewOnly, network.problems], [undefined, []]);
      tf.engine().startScope();
      try {
        const pass = run({ network, weights, inputs: [array('x')], training: true, loss: { settings: ['mean_squared_error'], labels: [array('y')] } });
        const paths = new Map([...flattenWeights(network)].map((found) => [found.weight.key ?? '', found.path]));
        const gradients = [...arrays].filter(([key]) => key.startsWith(`${name}/grad/`)).map(([key, expected]): Difference => {
          const weight = key.slice(`${name}/grad/`.length);
          const source = weight === 'input' ? pass.inputs[0] : pass.weights.get(paths.get(weight) ?? '');
          assert.ok(source, weight);
          return differenceOf(weight, gradientOf(pass, source), expected);
        });
        assertClose([differenceOf('output', pass.result.outputs[0] ?? null, array('y_pred')), differenceOf('loss', pass.loss, array('loss')), ...gradients]);
      } finally {
        tf.engine().endScope();
      }
    }));
  }

  it('bodies are groups of the graph, with the weights of the ops inside them', () => opened('nested', ({ network }) => {
    const nodes = new Map(graphView(network).nodes.map((node) => [node.id, node]));
    assert.equal(nodes.get('Loop_1/Loop')?.parent, 'Loop_1');
    assert.deepEqual(nodes.get('Loop_1/Loop/If/then_branch/MatMul')?.weights.map(({ name, shape }) => [name, shape]), [['a', [3, 3]]]);
    assert.deepEqual(nodes.get('Loop_1/Loop/If/else_branch/Mul')?.weights.map(({ name }) => name), ['b']);
    assert.equal(nodes.get('Loop_1')?.parameters, 12);
  }));

  it('a run records each turn as ops with its number, steps through them, and trains', () => opened('rollout', async ({ array }, folder) => {
    for (const key of ['x', 'y']) await writeFile(path.join(folder, `${key}.npy`), writeNpy(array(key)));
    const session = await createRun({ model: 'rollout.onnx', data: { x: 'x.npy', y: 'y.npy' }, loss: 'mean_squared_error', optimizer: { type: 'adam', learningRate: 0.05 }, batchSize: 2 }, { baseFolder: folder });
    try {
      const trace = await session.iteration(0);
      const turns = trace.layers.filter(({ layer }) => layer === 'Loop/back/Gemm').map(({ call }) => call);
      assert.deepEqual(turns, [0, 1, 2, 3, 4]);
      assert.ok(trace.groups.some(({ phase, layer, call }) => phase === 'forward' && layer === 'Loop/back/Gemm' && call === 4));
      assert.ok(trace.groups.some(({ phase, layer, call }) => phase === 'backward' && layer === 'Loop/back/Gemm' && call === 4));
      assert.match(makeListing(trace, session.info.network).text, /^\/\/ .*Loop\/back\/Gemm#3 · Gemm/m);
      for (let index = 1; index < 15; index += 1) await session.iteration(index);
      assert.ok((session.losses.at(-1) ?? Infinity) < 0.8 * (session.losses[0] ?? 0), session.losses.join(' '));
    } finally {
      session.dispose();
    }
  }));

  it('branches in branches without end are refused with a sentence', async () => {
    // A graph of one op If on its input c, whose branches are `inner`.
    const graph = (inner: Uint8Array | null): Uint8Array => {
      const made = new PbfWriter();
      made.writeMessage(1, (_: null, node) => {
        node.writeStringField(1, 'c');
        node.writeStringField(2, 'r');
        node.writeStringField(4, inner === null ? 'Identity' : 'If');
        if (inner !== null) for (const name of ['then_branch', 'else_branch']) node.writeMessage(5, (_attribute: null, attribute) => { attribute.writeStringField(1, name); attribute.writeBytesField(6, name === 'then_branch' ? inner : graph(null)); }, null);
      }, null);
      made.writeMessage(12, (_: null, value) => value.writeStringField(1, 'r'), null);
      return made.finish();
    };
    let nested = graph(null);
    for (let depth = 0; depth < 40; depth += 1) nested = graph(nested);
    const model = new PbfWriter();
    model.writeVarintField(1, 9);
    model.writeBytesField(7, nested);
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-deep-'));
    try {
      await writeFile(path.join(folder, 'deep.onnx'), model.finish());
      await assert.rejects(openNetwork(path.join(folder, 'deep.onnx')), /deep\.onnx: its loops and branches stand in each other more than 32 deep\.$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('a loop without end stops with a sentence', () => opened('until', async ({ network, weights }) => {
    (await openBackend('cpu')).activate();
    tf.engine().startScope();
    try {
      // Saturated: 0.64 each, so that the sum stays above the bound of 1.5.
      const endless = new Map([...weights].map(([key, value]) => [key, { ...value, data: Float32Array.from(value.data as Float32Array, () => 1e9) }]));
      assert.throws(() => run({ network, weights: endless, inputs: [{ dtype: 'float32', shape: [2, 4], data: new Float32Array(8).fill(9) }], training: false }),
        /^Failure: Layer 'Loop' \(Loop\) is still not done when loops have run 10000 times in this iteration, which is all that Backstep records; give data that end its loop sooner\.$/);
    } finally {
      tf.engine().endScope();
    }
  }));
});
