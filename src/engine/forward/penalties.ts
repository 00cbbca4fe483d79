/** What regularizers add to the loss: penalties on weights and on the outputs of layers. */
import { div } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Convention, Json, JsonObject, Layer } from '../../network/network';
import { isRecord } from '../layers/settings';
import { regularizerOf } from './regularizers';

export interface Penalty {
  readonly layer: string;
  /** The weight that is penalised; null where it is the layer's output. */
  readonly weight: string | null;
  /** Runs the kernels; a scalar. */
  compute(): Tensor;
}

interface WeightSource { readonly convention: Convention; weight(layer: string, name: string): Tensor }

/** Settings that hold the regularizer of a weight, by the last part of its name. */
const settings: Readonly<Record<string, readonly string[]>> = {
  recurrent_kernel: ['recurrent_regularizer'],
  depthwise_kernel: ['depthwise_regularizer'],
  pointwise_kernel: ['pointwise_regularizer'],
  kernel: ['kernel_regularizer', 'depthwise_regularizer'],
};

/** The configuration of the layer inside a wrapper that owns the weight: `cell`, `layer`, `backward_layer`, one of `cells`. */
function innerConfigs(config: JsonObject, weight: string): JsonObject[] {
  const inner = (value: Json | undefined): JsonObject[] => (isRecord(value) && isRecord(value['config']) ? [value['config']] : []);
  const backward = weight.startsWith('backward');
  const cells = config['cells'];
  const index = Number(/cell_?(\d+)?\//.exec(weight)?.[1] ?? 0);
  return [
    ...(backward ? inner(config['backward_layer']) : []),
    ...inner(config['layer']),
    ...inner(config['cell']),
    ...(Array.isArray(cells) ? inner(cells[Math.min(index, cells.length - 1)] as Json) : []),
  ];
}

function regularizerFor(config: JsonObject, weight: string): Json {
  const last = weight.slice(weight.lastIndexOf('/') + 1);
  for (const key of settings[last] ?? [`${last}_regularizer`]) {
    const value = config[key];
    if (value !== undefined && value !== null) return value;
  }
  for (const inner of innerConfigs(config, weight)) {
    const value = regularizerFor(inner, weight);
    if (value !== null) return value;
  }
  return null;
}

/** Penalties on a layer's trainable weights: once a layer, but in tfjs-layers once a call. */
export function weightPenalties(layer: Layer, path: string, call: number, trainable: boolean, source: WeightSource): Penalty[] {
  if ((call > 0 && source.convention !== 'tfjs') || (!trainable && source.convention !== 'tfjs')) return [];
  return layer.weights.flatMap((weight): Penalty[] => {
    if (!weight.trainable && source.convention !== 'tfjs') return [];
    const regularizer = regularizerOf(regularizerFor(layer.config, weight.name), source.convention);
    if (regularizer === null) return [];
    return [{ layer: path, weight: weight.name, compute: () => regularizer(source.weight(path, weight.name)) }];
  });
}

/** Penalties on a layer's outputs, per example of the batch. */
export function activityPenalty(layer: Layer, path: string, outputs: readonly Tensor[], convention: Convention): Penalty[] {
  const { activity_regularizer: given = null, l1 = 0, l2 = 0 } = layer.config;
  const config = given === null && layer.type === 'ActivityRegularization' ? { class_name: 'L1L2', config: { l1, l2 } } : given;
  const regularizer = regularizerOf(config, convention);
  if (regularizer === null) return [];
  return outputs.map((output) => ({
    layer: path,
    weight: null,
    compute: () => (output.rank > 0 ? div(regularizer(output), output.shape[0] ?? 1) : regularizer(output)),
  }));
}
