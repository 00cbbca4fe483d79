import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { flattenWeights } from '../../../src/network/layer-path';
import type { Json, Network, SymbolicShape } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';
import { fixture, readJson } from './fixture';

interface Described { readonly signatures: Readonly<Record<string, { inputs: string[]; outputs: string[]; ops: [string, (SymbolicShape | null)[]][] }>>; readonly values: Readonly<Record<string, Json>> }

/** Ops of a network with the shapes that are told, in the order of the description. */
function opsOf(network: Network): [string, readonly SymbolicShape[]][] {
  return network.layers.filter(({ type }) => type !== 'Input' && type !== 'Parameters' && type !== 'Signature').map(({ type, calls }) => [type, calls[0]?.outputShapes ?? []]);
}

const nested = (data: ArrayLike<number | bigint>, shape: readonly number[]): Json => {
  const [extent, ...rest] = shape;
  if (extent === undefined) return Number(data[0]);
  const step = data.length / extent;
  return Array.from({ length: extent }, (_, index) => nested(Array.from(data).slice(index * step, (index + 1) * step) as number[], rest));
};

describe('SavedModels', () => {
  const models = readJson<Record<string, Described>>('tensorflow/saved_models.json');

  for (const kind of ['lite_cnn_saved', 'lite_cnn_export']) {
    it(`${kind} shows the graph that it serves, each variable at the op that uses it, with the values of the .keras file`, async () => {
      const description = readJson<{ total_params: number; weights: { key: string; shape: number[] }[] }>('tflite/lite_cnn.json');
      for (const place of [`tflite/${kind}`, `tflite/${kind}/saved_model.pb`]) {
        const { network, weights } = await openNetwork(fixture(place));
        assert.equal(network.format, 'saved-model');
        assert.match(network.formatDetail ?? '', kind === 'lite_cnn_export' ? /^TensorFlow 2\.21\.0, signatures serving_default, serve$/ : /^TensorFlow 2\.21\.0, signature serving_default$/);
        const found = new Map([...flattenWeights(network)].filter(({ weight }) => weight.key?.startsWith('variable ')).map(({ weight }) => [weight.name, weight]));
        assert.deepEqual([...found].map(([key, { shape }]) => ({ key, shape })).sort((first, second) => first.key.localeCompare(second.key)), [...description.weights].sort((first, second) => first.key.localeCompare(second.key)));
        const total = totalCost(network);
        assert.deepEqual([total.parameters, total.trainable], [description.total_params, description.total_params - 12]);
        const main = network.layers.filter(({ weights: own }) => own.some(({ name }) => /kernel$/.test(name))).map(({ type, calls, weights: own }) => [type, own[0]?.name, calls[0]?.outputShapes[0]]);
        assert.deepEqual(main, [
          ['Conv2D', 'lite_cnn/conv/kernel', [null, 12, 12, 6]], ['DepthwiseConv2dNative', 'lite_cnn/depthwise/kernel', [null, 6, 6, 6]], ['Conv2D', 'lite_cnn/point/kernel', [null, 6, 6, 40]],
          ['MatMul', 'lite_cnn/wide/kernel', [null, 32]], ['MatMul', 'lite_cnn/output/kernel', [null, 5]],
        ]);
        const [output] = network.outputs;
        assert.deepEqual([network.inputs.length, network.layers.find(({ name }) => name === output?.layer)?.type], [1, 'Softmax']);
        const keras = await openNetwork(fixture('tflite/lite_cnn.keras'));
        for (const { path: at, weight } of flattenWeights(keras.network)) {
          const value = await weights.read(found.get(`lite_cnn/${at}`)?.key ?? '');
          assert.deepEqual(value, await keras.weights.read(weight.key ?? ''), at);
        }
        await keras.weights.close();
        await weights.close();
      }
    });
  }

  it('each signature has the inputs, the ops and the shapes that TensorFlow finds in it, functions written out', async () => {
    for (const [name, { signatures }] of Object.entries(models)) {
      const { network, weights } = await openNetwork(fixture(`tensorflow/${name}`));
      // The first is the network itself, the others stand beside it.
      const beside = network.layers.filter(({ type }) => type === 'Signature');
      const parts = [[beside.length > 0 ? Object.keys(signatures).sort()[0] ?? '' : Object.keys(signatures).at(-1) ?? '', network] as const, ...beside.map((layer) => [layer.name, layer.network] as const)];
      for (const [signature, part] of parts) {
        const expected = signatures[signature];
        if (expected === undefined || part === null) continue;
        assert.deepEqual(part.inputs.map(({ layer }) => layer), expected.inputs, signature);
        const ops = opsOf(part);
        // The body of a loop is told of at the loop, and TensorFlow leaves out unknown ranks, which stop the list of shapes.
        const wanted = expected.ops.filter(([type]) => name !== 'lstm' || ops.some(([found]) => found === type));
        assert.deepEqual(new Set(ops.map(([type]) => type)), new Set(wanted.map(([type]) => type)), name);
        // Of a loop, what it only hands on is left out.
        for (const [type, shapes] of ops.filter(([type]) => name !== 'lstm' && type !== 'While')) assert.ok(wanted.some(([other, all]) => other === type && JSON.stringify(all.slice(0, shapes.length)) === JSON.stringify(shapes)), `${name}: ${type} ${JSON.stringify(shapes)}`);
        assert.deepEqual(part.layers.flatMap(({ config }) => (typeof config.signature_output === 'string' ? config.signature_output.split(', ') : [])).sort(), expected.outputs);
      }
      await weights.close();
    }
  });

  it('all variables have the values of the checkpoint, also those that no signature uses and those of TensorFlow 1', async () => {
    for (const [name, { values }] of Object.entries(models)) {
      const { network, weights } = await openNetwork(fixture(`tensorflow/${name}`));
      const found = new Map([...flattenWeights(network)].filter(({ weight }) => weight.key?.startsWith('variable ')).map(({ weight }) => [weight.name, weight]));
      const read = await Promise.all([...found.values()].map(async (weight) => { const value = await weights.read(weight.key ?? ''); return JSON.stringify(nested(value.data, value.shape)); }));
      assert.deepEqual(read.sort(), Object.values(values).map((value) => JSON.stringify(value)).sort(), name);
      await weights.close();
    }
    const { network, weights } = await openNetwork(fixture('tensorflow/tf1'));
    const total = totalCost(network);
    assert.deepEqual([total.parameters, total.trainable], [23, 21]);
    await weights.close();
  });

  it('functions that one calls are groups by their names, several signatures stand side by side', async () => {
    const { network, weights } = await openNetwork(fixture('tensorflow/two_signatures'));
    assert.deepEqual(network.layers.filter(({ calls }) => calls.length === 0).map(({ name, type }) => [name, type]), [['embed', 'Signature'], ['unused_variables', 'Parameters']]);
    assert.deepEqual(network.layers.slice(0, -2).map(({ name }) => name), ['words', 'embed/Gather', 'pool/split', 'pool/Mean', 'pool/Max', 'pool/add', 'matmul', 'add', 'Softmax', 'TopKV2']);
    assert.match(network.problems.join(), /two_signatures\/saved_model\.pb holds 2 graphs that are called by themselves\. A run steps through classify; embed stands beside it to be looked at\./);
    assert.deepEqual(network.layers.find(({ name }) => name === 'pool/Max')?.calls[0]?.args[0], { kind: 'tensor', ref: { layer: 'pool/split', call: 0, output: 1 } });
    await weights.close();
    const functions = await openNetwork(fixture('tensorflow/no_signature'));
    assert.deepEqual(functions.network.layers.filter(({ calls }) => calls.length === 0).map(({ name }) => name), ['embed', 'pool', 'unused_variables']);
    await functions.weights.close();
  });

  it('a loop is a group with its graphs inside, the variables where they work', async () => {
    const { network, weights } = await openNetwork(fixture('tensorflow/loop'));
    const loop = network.layers.find(({ type }) => type === 'While')?.network;
    const body = loop?.layers.find(({ name }) => name === 'body')?.network;
    assert.deepEqual(body?.layers.filter(({ type }) => type === 'MatMul').map((layer) => layer.weights.map(({ name }) => name)), [['w']]);
    assert.deepEqual(network.problems, []);
    await weights.close();
  });

  it('a model without variables needs no folder of them; its constants are its weights', async () => {
    const { network, weights } = await openNetwork(fixture('tensorflow/frozen'));
    assert.deepEqual(opsOf(network).map(([type]) => type), ['MatMul', 'AddV2', 'Relu']);
    const found = [...flattenWeights(network)];
    assert.deepEqual(found.map(({ weight }) => weight.shape), [[3, 2], [2]]);
    assert.equal(totalCost(network).parameters, 8);
    const value = await weights.read(found[1]?.weight.key ?? '');
    assert.deepEqual([...value.data], [0.5, 0.5]);
    await weights.close();
  });

  it('files cut off or changed at random never do more than say so', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-saved-'));
    const model = path.join(folder, 'model');
    await cp(fixture('tflite/lite_cnn_saved'), model, { recursive: true });
    let seed = 11;
    const random = (limit: number): number => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % limit; };
    for (const name of ['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001']) {
      const original = await readFile(fixture(`tflite/lite_cnn_saved/${name}`));
      for (let round = 0; round < 40; round += 1) {
        const bytes = round % 2 === 0 ? original.subarray(0, 1 + random(original.length - 1)) : Buffer.from(original);
        if (round % 2 !== 0) for (let change = 0; change < 6; change += 1) bytes[random(bytes.length)] = random(256);
        await writeFile(path.join(model, name), bytes);
        const opened = await openNetwork(model).catch((error: unknown) => { assert.ok(error instanceof Failure && error.message.includes('saved_model.pb'), error instanceof Error ? error.stack : ''); return null; });
        if (opened === null) continue;
        for (const { weight } of flattenWeights(opened.network)) await opened.weights.read(weight.key ?? '').catch((error: unknown) => { assert.ok(error instanceof Failure, String(error)); });
        await opened.weights.close();
      }
      await writeFile(path.join(model, name), original);
    }
    await rm(path.join(model, 'variables'), { recursive: true });
    await assert.rejects(openNetwork(model), /model\/saved_model\.pb has no variables\/variables\.index beside it/);
    await rm(folder, { recursive: true });
  });

  it('functions that call each other far too often leave the variables to be seen', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-saved-'));
    const model = path.join(folder, 'model');
    await cp(fixture('tensorflow/two_signatures'), model, { recursive: true });
    const body = (name: string, calls: string): Buffer => message([[1, message([[1, text(name)], [3, message([[1, text('y')]])]])], ...[1, 2].map((turn): Field => [3, message([[1, text(`call${turn}`)], [2, text('PartitionedCall')], [5, message([[1, text('f')], [2, message([[10, message([[1, text(calls)]])]])]])]])]), [4, message([[1, text('y')], [2, text('call1:output:0')]])]]);
    const functions = Array.from({ length: 60 }, (_, index): Field => [1, body(`f${index}`, `f${index + 1}`)]);
    const call = message([[1, text('call')], [2, text('PartitionedCall')], [5, message([[1, text('f')], [2, message([[10, message([[1, text('f0')]])]])]])]]);
    const signature = message([[1, text('serving_default')], [2, message([[2, message([[1, text('y')], [2, message([[1, text('call:0')]])]])]])]]);
    await writeFile(path.join(model, 'saved_model.pb'), message([[2, message([[2, message([[1, call], [2, message(functions)]])], [5, signature]])]]));
    const bomb = await openNetwork(model);
    assert.match(bomb.network.problems.join(), /The graph of model\/saved_model\.pb cannot be shown, only its variables: .*written out/);
    await bomb.weights.close();
    await rm(folder, { recursive: true });
  });
});

type Field = readonly [number, Buffer];
const text = (value: string): Buffer => Buffer.from(value);
function varint(value: number): number[] { return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]; }
/** A Protocol Buffers message of length-delimited fields. */
function message(fields: readonly Field[]): Buffer { return Buffer.concat(fields.flatMap(([field, bytes]) => [Buffer.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes])); }
