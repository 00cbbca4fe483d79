/** Sweeps over sizes, strides, paddings and dilations: wasm and tensorflow against cpu, forward and backward, and the same bits twice. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend, presentBackends } from '../../../src/engine/backend/backend';
import type { Backend } from '../../../src/engine/backend/backend';
import { itOnEachBackend } from '../backend/each-backend';
import { outcomeOf, row } from './rows';
import type { Outcome, Row } from './rows';

type Two = [number, number];
type Three = [number, number, number];

/** Every combination of the choices. */
function* combinations<T extends Readonly<Record<string, readonly unknown[]>>>(choices: T): Generator<{ [K in keyof T]: T[K][number] }> {
  const entries = Object.entries(choices);
  const counts = entries.map(([, values]) => values.length);
  const total = counts.reduce((product, count) => product * count, 1);
  for (let index = 0; index < total; index += 1) {
    let rest = index;
    yield Object.fromEntries(entries.map(([name, values], position) => {
      const value = values[rest % counts[position]!];
      rest = Math.floor(rest / counts[position]!);
      return [name, value];
    })) as { [K in keyof T]: T[K][number] };
  }
}

const pads = ['same', 'valid'] as const;
const families: Readonly<Record<string, () => Row[]>> = {
  conv2d: () => [...combinations({ size: [[5, 6], [8, 7]] as Two[], channels: [1, 3, 4], outputs: [1, 6, 8], filter: [[1, 1], [3, 2], [5, 5]] as Two[], strides: [[1, 1], [2, 2], [1, 3]] as Two[], pad: pads })]
    .map(({ size, channels, outputs, filter, strides, pad }) => row(`conv2d ${[size, channels, outputs, filter, strides, pad].join(' ')}`, [[2, ...size, channels], [...filter, channels, outputs]], (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad))),
  'depthwise convolution': () => [...combinations({ size: [[1, 8], [6, 7], [9, 5]] as Two[], channels: [1, 3, 4, 9], multiplier: [1, 2], filter: [[1, 3], [3, 1], [3, 3], [1, 5]] as Two[], strides: [1, 2], pad: pads })]
    .filter(({ size, filter, pad }) => pad === 'same' || filter[0] <= size[0])
    .map(({ size, channels, multiplier, filter, strides, pad }) => row(`depthwise ${[size, channels, multiplier, filter, strides, pad].join(' ')}`, [[2, ...size, channels], [...filter, channels, multiplier]], (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad))),
  'dilated convolution': () => [...combinations({ channels: [1, 3], outputs: [2, 5], dilations: [[2, 2], [1, 3], [3, 2], [4, 3]] as Two[], pad: pads, depthwise: [false, true] })]
    .map(({ channels, outputs, dilations, pad, depthwise }) => row(`dilated ${[channels, outputs, dilations, pad, depthwise].join(' ')}`, [[1, 9, 8, channels], [3, 3, channels, outputs]],
      (x, w) => (depthwise ? tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, pad, 'NHWC', dilations) : tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, pad, 'NHWC', dilations)))),
  'transposed convolution': () => [...combinations({ channels: [1, 4], outputs: [3, 8], filter: [2, 3], strides: [1, 2] })]
    .map(({ channels, outputs, filter, strides }) => row(`transposed ${[channels, outputs, filter, strides].join(' ')}`, [[2, 3, 4, channels], [filter, filter, outputs, channels]], (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 3 * strides, 4 * strides, outputs], strides, 'same'))),
  conv3d: () => [...combinations({ channels: [1, 3], outputs: [2, 4], filter: [[1, 2, 3], [3, 3, 3]] as Three[], strides: [[1, 1, 1], [2, 1, 2]] as Three[], pad: pads })]
    .map(({ channels, outputs, filter, strides, pad }) => row(`conv3d ${[channels, outputs, filter, strides, pad].join(' ')}`, [[2, 4, 5, 3, channels], [...filter, channels, outputs]], (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, strides, pad))),
  pooling: () => [...combinations({ kind: ['max', 'avg'] as const, size: [[5, 6], [8, 7]] as Two[], channels: [1, 4, 5], window: [[2, 2], [3, 3], [1, 2]] as Two[], strides: [1, 2, 3], pad: pads })]
    .map(({ kind, size, channels, window, strides, pad }) => row(`${kind} ${[size, channels, window, strides, pad].join(' ')}`, [[2, ...size, channels]], (x) => (kind === 'max' ? tf.maxPool : tf.avgPool)(x as tf.Tensor4D, window, strides, pad))),
  'pooling 3d': () => [...combinations({ kind: ['max', 'avg'] as const, channels: [1, 3], window: [[2, 2, 2], [1, 3, 2]] as Three[], strides: [[1, 1, 1], [2, 2, 1]] as Three[], pad: pads })]
    .map(({ kind, channels, window, strides, pad }) => row(`${kind}3d ${[channels, window, strides, pad].join(' ')}`, [[2, 4, 5, 3, channels]], (x) => (kind === 'max' ? tf.maxPool3d : tf.avgPool3d)(x as tf.Tensor5D, window, strides, pad))),
  'max pooling of nothing positive': () => [...combinations({ window: [2, 3], strides: [1, 2], pad: pads })]
    .map(({ window, strides, pad }) => row(`negative ${[window, strides, pad].join(' ')}`, [[2, 6, 5, 3]], (x) => tf.maxPool(tf.sub<tf.Tensor4D>(x, 100), window, strides, pad))),
  'max pooling with ties': () => [...combinations({ window: [2, 3], strides: [1, 2], pad: pads })]
    .map(({ window, strides, pad }) => row(`ties ${[window, strides, pad].join(' ')}`, [[2, 6, 5, 3]], (x) => tf.maxPool(tf.relu(tf.round(x)) as tf.Tensor4D, window, strides, pad))),
  'matrix product': () => [...combinations({ rows: [1, 5, 33], inner: [1, 7, 50, 100], columns: [1, 6, 40], a: [false, true], b: [false, true], batch: [[1], [3]] })]
    .map(({ rows, inner, columns, a, b, batch }) => row(`product ${[rows, inner, columns, a, b, batch].join(' ')}`, [[...batch, ...(a ? [inner, rows] : [rows, inner])], [...batch, ...(b ? [columns, inner] : [inner, columns])]], (x, y) => tf.matMul(x, y, a, b))),
};

/** 2e-6 and 2e-5 of the largest value: sums of up to a few hundred float32 products in different orders. */
function assertClose(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const tolerance = 2e-6 + 2e-5 * expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (let i = 0; i < actual.length; i += 1) assert.ok(Math.abs(actual[i]! - expected[i]!) <= tolerance, `${what}, element ${i}: ${actual[i]} instead of ${expected[i]}`);
}

describe('sweeps', () => {
  const expected = new Map<string, Outcome>();
  for (const [family, rows] of Object.entries(families)) {
    itOnEachBackend(`${family}: agrees with cpu, and gives the same bits twice`, async (backend: Backend) => {
      const wrong: string[] = [];
      for (const entry of rows()) {
        if (!expected.has(entry.name)) {
          (await openBackend('cpu')).activate();
          expected.set(entry.name, outcomeOf(entry));
        }
        backend.activate();
        const outcome = outcomeOf(entry), again = outcomeOf(entry), reference = expected.get(entry.name)!;
        try {
          assertClose(outcome.y, reference.y, `output of ${entry.name}`);
          outcome.gradients.forEach((gradient, index) => { assertClose(gradient, reference.gradients[index]!, `gradient ${index} of ${entry.name}`); });
          assert.deepEqual(again, outcome, `${entry.name} differs from one time to the next`);
        } catch (error) {
          wrong.push((error as Error).message.split('\n')[0]!);
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  it('fused matrix products agree on all backends, with bias, transposed and batched', async () => {
    const outcomes = new Map<string, Float32Array[]>();
    for (const backend of await presentBackends()) {
      backend.activate();
      for (const { inner, a, b, batch, activation } of combinations({ inner: [3, 49, 120], a: [false, true], b: [false, true], batch: [[], [2]], activation: ['linear', 'relu', 'sigmoid'] as const })) {
        const name = [inner, a, b, batch, activation].join(' ');
        const y = tf.tidy(() => {
          const wave = (shape: number[], shift: number): tf.Tensor => tf.reshape(tf.sin(tf.add(tf.mul(tf.range(0, shape.reduce((p, e) => p * e, 1)), 0.7), shift)), shape);
          const x = wave([...batch, ...(a ? [inner, 9] : [9, inner])], 0), w = wave([...batch, ...(b ? [10, inner] : [inner, 10])], 1);
          return tf.fused.matMul({ a: x, b: w, transposeA: a, transposeB: b, bias: wave([10], 2), activation }).dataSync<'float32'>().slice();
        });
        outcomes.set(name, [...(outcomes.get(name) ?? []), y]);
      }
    }
    const wrong: string[] = [];
    for (const [name, results] of outcomes) {
      const reference = results.at(-1)!;
      results.slice(0, -1).forEach((result, index) => {
        try { assertClose(result, reference, `${name} on backend ${index}`); } catch (error) { wrong.push((error as Error).message); }
      });
    }
    assert.deepEqual(wrong, []);
  });

  itOnEachBackend('kernels leave nothing behind', (backend) => {
    for (const rows of Object.values(families)) {
      const [entry] = rows();
      outcomeOf(entry!);
      const before = backend.memory();
      outcomeOf(entry!);
      assert.deepEqual(backend.memory(), before, entry!.name);
    }
  });
});
