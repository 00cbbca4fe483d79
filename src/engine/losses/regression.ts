/** Losses between real numbers, margins and overlaps, by Keras's definitions. */
import {
  abs, add, all, cast, clipByValue, div, equal, lessEqual, log, logicalOr, max, maximum, mean, mul, neg, relu, rsqrt, softplus, square, sub, sum, where,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LossEntry, LossFunction, LossOptions } from './loss';
import { axesOption, numberOption } from './loss';
import { tfjsLosses } from './tfjs';

const epsilon = 1e-7;
const float = (x: Tensor): Tensor => (x.dtype === 'float32' ? x : cast(x, 'float32'));

/** A loss of labels as numbers and predictions, without settings. */
const between = (run: (labels: Tensor, predictions: Tensor) => Tensor): LossFunction => ({ labels, predictions }) => run(float(labels), predictions);

/** Labels of 0 and 1 become -1 and 1; others stay. */
function signs(labels: Tensor): Tensor {
  const binary = all(logicalOr(equal(labels, 0), equal(labels, 1)));
  return where(binary, sub(mul(2, labels), 1), labels);
}

/** x divided by its length along the last axis, or those of the setting. */
function unit(x: Tensor, options: LossOptions): Tensor {
  return mul(x, rsqrt(maximum(sum(square(x), axesOption(options, x.rank) ?? -1, true), 1e-12)));
}

const huber: LossFunction = ({ labels, predictions, options }) => {
  const delta = numberOption(options, 'delta', 1);
  const error = sub(predictions, float(labels));
  const size = abs(error);
  return mean(where(lessEqual(size, delta), mul(0.5, square(error)), sub(mul(delta, size), 0.5 * delta * delta)), -1);
};

/** PyTorch's SmoothL1Loss: the Huber loss divided by beta. */
const smoothL1: LossFunction = (given) => {
  const beta = numberOption(given.options, 'beta', 1);
  return div(huber({ ...given, options: { ...given.options, delta: beta } }), beta);
};

/** One value for the whole batch, as Keras's dice and tversky; with `axis` one for each index of the other axes. */
const tversky: LossFunction = ({ labels: given, predictions, options }) => {
  const labels = float(given);
  const axes = axesOption(options, predictions.rank);
  const both = sum(mul(labels, predictions), axes);
  const missed = sum(mul(sub(1, predictions), labels), axes);
  const extra = sum(mul(predictions, sub(1, labels)), axes);
  const weighted = add(mul(missed, numberOption(options, 'alpha', 0.5)), mul(extra, numberOption(options, 'beta', 0.5)));
  return sub(1, div(both, add(add(both, weighted), epsilon)));
};

export const regressionLosses: Readonly<Record<string, LossEntry>> = {
  mean_squared_error: { labels: 'reals', keras: between((y, p) => mean(square(sub(p, y)), -1)), tfjs: tfjsLosses.meanSquaredError },
  mean_absolute_error: { labels: 'reals', keras: between((y, p) => mean(abs(sub(p, y)), -1)), tfjs: tfjsLosses.meanAbsoluteError },
  mean_absolute_percentage_error: {
    labels: 'reals',
    keras: between((y, p) => mul(100, mean(abs(div(sub(y, p), maximum(abs(y), epsilon))), -1))),
    tfjs: tfjsLosses.meanAbsolutePercentageError,
  },
  mean_squared_logarithmic_error: {
    labels: 'reals',
    keras: between((y, p) => mean(square(sub(log(add(maximum(p, epsilon), 1)), log(add(maximum(y, epsilon), 1)))), -1)),
    tfjs: tfjsLosses.meanSquaredLogarithmicError,
  },
  huber: { labels: 'reals', keras: huber },
  smooth_l1: { labels: 'reals', keras: smoothL1 },
  log_cosh: {
    labels: 'reals',
    keras: between((y, p) => {
      const x = sub(p, y);
      return mean(sub(add(x, softplus(mul(x, -2))), Math.LN2), -1);
    }),
    tfjs: tfjsLosses.logcosh,
  },
  cosine_similarity: { labels: 'reals', keras: ({ labels, predictions: p, options }) => neg(sum(mul(unit(float(labels), options), unit(p, options)), axesOption(options, p.rank) ?? -1)), tfjs: tfjsLosses.cosineProximity },
  hinge: { labels: 'signs', keras: between((y, p) => mean(relu(sub(1, mul(signs(y), p))), -1)), tfjs: tfjsLosses.hinge },
  squared_hinge: { labels: 'signs', keras: between((y, p) => mean(square(relu(sub(1, mul(signs(y), p)))), -1)), tfjs: tfjsLosses.squaredHinge },
  categorical_hinge: {
    labels: 'distribution',
    keras: between((y, p) => relu(add(sub(max(mul(sub(1, y), p), -1), sum(mul(y, p), -1)), 1))),
    tfjs: tfjsLosses.categoricalHinge,
  },
  kl_divergence: {
    labels: 'distribution',
    keras: between((y, p) => {
      const from = clipByValue(y, epsilon, 1);
      return sum(mul(from, log(div(from, clipByValue(p, epsilon, 1)))), -1);
    }),
    tfjs: tfjsLosses.kullbackLeiblerDivergence,
  },
  poisson: { labels: 'counts', keras: between((y, p) => mean(sub(p, mul(y, log(add(p, epsilon)))), -1)), tfjs: tfjsLosses.poisson },
  dice: {
    labels: 'probabilities',
    keras: ({ labels, predictions: p, options }) => {
      const [y, axes] = [float(labels), axesOption(options, p.rank)];
      return sub(1, div(mul(2, sum(mul(y, p), axes)), add(add(sum(y, axes), sum(p, axes)), epsilon)));
    },
  },
  tversky: { labels: 'probabilities', keras: tversky },
};
