/** Losses that stand in a graph: negative log-likelihood, also of a softmax, over the axis of classes behind the batch. */
import { cast, div, gather, logSoftmax, mean, mul, neg, notEqual, oneHot, reshape, scalar, sum, transpose, where, zerosLike } from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import { atOnce } from '../calls';
import type { LayerCallContext, LayerForward } from '../layer';
import { floats, ints, operand, optional, wordOf } from './operands';

/** Classes last: `[batch, …, classes]`. */
const classesLast = (x: Tensor): Tensor => transpose(x, [0, ...x.shape.slice(2).map((_, axis) => axis + 2), 1]);
const classesSecond = (x: Tensor): Tensor => transpose(x, [0, x.rank - 1, ...x.shape.slice(2).map((_, axis) => axis + 1)]);

function likelihood(call: LayerCallContext, logs: Tensor): Tensor {
  const labels = ints(operand(call, 1));
  const classes = logs.shape[logs.rank - 1] ?? 1;
  const ignored = call.config['ignore_index'];
  const counted = typeof ignored === 'number' ? notEqual(labels, scalar(ignored, 'int32')) : null;
  const known = counted === null ? labels : where(counted, labels, zerosLike(labels));
  const rows = reshape(cast(oneHot(reshape<Rank.R1>(known, [known.size]), classes), 'float32'), logs.shape);
  const given = optional(call, 2);
  let weights: Tensor | null = given === null ? null : reshape(gather(given, reshape(known, [known.size])), labels.shape);
  if (counted !== null) weights = weights === null ? cast(counted, 'float32') : mul(weights, cast(counted, 'float32'));
  const own = neg(sum(mul(rows, logs), -1));
  const losses = weights === null ? own : mul(own, weights);
  switch (wordOf(call, 'reduction', 'mean')) {
    case 'none': return losses;
    case 'sum': return sum(losses);
    default: return weights === null ? mean(losses) : div(sum(losses), sum(weights));
  }
}

export const lossOps = {
  NegativeLogLikelihoodLoss: atOnce((call) => ({ outputs: [likelihood(call, classesLast(floats(operand(call, 0))))] })),
  SoftmaxCrossEntropyLoss: atOnce((call) => { const logs = logSoftmax(classesLast(floats(operand(call, 0)))); return { outputs: [likelihood(call, logs), ...(call.outputCount === 1 ? [] : [classesSecond(logs)])] }; }),
} satisfies Readonly<Record<string, LayerForward>>;
