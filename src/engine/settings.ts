/** A run's settings, filled in: from the run's configuration, then from what the model file was compiled with, then the defaults. */
import type { Convention, Json, JsonObject, Network } from '../network/network';
import { Failure } from '../tensor/failure';
import type { RunConfig } from './config';
import { fixedBatch, outputsOf } from './data/fit';
import { hasClassesSecond, lossOf } from './losses/losses';
import { givesLogits, takesLogits } from './losses/logits';
import type { LossOption } from './losses/loss';
import type { Loss, LossSettings } from './losses/losses';
import { accuracy } from './metrics';
import type { Metric } from './metrics';
import { optimizerOf } from './optimizers/optimizers';
import type { Optimizer } from './optimizers/optimizers';

export interface OutputTensors { readonly name: string; readonly predictions: number; readonly labels: number }

export interface Settings {
  readonly convention: Convention;
  readonly dropout: boolean;
  readonly seed: number;
  readonly shuffle: boolean;
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  /** Loss of each output, by the output's name. */
  readonly losses: Readonly<Record<string, Loss>>;
  /** Metrics of an iteration, for the outputs' tensors. */
  metrics(outputs: readonly OutputTensors[]): Metric[];
}

/** Batch size 32 (or the file's own, where it is made for one), seed 0, shuffled, dropout on; convention, loss and optimizer of the model file. @throws Failure for what is missing or unknown */
export function settingsOf(config: RunConfig, network: Network): Settings {
  const convention = config.convention ?? network.convention;
  const losses = Object.fromEntries(Object.entries(lossSettingsOf(config, network)).map(([name, loss], index) => [name, lossOf(withLogits(loss, network, index), convention, weightOf(loss) * (config.loss === undefined ? compiledWeight(network, name) : 1))]));
  const compiled = network.compile?.optimizer ?? null;
  const optimizer = config.optimizer ?? compiled;
  if (optimizer === null) {
    throw new Failure('optimizer.missing', 'The model file names no optimizer; give one in the run\'s configuration, for example "optimizer": "adam".');
  }
  return {
    convention, losses,
    dropout: config.dropout ?? true,
    seed: config.seed ?? 0,
    shuffle: config.shuffle ?? true,
    batchSize: config.batchSize ?? fixedBatch(network) ?? 32,
    optimizer: optimizerOf(optimizer, convention),
    metrics: (outputs) => outputs.flatMap(({ name, predictions, labels }) => {
      const loss = losses[name];
      const metric = loss === undefined ? null : accuracy(outputs.length > 1 ? `${name}_accuracy` : 'accuracy', loss.name, loss.fromLogits, predictions, labels, hasClassesSecond(loss.name, convention));
      return metric === null ? [] : [metric];
    }),
  };
}

/** The loss of each output. @throws Failure `loss.missing`, `loss.output` */
export function lossSettingsOf(config: RunConfig, network: Network): Record<string, Exclude<LossSettings, string>> {
  const names = outputsOf(network).map(({ name }) => name);
  const given: Json | RunConfig['loss'] = config.loss ?? network.compile?.loss;
  if (given === undefined || given === null) {
    throw new Failure('loss.missing', 'The model file names no loss; give one in the run\'s configuration, for example "loss": "sparse_categorical_crossentropy".');
  }
  const single = oneLoss(given);
  if (single !== null) return Object.fromEntries(names.map((name) => [name, single]));
  const list: readonly unknown[] | null = Array.isArray(given) ? given : null;
  const record = list === null ? (given as Readonly<Record<string, unknown>>) : Object.fromEntries(names.map((name, i) => [name, list[i]]));
  const unknown = Object.keys(record).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Failure('loss.output', `There is a loss for "${unknown}", but the network's outputs are ${names.map((name) => `"${name}"`).join(', ')}.`);
  return Object.fromEntries(names.map((name) => {
    const loss = oneLoss(record[name]);
    if (loss === null) throw new Failure('loss.output', `The output "${name}" has no loss; give one for each of ${names.map((other) => `"${other}"`).join(', ')}.`);
    return [name, loss];
  }));
}

/** A loss by its name, as the run's record, or as Keras saves it (`{class_name, config}`); null for anything else. */
function oneLoss(value: unknown): Exclude<LossSettings, string> | null {
  if (typeof value === 'string') return { type: value };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  if ('type' in value && typeof value.type === 'string') return value as Exclude<LossSettings, string>;
  if (!('class_name' in value) || typeof value.class_name !== 'string') return null;
  const saved: unknown = 'config' in value ? value.config : null;
  const config: Readonly<Record<string, unknown>> = typeof saved === 'object' && saved !== null ? (saved as Readonly<Record<string, unknown>>) : {};
  if (value.class_name === 'function' && typeof saved === 'string') return { type: saved };
  const options = Object.entries(config).flatMap(([key, entry]): readonly (readonly [string, LossOption])[] => {
    const own = itemsOf(entry) ?? entry;
    return key !== 'name' && isOption(own) ? [[key, own]] : [];
  });
  return { ...Object.fromEntries(options), type: value.class_name };
}

const isOption = (value: unknown): value is LossOption => value === null || ['number', 'boolean', 'string'].includes(typeof value) || (Array.isArray(value) && value.every((item) => typeof item === 'number'));
/** The items of a tuple as Keras writes it. */
const itemsOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'items' in value ? value.items : undefined);

/** A cross-entropy of an output that ends without softmax or sigmoid takes logits, unless the run says otherwise: graphs of ops do not say which loss they were made for. */
function withLogits(loss: Exclude<LossSettings, string>, network: Network, output: number): Exclude<LossSettings, string> {
  const ref = network.outputs[output];
  const open = ref !== undefined && loss.fromLogits === undefined && !('from_logits' in loss) && takesLogits(loss.type);
  return open && givesLogits(network, ref) ? { ...loss, fromLogits: true } : loss;
}

/** The factor of an output's loss in the sum. */
function weightOf(loss: Exclude<LossSettings, string>): number {
  return typeof loss.weight === 'number' ? loss.weight : 1;
}

/** The factor of an output's loss that the model file was compiled with. */
function compiledWeight(network: Network, output: string): number {
  const weights = network.compile?.lossWeights ?? null;
  if (Array.isArray(weights)) {
    const weight: unknown = weights[outputsOf(network).findIndex(({ name }) => name === output)];
    return typeof weight === 'number' ? weight : 1;
  }
  const weight = typeof weights === 'object' && weights !== null ? (weights as JsonObject)[output] : null;
  return typeof weight === 'number' ? weight : 1;
}
