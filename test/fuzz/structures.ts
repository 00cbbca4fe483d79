/** Mutations that know the container: members of archives, headers with lengths, messages, tables, and what lies within. */
import { gunzipSync, gzipSync, unzipSync, zipSync } from 'fflate';
import type { UnzipFileFilter, Zippable } from 'fflate';
import { byteMutations, edges, joined } from './bytes';
import { mutateJson } from './json';
import { mutateProtobuf } from './protobuf';
import type { Random } from './random';

const startsWith = (bytes: Uint8Array, ...start: readonly number[]): boolean => start.every((byte, index) => bytes[index] === byte);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const utf8 = (words: string): Uint8Array => new TextEncoder().encode(words);
type Structure = { readonly fits: (bytes: Uint8Array, name: string) => boolean; readonly mutate: (bytes: Uint8Array, random: Random, donor: Uint8Array) => Uint8Array | null };

/** The way in is by content, so that a member of an archive is treated as the file it is. The first that fits is taken. */
const structures: readonly Structure[] = [
  { fits: (bytes) => startsWith(bytes, 0x50, 0x4b) && unpacksSoon(bytes), mutate: mutateZip },
  { fits: (bytes) => startsWith(bytes, 0x1f, 0x8b) && (bytes.at(-1) ?? 1) === 0, mutate: (bytes, random, donor) => gzipSync(mutate(gunzipSync(bytes), 'inner', random, donor), { mtime: 0 }) },
  { fits: (bytes) => startsWith(bytes, 0x93, 0x4e), mutate: mutateNpy },
  { fits: (bytes) => startsWith(bytes, 0x7b) || startsWith(bytes, 0x5b), mutate: (bytes, random) => { const changed = mutateJson(text(bytes), random); return changed === null ? null : utf8(changed); } },
  { fits: (_, name) => name.endsWith('.safetensors'), mutate: mutateSafetensors },
  { fits: (bytes) => startsWith(bytes.subarray(4), 0x54, 0x46, 0x4c, 0x33), mutate: mutateFlatbuffer },
  { fits: (_, name) => /\.(onnx|pb)$/.test(name), mutate: (bytes, random) => mutateProtobuf(bytes, random) },
  { fits: (bytes, name) => bytes[0] === 0x80 && /\.(pt|pkl|pth|inner)$/.test(name), mutate: mutatePickle },
  { fits: (_, name) => name.endsWith('.csv'), mutate: mutateCsv },
];

/** One mutation of a file: of its structure where it is known, else (or by chance) of its bytes. */
export function mutate(bytes: Uint8Array, name: string, random: Random, donor: Uint8Array): Uint8Array {
  const structure = random.chance(0.65) ? structures.find(({ fits }) => fits(bytes, name)) : undefined;
  const changed = structure === undefined ? null : attempt(() => structure.mutate(bytes, random, donor));
  return changed ?? (bytes.length === 0 ? random.bytes(8) : random.pick(byteMutations)(bytes, random, donor.length === 0 ? bytes : donor));
}

/** An earlier mutation may have made a directory of millions of members, at which the fuzzer's own library goes on for ever. */
function unpacksSoon(bytes: Uint8Array): boolean {
  const end = bytes.subarray(-22);
  return startsWith(end, 0x50, 0x4b, 5, 6) && (end[10] ?? 0) + 256 * (end[11] ?? 0) < 5000;
}

/** An earlier mutation may have broken the structure itself. */
function attempt(change: () => Uint8Array | null): Uint8Array | null {
  try {
    return change();
  } catch {
    return null;
  }
}

/** A filter that ends the reading of a directory which an earlier mutation made endless. @throws Error then */
export function bounded(filter: UnzipFileFilter): UnzipFileFilter {
  let listed = 0;
  return (member) => {
    if ((listed += 1) > 100_000) throw new Error('too many members');
    return filter(member);
  };
}

/** Members changed, renamed, removed or added, packed again: stored ones stay stored. */
function mutateZip(bytes: Uint8Array, random: Random, donor: Uint8Array): Uint8Array | null {
  const stored = new Set<string>();
  const members = unzipSync(bytes, { filter: bounded(({ name, compression, originalSize }) => {
    if (compression === 0) stored.add(name);
    return originalSize < 4e6;
  }) });
  const names = Object.keys(members);
  if (names.length === 0) return null;
  const name = random.pick(names);
  const content = members[name] ?? new Uint8Array(0);
  const packed: Zippable = {};
  for (const [member, inside] of Object.entries(members)) packed[member] = [inside, { level: stored.has(member) ? 0 : 6 }];
  const action = random.below(12);
  if (action === 0) Reflect.deleteProperty(packed, name);
  else if (action === 1) { Reflect.deleteProperty(packed, name); packed[random.pick([`${name}_`, `../${name}`, `/${name}`, `x/${name}`, 'config.json', name.toUpperCase(), 'n'.repeat(2000)])] = content; }
  else if (action === 2) packed[name] = members[random.pick(names)] ?? content;
  else if (action === 3) packed[name] = [content, { level: stored.has(name) ? 6 : 0 }];
  else packed[name] = [mutate(content, innerName(name), random, donor), { level: stored.has(name) ? 0 : 6 }];
  return zipSync(packed, { mtime: '2024-01-01' });
}

const innerName = (name: string): string => (/\/?data\.pkl$/.test(name) ? 'data.pkl' : name);

/** The header's text with its length before it. */
function mutateNpy(bytes: Uint8Array, random: Random, donor: Uint8Array): Uint8Array | null {
  if (bytes.length < 12 || bytes[6] !== 1) return null;
  const length = (bytes[8] ?? 0) + 256 * (bytes[9] ?? 0);
  const header = text(bytes.subarray(10, 10 + length));
  const shape = random.pick(['()', '(0,)', '(-1,)', '(1,)', '(99999999999,)', '(65536, 65536, 65536)', '(3, )', 'None', '(1e3,)', "('a',)", `(${'1, '.repeat(40)})`]);
  const type = random.pick(['<f4', '>f8', '|O', '<U5', '<i2', '<c8', 'f4', '<f3', '', "[('a', '<f4')]", '|V8', '<f2', '<M8[s]']);
  const changed = random.pick([
    () => header.replace(/\([^)]*\)/, shape), () => header.replace(/'descr': '[^']*'/, `'descr': '${type}'`), () => header.replace(/True|False/, random.pick(['True', 'False', 'None', '1'])),
    () => text(random.pick(byteMutations)(utf8(header), random, donor)),
  ])();
  const words = utf8(changed);
  return joined(bytes.subarray(0, 8), Uint8Array.of(words.length & 255, (words.length >> 8) & 255), words, bytes.subarray(10 + length));
}

function mutateSafetensors(bytes: Uint8Array, random: Random): Uint8Array | null {
  if (bytes.length < 10) return null;
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = mutateJson(text(bytes.subarray(8, 8 + length)), random);
  if (header === null) return null;
  const words = utf8(header);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, random.chance(0.9) ? BigInt(words.length) : BigInt.asUintN(64, random.pick(edges)), true);
  return joined(prefix, words, bytes.subarray(8 + length));
}

/** Offsets, vector lengths and vtable entries are aligned numbers that point into the file. */
function mutateFlatbuffer(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const candidates: number[] = [];
  for (let at = 0; at + 4 <= copy.length; at += 4) {
    const value = view.getInt32(at, true);
    if (value !== 0 && Math.abs(value) < copy.length) candidates.push(at);
  }
  for (let times = random.pick([1, 1, 2, 4]); times > 0 && candidates.length > 0; times -= 1) {
    const at = random.pick(candidates);
    const old = view.getInt32(at, true);
    const value = random.pick([...edges, BigInt(copy.length - at), BigInt(-at), BigInt(old + 4), BigInt(old - 4), BigInt(old + 1), BigInt(random.pick(candidates) - at), BigInt(random.below(copy.length))]);
    if (random.chance(0.2)) view.setUint16(at, random.pick([0, 2, 4, 6, 0xffff, 0x7fff, random.below(256)]), true);
    else view.setInt32(at, Number(BigInt.asIntN(32, value)), true);
  }
  return copy;
}

/** MARK, STOP, POP, DUP, FLOAT, INT, BININT, LONG, NONE, PERSID, BINPERSID, REDUCE, UNICODE, APPEND, BUILD, GLOBAL, DICT, GET, PUT, … and protocol 2 to 5. */
const opcodes = [...Buffer.from('(.012FIJKMLNPQRVXabcdeghijlopqrstu}]{)G'), 0x80, 0x81, 0x82, 0x83, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98];

function mutatePickle(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(copy.length);
  const code = random.pick(opcodes);
  switch (random.below(4)) {
    case 0: copy[at] = code; return copy;
    case 1: return joined(copy.subarray(0, at), Uint8Array.of(code), copy.subarray(at));
    case 2: return joined(copy.subarray(0, at), new Uint8Array(random.pick([1, 10, 5000])).fill(code), copy.subarray(at));
    default: {
      // An opcode of the file itself, elsewhere in it.
      const places = [...copy.keys()].filter((index) => copy[index] === code);
      if (places.length > 0) copy[random.pick(places)] = random.pick(opcodes);
      return copy;
    }
  }
}

function mutateCsv(bytes: Uint8Array, random: Random): Uint8Array {
  const lines = text(bytes).split('\n');
  const at = random.below(lines.length);
  const cells = (lines[at] ?? '').split(',');
  const cell = random.below(cells.length);
  cells[cell] = random.pick(['', '"', '""', '"a""b"', 'NaN', 'Infinity', '1e999', '-0', '0x10', '1,5', 'é\u0000', 'x'.repeat(100_000), ';', '\t', '=1+1', '\ufeff', ' 7 ', '"\n"']);
  lines[at] = random.chance(0.1) ? '' : cells.join(random.chance(0.9) ? ',' : random.pick([';', '\t', '']));
  if (random.chance(0.1)) lines.splice(at, 1);
  return utf8(lines.join(random.chance(0.9) ? '\n' : random.pick(['\r', '\r\n', ''])));
}
