/** Mutations of Protocol Buffers: fields of a message, at any depth, changed and written back with right lengths around them. */
import { edges, joined } from './bytes';
import type { Random } from './random';

interface Field { readonly number: number; readonly wire: number; readonly content: Uint8Array }

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** The fields of a message, or null for bytes that are none. */
function fieldsOf(bytes: Uint8Array): Field[] | null {
  const fields: Field[] = [];
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift += 1) {
      const byte = bytes[at];
      if (byte === undefined) return NaN;
      at += 1;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  while (at < bytes.length) {
    const tag = number();
    const wire = tag % 8;
    const start = at;
    if (!(tag >= 8) || tag > 2 ** 32) return null;
    if (wire === 0) { if (Number.isNaN(number())) return null; fields.push({ number: Math.floor(tag / 8), wire, content: bytes.subarray(start, at) }); continue; }
    const length = wire === 2 ? number() : wire === 1 ? 8 : wire === 5 ? 4 : NaN;
    if (!(at + length <= bytes.length)) return null;
    fields.push({ number: Math.floor(tag / 8), wire, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields.length === 0 ? null : fields;
}

const written = (fields: readonly Field[]): Uint8Array => joined(...fields.flatMap(({ number, wire, content }) => [varint(BigInt(number * 8 + wire)), ...(wire === 2 ? [varint(BigInt(content.length))] : []), content]));

/** Changes one field; null when the bytes are no message. */
export function mutateProtobuf(bytes: Uint8Array, random: Random, depth = 0): Uint8Array | null {
  const fields = fieldsOf(bytes);
  if (fields === null) return null;
  const index = random.below(fields.length);
  const field = fields[index];
  if (field === undefined) return null;
  const put = (...replacement: readonly Field[]): Uint8Array => written([...fields.slice(0, index), ...replacement, ...fields.slice(index + 1)]);
  const inner = field.wire === 2 && depth < 12 && random.chance(0.85) ? mutateProtobuf(field.content, random, depth + 1) : null;
  if (inner !== null) return put({ ...field, content: inner });
  switch (random.below(8)) {
    case 0: return put();
    case 1: return put(...Array.from({ length: random.pick([2, 3, 100]) }, () => field));
    case 2: return put({ ...field, number: 1 + random.below(40) });
    case 3: return put({ ...field, wire: 0, content: varint(random.pick(edges)) });
    case 4: return put({ ...field, wire: 2, content: random.bytes(random.below(16)) });
    case 5: { const other = random.pick(fields); return put({ ...field, wire: other.wire, content: other.content }); }
    default: break;
  }
  if (field.wire === 0) return put({ ...field, content: varint(random.pick(edges)) });
  // A list of packed numbers, a name, or elements.
  const content = field.content.slice();
  if (random.chance(0.3)) return put({ ...field, content: new TextEncoder().encode(random.pick(['', 'x', '__proto__', '../../../etc/passwd', 'a\u0000b', 'n'.repeat(3000)])) });
  if (random.chance(0.5)) return put({ ...field, content: joined(varint(random.pick(edges)), content) });
  if (content.length > 0) content[random.below(content.length)] = random.below(256);
  return put({ ...field, content });
}
