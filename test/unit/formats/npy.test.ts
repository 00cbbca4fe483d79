import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { readNpz } from '../../../src/formats/npz';
import { Failure } from '../../../src/tensor/failure';
import { readNpy, writeNpy } from '../../../src/tensor/npy';
import type { TensorValue } from '../../../src/tensor/value';
import { fixture, readJson } from './fixture';

interface Expected { file: string; shape?: number[]; descr?: string; members?: string[]; values_in_C_order?: (number | string | boolean)[] }

function comparable(value: TensorValue): (number | string | boolean)[] {
  return Array.from(value.data as ArrayLike<number | bigint>, (element) => {
    if (value.dtype === 'bool') return element === 1;
    return value.dtype.startsWith('float') ? Number(element) : String(element);
  });
}

describe('.npy and .npz files', () => {
  const expected = readJson<{ arrays: Expected[] }>('datasets/datasets.json').arrays;

  for (const { file, shape, values_in_C_order: values } of expected.filter((entry) => entry.file.endsWith('.npy'))) {
    it(`reads ${file} as NumPy does, and writes it so that it reads the same`, async () => {
      const value = readNpy(await readFile(fixture(`datasets/${file}`)), file);
      assert.deepEqual(value.shape, shape);
      assert.deepEqual(comparable(value), values);
      const again = readNpy(writeNpy(value));
      assert.deepEqual(again, value);
    });
  }

  for (const name of ['stored', 'compressed']) {
    it(`reads every array of a ${name} .npz`, async () => {
      const arrays = await readNpz(fixture(`datasets/arrays/${name}.npz`));
      assert.deepEqual([...arrays.keys()], ['float32', 'int64', 'fortran', 'big_endian_f4']);
      for (const [key, value] of arrays) {
        assert.deepEqual(comparable(value), expected.find((entry) => entry.file === `arrays/${key}.npy`)?.values_in_C_order);
      }
    });
  }

  it('says which file is cut off, and by how much', async () => {
    const bytes = await readFile(fixture('datasets/arrays/float32.npy'));
    assert.throws(() => readNpy(bytes.subarray(0, 200), 'x.npy'), (error: unknown) => error instanceof Failure && /x\.npy is incomplete.*\(4, 3, 2\).*96 bytes.*72/.test(error.message));
    assert.throws(() => readNpy(bytes.subarray(0, 40), 'x.npy'), /x\.npy ends inside its \.npy header/);
    assert.throws(() => readNpy(bytes.subarray(0, 3), 'x.npy'), /not a NumPy array file/);
  });

  it('rejects object arrays and claims larger than the file without taking memory', () => {
    const header = (text: string): Uint8Array => {
      const body = Buffer.from(text + '\n');
      return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, body.length & 255, body.length >> 8]), body]);
    };
    assert.throws(() => readNpy(header("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }"), 'o.npy'), /type \|O/);
    assert.throws(() => readNpy(header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"), 'h.npy'), /h\.npy is incomplete/);
  });
});
