/** `npm run fuzz -- [--seconds 60] [--seed 1] [--reader onnx] [--folder DIR] [--out DIR]`: mutates files and opens them, and writes each fault, made small, to the folder `out`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz, signatureOf } from './campaign';
import { writeCase } from './cases';
import { corpus, packedModels } from './corpus';
import { minimise } from './minimise';
import { WatchedReader } from './watched';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' }, reader: { type: 'string', default: '' }, folder: { type: 'string', multiple: true, default: [] }, out: { type: 'string', default: 'test/out/fuzz' } } });
const bundle = path.join(__dirname, 'fuzz-child.js');
const seeds = [path.resolve('test/fixtures/models'), ...values.folder].flatMap((folder) => [...corpus(folder, values.reader)]);
if ('onnx'.includes(values.reader)) seeds.push(...packedModels(path.resolve('test/fixtures/onnx')));
if (seeds.length === 0) throw new Error(`No file of the corpus is for a reader called ${values.reader}.`);
const seconds = Number(values.seconds);
const end = Date.now() + seconds * 1000;
const scratch = path.resolve(values.out, 'scratch');
let findings = 0;
console.log(`${seeds.length} files, ${seconds} s, seed ${values.seed}`);

void fuzz({
  bundle, seeds, seed: Number(values.seed), until: () => Date.now() > end,
  onFinding: async ({ found, number, fault, signature }) => {
    findings += 1;
    console.log(`\n${found.label}, case ${number}: ${signature}\n  ${fault.message.slice(0, 300)}\n  ${fault.trace.split('\n').join('\n  ')}`);
    const reader = new WatchedReader(bundle);
    const small = await minimise(found, async (candidate) => {
      const verdict = await reader.read(candidate.reader, writeCase(scratch, candidate));
      return verdict.kind === 'fault' && signatureOf(candidate.reader, verdict) === signature;
    }).finally(() => { reader.end(); });
    const name = signature.replace(/^[^|]*\| /, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 60).replace(/^-|-$/g, '');
    const home = path.resolve(values.out, small.reader, `${name}-${number}`);
    writeCase(home, small);
    mkdirSync(path.resolve(values.out, 'reports'), { recursive: true });
    writeFileSync(path.resolve(values.out, 'reports', `${small.reader}-${name}-${number}.txt`), `${found.label}, case ${number}\n${signature}\n${fault.message}\n${fault.trace}\n`);
    console.log(`  ${[...small.files.values()].reduce((sum, { length }) => sum + length, 0)} bytes in ${path.relative('.', home)}`);
  },
}).then(({ cases, opened, refused, faults }) => {
  console.log(`\n${cases} cases: ${opened} opened, ${refused} refused with a sentence, ${faults} faults, ${findings} kinds of them`);
  process.exitCode = findings > 0 ? 1 : 0;
});
