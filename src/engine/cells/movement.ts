/** Kernels that move elements: each output element is one element of an input (or padding), unchanged. */
import { factor, product } from './arithmetic';
import type { CellRule, Rule, Values } from './arithmetic';
import { axesOf, numberOf, numbersOf } from './attributes';

const copied = (values: Values, index: readonly number[]): Rule => ({ combine: 'sum', terms: [product(factor(values, index))] });
const filled = (value: number, text: string): Rule => ({ combine: 'sum', terms: [{ factors: [], value, text }] });

/** The index with the same place in row-major order in another shape. */
function reshaped(index: readonly number[], from: readonly number[], to: readonly number[]): number[] {
  let rest = index.reduce((flat, at, axis) => flat * (from[axis] ?? 1) + at, 0);
  const result = to.map(() => 0);
  for (let axis = to.length - 1; axis >= 0; axis -= 1) {
    const extent = to[axis] ?? 1;
    result[axis] = rest % extent;
    rest = Math.floor(rest / extent);
  }
  return result;
}

const reshape = (name: string): CellRule => (question) => {
  const x = question.input(name);
  return copied(x, reshaped(question.index, question.output.shape, x.shape));
};

const pad: CellRule = (question) => {
  const x = question.input('x');
  const paddings = question.op.attributes['paddings'];
  const before = x.shape.map((_, axis) => { const pair: unknown = Array.isArray(paddings) ? paddings[axis] : 0; return Array.isArray(pair) && typeof pair[0] === 'number' ? pair[0] : 0; });
  const at = question.index.map((place, axis) => place - (before[axis] ?? 0));
  return at.every((place, axis) => place >= 0 && place < (x.shape[axis] ?? 0)) ? copied(x, at) : filled(numberOf(question.op, 'constantValue', 0), 'padding');
};

const concat: CellRule = (question) => {
  const inputs = question.list();
  const axis = axesOf(question.op.attributes['axis'], question.output.shape.length)[0] ?? 0;
  let at = question.index[axis] ?? 0;
  for (const values of inputs) {
    const extent = values.shape[axis] ?? 0;
    if (at < extent) return copied(values, question.index.map((place, other) => (other === axis ? at : place)));
    at -= extent;
  }
  return { combine: 'sum', terms: [] };
};

const split: CellRule = (question) => {
  const x = question.input('x');
  const axis = axesOf(question.op.attributes['axis'], x.shape.length)[0] ?? 0;
  const sizes = question.op.attributes['numOrSizeSplits'];
  const before = Array.isArray(sizes)
    ? sizes.slice(0, question.which).reduce<number>((sum, size) => sum + (typeof size === 'number' && size > 0 ? size : 0), 0)
    : question.which * (question.output.shape[axis] ?? 0);
  return copied(x, question.index.map((place, other) => (other === axis ? place + before : place)));
};

const gather: CellRule = (question) => {
  const x = question.input('x'), chosen = question.input('indices');
  const axis = axesOf(question.op.attributes['axis'] ?? 0, x.shape.length)[0] ?? 0;
  const batches = numberOf(question.op, 'batchDims', 0);
  const middle = question.index.slice(axis, axis + chosen.shape.length - batches);
  const which = factor(chosen, [...question.index.slice(0, batches), ...middle]);
  const from = factor(x, [...question.index.slice(0, axis), which.value, ...question.index.slice(axis + middle.length)]);
  return { combine: 'sum', terms: [{ factors: [which, from], value: from.value, text: `row ${which.value}` }] };
};

export const movementRules: Readonly<Record<string, CellRule>> = {
  Identity: (question) => copied(question.input('x'), question.index),
  Reshape: reshape('x'), ExpandDims: reshape('input'),
  Transpose: (question) => {
    const perm = numbersOf(question.op, 'perm', question.index.length, 0);
    const at = question.index.map(() => 0);
    perm.forEach((axis, i) => { at[axis] = question.index[i] ?? 0; });
    return copied(question.input('x'), at);
  },
  Slice: (question) => {
    const begin = numbersOf(question.op, 'begin', question.index.length, 0);
    return copied(question.input('x'), question.index.map((place, axis) => place + (begin[axis] ?? 0)));
  },
  Tile: (question) => {
    const x = question.input('x');
    return copied(x, question.index.map((place, axis) => place % (x.shape[axis] ?? 1)));
  },
  Reverse: (question) => {
    const x = question.input('x');
    const axes = axesOf(question.op.attributes['dims'], x.shape.length);
    return copied(x, question.index.map((place, axis) => (axes.includes(axis) ? (x.shape[axis] ?? 1) - 1 - place : place)));
  },
  PadV2: pad, Concat: concat, SplitV: split, GatherV2: gather,
  Unpack: (question) => {
    const x = question.input('value');
    const axis = axesOf(question.op.attributes['axis'] ?? 0, x.shape.length)[0] ?? 0;
    return copied(x, [...question.index.slice(0, axis), question.which, ...question.index.slice(axis)]);
  },
  Pack: (question) => {
    const axis = axesOf(question.op.attributes['axis'] ?? 0, question.index.length)[0] ?? 0;
    const values = question.list()[question.index[axis] ?? 0];
    return values === undefined ? { combine: 'sum', terms: [] } : copied(values, question.index.filter((_, other) => other !== axis));
  },
  Fill: ({ op }) => filled(numberOf(op, 'value', 0), 'constant'),
  ZerosLike: () => filled(0, 'constant'), OnesLike: () => filled(1, 'constant'),
  OneHot: (question) => {
    const chosen = factor(question.input('indices'), question.index.slice(0, -1));
    const hot = chosen.value === question.index.at(-1);
    return { combine: 'sum', terms: [{ factors: [chosen], value: numberOf(question.op, hot ? 'onValue' : 'offValue', hot ? 1 : 0), text: hot ? 'this class' : 'another class' }] };
  },
};
