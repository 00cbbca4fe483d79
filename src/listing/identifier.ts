/** Identifiers for the listing from names that people, programs and files gave: any text in, valid TypeScript out. */

const reserved = new Set((
  'abstract any as asserts async await boolean break case catch class const continue debugger declare default delete do else enum export extends '
  + 'false finally for from function get if implements import in infer instanceof interface is keyof let module namespace never new null number '
  + 'object of package private protected public readonly require return set static string super switch symbol this throw true try type typeof '
  + 'undefined unique unknown var void while with yield NaN Infinity arguments eval globalThis').split(' '));

const longest = 60;

/**
 * A valid identifier that reads like `text`: letters and digits of every script stay, everything else becomes one underscore.
 * Not unique, and not kept from being a reserved word; `NameTable.claim` does both.
 */
export function identifier(text: string): string {
  const parts = text.normalize('NFC').replace(/[^\p{ID_Continue}$]+/gu, '_').replace(/_+/g, '_').replace(/^_|_$/g, '');
  const short = Array.from(parts).slice(0, longest).join('');
  if (short === '') return '_';
  return /^[\p{ID_Start}$_]/u.test(short) ? short : `_${short}`;
}

/** Text that is safe and calm in a comment line: no line breaks, control or direction characters, not longer than a line. */
export function commentText(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return plain.length > 120 ? `${plain.slice(0, 119)}…` : plain;
}

/** The names taken in one listing. */
export class NameTable {
  private readonly taken: Set<string>;
  private readonly next = new Map<string, number>();

  constructor(functions: Iterable<string>) {
    this.taken = new Set([...reserved, ...functions]);
  }

  /**
   * `wanted` if it is free; `otherwise` if that is (`conv2d_out` for a layer named like the function `conv2d`); else `wanted_2`, `_3`, …
   */
  claim(wanted: string, otherwise?: string): string {
    const free = this.pick(wanted, otherwise);
    this.taken.add(free);
    return free;
  }

  private pick(wanted: string, otherwise?: string): string {
    if (!this.taken.has(wanted)) return wanted;
    if (otherwise !== undefined && !this.taken.has(otherwise)) return otherwise;
    let number = this.next.get(wanted) ?? 2;
    while (this.taken.has(`${wanted}_${number}`)) number += 1;
    this.next.set(wanted, number + 1);
    return `${wanted}_${number}`;
  }
}
