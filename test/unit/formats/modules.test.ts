import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zipSync } from 'fflate';
import { openNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { findLayer, flattenLayers, flattenWeights } from '../../../src/network/layer-path';
import { graphView } from '../../../src/network/graph-view';
import type { OpenedNetwork } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';
import type { TensorValue } from '../../../src/tensor/value';
import { fixture, readJson } from './fixture';

interface Description { total_params: number; trainable_params: number; buffers: Record<string, number[]>; weights: { key: string; shape: number[]; dtype: string; trainable: boolean }[] }
const nets = ['torch_cnn', 'torch_encoder', 'torch_lstm', 'torch_resnet'];

async function valuesOf({ network, weights }: OpenedNetwork): Promise<Map<string, TensorValue>> {
  const values = new Map<string, TensorValue>();
  for (const { weight } of flattenWeights(network)) values.set(weight.key ?? '', await weights.read(weight.key ?? ''));
  await weights.close();
  return values;
}

async function opened(name: string): Promise<OpenedNetwork> { return openNetwork(fixture(name)); }

/** Weights before one SGD step of rate 0.1, from the reference's weights after it and its gradients. */
async function checkValues(values: ReadonlyMap<string, TensorValue>, net: string): Promise<number> {
  const reference = await openNpz(fixture(`torch/${net}.reference.npz`));
  let compared = 0;
  for (const [key, value] of values) {
    if (!reference.names.includes(`grad/${key}`)) continue;
    const after = await reference.read(`sgd/${key}`);
    const gradient = await reference.read(`grad/${key}`);
    assert.deepEqual(value.shape, after.shape, key);
    value.data.forEach((element, index) => { assert.ok(Math.abs(Number(element) - Number(after.data[index]) - 0.1 * Number(gradient.data[index])) < 2e-6, key); });
    compared += 1;
  }
  reference.close();
  return compared;
}

describe('PyTorch weights by name', () => {
  for (const net of nets) {
    for (const suffix of ['safetensors', 'pt', 'ts.pt']) {
      it(`${net}.${suffix} has the weights, shapes, parameter total and values of its description`, async () => {
        const description = readJson<Description>(`torch/${net}.json`);
        const model = await opened(`torch/${net}.${suffix}`);
        const found = new Map([...flattenWeights(model.network)].map(({ weight }) => [weight.key, weight]));
        assert.deepEqual([...found.keys()].sort(), description.weights.map(({ key }) => key).sort());
        for (const { key, shape, dtype, trainable } of description.weights) {
          assert.deepEqual([found.get(key)?.shape, `torch.${found.get(key)?.dtype}`, found.get(key)?.trainable], [shape, dtype, trainable], key);
        }
        const total = totalCost(model.network);
        assert.deepEqual([total.parameters, total.trainable, total.macs], [description.total_params, description.trainable_params, null]);
        assert.equal(model.network.convention, 'pytorch');
        assert.equal(model.network.problems.length, 1);
        assert.ok([...flattenLayers(model.network)].every(({ layer }) => layer.problem === null));
        assert.equal(await checkValues(await valuesOf(model), net), description.weights.filter(({ trainable }) => trainable).length);
      });
    }
  }

  for (const suffix of ['ckpt.pt', 'legacy.pt', 'module.pt', 'pt2']) {
    it(`torch_cnn.${suffix} holds the same weights`, async () => {
      const description = readJson<Description>('torch/torch_cnn.json');
      const model = await opened(`torch/torch_cnn.${suffix}`);
      assert.equal(totalCost(model.network).parameters, description.total_params);
      const values = await valuesOf(model);
      for (const { key, shape } of description.weights) assert.deepEqual(values.get(key)?.shape, shape, key);
      if (suffix !== 'ckpt.pt') assert.equal(await checkValues(values, 'torch_cnn'), 7);
      if (suffix === 'ckpt.pt') assert.ok([...values.keys()].some((key) => key.startsWith('optimizer') && key.endsWith('exp_avg_sq')), [...values.keys()].join(' '));
    });
  }

  it('modules nest as their names do, and their classes are told where the file or the weights tell them', async () => {
    const { network, weights } = await opened('torch/torch_resnet.ts.pt');
    await weights.close();
    assert.equal(findLayer(network, 'layer1/conv1')?.type, 'Conv2d');
    assert.equal(findLayer(network, 'layer1/bn1')?.type, 'BatchNorm2d');
    assert.notEqual(findLayer(network, 'layer1')?.network, null);
    const plain = await opened('torch/torch_lstm.safetensors');
    await plain.weights.close();
    assert.deepEqual(plain.network.layers.map(({ name, type }) => [name, type]), [['head', 'Linear'], ['lstm', 'LSTM']]);
    const script = await opened('torch/torch_cnn.module.pt');
    await script.weights.close();
    assert.deepEqual(findLayer(script.network, 'conv1')?.config.kernel_size, [3, 3]);
    assert.equal(findLayer(script.network, 'relu1')?.type, 'ReLU');
    assert.ok(graphView(script.network).nodes.some(({ id }) => id === 'fc'));
  });

  for (const suffix of ['pt', 'safetensors']) {
    it(`every type of elements, views and numbers that are not finite: torch_cnn.types.${suffix}`, async () => {
      const model = await opened(`torch/torch_cnn.types.${suffix}`);
      const values = await valuesOf(model);
      const reference = await openNpz(fixture('torch/torch_cnn.types.npz'));
      let compared = 0;
      for (const [key, value] of values) {
        if (key === 'complex64') {
          assert.deepEqual(value.shape, [3, 4, 2]);
          continue;
        }
        const expected = await reference.read(key);
        assert.deepEqual(value.shape, expected.shape, key);
        assert.deepEqual([...value.data].map(Number), [...expected.data].map(Number), key);
        compared += 1;
      }
      reference.close();
      assert.equal(compared, suffix === 'pt' ? 18 : 14);
    });
  }

  it('complex numbers are shown as real and imaginary parts', async () => {
    const pt = await valuesOf(await opened('torch/torch_cnn.types.pt'));
    const safe = await valuesOf(await opened('torch/torch_cnn.types.safetensors'));
    assert.deepEqual(pt.get('complex64'), safe.get('complex64'));
    // From NumPy: the first two numbers are 1.4066583-1.4066583j and -0.30202085+0.30202085j.
    assert.deepEqual([...pt.get('complex64')?.data ?? []].slice(0, 4), [1.4066583, -1.4066583, -0.30202085, 0.30202085].map(Math.fround));
  });
});

describe('Archives of arrays', () => {
  it('an .npz opens as a tree of modules with its values', async () => {
    const model = await opened('torch/torch_lstm.reference.npz');
    assert.equal(model.network.format, 'npz');
    const values = await valuesOf(model);
    const reference = await openNpz(fixture('torch/torch_lstm.reference.npz'));
    assert.deepEqual(values.get('y_pred'), await reference.read('y_pred'));
    assert.equal(values.size, reference.names.length);
    reference.close();
  });
});

describe('Hostile files of weights', () => {
  let folder = '';
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-modules-')); });
  after(() => rm(folder, { recursive: true }));
  const put = async (name: string, content: Uint8Array): Promise<string> => { await writeFile(path.join(folder, name), content); return path.join(folder, name); };
  const refused = async (file: string, ...patterns: RegExp[]): Promise<void> => {
    const failure = await openNetwork(file).then(async ({ weights }) => { await weights.close(); return null; }, (error: unknown) => error);
    assert.ok(failure instanceof Failure, String(failure));
    for (const pattern of [new RegExp(path.basename(file)), ...patterns]) assert.match(failure.message, pattern);
    assert.ok(failure.message.length < 600 && !failure.message.includes('\n'), failure.message);
  };
  const safetensors = (header: string): Uint8Array => Buffer.concat([new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer), Buffer.from(header), new Uint8Array(8)]);

  it('a header of 2^60 bytes is refused', () => refused(fixture('hostile/header_2_60.safetensors'), /claims a header of 1152921504606846976 bytes, but the file has only 70/));

  it('a pickle that calls posix.system opens with its tensors and names it; nothing is run', async () => {
    const model = await openNetwork(fixture('hostile/os_system.pt'));
    assert.ok(model.network.problems.some((text) => /os_system\.pt refers to posix\.system, .*nothing of it was run/.test(text)), model.network.problems.join());
    const values = await valuesOf(model);
    assert.deepEqual([...values.keys()], ['fc.weight']);
    assert.equal(existsSync('/tmp/PWNED'), false);
  });

  it('a pickle that only calls is refused with the name of what it would call', async () => {
    for (const call of ['cos\nsystem\n', 'cbuiltins\neval\n']) {
      const pickle = Buffer.from(`\x80\x02${call}X\x04\x00\x00\x00true\x85R.`, 'latin1');
      await refused(await put('evil.pt', zipSync({ 'evil/data.pkl': pickle }, { level: 0 })), /os\.system|builtins\.eval/, /nothing of it was run/);
    }
  });

  it('safetensors with places that do not fit show the rest, and refuse to read what is not there', async () => {
    const file = await put('places.safetensors', safetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1000000000,1000000],"data_offsets":[0,8]},"c":{"dtype":"F32","shape":[2],"data_offsets":[8000000000,8000000008]},"__proto__":{"dtype":"X9","shape":[1],"data_offsets":[0,1]}}'));
    const { network, weights } = await openNetwork(file);
    assert.ok(network.problems.some((text) => /tensor b of shape/.test(text)) && network.problems.length <= 5, network.problems.join('\n'));
    assert.equal((await weights.read('a')).data.length, 2);
    await assert.rejects(weights.read('c'), /should lie at bytes 8000000/);
    await weights.close();
  });

  it('files cut off anywhere are refused with a sentence, or refuse the tensors that are not there', async () => {
    for (const name of ['torch/torch_cnn.safetensors', 'torch/torch_cnn.pt', 'torch/torch_cnn.legacy.pt', 'torch/torch_cnn.pt2', 'torch/torch_lstm.reference.npz']) {
      const bytes = await readFile(fixture(name));
      for (const part of [0.001, 0.01, 0.04, 0.1, 0.3, 0.7, 0.95, 0.999]) {
        const file = await put(`cut${path.extname(name)}`, bytes.subarray(0, Math.max(1, Math.floor(bytes.length * part))));
        const model = await openNetwork(file).catch((error: unknown) => error);
        if (model instanceof Error) { assert.ok(model instanceof Failure && model.message.includes(path.basename(file)), String(model)); continue; }
        await assert.rejects(valuesOf(model as OpenedNetwork), Failure);
        await (model as OpenedNetwork).weights.close();
      }
    }
  });

  it('bytes changed at random never do more than say so', async () => {
    let seed = 7;
    const random = (limit: number): number => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % limit; };
    for (const name of ['torch/torch_cnn.types.safetensors', 'torch/torch_cnn.legacy.pt', 'torch/torch_cnn.types.pt']) {
      const original = await readFile(fixture(name));
      for (let round = 0; round < 60; round += 1) {
        const bytes = Buffer.from(original);
        for (let change = 0; change < 6; change += 1) bytes[random(Math.min(bytes.length, 2500))] = random(256);
        const model = await openNetwork(await put('fuzz.bin', bytes)).catch((error: unknown) => error);
        if (model instanceof Error) { assert.ok(model instanceof Failure, model.stack); continue; }
        await valuesOf(model as OpenedNetwork).catch((error: unknown) => { assert.ok(error instanceof Failure, String(error)); });
        await (model as OpenedNetwork).weights.close().catch(() => undefined);
      }
    }
  });
});
