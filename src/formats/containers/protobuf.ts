/** Protocol Buffers: messages whose fields are found at once and decoded when asked for, in memory or in a file too large for it. */
import { PbfReader } from 'pbf';
import { Failure } from '../../tensor/failure';
import type { RangeFile } from './range-file';

/** Where the content of a field lies; `wire` is 0 (varint), 1 (8 bytes), 2 (length-delimited) or 5 (4 bytes). */
export interface FieldRange { readonly wire: number; readonly start: number; readonly end: number }
export type FieldTable = ReadonlyMap<number, readonly FieldRange[]>;

/** Models list some ten thousands of ops; a message costs a hundred times the two bytes that it may have in a file. */
const mostInList = 200_000;
/** Fields read from a file, those read again for another question counted again. */
const mostFields = 10_000_000;
const tooMany = (label: string): Failure => new Failure('protobuf.size', `${label} lists more entries than any model has; it is refused.`);
const malformed = (label: string, at: number): Failure => new Failure('protobuf.malformed', `${label} is not a sound model file: its Protocol Buffers are malformed near byte ${at}.`);

/** One message in memory. Absent fields read as 0, '' or empty lists, as in proto3. */
export class ProtoMessage {
  private readonly table: Map<number, FieldRange[]>;

  /** `base` is where `bytes` begin in the file, for error messages; `effort` is shared by all messages within one. @throws Failure `protobuf.malformed`, `protobuf.size` */
  constructor(readonly bytes: Uint8Array, readonly label: string, readonly base = 0, private readonly effort = { left: mostFields }) {
    this.table = this.guard(() => {
      const reader = new PbfReader(bytes);
      const table = new Map<number, FieldRange[]>();
      while (reader.pos < bytes.length) {
        const at = reader.pos;
        const tag = reader.readVarint();
        const wire = tag & 7;
        const start = reader.pos;
        const length = wire === 0 ? varintLength(bytes, start) : wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? reader.readVarint() : NaN;
        const from = wire === 2 ? reader.pos : start;
        if (!(length >= 0 && from + length <= bytes.length) || tag < 8) throw malformed(label, base + at);
        effort.left -= 1;
        if (effort.left < 0) throw tooMany(label);
        const list = table.get(Math.floor(tag / 8));
        if (list === undefined) table.set(Math.floor(tag / 8), [{ wire, start: from, end: from + length }]);
        else list.push({ wire, start: from, end: from + length });
        reader.pos = from + length;
      }
      return table;
    });
  }

  has(field: number): boolean { return this.table.has(field); }

  private fields(field: number): readonly FieldRange[] { return this.table.get(field) ?? []; }

  private reader(start: number, end: number): PbfReader {
    const reader = new PbfReader(this.bytes.subarray(0, end));
    reader.pos = start;
    return reader;
  }

  private guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw malformed(this.label, this.base);
    }
  }

  /** All values of a repeated number, packed or not. */
  private numbers(field: number, wire: number, read: (reader: PbfReader) => number): readonly number[] {
    return this.guard(() => this.fields(field).flatMap((range) => {
      const reader = this.reader(range.start, range.end);
      if (range.wire === wire) return [read(reader)];
      const list: number[] = [];
      if (range.wire === 2) while (reader.pos < range.end) list.push(read(reader));
      return list;
    }));
  }

  /** Signed 64-bit; beyond 2^53 the nearest number. */
  ints(field: number): readonly number[] { return this.numbers(field, 0, (reader) => reader.readVarint(true)); }
  int(field: number): number { return this.ints(field).at(-1) ?? 0; }
  floats(field: number): readonly number[] { return this.numbers(field, 5, (reader) => reader.readFloat()); }
  float(field: number): number { return this.floats(field).at(-1) ?? 0; }
  doubles(field: number): readonly number[] { return this.numbers(field, 1, (reader) => reader.readDouble()); }
  fixed32(field: number): number { return this.numbers(field, 5, (reader) => reader.readFixed32()).at(-1) ?? 0; }
  datas(field: number): readonly Uint8Array[] { return this.fields(field).filter(({ wire }) => wire === 2).map(({ start, end }) => this.bytes.subarray(start, end)); }
  data(field: number): Uint8Array { return this.datas(field).at(-1) ?? new Uint8Array(0); }
  texts(field: number): readonly string[] { return this.datas(field).map((bytes) => new TextDecoder().decode(bytes)); }
  text(field: number): string { return this.texts(field).at(-1) ?? ''; }
  messages(field: number): readonly ProtoMessage[] {
    const ranges = this.fields(field);
    if (ranges.length > mostInList) throw tooMany(this.label);
    return ranges.filter(({ wire }) => wire === 2).map(({ start, end }) => new ProtoMessage(this.bytes.subarray(start, end), this.label, this.base + start, this.effort));
  }
  message(field: number): ProtoMessage { return this.messages(field).at(-1) ?? new ProtoMessage(new Uint8Array(0), this.label, this.base); }

  /** Entries of a `map<string, Message>`. */
  entries(field: number): readonly (readonly [string, ProtoMessage])[] { return this.messages(field).map((entry) => [entry.text(1), entry.message(2)] as const); }
}

function varintLength(bytes: Uint8Array, start: number): number {
  for (let length = 1; length <= 10; length += 1) {
    const byte = bytes[start + length - 1];
    if (byte === undefined) return NaN;
    if (byte < 0x80) return length;
  }
  return NaN;
}

const page = 1 << 16;

/** Finds the fields of a message in a file without reading their contents. @throws Failure `protobuf.malformed` */
export async function scanMessage(file: RangeFile, start: number, end: number): Promise<FieldTable> {
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  let at = start;
  const varint = async (): Promise<number> => {
    let value = 0;
    for (let shift = 0; shift < 10; shift += 1) {
      if (at >= end) throw malformed(file.label, at);
      if (at < windowStart || at >= windowStart + window.length) {
        window = await file.read(at, Math.min(page, end - at), 'its structure');
        windowStart = at;
      }
      const byte = window[at - windowStart] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    throw malformed(file.label, at);
  };
  const table = new Map<number, FieldRange[]>();
  let fields = 0;
  while (at < end) {
    const place = at;
    fields += 1;
    if (fields > 5 * mostInList) throw tooMany(file.label);
    const tag = await varint();
    const wire = tag % 8;
    let from = at;
    if (wire === 0) await varint();
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? await varint() : NaN;
      from = at;
      if (!(from + length <= end) || tag < 8) throw malformed(file.label, place);
      at = from + length;
    }
    const field = Math.floor(tag / 8);
    const list = table.get(field);
    if (list === undefined) table.set(field, [{ wire, start: from, end: at }]);
    else list.push({ wire, start: from, end: at });
  }
  return table;
}
