/**
 * HDF5 files by h5wasm, read by range: the library sees a file of its own memory file system whose bytes come from the disk
 * when asked, so neither the file nor a group of it is ever loaded whole, and a file cannot reach others through external links.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Dataset, File, Group } from 'h5wasm';
import { Failure, sentenceOf } from '../../tensor/failure';
import { decodeElements } from '../../tensor/elements';
import { sizeOf } from '../../tensor/value';
import type { DType, TensorValue } from '../../tensor/value';
import { describeBytes } from './zip';

/** Where the bytes of an HDF5 file lie: a stretch of a file on disk (a stored zip member), or memory (a compressed one). */
export type Hdf5Source =
  | { readonly kind: 'file'; readonly path: string; readonly offset: number; readonly size: number }
  | { readonly kind: 'memory'; readonly bytes: Uint8Array };

/** One data set: what can be known without reading it. */
export interface Hdf5Dataset { readonly path: string; readonly shape: readonly number[]; readonly dtype: DType; readonly bytes: number }

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const maximalGroup = 100_000;
/** Elements read in one call of the library; larger data sets are read in blocks along their first axis. */
const blockBytes = 16 * 1024 * 1024;
/** No tensor may take more memory than this. */
const maximalTensor = 2 ** 31 - 1;

/** The part of Emscripten's file system that is used here; h5wasm ships no types for it. */
interface VirtualNode { contents: Uint8Array; stream_ops: object }
interface VirtualFileSystem {
  createFile(parent: string, name: string, properties: object, canRead: boolean, canWrite: boolean): VirtualNode;
  unlink(path: string): void;
}
interface LowLevel {
  readonly FS: VirtualFileSystem;
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  get_dataset_data(file: bigint, path: string, count: readonly bigint[] | null, offset: readonly bigint[] | null, strides: readonly bigint[] | null, pointer: bigint): number;
}

let opened = 0;

/** An open HDF5 file. All its methods throw Failure only. */
export class Hdf5File {
  private constructor(private readonly label: string, private readonly size: number, private readonly file: File, private readonly module: LowLevel, private readonly release: () => void) {}

  /** Opens a file; `label` names it in errors. @throws Failure `hdf5.kind`, `hdf5.truncated`, `hdf5.damaged` */
  static async open(source: Hdf5Source, label: string): Promise<Hdf5File> {
    const size = source.kind === 'file' ? source.size : source.bytes.length;
    const descriptor = source.kind === 'file' ? openSync(source.path, 'r') : null;
    const read = (buffer: Uint8Array, offset: number, length: number, position: number): number => {
      const wanted = Math.max(0, Math.min(length, size - position));
      if (source.kind === 'memory') {
        buffer.set(source.bytes.subarray(position, position + wanted), offset);
        return wanted;
      }
      return wanted === 0 ? 0 : readSync(descriptor ?? -1, buffer, offset, wanted, source.offset + position);
    };
    try {
      checkStart(read, size, label);
      const { h5wasm } = await import('h5wasm');
      // h5wasm types its Emscripten module only in part; these members are Emscripten's own and stable.
      const module = await h5wasm.ready as unknown as LowLevel;
      const name = `backstep-${opened += 1}.h5`;
      const node = module.FS.createFile('/', name, {}, true, false);
      node.contents = new Uint8Array(0);
      Object.defineProperty(node, 'usedBytes', { get: () => size });
      node.stream_ops = {
        ...node.stream_ops,
        read: (_stream: unknown, buffer: Uint8Array, offset: number, length: number, position: number) => read(buffer, offset, length, position),
      };
      const release = (): void => {
        module.FS.unlink(`/${name}`);
        if (descriptor !== null) closeSync(descriptor);
      };
      try {
        const file = new h5wasm.File(`/${name}`, 'r');
        if (file.file_id < 0n) throw new Error('the library refuses it');
        return new Hdf5File(label, size, file, module, release);
      } catch (error) {
        module.FS.unlink(`/${name}`);
        throw new Failure('hdf5.damaged', `${label} is a damaged or incomplete HDF5 file (${describeBytes(size)}): its structure cannot be read.`, { cause: error });
      }
    } catch (error) {
      if (descriptor !== null) closeSync(descriptor);
      throw error;
    }
  }

  /** Names of the members of a group; empty when there is no such group. */
  keys(path: string): readonly string[] {
    return this.guard(path, () => {
      const group = this.group(path);
      const keys = group?.keys() ?? [];
      if (keys.length > maximalGroup) throw new Failure('hdf5.size', `${this.label}: group ${path} claims ${keys.length} members, more than ${maximalGroup}.`);
      return keys;
    });
  }

  /** `group`, `dataset`, or null for anything else (nothing there, a dangling or external link). */
  kind(path: string): 'group' | 'dataset' | null {
    return this.guard(path, () => {
      if (path === '/' || path === '') return 'group';
      const type = typeName(this.lookup(path));
      return type === 'Group' ? 'group' : type === 'Dataset' ? 'dataset' : null;
    });
  }

  /** A text attribute, or null. */
  text(path: string, attribute: string): string | null {
    const value = this.attribute(path, attribute);
    if (typeof value === 'string') return value;
    if (value instanceof Uint8Array) return new TextDecoder().decode(value);
    return null;
  }

  /** An attribute that lists texts (`layer_names`), or null. */
  texts(path: string, attribute: string): readonly string[] | null {
    const value = this.attribute(path, attribute);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
  }

  /** Shape and type of a data set, null when there is none at `path`. @throws Failure when its elements are not numbers. */
  dataset(path: string): Hdf5Dataset | null {
    return this.guard(path, () => {
      if (this.kind(path) !== 'dataset') return null;
      // The class is told by `type` above.
      const { metadata } = this.lookup(path) as Dataset;
      const dtype = dtypeOf(metadata);
      if (dtype === null) throw new Failure('hdf5.type', `${this.label}: data set ${path} does not hold numbers.`);
      const shape = metadata.shape ?? [];
      return { path, shape, dtype, bytes: sizeOf(shape) * metadata.size };
    });
  }

  /** Reads a data set. @throws Failure `hdf5.size` before taking memory for a size that the file cannot hold. */
  read(path: string): TensorValue {
    return this.guard(path, () => {
      const info = this.dataset(path);
      if (info === null) throw new Failure('hdf5.absent', `${this.label} has no data set ${path}.`);
      const { metadata } = this.lookup(path) as Dataset;
      // Without chunks nothing is compressed, so the declared bytes must lie in the file.
      if (metadata.chunks === null && info.bytes > this.size) {
        throw new Failure('hdf5.size', `${this.label}: data set ${path} declares ${describeBytes(info.bytes)} (shape ${info.shape.join(' × ')}), but the whole file has ${describeBytes(this.size)}.`);
      }
      if (!(info.bytes <= maximalTensor)) throw new Failure('hdf5.size', `${this.label}: data set ${path} declares ${describeBytes(info.bytes)}, more than the ${describeBytes(maximalTensor)} that can be read.`);
      return { dtype: info.dtype, shape: info.shape, data: decodeElements(this.bytes(path, info), info.dtype, !metadata.littleEndian && metadata.size > 1) };
    });
  }

  close(): void {
    this.file.close();
    this.release();
  }

  private bytes(path: string, info: Hdf5Dataset): Uint8Array {
    const result = new Uint8Array(info.bytes);
    if (info.bytes === 0) return result;
    const [rows = 1] = info.shape;
    const rowBytes = info.bytes / rows;
    const step = Math.max(1, Math.floor(blockBytes / rowBytes));
    const block = Math.min(rows, step) * rowBytes;
    const pointer = this.module._malloc(block);
    if (pointer === 0) throw new Failure('hdf5.memory', `${this.label}: there is no memory for data set ${path} (${describeBytes(info.bytes)}).`);
    try {
      for (let row = 0; row < rows; row += step) {
        const count = Math.min(step, rows - row);
        const whole = info.shape.length === 0 || count === rows;
        const status = this.module.get_dataset_data(
          this.file.file_id, path,
          whole ? null : [BigInt(count), ...info.shape.slice(1).map(BigInt)],
          whole ? null : [BigInt(row), ...info.shape.slice(1).map(() => 0n)],
          whole ? null : info.shape.map(() => 1n),
          BigInt(pointer),
        );
        if (status < 0) throw new Failure('hdf5.damaged', `${this.label}: data set ${path} cannot be read; the file is damaged there, or packed in a way that is not supported.`);
        result.set(this.module.HEAPU8.subarray(pointer, pointer + count * rowBytes), row * rowBytes);
      }
    } finally {
      this.module._free(pointer);
    }
    return result;
  }

  private group(path: string): Group | null {
    if (path === '/' || path === '') return this.file;
    const entity = this.lookup(path);
    // The class is told by `type`.
    return typeName(entity) === 'Group' ? entity as Group : null;
  }

  private lookup(path: string): ReturnType<Group['get']> {
    return this.file.get(path);
  }

  private attribute(path: string, attribute: string): unknown {
    return this.guard(`${path}@${attribute}`, () => {
      const entity = path === '/' ? this.file : this.group(path);
      if (entity === null || !Object.keys(entity.attrs).includes(attribute)) return null;
      const { metadata } = entity.attrs[attribute] ?? {};
      const bytes = (metadata?.size ?? 0) * (metadata?.total_size ?? 0);
      if (bytes > 256 * 1024 * 1024) throw new Failure('hdf5.size', `${this.label}: attribute ${attribute} of ${path} declares ${describeBytes(bytes)}.`);
      return entity.attrs[attribute]?.value ?? null;
    });
  }

  /** Whatever the library throws becomes one sentence. */
  private guard<T>(path: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure('hdf5.damaged', `${this.label}: ${path} cannot be read (${sentenceOf(error)}); the HDF5 file is damaged there.`, { cause: error });
    }
  }
}

/** The HDF5 superblock must be there, at offset 0 or after a user block of 512, 1024, … bytes, and complete. */
function checkStart(read: (buffer: Uint8Array, offset: number, length: number, position: number) => number, size: number, label: string): void {
  const start = new Uint8Array(8);
  for (let at = 0; at < size; at = at === 0 ? 512 : at * 2) {
    if (read(start, 0, 8, at) === 8 && signature.every((byte, index) => start[index] === byte)) {
      // The shortest superblock (version 2) has 48 bytes.
      if (size - at < 48) throw new Failure('hdf5.truncated', `${label} is incomplete: the HDF5 file ends inside its superblock (${size} bytes). Was the download or copy cut off?`);
      return;
    }
  }
  throw new Failure('hdf5.kind', `${label} is not an HDF5 file: the HDF5 signature is missing.`);
}

/** h5wasm's name for what stands at a path; references have none. */
function typeName(entity: ReturnType<Group['get']>): string | null {
  return entity !== null && 'type' in entity ? entity.type : null;
}

/** HDF5 type (class 0 integer, 1 float, 8 enumeration) as dtype; null for texts, records, …. */
function dtypeOf(metadata: Dataset['metadata']): DType | null {
  const { type, size, signed } = metadata;
  const integers: Readonly<Record<number, readonly [DType, DType]>> = { 1: ['int8', 'uint8'], 2: ['int16', 'uint16'], 4: ['int32', 'uint32'], 8: ['int64', 'uint64'] };
  const floats: Readonly<Record<number, DType>> = { 2: 'float16', 4: 'float32', 8: 'float64' };
  if (type === 0) return integers[size]?.[signed ? 0 : 1] ?? null;
  if (type === 1) return floats[size] ?? null;
  if (type === 8 && size === 1) return 'bool';
  return null;
}
