/** FlatBuffers tables in a file, read by pages: no more of it is in memory than was looked at. https://flatbuffers.dev/internals/ */
import { readSync } from 'node:fs';
import { Failure } from '../../tensor/failure';

const page = 1 << 16;
const keptPages = 64;
const maximalVector = 1 << 22;

/** Bytes of an open file, little endian; each access is checked against its size. */
export class PagedBytes {
  private readonly pages = new Map<number, DataView>();

  constructor(private readonly descriptor: number, readonly size: number, readonly label: string) {}

  /** A view that holds `width` bytes from `at`, and where in it they begin. */
  private seek(at: number, width: number): { view: DataView; at: number } {
    if (!(at >= 0 && at + width <= this.size)) throw new Failure('flatbuffer.range', `${this.label} is incomplete or damaged: it refers to byte ${at}, but has ${this.size} bytes.`);
    const number = Math.floor(at / page);
    let view = this.pages.get(number);
    if (view === undefined) {
      // Pages overlap by 8 bytes, so that no number is cut in two.
      const bytes = new Uint8Array(Math.min(page + 8, this.size - number * page));
      const read = readSync(this.descriptor, bytes, 0, bytes.length, number * page);
      if (read !== bytes.length) throw new Failure('flatbuffer.range', `${this.label} became shorter while it was read.`);
      view = new DataView(bytes.buffer);
      const [oldest] = this.pages.keys();
      if (this.pages.size >= keptPages && oldest !== undefined) this.pages.delete(oldest);
      this.pages.set(number, view);
    }
    return { view, at: at - number * page };
  }

  int8(offset: number): number { const { view, at } = this.seek(offset, 1); return view.getInt8(at); }
  uint16(offset: number): number { const { view, at } = this.seek(offset, 2); return view.getUint16(at, true); }
  int32(offset: number): number { const { view, at } = this.seek(offset, 4); return view.getInt32(at, true); }
  uint32(offset: number): number { const { view, at } = this.seek(offset, 4); return view.getUint32(at, true); }
  int64(offset: number): number { const { view, at } = this.seek(offset, 8); return Number(view.getBigInt64(at, true)); }
  float32(offset: number): number { const { view, at } = this.seek(offset, 4); return view.getFloat32(at, true); }
}

/** A table; fields by number, absent ones read as 0 or empty. */
export class FlatTable {
  constructor(private readonly bytes: PagedBytes, private readonly at: number) {}

  /** Where field `number` lies; null when it is absent. */
  private place(number: number): number | null {
    const vtable = this.at - this.bytes.int32(this.at);
    if (4 + 2 * number >= this.bytes.uint16(vtable)) return null;
    const offset = this.bytes.uint16(vtable + 4 + 2 * number);
    return offset === 0 ? null : this.at + offset;
  }

  has(number: number): boolean { return this.place(number) !== null; }
  int8(number: number): number { const at = this.place(number); return at === null ? 0 : this.bytes.int8(at); }
  int32(number: number): number { const at = this.place(number); return at === null ? 0 : this.bytes.int32(at); }
  uint32(number: number): number { const at = this.place(number); return at === null ? 0 : this.bytes.uint32(at); }
  int64(number: number): number { const at = this.place(number); return at === null ? 0 : this.bytes.int64(at); }
  float32(number: number): number { const at = this.place(number); return at === null ? 0 : this.bytes.float32(at); }

  table(number: number): FlatTable | null {
    const at = this.place(number);
    return at === null ? null : new FlatTable(this.bytes, at + this.bytes.uint32(at));
  }

  /** Where a vector's elements begin, and how many there are. */
  vector(number: number, width: number): { readonly start: number; readonly length: number } {
    const at = this.place(number);
    if (at === null) return { start: 0, length: 0 };
    const start = at + this.bytes.uint32(at);
    const length = this.bytes.uint32(start);
    if (start + 4 + length * width > this.bytes.size) throw new Failure('flatbuffer.range', `${this.bytes.label} is incomplete or damaged: a list of ${length} at byte ${start} reaches beyond its end.`);
    return { start: start + 4, length };
  }

  private list<T>(number: number, width: number, read: (at: number) => T): readonly T[] {
    const { start, length } = this.vector(number, width);
    if (length > maximalVector) throw new Failure('flatbuffer.list', `${this.bytes.label} holds a list of ${length}, more than the ${maximalVector} that are shown.`);
    return Array.from({ length }, (_, index) => read(start + index * width));
  }

  int32s(number: number): readonly number[] { return this.list(number, 4, (at) => this.bytes.int32(at)); }
  uint16s(number: number): readonly number[] { return this.list(number, 2, (at) => this.bytes.uint16(at)); }
  int64s(number: number): readonly number[] { return this.list(number, 8, (at) => this.bytes.int64(at)); }
  float32s(number: number): readonly number[] { return this.list(number, 4, (at) => this.bytes.float32(at)); }
  tables(number: number): readonly FlatTable[] { return this.list(number, 4, (at) => new FlatTable(this.bytes, at + this.bytes.uint32(at))); }
  bytes8(number: number): Uint8Array { return Uint8Array.from(this.list(number, 1, (at) => this.bytes.int8(at))); }
  text(number: number): string { return new TextDecoder().decode(this.bytes8(number)); }
}
