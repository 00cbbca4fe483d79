import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { step } from '../../../src/cli/step';
import { fillWhole } from '../../../src/cli/whole-files';
import { readNpy, writeNpy } from '../../../src/tensor/npy';
import type { TensorValue } from '../../../src/tensor/value';
import { assertFits, misfit, readReference } from '../engine/references';
import type { Reference } from '../engine/references';

let folder = '';
beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-step-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

async function run(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  let out = '';
  let error = '';
  const status = await step(args, { out: (text) => { out += text; }, error: (text) => { error += text; } });
  return { status, out, error };
}

/** Writes a run file into the folder, its paths relative to it. */
function runFile(settings: object, name = 'run.json'): string {
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

const relative = (file: string): string => path.relative(folder, path.resolve('test/fixtures/models', file));
const array = (...parts: string[]): TensorValue | null => {
  const file = path.join(folder, 'dump', ...parts);
  return existsSync(file) ? readNpy(readFileSync(file)) : null;
};

function keras(name: string, more: object = {}): string {
  const npz = relative(`keras/${name}.reference.npz`);
  return runFile({ model: relative(`keras/${name}.keras`), data: { x: `${npz}#x`, y: `${npz}#y` }, optimizer: { type: 'sgd', learningRate: 0.1 }, batchSize: 64, shuffle: false, dropout: false, backend: 'wasm', ...more });
}

/** Every array of the reference that has a place in the dump. */
function misfits({ arrays }: Reference): (string | null)[] {
  const places: Readonly<Record<string, (name: string) => string[]>> = {
    act: (name) => ['forward', name, 'output.npy'], grad_act: (name) => ['backward', name, 'output.npy'],
    grad: (name) => ['backward', `${name}.npy`], sgd: (name) => ['update', `${name}.npy`],
  };
  return [...arrays].flatMap(([key, expected]) => {
    const [kind = '', ...rest] = key.split('/');
    const place = places[kind]?.(rest.join('/'));
    return place === undefined ? [] : [misfit(key, array('iteration-1', ...place), expected)];
  });
}

describe('backstep step', () => {
  for (const name of ['lenet5', 'will_i_pass']) {
    it(`dumps outputs, gradients and new weights of ${name} as Keras has them`, async () => {
      const loss = name === 'lenet5' ? 'categorical_crossentropy' : 'binary_crossentropy';
      const { status, error } = await run(keras(name, { loss }), '--dump', path.join(folder, 'dump'));
      assert.equal(status, 0, error);
      const reference = await readReference('keras', name);
      assertFits(misfits(reference));
      assert.equal(misfit('loss', array('iteration-1', 'loss', 'loss.npy'), reference.arrays.get('loss')!), null);
    });
  }

  it('dumps several inputs, shared layers and nested models by name', async () => {
    const npz = relative('keras/multi_io.reference.npz');
    const by = (kind: string, ...names: string[]): object => Object.fromEntries(names.map((name) => [name, `${npz}#${kind}/${name}`]));
    const file = runFile({
      model: relative('keras/multi_io.keras'), data: { x: by('x', 'image', 'left', 'right'), y: by('y', 'label', 'score') },
      loss: { label: 'categorical_crossentropy', score: { type: 'mean_squared_error', weight: 0.5 } }, optimizer: { type: 'sgd', learningRate: 0.1 }, shuffle: false, backend: 'wasm',
    });
    const { status, error } = await run(file, '--dump', path.join(folder, 'dump'));
    assert.equal(status, 0, error);
    const reference = await readReference('keras', 'multi_io');
    assertFits(misfits(reference));
    for (const name of ['forward/shared#0/output', 'forward/shared#1/output', 'forward/tower/conv/output', 'backward/tower/conv/kernel', 'backward/input/left', 'update/tower/conv/kernel', 'loss/predictions/label']) {
      assert.ok(existsSync(path.join(folder, 'dump/iteration-1', `${name}.npy`)), name);
    }
  });

  it('writes a summary, prints the same with --json, and writes the listing', async () => {
    const file = keras('will_i_pass', { loss: 'binary_crossentropy' });
    const { status, out, error } = await run(file, '--iterations', '3', '--dump', path.join(folder, 'dump'), '--listing', path.join(folder, 'listing.ts'), '--backend', 'cpu', '--json');
    assert.equal(status, 0, error);
    const summary = JSON.parse(out) as { backend: string; iterations: { loss: number; ops: number }[] };
    assert.deepEqual(JSON.parse(readFileSync(path.join(folder, 'dump/summary.json'), 'utf8')), summary);
    assert.equal(summary.backend, 'cpu');
    assert.deepEqual(Object.keys(summary), ['backend', 'iterations']);
    assert.equal(summary.iterations.length, 3);
    assert.ok(summary.iterations.every(({ loss, ops }) => Number.isFinite(loss) && ops > 20));
    assert.deepEqual(readdirSync(path.join(folder, 'dump')).sort(), ['iteration-1', 'iteration-2', 'iteration-3', 'summary.json']);
    assert.match(readFileSync(path.join(folder, 'listing.ts'), 'utf8'), /matMul\(/);
  });

  it('dumps every tensor that an op wrote', async () => {
    const { status } = await run(keras('will_i_pass', { loss: 'binary_crossentropy' }), '--dump', path.join(folder, 'dump'), '--json');
    assert.equal(status, 0);
    const files = readdirSync(path.join(folder, 'dump/iteration-1'), { recursive: true }).map(String).filter((name) => name.endsWith('.npy'));
    assert.ok(files.some((name) => /forward\/hidden\/op-\d+-BatchMatMul\.npy$/.test(name)), files.join('\n'));
    for (const name of files) assert.ok(readNpy(readFileSync(path.join(folder, 'dump/iteration-1', name))).data.length > 0);
  });

  const bad: readonly { readonly what: string; readonly settings: object; readonly args?: readonly string[]; readonly sentence: RegExp }[] = [
    { what: 'an unknown attribute', settings: { batchsize: 3 }, sentence: /^run\.json: "batchsize" is not an attribute that Backstep knows; did you mean "batchSize"\?\n$/ },
    { what: 'an unknown loss', settings: { loss: 'cross' }, sentence: /loss 'cross' is unknown/ },
    { what: 'an unknown optimizer', settings: { optimizer: 'adamm' }, sentence: /optimizer "adamm" is not one that Backstep has/ },
    { what: 'labels that are out of range', settings: { loss: 'poisson', data: 'shifted' }, sentence: /labels\.npy.*example 1 is -3/ },
    { what: 'a wrong number of iterations', settings: {}, args: ['--iterations', '0'], sentence: /--iterations takes a whole number/ },
    { what: 'a backend that is none', settings: {}, args: ['--backend', 'gpu'], sentence: /--backend takes tensorflow, wasm, cpu, auto, not "gpu"/ },
    { what: 'an unknown flag', settings: {}, args: ['--verbose'], sentence: /--verbose.*Usage: backstep step RUN\.json/ },
    { what: 'a missing model', settings: { model: 'absent.keras' }, sentence: /absent\.keras/ },
  ];
  for (const { what, settings, args, sentence } of bad) {
    it(`answers ${what} with one sentence and status 1`, async () => {
      const npz = relative('keras/will_i_pass.reference.npz');
      const shifted = 'data' in settings;
      if (shifted) {
        writeFileSync(path.join(folder, 'labels.npy'), writeNpy({ dtype: 'float32', shape: [8, 1], data: Float32Array.from([0, -3, 1, 1, 0, 0, 1, 1]) }));
      }
      const file = keras('will_i_pass', { loss: 'binary_crossentropy', ...settings, ...(shifted ? { data: { x: `${npz}#x`, y: 'labels.npy' } } : {}) });
      const { status, out, error } = await run(file, ...(args ?? []));
      assert.equal(status, 1);
      assert.equal(out, '');
      assert.match(error, sentence);
      assert.equal(error.trim().split('\n').length, 1, error);
    });
  }

  it('answers a missing run file, one that is no JSON, and a disk that cannot be written with a sentence', async () => {
    assert.match((await run(path.join(folder, 'no.json'))).error, /no\.json does not exist/);
    writeFileSync(path.join(folder, 'broken.json'), '{"model": ');
    assert.match((await run(path.join(folder, 'broken.json'))).error, /broken\.json is not valid JSON/);
    writeFileSync(path.join(folder, 'file'), '');
    const { status, error } = await run(keras('will_i_pass', { loss: 'binary_crossentropy' }), '--dump', path.join(folder, 'file', 'dump'));
    assert.equal(status, 1);
    assert.match(error, /cannot be written: a part of the path is not a folder/);
  });

  it('leaves a folder as it was when filling its successor stops half-way', async () => {
    const target = path.join(folder, 'dump', 'iteration-1');
    await fillWhole(target, (partial) => writeFile(path.join(partial, 'first.npy'), 'old'));
    await assert.rejects(fillWhole(target, async (partial) => {
      await writeFile(path.join(partial, 'first.npy'), 'new');
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    }), /iteration-1 cannot be written: the disk is full\./);
    assert.deepEqual(readdirSync(path.join(folder, 'dump')), ['iteration-1']);
    assert.equal(readFileSync(path.join(target, 'first.npy'), 'utf8'), 'old');
  });
});
