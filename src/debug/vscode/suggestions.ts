/** What a run of a network would sensibly look like: data, loss and optimizer from its shapes and from how it was compiled. */
import type { DataConfig, GeneratorName, LossConfig, OptimizerConfig, RunConfig } from '../../engine/config';
import { fixedBatch, outputsOf } from '../../engine/data/fit';
import { givesLogits } from '../../engine/losses/logits';
import type { Json, JsonObject, Layer, Network, SymbolicShape, TensorRef } from '../../network/network';

/** Shape of one example, without the batch; null where it is not known. */
export function exampleShape(network: Network, ref: TensorRef | undefined): SymbolicShape | null {
  const layer = network.layers.find(({ name }) => name === ref?.layer);
  return layer?.calls[ref?.call ?? 0]?.outputShapes[ref?.output ?? 0]?.slice(1) ?? null;
}

/** Generators whose examples fit the network's inputs, the most telling first; `patterns` always do. */
export function fittingGenerators(network: Network): readonly GeneratorName[] {
  const shape = network.inputs.length === 1 ? exampleShape(network, network.inputs[0]) : null;
  const size = shape?.join('×') ?? '';
  const telling: readonly GeneratorName[] = ['28×28×1', '1×28×28', '28×28', '784'].includes(size) ? ['digits'] : size === '2' ? ['clusters', 'circles', 'xor', 'spiral'] : [];
  return [...telling, 'patterns'];
}

/** How many examples a generator is asked for; absent where it sees to that itself. */
const asked: Readonly<Partial<Record<GeneratorName, number>>> = { digits: 2000, clusters: 200, circles: 200, xor: 200, spiral: 200 };

/** A generator's settings for this network: one-hot labels where the loss wants them. */
export function generatorData(generator: GeneratorName, loss: NonNullable<RunConfig['loss']>): DataConfig {
  const examples = asked[generator];
  return { generator, ...(examples === undefined ? {} : { examples }), seed: 1, ...(loss === 'categorical_crossentropy' && generator !== 'patterns' ? { oneHot: true } : {}) };
}

/** Multiply-adds of one iteration that take a few seconds at most on one core; the backward pass takes twice those of the forward pass. */
const patience = 2e9;

/** A batch that the network was made for, or one that keeps an iteration short: 32, fewer for large networks. @param macs multiply-adds of one example */
export function fittingBatch(network: Network, macs: number | null): number {
  return fixedBatch(network) ?? Math.max(1, Math.min(32, Math.floor(patience / Math.max(1, 3 * (macs ?? 0)))));
}

const snakeCase = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

/** Name of the loss the file was compiled with; null where there is none, or one an output. */
export function compiledLoss(network: Network): string | null {
  return lossName(network.compile?.loss ?? null);
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isRecord = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !isList(value);

function lossName(loss: Json): string | null {
  if (typeof loss === 'string') return snakeCase(loss);
  if (isList(loss)) return loss.length === 1 ? lossName(loss[0] ?? null) : null;
  return isRecord(loss) && typeof loss.class_name === 'string' ? snakeCase(loss.class_name) : null;
}

/** The activation that an output ends with, looking through a layer that only activates. */
function finalActivation(layer: Layer | undefined): string {
  if (layer === undefined) return 'linear';
  if (/^softmax$/i.test(layer.type)) return 'softmax';
  if (/^(sigmoid|logistic)$/i.test(layer.type)) return 'sigmoid';
  const { activation } = layer.config;
  return typeof activation === 'string' ? activation : 'linear';
}

/** The loss by Keras's name that suits an output. */
function lossFor(network: Network, output: TensorRef): string {
  const activation = finalActivation(network.layers.find(({ name }) => name === output.layer));
  if (activation === 'softmax') return 'sparse_categorical_crossentropy';
  // Graphs of ops end in logits, where they end in several numbers.
  if (givesLogits(network, output) && (exampleShape(network, output)?.at(-1) ?? 1) > 1) return 'sparse_categorical_crossentropy';
  return activation === 'sigmoid' ? 'binary_crossentropy' : 'mean_squared_error';
}

/** The loss that suits the network: one name, or one an output where these differ. */
export function fittingLoss(network: Network): string | Readonly<Record<string, string>> {
  const fitting = network.outputs.map((output) => lossFor(network, output));
  const [first = 'mean_squared_error'] = fitting;
  return fitting.every((loss) => loss === first) ? first : Object.fromEntries(outputsOf(network).map(({ name }, index) => [name, fitting[index] ?? first]));
}

/** Losses offered, by Keras's names. */
export const losses = [
  'sparse_categorical_crossentropy', 'categorical_crossentropy', 'binary_crossentropy', 'mean_squared_error', 'mean_absolute_error', 'huber', 'log_cosh', 'kl_divergence', 'poisson', 'hinge',
] as const;

/** Optimizers offered, with a learning rate at which small networks learn. */
export const optimizers: readonly OptimizerConfig[] = [
  { type: 'sgd', learningRate: 0.1 }, { type: 'momentum', learningRate: 0.05, momentum: 0.9 }, { type: 'rmsprop', learningRate: 0.001 },
  { type: 'adam', learningRate: 0.001 }, { type: 'adagrad', learningRate: 0.05 },
];

/** The optimizer that the file was compiled with, in words: `adam, learning rate 0.001`. */
export function compiledOptimizer(network: Network): string | null {
  const optimizer = network.compile?.optimizer ?? null;
  if (optimizer === null) return null;
  const rate = optimizer.config.learning_rate;
  return optimizer.type.toLowerCase() + (typeof rate === 'number' ? `, learning rate ${Number(rate.toPrecision(4))}` : '');
}

/** A loss in words: `binary crossentropy`, or `label: …, score: …`. */
export function lossText(loss: NonNullable<RunConfig['loss']>): string {
  if (typeof loss === 'string') return loss.replaceAll('_', ' ');
  if (typeof loss.type === 'string') return lossText(loss.type);
  return Object.entries(loss).map(([output, own]) => `${output}: ${lossText(own as string | LossConfig)}`).join(', ');
}
