/** The weights of a network, read from its file or initialised, as the state from which a run starts. */
import { fill, scalar, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Layer, Network, Weight, WeightStore } from '../network/network';
import { Failure } from '../tensor/failure';
import type { TensorValue } from '../tensor/value';
import { sizeOf } from '../tensor/value';
import { initialValue } from './initializers';
import { slotsOf } from './optimizers/optimizers';
import type { Optimizer } from './optimizers/optimizers';
import { newScope, stretch } from './recorder/stretch';
import { RunState } from './state';

export interface PlacedWeight { readonly path: string; readonly weight: Weight; readonly trainable: boolean }

/** Every weight with the path of its layer, nested networks included. A frozen outer layer freezes what is inside. */
export function weightsOf(network: Network): PlacedWeight[] {
  const walk = (layers: readonly Layer[], prefix: string, trainable: boolean): PlacedWeight[] => layers.flatMap((layer) => {
    const open = trainable && layer.trainable;
    const own = layer.weights.map((weight) => ({ path: prefix + layer.name, weight, trainable: open && weight.trainable }));
    return layer.network === null ? own : [...own, ...walk(layer.network.layers, `${prefix}${layer.name}/`, open)];
  });
  return walk(network.layers, '', true);
}

/** Bytes of weights as numbers of 32 bits; a run keeps them several times over. */
const mostWeights = 2 ** 31;

/** Values of all weights in the order of `weightsOf`. @throws Failure `weight.shape` when the file's array does not fit, `weight.memory` when there are too many */
export async function readWeights(network: Network, store: WeightStore, seed: number): Promise<TensorValue[]> {
  const bytes = weightsOf(network).reduce((sum, { weight }) => sum + 4 * sizeOf(weight.shape), 0);
  if (bytes > mostWeights) throw new Failure('weight.memory', `The weights of ${network.name} take ${(bytes / 2 ** 30).toFixed(1)} GiB, and a run keeps them several times over: as values, gradients and the optimizer's state. Up to ${mostWeights / 2 ** 30} GiB can be run; its graph and weights can be looked at.`);
  const values: TensorValue[] = [];
  for (const { path, weight } of weightsOf(network)) {
    const name = `${path}/${weight.name}`;
    if (weight.key === null) {
      const data = initialValue(weight.initializer, weight.shape, seed, name);
      values.push({ dtype: 'float32', shape: weight.shape, data });
      continue;
    }
    const value = await store.read(weight.key);
    if (sizeOf(value.shape) !== sizeOf(weight.shape) || value.shape.length !== weight.shape.length || value.shape.some((extent, i) => extent !== weight.shape[i])) {
      throw new Failure('weight.shape', `The weight "${name}" should have the shape [${weight.shape.join(', ')}], but the file holds [${value.shape.join(', ')}].`);
    }
    if (/int(32|64)$/.test(value.dtype)) checkRange(value, name);
    values.push(value);
  }
  return values;
}

/** Backends compute with integers of 32 bits. @throws Failure `weight.range` naming the first that does not fit */
function checkRange({ data }: TensorValue, name: string): void {
  for (const element of data) {
    if (Number(element) === (Number(element) | 0)) continue;
    throw new Failure('weight.range', `The weight "${name}" holds the integer ${element}, but Backstep computes with 32 bits; export the model with smaller constants.`);
  }
}

/** What an optimizer had gathered when its file was saved. */
export interface SavedState {
  readonly steps: number;
  /** Values by `layer/weight` and slot. */
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, TensorValue>>;
  readonly counters: ReadonlyMap<string, TensorValue>;
}

/** Reads the optimizer's state from the file, so that a run goes on where it was saved; null where there is none. */
export async function readSavedState(network: Network, store: WeightStore): Promise<SavedState | null> {
  const state = network.compile?.optimizer?.state;
  if (state === undefined || state.iterations === null) return null;
  const slots = new Map<string, Map<string, TensorValue>>();
  for (const { weight, slot, key } of state.slots) {
    const own = slots.get(weight) ?? new Map<string, TensorValue>();
    slots.set(weight, own.set(slot, await store.read(key)));
  }
  const counters = new Map<string, TensorValue>();
  for (const [name, key] of Object.entries(state.counters ?? {})) counters.set(name, await store.read(key));
  return { steps: Number((await store.read(state.iterations)).data[0] ?? 0), slots, counters };
}

/** The state before iteration 0: weights, optimizer slots and counters, empty or as they were saved. */
export function firstState(network: Network, values: readonly TensorValue[], optimizer: Optimizer, backend: string, saved: SavedState | null = null): RunState {
  const { rule, settings } = optimizer;
  const begin = (path: string, slot: string, shape: readonly number[], value: number): Tensor => {
    const kept = saved?.slots.get(path)?.get(slot);
    return kept === undefined ? fill([...shape], value) : tensor(Float32Array.from(kept.data as Iterable<number | bigint>, Number), [...kept.shape], 'float32');
  };
  const slotsFor = (path: string, shape: readonly number[]): Record<string, Tensor> => Object.fromEntries(Object.entries(slotsOf(optimizer)).map(([slot, value]) => [slot, begin(path, slot, rule.shapes?.(shape)[slot] ?? shape, value)]));
  return stretch({ backend, tape: null, scope: newScope('state') }, () => new RunState(
    0,
    weightsOf(network).map(({ path, weight, trainable }, i) => ({
      layer: path, weight: weight.name, trainable,
      value: weightTensor(values[i], weight),
      slots: trainable ? slotsFor(`${path}/${weight.name}`, weight.shape) : {},
    })),
    Object.fromEntries(Object.entries(rule.counters?.(settings) ?? {}).map(([name, value]) => [name, scalar(Number(saved?.counters.get(name)?.data[0] ?? value))])),
  ));
}

function weightTensor(value: TensorValue | undefined, weight: Weight): ReturnType<typeof tensor> {
  const integer = /int|bool/.test(weight.dtype);
  const data = value?.data ?? [];
  return integer ? tensor(Int32Array.from(data as Iterable<number | bigint>, Number), [...weight.shape], 'int32') : tensor(Float32Array.from(data as Iterable<number | bigint>, Number), [...weight.shape], 'float32');
}
