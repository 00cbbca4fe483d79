/** Tensors of TFLite models: what describes them, and the values of constants. */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { NumericArray, TensorValue } from '../../tensor/value';
import type { SymbolicShape, Weight } from '../../network/network';
import { displayName } from '../../network/order';
import type { RangeFile } from '../containers/range-file';
import { shownShape, storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';
import type { FlatTable, PagedBytes } from './flat-table';
import { placesOf, sparsityFrom } from './sparse';
import type { Sparsity } from './sparse';

/** TensorType of the schema. */
const tensorTypes = ['float32', 'float16', 'int32', 'uint8', 'int64', '', 'bool', 'int16', 'complex64', 'int8', 'float64', 'complex128', 'uint64', '', '', 'uint32', 'uint16', 'int4', 'bfloat16', 'int2'];

/** Whole numbers of fewer bits than a byte, the first in the lowest. */
const packed = (name: string, bits: 2 | 4): StoredType => ({
  name, bytes: bits / 8, dtype: 'int8', parts: 1,
  decode: (bytes) => Int8Array.from({ length: (bytes.length * 8) / bits }, (_, index) => ((bytes[(index * bits) >> 3] ?? 0) << (32 - bits - ((index * bits) & 7))) >> (32 - bits)),
});
const packedTypes = new Map([packed('int4', 4), packed('int2', 2)].map((type) => [type.name, type]));
const typeOf = (name: string): StoredType | null => packedTypes.get(name) ?? storedType(name) ?? null;

/** Elements of a sparse tensor that is written out in full. */
const maximalSparse = 2 ** 27;

/** Lists of axes, paddings and sizes are no longer than this. */
const maximalList = 64;

export interface LiteTensor {
  readonly name: string;
  readonly type: StoredType | null;
  readonly shape: readonly number[];
  /** With unknown extents as null. */
  readonly symbolic: SymbolicShape;
  /** Where its values lie; null when it is computed. */
  readonly data: { readonly start: number; readonly length: number } | null;
  readonly scales: readonly number[];
  readonly zeros: readonly number[];
  readonly axis: number;
  /** Where the stored values stand; null when all are stored. */
  readonly sparsity: Sparsity | null;
}

/** Several names stand for what was folded into one operator; the first is shown. */
export const nameOf = (tensor: LiteTensor | undefined): string => tensor?.name.split(';')[0]?.replace(/:0$/, '') ?? '';

export function tensorFrom(table: FlatTable, buffers: readonly FlatTable[]): LiteTensor {
  const shape = table.int32s(0).map((extent) => Math.max(0, extent));
  const signature = table.int32s(7);
  const quantization = table.table(4);
  const index = table.uint32(2);
  const buffer = buffers[index];
  const inside = index === 0 || buffer === undefined ? { start: 0, length: 0 } : buffer.vector(0, 1);
  // Models above 2 GB keep values behind the FlatBuffer.
  const behind = index === 0 || buffer === undefined || buffer.int64(1) <= 1 ? null : { start: buffer.int64(1), length: buffer.int64(2) };
  const type = typeOf(tensorTypes[table.int8(1)] ?? '');
  return {
    name: table.text(3), type, shape,
    // The shape is that of one example. Converters leave open what follows from the batch; beside it, only an extent of 1 says nothing.
    symbolic: [...shape.map((extent, axis) => (signature[axis] === -1 && (axis === signature.indexOf(-1) || extent <= 1) ? null : extent)), ...(type?.parts === 2 ? [2] : [])],
    data: behind ?? (inside.length > 0 ? inside : null),
    scales: quantization?.float32s(2) ?? [], zeros: quantization?.int64s(3) ?? [], axis: quantization?.int32(6) ?? 0, sparsity: sparsityFrom(table.table(6)),
  };
}

export const isQuantised = (tensor: LiteTensor): boolean => tensor.scales.length > 0 && tensor.type !== null && /^u?int/.test(tensor.type.name);

export function weightOf(name: string, tensor: LiteTensor, key: string, trainable: boolean): Weight {
  const { type } = tensor;
  const dtype = isQuantised(tensor) || type === null ? 'float32' : type.dtype;
  return { name, key, dtype, shape: type === null ? tensor.shape : shownShape(type, tensor.shape), trainable, ...(trainable ? {} : { buffer: true }), initializer: null };
}

/** Elements of a short list of whole numbers that says how an operator works; null for other tensors. */
export function smallIntegers(tensor: LiteTensor | undefined, bytes: PagedBytes): readonly number[] | null {
  const { data = null, type = null, shape = [] } = tensor ?? {}, length = sizeOf(shape);
  if (data === null || tensor === undefined || isQuantised(tensor) || length > maximalList || (type?.name !== 'int32' && type?.name !== 'int64') || data.length !== length * type.bytes) return null;
  return Array.from({ length }, (_, index) => (type.name === 'int32' ? bytes.int32(data.start + 4 * index) : bytes.int64(data.start + 8 * index)));
}

/** Reads the values of a constant; quantised ones as the numbers that they stand for. */
export async function read(tensor: LiteTensor | undefined, file: RangeFile): Promise<TensorValue> {
  if (tensor?.data == null || tensor.type === null) throw new Failure('weights.absent', `${file.label} holds no values of this tensor.`);
  const what = `Tensor ${displayName(tensor.name)} of ${file.label}`;
  const data = tensor.sparsity === null ? await dense(tensor, tensor.type, tensor.data, file, what) : await written(tensor, tensor.type, tensor.data, file, what);
  if (!isQuantised(tensor)) return { dtype: tensor.type.dtype, shape: shownShape(tensor.type, tensor.shape), data };
  return { dtype: 'float32', shape: tensor.shape, data: dequantised(data, tensor) };
}

type Place = NonNullable<LiteTensor['data']>;

async function dense({ shape }: LiteTensor, type: StoredType, data: Place, file: RangeFile, what: string): Promise<NumericArray> {
  const needed = Math.ceil(sizeOf(shape) * type.bytes);
  if (data.length !== needed) throw new Failure('tflite.values', `${what} of shape (${shape.join(', ')}) needs ${needed} bytes, but the file has ${data.length}.`);
  const decoded = type.decode(await file.read(data.start, needed, what), false);
  // Of the last byte, not all may be used.
  return type.bytes < 1 ? decoded.subarray(0, sizeOf(shape)) : decoded;
}

/** A sparse tensor in full. */
async function written({ shape, sparsity }: LiteTensor, type: StoredType, data: Place, file: RangeFile, what: string): Promise<NumericArray> {
  if (!(sizeOf(shape) <= maximalSparse)) throw new Failure('tflite.values', `${what} is sparse; in full, in shape (${shape.join(', ')}), it would be too large to show.`);
  if (!(type.bytes >= 1)) throw new Failure('tflite.values', `${what} is sparse and of the type ${type.name}, which cannot be read.`);
  const stored = await file.read(data.start, data.length, what);
  const places = sparsity === null ? [] : placesOf(sparsity, shape, Math.floor(data.length / type.bytes), what);
  const whole = new Uint8Array(sizeOf(shape) * type.bytes);
  for (const [index, place] of places.entries()) whole.set(stored.subarray(index * type.bytes, (index + 1) * type.bytes), place * type.bytes);
  return type.decode(whole, false);
}

/** `scale * (q - zero)`, a scale for each index of the quantised axis or one for all. */
function dequantised(data: NumericArray, { shape, scales, zeros, axis }: LiteTensor): Float32Array {
  const inner = sizeOf(shape.slice(axis + 1));
  const channels = scales.length > 1 ? shape[axis] ?? 1 : 1;
  const values = new Float32Array(data.length);
  for (let index = 0; index < data.length; index += 1) {
    const channel = channels === 1 ? 0 : Math.floor(index / inner) % channels;
    values[index] = (scales[channel] ?? 0) * (Number(data[index]) - (zeros[channel] ?? zeros[0] ?? 0));
  }
  return values;
}
