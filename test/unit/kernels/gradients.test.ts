/**
 * Every differentiable kernel that layers use, on every backend present: its gradient against central finite differences, and
 * outputs and gradients of the backends against each other.
 */
import assert from 'node:assert/strict';
import { presentBackends } from '../../../src/engine/backend/backend';
import { itOnEachBackend } from '../backend/each-backend';
import { elementwiseRows } from './elementwise-rows';
import { layerRows } from './layer-rows';
import { lossOf, outcomeOf, valuesOf } from './rows';
import type { Outcome, Row } from './rows';

const rows = [...elementwiseRows, ...layerRows];

/** Half the distance of a central difference; a power of two, so that x + h and x - h are exact for most x. */
const h = 2 ** -7;
/** Share of the largest gradient that a difference quotient may be off: rounding of float32 outputs (6e-8 * |y| / h) and h^2 / 6 of the third derivative. */
const share = 2e-3;
/** At most this many elements of an input are checked, spread over it. */
const checks = 60;

function checkByDifferences(row: Row): void {
  const { gradients } = outcomeOf(row);
  const values = row.inputs.map((input, index) => valuesOf(input, row.name, index));
  values.forEach((value, index) => {
    const gradient = gradients[index]!;
    const scale = Math.max(1, ...gradient.map(Math.abs));
    const step = Math.max(1, Math.floor(value.length / checks));
    for (let i = 0; i < value.length; i += step) {
      const original = value[i]!;
      value[i] = original + h;
      const upper = value[i]!;
      const above = lossOf(row, values);
      value[i] = original - h;
      const lower = value[i]!;
      const below = lossOf(row, values);
      value[i] = original;
      const quotient = (above - below) / (upper - lower);
      assert.ok(Math.abs(quotient - gradient[i]!) <= share * scale, `input ${index}, element ${i}: the gradient is ${gradient[i]}, the difference quotient ${quotient} (largest gradient ${scale})`);
    }
  });
}

/** 1e-6 and 1e-5 of the largest value: the rounding of sums in different orders. */
function checkClose(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: lengths differ`);
  const tolerance = 1e-6 + 1e-5 * expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (let i = 0; i < actual.length; i += 1) {
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= tolerance, `${what}, element ${i}: ${actual[i]} instead of ${expected[i]}`);
  }
}

describe('gradients', () => {
  const names = rows.map(({ name }) => name);
  it('every row has a name of its own', () => { assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), []); });

  for (const row of rows) {
    itOnEachBackend(`${row.name}: the gradient is the slope`, () => { checkByDifferences(row); }, row.backends);
  }
  for (const row of rows) {
    it(`${row.name}: the backends agree`, async () => {
      const outcomes: { name: string; outcome: Outcome }[] = [];
      for (const backend of await presentBackends()) {
        if (row.backends?.includes(backend.name) === false) continue;
        backend.activate();
        outcomes.push({ name: backend.name, outcome: outcomeOf(row) });
      }
      const { outcome: expected } = outcomes.at(-1)!;
      for (const { name, outcome } of outcomes.slice(0, -1)) {
        assert.deepEqual(outcome.shape, expected.shape);
        checkClose(outcome.y, expected.y, `output on ${name}`);
        outcome.gradients.forEach((gradient, index) => { checkClose(gradient, expected.gradients[index]!, `gradient ${index} on ${name}`); });
      }
    });
  }
});
