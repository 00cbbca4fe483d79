/** Cross-entropies as Keras and PyTorch compute them: from logits wherever there are any, without clipping. */
import {
  abs, add, cast, clipByValue, customGrad, div, exp, expandDims, log, log1p, logSoftmax, maximum, mean, mul, neg, notEqual, oneHot, pow, relu, reshape,
  sigmoid, softmax, sub, sum, transpose,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LossArguments, LossEntry, LossFunction, LossOptions } from './loss';
import { isSet, numberOption } from './loss';
import { tfjsLosses } from './tfjs';

/** Keras's fuzz factor, by which probabilities keep away from 0 and 1. */
const epsilon = 1e-7;

const float = (x: Tensor): Tensor => (x.dtype === 'float32' ? x : cast(x, 'float32'));

/** Logits to take the loss from: the predictions themselves, or what they are the softmax or sigmoid of; null when they are plain probabilities. */
function logitsOf({ predictions, logits, options }: LossArguments): Tensor | null {
  return logits ?? (isSet(options, 'from_logits') ? predictions : null);
}

function smoothed(labels: Tensor, options: LossOptions, target: number): Tensor {
  const share = numberOption(options, 'label_smoothing', 0);
  return share === 0 ? labels : add(mul(labels, 1 - share), share * target);
}

/**
 * -Σ y log softmax(z) along the last axis. Its gradient is softmax(z) - y, as in TensorFlow also where the labels do not sum to 1.
 */
export function softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor {
  const run = customGrad((...args: (Tensor | ((tensors: Tensor[]) => void))[]) => {
    const [z, save] = args;
    if (!(typeof save === 'function') || z === undefined || typeof z === 'function') throw new Error('customGrad calls with a tensor and save.');
    const logProbabilities = logSoftmax(z);
    save([logProbabilities]);
    return {
      value: neg(sum(mul(labels, logProbabilities), -1)),
      gradFunc: (dy: Tensor, [saved]: Tensor[]) => {
        if (saved === undefined) throw new Error('The loss was recorded without its probabilities.');
        return mul(expandDims(dy, -1), sub(exp(saved), labels));
      },
    };
  });
  return run(logits);
}

/** max(z, 0) - z y + log(1 + exp(-|z|)): exact also where the sigmoid saturates. */
export function sigmoidCrossEntropy(labels: Tensor, logits: Tensor): Tensor {
  return add(sub(relu(logits), mul(logits, labels)), log1p(exp(neg(abs(logits)))));
}

/** Class numbers as rows of 0 and 1. */
function asRows(labels: Tensor, predictions: Tensor): Tensor {
  const classes = predictions.shape[predictions.rank - 1] ?? 1;
  const flat = cast(reshape(labels, [labels.size]), 'int32');
  return reshape(cast(oneHot(flat, classes), 'float32'), predictions.shape);
}

const clipped = (x: Tensor): Tensor => clipByValue(x, epsilon, 1 - epsilon);

const categorical: LossFunction = (given) => {
  const logits = logitsOf(given);
  const classes = given.predictions.shape[given.predictions.rank - 1] ?? 1;
  const labels = smoothed(float(given.labels), given.options, 1 / classes);
  if (logits !== null) return softmaxCrossEntropy(labels, logits);
  const probabilities = clipped(div(given.predictions, sum(given.predictions, -1, true)));
  return neg(sum(mul(labels, log(probabilities)), -1));
};

const sparse: LossFunction = (given) => {
  const logits = logitsOf(given) ?? log(clipped(given.predictions));
  const { options } = given;
  const ignored = options['ignore_class'];
  const losses = softmaxCrossEntropy(asRows(given.labels, logits), logits);
  if (typeof ignored !== 'number') return losses;
  const counts = cast(notEqual(float(given.labels), ignored), 'float32');
  // Examples of the ignored class have no part in the mean.
  const kept = reshape(counts, losses.shape);
  return mul(losses, mul(kept, div(losses.size, maximum(sum(kept), 1))));
};

/** Elementwise binary cross-entropy. */
function binaryTerms(labels: Tensor, given: LossArguments): Tensor {
  const logits = logitsOf(given);
  if (logits !== null) return sigmoidCrossEntropy(labels, logits);
  const p = clipped(given.predictions);
  return neg(add(mul(labels, log(p)), mul(sub(1, labels), log(sub(1, p)))));
}

const binary: LossFunction = (given) => mean(binaryTerms(smoothed(float(given.labels), given.options, 0.5), given), -1);

/** PyTorch's BCELoss keeps logarithms above -100 instead of clipping probabilities. */
const torchBinary: LossFunction = (given) => {
  if (isSet(given.options, 'from_logits')) return binary({ ...given, logits: null });
  const labels = smoothed(float(given.labels), given.options, 0.5);
  const log100 = (x: Tensor): Tensor => maximum(log(x), -100);
  return mean(neg(add(mul(labels, log100(given.predictions)), mul(sub(1, labels), log100(sub(1, given.predictions))))), -1);
};

/** Lin and others 2017: cross-entropy weighted by (1 - p)^gamma. */
const binaryFocal: LossFunction = (given) => {
  const { options } = given;
  const labels = smoothed(float(given.labels), options, 0.5);
  const fromLogits = isSet(options, 'from_logits');
  const p = fromLogits ? sigmoid(given.predictions) : given.predictions;
  const terms = binaryTerms(labels, fromLogits ? { ...given, logits: given.predictions } : given);
  const right = add(mul(labels, p), mul(sub(1, labels), sub(1, p)));
  let focal = mul(pow(sub(1, right), numberOption(options, 'gamma', 2)), terms);
  if (isSet(options, 'apply_class_balancing')) {
    const alpha = numberOption(options, 'alpha', 0.25);
    focal = mul(add(mul(labels, alpha), mul(sub(1, labels), 1 - alpha)), focal);
  }
  return mean(focal, -1);
};

const categoricalFocal: LossFunction = ({ labels: given, predictions, options }) => {
  const classes = predictions.shape[predictions.rank - 1] ?? 1;
  const labels = smoothed(float(given), options, 1 / classes);
  const p = isSet(options, 'from_logits') ? softmax(predictions) : predictions;
  const probabilities = clipped(div(p, sum(p, -1, true)));
  const factor = mul(pow(sub(1, probabilities), numberOption(options, 'gamma', 2)), numberOption(options, 'alpha', 0.25));
  return sum(mul(factor, mul(neg(labels), log(probabilities))), -1);
};

/** PyTorch's CrossEntropyLoss: always from logits, class numbers or probabilities. */
const torchCrossEntropy: LossFunction = ({ labels, predictions, options }) => {
  const classes = predictions.shape[predictions.rank - 1] ?? 1;
  const rows = labels.rank === predictions.rank && labels.shape[labels.rank - 1] === classes ? float(labels) : asRows(labels, predictions);
  return softmaxCrossEntropy(smoothed(rows, options, 1 / classes), predictions);
};

/** PyTorch's NLLLoss: from log probabilities and class numbers. */
const negativeLogLikelihood: LossFunction = ({ labels, predictions }) => neg(sum(mul(asRows(labels, predictions), predictions), -1));

/** PyTorch's losses of classes have them at the second axis: `[batch, classes, height, width]`. */
const classesSecond = (loss: LossFunction): LossFunction => (given) => {
  const { predictions } = given;
  if (predictions.rank < 3) return loss(given);
  return loss({ ...given, predictions: transpose(predictions, [0, ...predictions.shape.slice(2).map((_, axis) => axis + 2), 1]) });
};

const generalized: LossFunction = ({ labels, predictions, options }) => {
  const q = numberOption(options, 'q', 0.5);
  return div(sub(1, pow(sum(mul(predictions, asRows(labels, predictions)), -1), q)), q);
};

export const crossEntropies: Readonly<Record<string, LossEntry>> = {
  binary_crossentropy: { labels: 'probabilities', keras: binary, tfjs: tfjsLosses.binaryCrossentropy, pytorch: torchBinary },
  categorical_crossentropy: { labels: 'distribution', keras: categorical, tfjs: tfjsLosses.categoricalCrossentropy },
  sparse_categorical_crossentropy: { labels: 'classes', keras: sparse, tfjs: tfjsLosses.sparseCategoricalCrossentropy },
  binary_focal_crossentropy: { labels: 'probabilities', keras: binaryFocal },
  categorical_focal_crossentropy: { labels: 'distribution', keras: categoricalFocal },
  categorical_generalized_cross_entropy: { labels: 'classes', keras: generalized },
  cross_entropy: { labels: 'classes', keras: torchCrossEntropy, pytorch: classesSecond(torchCrossEntropy) },
  nll: { labels: 'classes', keras: negativeLogLikelihood, pytorch: classesSecond(negativeLogLikelihood) },
};

