/** IDX files, the format of MNIST: a big-endian header of type and extents, then the elements. Plain or gzip. */
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import { Failure } from '../../tensor/failure';
import type { DType, NumericArray, TensorValue } from '../../tensor/value';
import { sizeOf } from '../../tensor/value';
import { readWhole } from './whole-file';

/** The largest data set of this format, EMNIST's 697,932 pictures, has 547 MB. */
const largest = 640 * 2 ** 20;
const maximalRank = 16;

interface ElementType { readonly dtype: DType; readonly bytes: number; readonly create: (length: number) => NumericArray; readonly read: (view: DataView, offset: number) => number }

/** Type byte of the header -> element type (Yann LeCun's description of the format). */
const elementTypes: Readonly<Record<number, ElementType>> = {
  0x08: { dtype: 'uint8', bytes: 1, create: (length) => new Uint8Array(length), read: (view, offset) => view.getUint8(offset) },
  0x09: { dtype: 'int8', bytes: 1, create: (length) => new Int8Array(length), read: (view, offset) => view.getInt8(offset) },
  0x0b: { dtype: 'int16', bytes: 2, create: (length) => new Int16Array(length), read: (view, offset) => view.getInt16(offset) },
  0x0c: { dtype: 'int32', bytes: 4, create: (length) => new Int32Array(length), read: (view, offset) => view.getInt32(offset) },
  0x0d: { dtype: 'float32', bytes: 4, create: (length) => new Float32Array(length), read: (view, offset) => view.getFloat32(offset) },
  0x0e: { dtype: 'float64', bytes: 8, create: (length) => new Float64Array(length), read: (view, offset) => view.getFloat64(offset) },
};

/** Reads an IDX file; names are for the message. @throws Failure `data.idx` when it is not one, or is cut short. */
export async function readIdx(path: string): Promise<TensorValue> {
  const file = await readWhole(path, largest);
  const zipped = file[0] === 0x1f && file[1] === 0x8b;
  const fail = (reason: string): Failure => new Failure('data.idx', `${path} is not a readable IDX file: ${reason}.`);
  const bytes = zipped ? await unzip(file, path) : file;
  const type = elementTypes[bytes[2] ?? -1];
  const rank = bytes[3] ?? 0;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || type === undefined) throw fail('it does not begin with 00 00 and a known element type');
  if (rank > maximalRank) throw fail(`its header announces ${rank} dimensions`);
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw fail(`its header announces ${rank} dimensions and ends before them`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = sizeOf(shape);
  if (!Number.isSafeInteger(count * type.bytes)) throw fail(`shape [${shape.join(', ')}] has more elements than can be counted, the file holds ${bytes.length - start} bytes of them`);
  if (count * type.bytes !== bytes.length - start) {
    throw fail(`shape [${shape.join(', ')}] needs ${count * type.bytes} bytes of elements, the file holds ${bytes.length - start}`);
  }
  const data = type.create(count);
  for (let i = 0; i < count; i += 1) data[i] = type.read(view, start + i * type.bytes);
  return { dtype: type.dtype, shape, data };
}

/** Bytes that the header claims, from the first unpacked ones; a bomb is given up where its header would end. */
function sizeBy(file: Buffer): number {
  const head = gunzipSync(file.subarray(0, 16 * 1024), { finishFlush: constants.Z_SYNC_FLUSH });
  const type = elementTypes[head[2] ?? -1];
  const rank = head[3] ?? 0;
  const extents = Array.from({ length: rank }, (_, axis) => (head.length >= 8 + 4 * axis ? head.readUInt32BE(4 + 4 * axis) : 0));
  return type === undefined || rank > maximalRank ? 1024 : Math.min(largest, 4 + 4 * rank + sizeOf(extents) * type.bytes);
}

async function unzip(file: Buffer, path: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(file, { maxOutputLength: sizeBy(file) });
  } catch (cause) {
    throw new Failure('data.gzip', `${path} cannot be unpacked: it is a broken gzip file, or it expands to more than its header claims.`, { cause });
  }
}
