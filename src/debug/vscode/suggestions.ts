/** What a run of a network would sensibly look like: data, loss and optimizer from its shapes and from how it was compiled. */
import type { DataConfig, GeneratorName, LossConfig, OptimizerConfig } from '../../engine/config';
import { givesLogits } from '../../engine/losses/logits';
import type { Json, JsonObject, Layer, Network, SymbolicShape, TensorRef } from '../../network/network';

/** Shape of one example, without the batch; null where it is not known. */
export function exampleShape(network: Network, ref: TensorRef | undefined): SymbolicShape | null {
  const layer = network.layers.find(({ name }) => name === ref?.layer);
  return layer?.calls[ref?.call ?? 0]?.outputShapes[ref?.output ?? 0]?.slice(1) ?? null;
}

/** Generators whose examples fit the network's only input, the most telling first. */
export function fittingGenerators(network: Network): readonly GeneratorName[] {
  const shape = network.inputs.length === 1 ? exampleShape(network, network.inputs[0]) : null;
  if (shape === null) return [];
  const size = shape.join('×');
  if (['28×28×1', '1×28×28', '28×28', '784'].includes(size)) return ['digits'];
  return size === '2' ? ['clusters', 'circles', 'xor', 'spiral'] : [];
}

/** A generator's settings for this network: one-hot labels where the loss wants them. */
export function generatorData(generator: GeneratorName, loss: string): DataConfig {
  return { generator, examples: generator === 'digits' ? 2000 : 200, seed: 1, ...(loss === 'categorical_crossentropy' ? { oneHot: true } : {}) };
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

/** The loss by Keras's name that suits the network's first output. */
export function fittingLoss(network: Network): string {
  const [output] = network.outputs;
  const activation = finalActivation(network.layers.find(({ name }) => name === output?.layer));
  if (activation === 'softmax') return 'sparse_categorical_crossentropy';
  // Graphs of ops end in logits, where they end in several numbers.
  if (output !== undefined && givesLogits(network, output) && (exampleShape(network, output)?.at(-1) ?? 1) > 1) return 'sparse_categorical_crossentropy';
  return activation === 'sigmoid' ? 'binary_crossentropy' : 'mean_squared_error';
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

export const lossText = (loss: string | LossConfig): string => (typeof loss === 'string' ? loss : loss.type).replaceAll('_', ' ');
