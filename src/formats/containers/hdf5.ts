/** HDF5 files: the tree at once, data sets when asked. The reading is done by h5wasm in a thread (`hdf5-worker.ts`). */
import { open } from 'node:fs/promises';
import { Failure } from '../../tensor/failure';
import { decodeElements } from '../../tensor/elements';
import { sizeOf } from '../../tensor/value';
import type { DType, TensorValue } from '../../tensor/value';
import type { Hdf5Entry, Hdf5Index, Hdf5Source } from './hdf5-index';
import { attach } from './hdf5-thread';
import type { AttachedFile } from './hdf5-thread';
import { describeBytes } from './zip';

export type { Hdf5Source } from './hdf5-index';

/** One data set: what can be known without reading it. */
export interface Hdf5Dataset { readonly path: string; readonly shape: readonly number[]; readonly dtype: DType; readonly bytes: number }

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** No tensor may take more memory than this. */
const maximalTensor = 2 ** 31 - 1;
/** An open HDF5 file. All its methods throw Failure only. */
export class Hdf5File {
  private constructor(private readonly label: string, private readonly size: number, private readonly index: Hdf5Index, private readonly file: AttachedFile) {}

  /** Opens a file and reads its tree; `label` names it in errors. `onRoot` hears of the root's text attributes before that, which may take long. @throws Failure `hdf5.*` */
  static async open(source: Hdf5Source, label: string, onRoot?: (texts: ReadonlyMap<string, string>) => void): Promise<Hdf5File> {
    const size = source.kind === 'file' ? source.size : source.bytes.length;
    await checkStart(source, size, label);
    const file = attach(source, label);
    try {
      if (onRoot !== undefined) {
        const root = await file.ask({ kind: 'root' });
        if (root.kind === 'root') onRoot(root.texts);
      }
      const reply = await file.ask({ kind: 'index' });
      return new Hdf5File(label, size, reply.kind === 'index' ? reply.index : new Map<string, Hdf5Entry>(), file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Names of the members of a group; empty when there is no such group. */
  keys(group: string): readonly string[] {
    const entry = this.index.get(group);
    return entry?.kind === 'group' ? entry.keys : [];
  }

  /** `group`, `dataset`, or null for anything else (nothing there, a dangling or external link). */
  kind(at: string): 'group' | 'dataset' | null {
    return this.index.get(at)?.kind ?? null;
  }

  /** A text attribute of a group, or null. */
  text(group: string, attribute: string): string | null {
    const entry = this.index.get(group);
    return entry?.kind === 'group' ? entry.texts.get(attribute) ?? null : null;
  }

  /** An attribute that lists texts (`layer_names`), or null; h5py writes an empty list as a number, so it is null too. */
  texts(group: string, attribute: string): readonly string[] | null {
    const entry = this.index.get(group);
    return entry?.kind === 'group' ? entry.lists.get(attribute) ?? null : null;
  }

  /** Shape and type of a data set, null when there is none there. @throws Failure when its elements are not numbers. */
  dataset(at: string): Hdf5Dataset | null {
    const entry = this.index.get(at);
    if (entry?.kind !== 'dataset') return null;
    if (entry.dtype === null) throw new Failure('hdf5.type', `${this.label}: data set ${at} does not hold numbers.`);
    return { path: at, shape: entry.shape, dtype: entry.dtype, bytes: sizeOf(entry.shape) * entry.width };
  }

  /** Reads a data set. @throws Failure `hdf5.size` before taking memory for a size that the file cannot hold. */
  async read(at: string): Promise<TensorValue> {
    const info = this.dataset(at);
    const entry = this.index.get(at);
    if (info === null || entry?.kind !== 'dataset') throw new Failure('hdf5.absent', `${this.label} has no data set ${at}.`);
    // Without chunks nothing is compressed, so the declared bytes must lie in the file; DEFLATE shrinks to a thousandth at best.
    const holds = entry.chunked ? this.size * 1032 : this.size;
    if (info.bytes > holds) {
      throw new Failure('hdf5.size', `${this.label}: data set ${at} declares ${describeBytes(info.bytes)} (shape ${info.shape.join(' × ')}), but the whole file has ${describeBytes(this.size)}.`);
    }
    if (!(info.bytes <= maximalTensor)) throw new Failure('hdf5.size', `${this.label}: data set ${at} declares ${describeBytes(info.bytes)}, more than the ${describeBytes(maximalTensor)} that can be read.`);
    const reply = await this.file.ask({ kind: 'read', path: at, bytes: info.bytes, shape: info.shape });
    if (reply.kind !== 'bytes') throw new Failure('hdf5.damaged', `${this.label}: data set ${at} cannot be read.`);
    return { dtype: info.dtype, shape: info.shape, data: decodeElements(reply.bytes, info.dtype, !entry.littleEndian && entry.width > 1) };
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** The HDF5 superblock must be there, at offset 0 or after a user block of 512, 1024, … bytes, and complete. */
async function checkStart(source: Hdf5Source, size: number, label: string): Promise<void> {
  for (let at = 0; at < size; at = at === 0 ? 512 : at * 2) {
    const start = source.kind === 'file' ? await bytesOf(source.path, source.offset + at, 8) : source.bytes.subarray(at, at + 8);
    if (!signature.every((byte, index) => start[index] === byte)) continue;
    // The shortest superblock (version 2) has 48 bytes.
    if (size - at < 48) throw new Failure('hdf5.truncated', `${label} is incomplete: the HDF5 file ends inside its superblock (${size} bytes). Was the download or copy cut off?`);
    return;
  }
  throw new Failure('hdf5.kind', `${label} is not an HDF5 file: the HDF5 signature is missing.`);
}

async function bytesOf(file: string, position: number, length: number): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
