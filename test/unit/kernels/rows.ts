/** What a row of the gradient tables is, and how its inputs are made. */
import * as tf from '@tensorflow/tfjs-core';
import type { BackendName } from '../../../src/engine/config';
import { createRandom } from '../../../src/engine/data/random';

export interface Input {
  readonly shape: readonly number[];
  /** `distinct`: no two closer than 0.04, none nearer to 0 than 0.01, and none equal to one of another input, so that no kink lies within a difference step; `positive`: distinct and above 0.3; `unit`: within (-0.9, 0.9). */
  readonly values?: 'distinct' | 'positive' | 'unit';
}

export interface Row {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Backends that have the feature at all; every one when absent. */
  readonly backends?: readonly BackendName[];
}

/** A row whose inputs are `distinct` tensors of these shapes. */
export const row = (name: string, shapes: readonly (readonly number[])[], run: (...inputs: tf.Tensor[]) => tf.Tensor, values: Input['values'] = 'distinct'): Row =>
  ({ name, inputs: shapes.map((shape) => ({ shape, values })), run });

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** The same numbers for the same row and position, on every run and backend. */
export function valuesOf({ shape, values = 'distinct' }: Input, name: string, position: number): Float32Array {
  const random = createRandom('rows', name, position);
  const size = sizeOf(shape);
  const order = Array.from({ length: size }, (_, index) => index);
  for (let i = size - 1; i > 0; i -= 1) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return Float32Array.from(order, (rank) => {
    const centred = rank + 0.25 + (position % 2) / 2 - Math.floor(size / 2);
    if (values === 'positive') return 0.3 + (rank + 0.5) * Math.max(0.02, 1 / size);
    if (values === 'unit') return (centred / size) * 1.8;
    return centred * 0.04;
  });
}

export interface Outcome { readonly y: Float32Array; readonly shape: readonly number[]; readonly gradients: readonly Float32Array[] }

/** Output and gradients of a row on the current backend, for an output gradient that is the same everywhere. */
export function outcomeOf({ name, inputs, run }: Row): Outcome {
  return tf.tidy(() => {
    const tensors = inputs.map((input, index) => tf.tensor(valuesOf(input, name, index), [...input.shape]));
    const y = run(...tensors);
    const dy = tf.tensor(weightsOf(name, y.size), y.shape);
    const gradients = tf.grads((...xs: tf.Tensor[]) => run(...xs))(tensors, dy);
    return { y: y.dataSync<'float32'>().slice(), shape: y.shape, gradients: gradients.map((gradient) => gradient.dataSync<'float32'>().slice()) };
  });
}

/** The output gradient: the loss of a row is the sum of its outputs times these. */
export const weightsOf = (name: string, size: number): Float32Array => {
  const random = createRandom('weights', name);
  return Float32Array.from({ length: size }, () => random.uniform(-1, 1));
};

/** The row's loss for given inputs, summed in double precision. */
export function lossOf({ name, inputs, run }: Row, values: readonly Float32Array[]): number {
  return tf.tidy(() => {
    const y = run(...inputs.map((input, index) => tf.tensor(values[index]!, [...input.shape]))).dataSync();
    const weights = weightsOf(name, y.length);
    let sum = 0;
    for (let i = 0; i < y.length; i += 1) sum += y[i]! * weights[i]!;
    return sum;
  });
}
