/** The numbers of a slice as text that other programs read: tab-separated, JSON, NumPy. */
import { Failure } from './failure';
import { sizeOf } from './value';
import type { DType, TensorValue } from './value';

export type TextFormat = 'tabs' | 'json' | 'numpy';

/** Numbers that are put on the clipboard at most. */
export const maxText = 262_144;

/** The shortest decimal that reads back as the same element. */
function digits(value: number | bigint, dtype: DType): string {
  if (typeof value === 'bigint') return String(value);
  if (dtype === 'float64' || Number.isInteger(value) || !Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  for (let precision = 6; precision < 9; precision += 1) {
    const short = Number(value.toPrecision(precision));
    if (Math.fround(short) === Math.fround(value)) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

const words: Readonly<Record<TextFormat, Readonly<Record<string, string>>>> = {
  tabs: {},
  // JSON has neither; null is what its own writer gives.
  json: { NaN: 'null', Infinity: 'null', '-Infinity': 'null', '-0.0': '-0' },
  numpy: { NaN: 'np.nan', Infinity: 'np.inf', '-Infinity': '-np.inf' },
};

/**
 * The text of a value: rows as lines with tabs (a blank line between matrices), nested arrays, or an expression that makes the NumPy array.
 * JSON writes null for NaN and the infinities. @throws Failure `text.large` with more than `maxText` elements.
 */
export function textOf({ dtype, shape, data }: TensorValue, format: TextFormat): string {
  const count = sizeOf(shape);
  if (count > maxText) throw new Failure('text.large', `This slice has ${count.toLocaleString('en-US')} elements; at most ${maxText.toLocaleString('en-US')} are copied. Choose a smaller slice, or save it as .npy.`);
  const element = (at: number): string => {
    const text = digits(data[at] ?? 0, dtype);
    return words[format][text] ?? (format === 'numpy' && dtype === 'bool' ? (text === '0' ? 'False' : 'True') : text);
  };
  if (format === 'tabs') return tabs(shape, element);
  const nested = (axis: number, from: number): string => {
    if (axis === shape.length) return element(from);
    const inner = sizeOf(shape.slice(axis + 1));
    const parts = Array.from({ length: shape[axis] ?? 0 }, (_, index) => nested(axis + 1, from + index * inner));
    const separator = axis === shape.length - 1 ? ', ' : `,${'\n'.repeat(shape.length - 1 - axis)}${' '.repeat(axis + 1 + (format === 'numpy' ? 'np.array('.length : 0))}`;
    return `[${parts.join(separator)}]`;
  };
  return format === 'json' ? nested(0, 0) : `np.array(${nested(0, 0)}, dtype=np.${dtype === 'bfloat16' ? 'float32' : dtype === 'bool' ? 'bool_' : dtype})`;
}

function tabs(shape: readonly number[], element: (at: number) => string): string {
  const columns = shape.at(-1) ?? 1, rows = shape.at(-2) ?? 1;
  const lines: string[] = [];
  for (let at = 0, line = 0; at < sizeOf(shape); at += columns, line += 1) {
    if (line > 0 && line % rows === 0 && shape.length > 2) lines.push('');
    lines.push(Array.from({ length: columns }, (_, column) => element(at + column)).join('\t'));
  }
  return lines.join('\n');
}
