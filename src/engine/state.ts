/** All that an iteration starts from and leaves behind: weights, optimizer slots, counters. Owns a handle on each tensor. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { free, hold } from './recorder/handles';

export interface WeightState {
  /** Path of the layer. */
  readonly layer: string;
  readonly weight: string;
  readonly trainable: boolean;
  readonly value: Tensor;
  /** Optimizer slots by name; empty for a weight that is not trained. */
  readonly slots: Readonly<Record<string, Tensor>>;
}

export class RunState {
  /** @param iteration the iteration that starts from this state; @param counters of the run, such as Adam's `beta_1_power` */
  constructor(readonly iteration: number, readonly weights: readonly WeightState[], readonly counters: Readonly<Record<string, Tensor>>) {}

  /** Bytes of all tensors, shared with other states or not. */
  get bytes(): number { return this.#tensors().reduce((sum, tensor) => sum + tensor.size * 4, 0); }

  free(): void { for (const tensor of this.#tensors()) free(tensor); }

  #tensors(): Tensor[] {
    return [...this.weights.flatMap(({ value, slots }) => [value, ...Object.values(slots)]), ...Object.values(this.counters)];
  }
}

/** What an iteration leaves behind, as a state with handles of its own. */
export function stateAfter(iteration: number, backend: string, weights: readonly WeightState[], counters: Readonly<Record<string, Tensor>>): RunState {
  const held = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, hold(tensor, backend)]));
  return new RunState(iteration, weights.map((entry) => ({ ...entry, value: hold(entry.value, backend), slots: held(entry.slots) })), held(counters));
}
