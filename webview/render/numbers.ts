/** Numbers as text: short, with a real minus sign, the same everywhere. */

/** About three significant digits: `0.0062`, `−1.3e−5`, `1,204`. */
export function shortNumber(value: number, digits = 3): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  let text: string;
  if (size >= 1e6 || size < (digits > 2 ? 1e-4 : 1e-3)) {
    const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
    text = `${mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa}e${exponent.replace('+', '')}`;
  } else if (Number.isInteger(value) || size >= 1000) text = Math.round(value).toLocaleString('en-US');
  else text = size >= 10 ** digits ? String(Math.round(value)) : value.toPrecision(digits);
  return text.replaceAll('-', '−');
}

/** As many digits as fit; a value next to nothing among the others, whose digits do not, says so. */
export function fitText(fits: (text: string) => boolean, value: number, { low, high }: { readonly low: number; readonly high: number }): string | null {
  const texts = [3, 2, 1].map((digits) => shortNumber(value, digits));
  if (Math.abs(value) < 0.03 * Math.max(Math.abs(low), Math.abs(high))) texts.push('≈0');
  return texts.find(fits) ?? null;
}

/** All digits that a float32 holds, without trailing zeros. */
export function exactNumber(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(7))).replaceAll('-', '−') : shortNumber(value);
}

/** A fixed number of decimals for a column of numbers, enough for the largest of them. */
export function columnNumber(value: number, largest: number): string {
  if (!Number.isFinite(value) || value === 0) return shortNumber(value);
  if (largest >= 1e5 || largest < 1e-3) return value.toExponential(1).replace('e+', 'e').replaceAll('-', '−');
  const decimals = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(largest))));
  return value.toFixed(decimals).replaceAll('-', '−');
}

/** `1,234`, `61.7 k`, `25.6 M`. */
export function count(value: number): string {
  return value < 100_000 ? value.toLocaleString('en-US') : compact(value);
}

/** `850`, `61.7 k`, `25.6 M`, `4.1 G`. */
export function compact(value: number): string {
  for (const [unit, size] of [['G', 1e9], ['M', 1e6], ['k', 1e3]] as const) {
    if (value >= size) return `${(value / size).toFixed(value >= 100 * size ? 0 : 1)} ${unit}`;
  }
  return String(value);
}

/** `32×14×14×6`; a scalar says so. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}
