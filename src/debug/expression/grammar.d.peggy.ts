/** Types of the parser that peggy makes of grammar.peggy. */
import type { Node } from './syntax';

export class SyntaxError extends Error {
  readonly found: string | null;
  readonly location: { readonly start: { readonly offset: number } };
}

/** @throws SyntaxError */
export function parse(text: string): Node;
