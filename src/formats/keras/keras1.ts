/** Settings of Keras 1 in the spelling of Keras 2 (as keras/legacy/interfaces.py of Keras 2 has them). What is spelled so already stays. */
import { isObject } from '../../network/kinds/kind';
import type { Json, JsonObject } from '../../network/network';

type Config = Record<string, Json>;
/** Old name -> new name. */
type Names = Readonly<Record<string, string>>;

const weights: Names = { init: 'kernel_initializer', W_regularizer: 'kernel_regularizer', b_regularizer: 'bias_regularizer', W_constraint: 'kernel_constraint', b_constraint: 'bias_constraint', bias: 'use_bias' };
const layout: Names = { dim_ordering: 'data_format', border_mode: 'padding' };
const recurrent: Names = {
  ...weights, output_dim: 'units', inner_init: 'recurrent_initializer', inner_activation: 'recurrent_activation', U_regularizer: 'recurrent_regularizer', dropout_W: 'dropout', dropout_U: 'recurrent_dropout',
};
const convolution: Names = { ...weights, ...layout, nb_filter: 'filters', subsample: 'strides', subsample_length: 'strides', filter_length: 'kernel_size', atrous_rate: 'dilation_rate' };
const noise: Names = { p: 'rate', ...layout };

const renamed: Readonly<Record<string, Names>> = {
  Dense: { ...weights, output_dim: 'units' },
  Embedding: { init: 'embeddings_initializer', W_regularizer: 'embeddings_regularizer', W_constraint: 'embeddings_constraint' },
  LSTM: recurrent, GRU: recurrent, SimpleRNN: recurrent, ConvLSTM2D: { ...convolution, ...recurrent, nb_filter: 'filters' },
  Conv1D: convolution, Conv2D: convolution, Conv3D: convolution, Conv2DTranspose: convolution, SeparableConv2D: convolution,
  MaxPooling1D: { ...layout, pool_length: 'pool_size', stride: 'strides' }, AveragePooling1D: { ...layout, pool_length: 'pool_size', stride: 'strides' },
  MaxPooling2D: layout, AveragePooling2D: layout, MaxPooling3D: layout, AveragePooling3D: layout,
  GlobalMaxPooling2D: layout, GlobalAveragePooling2D: layout, GlobalMaxPooling3D: layout, GlobalAveragePooling3D: layout,
  ZeroPadding2D: layout, ZeroPadding3D: layout, Cropping2D: layout, Cropping3D: layout, UpSampling1D: { length: 'size' }, UpSampling2D: layout, UpSampling3D: layout,
  Dropout: noise, SpatialDropout1D: noise, SpatialDropout2D: noise, SpatialDropout3D: noise, GaussianDropout: noise, GaussianNoise: { sigma: 'stddev' },
  BatchNormalization: { gamma_init: 'gamma_initializer', beta_init: 'beta_initializer' }, PReLU: { init: 'alpha_initializer' }, InputLayer: { input_dtype: 'dtype' },
};

const layouts: Readonly<Record<string, string>> = { tf: 'channels_last', th: 'channels_first', default: 'channels_last' };
const initializers: Readonly<Record<string, string>> = { zero: 'zeros', one: 'ones', uniform: 'random_uniform', normal: 'random_normal' };

/** Changes a configuration in place. */
export function fromKeras1(type: string, config: Config): void {
  const names = Object.hasOwn(renamed, type) ? renamed[type] : undefined;
  const old = ['nb_filter', 'inner_init', 'init', 'dim_ordering', 'border_mode', 'p', 'W_regularizer'].some((key) => key in config);
  for (const [before, after] of Object.entries(names ?? {})) {
    if (!(before in config) || after in config) continue;
    const value = config[before] ?? null;
    config[after] = before === 'dim_ordering' && typeof value === 'string' ? layouts[value] ?? value
      : /init$/.test(before) && typeof value === 'string' ? initializers[value] ?? value
      : /regularizer$/.test(before) ? regularizer(value)
      : /constraint$/.test(before) ? constraint(value) : value;
    delete config[before];
  }
  if (!old) return;
  const extents = [config.kernel_dim1, config.kernel_dim2, config.kernel_dim3];
  if ('nb_row' in config) config.kernel_size ??= [config.nb_row ?? null, config.nb_col ?? null];
  else if (extents.every((extent) => typeof extent === 'number')) config.kernel_size ??= extents as readonly number[];
  if (type === 'GRU') config.reset_after ??= false;
}

function regularizer(value: Json): Json {
  return isObject(value) && value.class_name === undefined ? { class_name: 'L1L2', config: { l1: value.l1 ?? 0, l2: value.l2 ?? 0 } } : value;
}

function constraint(value: Json): Json {
  if (!isObject(value) || typeof value.name !== 'string' || value.class_name !== undefined) return value;
  const { name, m, axis } = value;
  return { class_name: name, config: { ...(m === undefined ? {} : { max_value: m }), ...(axis === undefined ? {} : { axis }) } };
}

/** Classes that later versions call otherwise. */
export const classesOfKeras1: Names = { AtrousConvolution1D: 'Conv1D', AtrousConvolution2D: 'Conv2D', Deconvolution2D: 'Conv2DTranspose', TimeDistributedDense: 'Dense' };

const merges: Names = { sum: 'Add', mul: 'Multiply', ave: 'Average', max: 'Maximum', concat: 'Concatenate', dot: 'Dot', cos: 'Dot' };

/** Keras 1's Merge as the layer that does what its mode says; null for one that runs Python code. */
export function mergeOf(config: JsonObject): { readonly type: string; readonly config: JsonObject } | null {
  const { mode } = config;
  if (typeof mode !== 'string' || !Object.hasOwn(merges, mode) || (Array.isArray(config.layers) && config.layers.length > 0)) return null;
  return { type: merges[mode] ?? mode, config: { name: config.name ?? '', axis: config.concat_axis ?? -1, axes: config.dot_axes ?? -1, normalize: mode === 'cos' } };
}

/** Layers of Keras 1 that did not write down their layout get the one of the others, which came from one setting of the machine. */
export function oneLayout(layers: readonly JsonObject[]): readonly JsonObject[] {
  const first = layers.some(({ config }) => isObject(config) && config.dim_ordering === 'th');
  if (!first) return layers;
  return layers.map((layer) => {
    const { class_name: name, config } = layer;
    const silent = typeof name === 'string' && /^(ZeroPadding|Cropping|UpSampling)[23]D$/.test(name) && isObject(config) && config.dim_ordering === undefined && config.data_format === undefined;
    return silent ? { ...layer, config: { ...config, dim_ordering: 'th' } } : layer;
  });
}
