/** How the values of a tensor are distributed: counts in equal bins between the smallest and the largest finite one. */
import type { NumericArray } from './value';

export interface Histogram { readonly min: number; readonly max: number; readonly counts: readonly number[] }

/**
 * Counts of the finite elements in `bins` equal bins over `range` (min and max of the tensor, already known from its statistics).
 * A bin holds its lower edge, the last also its upper one. All values equal give one bin; no finite value gives none.
 */
export function histogramOf(data: NumericArray, range: { readonly min: number; readonly max: number }, bins = 64): Histogram {
  const { min, max } = range;
  if (!(max >= min)) return { min: 0, max: 0, counts: [] };
  const wide = max - min;
  const width = Number.isFinite(wide) ? wide : Number.MAX_VALUE;
  const counts = new Array<number>(width === 0 ? 1 : bins).fill(0);
  const last = counts.length - 1;
  const scale = width === 0 ? 0 : counts.length / width;
  if (data instanceof Float32Array && width === wide && Number.isFinite(scale)) return { min, max, counts: countFloats(data, min, max, counts.length, scale) };
  for (let i = 0; i < data.length; i += 1) {
    const value = Number(data[i]);
    if (!(value >= min && value <= max)) continue;
    // A subnormal width overflows the scale; 0 × ∞ then belongs to the first bin.
    const bin = Math.floor((value - min) * scale);
    const place = bin > last ? last : bin > 0 ? bin : 0;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return { min, max, counts };
}

/** The usual case in a loop without detours: a large kernel has many millions of elements. */
function countFloats(data: Float32Array, min: number, max: number, bins: number, scale: number): number[] {
  // The largest value falls behind the last bin, to which it belongs.
  const counts = new Uint32Array(bins + 1);
  for (let i = 0; i < data.length; i += 1) {
    const value = data[i] ?? NaN;
    if (value >= min && value <= max) {
      const bin = ((value - min) * scale) | 0;
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  const list = Array.from(counts.subarray(0, bins));
  list[bins - 1] = (list[bins - 1] ?? 0) + (counts[bins] ?? 0);
  return list;
}
