/** Sequences of tensors and optional values. https://onnx.ai/onnx/operators/ */
import { concat, scalar, squeeze, split, stack } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { itemsOf, isNoValue, listOf, noValue } from '../control-flow/lists';
import type { LayerCallContext, LayerForward } from '../layer';
import { axisIn, misfit, numberOf, op, operand, operands, optional } from './operands';

const items = (call: LayerCallContext): Tensor[] => itemsOf(call, operand(call, 0)).flatMap((item) => item ?? []);

/** The place that an input names, from the front. @throws Failure `layer.shape` outside the list */
function place(call: LayerCallContext, position: number, length: number, most: number, fallback: number): number {
  const given = optional(call, position)?.dataSync()[0] ?? fallback;
  const front = given < 0 ? given + length : given;
  if (front < 0 || front > most) throw misfit(call, `looks for element ${given} of a sequence of ${length}`);
  return front;
}

function inserted(call: LayerCallContext): Tensor {
  const list = items(call);
  const at = place(call, 2, list.length, list.length, list.length);
  return listOf([...list.slice(0, at), operand(call, 1), ...list.slice(at)]);
}

function erased(call: LayerCallContext): Tensor {
  const list = items(call);
  const at = place(call, 1, list.length, list.length - 1, -1);
  return listOf(list.filter((_, index) => index !== at));
}

function joined(call: LayerCallContext): Tensor {
  const list = items(call);
  const [first] = list;
  if (first === undefined) throw misfit(call, 'joins a sequence of no tensors');
  const added = numberOf(call, 'new_axis', 0) === 1;
  const axis = axisIn(call, numberOf(call, 'axis', 0), first.rank + (added ? 1 : 0));
  return added ? stack(list, axis) : list.length === 1 ? first : concat(list, axis);
}

/** Parts of one size each, of the sizes of a list, or of one each without their axis. */
function parted(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const axis = axisIn(call, numberOf(call, 'axis', 0), x.rank);
  const extent = x.shape[axis] ?? 1;
  const given = optional(call, 1);
  const [each = 1] = given?.dataSync() ?? [];
  const sizes = given !== null && given.rank > 0 ? [...given.dataSync()] : Array.from({ length: Math.ceil(extent / Math.max(1, each)) }, (_, part) => Math.min(each, extent - part * each));
  if (sizes.reduce((sum, size) => sum + size, 0) !== extent) throw misfit(call, `splits axis ${axis} of [${x.shape.join(', ')}] into ${sizes.join(' + ')}`);
  const parts = split(x, sizes, axis);
  return listOf(given === null && numberOf(call, 'keepdims', 1) === 0 ? parts.map((part) => squeeze(part, [axis])) : parts);
}

function chosen(call: LayerCallContext): Tensor {
  const list = items(call);
  return list[place(call, 1, list.length, list.length - 1, 0)] ?? operand(call, 0);
}

export const sequenceOps = {
  SequenceEmpty: op(() => listOf([])), SequenceConstruct: op((call) => listOf(operands(call))), SequenceInsert: op(inserted), SequenceErase: op(erased), SequenceAt: op(chosen),
  SequenceLength: op((call) => scalar(items(call).length, 'int32')), ConcatFromSequence: op(joined), SplitToSequence: op(parted),
  Optional: op((call) => optional(call, 0) ?? noValue()), OptionalGetElement: op((call) => { const x = operand(call, 0); if (isNoValue(x)) throw misfit(call, 'asks for the value of an optional that holds none'); return x; }),
  OptionalHasElement: op((call) => { const x = optional(call, 0); return scalar(x !== null && !isNoValue(x), 'bool'); }),
} satisfies Readonly<Record<string, LayerForward>>;
