/**
 * Weights that an exporter has stored once because they were equal. PyTorch's exporters do so with the zeros and ones that biases and norms
 * begin with: one initializer, and an op Identity under each other weight's name, or its own name at every place. These are weights of
 * their own again; what else several ops take (an embedding that is the head, too) stays one weight.
 */
import { sizeOf } from '../../tensor/value';
import { floating } from './host-values';
import type { Node } from './nodes';
import type { OnnxTensor } from './tensor';

/** Longer vectors are no bias. */
const longest = 1 << 16;

/** Whether a tensor is a vector (of any axes) of one number, again and again. */
export async function isEven(tensor: OnnxTensor): Promise<boolean> {
  const { type, shape } = tensor;
  if (type === null || !floating(type.dtype) || type.parts !== 1 || shape.filter((extent) => extent !== 1).length !== 1 || sizeOf(shape) < 2 || sizeOf(shape) > longest) return false;
  const value = await tensor.read().catch(() => null);
  return value !== null && value.data.length > 1 && [...value.data].every((element) => element === value.data[0]);
}

/** Whether a weight belongs to the module that an op was written for, as far as the file says. */
export const isOwn = ({ scope }: Node, weight: string): boolean => scope === '' || weight.startsWith(`${scope}.`);

/**
 * The names that ops Identity give to initializers, each with the initializer that it stands for. @param graph the ops of a graph
 * @param isInitializer whether a name is one of its initializers
 */
export function otherNames(graph: readonly Node[], isInitializer: (name: string) => boolean): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { type, inputs, outputs } of graph) {
    const [from = '', to = ''] = [inputs[0], outputs[0]];
    if (type === 'Identity' && to !== '' && (isInitializer(from) || names.has(from))) names.set(to, names.get(from) ?? from);
  }
  return names;
}
