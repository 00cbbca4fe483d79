/** Reductions, softmax, normalisation, cumulative sums: one element from a line or a box of the input. */
import { factor, indices, product } from './arithmetic';
import type { CellQuestion, CellRule, Combination, Factor, Finish, Term } from './arithmetic';
import { axesOf, flagOf, numberOf } from './attributes';
import { broadcast } from './elementwise';

/** Elements of `x` that are reduced into output element `index`. */
function reduced(question: CellQuestion, attribute: string): Factor[] {
  const x = question.input('x');
  const axes = axesOf(question.op.attributes[attribute], x.shape.length);
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const keeps = question.index.length === x.shape.length;
  const base = x.shape.map(() => 0);
  kept.forEach((axis, i) => { base[axis] = question.index[keeps ? axis : i] ?? 0; });
  return [...indices(axes.map((axis) => x.shape[axis] ?? 1))].map((along) => {
    const at = [...base];
    axes.forEach((axis, i) => { at[axis] = along[i] ?? 0; });
    return factor(x, at);
  });
}

const reduce = (combine: Combination, attribute: string): CellRule => (question) => ({ combine, terms: reduced(question, attribute).map((each) => product(each)) });

const mean: CellRule = (question) => {
  const terms = reduced(question, 'axis').map((each) => product(each));
  return { combine: 'sum', terms, finish: [(value) => ({ text: `/ ${terms.length}`, value: value / terms.length })] };
};

/** The line of the last axis (or `dim`) that a softmax normalises. */
function line(question: CellQuestion): { factors: Factor[]; own: Factor; most: number } {
  const logits = question.input('logits');
  const axis = Math.trunc(numberOf(question.op, 'dim', numberOf(question.op, 'axis', -1)));
  const along = axis < 0 ? axis + logits.shape.length : axis;
  const factors = Array.from({ length: logits.shape[along] ?? 1 }, (_, i) => factor(logits, question.index.map((at, other) => (other === along ? i : at))));
  return { factors, own: factor(logits, question.index), most: Math.max(...factors.map(({ value }) => value)) };
}

/** softmax(x)ᵢ = exp(xᵢ − max) / Σⱼ exp(xⱼ − max). */
const softmax: CellRule = (question) => {
  const { factors, own, most } = line(question);
  const terms = factors.map((each): Term => ({ factors: [each], value: Math.exp(each.value - most), text: 'exp(x − max)' }));
  return { combine: 'sum', terms, finish: [(value) => ({ text: `exp(${own.value} − max) / Σ`, value: Math.exp(own.value - most) / value })] };
};

/** y = (x − mean) / √(variance + ε) · scale + offset. */
const batchNorm: CellRule = (question) => {
  const x = factor(question.input('x'), question.index);
  const of = (name: string): Factor => broadcast(question.input(name), question.index);
  const average = of('mean'), variance = of('variance');
  const epsilon = numberOf(question.op, 'varianceEpsilon', 1e-3);
  const finish: ((value: number) => Finish)[] = [(value) => ({ text: `/ √(${variance.value} + ${epsilon})`, value: value / Math.sqrt(variance.value + epsilon) })];
  if (question.hasInput('scale')) finish.push((value) => ({ text: '· γ', value: value * of('scale').value }));
  if (question.hasInput('offset')) finish.push((value) => ({ text: '+ β', value: value + of('offset').value }));
  return { combine: 'sum', terms: [{ factors: [x], value: x.value }, { factors: [average], value: -average.value, text: '− mean' }], finish };
};

/** y[i] = the sum (product) of x[0 … i], or of what follows when reversed, without x[i] itself when exclusive. */
const cumulative = (combine: 'sum' | 'product'): CellRule => (question) => {
  const x = question.input('x');
  const axis = axesOf(question.op.attributes['axis'], x.shape.length)[0] ?? 0;
  const last = question.index[axis] ?? 0, extent = x.shape[axis] ?? 0;
  const exclusive = flagOf(question.op, 'exclusive') ? 1 : 0;
  const [from, to] = flagOf(question.op, 'reverse') ? [last + exclusive, extent] : [0, last + 1 - exclusive];
  const terms = Array.from({ length: Math.max(0, to - from) }, (_, i) => product(factor(x, question.index.map((at, other) => (other === axis ? from + i : at)))));
  return { combine, terms };
};

export const reductionRules: Readonly<Record<string, CellRule>> = {
  Sum: reduce('sum', 'axis'), Prod: reduce('product', 'axis'), Max: reduce('max', 'reductionIndices'), Min: reduce('min', 'axis'),
  Any: reduce('any', 'axis'), All: reduce('all', 'axis'), Mean: mean,
  Softmax: softmax, FusedBatchNorm: batchNorm, Cumsum: cumulative('sum'), Cumprod: cumulative('product'),
};
