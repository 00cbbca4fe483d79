/** What a file says of training, in Keras 3's spelling: the loss as it stands, the optimizer by its lower-case name. */
import { isObject } from '../../network/kinds/kind';
import type { CompileConfig, Json, JsonObject } from '../../network/network';

/** TensorFlow.js writes optimizer settings in camelCase, Keras 2 a few under older names. */
const spellings: Readonly<Record<string, string>> = {
  learningRate: 'learning_rate', lr: 'learning_rate', beta1: 'beta_1', beta2: 'beta_2', useNesterov: 'nesterov',
  initialAccumulatorValue: 'initial_accumulator_value', decay: 'decay', accumulatorValue: 'initial_accumulator_value',
};

/** Reads `compile_config` (Keras 3), `training_config` (Keras 2) or `trainingConfig` (TensorFlow.js); null when the model was not compiled. */
export function compileFrom(config: Json | undefined): CompileConfig | null {
  if (!isObject(config)) return null;
  const optimizer = config.optimizer ?? config.optimizer_config;
  const loss = config.loss ?? null;
  if (optimizer === undefined && loss === null) return null;
  return { loss, ...(config.loss_weights === undefined ? {} : { lossWeights: config.loss_weights }), optimizer: optimizerFrom(optimizer) };
}

function optimizerFrom(value: Json | undefined): CompileConfig['optimizer'] {
  if (typeof value === 'string') return { type: value.toLowerCase(), config: {} };
  if (!isObject(value) || typeof value.class_name !== 'string') return null;
  const name = value.class_name.includes('>') ? value.class_name.slice(value.class_name.lastIndexOf('>') + 1) : value.class_name;
  const config: JsonObject = isObject(value.config) ? value.config : {};
  // Keras wraps the optimizer of a model of mixed precision into one that scales the loss; on finite gradients it takes the same steps.
  if (name === 'LossScaleOptimizer' && isObject(config.inner_optimizer)) return optimizerFrom(config.inner_optimizer);
  return {
    type: name.toLowerCase(),
    config: Object.fromEntries(Object.entries(config).map(([key, item]) => [Object.hasOwn(spellings, key) ? spellings[key] ?? key : key, item])),
  };
}
