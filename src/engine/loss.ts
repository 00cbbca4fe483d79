/** The loss of a batch: each output's own, weighted and summed, and the penalties of regularizers. */
import { add, mean, mul, neg, log, sum, squaredDifference, clipByValue, sub, oneHot, cast, squeeze } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { Convention } from '../network/network';
import { Failure } from '../tensor/failure';
import type { LossConfig } from './config';
import type { Penalty } from './forward/penalties';
import type { Mask } from './layers/layer';

export interface LossInput {
  readonly outputs: readonly { readonly name: string; readonly labels: Tensor; readonly predictions: Tensor; readonly logits: Tensor | null; readonly mask: Mask | null }[];
  readonly penalties: readonly Penalty[];
  /** Notes whose penalty the kernels that follow belong to; null for the loss itself. */
  enter(layer: string | null): void;
}

/** Runs the loss's kernels and gives the scalar to differentiate. */
export type LossTerms = (input: LossInput) => Tensor;

export function lossTerms(losses: Readonly<Record<string, LossConfig>>, _convention: Convention): LossTerms {
  return ({ outputs, penalties, enter }) => {
    let total: Tensor | null = null;
    for (const { name, labels, predictions } of outputs) {
      const config = losses[name];
      if (config === undefined) throw new Failure('loss.output', `The output "${name}" has no loss.`);
      const own = stopgap(config.type, labels, predictions);
      total = total === null ? own : add(total, config.weight === undefined ? own : mul(config.weight, own));
    }
    for (const { layer, compute } of penalties) {
      enter(layer);
      const penalty = compute();
      enter(null);
      total = total === null ? penalty : add(total, penalty);
    }
    if (total === null) throw new Failure('loss.missing', 'The network has no outputs.');
    return total;
  };
}

/** The commonest losses, until the table of losses is there. */
function stopgap(type: string, labels: Tensor, predictions: Tensor): Tensor {
  const p = (): Tensor => clipByValue(predictions, 1e-7, 1 - 1e-7);
  if (/sparse/.test(type)) return mean(neg(sum(mul(cast(oneHot(squeeze(labels) as Tensor1D, predictions.shape.at(-1) ?? 1), 'float32'), log(p())), -1)));
  if (/categorical/.test(type)) return mean(neg(sum(mul(labels, log(p())), -1)));
  if (/binary/.test(type)) return mean(neg(add(mul(labels, log(p())), mul(sub(1, labels), log(sub(1, p()))))));
  return mean(squaredDifference(labels, predictions));
}
