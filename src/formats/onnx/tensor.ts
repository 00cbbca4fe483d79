/** ONNX's TensorProto: type, shape, and where its values lie: in the file, in typed lists, or in a file beside it. */
import { Failure } from '../../tensor/failure';
import { encodeElements } from '../../tensor/elements';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import { displayName } from '../../network/order';
import { fileBeside } from '../containers/beside';
import { ProtoMessage, scanMessage } from '../containers/protobuf';
import type { FieldRange } from '../containers/protobuf';
import { openRanges } from '../containers/range-file';
import type { RangeFile } from '../containers/range-file';
import { shownShape, storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';

/** onnx.TensorProto.DataType */
const dataTypes = ['', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'float64', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8_e4m3fn', '', 'float8_e5m2'] as const;
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

/** A tensor from its message; `values` gives the message with all values. */
export function tensorFrom(message: ProtoMessage, label: string, modelFile: string, values: () => Promise<ProtoMessage>, rawValues?: () => Promise<Uint8Array>): OnnxTensor {
  const name = message.text(8);
  const type = storedType(dataTypes[message.int(2)] ?? '') ?? null;
  const dims = message.ints(1);
  const shape = dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0) && Number.isSafeInteger(sizeOf(dims)) ? dims : null;
  const what = `Tensor ${displayName(name)} of ${label}`;
  return {
    name, type: shape === null ? null : type, shape: shape ?? [],
    async read() {
      if (type === null || shape === null) throw new Failure('onnx.type', `${what} has elements or a shape that cannot be shown.`);
      const needed = sizeOf(shape) * type.bytes;
      let bytes: Uint8Array;
      if (message.int(14) === 1) bytes = await externalBytes(message, modelFile, what, needed);
      else if (rawValues !== undefined) bytes = await rawValues();
      else {
        const full = await values();
        bytes = full.has(9) ? full.data(9) : typedBytes(full, type);
      }
      if (bytes.length !== needed) throw new Failure('onnx.values', `${what} of shape (${shape.join(', ')}) needs ${needed} bytes, but the file has ${bytes.length}.`);
      return { dtype: type.dtype, shape: shownShape(type, shape), data: type.decode(bytes, false) };
    },
  };
}

async function externalBytes(message: ProtoMessage, modelFile: string, what: string, needed: number): Promise<Uint8Array> {
  const entries = new Map(message.messages(13).map((entry) => [entry.text(1), entry.text(2)]));
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
    case 'int64': return encodeElements(BigInt64Array.from(message.ints(7), (value) => BigInt(Math.trunc(value))), 'int64');
    case 'uint64': return encodeElements(BigUint64Array.from(message.ints(11), (value) => BigInt(Math.trunc(value))), 'uint64');
    case 'uint32': return encodeElements(Uint32Array.from(message.ints(11)), 'uint32');
    case 'int32': return encodeElements(Int32Array.from(message.ints(5)), 'int32');
    case 'float16': case 'bfloat16': case 'uint16': case 'int16': return encodeElements(Uint16Array.from(message.ints(5)), 'uint16');
    default: return Uint8Array.from(message.ints(5));
  }
}
