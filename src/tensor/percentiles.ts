/** Percentiles of a tensor's finite values, exact for float32, without sorting. */
import type { NumericArray } from './value';

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Bits of a float32 as an integer that grows with its value. */
const ordered = (bits: number): number => (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0;
function valueOf(key: number): number {
  word[0] = key & 0x80000000 ? key & 0x7fffffff : ~key;
  return float[0] ?? NaN;
}
const isFinite32 = (bits: number): boolean => (bits & 0x7f800000) !== 0x7f800000;

/** The elements' float32 bits, at most a million at a time. */
function* bitsOf(data: NumericArray): Generator<Uint32Array> {
  if (data instanceof Float32Array) yield new Uint32Array(data.buffer, data.byteOffset, data.length);
  else {
    for (let from = 0; from < data.length; from += 1 << 20) {
      const part = data.subarray(from, from + (1 << 20));
      yield new Uint32Array(Float32Array.from({ length: part.length }, (_, i) => Number(part[i])).buffer);
    }
  }
}

/**
 * The values below which the given shares (0 … 100) of the finite elements lie, interpolated between neighbours as NumPy's
 * `percentile` does. Elements are taken as float32. NaN where there is no finite element.
 */
export function percentilesOf(data: NumericArray, shares: readonly number[]): number[] {
  const high = new Uint32Array(1 << 16);
  let count = 0;
  for (const bits of bitsOf(data)) {
    for (let i = 0; i < bits.length; i += 1) {
      const raw = bits[i] ?? 0;
      if (!isFinite32(raw)) continue;
      const bin = ordered(raw) >>> 16;
      high[bin] = (high[bin] ?? 0) + 1;
      count += 1;
    }
  }
  if (count === 0) return shares.map(() => NaN);
  const places = shares.map((share) => (Math.min(100, Math.max(0, share)) / 100) * (count - 1));
  const ranks = [...new Set(places.flatMap((place) => [Math.floor(place), Math.ceil(place)]))].sort((a, b) => a - b);
  const found = order(data, high, ranks);
  return places.map((place) => {
    const [below, above] = [found.get(Math.floor(place)) ?? NaN, found.get(Math.ceil(place)) ?? NaN];
    return below + (above - below) * (place - Math.floor(place));
  });
}

/** The values at the given ranks (sorted): the bin of each by its upper 16 bits, then its place in the bin by the lower ones. */
function order(data: NumericArray, high: Uint32Array, ranks: readonly number[]): Map<number, number> {
  const wanted = new Map<number, { readonly low: Uint32Array; readonly ranks: { readonly rank: number; readonly inside: number }[] }>();
  let before = 0, next = 0;
  for (let bin = 0; bin < high.length && next < ranks.length; bin += 1) {
    const size = high[bin] ?? 0;
    for (let rank = ranks[next]; rank !== undefined && rank < before + size; rank = ranks[++next]) {
      const known = wanted.get(bin) ?? { low: new Uint32Array(1 << 16), ranks: [] };
      known.ranks.push({ rank, inside: rank - before });
      wanted.set(bin, known);
    }
    before += size;
  }
  for (const bits of bitsOf(data)) {
    for (let i = 0; i < bits.length; i += 1) {
      const raw = bits[i] ?? 0;
      if (!isFinite32(raw)) continue;
      const key = ordered(raw), low = wanted.get(key >>> 16)?.low;
      if (low !== undefined) low[key & 0xffff] = (low[key & 0xffff] ?? 0) + 1;
    }
  }
  const found = new Map<number, number>();
  for (const [bin, { low, ranks: inBin }] of wanted) {
    let below = 0, at = 0;
    for (const { rank, inside } of inBin) {
      while (below + (low[at] ?? 0) <= inside) below += low[at++] ?? 0;
      found.set(rank, valueOf(((bin << 16) | at) >>> 0));
    }
  }
  return found;
}
