/** Losses as tfjs-layers computes them, kernel for kernel: probabilities are clipped by 1e-7, or what the backend's precision allows. */
import {
  abs, add, backend, cast, clipByValue, div, exp, fill, floor, log, log1p, max, maximum, mean, mul, neg, oneHot, relu, reshape, softmax, softplus,
  sqrt, sub, sum,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LossFunction } from './loss';
import { isSet } from './loss';

/** tfjs-layers' fuzz factor. */
const epsilon = (): number => backend().epsilon();
const squared = (x: Tensor): Tensor => mul(x, x);
const float = (x: Tensor): Tensor => cast(x, 'float32');

/** x divided by its length along `axis`. */
export function unit(x: Tensor, axis: number): Tensor {
  const values = x.dtype === 'float32' ? x : float(x);
  const squares = sum(squared(values), axis, true);
  return div(values, sqrt(maximum(squares, fill(squares.shape, epsilon()))));
}

function categorical(labels: Tensor, given: Tensor, fromLogits: boolean): Tensor {
  const last = given.rank - 1;
  const scaled = fromLogits ? softmax(given) : div(given, sum(given, last, true));
  const probabilities = clipByValue(scaled, epsilon(), 1 - epsilon());
  return neg(sum(mul(float(labels), log(probabilities)), last));
}

function binaryFromLogits(labels: Tensor, logits: Tensor): Tensor {
  const positive = relu(logits);
  const negative = neg(abs(logits));
  return add(sub(positive, mul(logits, labels)), log1p(exp(negative)));
}

type Name =
  | 'meanSquaredError' | 'meanAbsoluteError' | 'meanAbsolutePercentageError' | 'meanSquaredLogarithmicError' | 'squaredHinge' | 'hinge'
  | 'categoricalHinge' | 'logcosh' | 'categoricalCrossentropy' | 'sparseCategoricalCrossentropy' | 'binaryCrossentropy'
  | 'kullbackLeiblerDivergence' | 'poisson' | 'cosineProximity';

export const tfjsLosses: Readonly<Record<Name, LossFunction>> = {
  meanSquaredError: ({ labels, predictions }) => mean(squared(sub(predictions, labels)), -1),
  meanAbsoluteError: ({ labels, predictions }) => mean(abs(sub(predictions, labels)), -1),
  meanAbsolutePercentageError: ({ labels, predictions }) => {
    const difference = sub(labels, predictions);
    const size = clipByValue(abs(labels), epsilon(), Number.MAX_VALUE);
    return mul(100, mean(abs(div(difference, size)), -1));
  },
  meanSquaredLogarithmicError: ({ labels, predictions }) => {
    const first = log(add(1, clipByValue(predictions, epsilon(), Number.MAX_VALUE)));
    const second = log(add(1, clipByValue(labels, epsilon(), Number.MAX_VALUE)));
    return mean(squared(sub(first, second)), -1);
  },
  squaredHinge: ({ labels, predictions }) => mean(squared(maximum(0, sub(1, mul(labels, predictions)))), -1),
  hinge: ({ labels, predictions }) => mean(maximum(0, sub(1, mul(labels, predictions))), -1),
  categoricalHinge: ({ labels, predictions }) => {
    const right = sum(mul(labels, predictions), -1);
    const wrong = max(mul(sub(1, labels), predictions), -1);
    return maximum(0, add(1, sub(wrong, right)));
  },
  logcosh: ({ labels, predictions }) => {
    const difference = sub(predictions, labels);
    return mean(sub(add(difference, softplus(mul(-2, difference))), Math.log(2)), -1);
  },
  categoricalCrossentropy: ({ labels, predictions, options }) => categorical(labels, predictions, isSet(options, 'from_logits')),
  sparseCategoricalCrossentropy: ({ labels, predictions, options }) => {
    const flat = reshape(labels, [labels.size]);
    // tfjs-layers is handed class numbers as float32; whole ones need no rounding down.
    const numbers = flat.dtype === 'int32' ? flat : cast(floor(flat), 'int32');
    const probabilities = clipByValue(predictions, epsilon(), 1 - epsilon());
    const rows = reshape(oneHot(numbers, probabilities.shape[probabilities.rank - 1] ?? 1), probabilities.shape);
    return categorical(rows, probabilities, isSet(options, 'from_logits'));
  },
  binaryCrossentropy: ({ labels, predictions, options }) => {
    if (isSet(options, 'from_logits')) return mean(binaryFromLogits(labels, predictions), -1);
    const p = clipByValue(predictions, epsilon(), 1 - epsilon());
    return mean(binaryFromLogits(labels, log(div(p, sub(1, p)))), -1);
  },
  kullbackLeiblerDivergence: ({ labels, predictions }) => {
    const from = clipByValue(labels, epsilon(), 1);
    const to = clipByValue(predictions, epsilon(), 1);
    return sum(mul(labels, log(div(from, to))), -1);
  },
  poisson: ({ labels, predictions }) => mean(sub(predictions, mul(labels, log(add(epsilon(), predictions)))), -1),
  cosineProximity: ({ labels, predictions }) => neg(sum(mul(unit(labels, -1), unit(predictions, -1)), -1)),
};
