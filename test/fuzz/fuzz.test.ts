import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fuzz } from './campaign';
import { keptCases, makeCase, writeCase } from './cases';
import { corpus } from './corpus';
import { faultOfSentence } from './judge';
import { minimise } from './minimise';
import { WatchedReader } from './watched';

const bundle = path.join(__dirname, 'fuzz-child.js');
const seeds = corpus(path.resolve('test/fixtures/models'));
/** Cases of each reader in a test run; `npm run fuzz` goes on for as long as it is told to. */
const share = 60;
/** HDF5's library runs in a thread, which is ended whenever it stumbles: each case takes long. */
const slowShare = 20;

describe('Mutated files', () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'backstep-fuzz-'));
  const reader = new WatchedReader(bundle);
  after(() => {
    reader.end();
    rmSync(scratch, { recursive: true, force: true });
  });

  for (const name of [...new Set(seeds.map((seed) => seed.reader))]) {
    const wanted = name.endsWith('h5') ? slowShare : share;
    it(`${name}: each opens, or is refused in a sentence, within 2 s and 1 GiB`, async () => {
      const findings: string[] = [];
      const { cases, opened, refused } = await fuzz({
        bundle, seeds: seeds.filter((seed) => seed.reader === name), seed: 1, until: (done) => done >= wanted,
        onFinding: ({ found, number, signature, fault }) => { findings.push(`${found.label}, case ${number}: ${signature}: ${fault.message}`); },
      });
      assert.deepEqual(findings, []);
      assert.equal(cases, wanted);
      // Mutations that break nothing, or everything, would test nothing.
      assert.ok(refused > 0 && (opened > 0 || name === 'idx'), `${opened} opened, ${refused} refused`);
    });
  }

  it('that once went wrong are opened or refused in a sentence', async () => {
    const cases = keptCases(path.resolve('test/fuzz/cases'));
    assert.ok(cases.length > 0);
    for (const kept of cases) {
      const verdict = await reader.read(kept.reader, writeCase(path.join(scratch, 'case'), kept));
      assert.notEqual(verdict.kind, 'fault', `${kept.label}: ${verdict.kind === 'fault' ? `${verdict.fault}: ${verdict.message}\n${verdict.trace}` : ''}`);
    }
  });
});

describe('The fuzzer', () => {
  it('makes the same cases from the same number, and others from another', () => {
    const seed = seeds.find(({ label }) => label.endsWith('lenet5.keras')) ?? assert.fail();
    const bytes = (number: number): Uint8Array => makeCase(seed, number, seeds).files.get(seed.main) ?? assert.fail();
    assert.deepEqual(bytes(7), bytes(7));
    assert.notDeepEqual(bytes(7), bytes(8));
  });

  it('tells sentences for people from words of the machine', () => {
    assert.equal(faultOfSentence('lenet5.keras is incomplete: its directory is missing. Was the copy cut off?'), null);
    for (const raw of ['x.h5 cannot be read: Cannot read properties of undefined.', 'x.h5: [object Object].', 'x.h5 is broken', 'x.h5: shape NaN.', 'x.h5\n    at open (file.js:1:2).', '']) assert.notEqual(faultOfSentence(raw), null, raw);
  });

  it('makes a case small while the same goes wrong', async () => {
    const seed = seeds.find(({ label }) => label === 'datasets/students.csv') ?? assert.fail();
    const holds = (candidate: { readonly files: ReadonlyMap<string, Uint8Array> }): Promise<boolean> => Promise.resolve(Buffer.from(candidate.files.get(seed.main) ?? []).includes('hours'));
    const small = await minimise({ ...seed, label: '' }, holds);
    assert.equal(Buffer.from(small.files.get(seed.main) ?? []).toString(), 'hours');
  });
});

describe('The watch over the process that opens files', () => {
  const watched = async (script: string): Promise<string> => {
    const folder = mkdtempSync(path.join(tmpdir(), 'backstep-watch-'));
    const file = writeCase(folder, { reader: '', label: '', main: 'child.js', files: new Map([['child.js', Buffer.from(`process.send('ready'); process.on('message', ({ id }) => { ${script} });`)]]) });
    const reader = new WatchedReader(file);
    try {
      const verdict = await reader.read('npy', 'x.npy');
      return verdict.kind === 'fault' ? verdict.fault : verdict.kind;
    } finally {
      reader.end();
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it('ends one that loops', async () => { assert.equal(await watched('for (;;) ;'), 'more than 2 s'); });
  it('ends one that takes too much memory', async () => { assert.equal(await watched('globalThis.list = []; const take = () => { list.push(Buffer.alloc(1 << 26, 1)); setTimeout(take, 5); }; take();'), 'more than 1 GiB'); });
  it('notices one that dies', async () => { assert.equal(await watched('process.exit(3);'), 'the process died (3)'); });
  it('believes one that answers', async () => { assert.equal(await watched("process.send({ id, verdict: { kind: 'opened', message: '' }, seconds: 0.1, peak: 1 });"), 'opened'); });
});
