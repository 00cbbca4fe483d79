import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { validateRunConfig } from '../../../src/engine/config-validation';
import { Failure } from '../../../src/tensor/failure';

const good = { model: 'a.keras', data: { generator: 'xor' }, loss: 'binary_crossentropy', optimizer: 'sgd' };

describe('a run configuration', () => {
  it('passes with every attribute that it may have, and loses what only the editor needs', () => {
    const full = {
      ...good, loss: { type: 'binary_crossentropy', fromLogits: true, labelSmoothing: 0.1 }, optimizer: { type: 'adam', learningRate: 0.1, beta1: 0.8 },
      batchSize: 4, shuffle: false, dropout: false, seed: 3, backend: 'wasm', convention: 'keras', iterations: 5,
    };
    assert.deepEqual(validateRunConfig({ ...full, type: 'backstep', request: 'launch', name: 'x', __sessionId: '1' }), full);
  });

  it('passes for every example', async () => {
    const folder = path.resolve('media/examples');
    const { configurations } = JSON.parse(await readFile(path.join(folder, '.vscode/launch.json'), 'utf8')) as { configurations: unknown[] };
    assert.equal(configurations.length, 4);
    for (const configuration of configurations) validateRunConfig(configuration);
    for (const name of ['perceptron', 'students', 'lenet5', 'convnet']) validateRunConfig(JSON.parse(await readFile(path.join(folder, `${name}.run.json`), 'utf8')));
  });

  const bad: [what: string, value: unknown, message: RegExp][] = [
    ['is no object', 'lenet5.keras', /described by a JSON object/],
    ['has no model', { ...good, model: undefined }, /"model" is missing/],
    ['has a model that is no text', { ...good, model: 5 }, /"model" must be text, not 5/],
    ['has no data', { model: 'a', loss: 'mse', optimizer: 'sgd' }, /"data" is missing/],
    ['has data of no known kind', { ...good, data: { file: 'x' } }, /"data" must be a record with "x" and "y"/],
    ['names an unknown generator', { ...good, data: { generator: 'moons' } }, /"data.generator" must be one of "clusters".*not "moons"/],
    ['has CSV data without a label', { ...good, data: { csv: 'a.csv', features: ['a'] } }, /"data.label" is missing/],
    ['mistypes an attribute', { ...good, batchsize: 3 }, /"batchsize" is not an attribute that Backstep knows; did you mean "batchSize"\?/],
    ['mistypes an attribute below', { ...good, optimizer: { type: 'sgd', learningrate: 0.1 } }, /did you mean "optimizer.learningRate"\?/],
    ['has an attribute with the name of an inherited member', { ...good, constructor: 3 }, /"constructor" is not an attribute that Backstep knows; it knows "model"/],
    ['has a batch size of 0', { ...good, batchSize: 0 }, /"batchSize" must be a whole number of at least 1, not 0/],
    ['has a learning rate in words', { ...good, optimizer: { type: 'sgd', learningRate: 'fast' } }, /"optimizer.learningRate" must be a number of at least 0, not "fast"/],
    ['has an unknown backend', { ...good, backend: 'webgl' }, /"backend" must be one of "auto", "tensorflow", "wasm", "cpu", not "webgl"/],
    ['has a wrong loss by output', { ...good, loss: { a: 'mse', b: 3 } }, /"loss.b" must be text, not 3/],
  ];
  for (const [what, value, message] of bad) {
    it(`gets one sentence when it ${what}`, () => {
      assert.throws(() => validateRunConfig(value), (error: unknown) => error instanceof Failure && error.code === 'config' && message.test(error.message) && !/\n/.test(error.message));
    });
  }
});
