/** Losses by name, and labels refused with a sentence that says why. */
import assert from 'node:assert/strict';
import { lossNames, lossOf } from '../../../src/engine/losses/losses';
import type { TensorValue } from '../../../src/tensor/value';
import { Failure } from '../../../src/tensor/failure';

const labels = (shape: number[], ...data: number[]): TensorValue => ({ dtype: 'float32', shape, data: Float32Array.from(data) });

describe('losses: names', () => {
  it('finds a loss under the names of Keras, TensorFlow.js and PyTorch', () => {
    for (const [name, wanted] of [
      ['mse', 'mean_squared_error'], ['MSE', 'mean_squared_error'], ['meanSquaredError', 'mean_squared_error'], ['MeanSquaredError', 'mean_squared_error'], ['MSELoss', 'mean_squared_error'],
      ['mae', 'mean_absolute_error'], ['mape', 'mean_absolute_percentage_error'], ['msle', 'mean_squared_logarithmic_error'], ['bce', 'binary_crossentropy'], ['kld', 'kl_divergence'],
      ['kullbackLeiblerDivergence', 'kl_divergence'], ['logcosh', 'log_cosh'], ['cosineProximity', 'cosine_similarity'], ['CrossEntropyLoss', 'cross_entropy'], ['categoricalCrossentropy', 'categorical_crossentropy'],
      ['SparseCategoricalCrossentropy', 'sparse_categorical_crossentropy'], ['Huber', 'huber'],
    ] as const) assert.equal(lossOf(name, 'keras').name, wanted, name);
  });

  it('takes options in camelCase or as Keras writes them', () => {
    assert.equal(lossOf({ type: 'binary_crossentropy', fromLogits: true }, 'keras').fromLogits, true);
    assert.equal(lossOf({ type: 'BCEWithLogitsLoss' }, 'pytorch').fromLogits, true);
    assert.equal(lossOf({ type: 'huber', delta: 0.5 }, 'keras').options['delta'], 0.5);
    assert.equal(lossOf({ type: 'mse', weight: 0.25 }, 'keras').weight, 0.25);
  });

  it('names the losses that there are when one is unknown', () => {
    assert.throws(() => lossOf('mean_cubed_error', 'keras'), (error) => error instanceof Failure && error.code === 'loss.unknown' && error.message.includes('mean_cubed_error') && error.message.includes('huber'));
    assert.ok(lossNames.includes('poisson'));
  });
});

describe('losses: labels', () => {
  const problem = (loss: string, value: TensorValue, output: (number | null)[]): string | null => lossOf(loss, 'keras').checkLabels(value, output)?.message ?? null;

  it('accepts class numbers with and without a last axis', () => {
    assert.equal(problem('sparse_categorical_crossentropy', labels([3], 0, 2, 1), [null, 3]), null);
    assert.equal(problem('sparse_categorical_crossentropy', labels([3, 1], 0, 2, 1), [null, 3]), null);
    assert.equal(problem('sparse_categorical_crossentropy', labels([1, 2], 0, 2), [null, 2, 3]), null);
  });

  it('says which example has a class that the output lacks', () => {
    assert.match(problem('sparse_categorical_crossentropy', labels([3], 0, 1, 3), [null, 3]) ?? '', /example 2 is 3.*from 0 to 2/);
    assert.match(problem('sparse_categorical_crossentropy', labels([2], 0, -1), [null, 3]) ?? '', /example 1 is -1/);
    assert.match(problem('sparse_categorical_crossentropy', labels([2], 0, 1.5), [null, 3]) ?? '', /1\.5/);
  });

  it('points from one-hot labels to the loss for them, and the other way', () => {
    assert.match(problem('sparse_categorical_crossentropy', labels([2, 3], 1, 0, 0, 0, 0, 1), [null, 3]) ?? '', /categorical_crossentropy/);
    assert.match(problem('categorical_crossentropy', labels([2], 0, 1), [null, 3]) ?? '', /\[2\].*\[batch, 3\].*sparse_categorical_crossentropy/);
  });

  it('takes a vector of labels for a single unit', () => {
    assert.equal(problem('binary_crossentropy', labels([2], 0, 1), [null, 1]), null);
    assert.equal(problem('mse', labels([2], 0.3, -7), [null, 1]), null);
  });

  it('refuses labels outside of what the loss can take, and NaN everywhere', () => {
    assert.match(problem('binary_crossentropy', labels([2, 1], 0, 2), [null, 1]) ?? '', /example 1 is 2/);
    assert.match(problem('poisson', labels([2, 1], 3, -1), [null, 1]) ?? '', /not below 0/);
    assert.match(problem('mse', labels([2, 1], NaN, 1), [null, 1]) ?? '', /example 0 is NaN/);
    assert.match(problem('mse', labels([2, 3], 0, 0, 0, 0, 0, 0), [null, 2]) ?? '', /\[2, 3\].*\[batch, 2\]/);
  });
});
