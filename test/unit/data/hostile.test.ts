import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { createRun } from '../../../src/engine/create-run';
import { readArray } from '../../../src/formats/data/arrays';
import { labelColumn, readCsv } from '../../../src/formats/data/csv';
import { readIdx } from '../../../src/formats/data/idx';
import type { Json } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';

describe('Hostile data', () => {
  let folder = '';
  const file = (name: string): string => path.join(folder, name);
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-data-')); });
  after(() => rm(folder, { recursive: true }));

  const refused = async (reading: Promise<unknown>, expected: RegExp): Promise<void> => {
    const start = process.cpuUsage();
    const failure = await reading.then(() => null, (error: unknown) => error);
    assert.ok(failure instanceof Failure, String(failure));
    assert.match(failure.message, expected);
    assert.ok(process.cpuUsage(start).user < 2e6);
  };

  it('pipes and devices are not waited for', async () => {
    execFileSync('mkfifo', [file('pipe')]);
    for (const read of [readArray, readCsv, readIdx]) for (const name of [file('pipe'), '/dev/zero']) await refused(read(name), /is not a regular file/);
  });

  it('a gzip file that unpacks to more than its header claims is given up there', async () => {
    await writeFile(file('bomb.gz'), gzipSync(Buffer.concat([Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 16), Buffer.alloc(200_000_000)])));
    await refused(readIdx(file('bomb.gz')), /expands to more than its header claims/);
    await writeFile(file('sound.gz'), gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 7)));
    assert.deepEqual([...(await readIdx(file('sound.gz'))).data], [5, 7]);
  });

  it('extents whose product cannot be counted are refused', async () => {
    await writeFile(file('large.idx'), Buffer.from([0, 0, 8, 3, ...Array<number>(12).fill(255)]));
    await refused(readIdx(file('large.idx')), /more elements than can be counted/);
  });

  it('a hundred thousand classes by name are numbered at once', async () => {
    await writeFile(file('classes.csv'), `a,c\n${Array.from({ length: 100_000 }, (_, index) => `1,k${String(index).padStart(6, '0')}`).join('\n')}`);
    const table = await readCsv(file('classes.csv'));
    const start = process.cpuUsage();
    assert.equal(labelColumn(table, 'c').values.data[99_999], 99_999);
    assert.ok(process.cpuUsage(start).user < 1e6);
  });

  it('generators and networks larger than any memory are refused before memory is taken', async () => {
    const model = async (name: string, ...layers: Json[]): Promise<string> => {
      await writeFile(file(name), JSON.stringify({ class_name: 'Sequential', config: { layers } }));
      return name;
    };
    const input = (...shape: number[]): Json => ({ class_name: 'InputLayer', config: { name: 'x', batch_shape: [null, ...shape] } });
    const dense = (units: number, index = 0): Json => ({ class_name: 'Dense', config: { name: `d${index}`, units } });
    const run = (name: string, data: object): Promise<unknown> => createRun({ model: name, data: data as { generator: 'patterns' }, loss: 'mse', optimizer: 'sgd' }, { baseFolder: folder });
    const small = await model('small.json', input(2), dense(1));
    await refused(run(small, { generator: 'patterns', examples: 1e15 }), /1,000,000,000,000,000 examples of 3 numbers are more than the generator "patterns" makes/);
    await refused(run(small, { generator: 'clusters', examples: 1e12 }), /more than the generator "clusters" makes/);
    await refused(run(await model('wide.json', input(2 ** 29), { class_name: 'Flatten', config: { name: 'f' } }), { generator: 'patterns' }), /are more than the generator "patterns" makes/);
    await refused(run(await model('units.json', input(2), dense(1e12)), { generator: 'patterns' }), /Dense "d0": its output .* 4 GiB/);
    await refused(run(await model('weights.json', input(30_000), ...Array.from({ length: 6 }, (_, index) => dense(30_000, index))), { generator: 'patterns' }), /take 20\.1 GiB, more than the 8 GiB that can be run/);
  });
});
