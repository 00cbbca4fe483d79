import assert from 'node:assert/strict';
import path from 'node:path';
import { diff } from '../../../src/cli/diff';
import { openKerasConfig } from '../../../src/formats/keras/config-file';
import { openNetwork } from '../../../src/formats/registry';
import { drawArchitecture } from '../../../src/network/architectures/architectures';
import { amountOf, diffNetworks, differenceSentence, weightChange } from '../../../src/network/diff';
import type { TensorValue } from '../../../src/tensor/value';

const models = path.resolve('test/fixtures/models/keras');
const run = async (...args: string[]): Promise<{ status: number; out: string; error: string }> => {
  let out = '', error = '';
  const status = await diff(args, { out: (text) => { out += text; }, error: (text) => { error += text; } });
  return { status, out, error };
};

describe('Comparing two networks', () => {
  it('finds no difference between a model saved in two formats', async () => {
    const { status, out } = await run(path.join(models, 'will_i_pass.keras'), path.join(models, 'will_i_pass.h5'));
    assert.equal(out, 'No difference in 3 layers.\n');
    assert.equal(status, 0);
  });

  it('says how far training has moved each weight', async () => {
    const { status, out } = await run('--json', path.join(models, 'will_i_pass.keras'), path.join(models, 'will_i_pass_trained.keras'));
    assert.equal(status, 1);
    const { layers } = JSON.parse(out) as { layers: { path: string; weights: { name: string; distance: number }[] }[] };
    assert.deepEqual(layers.map(({ path: layer, weights }) => [layer, weights.map(({ name }) => name)]), [['hidden', ['kernel', 'bias']], ['will_pass', ['kernel', 'bias']]]);
    const [before, after] = [await openNetwork(path.join(models, 'will_i_pass.keras')), await openNetwork(path.join(models, 'will_i_pass_trained.keras'))];
    const value = async (opened: typeof before): Promise<TensorValue> => opened.weights.read(opened.network.layers[1]?.weights[0]?.key ?? '');
    const [a, b] = [await value(before), await value(after)];
    const distance = Math.hypot(...[...a.data].map((old, i) => Number(b.data[i]) - Number(old)));
    assert.ok(Math.abs((layers[0]?.weights[0]?.distance ?? 0) - distance) < 1e-9);
    await before.weights.close();
    await after.weights.close();
  });

  it('names layers that were added, removed, renamed, and settings that changed', async () => {
    const lenet = drawArchitecture('lenet5');
    const text = JSON.stringify(lenet).replaceAll('"tanh"', '"relu"').replaceAll('"f6"', '"dense_84"');
    const { layers } = await diffNetworks(await openKerasConfig('a.json', lenet), await openKerasConfig('b.json', JSON.parse(text) as typeof lenet));
    assert.deepEqual(layers.map((each) => [each.path, each.kind === 'changed' ? each.before : '', each.kind === 'changed' ? each.settings.map(({ before, after }) => `${before}→${after}`) : []]), [
      ['c1', 'c1', ['tanh→relu']], ['c3', 'c3', ['tanh→relu']], ['c5', 'c5', ['tanh→relu']], ['dense_84', 'f6', ['tanh→relu']],
    ]);
    const other = await diffNetworks(await openKerasConfig('a.json', lenet), await openKerasConfig('b.json', drawArchitecture('perceptron')));
    assert.deepEqual(other.layers.filter(({ kind }) => kind === 'added').map(({ path: layer }) => layer), ['input', 'neuron']);
    assert.equal(other.layers.filter(({ kind }) => kind === 'removed').length, 9);
  });

  it('tells of weights that have another shape or are gone, and sums all up in a sentence', async () => {
    const lenet = drawArchitecture('lenet5');
    const text = JSON.stringify(lenet).replace('"units":84', '"units":90').replace('"filters":16', '"filters":12');
    const difference = await diffNetworks(await openKerasConfig('a.json', lenet), await openKerasConfig('b.json', JSON.parse(text) as typeof lenet));
    const f6 = difference.layers.find((each) => each.path === 'f6');
    assert.deepEqual(f6?.kind === 'changed' ? f6.weights.map(({ name, shapes }) => [name, shapes]) : [], [['kernel', { before: [120, 84], after: [120, 90] }], ['bias', { before: [84], after: [90] }]]);
    assert.equal(differenceSentence(difference), '4 layers with other settings, 6 weights of another shape; 3 layers are the same.');
  });

  it('reports progress weight by weight, knows more each time, and stops when told to', async () => {
    const open = (name: string) => openNetwork(path.join(models, name));
    const [before, after] = [await open('will_i_pass.keras'), await open('will_i_pass_trained.keras')];
    const steps: [number, number, number][] = [];
    const difference = await diffNetworks(before, after, { onProgress: (done, total, known) => steps.push([done, total, known().layers.length]) });
    assert.deepEqual(steps, [[0, 4, 0], [1, 4, 1], [2, 4, 1], [3, 4, 2], [4, 4, 2]]);
    assert.match(differenceSentence(difference), /^4 weights moved, farthest \w+\/\w+ by [\d.,]+ % of its norm|from zero/);
    assert.ok(difference.layers.every((layer) => amountOf(layer) > 0));
    const stop = new AbortController();
    await assert.rejects(diffNetworks(before, after, { signal: stop.signal, onProgress: (done) => { if (done === 2) stop.abort(); } }), { name: 'AbortError' });
    await before.weights.close();
    await after.weights.close();
  });

  it('takes NaN for NaN, and a value that became NaN for the farthest', () => {
    const of = (...values: number[]): TensorValue => ({ dtype: 'float32', shape: [values.length], data: new Float32Array(values) });
    assert.equal(weightChange('w', of(NaN, 1), of(NaN, 1)), null);
    assert.deepEqual(weightChange('w', of(3, 4), of(3, NaN)), { name: 'w', shape: [2], distance: Infinity, norm: 5, largest: Infinity, changed: 1 });
  });

  it('gives a sentence for a missing file and for missing arguments', async () => {
    assert.match((await run('nowhere.keras', 'b.keras')).error, /nowhere\.keras/);
    assert.match((await run('a')).error, /Two model files are needed/);
    assert.equal((await run('a')).status, 2);
  });

  it('an unchanged weight is no change', () => {
    const value: TensorValue = { dtype: 'float32', shape: [2], data: new Float32Array([1, 2]) };
    assert.equal(weightChange('w', value, value), null);
    assert.deepEqual(weightChange('w', value, { ...value, data: new Float32Array([1, 5]) }), { name: 'w', shape: [2], distance: 3, norm: Math.sqrt(5), largest: 3, changed: 1 });
  });
});
