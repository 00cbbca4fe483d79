/** A file whose bytes are read by range; nothing is read that was not asked for, and no memory is taken for bytes that are not there. */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';

export interface RangeFile {
  readonly label: string;
  readonly size: number;
  /** @throws Failure `file.range` when the range reaches beyond the file. `what` names what is read. */
  read(offset: number, length: number, what: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Reads of at most `small` bytes that follow one another come out of a window of the file: structures are read piece by piece, ten thousands
 * of them. The window grows while they do, since most that is read in one place is little.
 */
const small = 32 * 1024;
const windowBytes = { least: 4 * 1024, most: 256 * 1024 };

/** Opens a file for reading by range; close it when done. @throws Failure `file.kind` for what is no regular file */
export async function openRanges(file: string): Promise<RangeFile> {
  const label = path.basename(file);
  // A pipe would keep whoever opens it waiting.
  if (!(await stat(file)).isFile()) throw new Failure('file.kind', `${label} is not a regular file.`);
  const handle = await open(file, 'r');
  const { size } = await handle.stat();
  const fill = async (offset: number, length: number, what: string): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    let filled = 0;
    // One read takes at most 2 GiB.
    while (filled < length) {
      const { bytesRead } = await handle.read(bytes, filled, Math.min(length - filled, 2 ** 30), offset + filled);
      if (bytesRead === 0) throw new Failure('file.range', `${label} became shorter while ${what} was read.`);
      filled += bytesRead;
    }
    return bytes;
  };
  let last = 0, ahead = windowBytes.least;
  let window: { readonly start: number; readonly end: number; readonly bytes: Promise<Uint8Array> } | null = null;
  return {
    label, size,
    async read(offset, length, what) {
      if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
        throw new Failure('file.range', `${label}: ${what} should lie at bytes ${offset} to ${offset + length}, but the file has ${size}; is it incomplete?`);
      }
      const follows = Math.abs(offset - last) <= small;
      last = offset + length;
      if (window === null || offset < window.start || offset + length > window.end) {
        if (!follows) ahead = windowBytes.least;
        if (length > small || !follows) return fill(offset, length, what);
        const end = Math.min(size, offset + Math.max(length, ahead));
        ahead = Math.min(2 * ahead, windowBytes.most);
        window = { start: offset, end, bytes: fill(offset, end - offset, what) };
      }
      const { start, bytes } = window;
      return (await bytes).slice(offset - start, offset - start + length);
    },
    close: () => handle.close(),
  };
}

/** Bytes in memory, read as a file is. */
export function rangesOf(bytes: Uint8Array, label: string): RangeFile {
  return {
    label, size: bytes.length,
    read(offset, length, what) {
      if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) return Promise.reject(new Failure('file.range', `${label}: ${what} should lie at bytes ${offset} to ${offset + length}, but there are ${bytes.length}; is it incomplete?`));
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
    close: () => Promise.resolve(),
  };
}
