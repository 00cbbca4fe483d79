/** ONNX's TensorProto: type, shape, and where its values lie: in the file, in typed lists, or in a file beside it. */
import { Failure } from '../../tensor/failure';
import { decodeElements, encodeElements } from '../../tensor/elements';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import { displayName } from '../../network/order';
import { fileBeside } from '../containers/beside';
import { ProtoMessage, scanMessage } from '../containers/protobuf';
import type { FieldRange } from '../containers/protobuf';
import { openRanges } from '../containers/range-file';
import { floating } from './host-values';
import type { RangeFile } from '../containers/range-file';
import { shownShape, storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';
import { packedTypes } from './packed';

/** onnx.TensorProto.DataType */
const dataTypes = ['', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'float64', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8_e4m3fn', 'float8_e4m3fnuz', 'float8_e5m2', 'float8_e5m2fnuz', 'uint4', 'int4', 'float4_e2m1', 'float8_e8m0fnu', 'uint2', 'int2'] as const;
/** The name of an element type by its number in the file, `float32`; '' when there is none. */
export const elementTypeName = (type: number): string => dataTypes[type] ?? '';
/** Fields of values: floats, 32-bit and 64-bit integers, raw bytes, doubles, unsigned integers. */
const bulky = new Set([4, 5, 7, 9, 10, 11]);
const small = 1 << 16;

export interface OnnxTensor {
  readonly name: string;
  /** Null for strings and types that Backstep does not know. */
  readonly type: StoredType | null;
  readonly shape: readonly number[];
  /** The file beside the model that holds the values. */
  readonly beside?: string;
  read(): Promise<TensorValue>;
}

/** Reads what describes a tensor; its values stay in the file until asked for. */
export async function tensorAt(file: RangeFile, modelFile: string, range: FieldRange): Promise<OnnxTensor> {
  if (range.end - range.start <= small) {
    const message = new ProtoMessage(await file.read(range.start, range.end - range.start, 'a tensor'), file.label, range.start);
    return tensorFrom(message, file.label, modelFile, () => Promise.resolve(message));
  }
  const table = await scanMessage(file, range.start, range.end);
  // The description without the values: the same fields in a row.
  const pieces: Uint8Array[] = [];
  let next = range.start;
  for (const { start, end } of [...table].filter(([field]) => bulky.has(field)).flatMap(([, ranges]) => ranges).filter((value) => value.end - value.start > 256).sort((first, second) => first.start - second.start)) {
    pieces.push(await file.read(next, start - next, 'a tensor'));
    // The tag and length in front of the values have to go as well.
    const piece = pieces.pop() ?? new Uint8Array(0);
    pieces.push(piece.subarray(0, piece.length - headLength(end - start)));
    next = end;
  }
  pieces.push(await file.read(next, range.end - next, 'a tensor'));
  const description = new ProtoMessage(new Uint8Array(Buffer.concat(pieces)), file.label, range.start);
  const raw = table.get(9)?.at(-1);
  const whole = async (): Promise<ProtoMessage> => new ProtoMessage(await file.read(range.start, range.end - range.start, 'a tensor'), file.label, range.start);
  return tensorFrom(description, file.label, modelFile, whole, raw === undefined ? undefined : () => file.read(raw.start, raw.end - raw.start, 'a tensor'));
}

/** Bytes of a one-byte tag and the varint of a length. */
function headLength(length: number): number {
  let bytes = 2;
  for (let rest = Math.floor(length / 128); rest > 0; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/** What says where the values lie: the file, the place in it, their length. */
const placeOf = (message: ProtoMessage): ReadonlyMap<string, string> => new Map(message.messages(13).map((entry) => [entry.text(1), entry.text(2)]));

/** A tensor from its message; `values` gives the message with all values. */
export function tensorFrom(message: ProtoMessage, label: string, modelFile: string, values: () => Promise<ProtoMessage>, rawValues?: () => Promise<Uint8Array>): OnnxTensor {
  const name = message.text(8);
  const stored = elementTypeName(message.int(2));
  const type = storedType(stored) ?? packedTypes.get(stored) ?? null;
  const dims = message.ints(1);
  const shape = dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0) && Number.isSafeInteger(sizeOf(dims)) ? dims : null;
  const what = `Tensor ${displayName(name)} of ${label}`;
  return {
    name, type: shape === null ? null : type, shape: shape ?? [], ...(message.int(14) === 1 ? { beside: placeOf(message).get('location') ?? '' } : {}),
    async read() {
      if (type === null || shape === null) throw new Failure('onnx.type', `${what} has elements or a shape that cannot be shown.`);
      const needed = Math.ceil(sizeOf(shape) * type.bytes);
      let bytes: Uint8Array;
      if (message.int(14) === 1) bytes = await externalBytes(message, modelFile, what, needed);
      else if (rawValues !== undefined) bytes = await rawValues();
      else {
        const full = await values();
        bytes = full.has(9) ? full.data(9) : typedBytes(full, type);
      }
      if (bytes.length !== needed) throw new Failure('onnx.values', `${what} of shape (${shape.join(', ')}) needs ${needed} bytes, but the file has ${bytes.length}.`);
      const data = type.decode(bytes, false);
      return { dtype: type.dtype, shape: shownShape(type, shape), data: type.bytes < 1 ? data.subarray(0, sizeOf(shape)) : data };
    },
  };
}

/** More elements than this are not laid out from a sparse tensor. */
const maximalDense = 2 ** 28;

/** A sparse tensor as the dense one that it stands for: values at flat places, or at places axis by axis. */
export function sparseFrom(message: ProtoMessage, label: string, modelFile: string): OnnxTensor {
  const [values, indices] = [message.message(1), message.message(2)].map((part) => tensorFrom(part, label, modelFile, () => Promise.resolve(part)));
  const dims = message.ints(3);
  const size = sizeOf(dims);
  const sound = dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0) && Number.isSafeInteger(size);
  const name = values?.name ?? '';
  const what = `Tensor ${displayName(name)} of ${label}`;
  return {
    name, type: sound && values?.type?.parts === 1 ? values.type : null, shape: sound ? dims : [],
    async read() {
      if (!sound || size > maximalDense || values === undefined || indices === undefined) throw new Failure('onnx.sparse', `${what} is sparse and stands for ${size} elements, too many to be laid out.`);
      const [given, places] = [await values.read(), await indices.read()];
      const each = given.data.BYTES_PER_ELEMENT;
      const [bytes, source] = [new Uint8Array(size * each), new Uint8Array(given.data.buffer, given.data.byteOffset, given.data.byteLength)];
      const byAxis = places.shape.length > 1;
      for (let index = 0; index < given.data.length; index += 1) {
        const place = byAxis ? dims.reduce((at, extent, axis) => at * extent + Number(places.data[index * dims.length + axis]), 0) : Number(places.data[index]);
        if (!(place >= 0 && place < size)) throw new Failure('onnx.sparse', `${what} has a value at the place ${place}, outside its shape (${dims.join(', ')}).`);
        bytes.set(source.subarray(index * each, (index + 1) * each), place * each);
      }
      // Half floats are wide in memory.
      return { dtype: given.dtype, shape: dims, data: decodeElements(bytes, floating(given.dtype) && each === 4 ? 'float32' : given.dtype, false) };
    },
  };
}

async function externalBytes(message: ProtoMessage, modelFile: string, what: string, needed: number): Promise<Uint8Array> {
  const entries = placeOf(message);
  const beside = await openRanges(await fileBeside(modelFile, entries.get('location') ?? ''));
  try {
    const length = Number(entries.get('length') ?? needed);
    if (length !== needed) throw new Failure('onnx.values', `${what} needs ${needed} bytes, but its place in ${beside.label} has ${length}.`);
    return await beside.read(Number(entries.get('offset') ?? 0), length, what);
  } finally {
    await beside.close();
  }
}

/** Values in typed lists as the bytes that raw data would have. */
function typedBytes(message: ProtoMessage, type: StoredType): Uint8Array {
  switch (type.name) {
    case 'float32': case 'complex64': return encodeElements(Float32Array.from(message.floats(4)), 'float32');
    case 'float64': case 'complex128': return encodeElements(Float64Array.from(message.doubles(10)), 'float64');
    case 'int64': return encodeElements(BigInt64Array.from(message.ints(7), (value) => (value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(Math.trunc(value)))), 'int64');
    case 'uint64': return encodeElements(BigUint64Array.from(message.ints(11), (value) => BigInt(Math.trunc(value))), 'uint64');
    case 'uint32': return encodeElements(Uint32Array.from(message.ints(11)), 'uint32');
    case 'int32': return encodeElements(Int32Array.from(message.ints(5)), 'int32');
    case 'float16': case 'bfloat16': case 'uint16': case 'int16': return encodeElements(Uint16Array.from(message.ints(5)), 'uint16');
    default: return Uint8Array.from(message.ints(5));
  }
}
