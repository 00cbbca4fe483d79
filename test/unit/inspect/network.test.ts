import assert from 'node:assert/strict';
import vm from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { input as inputLayer, layers, model, sequential } from '@tensorflow/tfjs-layers';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { openBackend } from '../../../src/engine/backend/backend';
import { configGraph } from '../../../src/debug/inspect/config-graph';
import { inspectOutputs } from '../../../src/debug/inspect/inspector';
import { Looks } from '../../../src/debug/inspect/looks';
import { Failure } from '../../../src/tensor/failure';

/** A program paused in this process, where TensorFlow.js keeps its engine in a global. */
const program = globalThis as { paused?: Record<string, unknown>; _tfengine?: { readonly state: Record<string, unknown>; readonly constructor: Record<string, unknown> } };
const evaluate = (text: string): Promise<string> => Promise.resolve(String(vm.runInThisContext(text)));
const outputs = async (net: LayersModel, input: unknown) => {
  program.paused = { net, input };
  return inspectOutputs('pwa-node', 'paused.net', 'paused.input', evaluate);
};
const fails = (code: string, word: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof Failure && error.code === code && word.test(error.message), String(error));
  return true;
};
/** Everything of the engine that a program could notice. */
const state = (): string => {
  const { numTensors, numBytes, numDataBuffers, nextScopeId, nextTapeNodeId, gradientDepth, kernelDepth, profiling, activeTape } = program._tfengine?.state ?? assert.fail();
  return JSON.stringify([numTensors, numBytes, numDataBuffers, nextScopeId, nextTapeNodeId, gradientDepth, kernelDepth, profiling, Array.isArray(activeTape) ? activeTape.length : null, program._tfengine?.constructor['nextTensorId'], Object.getOwnPropertyNames(globalThis).length]);
};

describe('The layers of a tf.LayersModel in a paused program', () => {
  before(async () => { (await openBackend('cpu')).activate(); });
  after(() => { delete program.paused; });

  const block = (): LayersModel => sequential({ name: 'block', layers: [layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1], name: 'conv' }), layers.maxPooling2d({ poolSize: 2, name: 'pool' })] });
  const shared = (): LayersModel => {
    const [a, b] = [0, 1].map((i) => inputLayer({ shape: [6, 6, 1], name: `in${i}` }));
    const inner = block();
    const both = [a, b].map((symbolic) => inner.apply(symbolic as SymbolicTensor) as SymbolicTensor);
    const sum = layers.add({ name: 'sum' }).apply(both) as SymbolicTensor;
    const flat = layers.flatten({ name: 'flat' }).apply(sum) as SymbolicTensor;
    const out = layers.dense({ units: 2, activation: 'softmax', name: 'out' }).apply(layers.dropout({ rate: 0.5, name: 'drop' }).apply(flat)) as SymbolicTensor;
    return model({ inputs: [a as SymbolicTensor, b as SymbolicTensor], outputs: out });
  };

  it('give what predict gives, inside nested and shared models too', async () => {
    const net = shared();
    const x = tf.randomNormal([2, 6, 6, 1], 0, 1, 'float32', 3), y = tf.ones([2, 6, 6, 1]);
    const all = await outputs(net, [x, y]);
    assert.deepEqual(all.map(({ layer, call }) => `${layer.join('/')}#${call}`).sort(), ['block#0', 'block#1', 'block/conv#0', 'block/conv#0', 'block/conv_input#0', 'block/conv_input#0', 'block/pool#0', 'block/pool#0', 'drop#0', 'flat#0', 'in0#0', 'in1#0', 'out#0', 'sum#0']);
    const expected = (net.predict([x, y]) as tf.Tensor).dataSync();
    const { statistics } = all.find(({ layer }) => layer.join() === 'out') ?? assert.fail();
    assert.ok(Math.abs(statistics.max - Math.max(...expected)) < 1e-6 && Math.abs(statistics.min - Math.min(...expected)) < 1e-6);
  });

  it('leave tensors, tape, profile, counters and hooks of the program as they were', async () => {
    const net = shared();
    const x = tf.ones([1, 6, 6, 1]);
    let heard = 0;
    net.getLayer('flat').setCallHook(() => { heard += 1; });
    const random = Math.random;
    try {
      Math.random = () => assert.fail('a random number was drawn');
      const before = state();
      await outputs(net, [x, x]);
      assert.equal(state(), before);
    } finally {
      Math.random = random;
    }
    assert.equal(heard, 0);
    net.predict([x, x]);
    assert.equal(heard, 1);
  });

  it('leave a gradient that is being taped as it was', () => {
    const net = block();
    const gradient = tf.grad((x: tf.Tensor) => {
      program.paused = { net, x };
      void inspectOutputs('pwa-node', 'paused.net', 'paused.x', evaluate);
      return x.square();
    })(tf.ones([1, 6, 6, 1]));
    assert.ok(gradient.dataSync().every((value) => value === 2));
  });

  it('take numbers without a batch, and the first examples of a large batch', async () => {
    const rows = Array.from({ length: 6 }, (_, i) => Array.from({ length: 6 }, (_unused, j) => [i * j]));
    assert.deepEqual((await outputs(block(), rows)).map(({ shape }) => shape), [[1, 6, 6, 1], [1, 4, 4, 2], [1, 2, 2, 2]]);
    assert.deepEqual((await outputs(block(), tf.ones([40, 6, 6, 1])))[0]?.shape, [16, 6, 6, 1]);
  });

  it('are refused in a sentence where the input does not fit, or a layer keeps states', async () => {
    await assert.rejects(outputs(block(), tf.ones([1, 5, 6, 1])), fails('inspect.shape', /takes an input of shape \[\?, 6, 6, 1\], this one has \[1, 5, 6, 1\]/));
    await assert.rejects(outputs(shared(), tf.ones([1, 6, 6, 1])), fails('inspect.shape', /takes 2 inputs, and 1 are given/));
    const lstm = sequential({ layers: [layers.simpleRNN({ units: 2, stateful: true, batchInputShape: [1, 3, 1], name: 'memory' })] });
    const before = state();
    await assert.rejects(outputs(lstm, tf.ones([1, 3, 1]).arraySync()), fails('inspect.unreadable', /its layer memory keeps states/));
    const gradientDepth = (text: string): number => (JSON.parse(text) as number[])[5] ?? NaN;
    assert.equal(gradientDepth(state()), gradientDepth(before));
    await assert.rejects(inspectOutputs('debugpy', 'model', 'x', evaluate), fails('inspect.language', /JavaScript programs only/));
  });

  it('show on the graph, and each with its feature maps and weights when it is opened', async () => {
    const net = shared();
    program.paused = { net, x: tf.range(0, 72).reshape([2, 6, 6, 1]) };
    const looks = new Looks(() => ({ debuggerType: 'pwa-node', evaluate }), configGraph, () => undefined);
    await looks.look('paused.net', 'tensor');
    const view = () => looks.view.looks[0] ?? assert.fail();
    await looks.openLayer(view().id, 'block/conv');
    assert.deepEqual(view().parts.map(({ title, result }) => [title, result.kind === 'tensor' ? result.shape : result]), [['conv / kernel', [3, 3, 1, 2]], ['conv / bias', [2]]]);
    await looks.compute(view().id, '[paused.x, paused.x]');
    const { result, parts } = view();
    assert.ok(result.kind === 'network' && result.problem === null, JSON.stringify(result));
    assert.deepEqual(result.computed, { input: '[paused.x, paused.x]', examples: 2 });
    assert.match(result.graph.nodes.find(({ id }) => id === 'block/conv')?.detail ?? '', /^mean .* max /);
    assert.deepEqual(parts.map(({ title }) => title), ['output of conv (call 1, output 1)', 'output of conv (call 1, output 1)', 'conv / kernel', 'conv / bias']);
    const [first] = parts;
    assert.ok(first?.result.kind === 'tensor');
    assert.deepEqual([first.result.shape, first.result.slice.tileAxes], [[2, 4, 4, 2], [3]]);
    const expected = (net.getLayer('block') as LayersModel).getLayer('conv').apply(program.paused['x'] as tf.Tensor) as tf.Tensor;
    assert.deepEqual([...new Float32Array(looks.picture(first.id).values)], [...expected.gather([0]).squeeze<tf.Tensor3D>([0]).transpose([2, 0, 1]).dataSync()]);
    await looks.compute(view().id, 'paused.nothing');
    const failed = view().result;
    assert.ok(failed.kind === 'network' && /the model takes 2 inputs/.test(failed.problem ?? ''), JSON.stringify(failed.kind === 'network' && failed.problem));
  });
});
