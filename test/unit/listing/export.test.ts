/** An exported listing, run by plain Node on plain TensorFlow.js in a process of its own, gives the recorded numbers bit for bit. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { absenceOf } from '../../../src/engine/backend/backend';
import type { BackendName, RunConfig } from '../../../src/engine/config';
import { createRun } from '../../../src/engine/create-run';
import type { Trace } from '../../../src/engine/trace';
import { checksum, exportListing } from '../../../src/listing/export/export';
import { makeListing } from '../../../src/listing/listing';
import { configOf, exportedConfigOf, readReference } from '../engine/references';

interface Printed { readonly backend: string; readonly loss: number; readonly gradients: Readonly<Record<string, { readonly shape: number[]; readonly sha256: string }>> }

/** Below the repository, so that plain Node finds the TensorFlow.js that is installed there. */
const out = path.resolve('test/out/exports');

function runProgram(file: string, ...flags: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...flags], { encoding: 'utf8', env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** The last line of JSON: TensorFlow.js may print its greetings before. */
const printed = (stdout: string): Printed => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Printed;

function checkPrinted(result: Printed, trace: Trace, names: ReadonlyMap<number, string>): void {
  assert.ok(Object.is(result.loss, trace.loss), `loss ${result.loss} instead of ${trace.loss}`);
  const ids = [...trace.weights.map(({ gradient }) => gradient), ...Object.values(trace.inputs).map(({ gradient }) => gradient)].filter((id) => id !== null);
  for (const id of ids) {
    const name = names.get(id)!, value = trace.tensors.get(id)!;
    if (value.writer < 0) continue;
    assert.deepEqual(result.gradients[name]?.shape, [...value.shape], name);
    assert.equal(result.gradients[name]?.sha256, checksum(value.read()), `${name} differs`);
  }
  assert.ok(Object.keys(result.gradients).length > 0);
}

async function exportRun(given: string, backend: BackendName, optimizer: RunConfig['optimizer'], iteration: number, check: (files: string[], trace: Trace, names: ReadonlyMap<number, string>) => void): Promise<void> {
  mkdirSync(out, { recursive: true });
  const model = given.split('.')[0] ?? given;
  const exported = given.endsWith('.onnx');
  const reference = await readReference(exported ? 'torch' : 'keras', model);
  const run = await createRun({ ...(exported ? exportedConfigOf(reference, given, optimizer) : configOf(reference, `${model}.keras`, optimizer)), backend }, { baseFolder: reference.folder });
  const folder = mkdtempSync(path.join(out, `${model}-`));
  try {
    const trace = await run.iteration(iteration);
    const files = await exportListing(trace, run.info, { folder, name: `${model} export` });
    check(files, trace, makeListing(trace, run.info.network).names);
  } finally {
    run.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('an exported listing', () => {
  for (const backend of ['cpu', 'wasm', 'tensorflow'] as const) {
    for (const [model, optimizer, iteration] of [['lenet5', 'adam', 2], ['will_i_pass', { type: 'sgd', learningRate: 0.1, momentum: 0.9 }, 1], ['cnn_zoo', 'rmsprop', 0], ['torch_resnet.unfolded.onnx', 'adam', 1], ['torch_encoder.onnx', 'sgd', 0]] as const) {
      it(`of ${model} runs on plain TensorFlow.js (${backend}) and gives loss and every gradient bit for bit`, async function () {
        const absent = await absenceOf(backend);
        if (absent !== null) this.skip();
        await exportRun(model, backend, optimizer, iteration, ([program = '', ...files], trace, names) => {
          for (const file of files) assert.ok(existsSync(file), file);
          const result = printed(runProgram(program, '--json'));
          assert.equal(result.backend, backend);
          checkPrinted(result, trace, names);
        });
      });
    }
  }

  it('says in words that its numbers are the recorded ones, and notices when they are not', async () => {
    await exportRun('will_i_pass', 'cpu', 'sgd', 0, ([program = '', tensors = '']) => {
      const text = runProgram(program);
      assert.match(text, /^loss 0\.\d+ {2}as recorded$/m);
      assert.ok(!text.includes('differs'));
      const bytes = readFileSync(tensors);
      // The last byte is part of the last weight: its largest exponent bits.
      bytes[bytes.length - 1]! ^= 0x40;
      writeFileSync(tensors, bytes);
      assert.match(runProgram(program), /differs from the recorded run/);
    });
  });

  it('says in a sentence that it cannot be written', async () => {
    const reference = await readReference('keras', 'will_i_pass');
    const run = await createRun({ ...configOf(reference, 'will_i_pass.keras', 'sgd'), backend: 'cpu' }, { baseFolder: reference.folder });
    try {
      const trace = await run.iteration(0);
      await assert.rejects(exportListing(trace, run.info, { folder: path.join(reference.folder, 'will_i_pass.keras'), name: 'x' }), { code: 'listing.export', message: /cannot be written/ });
    } finally {
      run.dispose();
    }
  });
});
