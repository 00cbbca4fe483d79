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

type Numbers = Exclude<NumericArray, BigInt64Array | BigUint64Array>;
interface Tally { min: number; max: number; zeros: number; nan: number; infinite: number; sum: number; squares: number; power: number }

/** A function that is called for a few thousand elements at a time is compiled far sooner than one long loop, most of all where a debugger evaluates it. */
const blockLength = 4096;

function summarize(count: number, data: Numbers): TensorStatistics {
  const tally: Tally = { min: Infinity, max: -Infinity, zeros: 0, nan: 0, infinite: 0, sum: 0, squares: 0, power: 0 };
  const center = firstFinite(data);
  for (let from = 0; from < count; from += blockLength) add(tally, data, center, from, Math.min(count, from + blockLength));
  const { min, max, zeros, nan, infinite, sum, squares, power } = tally;
  const finite = count - nan - infinite;
  if (finite === 0) return { count, min: NaN, max: NaN, mean: NaN, standardDeviation: NaN, norm: 0, zeros, nan, infinite };
  const shift = sum / finite;
  const variance = Math.max(0, squares / finite - shift * shift);
  return { count, min, max, mean: center + shift, standardDeviation: Math.sqrt(variance), norm: Math.sqrt(power), zeros, nan, infinite };
}

function firstFinite(data: Numbers): number {
  for (let i = 0; i < data.length; i += 1) {
    const value = data[i] ?? 0;
    if (value - value === 0) return value;
  }
  return 0;
}

function add(tally: Tally, data: Numbers, center: number, from: number, end: number): void {
  let { min, max, zeros, sum, squares, power } = tally;
  for (let i = from; i < end; i += 1) {
    const value = data[i] ?? 0;
    if (value - value !== 0) {
      if (value !== value) tally.nan += 1;
      else tally.infinite += 1;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    if (value === 0) zeros += 1;
    const distance = value - center;
    sum += distance;
    squares += distance * distance;
    power += value * value;
  }
  tally.min = min; tally.max = max; tally.zeros = zeros; tally.sum = sum; tally.squares = squares; tally.power = power;
}
