/** Building blocks of formulas: KaTeX source for names, indices, sums and numbers, and the same in words. */

/** A variable of the listing as upright text; identifiers hold only letters, digits, `_` and `$`. */
export function texName(name: string): string {
  return `\\texttt{${name.replace(/[\\{}#%&~^]/g, '').replace(/[_$]/g, '\\$&')}}`;
}

/** `name[i, j]`; no brackets without indices. */
export function texAt(name: string, ...indices: readonly string[]): string {
  return indices.length === 0 ? name : `${name}[${indices.join(',')}]`;
}

/** `\sum_{n=0}^{31}\sum_{p,q=0}^{9}`: neighbours of equal extent share a sign; an extent of one needs none. */
export function texSum(...ranges: readonly (readonly [index: string, extent: number])[]): string {
  const groups: { names: string[]; extent: number }[] = [];
  for (const [index, extent] of ranges) {
    if (extent === 1) continue;
    const last = groups.at(-1);
    if (last?.extent === extent) last.names.push(index);
    else groups.push({ names: [index], extent });
  }
  return groups.map(({ names, extent }) => `\\sum_{${names.join(',')}=0}^{${extent - 1}}`).join('');
}

/** Index of a sum that runs over `extent` values: its letter, or 0 where there is nothing to sum over. */
export const texIndex = (index: string, extent: number): string => (extent === 1 ? '0' : index);

/** `2i+3u-1`, with every part that changes nothing left out. */
export function texPosition(terms: readonly (readonly [factor: number, index: string])[], offset: number): string {
  const parts = terms.filter(([factor, index]) => factor !== 0 && index !== '0').map(([factor, index]) => (factor === 1 ? index : `${factor}${index}`));
  const text = parts.join('+');
  if (offset === 0) return text === '' ? '0' : text;
  return offset < 0 ? `${text}-${-offset}` : `${text}${text === '' ? '' : '+'}${offset}`;
}

/** A number in a formula: up to four digits, powers of ten written as such. */
export function texNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '\\text{NaN}' : value > 0 ? '\\infty' : '-\\infty';
  const short = String(Number(value.toPrecision(4)));
  const [mantissa, exponent] = short.split('e');
  return exponent === undefined ? short : `${mantissa === '1' ? '' : `${mantissa}\\cdot `}10^{${Number(exponent)}}`;
}

/** `10 × 10`; a scalar is `1`. */
export const sizeText = (extents: readonly number[]): string => (extents.length === 0 ? '1' : extents.map(countText).join(' × '));

/** `3,200`. */
export const countText = (count: number): string => count.toLocaleString('en-US');

/** `1 example`, `32 examples`. */
export const plural = (count: number, one: string, many = `${one}s`): string => `${countText(count)} ${count === 1 ? one : many}`;

/** `a, b and c`. */
export function listText(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
