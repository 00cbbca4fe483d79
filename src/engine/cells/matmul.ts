/** Matrix products: one element is the dot product of a row and a column. */
import { factor, product } from './arithmetic';
import type { CellRule } from './arithmetic';
import { flagOf } from './attributes';
import { biasAndActivation } from './fused';

/** y[…, i, j] = Σ over k of a[…, i, k] · b[…, k, j]; batches broadcast. */
const multiply: CellRule = (question) => {
  const a = question.input('a'), b = question.input('b');
  const [i = 0, j = 0] = question.index.slice(-2);
  const batch = (shape: readonly number[]): number[] => {
    const own = shape.slice(0, -2);
    const outer = question.index.slice(0, -2);
    return own.map((extent, axis) => (extent === 1 ? 0 : outer[axis + outer.length - own.length] ?? 0));
  };
  const [transposeA, transposeB] = [flagOf(question.op, 'transposeA'), flagOf(question.op, 'transposeB')];
  const shared = a.shape.at(transposeA ? -2 : -1) ?? 0;
  const batchA = batch(a.shape), batchB = batch(b.shape);
  const terms = Array.from({ length: shared }, (_, k) => product(
    factor(a, [...batchA, ...(transposeA ? [k, i] : [i, k])]),
    factor(b, [...batchB, ...(transposeB ? [j, k] : [k, j])]),
  ));
  return { combine: 'sum', terms, finish: biasAndActivation(question) };
};

export const matmulRules: Readonly<Record<string, CellRule>> = { BatchMatMul: multiply, _FusedMatMul: multiply };
