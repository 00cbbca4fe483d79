/** Initializers of all kinds of elements, dense and sparse, against onnx's own reader. test/fixtures/scripts/onnx_tensors.py writes the file. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import type { TensorValue } from '../../../src/tensor/value';

describe('ONNX initializers', () => {
  let folder: string;
  let arrays: ReadonlyMap<string, TensorValue>;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-tensors-'));
    arrays = await readNpz(path.resolve('test/fixtures/onnx/tensors.npz'));
    await writeFile(path.join(folder, 'kinds.onnx'), (arrays.get('model') ?? assert.fail()).data as Uint8Array);
  });
  after(() => rm(folder, { recursive: true }));

  it('have the values that the standard says, from 2 bits to 64, as bytes and as lists, dense and sparse', async () => {
    const { weights } = await openNetwork(path.join(folder, 'kinds.onnx'));
    for (const [key, expected] of arrays) {
      if (!key.startsWith('value/')) continue;
      const { shape, data } = await weights.read(key.slice('value/'.length));
      assert.deepEqual([key, shape, [...data].map(String)], [key, expected.shape, [...expected.data].map(String)]);
    }
    await weights.close();
  });

  it('in a file that is not there are told when the model is opened', async () => {
    const { network, weights } = await openNetwork(path.join(folder, 'kinds.onnx'));
    assert.deepEqual(network.problems.slice(1), ['The weights of kinds.onnx are incomplete: the file gone.bin is missing from its folder.']);
    await weights.close();
  });

  it('that are sparse and have a value outside their shape are refused', async () => {
    const { weights } = await openNetwork(path.join(folder, 'kinds.onnx'));
    await assert.rejects(weights.read('sparse_outside'), /Tensor sparse_outside of kinds\.onnx has a value at the place 6, outside its shape \(2, 3\)\./);
    await weights.close();
  });
});
