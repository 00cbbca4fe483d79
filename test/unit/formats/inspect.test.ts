import assert from 'node:assert/strict';
import { main } from '../../../src/cli/main';
import type { Inspection } from '../../../src/cli/inspect';
import { fixture, readJson } from './fixture';

async function run(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  let out = '';
  let error = '';
  const status = await main(args, { out: (text) => { out += text; }, error: (text) => { error += text; } });
  return { status, out, error };
}

describe('backstep inspect', () => {
  it('prints JSON with format, layers and parameters, and nothing else', async () => {
    const { status, out, error } = await run('inspect', fixture('keras/will_i_pass.keras'), '--json');
    assert.equal(status, 0);
    assert.equal(error, '');
    assert.deepEqual(JSON.parse(out), {
      format: 'keras',
      layers: [
        { name: 'features', type: 'InputLayer', outputShape: [null, 2], parameters: 0, trainable: 0, macs: 0, weightBytes: 0, activationBytes: 8, receptiveField: null },
        { name: 'hidden', type: 'Dense', outputShape: [null, 3], parameters: 9, trainable: 9, macs: 6, weightBytes: 36, activationBytes: 12, receptiveField: null },
        { name: 'will_pass', type: 'Dense', outputShape: [null, 1], parameters: 4, trainable: 4, macs: 3, weightBytes: 16, activationBytes: 4, receptiveField: null },
      ],
      parameters: { total: 13, trainable: 13 }, macs: 9, memory: { weightBytes: 52, activationBytes: 24 },
    });
  });

  it('names layers of a model inside the model by their path', async () => {
    const { out } = await run('inspect', fixture('keras/multi_io.keras'), '--json');
    const { layers, parameters } = JSON.parse(out) as Inspection;
    assert.deepEqual(layers.find(({ name }) => name === 'tower/conv'), { name: 'tower/conv', type: 'Conv2D', outputShape: [null, 6, 6, 4], parameters: 40, trainable: 40, macs: 1296, weightBytes: 160, activationBytes: 576,
      receptiveField: { input: 'image', axes: [{ size: 3, jump: 1, start: 0 }, { size: 3, jump: 1, start: 0 }] } });
    assert.equal(layers.find(({ name }) => name === 'tower')?.parameters, 262);
    assert.deepEqual(parameters, { total: 528, trainable: 528 });
  });

  it('lists a Sequential without InputLayer as its framework does', async () => {
    const { out } = await run('inspect', fixture('tfjs/tfjs_digits/model.json'), '--json');
    const expected = readJson<{ layers: { name: string }[] }>('tfjs/tfjs_digits/tfjs_digits.json').layers;
    assert.deepEqual((JSON.parse(out) as Inspection).layers.map(({ name }) => name), expected.map(({ name }) => name));
  });

  it('prints a table with totals for people', async () => {
    const { status, out } = await run('inspect', fixture('keras/lenet5.keras'));
    assert.equal(status, 0);
    assert.match(out, /^lenet5 · Keras 3 archive/);
    assert.match(out, /c1 +Conv2D +\(None, 28, 28, 6\) +156 +117,600/);
    assert.match(out, /61,706 parameters, 61,706 trainable, 0 not; 416,520 multiply-adds an example/);
    assert.match(out, /output +Dense .* all×all/);
    assert.match(out, /241\.04 KB of weights, 36\.24 KB of activations an example/);
  });

  it('reports weights that do not fit beside the layers', async () => {
    const { status, out, error } = await run('inspect', fixture('hostile/shape_mismatch.keras'), '--json');
    assert.equal(status, 0);
    assert.equal((JSON.parse(out) as Inspection).parameters.total, 13);
    assert.match(error, /hidden\/kernel.*\(2, 3\).*shape_mismatch\.keras.*\(3, 2\)/);
  });

  it('answers bad input with exit status 1 and one sentence', async () => {
    const cases: [string[], RegExp][] = [
      [['inspect'], /One model file is needed\. Usage: backstep inspect FILE \[--json\]/],
      [['inspect', fixture('nothing.keras')], /nothing\.keras cannot be opened: there is no such file\./],
      [['inspect', fixture('keras')], /keras is a folder, not a model file\./],
      [['inspect', fixture('datasets/students.csv')], /students\.csv is not a model file that Backstep knows/],
      [['inspect', fixture('hostile/truncated.keras')], /truncated\.keras is incomplete/],
      [['inspect', fixture('keras/lenet5.keras'), '--yaml'], /--yaml/],
      [['inspekt'], /There is no command "inspekt"/],
    ];
    for (const [args, expected] of cases) {
      const { status, out, error } = await run(...args);
      assert.equal(status, 1);
      assert.equal(out, '');
      assert.match(error, expected);
      assert.equal(error.trim().split('\n').length, 1, error);
    }
  });

  it('explains itself', async () => {
    assert.match((await run()).out, /backstep inspect FILE/);
    assert.match((await run('--help')).out, /backstep step RUN\.json/);
    assert.equal((await run('inspect', '--help')).out, 'Usage: backstep inspect FILE [--json]\n');
  });
});
