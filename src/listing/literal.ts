/** Attribute values and scalar constants as TypeScript literals that give back exactly the same value. */
import type { AttributeValue } from '../engine/trace';

export function literal(value: AttributeValue): string {
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (isList(value)) return `[${value.map(literal).join(', ')}]`;
  const entries = Object.entries(value).map(([key, entry]) => `${propertyName(key)}: ${literal(entry)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** A string literal with every character that could end a line or turn its direction escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''));
}

export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' ? name : name === '__proto__' ? '["__proto__"]' : quoted(name);
}

/** The shortest decimal that becomes the same float32 again. */
export function float32Literal(value: number): string {
  if (!Number.isFinite(value) || value === 0) return literal(value);
  for (let digits = 1; digits <= 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return literal(short);
  }
  return literal(value);
}

/** Same value and same structure; -0 and 0 differ, NaN equals itself. */
export function sameAttribute(a: AttributeValue, b: AttributeValue): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (isList(a) !== isList(b)) return false;
  if (isList(a) && isList(b)) return a.length === b.length && a.every((entry, i) => sameAttribute(entry, b[i]));
  return literal(a) === literal(b);
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value);
}
