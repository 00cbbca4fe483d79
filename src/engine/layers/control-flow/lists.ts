/**
 * Lists of tensors (ONNX's sequences, TensorFlow's TensorList and TensorArray). In the graph a list is one value: a number, its length, which
 * carries the elements. Lists never change; putting an element in makes a new one, so that gradients and replays see what was there.
 */
import { scalar } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { LayerCallContext } from '../layer';

/** An element that nobody has written yet is null. */
export type Items = readonly (Tensor | null)[];

const lists = new WeakMap<Tensor, Items>();
const nothing = new WeakSet<Tensor>();

export function listOf(items: Items): Tensor {
  const list: Tensor = scalar(items.length, 'int32');
  lists.set(list, items);
  return list;
}

export const isListTensor = (x: Tensor): boolean => lists.has(x);

/** @throws Failure `op.list` when the tensor is no list */
export function itemsOf(call: LayerCallContext, list: Tensor): Items {
  const items = lists.get(list);
  if (items === undefined) throw new Failure('op.list', `Layer '${call.path}' (${call.type}) needs a list of tensors, but gets a tensor of shape [${list.shape.join(', ')}].`);
  return items;
}

/** Makes a copy of a list's value carry its elements too. */
export function carryList(from: Tensor, to: Tensor): void {
  const items = lists.get(from);
  if (items !== undefined) lists.set(to, items);
}

/** An optional value that holds none. */
export function noValue(): Tensor {
  const made: Tensor = scalar(0, 'int32');
  nothing.add(made);
  return made;
}
export const isNoValue = (x: Tensor): boolean => nothing.has(x);
