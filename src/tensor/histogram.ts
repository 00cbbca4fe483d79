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
