import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PbfWriter } from 'pbf';
import { openNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { graphView } from '../../../src/network/graph-view';
import { flattenWeights } from '../../../src/network/layer-path';
import { Failure } from '../../../src/tensor/failure';
import { fixture, readJson } from './fixture';

interface OnnxFacts { opset: Record<string, number>; producer: string; inputs: [string, (string | number)[]][]; outputs: string[]; nodes: string[]; parameters: Record<string, { initializer: string; transform: string } | null> }
interface Description { layers: { name: string; output_shape: number[] }[]; total_params: number; onnx: Record<string, OnnxFacts> }

/** Ops that files use on tensors as well as on shapes. */
const shaping = new Set(['Constant', 'Shape', 'ConstantOfShape', 'Cast', 'Gather', 'Unsqueeze', 'Squeeze', 'Concat', 'Slice', 'Reshape', 'Transpose', 'Expand', 'Mul', 'Div', 'Mod', 'Sqrt', 'Add']);

describe('ONNX models', () => {
  for (const net of ['torch_cnn', 'torch_encoder', 'torch_lstm', 'torch_resnet']) {
    for (const kind of ['onnx', 'unfolded.onnx', 'dynamo.onnx']) {
      it(`${net}.${kind} has its ops, inputs, initializers and their values`, async () => {
        const description = readJson<Description>(`torch/${net}.json`);
        const facts = description.onnx[`${net}.${kind}`];
        assert.ok(facts);
        const { network, weights } = await openNetwork(fixture(`torch/${net}.${kind}`));
        assert.equal(network.format, 'onnx');
        assert.match(graphView(network).format, new RegExp(`^ONNX model, opset 20, ${facts.producer.replace(/[.+]/g, '\\$&')}$`));
        assert.deepEqual([network.viewOnly, network.problems], [undefined, []]);
        const ops = network.layers.filter(({ type }) => type !== 'Input' && type !== 'Parameter').map(({ type }) => type);
        // What only builds shapes and constants is part of the ops that use it.
        assert.ok(!ops.some((type) => ['Constant', 'Shape', 'ConstantOfShape', 'Cast'].includes(type)), 'no arithmetic of shapes');
        const computing = (types: readonly string[]): string[] => types.filter((type) => !shaping.has(type)).sort();
        assert.deepEqual(computing(ops), computing(facts.nodes));
        const left = [...facts.nodes];
        for (const type of ops) assert.ok(left.includes(type) && left.splice(left.indexOf(type), 1).length === 1, `${type} stands in the file`);
        assert.deepEqual(network.layers.filter(({ type }) => type === 'Input').map(({ name, calls }) => [name, calls[0]?.outputShapes[0]]), facts.inputs.map(([name, shape]) => [name, shape.map((extent) => (typeof extent === 'number' ? extent : null))]));
        const reference = await openNpz(fixture(`torch/${net}.reference.npz`));
        const found = new Map([...flattenWeights(network)].map(({ weight }) => [weight.key, weight]));
        for (const [name, stored] of Object.entries(facts.parameters)) {
          if (stored === null || !reference.names.includes(`grad/${name}`)) continue;
          const weight = found.get(stored.initializer);
          assert.ok(weight, stored.initializer);
          if (stored.transform !== 'same') continue;
          const value = await weights.read(stored.initializer);
          const after = await reference.read(`sgd/${name}`);
          const gradient = await reference.read(`grad/${name}`);
          assert.deepEqual(value.shape, after.shape);
          value.data.forEach((element, index) => { assert.ok(Math.abs(Number(element) - Number(after.data[index]) - 0.1 * Number(gradient.data[index])) < 2e-6, name); });
        }
        for (const key of found.keys()) await weights.read(key ?? '');
        reference.close();
        await weights.close();
        const last = network.layers.find(({ name }) => name === network.outputs[0]?.layer);
        assert.ok(last?.calls[0]?.outputShapes[0] !== undefined, 'the output has a shape');
      });
    }
  }

  it('parameters are counted once, running statistics are none of them', async () => {
    for (const net of ['torch_cnn', 'torch_resnet']) {
      const { network, weights } = await openNetwork(fixture(`torch/${net}.unfolded.onnx`));
      await weights.close();
      assert.equal(totalCost(network).parameters, readJson<Description>(`torch/${net}.json`).total_params);
    }
  });

  it('infers the shapes that the framework had', async () => {
    const { layers } = readJson<Description>('torch/torch_cnn.json');
    const { network, weights } = await openNetwork(fixture('torch/torch_cnn.unfolded.onnx'));
    await weights.close();
    for (const { name, output_shape: [, ...shape] } of layers) {
      const op = network.layers.find((layer) => layer.name.split('/').at(-2) === name);
      assert.ok(op, name);
      assert.deepEqual(op.calls[0]?.outputShapes[0], [null, ...shape], name);
    }
    // 14·14·8·9 + 5·5·16·72 + 400·10
    assert.equal(totalCost(network).macs, 14112 + 28800 + 4000);
  });

  it('finds large tensors by range, raw or in typed lists', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-large-'));
    const values = Float32Array.from({ length: 30_000 }, (_, index) => index / 7);
    const tensor = (fill: (writer: PbfWriter) => void): PbfWriter => { const writer = new PbfWriter(); writer.writePackedVarint(1, [300, 100]); writer.writeVarintField(2, 1); fill(writer); return writer; };
    const model = new PbfWriter();
    model.writeVarintField(1, 9);
    model.writeMessage(7, (_: unknown, graph) => {
      graph.writeMessage(1, (_node: unknown, node) => { for (const input of ['x', 'raw', 'list']) node.writeStringField(1, input); node.writeStringField(2, 'y'); node.writeStringField(4, 'Sum'); }, null);
      graph.writeBytesField(5, tensor((writer) => { writer.writeStringField(8, 'raw'); writer.writeBytesField(9, new Uint8Array(values.buffer)); }).finish());
      graph.writeBytesField(5, tensor((writer) => { writer.writePackedFloat(4, [...values]); writer.writeStringField(8, 'list'); }).finish());
    }, null);
    await writeFile(path.join(folder, 'large.onnx'), model.finish());
    const { network, weights } = await openNetwork(path.join(folder, 'large.onnx'));
    assert.equal(totalCost(network).parameters, 60_000);
    for (const key of ['raw', 'list']) assert.deepEqual(await weights.read(key), { dtype: 'float32', shape: [300, 100], data: values });
    await weights.close();
    await rm(folder, { recursive: true });
  });

  it('reads weights from the file beside it', async () => {
    const external = await openNetwork(fixture('torch/torch_cnn.external.onnx'));
    const whole = await openNetwork(fixture('torch/torch_cnn.safetensors'));
    for (const key of ['conv2.weight', 'fc.weight', 'fc.bias']) assert.deepEqual(await external.weights.read(key), await whole.weights.read(key));
    await external.weights.close();
    await whole.weights.close();
  });
});

describe('Hostile ONNX files', () => {
  let folder = '';
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-')); });
  after(() => rm(folder, { recursive: true }));

  it('a number without an end is refused with its place', async () => {
    await assert.rejects(openNetwork(fixture('hostile/bad_varint.onnx')), (error: unknown) => error instanceof Failure && /^bad_varint\.onnx .*malformed near byte \d+\.$/.test(error.message));
  });

  it('external weights never lead out of the folder, and are missed with a sentence', async () => {
    const bytes = await readFile(fixture('torch/torch_cnn.external.onnx'), 'latin1');
    await mkdir(path.join(folder, 'a'));
    const model = path.join(folder, 'a', 'model.onnx');
    await writeFile(model, bytes.replaceAll('torch_cnn.external.onnx.data', '../secret.onnx.data0000000000'.slice(0, 28)), 'latin1');
    const opened = await openNetwork(model);
    await assert.rejects(opened.weights.read('fc.weight'), /leaves the model's folder/);
    await opened.weights.close();
    await copyFile(fixture('torch/torch_cnn.external.onnx'), model);
    const missing = await openNetwork(model);
    await assert.rejects(missing.weights.read('fc.weight'), /is missing from its folder/);
    await symlink(fixture('torch/torch_cnn.external.onnx.data'), path.join(folder, 'a', 'torch_cnn.external.onnx.data'));
    await assert.rejects(missing.weights.read('fc.weight'), /a link that leaves/);
    await missing.weights.close();
  });

  it('files cut off or changed at random never do more than say so', async () => {
    let seed = 3;
    const random = (limit: number): number => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % limit; };
    const file = path.join(folder, 'fuzz.onnx');
    for (const name of ['torch_cnn.onnx', 'torch_encoder.onnx', 'torch_cnn.dynamo.onnx']) {
      const original = await readFile(fixture(`torch/${name}`));
      for (let round = 0; round < 60; round += 1) {
        const bytes = round % 3 === 0 ? original.subarray(0, random(original.length)) : Buffer.from(original);
        if (round % 3 !== 0) for (let change = 0; change < 8; change += 1) bytes[random(bytes.length)] = random(256);
        await writeFile(file, bytes);
        const start = process.cpuUsage();
        const opened = await openNetwork(file).catch((error: unknown) => { assert.ok(error instanceof Failure, error instanceof Error ? error.stack : ''); return null; });
        if (opened !== null) {
          graphView(opened.network);
          for (const { weight } of flattenWeights(opened.network)) await opened.weights.read(weight.key ?? '').catch((error: unknown) => { assert.ok(error instanceof Failure, String(error)); });
          await opened.weights.close();
        }
        assert.ok(process.cpuUsage(start).user < 2e6);
      }
    }
  });
});
