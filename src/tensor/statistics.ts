/** Numbers that describe a tensor at a glance, taken in one pass over its elements. */
import type { NumericArray } from './value';

export interface TensorStatistics {
  /** All elements, finite or not. */
  readonly count: number;
  /** Of the finite elements; NaN when there is none. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of the population (divided by the count, not by the count less one). */
  readonly standardDeviation: number;
  /** Euclidean norm of the finite elements. */
  readonly norm: number;
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
}

/**
 * Statistics of all elements; NaN and infinities are counted and kept out of everything else. The variance is taken around
 * the first finite element, so that a large mean does not drown a small deviation.
 */
export function statisticsOf(data: NumericArray): TensorStatistics {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? summarize(data.length, bigints(data)) : summarize(data.length, data);
}

/** 64-bit integers as numbers: beyond 2^53 the nearest double. */
function bigints(data: BigInt64Array | BigUint64Array): Float64Array {
  const numbers = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 1) numbers[i] = Number(data[i]);
  return numbers;
}

function summarize(count: number, data: Exclude<NumericArray, BigInt64Array | BigUint64Array>): TensorStatistics {
  let min = Infinity, max = -Infinity, zeros = 0, nan = 0, infinite = 0;
  let center = 0, finite = 0, sum = 0, squares = 0, power = 0;
  for (let i = 0; i < count; i += 1) {
    const value = data[i] ?? 0;
    if (value - value !== 0) {
      if (value !== value) nan += 1;
      else infinite += 1;
      continue;
    }
    if (finite === 0) center = value;
    finite += 1;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value === 0) zeros += 1;
    const distance = value - center;
    sum += distance;
    squares += distance * distance;
    power += value * value;
  }
  if (finite === 0) return { count, min: NaN, max: NaN, mean: NaN, standardDeviation: NaN, norm: 0, zeros, nan, infinite };
  const shift = sum / finite;
  const variance = Math.max(0, squares / finite - shift * shift);
  return { count, min, max, mean: center + shift, standardDeviation: Math.sqrt(variance), norm: Math.sqrt(power), zeros, nan, infinite };
}
