/** What a run makes of an exported model: loss, batch, layout, names, and what it refuses. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PbfWriter } from 'pbf';
import { indexOf } from '../../../src/debug/view/trace-index';
import { useOf } from '../../../src/debug/view/picture';
import { runOf } from '../../../src/engine/local-run';
import { fixedBatch } from '../../../src/engine/data/fit';
import { settingsOf } from '../../../src/engine/settings';
import { readWeights } from '../../../src/engine/weights';
import { openNetwork } from '../../../src/formats/registry';
import type { OpenedNetwork } from '../../../src/network/network';
import { defaultSlice } from '../../../src/tensor/slice';
import { fixture } from '../formats/fixture';

type Attribute = readonly [name: string, value: number | readonly number[] | Branch | { readonly from: string }];
/** A branch of an `If`: its nodes and what it gives. */
interface Branch { readonly nodes: readonly NodeSpec[]; readonly gives: string }
interface FunctionSpec { readonly name: string; readonly inputs: readonly string[]; readonly outputs: readonly string[]; readonly nodes: readonly NodeSpec[] }
interface NodeSpec { readonly type: string; readonly inputs: readonly string[]; readonly outputs: readonly string[]; readonly name?: string; readonly domain?: string; readonly attributes?: readonly Attribute[]; readonly scopes?: string }
interface TensorSpec { readonly name: string; readonly shape: readonly number[]; readonly floats?: readonly number[]; readonly ints?: readonly number[] }
interface Spec { readonly inputs: readonly (readonly [name: string, shape: readonly (number | string)[]])[]; readonly outputs: readonly string[]; readonly nodes: readonly NodeSpec[]; readonly tensors?: readonly TensorSpec[]; readonly opset?: number; readonly functions?: readonly FunctionSpec[] }

const hasNodes = (value: object): value is Branch => 'nodes' in value;

function writeNodes(graph: PbfWriter, field: number, nodes: readonly NodeSpec[]): void {
  for (const { type, inputs: from, outputs: to, name = '', domain = '', attributes = [], scopes } of nodes) graph.writeMessage(field, (_node: null, node) => {
    for (const input of from) node.writeStringField(1, input);
    for (const output of to) node.writeStringField(2, output);
    node.writeStringField(3, name);
    node.writeStringField(4, type);
    node.writeStringField(7, domain);
    if (scopes !== undefined) node.writeMessage(9, (_entry: null, entry) => { entry.writeStringField(1, 'pkg.torch.onnx.name_scopes'); entry.writeStringField(2, scopes); }, null);
    for (const [key, value] of attributes) node.writeMessage(5, (_attribute: null, attribute) => {
      attribute.writeStringField(1, key);
      if (typeof value === 'number') { attribute.writeVarintField(3, value); attribute.writeVarintField(20, 2); }
      else if ('from' in value) { attribute.writeStringField(21, value.from); attribute.writeVarintField(20, 2); }
      else if (hasNodes(value)) attribute.writeMessage(6, (_graph: null, branch) => { writeNodes(branch, 1, value.nodes); branch.writeMessage(12, (_output: null, output) => output.writeStringField(1, value.gives), null); }, null);
      else { for (const one of value) attribute.writeVarintField(8, one); attribute.writeVarintField(20, 7); }
    }, null);
  }, null);
}

/** The bytes of a small model. */
function modelOf({ inputs, outputs, nodes, tensors = [], opset = 20, functions = [] }: Spec): Uint8Array {
  const model = new PbfWriter();
  model.writeVarintField(1, 9);
  model.writeMessage(7, (_: null, graph) => {
    writeNodes(graph, 1, nodes);
    for (const { name, shape, floats, ints } of tensors) graph.writeMessage(5, (_tensor: null, tensor) => {
      tensor.writePackedVarint(1, [...shape]);
      tensor.writeVarintField(2, floats === undefined ? 7 : 1);
      if (floats !== undefined) tensor.writePackedFloat(4, [...floats]);
      if (ints !== undefined) tensor.writePackedVarint(7, [...ints]);
      tensor.writeStringField(8, name);
    }, null);
    const stated = (field: number, name: string, shape: readonly (number | string)[] | null): void => graph.writeMessage(field, (_value: null, value) => {
      value.writeStringField(1, name);
      value.writeMessage(2, (_type: null, type) => type.writeMessage(1, (_t: null, tensor) => {
        tensor.writeVarintField(1, 1);
        if (shape !== null) tensor.writeMessage(2, (_s: null, dims) => { for (const extent of shape) dims.writeMessage(1, (_d: null, dim) => { if (typeof extent === 'number') dim.writeVarintField(1, extent); else dim.writeStringField(2, extent); }, null); }, null);
      }, null), null);
    }, null);
    for (const [name, shape] of inputs) stated(11, name, shape);
    for (const name of outputs) stated(12, name, null);
  }, null);
  for (const { name, inputs: takes, outputs: gives, nodes: body } of functions) model.writeMessage(25, (_: null, made) => {
    made.writeStringField(1, name);
    for (const input of takes) made.writeStringField(4, input);
    for (const output of gives) made.writeStringField(5, output);
    writeNodes(made, 7, body);
    made.writeStringField(10, 'own');
  }, null);
  model.writeMessage(8, (_: null, set) => set.writeVarintField(2, opset), null);
  return model.finish();
}

async function withModel<T>(spec: Spec, work: (opened: OpenedNetwork) => T | Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-run-'));
  try {
    await writeFile(path.join(folder, 'small.onnx'), modelOf(spec));
    const opened = await openNetwork(path.join(folder, 'small.onnx'));
    try { return await work(opened); } finally { await opened.weights.close(); }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const weights: TensorSpec = { name: 'w', shape: [4, 3], floats: Array.from({ length: 12 }, (_, index) => Math.sin(index)) };
const scores: NodeSpec = { type: 'MatMul', inputs: ['x', 'w'], outputs: ['scores'], name: 'scores' };
const classifier = (...more: NodeSpec[]): Spec => ({ inputs: [['x', ['batch', 4]]], outputs: [more.at(-1)?.outputs[0] ?? 'scores'], nodes: [scores, ...more], tensors: [weights] });
const config = { model: '', data: { x: '', y: '' }, optimizer: 'sgd' };

describe('runs of ONNX models', () => {
  it('a cross-entropy takes logits where the graph ends without softmax or sigmoid, unless the run says otherwise', async () => {
    const taken = (spec: Spec, loss: string | { type: string; fromLogits: boolean }): Promise<boolean | undefined> => withModel(spec, ({ network }) => Object.values(settingsOf({ ...config, loss }, network).losses)[0]?.fromLogits);
    const softmax: NodeSpec = { type: 'Softmax', inputs: ['scores'], outputs: ['shares'], name: 'shares' };
    assert.equal(await taken(classifier(), 'sparse_categorical_crossentropy'), true);
    assert.equal(await taken(classifier(), 'binary_crossentropy'), true);
    assert.equal(await taken(classifier(), { type: 'sparse_categorical_crossentropy', fromLogits: false }), false);
    assert.equal(await taken(classifier(), 'mean_squared_error'), false);
    assert.equal(await taken(classifier(softmax), 'sparse_categorical_crossentropy'), false);
    assert.equal(await taken(classifier(softmax, { type: 'Squeeze', inputs: ['shares'], outputs: ['flat'], attributes: [['axes', [1]]] }), 'categorical_crossentropy'), false);
  });

  it('shapes that the graph computes are part of the ops that use them, for any batch', async () => {
    const spec: Spec = {
      inputs: [['x', ['batch', 2, 6]]], outputs: ['y'], tensors: [{ name: 'first', shape: [], ints: [0] }, { name: 'three', shape: [1], ints: [3] }, { name: 'rest', shape: [1], ints: [-1] }, { name: 'zero', shape: [1], ints: [0] }],
      nodes: [
        { type: 'Shape', inputs: ['x'], outputs: ['shape'] }, { type: 'Gather', inputs: ['shape', 'first'], outputs: ['batch'] }, { type: 'Unsqueeze', inputs: ['batch', 'zero'], outputs: ['batches'] },
        { type: 'Concat', inputs: ['batches', 'rest', 'three'], outputs: ['wanted'], attributes: [['axis', 0]] }, { type: 'Reshape', inputs: ['x', 'wanted'], outputs: ['y'], name: 'threes' },
      ],
    };
    await withModel(spec, async ({ network, weights: store }) => {
      assert.deepEqual(network.layers.map(({ name }) => name), ['x', 'threes']);
      for (const batch of [1, 5]) {
        const data = Float32Array.from({ length: batch * 12 }, (_, index) => index);
        const run = await runOf({ ...config, loss: 'mse', batchSize: batch, backend: 'cpu' }, { network, weights: store }, { examples: batch, inputs: { x: { dtype: 'float32', shape: [batch, 2, 6], data } }, labels: { threes: { dtype: 'float32', shape: [batch, 4, 3], data } }, sources: {} });
        const trace = await run.iteration(0);
        assert.deepEqual(trace.tensors.get(Object.values(trace.predictions)[0] ?? -1)?.shape, [batch, 4, 3]);
        assert.equal(trace.loss, 0);
        run.dispose();
      }
    });
  });

  it('a weight that several ops use is one layer, whose gradient is the sum', async () => {
    const spec: Spec = { inputs: [['x', ['batch', 2]]], outputs: ['y'], tensors: [{ name: 'both.weight', shape: [2, 2], floats: [1, 2, 3, 4] }], nodes: [{ type: 'MatMul', inputs: ['x', 'both.weight'], outputs: ['h'] }, { type: 'MatMul', inputs: ['h', 'both.weight'], outputs: ['y'], name: 'twice' }] };
    await withModel(spec, async ({ network, weights: store }) => {
      assert.deepEqual(network.layers.map(({ name, type }) => `${name} ${type}`), ['x Input', 'both.weight Parameter', 'MatMul_1 MatMul', 'twice MatMul']);
      const run = await runOf({ ...config, loss: 'mse', backend: 'cpu' }, { network, weights: store }, { examples: 1, inputs: { x: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 0) } }, labels: { twice: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(0, 0) } }, sources: {} });
      const trace = await run.iteration(0);
      // y = x W W = (7, 10), dL/dy = y; dW = x^T (y W^T) + (x W)^T y
      assert.deepEqual([...(trace.tensors.get(trace.weights[0]?.gradient ?? -1)?.read().data ?? [])], [27 + 7, 61 + 10, 14, 20]);
      run.dispose();
    });
  });

  it('weights that an exporter stored once because they were equal are each its own, those that are one stay one', async () => {
    const spec: Spec = {
      inputs: [['x', ['batch', 2]]], outputs: ['y'],
      tensors: [{ name: 'a.bias', shape: [2], floats: [0, 0] }, { name: 'w', shape: [2, 2], floats: [1, 2, 3, 4] }],
      nodes: [
        { type: 'Identity', inputs: ['a.bias'], outputs: ['b.bias'] }, { type: 'Identity', inputs: ['w'], outputs: ['v'] }, { type: 'Identity', inputs: ['b.bias'], outputs: ['c.bias'] },
        { type: 'Gemm', inputs: ['x', 'w', 'a.bias'], outputs: ['h'], name: '/a/Gemm' }, { type: 'Gemm', inputs: ['h', 'v', 'b.bias'], outputs: ['g'], name: '/b/Gemm' }, { type: 'Add', inputs: ['g', 'c.bias'], outputs: ['y'], name: '/c/Add' },
      ],
    };
    await withModel(spec, async ({ network, weights: store }) => {
      assert.deepEqual(network.layers.map(({ name, weights: own }) => `${name}: ${own.map((weight) => weight.name).join()}`), ['x: ', 'w: value', 'a/Gemm: bias', 'b/Gemm: bias', 'c/Add: bias']);
      const bias = await store.read(network.layers.find(({ name }) => name === 'c/Add')?.weights[0]?.key ?? '');
      assert.deepEqual([...bias.data], [0, 0]);
      const run = await runOf({ ...config, loss: 'mse', backend: 'cpu' }, { network, weights: store }, { examples: 1, inputs: { x: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 0) } }, labels: { 'c/Add': { dtype: 'float32', shape: [1, 2], data: Float32Array.of(0, 0) } }, sources: {} });
      const trace = await run.iteration(0);
      // y = x W W = (7, 10), dL/dy = y; of the bias of the first, y W^T.
      assert.deepEqual(trace.weights.map(({ gradient }) => [...(trace.tensors.get(gradient ?? -1)?.read().data ?? [])]), [[34, 71, 14, 20], [27, 61], [7, 10], [7, 10]]);
      run.dispose();
    });
  });

  it('an op belongs to the module that the exporter says, whose equal weights are its own', async () => {
    const spec: Spec = {
      inputs: [['x', ['batch', 2, 4, 4]]], outputs: ['y'],
      tensors: [{ name: 'block.norm.weight', shape: [2], floats: [1, 1] }, { name: 'block.conv.weight', shape: [2, 2, 1, 1], floats: [1, 2, 3, 4] }],
      nodes: [
        { type: 'Conv', inputs: ['x', 'block.conv.weight', 'block.norm.weight'], outputs: ['h'], name: 'node_Conv_7', scopes: "['', 'block', 'block.norm', 'batch_norm']" },
        { type: 'InstanceNormalization', inputs: ['h', 'block.norm.weight', 'block.norm.weight'], outputs: ['y'], name: 'node_norm', scopes: "['', 'head', 'head.norm', 'norm']" },
      ],
    };
    await withModel(spec, ({ network }) => {
      assert.deepEqual(network.layers.map(({ name, scope }) => [name, scope]), [['x', undefined], ['node_Conv_7', 'block.conv'], ['node_norm', 'head.norm']]);
      return Promise.resolve();
    });
  });

  it('a model exported for one batch runs with that batch, and with others where its shapes allow', async () => {
    const spec: Spec = { inputs: [['x', [2, 2, 2]]], outputs: ['y'], tensors: [{ name: 'rows', shape: [2], ints: [2, -1] }, weights], nodes: [{ type: 'Reshape', inputs: ['x', 'rows'], outputs: ['flat'] }, { type: 'MatMul', inputs: ['flat', 'w'], outputs: ['y'], name: 'y' }] };
    await withModel(spec, async ({ network, weights: store }) => {
      assert.equal(fixedBatch(network), 2);
      assert.equal(settingsOf({ ...config, loss: 'mse' }, network).batchSize, 2);
      const run = await runOf({ ...config, loss: 'mse', batchSize: 3, backend: 'cpu' }, { network, weights: store }, { examples: 3, inputs: { x: { dtype: 'float32', shape: [3, 2, 2], data: new Float32Array(12) } }, labels: { y: { dtype: 'float32', shape: [3, 3], data: new Float32Array(9) } }, sources: {} });
      assert.equal((await run.iteration(0)).loss, 0);
      run.dispose();
    });
  });

  it('has the classes of PyTorch\'s cross-entropy at the second axis', async () => {
    const spec: Spec = { inputs: [['x', ['batch', 2, 3]]], outputs: ['y'], nodes: [{ type: 'Identity', inputs: ['x'], outputs: ['y'], name: 'y' }] };
    await withModel(spec, async ({ network, weights: store }) => {
      const run = await runOf({ ...config, loss: 'cross_entropy', batchSize: 1, backend: 'cpu' }, { network, weights: store }, { examples: 1, inputs: { x: { dtype: 'float32', shape: [1, 2, 3], data: Float32Array.of(2, 0, 1, 0, 3, 1) } }, labels: { y: { dtype: 'int32', shape: [1, 3], data: Int32Array.of(0, 1, 1) } }, sources: {} });
      const trace = await run.iteration(0);
      // Means of log(1 + e^-2), log(1 + e^-3), log 2.
      const expected = (Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(-3)) + Math.LN2) / 3;
      assert.ok(Math.abs(trace.loss - expected) < 1e-6);
      assert.ok(Math.abs((trace.metrics['accuracy'] ?? 0) - 2 / 3) < 1e-9);
      run.dispose();
    });
  });

  it('calls of the model\'s own functions are the ops that these consist of, with the attributes of the call', async () => {
    const spec: Spec = {
      ...classifier({ type: 'Tail', domain: 'own', inputs: ['scores'], outputs: ['y'], name: 'tail', attributes: [['along', 1]] }),
      functions: [
        { name: 'Tail', inputs: ['a'], outputs: ['b'], nodes: [{ type: 'Relu', inputs: ['a'], outputs: ['kept'] }, { type: 'Shares', domain: 'own', inputs: ['kept'], outputs: ['b'], name: 'end', attributes: [['axis', { from: 'along' }]] }] },
        { name: 'Shares', inputs: ['z'], outputs: ['p'], nodes: [{ type: 'Softmax', inputs: ['z'], outputs: ['p'], attributes: [['axis', { from: 'axis' }]] }] },
      ],
    };
    await withModel(spec, ({ network }) => {
      assert.deepEqual(network.layers.map(({ name, type, config: settings }) => [name, type, settings]), [['x', 'Input', { dtype: 'float32' }], ['scores', 'MatMul', {}], ['tail/Relu', 'Relu', {}], ['tail/end/Softmax', 'Softmax', { axis: 1 }]]);
      assert.equal(network.viewOnly, undefined);
    });
    const endless = [{ name: 'Loop', inputs: ['a'], outputs: ['b'], nodes: [{ type: 'Loop', domain: 'own', inputs: ['a'], outputs: ['c'] }, { type: 'Loop', domain: 'own', inputs: ['c'], outputs: ['b'] }] }];
    await assert.rejects(withModel({ ...classifier({ type: 'Loop', domain: 'own', inputs: ['scores'], outputs: ['y'] }), functions: endless }, () => undefined), /small\.onnx is not a sound ONNX model: its functions call one another without end\./);
  });

  it('takes the branch of a condition that the file itself decides', async () => {
    const branch = (type: string): Branch => ({ nodes: [{ type, inputs: ['scores'], outputs: [`${type} made`], name: type }], gives: `${type} made` });
    const spec: Spec = { ...classifier({ type: 'If', inputs: ['yes'], outputs: ['y'], attributes: [['then_branch', branch('Relu')], ['else_branch', branch('Tanh')]] }), tensors: [weights, { name: 'yes', shape: [], ints: [1] }] };
    await withModel(spec, ({ network }) => { assert.deepEqual([network.layers.map(({ type }) => type), network.outputs[0]?.layer], [['Input', 'MatMul', 'Relu'], 'Relu']); });
  });

  it('refuses an integer that 32 bits do not hold', async () => {
    const table: TensorSpec = { name: 'table', shape: [5000], ints: Array.from({ length: 5000 }, (_, index) => (index === 4999 ? 2 ** 40 : index)) };
    const spec: Spec = { inputs: [['x', ['batch', 2]]], outputs: ['y'], tensors: [table], nodes: [{ type: 'Cast', inputs: ['x'], outputs: ['places'], attributes: [['to', 7]] }, { type: 'Gather', inputs: ['table', 'places'], outputs: ['y'], name: 'rows' }] };
    await withModel(spec, async ({ network, weights: store }) => {
      const data = { examples: 1, inputs: { x: { dtype: 'float32' as const, shape: [1, 2], data: Float32Array.of(1, 2) } }, labels: { rows: { dtype: 'float32' as const, shape: [1, 2], data: Float32Array.of(1, 2) } }, sources: {} };
      await assert.rejects(runOf({ ...config, loss: 'mse', backend: 'cpu' }, { network, weights: store }, data), /"rows\/table" holds the integer 1099511627776, but Backstep computes with 32 bits/);
    });
  });

  it('a model with unknown ops shows its graph and weights, and names them', async () => {
    await withModel(classifier({ type: 'TfIdfVectorizer', inputs: ['scores'], outputs: ['places'] }), async ({ network, weights: store }) => {
      assert.equal(network.viewOnly, 'small.onnx can be looked at but not run: Backstep does not have the op TfIdfVectorizer.');
      assert.deepEqual(network.problems, [network.viewOnly]);
      assert.deepEqual(network.layers.map(({ type, problem }) => [type, problem]), [['Input', null], ['MatMul', null], ['TfIdfVectorizer', 'Backstep does not have the op TfIdfVectorizer.']]);
      assert.deepEqual((await store.read('w')).shape, [4, 3]);
    });
  });

  it('a model whose op takes what nothing makes shows its graph, and names both', async () => {
    await withModel(classifier({ type: 'Add', inputs: ['scores', 'nowhere'], outputs: ['places'] }), ({ network }) => {
      assert.deepEqual(network.problems, ["small.onnx can be looked at but not run: an op Add takes a tensor 'nowhere', which nothing in the file makes."]);
      return Promise.resolve();
    });
  });

  it('weights that no memory holds several times over are refused before they are read', async () => {
    const layer = { name: 'wide', type: 'Parameter', config: {}, trainable: true, calls: [], network: null, problem: null, weights: [{ name: 'value', shape: [800_000, 1000], dtype: 'float32', trainable: true, key: 'w', initializer: null }] } as const;
    const network = { name: 'large.onnx', format: 'onnx', convention: 'pytorch', layers: [layer], inputs: [], outputs: [], compile: null, problems: [] } as const;
    await assert.rejects(readWeights(network, { read: () => assert.fail('they are read'), close: () => Promise.resolve() }, 1), /^Failure: The weights of large\.onnx take 3\.0 GiB, and a run keeps them several times over.*Up to 2 GiB can be run; its graph and weights can be looked at\.$/);
  });

  it('activations and kernels are shown with channels first, as the file has them', async () => {
    const { network, weights: store } = await openNetwork(fixture('torch/torch_cnn.onnx'));
    const data = { x: { dtype: 'float32' as const, shape: [2, 1, 14, 14], data: new Float32Array(392).map((_, index) => Math.sin(index)) }, y: { dtype: 'int32' as const, shape: [2], data: Int32Array.of(1, 2) } };
    const run = await runOf({ ...config, loss: 'cross_entropy', backend: 'cpu' }, { network, weights: store }, { examples: 2, inputs: { image: data.x }, labels: { 'fc/Gemm': data.y }, sources: {} });
    await store.close();
    const trace = await run.iteration(0);
    const index = indexOf(trace, new Map());
    const layer = trace.layers.find(({ layer: name }) => name === 'conv1/Conv') ?? assert.fail();
    const weight = trace.weights.find(({ layer: name }) => name === 'conv1/Conv') ?? assert.fail();
    assert.deepEqual([layer.inputs[0], layer.outputs[0], layer.outputGradients[0], weight.before, weight.gradient, weight.after].map((id) => useOf(index, id ?? -1)), ['activation-first', 'activation-first', 'activation-first', 'weight-first', 'weight-first', 'weight-first']);
    const inside = trace.ops.find(({ kernel, layer: name }) => kernel === 'Conv2D' && name === 'conv1/Conv') ?? assert.fail();
    assert.equal(useOf(index, inside.outputs[0] ?? -1), 'activation');
    assert.deepEqual(defaultSlice([2, 8, 14, 14], 'activation-first', 1), { tileAxes: [1], rowAxis: 2, columnAxis: 3, at: { 0: 1 } });
    assert.deepEqual(defaultSlice([8, 1, 3, 3], 'weight-first'), { tileAxes: [1, 0], rowAxis: 2, columnAxis: 3, at: {} });
    run.dispose();
  });
});
