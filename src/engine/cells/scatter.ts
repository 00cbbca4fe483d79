/** Kernels whose output elements collect several elements of the input by index: gradients of gather and embedding. */
import { factor, indices, product } from './arithmetic';
import type { CellRule, Term } from './arithmetic';

/** y[s, …] = Σ over the rows i with segment s of x[i, …]: the gradient of an embedding's rows. */
const unsortedSegmentSum: CellRule = (question) => {
  const x = question.input('x'), segments = question.input('segmentIds');
  const [segment = 0, ...rest] = question.index;
  const terms: Term[] = [];
  for (const row of indices(segments.shape)) {
    if (factor(segments, row).value === segment) terms.push(product(factor(x, [...row, ...rest])));
  }
  return { combine: 'sum', terms };
};

export const scatterRules: Readonly<Record<string, CellRule>> = { UnsortedSegmentSum: unsortedSegmentSum };
