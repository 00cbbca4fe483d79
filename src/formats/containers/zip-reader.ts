/** What yauzl reads an archive's bytes through: a file or bytes in memory, where a place beyond the end is an error that can be told. */
import { Readable } from 'node:stream';
import * as yauzl from 'yauzl';
import type { RangeFile } from './range-file';

const pieceBytes = 256 * 1024;

class Reader extends yauzl.RandomAccessReader {
  constructor(private readonly ranges: RangeFile) { super(); }

  override read(buffer: Buffer, offset: number, length: number, position: number, callback: (error: Error | null) => void): void {
    this.ranges.read(position, length, 'a part of the archive').then((bytes) => { buffer.set(bytes, offset); callback(null); }, callback);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.pieces(start, Math.min(end, this.ranges.size)));
  }

  private async* pieces(start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    for (let at = start; at < end; at += pieceBytes) yield await this.ranges.read(at, Math.min(pieceBytes, end - at), 'a member of the archive');
  }

  override close(callback: (error: Error | null) => void): void {
    this.ranges.close().then(() => { callback(null); }, callback);
  }
}

/** The archive in these bytes. Sizes are checked where members are read, with sentences of our own. @throws Error with yauzl's words */
export const archiveIn = (ranges: RangeFile): Promise<yauzl.ZipFile> => yauzl.fromRandomAccessReaderPromise(new Reader(ranges), ranges.size, { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: false });
