/**
 * The thread that reads HDF5 files with h5wasm. It is a thread because the HDF5 library can loop for ever on a damaged file;
 * a thread can be ended. The library sees a file of its own memory file system whose bytes come from the disk when asked, so
 * neither the file nor a group is ever loaded whole, and external links lead nowhere.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { Attribute, Dataset, File, Group } from 'h5wasm';
import type { DType } from '../../tensor/value';
import type { Hdf5Entry, Hdf5Reply, Hdf5Request, Hdf5Source, Hdf5WorkerData } from './hdf5-index';

const maximalEntries = 200_000;
const maximalDepth = 64;
/** Bytes that a group or data set takes at least, with the link to it. */
const smallestObject = 64;
const maximalText = 64 * 1024 * 1024;
/** Bytes read in one call of the library; larger data sets are read in blocks along their first axis. */
const blockBytes = 16 * 1024 * 1024;

/** The part of Emscripten's module that is used here; h5wasm types it only in part. */
interface VirtualNode { contents: Uint8Array; stream_ops: object }
interface LowLevel {
  readonly FS: { createFile(parent: string, name: string, properties: object, canRead: boolean, canWrite: boolean): VirtualNode; unlink(path: string): void };
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  get_dataset_data(file: bigint, path: string, count: readonly bigint[] | null, offset: readonly bigint[] | null, strides: readonly bigint[] | null, pointer: bigint): number;
}

class Refusal extends Error {
  constructor(readonly code: string, reason: string) { super(reason); }
}

/** An open file: its handle in the library, and how to let go of it. */
interface Opened { readonly file: File; readonly size: number; readonly module: LowLevel; release(): void }

// What the owner of the thread put into `workerData`.
const { progress } = workerData as Hdf5WorkerData;
const files = new Map<number, Opened>();
/** Reads since the last request began; a structure that leads round in circles is read again and again. */
let reads = 0;

async function open(number: number, source: Hdf5Source): Promise<Opened> {
  // The library prints its error stack; the caller gets one sentence instead.
  console.error = () => undefined;
  console.warn = () => undefined;
  const { h5wasm } = await import('h5wasm');
  const module = await h5wasm.ready as unknown as LowLevel;
  const size = source.kind === 'file' ? source.size : source.bytes.length;
  const descriptor = source.kind === 'file' ? openSync(source.path, 'r') : null;
  const node = module.FS.createFile('/', `${number}.h5`, {}, true, false);
  node.contents = new Uint8Array(0);
  Object.defineProperty(node, 'usedBytes', { get: () => size });
  node.stream_ops = {
    ...node.stream_ops,
    read: (_stream: unknown, buffer: Uint8Array, offset: number, length: number, position: number) => {
      Atomics.add(progress, 0, 1);
      reads += 1;
      if (reads > 100_000 + size / 64) throw new Refusal('hdf5.hangs', 'its structure leads round in circles');
      const wanted = Math.max(0, Math.min(length, size - position));
      if (wanted === 0) return 0;
      if (source.kind === 'file') return readSync(descriptor ?? -1, buffer, offset, wanted, source.offset + position);
      buffer.set(source.bytes.subarray(position, position + wanted), offset);
      return wanted;
    },
  };
  const release = (): void => {
    module.FS.unlink(`/${number}.h5`);
    if (descriptor !== null) closeSync(descriptor);
  };
  try {
    const file = new h5wasm.File(`/${number}.h5`, 'r');
    if (file.file_id < 0n) throw new Refusal('hdf5.damaged', 'its structure cannot be read');
    return { file, size, module, release: () => { file.close(); release(); } };
  } catch (error) {
    release();
    throw error;
  }
}

/** Everything in the file of `size` bytes but the elements. */
function indexOf(file: File, size: number): Map<string, Hdf5Entry> {
  const index = new Map<string, Hdf5Entry>();
  const visit = (group: Group, path: string, depth: number): void => {
    if (depth > maximalDepth) throw new Refusal('hdf5.depth', `its groups are nested more than ${maximalDepth} levels deep`);
    const keys = group.keys();
    // Links let a small file name the same groups again and again, in groups that double at each level.
    if (index.size + keys.length > 1000 + size / smallestObject) throw new Refusal('hdf5.links', 'its links lead to the same groups again and again');
    if (index.size + keys.length > maximalEntries) throw new Refusal('hdf5.size', `it holds more than ${maximalEntries} groups and data sets`);
    index.set(path === '' ? '/' : path, { kind: 'group', keys, ...attributesOf(group.attrs) });
    for (const key of keys) {
      Atomics.add(progress, 0, 1);
      const entity = group.get(key);
      const type = entity !== null && 'type' in entity ? entity.type as string : null;
      const inner = path === '' ? key : `${path}/${key}`;
      // The class is told by `type`.
      if (type === 'Group') visit(entity as Group, inner, depth + 1);
      else if (type === 'Dataset') index.set(inner, describe(entity as Dataset));
    }
  };
  visit(file, '', 0);
  return index;
}

function attributesOf(attributes: Readonly<Record<string, Attribute>>): { texts: Map<string, string>; lists: Map<string, readonly string[]> } {
  const texts = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  for (const [name, attribute] of Object.entries(attributes)) {
    if (attribute.metadata.size * attribute.metadata.total_size > maximalText) throw new Refusal('hdf5.size', `its attribute ${name} is larger than any description of a model`);
    // Class 3 are texts; Keras writes no others that matter here.
    if (attribute.metadata.type !== 3) continue;
    const { value } = attribute;
    if (typeof value === 'string') texts.set(name, value);
    else if (Array.isArray(value) && value.every((item) => typeof item === 'string')) lists.set(name, value);
  }
  return { texts, lists };
}

function describe(dataset: Dataset): Hdf5Entry {
  const { metadata } = dataset;
  // Opaque bytes have no order; bfloat16 is written in the machine's, which is little-endian wherever Keras runs.
  return { kind: 'dataset', shape: metadata.shape ?? [], dtype: dtypeOf(dataset), width: metadata.size, littleEndian: metadata.littleEndian || metadata.type === 5, chunked: metadata.chunks !== null };
}

/** HDF5 type (class 0 integer, 1 float, 5 opaque, 8 enumeration) as dtype; null for texts, records, …. */
function dtypeOf(dataset: Dataset): DType | null {
  const { type, size: width, signed } = dataset.metadata;
  const integers: Readonly<Record<number, readonly [DType, DType]>> = { 1: ['int8', 'uint8'], 2: ['int16', 'uint16'], 4: ['int32', 'uint32'], 8: ['int64', 'uint64'] };
  const floats: Readonly<Record<number, DType>> = { 2: 'float16', 4: 'float32', 8: 'float64' };
  if (type === 0) return integers[width]?.[signed ? 0 : 1] ?? null;
  if (type === 1) return floats[width] ?? null;
  if (type === 8 && width === 1) return 'bool';
  // Keras 3 writes bfloat16 as opaque pairs of bytes; archives say so in an attribute.
  if (type === 5 && width === 2 && (dataset.attrs.dtype?.value ?? 'bfloat16') === 'bfloat16') return 'bfloat16';
  return null;
}

function readDataset(file: File, module: LowLevel, path: string, bytes: number, shape: readonly number[]): Uint8Array {
  const result = new Uint8Array(bytes);
  if (bytes === 0) return result;
  const [rows = 1] = shape;
  const rowBytes = bytes / rows;
  const step = Math.max(1, Math.floor(blockBytes / rowBytes));
  const pointer = module._malloc(Math.min(rows, step) * rowBytes);
  if (pointer === 0) throw new Refusal('hdf5.memory', `there is no memory for data set ${path}`);
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    const whole = shape.length === 0 || count === rows;
    const status = module.get_dataset_data(
      file.file_id, path,
      whole ? null : [BigInt(count), ...shape.slice(1).map(BigInt)],
      whole ? null : [BigInt(row), ...shape.slice(1).map(() => 0n)],
      whole ? null : shape.map(() => 1n),
      BigInt(pointer),
    );
    if (status < 0) throw new Refusal('hdf5.damaged', `data set ${path} cannot be read; the file is damaged there, or packed in a way that is not supported`);
    Atomics.add(progress, 0, 1);
    result.set(module.HEAPU8.subarray(pointer, pointer + count * rowBytes), row * rowBytes);
  }
  module._free(pointer);
  return result;
}

async function answer({ file: number, source, task }: Hdf5Request): Promise<Hdf5Reply> {
  reads = 0;
  try {
    if (task.kind === 'close') {
      files.get(number)?.release();
      files.delete(number);
      return { kind: 'closed' };
    }
    const known = files.get(number) ?? (source === null ? undefined : await open(number, source));
    if (known === undefined) throw new Refusal('hdf5.closed', 'it is closed');
    files.set(number, known);
    if (task.kind === 'root') return { kind: 'root', texts: attributesOf(known.file.attrs).texts };
    if (task.kind === 'index') return { kind: 'index', index: indexOf(known.file, known.size) };
    return { kind: 'bytes', bytes: readDataset(known.file, known.module, task.path, task.bytes, task.shape) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'failed', code: error.code, reason: error.message };
    return { kind: 'failed', code: 'hdf5.damaged', reason: 'its structure cannot be read' };
  }
}

// One request at a time: the owner of the thread waits for the reply.
parentPort?.on('message', (request: Hdf5Request) => {
  void answer(request).then((reply) => { parentPort?.postMessage(reply, reply.kind === 'bytes' ? [reply.bytes.buffer as ArrayBuffer] : []); });
});
