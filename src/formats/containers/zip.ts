/** Zip archives with random access: the directory at once, members when asked, sizes checked before memory is taken. */
import { constants, inflateRawSync } from 'node:zlib';
import type * as yauzl from 'yauzl';
import { Failure, sentenceOf } from '../../tensor/failure';
import { displayName } from '../../network/order';
import { openRanges, rangesOf } from './range-file';
import type { RangeFile } from './range-file';
import { archiveIn } from './zip-reader';

const maximalEntries = 100_000;

export interface ZipMember {
  readonly name: string;
  /** Bytes when inflated, as the directory declares. */
  readonly size: number;
  readonly compressedSize: number;
  readonly stored: boolean;
}

export interface Zip {
  readonly members: ReadonlyMap<string, ZipMember>;
  /** Names that leave the archive's folder or stand twice; nothing of them is ever read. */
  readonly ignored: readonly string[];
  /** The bytes of a member. @throws Failure `zip.*` when it is absent, declares more than `limit` bytes, or is damaged. `shared` is for bytes that threads share. */
  read(name: string, limit: number, shared?: boolean): Promise<Uint8Array>;
  /** The first bytes of a member, at most `count`; of a large one only these are unpacked. @throws Failure `zip.*` */
  head(name: string, count: number): Promise<Uint8Array>;
  /** Offset in the file at which the bytes of a *stored* member begin. */
  offsetOf(name: string): Promise<number>;
  close(): void;
}

/** Opens an archive. @throws Failure `zip.truncated` when there is no directory, `zip.overlap` when members share bytes (a zip bomb). */
export async function openZip(file: string): Promise<Zip> {
  return directoryOf(await openRanges(file));
}

/** Opens an archive in memory: one inside another file. @throws Failure as `openZip` */
export function openZipBytes(bytes: Uint8Array, label: string): Promise<Zip> {
  return directoryOf(rangesOf(bytes, label));
}

async function directoryOf(ranges: RangeFile): Promise<Zip> {
  const { label } = ranges;
  try {
    return await readDirectory(ranges, await archiveIn(ranges));
  } catch (error) {
    await ranges.close();
    if (error instanceof Failure) throw error;
    const reason = sentenceOf(error);
    if (/end of central directory/i.test(reason)) {
      throw new Failure('zip.truncated', `${label} is incomplete: the zip directory at its end is missing. Was the download or copy cut off?`, { cause: error });
    }
    throw new Failure('zip.damaged', `${label} is a damaged zip archive: ${reason}.`, { cause: error });
  }
}

async function readDirectory(ranges: RangeFile, zip: yauzl.ZipFile): Promise<Zip> {
  const { label } = ranges;
  if (zip.entryCount > maximalEntries) throw new Failure('zip.entries', `${label} claims ${zip.entryCount} members, more than ${maximalEntries}.`);
  const entries = new Map<string, yauzl.Entry>();
  const ignored: string[] = [];
  const spans: { start: number; end: number; name: string }[] = [];
  for await (const entry of zip.eachEntry()) {
    const name = new TextDecoder().decode(entry.fileNameRaw);
    if (isUnsafe(name) || entries.has(name)) { ignored.push(name); continue; }
    if (name.endsWith('/')) continue;
    entries.set(name, entry);
    spans.push({ start: entry.relativeOffsetOfLocalHeader, end: entry.relativeOffsetOfLocalHeader + 30 + entry.compressedSize, name });
  }
  const claimed = [...entries.values()].reduce((all, entry) => all + entry.uncompressedSize, 0);
  rejectOverlaps(spans, zip.fileSize, `${label} (${describeBytes(zip.fileSize)}, claiming to unpack to ${describeBytes(claimed)})`);
  const members = new Map([...entries].map(([name, entry]) => [name, {
    name, size: entry.uncompressedSize, compressedSize: entry.compressedSize, stored: entry.compressionMethod === 0,
  }] as const));

  const entryOf = (name: string): yauzl.Entry => {
    const entry = entries.get(name);
    if (entry === undefined) throw new Failure('zip.absent', `${label} has no member ${displayName(name)}.`);
    if (entry.isEncrypted()) throw new Failure('zip.encrypted', `${label}: ${displayName(name)} is encrypted, and is not read; unpack the archive with its password and pack it without one.`);
    if (entry.compressionMethod === 0 && entry.compressedSize !== entry.uncompressedSize) {
      throw new Failure('zip.damaged', `${label}: ${displayName(name)} is not compressed, but claims ${entry.uncompressedSize} bytes in ${entry.compressedSize}.`);
    }
    return entry;
  };
  /** Where the bytes of a member begin. */
  const placeOf = async (name: string): Promise<number> => {
    const entry = entryOf(name);
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch((error: unknown) => {
      throw new Failure('zip.damaged', `${label}: ${displayName(name)} cannot be found in the archive (${sentenceOf(error)}).`, { cause: error });
    });
    if (fileDataStart + entry.compressedSize > zip.fileSize) throw new Failure('zip.truncated', `${label}: ${displayName(name)} reaches beyond the end of the file.`);
    return fileDataStart;
  };
  return {
    members,
    ignored,
    async read(name, limit, shared) {
      const entry = entryOf(name);
      if (entry.uncompressedSize > limit) {
        throw new Failure('zip.size', `${label}: ${displayName(name)} claims ${describeBytes(entry.uncompressedSize)}, more than the ${describeBytes(limit)} that are allowed here.`);
      }
      const bytes = shared === true ? new Uint8Array(new SharedArrayBuffer(entry.uncompressedSize)) : new Uint8Array(entry.uncompressedSize);
      let filled = 0;
      try {
        for await (const chunk of await zip.openReadStreamPromise(entry)) {
          const piece = chunk as Uint8Array;
          if (filled + piece.length > bytes.length) throw new Error('more bytes than the directory declares');
          bytes.set(piece, filled);
          filled += piece.length;
        }
        if (filled !== bytes.length) throw new Error(`${filled} of ${bytes.length} bytes`);
      } catch (error) {
        throw new Failure('zip.damaged', `${label}: ${displayName(name)} cannot be unpacked (${sentenceOf(error)}).`, { cause: error });
      }
      return bytes;
    },
    async head(name, count) {
      const entry = entryOf(name);
      const start = await placeOf(name);
      try {
        // Deflate makes nothing larger, but for five bytes in 64 KiB.
        const bytes = await ranges.read(start, Math.min(entry.compressedSize, count + 64), 'a member');
        if (entry.compressionMethod === 0) return new Uint8Array(bytes).subarray(0, count);
        const short = inflatedStart(bytes);
        if (short !== null) return short.subarray(0, count);
        const pieces: Uint8Array[] = [];
        let filled = 0;
        const stream = await zip.openReadStreamPromise(entry);
        for await (const chunk of stream) {
          const piece = chunk as Uint8Array;
          pieces.push(piece);
          filled += piece.length;
          if (filled >= count) break;
        }
        stream.destroy();
        return new Uint8Array(Buffer.concat(pieces)).subarray(0, count);
      } catch (error) {
        if (error instanceof Failure) throw error;
        throw new Failure('zip.damaged', `${label}: ${displayName(name)} cannot be unpacked (${sentenceOf(error)}).`, { cause: error });
      }
    },
    offsetOf: placeOf,
    close: () => { zip.close(); },
  };
}

/** What the first bytes of a deflate stream unpack to; null when that is much more, or nothing that this way finds. */
function inflatedStart(bytes: Uint8Array): Uint8Array | null {
  try {
    return new Uint8Array(inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 256 * 1024 }));
  } catch {
    return null;
  }
}

/** True for names that could leave a folder: absolute, with a drive, with a backslash, or with `..` in them. */
function isUnsafe(name: string): boolean {
  return name.startsWith('/') || name.includes('\\') || /^[A-Za-z]:/.test(name) || name.split('/').includes('..') || name.includes('\0');
}

/** Members of an honest archive lie one behind the other; a bomb lets several share one stream. */
function rejectOverlaps(spans: { start: number; end: number; name: string }[], fileSize: number, label: string): void {
  spans.sort((first, second) => first.start - second.start);
  for (const [index, span] of spans.entries()) {
    if (span.end > fileSize) throw new Failure('zip.truncated', `${label} is incomplete: ${displayName(span.name)} reaches beyond the end of the file.`);
    const next = spans[index + 1];
    if (next !== undefined && span.end > next.start) {
      throw new Failure('zip.overlap', `${label} is refused: its members ${displayName(span.name)} and ${displayName(next.name)} share the same bytes, as zip bombs do.`);
    }
  }
}

/** `11 KB`, `4.0 GB`: a size for people. */
export function describeBytes(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
