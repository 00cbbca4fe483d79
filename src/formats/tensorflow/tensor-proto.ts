/** Constants of a GraphDef (`TensorProto`): bytes, or a list of numbers whose last one stands for all that are left out. */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { NumericArray, TensorValue } from '../../tensor/value';
import type { ProtoMessage } from '../containers/protobuf';
import { shownShape, storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';
import { dataTypes } from './graph-def';

/** Most elements of a constant that is written as a list, which may leave out all but one. */
const maximalList = 2 ** 24;

/** Type and shape of a constant; null for texts and what else is no number. */
export function constantKind(message: ProtoMessage): { readonly type: StoredType; readonly shape: readonly number[] } | null {
  const type = storedType(dataTypes[message.int(1)] ?? '');
  const shape = message.message(2).messages(2).map((dim) => dim.int(1));
  return type === undefined || type.parts === 2 || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0) ? null : { type, shape };
}

type List = (message: ProtoMessage) => readonly number[];
const ints: List = (message) => message.ints(7);
const bits: List = (message) => message.ints(13);
/** The list of each type, and the array that its numbers go into; half precision is listed as bits. */
const lists: Readonly<Record<string, readonly [List, (count: number) => Exclude<NumericArray, BigInt64Array | BigUint64Array>]>> = {
  float32: [(message) => message.floats(5), (count) => new Float32Array(count)], float64: [(message) => message.doubles(6), (count) => new Float64Array(count)],
  float16: [bits, (count) => new Uint16Array(count)], bfloat16: [bits, (count) => new Uint16Array(count)], bool: [(message) => message.ints(11), (count) => new Uint8Array(count)],
  int8: [ints, (count) => new Int8Array(count)], int16: [ints, (count) => new Int16Array(count)], int32: [ints, (count) => new Int32Array(count)],
  uint8: [ints, (count) => new Uint8Array(count)], uint16: [ints, (count) => new Uint16Array(count)], uint32: [(message) => message.ints(16), (count) => new Uint32Array(count)],
};

/** Elements of a constant. `what` names it in messages. @throws Failure `constant.*` */
export function constantValue(message: ProtoMessage, what: string): TensorValue {
  const kind = constantKind(message);
  if (kind === null) throw new Failure('constant.type', `${what} holds no numbers.`);
  const { type, shape } = kind;
  const count = sizeOf(shape);
  const shown = { dtype: type.dtype, shape: shownShape(type, shape) };
  if (message.has(4)) {
    const bytes = message.data(4);
    if (bytes.length !== count * type.bytes) throw new Failure('constant.size', `${what} of shape (${shape.join(', ')}) needs ${count * type.bytes} bytes, but the file has ${bytes.length}.`);
    return { ...shown, data: type.decode(bytes, false) };
  }
  if (!(count <= maximalList)) throw new Failure('constant.size', `${what} declares the shape (${shape.join(', ')}), but holds no such number of elements.`);
  if (type.name === 'int64' || type.name === 'uint64') {
    const numbers = message.ints(type.name === 'int64' ? 10 : 17);
    return { ...shown, data: BigInt64Array.from({ length: count }, (_, index) => BigInt(Math.trunc(numbers[index] ?? numbers.at(-1) ?? 0))) };
  }
  const [list, array] = (Object.hasOwn(lists, type.name) ? lists[type.name] : undefined) ?? [ints, (length: number) => new Int32Array(length)];
  const numbers = list(message);
  const data = array(count).fill(numbers.at(-1) ?? 0);
  for (const [index, value] of numbers.slice(0, count).entries()) data[index] = value;
  return { ...shown, data: data instanceof Uint16Array && type.name.includes('float') ? type.decode(new Uint8Array(data.buffer), false) : data };
}
