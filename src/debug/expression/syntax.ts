/** The syntax tree of an expression, and the way from text to it. */
import { Failure } from '../../tensor/failure';
import { parse } from './grammar.peggy';

export type UnaryOp = '!' | '-' | '+';
export type BinaryOp = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%' | '**';

/** Part of `[…]`: one index, a range `start:stop:step`, or `...` for all axes in between. */
export type Item =
  | { readonly kind: 'at'; readonly value: Node; readonly at: number }
  | { readonly kind: 'range'; readonly start: Node | null; readonly stop: Node | null; readonly step: Node | null; readonly at: number }
  | { readonly kind: 'rest'; readonly at: number };

/** `at` is where in the text the node's own sign or name begins, from 0. */
export type Node =
  | { readonly type: 'number'; readonly value: number; readonly at: number }
  | { readonly type: 'string'; readonly value: string; readonly at: number }
  | { readonly type: 'boolean'; readonly value: boolean; readonly at: number }
  | { readonly type: 'name'; readonly name: string; readonly at: number }
  | { readonly type: 'member'; readonly object: Node; readonly name: string; readonly at: number }
  | { readonly type: 'index'; readonly object: Node; readonly items: readonly Item[]; readonly at: number }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly { readonly name: string | null; readonly value: Node }[]; readonly at: number }
  | { readonly type: 'unary'; readonly op: UnaryOp; readonly operand: Node; readonly at: number }
  | { readonly type: 'binary'; readonly op: BinaryOp; readonly left: Node; readonly right: Node; readonly at: number };

export interface Expression { readonly text: string; readonly root: Node }

const maxLength = 1000;
const maxNesting = 40;

/** An error at a place of the expression: the sentence ends with where. `at` counts from 0, people count from 1. */
export function failureAt(code: string, sentence: string, text: string, at: number): Failure {
  return new Failure(`expression.${code}`, `${sentence.replace(/\.$/, '')} (position ${at + 1} of "${abridged(text)}").`);
}

const abridged = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

/** Brackets open at the same time; text in quotes does not count. */
function nesting(text: string): number {
  let depth = 0, deepest = 0;
  for (const [sign] of text.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[([]|[)\]]/g)) {
    if (sign === '(' || sign === '[') deepest = Math.max(deepest, depth += 1);
    else if (sign === ')' || sign === ']') depth -= 1;
  }
  return deepest;
}

/** @throws Failure `expression.syntax`, `expression.empty`, `expression.long` with the position of the first thing that does not fit. */
export function parseExpression(text: string): Expression {
  if (text.trim() === '') throw new Failure('expression.empty', 'There is no expression to evaluate: write the name of a tensor or layer, or something like norm(x) > 1.');
  if (text.length > maxLength) throw new Failure('expression.long', `The expression has ${text.length} characters; at most ${maxLength} are read.`);
  if (nesting(text) > maxNesting) throw new Failure('expression.deep', `The expression has more than ${maxNesting} brackets inside one another.`);
  try {
    return { text, root: parse(text) };
  } catch (error) {
    if (error instanceof Error && error.name === 'SyntaxError' && 'location' in error && 'found' in error) {
      const { location, found } = error as Error & { location: { start: { offset: number } }; found: string | null }; // peggy's own error
      const at = location.start.offset;
      throw failureAt('syntax', found === null ? 'The expression ends too early.' : `"${found}" does not fit here.`, text, at);
    }
    throw error;
  }
}

/** A log message: plain text and, in braces, expressions. `\{` is a brace. @throws Failure as parseExpression. */
export function parseMessage(text: string): readonly (string | Expression)[] {
  const parts: (string | Expression)[] = [];
  for (const [, escaped, expression, plain] of text.matchAll(/\\([{}\\])|\{([^{}]*)\}|([^\\{}]+|[\\{}])/g)) {
    if (expression !== undefined) parts.push(parseExpression(expression.trim()));
    else parts.push(escaped ?? plain ?? '');
  }
  return parts;
}
