/** Optimizers alone: against Keras's own numbers, and against PyTorch's published algorithms in double precision. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fill, scalar, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { presentBackends } from '../../../src/engine/backend/backend';
import { optimizerOf } from '../../../src/engine/optimizers/optimizers';
import { scheduleOf } from '../../../src/engine/optimizers/schedules';
import { readTensor } from '../../../src/engine/recorder/handles';
import { Recorder } from '../../../src/engine/recorder/recorder';
import type { WeightState } from '../../../src/engine/state';
import { update } from '../../../src/engine/update';
import type { Convention, JsonObject } from '../../../src/network/network';

interface References {
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly optimizers: readonly { readonly type: string; readonly config: JsonObject; readonly weights: readonly (readonly number[])[]; readonly slots: Readonly<Record<string, readonly number[]>> }[];
  readonly schedules: readonly { readonly schedule: JsonObject; readonly rates: readonly number[] }[];
}
const references = JSON.parse(readFileSync(path.resolve('test/fixtures/optimizers/keras.json'), 'utf8')) as References;

/** Runs the steps on a backend; the second weight is there for norms over all gradients. */
function steps(backend: string, convention: Convention, type: string, config: JsonObject): { weights: number[][]; slots: Record<string, number[]> } {
  const optimizer = optimizerOf({ type, config }, convention);
  const recorder = new Recorder(backend);
  const values = (tensor: Tensor): number[] => Array.from(readTensor(tensor).data, Number);
  try {
    return recorder.run(false, () => {
      const slots = (size: number): Record<string, Tensor> => Object.fromEntries(Object.entries(optimizer.rule.slots(optimizer.settings)).map(([slot, value]) => [slot, fill([size], value)]));
      let counters: Readonly<Record<string, Tensor>> = Object.fromEntries(Object.entries(optimizer.rule.counters?.(optimizer.settings) ?? {}).map(([name, value]) => [name, scalar(value)]));
      let weights: readonly WeightState[] = [
        { layer: 'w', weight: 'kernel', trainable: true, value: tensor1d([...references.start]), slots: slots(6) },
        { layer: 'u', weight: 'kernel', trainable: true, value: tensor1d([1, -1]), slots: slots(2) },
      ];
      const result: number[][] = [];
      references.gradients.forEach((gradient, iteration) => {
        const own = tensor1d([...gradient]);
        const other = tensor1d([gradient[1]!, gradient[0]!]);
        const moves = update({ recorder, optimizer, iteration, weights, counters, rows: () => null, gradient: ({ layer }) => (layer === 'w' ? own : other), assigned: () => null });
        let move = moves.next();
        while (!move.done) move = moves.next();
        ({ weights, counters } = move.value);
        result.push(values(weights[0]!.value));
      });
      return { weights: result, slots: Object.fromEntries(Object.entries(weights[0]!.slots).map(([slot, tensor]) => [slot, values(tensor)])) };
    });
  } finally {
    recorder.release();
  }
}

function assertClose(actual: readonly number[], expected: readonly number[], what: string): void {
  const largest = Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) => { assert.ok(Math.abs(actual[i]! - value) <= 1e-7 + 2e-6 * largest, `${what} [${i}]: ${actual[i]} instead of ${value}`); });
}

describe('optimizers of Keras', () => {
  for (const { type, config, weights, slots } of references.optimizers) {
    it(`take ${type} ${JSON.stringify(config)} through five steps to Keras's weights and slots`, async () => {
      for (const { name } of await presentBackends()) {
        const actual = steps(name, 'keras', type, config);
        weights.forEach((expected, i) => { assertClose(actual.weights[i]!, expected, `${name}, step ${i + 1}`); });
        for (const [slot, expected] of Object.entries(slots)) {
          if (slot.startsWith('w_')) assertClose(actual.slots[slot.slice(2)] ?? [], expected, `${name}, ${slot}`);
        }
      }
    });
  }

  for (const { schedule, rates } of references.schedules) {
    it(`follow the schedule ${JSON.stringify(schedule)}`, () => {
      const rate = scheduleOf(schedule);
      assertClose(rates.map((_, step) => rate(step)), rates, 'rate');
    });
  }

  it('say which optimizers there are when a name is unknown', () => {
    assert.throws(() => optimizerOf('adamm', 'keras'), /The optimizer "adamm" is not one that Backstep has; set "optimizer" in the run\'s settings to one of sgd, momentum/);
  });
});

/** One element through PyTorch's algorithms, as its documentation writes them. */
type Algorithm = (gradients: readonly number[], start: number) => number[];
const published: readonly { readonly type: string; readonly config: JsonObject; readonly run: Algorithm }[] = [
  {
    type: 'sgd', config: { learningRate: 0.1, momentum: 0.9, dampening: 0.2, weightDecay: 0.01, nesterov: false },
    run: (gradients, start) => {
      let p = start;
      let b = 0;
      return gradients.map((raw, t) => {
        const g = raw + 0.01 * p;
        b = t === 0 ? g : 0.9 * b + 0.8 * g;
        return (p -= 0.1 * b);
      });
    },
  },
  {
    type: 'adam', config: { learningRate: 0.01 },
    run: (gradients, start) => {
      let p = start;
      let m = 0;
      let v = 0;
      return gradients.map((g, i) => {
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        return (p -= (0.01 * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8));
      });
    },
  },
  {
    type: 'adamw', config: { learningRate: 0.01, weightDecay: 0.1 },
    run: (gradients, start) => {
      let p = start;
      let m = 0;
      let v = 0;
      return gradients.map((g, i) => {
        p -= 0.01 * 0.1 * p;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        return (p -= (0.01 * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8));
      });
    },
  },
  {
    type: 'rmsprop', config: { learningRate: 0.01, centered: true, momentum: 0.5 },
    run: (gradients, start) => {
      let p = start;
      let v = 0;
      let mean = 0;
      let b = 0;
      return gradients.map((g) => {
        v = 0.99 * v + 0.01 * g * g;
        mean = 0.99 * mean + 0.01 * g;
        b = 0.5 * b + g / (Math.sqrt(v - mean * mean) + 1e-8);
        return (p -= 0.01 * b);
      });
    },
  },
  {
    type: 'adagrad', config: { learningRate: 0.1 },
    run: (gradients, start) => {
      let p = start;
      let s = 0;
      return gradients.map((g) => {
        s += g * g;
        return (p -= (0.1 * g) / (Math.sqrt(s) + 1e-10));
      });
    },
  },
  {
    type: 'nadam', config: { learningRate: 0.01 },
    run: (gradients, start) => {
      let p = start;
      let m = 0;
      let v = 0;
      let product = 1;
      return gradients.map((g, i) => {
        const t = i + 1;
        const mu = 0.9 * (1 - 0.5 * 0.96 ** (t * 0.004));
        const next = 0.9 * (1 - 0.5 * 0.96 ** ((t + 1) * 0.004));
        product *= mu;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        const hat = (next * m) / (1 - product * next) + ((1 - mu) * g) / (1 - product);
        return (p -= (0.01 * hat) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8));
      });
    },
  },
  {
    type: 'adamax', config: { learningRate: 0.01 },
    run: (gradients, start) => {
      let p = start;
      let m = 0;
      let u = 0;
      return gradients.map((g, i) => {
        m = 0.9 * m + 0.1 * g;
        u = Math.max(0.999 * u, Math.abs(g) + 1e-8);
        return (p -= (0.01 * m) / ((1 - 0.9 ** (i + 1)) * u));
      });
    },
  },
  {
    type: 'adadelta', config: { learningRate: 0.5 },
    run: (gradients, start) => {
      let p = start;
      let v = 0;
      let u = 0;
      return gradients.map((g) => {
        v = 0.9 * v + 0.1 * g * g;
        const delta = (Math.sqrt(u + 1e-6) / Math.sqrt(v + 1e-6)) * g;
        u = 0.9 * u + 0.1 * delta * delta;
        return (p -= 0.5 * delta);
      });
    },
  },
];

describe('optimizers of PyTorch', () => {
  for (const { type, config, run } of published) {
    it(`take ${type} ${JSON.stringify(config)} through five steps of the published algorithm`, async () => {
      for (const { name } of await presentBackends()) {
        const { weights } = steps(name, 'pytorch', type, config);
        // The last element has gradients of zero at first, where float32 and the tiny epsilon part from double precision.
        references.start.slice(0, 4).forEach((start, element) => {
          const expected = run(references.gradients.map((gradient) => gradient[element]!), start);
          expected.forEach((value, i) => { assert.ok(Math.abs(weights[i]![element]! - value) <= 5e-6, `${name}, element ${element}, step ${i + 1}: ${weights[i]![element]} instead of ${value}`); });
        });
      }
    });
  }
});
