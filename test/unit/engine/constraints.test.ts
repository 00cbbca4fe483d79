import assert from 'node:assert/strict';
import { tensor2d, tidy } from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/engine/backend/backend';
import { constraintOf } from '../../../src/engine/constraints';
import { initialValue } from '../../../src/engine/initializers';
import { openKerasConfig } from '../../../src/formats/keras/config-file';
import { Sketch } from '../../../src/network/architectures/sketch';
import type { Json } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';

/** The constrained value of a kernel [[3, -1], [4, 0.5]]: its columns have the norms 5 and √1.25. */
async function constrained(constraint: Json): Promise<number[]> {
  const sketch = new Sketch('constrained');
  const config = sketch.finish(sketch.layer('Dense', sketch.input([2]), { units: 2, use_bias: false, kernel_constraint: constraint }, 'dense'));
  const { network } = await openKerasConfig('constrained.json', config);
  const constraintOfKernel = constraintOf(network, 'dense', 'kernel');
  (await openBackend('cpu')).activate();
  return tidy(() => { const kernel = tensor2d([[3, -1], [4, 0.5]]); return [...(constraintOfKernel?.(kernel) ?? kernel).dataSync()]; });
}
const close = (actual: readonly number[], expected: readonly number[]): void => {
  actual.forEach((value, i) => { assert.ok(Math.abs(value - (expected[i] ?? NaN)) < 1e-6, `${actual.join()} and ${expected.join()}`); });
};
const small = Math.sqrt(1.25);

describe('Weight constraints', () => {
  it('bring columns back to a largest norm, a norm of 1, a range of norms, or to zero and above', async () => {
    close(await constrained({ class_name: 'MaxNorm', config: { max_value: 2, axis: 0 } }), [1.2, -1, 1.6, 0.5]);
    close(await constrained({ class_name: 'UnitNorm', config: { axis: 0 } }), [0.6, -1 / small, 0.8, 0.5 / small]);
    close(await constrained({ class_name: 'MinMaxNorm', config: { min_value: 2, max_value: 4, rate: 0.5, axis: 0 } }), [2.7, -((2 + small) / 2) / small, 3.6, (0.5 * (2 + small)) / 2 / small]);
    close(await constrained('non_neg'), [3, 0, 4, 0.5]);
    close(await constrained(null), [3, -1, 4, 0.5]);
  });

  it('that are unknown get a sentence', async () => {
    await assert.rejects(constrained('round'), (error: unknown) => error instanceof Failure && error.code === 'constraint.unknown' && /dense\/kernel.*"round"/.test(error.message));
  });
});

describe('The bias of an LSTM that no file supplies', () => {
  it('is one for the forget gate and zero elsewhere', () => {
    const value = initialValue({ class_name: 'UnitForgetBias', config: { bias_initializer: { class_name: 'Zeros', config: {} }, units: 3 } }, [12], 1, 'lstm/bias');
    assert.deepEqual([...value], [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });
});
