/** Losses by name, and the loss of a whole network: that of its outputs and the penalties of its regularizers. */
import { add, cast, div, divNoNan, expandDims, maximum, mean, mul, squeeze, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Convention, SymbolicShape } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { TensorValue } from '../../tensor/value';
import type { LossConfig } from '../config';
import type { Penalty } from '../forward/penalties';
import type { Mask } from '../layers/layer';
import { crossEntropies } from './crossentropy';
import { labelProblem } from './labels';
import type { LabelKind, LossEntry, LossFunction, LossOption, LossOptions } from './loss';
import { regressionLosses } from './regression';

const table: Readonly<Record<string, LossEntry>> = { ...crossEntropies, ...regressionLosses };

/** Other names: Keras's short forms, its classes, tfjs-layers' and PyTorch's, in lower case without separators. */
const aliases: Readonly<Record<string, string>> = {
  bce: 'binary_crossentropy', bcewithlogits: 'binary_crossentropy', binarycrossentropywithlogits: 'binary_crossentropy',
  crossentropyloss: 'cross_entropy', nllloss: 'nll', bceloss: 'binary_crossentropy', bcewithlogitsloss: 'binary_crossentropy',
  mse: 'mean_squared_error', mseloss: 'mean_squared_error', mae: 'mean_absolute_error', l1loss: 'mean_absolute_error', l1: 'mean_absolute_error',
  mape: 'mean_absolute_percentage_error', msle: 'mean_squared_logarithmic_error', huberloss: 'huber', smoothl1loss: 'smooth_l1',
  kld: 'kl_divergence', kullbackleiblerdivergence: 'kl_divergence', cosine: 'cosine_similarity', cosineproximity: 'cosine_similarity',
};

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
const byPlainName = new Map(Object.keys(table).map((name) => [plain(name), name]));

/** A loss as a run uses it. */
export interface Loss {
  /** Keras's name. */
  readonly name: string;
  readonly options: LossOptions;
  readonly convention: Convention;
  /** True when the predictions are taken as logits. */
  readonly fromLogits: boolean;
  /** Share of this output's loss in the total. */
  readonly weight: number;
  /** What labels it takes. */
  readonly labels: LabelKind;
  /** One value an example (or a step). */
  readonly values: LossFunction;
  /** Why labels do not fit, or null. `outputShape` with the batch first. */
  checkLabels(labels: TensorValue, outputShape: SymbolicShape): Failure | null;
}

/** Further settings of a loss, as a model file's compile configuration has them, may stand beside those of LossConfig. */
export type LossSettings = string | LossConfig | (LossConfig & { readonly [option: string]: LossOption });

const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The loss of that name and those settings. @throws Failure `loss.unknown` listing the names that there are. */
export function lossOf(settings: LossSettings, convention: Convention, share = 1): Loss {
  const config: Readonly<Record<string, LossOption>> = typeof settings === 'string' ? { type: settings } : { ...settings };
  const written = String(config['type']);
  const name = byPlainName.get(plain(written)) ?? aliases[plain(written)];
  const entry = name === undefined ? undefined : table[name];
  if (name === undefined || entry === undefined) {
    throw new Failure('loss.unknown', `The loss '${written.replace(/^.*>/, '')}' is unknown: where it is Python code of the model's own, it is not in the file. Set "loss" in the run's settings to one of ${Object.keys(table).join(', ')}.`);
  }
  const logitsByName = plain(written).includes('withlogits') ? { from_logits: true } : {};
  const options: LossOptions = { ...logitsByName, ...Object.fromEntries(Object.entries(config).filter(([key]) => key !== 'type' && key !== 'weight').map(([key, value]) => [snake(key), value])) };
  return {
    name, options, convention, labels: entry.labels,
    weight: typeof config['weight'] === 'number' ? config['weight'] : share,
    fromLogits: options['from_logits'] === true || name === 'cross_entropy',
    values: entry[convention === 'keras' ? 'keras' : convention] ?? entry.keras,
    checkLabels: (labels, outputShape) => labelProblem({ name, labels: entry.labels, options }, labels, hasClassesSecond(name, convention) ? classesLast(outputShape) : outputShape),
  };
}

/** Whether a loss has the classes at the second axis of its predictions: PyTorch's own, under its convention. */
export const hasClassesSecond = (name: string, convention: Convention): boolean => convention === 'pytorch' && (name === 'cross_entropy' || name === 'nll');
const classesLast = (shape: SymbolicShape): SymbolicShape => (shape.length < 3 ? shape : [shape[0] ?? null, ...shape.slice(2), shape[1] ?? null]);

/** Names of all losses. */
export const lossNames: readonly string[] = Object.keys(table);

/** What one output brings to the loss. */
export interface LossInput {
  readonly loss: Loss;
  readonly labels: Tensor;
  readonly predictions: Tensor;
  readonly logits: Tensor | null;
  readonly mask: Mask | null;
}

/** Labels and predictions brought to the same number of axes, as Keras does: an axis of length 1 is added to a vector of labels, else dropped. */
function aligned(input: LossInput): Omit<LossInput, 'loss' | 'mask'> {
  const { labels, predictions, logits } = input;
  const last = (tensor: Tensor): number => tensor.shape[tensor.rank - 1] ?? 0;
  if (labels.rank === predictions.rank + 1 && last(labels) === 1) {
    if (predictions.rank === 1) return { labels, predictions: expandDims(predictions, -1), logits: null };
    return { labels: squeeze(labels, [labels.rank - 1]), predictions, logits };
  }
  if (predictions.rank === labels.rank + 1 && last(predictions) === 1) {
    if (labels.rank === 1) return { labels: expandDims(labels, -1), predictions, logits };
    return { labels, predictions: squeeze(predictions, [predictions.rank - 1]), logits: null };
  }
  return { labels, predictions, logits };
}

/** Values of the loss, one an example, in the framework's way. Logits count only under Keras's rules. */
function valuesOf(input: LossInput): Tensor {
  const { loss } = input;
  if (loss.convention === 'tfjs') {
    const { labels, predictions } = aligned(input);
    return loss.values({ labels: loss.name.startsWith('sparse') ? input.labels : labels, predictions, logits: null, options: loss.options });
  }
  const { labels, predictions, logits } = aligned(input);
  return loss.values({ labels, predictions, logits: loss.convention === 'keras' ? logits : null, options: loss.options });
}

/**
 * Mean over the examples, of which those that a mask leaves out do not count; or what Keras's `reduction` says. Without a reduction
 * Keras differentiates the sum of the values.
 */
function reduced(values: Tensor, mask: Tensor | null, reduction: LossOption): Tensor {
  if (values.rank === 0) return mean(values);
  const counts = mask === null ? null : cast(mask, 'float32');
  const part = counts === null ? null : counts.rank === values.rank + 1 ? squeeze(counts, [counts.rank - 1]) : counts.rank + 1 === values.rank ? expandDims(counts, -1) : counts;
  if (reduction === 'sum' || reduction === 'none' || reduction === null) return sum(part === null ? values : mul(values, part));
  if (part === null || counts === null) return mean(values);
  if (reduction === 'mean_with_sample_weight') return divNoNan(sum(mul(values, part)), sum(part));
  return mean(mul(values, mul(part, div(counts.size, maximum(sum(counts), 1e-7)))));
}

/**
 * The scalar that is minimised. Keras adds the means of the outputs' losses by their weights; tfjs-layers adds the losses of the
 * examples, then takes the mean. Penalties come last, one after the other; `enter` is told whose turn it is.
 */
export function totalLoss(inputs: readonly LossInput[], penalties: readonly Penalty[], enter: (layer: string | null) => void = () => undefined): Tensor {
  const [first, ...rest] = inputs;
  if (first === undefined) throw new Failure('loss.missing', 'A network without outputs has no loss.');
  const wide = inputs.find(({ predictions }) => predictions.rank > 6);
  if (wide !== undefined) throw new Failure('loss.rank', `An output of the network has ${wide.predictions.rank} axes, [${wide.predictions.shape.join(', ')}]; a loss is computed of six at most. Export the model with an output of fewer axes.`);
  let total: Tensor;
  if (first.loss.convention === 'tfjs') {
    total = mean(rest.reduce((sumSoFar, input) => add(sumSoFar, valuesOf(input)), valuesOf(first)));
  } else {
    const terms = inputs.map((input) => {
      const keras = input.loss.convention === 'keras';
      const own = reduced(valuesOf(input), keras ? (input.mask?.tensor() ?? null) : null, keras ? input.loss.options['reduction'] : undefined);
      return input.loss.weight === 1 ? own : mul(own, input.loss.weight);
    });
    total = terms.slice(1).reduce<Tensor>((sumSoFar, term) => add(sumSoFar, term), terms[0] ?? mean(first.predictions));
  }
  for (const penalty of penalties) {
    enter(penalty.layer);
    total = add(total, penalty.compute());
  }
  enter(null);
  return total;
}
