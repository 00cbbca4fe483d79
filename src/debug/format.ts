/** Values as text: in Variables, Watch, hovers and log messages. */
import { statisticsOf } from '../tensor/statistics';
import type { DType, NumericArray, Shape } from '../tensor/value';
import { numbersOf } from './expression/arrays';
import { plain } from './expression/functions';
import type { TensorResult, Value } from './expression/values';

export interface NumberFormat { readonly hex?: boolean }

const integers: ReadonlySet<DType> = new Set(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64']);

/** A number in up to seven digits for float32 (which holds no more), exactly for integers and computed values. */
export function formatNumber(value: number, dtype: DType = 'float64', { hex }: NumberFormat = {}): string {
  if (dtype === 'bool') return value === 0 ? 'false' : 'true';
  if (integers.has(dtype) && hex === true) return `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}`;
  if (!Number.isFinite(value) || Number.isInteger(value) && Math.abs(value) < 2 ** 53) return Object.is(value, -0) ? '-0' : String(value);
  return String(Number(value.toPrecision(dtype === 'float32' ? 7 : 12)));
}

/** Four digits, for statistics. */
const brief = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value));

/** `float32 32×28×28×6`. */
export const typeText = (dtype: DType, shape: Shape): string => (shape.length === 0 ? dtype : `${dtype} ${shape.join('×')}`);

/** `float32 32×28×28×6 · min -1.2 … max 3.4 · mean 0.01 · norm 12.3`, with zeros, NaN and infinities when there are some. */
export function tensorText(dtype: DType, shape: Shape, data: NumericArray): string {
  const type = typeText(dtype, shape);
  if (data.length === 0) return `${type} · empty`;
  const { count, min, max, mean, norm, zeros, nan, infinite } = statisticsOf(data);
  if (dtype === 'bool') return `${type} · ${count - zeros} true, ${zeros} false`;
  if (zeros === count) return `${type} · all zeros`;
  const parts = [type];
  if (nan + infinite < count) parts.push(`min ${brief(min)} … max ${brief(max)}`, `mean ${brief(mean)}`, `norm ${brief(norm)}`);
  if (zeros > 0) parts.push(`zeros ${share(zeros, count)}`);
  if (nan > 0) parts.push(`NaN ${share(nan, count)}`);
  if (infinite > 0) parts.push(`infinite ${share(infinite, count)}`);
  return parts.join(' · ');
}

const share = (part: number, count: number): string => `${part} (${brief((100 * part) / count)} %)`;

/** A short vector is shown whole; anything larger by its statistics. */
const shownWhole = 8;

/** A value in one line. */
export function formatValue(value: Value, format: NumberFormat = {}): string {
  if (typeof value === 'object' && value.shape.length === 0) return formatNumber(Number(value.data()[0]), value.dtype, format);
  const single = plain(value);
  if (typeof single === 'number') return formatNumber(single, Number.isInteger(single) ? 'int32' : 'float64', format);
  if (typeof single !== 'object') return String(single);
  const data = single.data();
  if (single.shape.length === 1 && data.length <= shownWhole) {
    return `${typeText(single.dtype, single.shape)} [${Array.from(numbersOf(data), (element) => formatNumber(element, single.dtype, format)).join(', ')}]`;
  }
  return tensorText(single.dtype, single.shape, data);
}

/** Elements that a copied tensor has at most; a clipboard is no place for millions of numbers. */
const maxCopied = 100_000;

/** A value in full, as nested arrays, for the clipboard; large tensors by their statistics. */
export function copyText(value: Value): string {
  if (typeof value !== 'object' || value.shape.length === 0) return formatValue(value);
  const data = value.data();
  return data.length > maxCopied ? `${formatValue(value)} (too large to copy: ${data.length} elements)` : nested(value, data);
}

function nested({ dtype, shape }: TensorResult, data: NumericArray): string {
  const rows = (axis: number, start: number, count: number): string => {
    if (axis === shape.length) return formatNumber(Number(data[start]), dtype);
    const extent = shape[axis] ?? 0, size = extent === 0 ? 0 : count / extent;
    return `[${Array.from({ length: extent }, (_, i) => rows(axis + 1, start + i * size, size)).join(', ')}]`;
  };
  return rows(0, 0, data.length);
}
