/** Mutations that know nothing of the format: bits, lengths, cuts, copies, splices, digits of texts. Each gives new bytes. */
import type { Random } from './random';

/** `donor` is another file of the corpus, of the same kind where there is one. */
export type Mutation = (bytes: Uint8Array, random: Random, donor: Uint8Array) => Uint8Array;

/** Numbers at which readers go wrong: nothing, one, the edges of types, more than any file. */
export const edges: readonly bigint[] = [0n, 1n, 2n, -1n, -2n, 127n, 128n, 255n, 256n, 65535n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 32n, 1n << 40n, (1n << 53n) - 1n, 1n << 53n, 1n << 60n, (1n << 63n) - 1n, 1n << 63n];

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const changed = (bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array => { const copy = bytes.slice(); change(copy); return copy; };

/** A place in the file: half of them in its first or last KiB, where headers and directories lie. */
function place(length: number, random: Random): number {
  const near = Math.min(length, 1024);
  return Math.max(0, random.chance(0.3) ? random.below(near) : random.chance(0.3) ? length - 1 - random.below(near) : random.below(length));
}

const flipBits: Mutation = (bytes, random) => changed(bytes, (copy) => {
  for (let times = 1 + random.below(4); times > 0; times -= 1) {
    const at = place(copy.length, random);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  }
});

const setBytes: Mutation = (bytes, random) => changed(bytes, (copy) => {
  const at = place(copy.length, random);
  const value = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
  copy.fill(value, at, at + random.pick([1, 1, 2, 4, 8, 16, 64]));
});

/** Writes a number over a field of 2, 4 or 8 bytes, as lengths, counts and offsets are stored. */
const setNumber: Mutation = (bytes, random) => changed(bytes, (copy) => {
  const width = random.pick([2, 4, 4, 8, 8]);
  if (copy.length < width) return;
  let at = Math.min(place(copy.length, random), copy.length - width);
  if (random.chance(0.7)) at -= at % Math.min(width, 4);
  const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
  const little = random.chance(0.85);
  const size = BigInt(copy.length);
  const old = width === 2 ? BigInt(view.getUint16(at, little)) : width === 4 ? BigInt(view.getUint32(at, little)) : view.getBigUint64(at, little);
  const value = random.pick([...edges, size, size - 1n, size + 1n, BigInt(at), old + 1n, old - 1n, old * 2n, -old, old << 16n]);
  if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, value)), little);
  else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), little);
  else view.setBigUint64(at, BigInt.asUintN(64, value), little);
});

const cutEnd: Mutation = (bytes, random) => bytes.slice(0, random.chance(0.3) ? random.below(Math.min(bytes.length, 64)) : random.below(bytes.length));

const removeStretch: Mutation = (bytes, random) => {
  const at = place(bytes.length, random);
  return joined(bytes.subarray(0, at), bytes.subarray(at + random.pick([1, 1, 2, 4, 8, 64, 1024])));
};

const repeatStretch: Mutation = (bytes, random) => {
  const at = place(bytes.length, random);
  const stretch = bytes.subarray(at, at + random.pick([1, 4, 16, 64, 512]));
  return joined(bytes.subarray(0, at), ...Array.from({ length: random.pick([2, 3, 64]) }, () => stretch), bytes.subarray(at + stretch.length));
};

const insertNoise: Mutation = (bytes, random) => {
  const at = place(bytes.length, random);
  return joined(bytes.subarray(0, at), random.bytes(random.pick([1, 2, 4, 8, 32])), bytes.subarray(at));
};

/** The start of one file and the end of another. */
const splice: Mutation = (bytes, random, donor) => joined(bytes.subarray(0, random.below(bytes.length)), donor.subarray(random.below(donor.length)));

const copyOver: Mutation = (bytes, random, donor) => changed(bytes, (copy) => {
  const from = place(donor.length, random);
  const stretch = donor.subarray(from, from + random.pick([4, 16, 64, 256]));
  const at = place(copy.length, random);
  copy.set(stretch.subarray(0, copy.length - at), at);
});

/** Other digits, of the same length: counts and shapes in texts, wherever the text lies. */
const changeDigits: Mutation = (bytes, random) => changed(bytes, (copy) => {
  const starts: number[] = [];
  const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
  for (let at = 0; at < copy.length; at += 1) if (isDigit(copy[at]) && !isDigit(copy[at - 1])) starts.push(at);
  if (starts.length === 0) return;
  const start = random.pick(starts);
  const digit = random.pick([0x30, 0x39, 0x2d, 0x31 + random.below(9)]);
  for (let at = start; isDigit(copy[at]); at += 1) copy[at] = random.chance(0.8) ? 0x39 : digit;
  copy[start] = digit;
});

const tokens: readonly (readonly [string, string])[] = [['true', 'null'], ['null', 'true'], ['[]', '{}'], ['{}', '[]'], ['"name"', '"nome"'], ['"config"', '"konfig"'], ['"class_name"', '"class_nome"'], ['"layers"', '"lyaers"'], ['"inbound_nodes"', '"inbound_nudes"'], ['[[', '[{'], [', ', ',,'], ['1', 'e'], ['"', '0'], ['Dense', 'Input'], ['Conv2D', 'Conv1D'], ['float32', 'float64'], ['float32', 'complex']];

/** Words of descriptions exchanged for others of the same length. */
const changeWord: Mutation = (bytes, random) => changed(bytes, (copy) => {
  const [from, to] = random.pick(tokens);
  const buffer = Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength);
  const first = buffer.indexOf(from, random.below(copy.length));
  const at = first >= 0 ? first : buffer.indexOf(from);
  if (at >= 0) buffer.write(to.padEnd(from.length).slice(0, from.length), at, 'latin1');
});

const signatures = ['TREE', 'HEAP', 'SNOD', 'OHDR', 'FRHP', 'BTHD', 'GCOL', 'OCHK', 'FHDB', 'FHIB', 'PK\u0001\u0002', 'PK\u0003\u0004', 'PK\u0005\u0006', 'NUMPY', 'TFL3'];

/** Changes a byte or a number behind a signature that some container writes before its structures. */
const nearSignature: Mutation = (bytes, random, donor) => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = signatures.flatMap((signature) => {
    const found: number[] = [];
    for (let at = buffer.indexOf(signature, 0, 'latin1'); at >= 0 && found.length < 64; at = buffer.indexOf(signature, at + 1, 'latin1')) found.push(at);
    return found;
  });
  if (places.length === 0) return setNumber(bytes, random, donor);
  const at = random.pick(places) + 4;
  const end = Math.min(bytes.length, at + 96);
  if (at >= end) return bytes;
  const inner = random.pick([flipBits, setBytes, setNumber])(bytes.slice(at, end), random, donor);
  return joined(bytes.subarray(0, at), inner, bytes.subarray(end));
};

export const byteMutations: readonly Mutation[] = [flipBits, setBytes, setNumber, setNumber, cutEnd, removeStretch, repeatStretch, insertNoise, splice, copyOver, changeDigits, changeWord, nearSignature];
