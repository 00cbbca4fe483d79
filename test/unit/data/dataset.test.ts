import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DataConfig, RunConfig } from '../../../src/engine/config';
import { openDataset } from '../../../src/engine/data/dataset';
import type { Dataset } from '../../../src/engine/data/dataset';
import { openNetwork } from '../../../src/formats/registry';
import { Failure } from '../../../src/tensor/failure';
import { writeNpy } from '../../../src/tensor/npy';
import type { TensorValue } from '../../../src/tensor/value';

const models = path.resolve('test/fixtures/models');
const examples = path.resolve('media/examples');

async function open(model: string, config: DataConfig, loss?: RunConfig['loss'], folder = models): Promise<Dataset> {
  const { network, weights } = await openNetwork(path.resolve(models, model));
  await weights.close();
  return openDataset(config, network, folder, loss);
}
const fails = (code: string, ...words: RegExp[]) => (error: unknown): boolean => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.code, code, error.message);
  for (const word of words) assert.match(error.message, word);
  return true;
};
const shapes = (data: Dataset): unknown => [data.examples, ...[...Object.entries(data.inputs), ...Object.entries(data.labels)].map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape.join('×')}`)];

describe('A data set', () => {
  it('gives columns of a table to a dense network, the label in the shape of its output', async () => {
    const data = await open('keras/will_i_pass.keras', { csv: 'students.csv', features: ['lectures', 'hours'], label: 'passed' }, 'binary_crossentropy', examples);
    assert.deepEqual(shapes(data), [240, 'features float32 240×2', 'will_pass float32 240×1']);
  });

  it('gives IDX pictures a channel axis and values of 0 to 1', async () => {
    const config = { idx: 'datasets/digits-images-idx3-ubyte.gz', labels: 'datasets/digits-labels-idx1-ubyte' };
    const data = await open('keras/lenet5.keras', config);
    assert.deepEqual(shapes(data), [200, 'image float32 200×28×28×1', 'output int32 200']);
    assert.equal((data.inputs['image']?.data as Float32Array).reduce((most, value) => Math.max(most, value)), 1);
    assert.deepEqual([...(data.labels['output']?.data as Int32Array).slice(0, 5)], [7, 6, 1, 4, 0]);
  });

  it('turns class indices into one-hot rows for a loss over such rows', async () => {
    const data = await open('keras/lenet5.keras', { generator: 'digits', examples: 20 }, 'categorical_crossentropy');
    assert.deepEqual(shapes(data), [20, 'image float32 20×28×28×1', 'output float32 20×10']);
    const rows = data.labels['output']?.data as Float32Array;
    for (let i = 0; i < 20; i += 1) assert.equal(rows.slice(i * 10, i * 10 + 10).reduce((a, b) => a + b), 1);
  });

  it('reads arrays of an archive by name, for several inputs and outputs', async () => {
    const batch = 'keras/multi_io.reference.npz';
    const data = await open('keras/multi_io.keras', {
      x: { image: `${batch}#x/image`, left: `${batch}#x/left`, right: `${batch}#x/right` }, y: { label: `${batch}#y/label`, score: `${batch}#y/score` },
    });
    assert.equal(data.examples, 5);
    assert.deepEqual(data.inputs['image']?.shape, [5, 8, 8, 1]);
    assert.deepEqual(data.labels['score']?.shape, [5, 1]);
  });

  it('gives whole numbers to a network that takes tokens', async () => {
    const batch = 'keras/transformer_block.reference.npz';
    const data = await open('keras/transformer_block.keras', { x: `${batch}#x`, y: `${batch}#y` });
    assert.equal(data.inputs['tokens']?.dtype, 'int32');
    assert.equal(data.labels['output']?.dtype, 'int32');
  });

  describe('that does not fit', () => {
    let folder = '';
    const write = async (name: string, shape: number[], data: number[] | Float32Array): Promise<void> => {
      const value: TensorValue = { dtype: 'float32', shape, data: Float32Array.from(data) };
      await writeFile(path.join(folder, name), writeNpy(value));
    };
    before(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'backstep-data-'));
      await write('x3.npy', [4, 3], new Float32Array(12));
      await write('x2.npy', [4, 2], new Float32Array(8));
      await write('nan.npy', [4, 2], [0, 0, 0, 0, 0, NaN, 0, 0]);
      await write('y4.npy', [4, 1], new Float32Array(4));
      await write('y3.npy', [3, 1], new Float32Array(3));
      await write('none.npy', [0, 2], []);
      await writeFile(path.join(folder, 'text.csv'), 'a,b,y\n1,two,0\n');
    });
    after(async () => { await rm(folder, { recursive: true }); });
    const cases: [what: string, config: DataConfig, code: string, ...words: RegExp[]][] = [
      ['names both shapes and the file', { x: 'x3.npy', y: 'y4.npy' }, 'data.shape', /"features" takes \[batch, 2\], but x3\.npy gives \[4, 3\]/],
      ['names both shapes and the columns', { csv: 'text.csv', features: ['a'], label: 'y' }, 'data.shape', /\[batch, 2\].*text\.csv \(column "a"\) gives \[1, 1\]/],
      ['names the cell that is no number', { csv: 'text.csv', features: ['a', 'b'], label: 'y' }, 'data.number', /column "b" holds "two".*row 1/],
      ['names the place of a NaN', { x: 'nan.npy', y: 'y4.npy' }, 'data.nan', /nan\.npy holds NaN at \[2, 1\]/],
      ['names both counts of examples', { x: 'x2.npy', y: 'y3.npy' }, 'data.examples', /x2\.npy has 4 examples and y3\.npy has 3/],
      ['says that there are no examples', { x: 'none.npy', y: 'none.npy' }, 'data.empty', /no examples/],
      ['says which file is missing', { x: 'gone.npy', y: 'y4.npy' }, 'data.missing', /gone\.npy does not exist/],
      ['says which input a record lacks or has too many', { x: { other: 'x2.npy' }, y: 'y4.npy' }, 'data.name', /no input "other"; it has "features"/],
      ['names both shapes and the generator', { generator: 'digits', examples: 10 }, 'data.shape', /"features" takes \[batch, 2\], but the generator "digits" gives \[10, 28, 28, 1\]/],
    ];
    for (const [what, config, code, ...words] of cases) {
      it(`gets one sentence that ${what}`, async () => {
        await assert.rejects(open('keras/will_i_pass.keras', config, 'binary_crossentropy', folder), fails(code, ...words));
      });
    }
  });
});
