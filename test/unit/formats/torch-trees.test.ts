import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { findLayer, flattenLayers, flattenWeights } from '../../../src/network/layer-path';
import type { OpenedNetwork } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';
import { fixture, readJson } from './fixture';

const expected = readJson<Readonly<Record<string, { parameters: number; trainable: number }>>>('torch-trees/trees.json');

async function withFile<T>(file: string, action: (opened: OpenedNetwork) => T | Promise<T>): Promise<T> {
  const opened = await openNetwork(fixture(`torch-trees/${file}`));
  try { return await action(opened); } finally { await opened.weights.close(); }
}

/** What a file is a case of. */
const cases: Readonly<Record<string, string>> = {
  'state.protocol0.pt': 'references to storages in text, which PyTorch itself cannot read', 'state.protocol0.old.pt': 'the old format in text', 'state.protocol1.old.pt': 'the old format with its magic number in digits',
  'state.protocol5.pt': 'the newest protocol of pickles', 'module.pt': 'a whole module: tied weights count once, frozen parameters do not train, buffers do not count', 'traced.pt': 'TorchScript, whose code lists parameters and buffers',
  'exported.pt2': 'an exported program with a buffer among its constants', 'averaged.ckpt': 'a checkpoint with averaged weights, an optimizer, a Namespace: only the model counts',
  'parallel.pth.tar': 'a checkpoint of DataParallel', 'lone.pth': 'a record that stands alone under state_dict', 'prefixed.pth': 'a state_dict whose names begin with model, which they keep',
  'optimizer.pt': 'the state of an optimizer, which has no parameters', 'packed.state.pt': 'quantised layers, whose weights are packed', 'packed.module.pt': 'a quantised module', 'packed.script.pt': 'quantised TorchScript',
  'sparse.pt': 'sparse tensors by their parts', 'subclass.pt': 'a tensor that is made of others', 'arrays2.pt': "NumPy's arrays in the pickle", 'arrays5.pt': "NumPy's arrays in a pickle of protocol 5", 'four.pt': '4-bit floats', 'distributed': 'a checkpoint of two processes, whose tensors lie in pieces',
};

describe('Trees of PyTorch files', () => {
  for (const [file, { parameters, trainable }] of Object.entries(expected)) {
    it(`${file}${cases[file] === undefined ? '' : ` (${cases[file]})`} has PyTorch's parameters and values`, () => withFile(file, async ({ network, weights }) => {
      const total = totalCost(network);
      assert.deepEqual([total.parameters, total.trainable], [parameters, trainable]);
      const reference = await openNpz(fixture('torch-trees/trees.npz'));
      const keys = new Map([...flattenWeights(network)].map(({ weight }) => [weight.key, weight]));
      for (const name of reference.names.filter((each) => each.startsWith(`${file}|`))) {
        const key = name.slice(file.length + 1);
        const wanted = await reference.read(name);
        assert.ok(keys.has(key), `${key} is not among ${[...keys.keys()].join(' ')}`);
        const found = await weights.read(key);
        assert.deepEqual([found.shape, keys.get(key)?.shape], [wanted.shape, wanted.shape], key);
        found.data.forEach((value, index) => { assert.ok(Math.abs(Number(value) - Number(wanted.data[index])) <= 1e-6 * Math.abs(Number(wanted.data[index])), `${key}[${index}]: ${value} instead of ${String(wanted.data[index])}`); });
      }
      reference.close();
    }));
  }

  for (const [file, what, types] of [
    ['state.pth', 'an archive with its tensors in another folder', ['Conv2d', 'BatchNorm', 'Linear']], ['traced.pt', 'a trace that does not name classes', ['Conv2d', 'BatchNorm', 'Linear']],
    ['quantised.pth', 'quantised layers under their old names', ['Linear']],
  ] as const) {
    it(`version 1.4: ${what}`, async () => {
      const { network, weights } = await openNetwork(fixture(`torch-version-1.4/${file}`));
      assert.deepEqual([...flattenLayers(network)].map(({ layer }) => layer.type), types);
      const reference = await openNpz(fixture('torch-version-1.4/values.npz'));
      for (const name of reference.names.filter((each) => each.startsWith(`${file}|`))) {
        const [wanted, found] = [await reference.read(name), await weights.read(name.slice(file.length + 1))];
        assert.deepEqual([found.shape, [...found.data].map((value) => Number(value).toFixed(5))], [wanted.shape, [...wanted.data].map((value) => Number(value).toFixed(5))], name);
      }
      reference.close();
      await weights.close();
    });
  }

  it('a tied weight names the one that it is', () => withFile('module.pt', ({ network }) => {
    assert.deepEqual(findLayer(network, 'head')?.config['weight is tied to'], 'embed.weight');
  }));

  it('tensors without values are shown with their shapes, and say so when they are read', () => withFile('meta.pt', async ({ network, weights }) => {
    assert.deepEqual([...flattenWeights(network)].map(({ weight }) => weight.shape), [[2, 3], [2]]);
    assert.match(network.problems.join(), /meta\.pt only describes some tensors/);
    await assert.rejects(weights.read('weight'), (error: unknown) => error instanceof Failure && /Tensor weight of meta\.pt is only described .* no values/.test(error.message));
  }));

  it('any file of a distributed checkpoint opens all of it, and a piece that is missing is named', async () => {
    for (const file of ['distributed/.metadata', 'distributed/__1_0.distcp']) await withFile(file, ({ network }) => { assert.deepEqual([network.name, totalCost(network).parameters], ['distributed', 24]); });
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-distributed-'));
    try {
      for (const name of ['.metadata', '__0_0.distcp']) await copyFile(fixture(`torch-trees/distributed/${name}`), path.join(folder, name));
      const { network, weights } = await openNetwork(folder);
      assert.match(network.problems[1] ?? '', /is incomplete: __1_0\.distcp is missing from its folder/);
      await assert.rejects(weights.read('model.split'), (error: unknown) => error instanceof Failure && /__1_0\.distcp is missing/.test(error.message));
      await rm(path.join(folder, '.metadata'));
      await assert.rejects(openNetwork(path.join(folder, '__0_0.distcp')), /__0_0\.distcp is a piece of a distributed checkpoint, and the \.metadata that lists its tensors is missing/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('what a checkpoint keeps beside the model is shown too', () => withFile('averaged.ckpt', ({ network }) => {
    const paths = [...flattenLayers(network)].map(({ path: each }) => each);
    for (const each of ['blocks/0', 'model_ema/module/blocks/1', 'optimizer/state/1']) assert.ok(paths.includes(each), `${each} is not among ${paths.join(' ')}`);
  }));
});
