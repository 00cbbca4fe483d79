/** Comparison with reference numbers: 1e-6 + 1e-5 times the largest absolute value of the tensor, as the fixtures' README says. */
import assert from 'node:assert/strict';
import type * as tf from '@tensorflow/tfjs-core';
import type { TensorValue } from '../../../src/tensor/value';

export interface Difference { readonly what: string; readonly difference: number; readonly allowed: number }

/** How far `actual` is from `expected`, with what is allowed; `extra` is added to it. */
export function differenceOf(what: string, actual: tf.Tensor | null, expected: TensorValue, extra = 0): Difference {
  const largest = expected.data.length === 0 ? 0 : Math.max(...Array.from(expected.data as Float32Array, (value) => Math.abs(Number(value))));
  const allowed = 1e-6 + 1e-5 * largest + extra;
  if (actual === null) return { what: `${what} (no gradient flows)`, difference: largest, allowed: 0 };
  if (actual.shape.join() !== expected.shape.join()) return { what: `${what}: shape [${actual.shape.join()}] instead of [${expected.shape.join()}]`, difference: Infinity, allowed };
  const data = actual.dataSync();
  let difference = 0;
  for (let i = 0; i < data.length; i += 1) {
    const gap = Math.abs(Number(data[i]) - Number(expected.data[i]));
    difference = Math.max(difference, Number.isNaN(gap) ? Infinity : gap);
  }
  return { what, difference, allowed };
}

export function assertClose(differences: readonly Difference[]): void {
  assert.ok(differences.length > 0, 'nothing was compared');
  const wrong = differences.filter(({ difference, allowed }) => !(difference <= allowed));
  assert.equal(wrong.length, 0, wrong.map(({ what, difference, allowed }) => `${what}: off by ${difference.toExponential(2)}, allowed ${allowed.toExponential(2)}`).join('\n'));
}
