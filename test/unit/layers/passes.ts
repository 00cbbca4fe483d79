/** A network's forward pass, loss and gradients run to their end, for comparison with reference numbers. */
import * as tf from '@tensorflow/tfjs-core';
import { forward } from '../../../src/engine/forward/forward';
import type { ForwardResult, LayerStep } from '../../../src/engine/forward/forward';
import { weightsOf } from '../../../src/engine/weights';
import type { LossSettings } from '../../../src/engine/losses/losses';
import { lossOf, totalLoss } from '../../../src/engine/losses/losses';
import type { Convention, Network, WeightStore } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import { gradients, taped } from './tape';

/** A value as a tensor of TensorFlow.js: integers as int32, the rest as float32. */
export function tensorOf({ dtype, shape, data }: TensorValue): tf.Tensor {
  if (dtype === 'bool') return tf.tensor(Uint8Array.from(data as Uint8Array), [...shape], 'bool');
  if (dtype.includes('int')) return tf.tensor(Int32Array.from(data as Int32Array, Number), [...shape], 'int32');
  return tf.tensor(Float32Array.from(data as Float32Array, Number), [...shape], 'float32');
}

export async function valuesOf(network: Network, store: WeightStore): Promise<ReadonlyMap<string, TensorValue>> {
  const values = new Map<string, TensorValue>();
  for (const { path, weight } of weightsOf(network)) {
    if (weight.key !== null) values.set(`${path}/${weight.name}`, await store.read(weight.key));
  }
  return values;
}

export interface PassOptions {
  readonly network: Network;
  readonly convention?: Convention;
  readonly weights: ReadonlyMap<string, TensorValue>;
  readonly inputs: readonly TensorValue[];
  readonly training: boolean;
  readonly dropout?: boolean;
  readonly loss?: { readonly settings: readonly LossSettings[]; readonly weights?: readonly number[] | null; readonly labels: readonly TensorValue[] };
}

export interface Pass {
  readonly result: ForwardResult;
  readonly loss: tf.Tensor | null;
  /** Outputs and named parts of layers by key (`layer`, `layer#1`, `layer/part`). */
  readonly tensors: ReadonlyMap<string, tf.Tensor | readonly tf.Tensor[]>;
  readonly weights: ReadonlyMap<string, tf.Tensor>;
  readonly inputs: readonly tf.Tensor[];
  readonly assigned: ReadonlyMap<string, tf.Tensor>;
  readonly gradientOf: (tensor: tf.Tensor) => tf.Tensor | null;
}

/** Runs everything inside the current engine scope. */
export function run(options: PassOptions): Pass {
  const { network, training } = options;
  const convention = options.convention ?? network.convention;
  const weights = new Map([...options.weights].map(([name, value]) => [name, tensorOf(value)]));
  const inputs = options.inputs.map(tensorOf);
  const tensors = new Map<string, tf.Tensor | readonly tf.Tensor[]>();
  const assigned = new Map<string, tf.Tensor>();
  const work = (): { result: ForwardResult; loss: tf.Tensor | null } => {
    const pass = forward(network, {
      convention, training, dropout: options.dropout ?? false, inputs,
      weight: (layer, name) => weights.get(`${layer}/${name}`)!,
      assign: (layer, name, value) => assigned.set(`${layer}/${name}`, value),
      seed: (layer, call, purpose) => [...`${layer}#${call}/${purpose}`].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65521, 7),
    });
    let step = pass.next();
    while (!step.done) {
      note(step.value, tensors);
      step = pass.next();
    }
    const result = step.value;
    const { loss } = options;
    if (loss === undefined) return { result, loss: null };
    const total = totalLoss(result.outputs.map((predictions, index) => ({
      loss: lossOf(loss.settings[index]!, convention, loss.weights?.[index] ?? 1),
      labels: tensorOf(loss.labels[index]!), predictions, logits: result.logits[index] ?? null, mask: result.masks[index] ?? null,
    })), result.penalties);
    return { result, loss: total };
  };
  // Without a loss there is nothing to differentiate: the tape stays off, as in plain inference.
  const { result: { result, loss }, nodes } = options.loss === undefined ? { result: work(), nodes: [] } : taped(work);
  const sources = [...weights.values(), ...inputs.filter(({ dtype }) => dtype === 'float32')];
  const found = loss === null ? new Map<number, tf.Tensor>() : gradients(nodes, loss, sources);
  return { result, loss, tensors, weights, inputs, assigned, gradientOf: (tensor) => found.get(tensor.id) ?? null };
}

function note(step: LayerStep, tensors: Map<string, tf.Tensor | readonly tf.Tensor[]>): void {
  if (step.kind !== 'end') return;
  const [first, ...others] = step.outputs;
  if (first !== undefined) tensors.set(step.key, first);
  others.forEach((output, index) => tensors.set(`${step.key}:${index + 1}`, output));
  for (const [name, part] of Object.entries(step.parts)) tensors.set(`${step.key}/${name}`, part);
}
