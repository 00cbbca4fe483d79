/** TensorFlow's checkpoints: an index in LevelDB's table format, and shards of bytes. tensorflow/core/util/tensor_bundle */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import { displayName } from '../../network/order';
import { ProtoMessage } from '../containers/protobuf';
import { openRanges } from '../containers/range-file';
import { shownShape, storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';
import { dataTypes } from './graph-def';

const maximalIndex = 256 * 2 ** 20;
const magic = 0xdb4775248b80fb57n;

export interface BundleEntry {
  readonly key: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  /** The file that its bytes are in. */
  readonly shard: string;
  read(): Promise<TensorValue>;
}

/** The tensors of a checkpoint by key; strings and sliced variables are left out. `prefix` is its path without `.index`. @throws Failure `bundle.*` */
export async function openBundle(prefix: string): Promise<readonly BundleEntry[]> {
  const label = path.basename(`${prefix}.index`);
  const file = await openRanges(`${prefix}.index`);
  try {
    if (file.size > maximalIndex || file.size < 48) throw damaged(label);
    const bytes = await file.read(0, file.size, 'the index');
    const entries = [...readTable(bytes, label)].map(([key, value]) => [key, new ProtoMessage(value, label)] as const);
    const header = entries.find(([key]) => key === '')?.[1];
    const shards = header?.int(1) ?? 1;
    return entries.flatMap(([key, entry]) => (key === '' ? [] : entryFrom(key, entry, prefix, shards, header?.int(2) === 1)));
  } finally {
    await file.close();
  }
}

function entryFrom(key: string, entry: ProtoMessage, prefix: string, shards: number, bigEndian: boolean): readonly BundleEntry[] {
  const type = storedType(dataTypes[entry.int(1)] ?? '');
  const shape = entry.message(2).messages(2).map((dim) => dim.int(1));
  if (type === undefined || entry.has(7) || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) return [];
  const [shard, offset, size] = [entry.int(3), entry.int(4), entry.int(5)];
  const number = (value: number): string => String(value).padStart(5, '0');
  const file = `${prefix}.data-${number(shard)}-of-${number(shards)}`;
  return [{
    key, type, shape, shard: file,
    async read() {
      const needed = sizeOf(shape) * type.bytes;
      if (needed !== size) throw new Failure('bundle.size', `Variable ${displayName(key)} of shape (${shape.join(', ')}) needs ${needed} bytes, but ${path.basename(prefix)}.index gives it ${size}.`);
      const data = await openRanges(file).catch((error: unknown) => { throw new Failure('bundle.shard', `The weights are incomplete: ${path.basename(file)} is missing.`, { cause: error }); });
      try {
        return { dtype: type.dtype, shape: shownShape(type, shape), data: type.decode(await data.read(offset, size, `variable ${displayName(key)}`), bigEndian) };
      } finally {
        await data.close();
      }
    },
  }];
}

const damaged = (label: string): Failure => new Failure('bundle.damaged', `${label} is not a sound checkpoint index; is it incomplete?`);

/** A cursor over bytes with LevelDB's varints. */
class Cursor {
  constructor(readonly bytes: Uint8Array, public at: number, private readonly label: string) {}

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 10; shift += 1) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw damaged(this.label);
      this.at += 1;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    throw damaged(this.label);
  }

  take(count: number): Uint8Array {
    if (!(count >= 0 && this.at + count <= this.bytes.length)) throw damaged(this.label);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
}

/** Keys and values of a table: a footer leads to the index block, that to the blocks of entries. */
function* readTable(bytes: Uint8Array, label: string): Generator<readonly [string, Uint8Array], void, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getBigUint64(bytes.length - 8, true) !== magic) throw damaged(label);
  const footer = new Cursor(bytes, bytes.length - 48, label);
  footer.varint();
  footer.varint();
  for (const [, handle] of readBlock(bytes, footer.varint(), footer.varint(), label)) {
    const place = new Cursor(handle, 0, label);
    for (const [key, value] of readBlock(bytes, place.varint(), place.varint(), label)) yield [new TextDecoder().decode(key), value];
  }
}

/** Entries of a block; keys share beginnings with the key before. */
function* readBlock(bytes: Uint8Array, offset: number, size: number, label: string): Generator<readonly [Uint8Array, Uint8Array], void, void> {
  const block = new Cursor(bytes, offset, label).take(size);
  if (size < 4) throw damaged(label);
  if (bytes[offset + size] !== 0) throw new Failure('bundle.packed', `${label} is compressed, which cannot be read.`);
  const restarts = new DataView(block.buffer, block.byteOffset, block.byteLength).getUint32(size - 4, true);
  const end = size - 4 - 4 * restarts;
  if (end < 0) throw damaged(label);
  const cursor = new Cursor(block.subarray(0, end), 0, label);
  let key = new Uint8Array(0);
  while (cursor.at < end) {
    const [shared, own, length] = [cursor.varint(), cursor.varint(), cursor.varint()];
    // Keys are short; long chains of shared beginnings would be a trap.
    if (shared > key.length || shared + own > 65536) throw damaged(label);
    const next = new Uint8Array(shared + own);
    next.set(key.subarray(0, shared));
    next.set(cursor.take(own), shared);
    key = next;
    yield [key, cursor.take(length)];
  }
}
