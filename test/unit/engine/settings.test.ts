import assert from 'node:assert/strict';
import { lossSettingsOf, settingsOf } from '../../../src/engine/settings';
import type { CompileConfig, Network } from '../../../src/network/network';
import { mlp } from './networks';

const data = { generator: 'xor' } as const;
const compiled = (compile: CompileConfig | null): Network => ({ ...mlp('keras').network, compile });

describe('settings of a run', () => {
  it('come from the configuration, then from the compiled model, then from the defaults', () => {
    const network = compiled({ loss: { class_name: 'CategoricalCrossentropy', config: { from_logits: true, label_smoothing: 0.1, name: 'x' } }, lossWeights: [0.5], optimizer: { type: 'rmsprop', config: { learning_rate: 0.02, rho: 0.7 } } });
    const settings = settingsOf({ model: 'm', data }, network);
    const loss = settings.losses['classes']!;
    assert.equal(loss.name, 'categorical_crossentropy');
    assert.deepEqual([loss.fromLogits, loss.options['label_smoothing'], loss.weight], [true, 0.1, 0.5]);
    assert.deepEqual([settings.optimizer.type, settings.optimizer.rate(0), settings.optimizer.settings.number('rho'), settings.optimizer.settings.number('epsilon')], ['rmsprop', 0.02, 0.7, 1e-7]);
    assert.deepEqual([settings.convention, settings.batchSize, settings.seed, settings.shuffle, settings.dropout], ['keras', 32, 0, true, true]);
    const own = settingsOf({ model: 'm', data, loss: 'mse', optimizer: 'adam', convention: 'pytorch', batchSize: 4, dropout: false }, network);
    assert.deepEqual([own.losses['classes']!.name, own.losses['classes']!.weight, own.optimizer.settings.number('epsilon'), own.batchSize, own.dropout], ['mean_squared_error', 1, 1e-8, 4, false]);
  });

  it('say what is missing where neither has it', () => {
    assert.throws(() => settingsOf({ model: 'm', data, optimizer: 'sgd' }, compiled(null)), /names no loss; give one/);
    assert.throws(() => settingsOf({ model: 'm', data, loss: 'mse' }, compiled(null)), /names no optimizer; give one/);
    assert.throws(() => lossSettingsOf({ model: 'm', data, loss: { other: 'mse' } }, compiled(null)), /a loss for "other", but the network's outputs are "classes"/);
  });

  it('read a schedule of the learning rate', () => {
    const network = compiled({ loss: 'mse', optimizer: { type: 'adam', config: { learning_rate: { class_name: 'ExponentialDecay', config: { initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.5 } } } } });
    const { optimizer } = settingsOf({ model: 'm', data }, network);
    assert.equal(optimizer.constantRate, false);
    assert.ok(Math.abs(optimizer.rate(20) - 0.025) < 1e-12);
  });
});
