/** What can be typed next in the debug console: names, members after a dot, functions. */
import { functions } from './functions';
import { parseExpression } from './syntax';
import { evaluateName } from './evaluate';
import { isNamespace, isTensor } from './values';
import type { Scope } from './values';

export interface Completion {
  readonly label: string;
  readonly kind: 'name' | 'member' | 'function';
  /** For functions: parameters and purpose. */
  readonly detail: string | null;
  /** Part of the text that the label replaces, from 0. */
  readonly start: number;
  readonly length: number;
}

const tensorMembers = ['shape', 'size', 'rank', 'dtype', 'grad'];

/** Completions at `column` (from 0) of a text. Never fails: what cannot be completed has none. */
export function completions(text: string, column: number, scope: Scope): readonly Completion[] {
  const before = text.slice(0, column);
  const [, chain = '', typed = ''] = /((?:layer\(\s*(?:"[^"]*"|'[^']*')\s*\)|[\w$#]+)(?:\.[\w$#]+)*\.)?([\w$#]*)$/.exec(before.slice(-300)) ?? [];
  const start = column - typed.length;
  const entry = (kind: Completion['kind']) => (label: string): Completion => ({ label, kind, detail: null, start, length: typed.length });
  const fits = (label: string): boolean => label.toLowerCase().startsWith(typed.toLowerCase());
  if (chain !== '') return membersOf(chain.slice(0, -1), scope).filter(fits).map(entry('member'));
  const known = [...functions].map(([label, { signature, explanation }]): Completion => ({ label, kind: 'function', detail: `${signature}: ${explanation}`, start, length: typed.length }));
  return [
    ...[...new Set(scope.names())].sort().filter(fits).map(entry('name')),
    ...[...known, { label: 'layer', kind: 'function' as const, detail: 'layer("path"): a layer by its path', start, length: typed.length }].filter(({ label }) => fits(label)),
  ];
}

function membersOf(chain: string, scope: Scope): readonly string[] {
  try {
    const object = evaluateName(parseExpression(chain), scope);
    if (isNamespace(object)) return [...new Set([...object.names(), ...(valued(() => object.value()) ? tensorMembers : [])])];
    return isTensor(object) ? tensorMembers : [];
  } catch {
    return []; // half-typed text need not make sense
  }
}

function valued(value: () => unknown): boolean {
  try {
    return value() !== null;
  } catch {
    return false;
  }
}
