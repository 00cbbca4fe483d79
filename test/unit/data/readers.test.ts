import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { labelColumn, numericColumns, readCsv } from '../../../src/formats/data/csv';
import { readIdx } from '../../../src/formats/data/idx';
import { Failure } from '../../../src/tensor/failure';

const datasets = path.resolve('test/fixtures/models/datasets');

interface IdxFacts { files: string[]; shape: number[]; dtype: string; sum: number; sha256_little_endian: string }
interface CsvFacts { file: string; rows: number; columns: string[]; missing_hours_at?: number[]; names_0_to_2?: string[] }
const facts = async (): Promise<{ idx: IdxFacts[]; csv: CsvFacts[] }> => JSON.parse(await readFile(path.join(datasets, 'datasets.json'), 'utf8')) as { idx: IdxFacts[]; csv: CsvFacts[] };

const sum = (values: Iterable<number | bigint>): number => [...values].reduce<number>((total, value) => total + Number(value), 0);
const failsWith = (code: string, ...words: RegExp[]) => (error: unknown): boolean => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.code, code);
  for (const word of words) assert.match(error.message, word);
  return true;
};

describe('IDX', () => {
  it('holds the elements that its reference lists, plain and gzipped', async () => {
    for (const { files, shape, dtype, sum: total, sha256_little_endian: digest } of (await facts()).idx) {
      for (const file of files) {
        const value = await readIdx(path.join(datasets, file));
        assert.deepEqual([value.dtype, value.shape], [dtype, shape], file);
        assert.equal(sum(value.data), total, file);
        assert.equal(createHash('sha256').update(value.data as Uint8Array).digest('hex'), digest, file);
      }
    }
  });

  describe('that is broken', () => {
    let folder = '';
    before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-idx-')); });
    after(async () => { await rm(folder, { recursive: true }); });
    const broken: [what: string, bytes: Buffer, code: string, word: RegExp][] = [
      ['is empty', Buffer.alloc(0), 'data.idx', /not a readable IDX file/],
      ['is a text', Buffer.from('a,b\n1,2\n'), 'data.idx', /00 00/],
      ['ends in the header', Buffer.from([0, 0, 8, 3, 0, 0]), 'data.idx', /header announces 3 dimensions/],
      ['is cut short', Buffer.from([0, 0, 8, 1, 0, 0, 0, 5, 1, 2]), 'data.idx', /needs 5 bytes of elements, the file holds 2/],
      ['claims 2^64 elements', Buffer.from([0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255]), 'data.idx', /the file holds 0/],
      ['is half a gzip', gzipSync(Buffer.alloc(5000, 7)).subarray(0, 20), 'data.gzip', /cannot be unpacked/],
    ];
    for (const [what, bytes, code, word] of broken) {
      it(`gets a sentence when it ${what}`, async () => {
        const file = path.join(folder, 'broken-idx');
        await writeFile(file, bytes);
        await assert.rejects(readIdx(file), failsWith(code, word, /broken-idx/));
      });
    }
  });
});

describe('CSV', () => {
  it('gives columns by name', async () => {
    const table = await readCsv(path.join(datasets, 'students.csv'));
    const reference = (await facts()).csv.find(({ file }) => file === 'students.csv') as CsvFacts & { sum_lectures: number; sum_hours: number; passed: number };
    assert.equal(table.rows.length, reference.rows);
    assert.equal(sum(numericColumns(table, ['lectures']).data), reference.sum_lectures);
    assert.ok(Math.abs(sum(numericColumns(table, ['hours']).data) - reference.sum_hours) < 1e-3);
    assert.equal(sum(labelColumn(table, 'passed').values.data), reference.passed);
    assert.deepEqual(numericColumns(table, ['hours', 'lectures']).data.slice(0, 2), new Float32Array([7.7, 0]));
  });

  it('understands a byte-order mark, quotes, commas and line breaks in fields, and classes in words', async () => {
    const table = await readCsv(path.join(datasets, 'students_quirks.csv'));
    const reference = (await facts()).csv.find(({ file }) => file === 'students_quirks.csv');
    assert.deepEqual(table.columns, reference?.columns);
    assert.deepEqual(table.rows.slice(0, 3).map(([name]) => name?.replaceAll('\r\n', '\n')), reference?.names_0_to_2);
    const { values, classes } = labelColumn(table, 'passed');
    assert.deepEqual(classes, ['no', 'yes']);
    assert.deepEqual([...values.data.slice(0, 3)], [0, 0, 1]);
  });

  it('names column and row of an empty cell', async () => {
    const table = await readCsv(path.join(datasets, 'students_quirks.csv'));
    assert.throws(() => numericColumns(table, ['hours, total']), failsWith('data.number', /"hours, total" is empty in row 50/));
  });

  it('names the columns that there are when one is missing', async () => {
    const table = await readCsv(path.join(datasets, 'students.csv'));
    assert.throws(() => numericColumns(table, ['hour']), failsWith('data.column', /no column "hour"; its columns are "lectures", "hours", "passed"/));
  });
});
