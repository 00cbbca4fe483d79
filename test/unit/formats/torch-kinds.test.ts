import assert from 'node:assert/strict';
import path from 'node:path';
import { openNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { flattenWeights } from '../../../src/network/layer-path';
import type { TensorValue } from '../../../src/tensor/value';
import { fixture } from './fixture';

const expected: Readonly<Record<string, string>> = {
  'module.old.pt': 'a whole module from before version 1.6, whose classes stand behind references',
  'quantised.pt': 'quantised tensors as the numbers that they stand for, also where each channel has its own scale',
  'quantised.old.pt': 'quantised tensors from before version 1.6, and those behind them',
  'conjugated.pt': 'conjugated and negated views of complex tensors',
  'eight-bits.pt': 'every code of the five kinds of 8-bit floats',
};

async function valuesOf(file: string): Promise<Map<string, TensorValue>> {
  const { network, weights } = await openNetwork(fixture(path.join('torch-kinds', file)));
  const values = new Map<string, TensorValue>();
  for (const { weight } of flattenWeights(network)) values.set(weight.key ?? '', await weights.read(weight.key ?? ''));
  await weights.close();
  return values;
}

describe('Kinds of PyTorch files', () => {
  for (const [file, what] of Object.entries(expected)) {
    it(`reads ${what}, as PyTorch does`, async () => {
      const reference = await openNpz(fixture('torch-kinds/kinds.npz'));
      const values = await valuesOf(file);
      const names = reference.names.filter((name) => name.startsWith(`${file}/`)).map((name) => name.slice(file.length + 1));
      assert.deepEqual([...values.keys()].sort(), names.sort());
      for (const [name, { shape, data }] of values) {
        const { shape: wantedShape, data: wanted } = await reference.read(`${file}/${name}`);
        assert.deepEqual(shape, wantedShape, name);
        data.forEach((value, index) => { assert.ok(Object.is(Math.fround(Number(value)), Number(wanted[index])) || Math.abs(Number(value) - Number(wanted[index])) <= 1e-6 * Math.abs(Number(wanted[index])), `${name}[${index}]: ${value} instead of ${String(wanted[index])}`); });
      }
      reference.close();
    });
  }

  it('shows the constants that freezing makes of all weights', async () => {
    const reference = await openNpz(fixture('torch-kinds/kinds.npz'));
    const wanted = [...(await reference.read('frozen.pt/weights')).data].map(Number);
    const found = [...(await valuesOf('frozen.pt')).values()].flatMap(({ data }) => [...data].map(Number));
    reference.close();
    assert.deepEqual(wanted.filter((value) => !found.includes(value)), []);
  });
});
