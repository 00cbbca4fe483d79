/** Scopes of the frame of one output element: its terms, page by page with the running sum, and its value beside the kernel's. */
import { runningTotals } from '../../engine/cells/arithmetic';
import type { Arithmetic, Combination, Term } from '../../engine/cells/arithmetic';
import { sentenceOf } from '../../tensor/failure';
import { arithmeticAt, elementText } from '../cells';
import { formatNumber } from '../format';
import type { NumberFormat } from '../format';
import type { View } from '../place';
import { groupOf, textEntry } from './variables';
import type { Container, Entry } from './variables';

/** What the terms make together. */
const words: Readonly<Record<Combination, string>> = { sum: 'sum', product: 'product', max: 'largest', min: 'smallest', any: 'any', all: 'all' };

const number = (value: number, format: NumberFormat): string => formatNumber(value, 'float32', format);

/** `x[0, 3, 5, 1] · kernel[0, 1, 1, 2] = -0.31 · 0.2 = -0.062`. */
export function termText({ factors, value, text }: Term, nameOf: (tensor: number) => string, format: NumberFormat = {}): string {
  const names = factors.map(({ tensor, index }) => elementText(nameOf(tensor), index));
  const values = factors.map((factor) => number(factor.value, format));
  if (text !== undefined) return `${names.map((name, i) => `${name} = ${values[i] ?? ''}`).join(', ')}: ${text} = ${number(value, format)}`;
  return factors.length === 1 ? `${names[0] ?? ''} = ${number(value, format)}` : `${names.join(' · ')} = ${values.join(' · ')} = ${number(value, format)}`;
}

/** The terms as numbered children; only those asked for are written out. */
function termsOf(arithmetic: Arithmetic, nameOf: (tensor: number) => string): Container {
  const { terms, combine, winner } = arithmetic, totals = runningTotals(arithmetic);
  const entry = (term: Term, at: number): Entry => ({
    name: String(at), type: '', evaluateName: null, isTensor: false, children: null,
    value: (format) => `${termText(term, nameOf, format)}; ${words[combine]} so far ${number(totals[at] ?? NaN, format)}${at === winner ? ' (this one wins)' : ''}`,
  });
  return { indexed: terms.length, named: 0, entries: (start, count) => terms.slice(start, start + count).map((term, i) => entry(term, start + i)) };
}

function cellEntries({ combine, terms, total, finish, value, shown }: Arithmetic, name: string): readonly Entry[] {
  const line = (title: string, result: number, digits: 'float32' | 'float64' = 'float32'): Entry => ({ ...textEntry(title, ''), value: (format) => formatNumber(result, digits, format) });
  return [
    line(`${words[combine]} of ${terms.length === 1 ? 'one term' : `${terms.length} terms`}`, total),
    ...finish.map((step) => line(`then ${step.text}`, step.value)),
    line('value by these terms', value, 'float64'),
    line(`value of the kernel, ${name}`, shown),
    line('difference (the backend sums in float32, in another order)', shown - value, 'float64'),
  ];
}

/** Scopes of a cell frame; empty at other depths. */
export function cellScopes(view: View): readonly { readonly name: string; readonly children: Container }[] {
  let arithmetic: Arithmetic | null;
  try {
    arithmetic = arithmeticAt(view);
  } catch (error) {
    return [{ name: 'Cell', children: groupOf(() => [textEntry('not available', sentenceOf(error))]) }];
  }
  if (arithmetic === null) return [];
  const { output, index } = arithmetic, known = arithmetic;
  const nameOf = (tensor: number): string => view.listing.names.get(tensor) ?? 'constant';
  return [
    { name: 'Terms', children: termsOf(known, nameOf) },
    { name: 'Cell', children: groupOf(() => cellEntries(known, elementText(nameOf(output), index))) },
  ];
}
