/** What yauzl reads an archive's bytes through: places beyond the file are an error and not an exception, small reads come out of a window. */
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import * as yauzl from 'yauzl';

/** A directory of ten thousands of members is read two small pieces a member. */
const windowBytes = 256 * 1024;

/** yauzl's reader over something of a known size that reads a stretch within it. */
abstract class Reader extends yauzl.RandomAccessReader {
  constructor(protected readonly size: number) { super(); }

  protected abstract fill(target: Buffer, position: number): Promise<void> | void;

  override read(buffer: Buffer, offset: number, length: number, position: number, callback: (error: Error | null) => void): void {
    if (!(position >= 0 && position + length <= this.size)) { queueMicrotask(() => { callback(new Error('it points beyond the end of the file')); }); return; }
    Promise.resolve(this.fill(buffer.subarray(offset, offset + length), position)).then(() => { callback(null); }, callback);
  }
}

class MemoryReader extends Reader {
  constructor(private readonly bytes: Uint8Array) { super(bytes.length); }
  override _readStreamForRange(start: number, end: number): Readable { return Readable.from([this.bytes.subarray(start, end)]); }
  protected override fill(target: Buffer, position: number): void { target.set(this.bytes.subarray(position, position + target.length)); }
}

class FileReader extends Reader {
  private start = 0;
  private window: Buffer = Buffer.alloc(0);

  constructor(private readonly handle: FileHandle, size: number) { super(size); }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.pieces(start, Math.min(end, this.size)));
  }

  private async* pieces(start: number, end: number): AsyncGenerator<Buffer, void, void> {
    for (let at = start; at < end;) {
      const piece = Buffer.alloc(Math.min(windowBytes, end - at));
      const { bytesRead } = await this.handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw new Error('the file became shorter');
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  protected override async fill(target: Buffer, position: number): Promise<void> {
    const at = position - this.start;
    if (at >= 0 && at + target.length <= this.window.length) { this.window.copy(target, 0, at, at + target.length); return; }
    const window = Buffer.alloc(Math.min(Math.max(windowBytes, target.length), this.size - position));
    for (let filled = 0; filled < window.length;) {
      const { bytesRead } = await this.handle.read(window, filled, window.length - filled, position + filled);
      if (bytesRead === 0) throw new Error('the file became shorter');
      filled += bytesRead;
    }
    [this.window, this.start] = [window, position];
    window.copy(target, 0, 0, target.length);
  }

  override close(callback: (error: Error | null) => void): void {
    this.handle.close().then(() => { callback(null); }, callback);
  }
}

export interface Archive {
  readonly zip: yauzl.ZipFile;
  /** The bytes of the file at a place. @throws Error when it has none there */
  read(position: number, length: number): Promise<Buffer>;
}

const archiveOf = async (reader: Reader, size: number): Promise<Archive> => ({
  // Sizes are checked where members are read, with sentences of our own.
  zip: await yauzl.fromRandomAccessReaderPromise(reader, size, { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: false }),
  read: (position, length) => new Promise((resolve, reject) => {
    const bytes = Buffer.alloc(length);
    reader.read(bytes, 0, length, position, (error) => { if (error === null) resolve(bytes); else reject(error); });
  }),
});

/** @throws Error with yauzl's words */
export const archiveInMemory = (bytes: Uint8Array): Promise<Archive> => archiveOf(new MemoryReader(bytes), bytes.length);

/** @throws Error with yauzl's words */
export async function archiveOnDisk(file: string): Promise<Archive> {
  // A pipe would keep whoever opens it waiting.
  if (!(await stat(file)).isFile()) throw new Error('it is not a regular file');
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    return await archiveOf(new FileReader(handle, size), size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}
