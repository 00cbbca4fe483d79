/** Where an axis of the loss curve has its numbers, and how they are written. Pure. */
import { shortNumber } from './numbers';

/** Indices of round iterations, at most about eight: 1, 20, 40, … */
export function iterationTicks(min: number, max: number): number[] {
  const step = [1, 2, 5].flatMap((one) => [0, 1, 2, 3, 4, 5, 6, 7].map((power) => one * 10 ** power)).sort((a, b) => a - b).find((size) => (max - min) / size <= 8) ?? max;
  const ticks = Array.from({ length: Math.floor((max + 1) / step) }, (_, index) => (index + 1) * step - 1).filter((tick) => tick >= min && tick <= max);
  return step > 1 && min <= 0 ? [0, ...ticks] : ticks;
}

/** Numbers of one axis with the same number of decimals. */
export function tickTexts(splits: readonly number[]): string[] {
  const texts = splits.map((value) => shortNumber(value, 3));
  if (texts.some((text) => text.includes('e'))) return texts;
  const decimals = Math.max(...splits.map((value) => (String(Number(value.toPrecision(6))).split('.')[1] ?? '').length));
  return splits.map((value) => (Math.abs(value) >= 1000 ? shortNumber(value) : value.toFixed(decimals).replace('-', '−')));
}
