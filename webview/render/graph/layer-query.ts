/**
 * What is typed to find layers: words that name, class, settings or activation hold; `kernel_size=3`, `class:conv`, `parameters>1M`;
 * `is:trainable`, `is:frozen`, `is:problem`; a `-` in front turns one round. All of them have to hold. Pure.
 */
import type { NodeView } from '../../../src/protocol/graph';

/** True for layers that fit. */
export type LayerQuery = (view: NodeView) => boolean;

const states: Readonly<Record<string, LayerQuery>> = {
  trainable: ({ trainable }) => trainable > 0,
  frozen: ({ parameters, trainable }) => parameters > trainable,
  problem: ({ problem }) => problem !== null,
};

const quantities: Readonly<Record<string, (view: NodeView) => number | null>> = {
  parameters: ({ parameters }) => parameters,
  trainable: ({ trainable }) => trainable,
  multiplyadds: ({ macs }) => macs,
  macs: ({ macs }) => macs,
  activations: ({ activationBytes = null }) => activationBytes,
  weights: ({ weightBytes = null }) => weightBytes,
};

const texts: Readonly<Record<string, (view: NodeView) => string>> = {
  class: ({ type }) => type, type: ({ type }) => type, name: ({ name, scope = '' }) => `${name} ${scope}`, shape: ({ outputShape }) => outputShape, output: ({ outputShape }) => outputShape, activation: ({ activation }) => activation ?? '',
};

const plain = (text: string): string => text.toLowerCase().replace(/[_\s]+/g, '');
const sizes: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** `1.5M`, `300`, `2MB` as a number; null for other texts. */
function quantity(text: string): number | null {
  const [, digits, unit = ''] = /^(\d*\.?\d+(?:e\d+)?)([kmg]?b?)$/i.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * (sizes[unit.toLowerCase()] ?? 1);
}

/** Settings read `3 × 3`: one of the extents, all of them (`3x3`), or for words a part of them. */
function settingIs(value: string, wanted: string): boolean {
  const is = plain(value);
  if (is === wanted || is === wanted.replaceAll('x', '×')) return true;
  return value.split(/[×(),]/).some((part) => plain(part) === wanted) || (quantity(wanted) === null && is.includes(wanted));
}

const compare: Readonly<Record<string, (a: number, b: number) => boolean>> = { '>': (a, b) => a > b, '>=': (a, b) => a >= b, '<': (a, b) => a < b, '<=': (a, b) => a <= b, '=': (a, b) => a === b, ':': (a, b) => a === b };

function termOf(word: string): LayerQuery {
  const [, name, sign, value] = /^([a-z_ -]+)(>=|<=|[=:<>])(.*)$/i.exec(word) ?? [];
  if (name === undefined || sign === undefined || value === undefined) {
    const wanted = word.toLowerCase();
    return (view) => `${view.name} ${view.scope ?? ''} ${view.type} ${view.detail} ${view.activation ?? ''}`.toLowerCase().includes(wanted)
      || view.settings.some(([setting, is]) => plain(setting).includes(plain(wanted)) || is.toLowerCase().includes(wanted));
  }
  const [key, wanted] = [plain(name).replaceAll('-', ''), plain(value)];
  if (key === 'is') return states[wanted] ?? (() => false);
  const number = quantity(wanted);
  const measure = Object.entries(quantities).find(([known]) => key.length > 2 && known.startsWith(key))?.[1];
  const check = compare[sign];
  if (measure !== undefined && number !== null && check !== undefined) return (view) => { const is = measure(view); return is !== null && check(is, number); };
  const text = Object.entries(texts).find(([known]) => known.startsWith(key))?.[1];
  return (view) => {
    if (text !== undefined && (sign === '=' || sign === ':') && plain(text(view)).includes(wanted)) return true;
    return view.settings.some(([setting, is]) => {
      if (!plain(setting).startsWith(key)) return false;
      if (sign === '=' || sign === ':') return settingIs(is, wanted);
      const first = quantity(plain(is.split('×')[0] ?? ''));
      return first !== null && number !== null && check?.(first, number) === true;
    });
  };
}

/** Spaces belong to a name before `=`, and to what stands in quotes. */
const wordsOf = (text: string): readonly string[] => text.trim().match(/-?"[^"]*"|-?[a-z_]+ [a-z]+[=:]\S+|\S+/gi) ?? [];

/** Why a word finds nothing in a network, when that lies in the word: a sentence. */
function problemOf(word: string, views: readonly NodeView[]): string | null {
  const [, name, sign, value] = /^[-!]?([a-z_ -]+)(>=|<=|[=:<>])(.*)$/i.exec(word) ?? [];
  if (/^[-!]?"[^"]*$/.test(word)) return 'A quotation mark is not closed.';
  if (name === undefined || sign === undefined || value === undefined) return null;
  if (value === '') return `What stands after ${name}${sign} is missing.`;
  const key = plain(name).replaceAll('-', '');
  if (key === 'is') return Object.hasOwn(states, plain(value)) ? null : `is:${value} is not known; there are ${Object.keys(states).map((state) => `is:${state}`).join(', ')}.`;
  const isQuantity = Object.keys(quantities).some((known) => key.length > 2 && known.startsWith(key));
  if ((isQuantity || /[<>]/.test(sign)) && quantity(plain(value)) === null) return `${name}${sign} needs a number, such as ${name}${sign}1M.`;
  if (isQuantity || Object.keys(texts).some((known) => known.startsWith(key))) return null;
  return views.some(({ settings }) => settings.some(([setting]) => plain(setting).startsWith(key))) ? null : `No layer has a setting that is called ${name}.`;
}

/** Why a text finds nothing in a network, when that lies in the text; null when it does not. */
export function queryProblem(text: string, views: readonly NodeView[]): string | null {
  for (const word of wordsOf(text)) {
    const problem = problemOf(word, views);
    if (problem !== null) return problem;
  }
  return null;
}

/** The test that a text stands for; null for one that asks for nothing. */
export function layerQuery(text: string): LayerQuery | null {
  const terms = wordsOf(text).flatMap((word) => {
    const turned = word.length > 1 && /^[-!]/.test(word);
    const bare = (turned ? word.slice(1) : word).replace(/^"(.*)"$/, '$1');
    if (bare === '') return [];
    const term = termOf(bare);
    return [turned ? (view: NodeView) => !term(view) : term];
  });
  return terms.length === 0 ? null : (view) => terms.every((term) => term(view));
}
