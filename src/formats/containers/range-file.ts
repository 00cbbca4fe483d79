/** A file whose bytes are read by range; nothing is read that was not asked for, and no memory is taken for bytes that are not there. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';

export interface RangeFile {
  readonly label: string;
  readonly size: number;
  /** @throws Failure `file.range` when the range reaches beyond the file. `what` names what is read. */
  read(offset: number, length: number, what: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a file for reading by range; close it when done. */
export async function openRanges(file: string): Promise<RangeFile> {
  const label = path.basename(file);
  const handle = await open(file, 'r');
  const { size } = await handle.stat();
  return {
    label, size,
    async read(offset, length, what) {
      if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
        throw new Failure('file.range', `${label}: ${what} should lie at bytes ${offset} to ${offset + length}, but the file has ${size}; is it incomplete?`);
      }
      const bytes = new Uint8Array(length);
      let filled = 0;
      // One read takes at most 2 GiB.
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, Math.min(length - filled, 2 ** 30), offset + filled);
        if (bytesRead === 0) throw new Failure('file.range', `${label} became shorter while ${what} was read.`);
        filled += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}
