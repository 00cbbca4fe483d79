/** TensorFlow's lists of tensors: TensorList, and the older TensorArray, whose flow carries the elements. tensorflow/core/kernels/list_kernels.h */
import { concat, scalar, split, stack, tensor, unstack, zeros } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { itemsOf, listOf } from '../control-flow/lists';
import type { Items } from '../control-flow/lists';
import type { LayerCallContext, LayerForward } from '../layer';
import { number, numbers, op, operand, optional } from './operands';

const maximalLength = 1 << 20;

/** An element at a place; one that nobody wrote is zeros of the shape that its neighbours have, or that the op says. */
function item(call: LayerCallContext, items: Items, index: number, shape: readonly number[] = []): Tensor {
  if (index < 0 || index >= items.length) throw new Failure('op.list', `Op '${call.path}' (${call.type}) asks for element ${index} of a list of ${items.length}.`);
  const known = items[index] ?? null;
  if (known !== null) return known;
  const other = items.find((one) => one !== null);
  const told = other?.shape ?? shape;
  if (told.some((extent) => extent < 0)) throw new Failure('op.list', `Op '${call.path}' (${call.type}) reads element ${index} of a list before it is written.`);
  return zeros([...told], other?.dtype ?? 'float32');
}

function length(call: LayerCallContext, count: number): number {
  if (!(count >= 0 && count <= maximalLength)) throw new Failure('op.list', `Op '${call.path}' (${call.type}) makes a list of ${count}, which is too long.`);
  return count;
}

const all = (call: LayerCallContext, items: Items, shape?: readonly number[]): Tensor[] => items.map((_, index) => item(call, items, index, shape));

/** The elements on top of each other; of none, nothing of the shape that the op says. */
function stacked(call: LayerCallContext, items: Items, shape: readonly number[]): Tensor {
  return items.length === 0 ? tensor([], [0, ...shape.map((extent) => Math.max(0, extent))], 'float32') : stack(all(call, items, shape));
}

function written(call: LayerCallContext, items: Items, index: number, value: Tensor): Tensor {
  const count = length(call, Math.max(items.length, index + 1));
  return listOf(Array.from({ length: count }, (_, at) => (at === index ? value : items[at] ?? null)));
}

/** The rows of a tensor at the places of `indices`. */
function scattered(call: LayerCallContext, items: Items, rows: Tensor, indices: readonly number[], least: number): Tensor {
  const parts = unstack(rows);
  const count = length(call, Math.max(least, items.length, ...indices.map((index) => index + 1)));
  return listOf(Array.from({ length: count }, (_, at) => { const found = indices.lastIndexOf(at); return found < 0 ? items[at] ?? null : parts[found] ?? null; }));
}

function joined(call: LayerCallContext, items: Items): Tensor[] {
  const parts = all(call, items);
  const lengths = tensor(Int32Array.from(parts, ({ shape }) => shape[0] ?? 1), [parts.length], 'int32');
  return [parts.length === 1 && parts[0] !== undefined ? parts[0] : concat(parts, 0), lengths];
}

const lengths = (x: Tensor, given: readonly number[]): Tensor => listOf(split(x, [...given], 0));
const list = (call: LayerCallContext, position = 0): Items => itemsOf(call, operand(call, position));
/** The flow of a TensorArray, its last input. */
const flow = (call: LayerCallContext): Items => list(call, call.args.length - 1);
const reserved = (call: LayerCallContext, position: number): Tensor => listOf(Array<null>(length(call, number(call, position))).fill(null));
const shapeAt = (call: LayerCallContext, position: number): number[] => { const given = optional(call, position); return given === null || given.rank === 0 ? [-1] : Array.from(given.dataSync(), Number); };

export const lists: Readonly<Record<string, LayerForward>> = {
  EmptyTensorList: op(() => listOf([])), TensorListReserve: op((call) => reserved(call, 1)), TensorListFromTensor: op((call) => listOf(unstack(operand(call, 0)))), TensorListLength: op((call) => scalar(list(call).length, 'int32')),
  TensorListGetItem: op((call) => item(call, list(call), number(call, 1), shapeAt(call, 2))), TensorListSetItem: op((call) => written(call, list(call), number(call, 1), operand(call, 2))),
  TensorListStack: op((call) => stacked(call, list(call), shapeAt(call, 1))), TensorListPushBack: op((call) => listOf([...list(call), operand(call, 1)])),
  TensorListPopBack: op((call) => { const items = list(call); return [listOf(items.slice(0, -1)), item(call, items, items.length - 1, shapeAt(call, 1))]; }),
  TensorListGather: op((call) => { const items = list(call); const rows = numbers(call, 1).map((index) => item(call, items, index, shapeAt(call, 2))); return rows.length === 0 ? stacked(call, [], shapeAt(call, 2)) : stack(rows); }),
  TensorListScatter: op((call) => scattered(call, [], operand(call, 0), numbers(call, 1), 0)), TensorListScatterV2: op((call) => scattered(call, [], operand(call, 0), numbers(call, 1), number(call, 3))),
  TensorListScatterIntoExistingList: op((call) => scattered(call, list(call), operand(call, 1), numbers(call, 2), 0)), TensorListSplit: op((call) => lengths(operand(call, 0), numbers(call, 2))),
  TensorListConcat: op((call) => joined(call, list(call))), TensorListConcatV2: op((call) => joined(call, list(call))),
  TensorListResize: op((call) => { const items = list(call); return listOf(Array.from({ length: length(call, number(call, 1)) }, (_, index) => items[index] ?? null)); }),
  TensorArrayV3: op((call) => { const made = reserved(call, 0); return [made, made]; }), TensorArraySizeV3: op((call) => scalar(flow(call).length, 'int32')), TensorArrayCloseV3: op((call) => operand(call, 0)),
  TensorArrayReadV3: op((call) => item(call, flow(call), number(call, 1))), TensorArrayWriteV3: op((call) => written(call, flow(call), number(call, 1), operand(call, 2))),
  TensorArrayGatherV3: op((call) => { const items = flow(call); return stacked(call, numbers(call, 1).map((index) => item(call, items, index)), []); }), TensorArrayScatterV3: op((call) => scattered(call, flow(call), operand(call, 2), numbers(call, 1), 0)),
  TensorArraySplitV3: op((call) => lengths(operand(call, 1), numbers(call, 2))), TensorArrayConcatV3: op((call) => joined(call, flow(call))),
};
