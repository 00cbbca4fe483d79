/** Elements that a person has set: another history from there on, which every replay repeats. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { replaceData } from './recorder/handles';
import type { Overrides } from './recorder/recorder';

/** Elements (row-major) of a tensor of the trace, and the values that they get, one each. */
export interface TensorChange { readonly tensor: number; readonly elements: Uint32Array; readonly values: Float64Array }

/** Changes as a recorder takes them, in their order: a later one of the same element wins. */
export function overridesOf(changes: readonly TensorChange[]): Overrides {
  const byTensor = new Map<number, TensorChange[]>();
  for (const change of changes) byTensor.set(change.tensor, [...(byTensor.get(change.tensor) ?? []), change]);
  return new Map([...byTensor].map(([tensor, own]) => [tensor, (recorded: Tensor) => {
    replaceData(recorded, (data) => {
      for (const { elements, values } of own) elements.forEach((element, i) => { data[element] = values[i] ?? 0; });
    });
  }]));
}
