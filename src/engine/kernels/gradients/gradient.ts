/** What an entry in a table of gradients is, and typed access to what TensorFlow.js hands over untyped. */
import { getGradient, registerGradient, unregisterGradient } from '@tensorflow/tfjs-core';
import type { GradFunc, Tensor } from '@tensorflow/tfjs-core';

/** Gradients by kernel name. `inputs` are the inputs kept for the gradient, in order (or all of them); after them come the outputs marked true. */
export type GradientTable = Readonly<Record<string, { readonly inputs: readonly string[] | 'all'; readonly outputs?: readonly boolean[]; readonly gradient: GradFunc }>>;

/** Replaces TensorFlow.js's gradients, or adds missing ones. */
export function registerGradients(table: GradientTable): void {
  for (const [kernelName, { inputs, outputs, gradient }] of Object.entries(table)) {
    if (getGradient(kernelName) !== undefined) unregisterGradient(kernelName);
    const kept = inputs === 'all' ? { saveAllInputs: true } : { inputsToSave: [...inputs] };
    registerGradient({ kernelName, ...kept, outputsToSave: outputs === undefined ? undefined : [...outputs], gradFunc: gradient });
  }
}

/** The gradient of the only (or first) output. */
export function one(dy: Tensor | readonly Tensor[]): Tensor {
  const [first] = Array.isArray(dy) ? (dy as readonly Tensor[]) : [dy as Tensor];
  if (first === undefined) throw new Error('A gradient function was called without a gradient.');
  return first;
}

type Tuple<N extends number> = N extends 1 ? [Tensor] : N extends 2 ? [Tensor, Tensor] : Tensor[];

/** The kept tensors, of which there must be `count`. */
export function saved<N extends number>(kept: readonly Tensor[], count: N): Tuple<N> {
  if (kept.length < count) throw new Error(`A gradient function needs ${count} kept tensors and got ${kept.length}.`);
  return [...kept] as Tuple<N>;
}

/** Element of a list that is known to be long enough. */
export function tupleOf<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`There is no element ${index} among ${list.length}.`);
  return item;
}
