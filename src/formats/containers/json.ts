/** JSON from files that nobody vouches for: bounded size and nesting, errors with line and column. */
import { Failure } from '../../tensor/failure';
import type { Json, JsonObject } from '../../network/network';

/** Keras nests about five levels for each model within a model. */
const maximalDepth = 256;
/** The largest real configs (ten thousand layers) have some thirty megabytes and a million values. */
export const maximalJson = 64 * 1024 * 1024;
const maximalValues = 4_000_000;
/** Each string of its own, and even more each key of its own, costs the parser much more than one that it has met before. */
const maximalStrings = 1_500_000;
const maximalKeys = 500_000;

/** Parses JSON. `what` names the file (and member) in errors. @throws Failure `json.depth`, `json.size`, `json.syntax` */
export function parseJson(text: string, what: string): Json {
  checkDepth(text, what);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const { line, column } = whereIn(text, firstError(text));
    throw new Failure('json.syntax', `${what} is not valid JSON: the first error is at line ${line}, column ${column}.`, { cause: error });
  }
}

/** Parses a JSON record. @throws Failure */
export function parseJsonObject(text: string, what: string): JsonObject {
  const value = parseJson(text, what);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Failure('json.kind', `${what} holds no JSON record.`);
  return value as JsonObject;
}

/** Decodes UTF-8 and parses it. */
export function parseJsonBytes(bytes: Uint8Array, what: string): JsonObject {
  return parseJsonObject(new TextDecoder().decode(bytes), what);
}

/** Counts brackets, commas and different strings. @throws Failure when there are more, or they nest more deeply, than in any real model. */
function checkDepth(text: string, what: string): void {
  let depth = 0;
  let values = 0;
  const strings = counterOf(text.length, maximalStrings);
  const keys = counterOf(text.length, maximalKeys);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      const end = endOfString(text, at);
      if (strings !== null && keys !== null) {
        const hash = hashOf(text, at + 1, end);
        strings.add(hash);
        if (text.charCodeAt(end + 1) === 0x3a || /^\s*:/.test(text.slice(end + 1, end + 9))) keys.add(hash);
      }
      at = end;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      values += 1;
      if (depth > maximalDepth) throw new Failure('json.depth', `${what} is nested more than ${maximalDepth} levels deep, which no real model is; it is refused.`);
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
    else if (code === 0x2c) values += 1;
  }
  const count = (number: number): string => number.toLocaleString('en-US');
  if (values > maximalValues) throw new Failure('json.size', `${what} lists more than ${count(maximalValues)} values, which no description of a model does; it is refused.`);
  if (strings !== null && strings.count > maximalStrings) throw new Failure('json.size', `${what} has more than ${count(maximalStrings)} different strings, which no description of a model has; it is refused.`);
  if (keys !== null && keys.count > maximalKeys) throw new Failure('json.size', `${what} has more than ${count(maximalKeys)} different keys, which no description of a model has; it is refused.`);
}

/** Counts different hashes, nearly; null where the text is too short to hold too many. */
function counterOf(length: number, most: number): { add(hash: number): void; readonly count: number } | null {
  if (length < 4 * most) return null;
  const seen = new Uint8Array(2 ** 20);
  let count = 0;
  return {
    add(hash) {
      const at = (hash >>> 3) & 0xfffff;
      const bit = 1 << (hash & 7);
      if (((seen[at] ?? 0) & bit) !== 0) return;
      seen[at] = (seen[at] ?? 0) | bit;
      count += 1;
    },
    get count() { return count; },
  };
}

/** FNV-1a of a stretch of text, of the first 64 characters and the length. */
function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start);
  for (let at = start; at < end && at < start + 64; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Index of the quote that closes the string which opens at `at`, or the text's length. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code === 0x22) return end;
    end += code === 0x5c ? 2 : 1;
  }
  return end;
}

/** True when a string, without its quotes, is as JSON has it; in pieces, since one expression over a long text runs out of stack. */
function isStringBody(text: string, start: number, end: number): boolean {
  const piece = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){1,1000}/y;
  for (let at = start; at < end; at = piece.lastIndex) {
    piece.lastIndex = at;
    if (!piece.test(text)) return false;
  }
  return true;
}

/** Offset of the first character at which `text` stops being JSON. */
function firstError(text: string): number {
  const token = /\s*(?:(?<open>[[{])|(?<close>[\]}])|(?<comma>,)|(?<colon>:)|(?<text>")|(?<other>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;
  const stack: string[] = [];
  let expect: 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'next' = 'value';
  let at = 0;
  for (;;) {
    token.lastIndex = at;
    const match = token.exec(text);
    const begin = at + (/^\s*/.exec(text.slice(at, at + 1000))?.[0].length ?? 0);
    if (match?.groups === undefined) return begin;
    const { open, close, comma, colon, text: string } = match.groups;
    let end = token.lastIndex;
    if (string !== undefined) {
      const last = endOfString(text, end - 1);
      if (last >= text.length || !isStringBody(text, end, last)) return begin;
      end = last + 1;
    }
    if (open !== undefined) {
      if (expect !== 'value' && expect !== 'valueOrEnd') return begin;
      stack.push(open);
      expect = open === '{' ? 'keyOrEnd' : 'valueOrEnd';
    } else if (close !== undefined) {
      const opened = stack.pop();
      if ((close === '}') !== (opened === '{') || opened === undefined || !['valueOrEnd', 'keyOrEnd', 'next'].includes(expect)) return begin;
      expect = 'next';
    } else if (comma !== undefined) {
      if (expect !== 'next' || stack.length === 0) return begin;
      expect = stack[stack.length - 1] === '{' ? 'key' : 'value';
    } else if (colon !== undefined) {
      if (expect !== 'colon') return begin;
      expect = 'value';
    } else if (expect === 'key' || expect === 'keyOrEnd') {
      if (string === undefined) return begin;
      expect = 'colon';
    } else if (expect === 'value' || expect === 'valueOrEnd') expect = 'next';
    else return begin;
    at = end;
    if (stack.length === 0 && expect === 'next') {
      return at + (/^\s*/.exec(text.slice(at, at + 1000))?.[0].length ?? 0);
    }
  }
}

function whereIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}
