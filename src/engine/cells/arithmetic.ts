/** The arithmetic of one cell: the terms that make up one output element of an op, in the order in which they are summed here. */
import type { Op } from '../trace';
import type { NumericArray, Shape } from '../../tensor/value';

/** One element of one tensor of the trace, as a factor of a term. */
export interface Factor {
  readonly tensor: number;
  readonly index: readonly number[];
  readonly value: number;
}

/** A product of elements, or a function of them when `text` says so (`exp(x − max)`). */
export interface Term {
  readonly factors: readonly Factor[];
  readonly value: number;
  readonly text?: string;
}

/** A box of elements of an input that the terms read: where the kernel lies. Parts outside the tensor are padding. */
export interface Window {
  readonly tensor: number;
  readonly start: readonly number[];
  readonly extent: readonly number[];
  /** Distance between the elements read, 1 without dilation. */
  readonly step: readonly number[];
}

/** What follows the terms: a division by their number, a bias, an activation. */
export interface Finish { readonly text: string; readonly value: number }

export type Combination = 'sum' | 'product' | 'max' | 'min' | 'any' | 'all';

export interface Arithmetic {
  /** Tensor and element that the terms make. */
  readonly output: number;
  readonly index: readonly number[];
  readonly combine: Combination;
  /** Which term of a maximum or minimum won; null for others. */
  readonly winner: number | null;
  readonly terms: readonly Term[];
  /** The terms combined, in double precision and in the order of `terms` (the backends sum in float32, in blocks). */
  readonly total: number;
  readonly finish: readonly Finish[];
  /** What the arithmetic gives at its end, and what the kernel gave. */
  readonly value: number;
  readonly shown: number;
  readonly windows: readonly Window[];
}

/** A tensor of the trace with its values at hand. */
export interface Values { readonly tensor: number; readonly shape: Shape; readonly strides: readonly number[]; readonly data: NumericArray }

/** An op with its tensors, and the element of its output that is asked for. */
export interface CellQuestion {
  readonly op: Op;
  readonly input: (name: string) => Values;
  readonly hasInput: (name: string) => boolean;
  /** Inputs of a variadic op, in order. */
  readonly list: () => readonly Values[];
  readonly output: Values;
  /** Number of the output among the op's outputs. */
  readonly which: number;
  readonly index: readonly number[];
}

/** What a kernel's rule gives; the rest of the arithmetic follows from it. */
export interface Rule {
  readonly combine: Combination;
  readonly terms: readonly Term[];
  readonly finish?: readonly ((value: number) => Finish)[];
  readonly windows?: readonly Window[];
}

export type CellRule = (question: CellQuestion) => Rule;

/** The element of `values` at `index`. */
export function factor(values: Values, index: readonly number[]): Factor {
  let at = 0;
  for (let axis = 0; axis < index.length; axis += 1) at += (index[axis] ?? 0) * (values.strides[axis] ?? 0);
  return { tensor: values.tensor, index, value: Number(values.data[at]) };
}

/** A term that is the product of its factors. */
export function product(...factors: readonly Factor[]): Term {
  return { factors, value: factors.reduce((result, { value }) => result * value, 1) };
}

/** All indices of a shape, row-major. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  if (shape.some((extent) => extent === 0)) return;
  const index = shape.map(() => 0);
  for (;;) {
    yield [...index];
    let axis = shape.length - 1;
    for (; axis >= 0; axis -= 1) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

const start: Readonly<Record<Combination, number>> = { sum: 0, product: 1, max: -Infinity, min: Infinity, any: 0, all: 1 };
const step: Readonly<Record<Combination, (total: number, value: number) => number>> = {
  sum: (total, value) => total + value,
  product: (total, value) => total * value,
  max: (total, value) => (value > total || Number.isNaN(value) ? value : total),
  min: (total, value) => (value < total || Number.isNaN(value) ? value : total),
  any: (total, value) => (total !== 0 || value !== 0 ? 1 : 0),
  all: (total, value) => (total !== 0 && value !== 0 ? 1 : 0),
};

/** Totals after each term: `runningTotals(a)[i]` is the combination of terms 0 … i. */
export function runningTotals({ combine, terms }: Pick<Arithmetic, 'combine' | 'terms'>): number[] {
  let total = start[combine];
  return terms.map(({ value }) => (total = step[combine](total, value)));
}

/** The rule's terms combined and finished, beside the value that the kernel gave. */
export function completed(question: CellQuestion, { combine, terms, finish = [], windows = [] }: Rule): Arithmetic {
  const totals = runningTotals({ combine, terms });
  const total = totals.at(-1) ?? start[combine];
  const finished: Finish[] = [];
  let value = total;
  for (const each of finish) {
    const done = each(value);
    finished.push(done);
    value = done.value;
  }
  const won = combine === 'max' || combine === 'min' ? terms.findIndex((term) => term.value === total) : -1;
  return {
    output: question.output.tensor, index: question.index, combine, winner: won < 0 ? null : won, terms, total,
    finish: finished, value, shown: factor(question.output, question.index).value, windows,
  };
}
