/**
 * The three dialects of Keras configurations and their translation into Keras 3's spelling and meaning.
 *
 * Where the *meaning* of a setting differs it is made explicit here:
 * - `hard_sigmoid` of Keras 2 and TensorFlow.js is clip(0.2 x + 0.5, 0, 1), not Keras 3's relu6(x + 3) / 6: it is spelled
 *   `hard_sigmoid_keras2` in a network that a Keras 2 file describes. In a `model.json` the name stays: the convention `tfjs` decides.
 * - TensorFlow.js's recurrent layers have `hard_sigmoid` as default recurrent activation, its GRU has no `reset_after`;
 *   both are written out. Keras 2's and 3's defaults (`sigmoid`, `reset_after`) are written out as well.
 * - LeakyReLU: `alpha` becomes `negative_slope`, default 0.3. `leaky_relu` by name has slope 0.2 in Keras 2 and 3.
 * - `batch_input_shape` becomes `batch_shape`; a dtype policy becomes its name.
 */
import type { Json, JsonObject } from '../../network/network';
import { isObject } from '../../network/kinds/kind';
import { classesOfKeras1, fromKeras1 } from './keras1';

export type Dialect = 'keras3' | 'keras2' | 'tfjs';

const renamed: Readonly<Record<string, string>> = {
  Model: 'Functional',
  BatchNormalizationV1: 'BatchNormalization', BatchNormalizationV2: 'BatchNormalization', SyncBatchNormalization: 'BatchNormalization',
  Convolution1D: 'Conv1D', Convolution2D: 'Conv2D', Convolution3D: 'Conv3D', Convolution2DTranspose: 'Conv2DTranspose', Convolution3DTranspose: 'Conv3DTranspose',
  SeparableConvolution1D: 'SeparableConv1D', SeparableConvolution2D: 'SeparableConv2D',
  MaxPool1D: 'MaxPooling1D', MaxPool2D: 'MaxPooling2D', MaxPool3D: 'MaxPooling3D', AvgPool1D: 'AveragePooling1D', AvgPool2D: 'AveragePooling2D', AvgPool3D: 'AveragePooling3D',
  GlobalMaxPool1D: 'GlobalMaxPooling1D', GlobalMaxPool2D: 'GlobalMaxPooling2D', GlobalMaxPool3D: 'GlobalMaxPooling3D',
  GlobalAvgPool1D: 'GlobalAveragePooling1D', GlobalAvgPool2D: 'GlobalAveragePooling2D', GlobalAvgPool3D: 'GlobalAveragePooling3D',
  LSTMV1: 'LSTM', LSTMV2: 'LSTM', GRUV1: 'GRU', GRUV2: 'GRU', CuDNNLSTM: 'LSTM', CuDNNGRU: 'GRU', LayerNormalizationV1: 'LayerNormalization', DenseV2: 'Dense', ...classesOfKeras1,
};

/** Class name in Keras 3's spelling; `Package>Name` of registered classes becomes `Name`. */
export function typeOf(className: string): string {
  const name = className.includes('>') ? className.slice(className.lastIndexOf('>') + 1) : className;
  return Object.hasOwn(renamed, name) ? renamed[name] ?? name : name;
}

const recurrentTypes = new Set(['LSTM', 'GRU', 'SimpleRNN', 'LSTMCell', 'GRUCell', 'SimpleRNNCell', 'ConvLSTM1D', 'ConvLSTM2D', 'ConvLSTM3D']);
const activationKeys = ['activation', 'recurrent_activation'];

type Change = (config: Record<string, Json>, dialect: Dialect) => void;
const changes: Readonly<Record<string, Change>> = {
  InputLayer: (config) => {
    config.batch_shape ??= config.batch_input_shape ?? null;
    delete config.batch_input_shape;
  },
  LeakyReLU: (config) => {
    config.negative_slope ??= config.alpha ?? 0.3;
    delete config.alpha;
  },
  DepthwiseConv2D: (config) => { config.depthwise_initializer ??= config.kernel_initializer ?? null; },
  // TensorFlow.js writes the extent that is to be computed as null, Keras as -1.
  Reshape: (config) => { if (Array.isArray(config.target_shape)) config.target_shape = (config.target_shape as readonly Json[]).map((extent) => extent ?? -1); },
  // Before Keras 2.2 there was no other GRU than the one that resets before the product.
  GRU: (config, dialect) => { config.reset_after ??= dialect === 'keras3'; },
  GRUCell: (config, dialect) => { config.reset_after ??= dialect === 'keras3'; },
};

/** Settings of a layer in Keras 3's spelling and meaning. Layers inside wrappers are translated too. */
export function translate(type: string, source: JsonObject, dialect: Dialect): JsonObject {
  const config: Record<string, Json> = Object.fromEntries(Object.entries(source));
  if (isObject(config.dtype)) config.dtype = policyName(config.dtype.config);
  if (dialect === 'keras2') {
    fromKeras1(type, config);
    // CuDNNGRU has no choice of activations, and always resets after the product.
    if (type === 'GRU' && config.recurrent_activation === undefined) config.reset_after ??= true;
  }
  if (recurrentTypes.has(type) && type !== 'SimpleRNN' && type !== 'SimpleRNNCell') {
    // ConvLSTM and all of TensorFlow.js kept the old default.
    config.recurrent_activation ??= dialect === 'tfjs' || (type.startsWith('ConvLSTM') && dialect === 'keras2') ? 'hard_sigmoid' : 'sigmoid';
  }
  // CuDNNLSTM and CuDNNGRU have no choice of activations.
  if (recurrentTypes.has(type)) config.activation ??= 'tanh';
  if (Object.hasOwn(changes, type)) changes[type]?.(config, dialect);
  if (dialect === 'keras2') {
    for (const key of activationKeys) {
      if (config[key] === 'hard_sigmoid') config[key] = 'hard_sigmoid_keras2';
    }
  }
  for (const key of ['layer', 'backward_layer', 'cell']) {
    const inner = config[key];
    if (isObject(inner)) config[key] = translateNested(inner, dialect);
  }
  if (Array.isArray(config.cells)) config.cells = (config.cells as readonly Json[]).map((cell) => (isObject(cell) ? translateNested(cell, dialect) : cell));
  return config;
}

/** Name of a dtype policy; those of quantised layers have a mode instead. */
function policyName(policy: Json | undefined): string | null {
  if (!isObject(policy)) return null;
  if (typeof policy.mode === 'string') return `${policy.mode}_from_${typeof policy.source_name === 'string' ? policy.source_name : 'float32'}`;
  return typeof policy.name === 'string' ? policy.name : null;
}

function translateNested(layer: JsonObject, dialect: Dialect): JsonObject {
  if (typeof layer.class_name !== 'string' || !isObject(layer.config)) return layer;
  const type = typeOf(layer.class_name);
  return { ...layer, class_name: type, config: translate(type, layer.config, dialect) };
}
