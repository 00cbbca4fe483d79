/** What each position of a sequence adds to a value, through the weights that an attention gave it. */
import { arithmeticOf, hasCells } from '../../engine/cells/cells';
import type { Arithmetic, Factor, Term, Values } from '../../engine/cells/arithmetic';
import type { Op } from '../../engine/trace';
import type { ContributionsView } from '../../protocol/insight';
import type { View } from '../place';
import { attentionWeights } from './made-of';

const listed = 64;
/** Products of larger sums are not taken apart. */
const mostProducts = 200_000;
/** Kernels that copy an element from one place. */
const copying = new Set(['Identity', 'Reshape', 'Transpose', 'ExpandDims']);

type Read = (tensor: number) => Values;

/** Back over copies to the op that made the element, with its index there. */
function made({ trace }: View, factor: Factor, read: Read): { readonly op: Op; readonly factor: Factor } | null {
  let at = factor;
  for (;;) {
    const op = trace.ops[trace.tensors.get(at.tensor)?.writer ?? -1];
    if (op === undefined) return null;
    const [source] = copying.has(op.kernel) ? arithmeticOf(op, at.index, read).terms[0]?.factors ?? [] : [];
    if (source === undefined) return { op, factor: at };
    at = source;
  }
}

/** The factor that is a weight of an attention, among those of a product. */
const weightIn = ({ trace }: View, { factors }: Term): Factor | undefined => factors.find(({ tensor }) => attentionWeights(trace, tensor) !== null);

/** Sums by position for a value that an attention weighs, or that a product makes of such values; null for others. */
export function positionsOf(view: View, { kernel }: Op, { terms }: Arithmetic, read: Read): ContributionsView['positions'] {
  if (!/MatMul|Einsum/.test(kernel)) return null;
  const sums = new Map<number, number>();
  let weights: number | null = null;
  const add = (products: readonly Term[], by: number): void => {
    for (const product of products) {
      const weight = weightIn(view, product), place = weight === undefined ? undefined : made(view, weight, read)?.factor.index.at(-1);
      if (weight === undefined || place === undefined) continue;
      weights = weight.tensor;
      sums.set(place, (sums.get(place) ?? 0) + by * product.value);
    }
  };
  const [first] = terms;
  if (first === undefined) return null;
  if (weightIn(view, first) !== undefined) add(terms, 1);
  else {
    for (const { factors } of terms) {
      const found = factors.map((factor) => ({ factor, source: made(view, factor, read) })).find(({ source }) => source !== null && hasCells(source.op) && /MatMul|Einsum/.test(source.op.kernel));
      if (found?.source == null) return null;
      const { op, factor } = found.source, inner = arithmeticOf(op, factor.index, read, Math.max(0, op.outputs.indexOf(factor.tensor))).terms;
      const [product] = inner;
      if (product === undefined || weightIn(view, product) === undefined || inner.length * terms.length > mostProducts) return null;
      add(inner, factors.reduce((all, each) => (each === found.factor ? all : all * each.value), 1));
    }
  }
  if (weights === null || sums.size < 2) return null;
  const sorted = [...sums].map(([position, value]) => ({ position, value })), byPlace = (a: { position: number }, b: { position: number }): number => a.position - b.position;
  const kept = sorted.length <= listed ? sorted : sorted.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, listed);
  return { weights: view.listing.names.get(weights) ?? 'attention weights', sums: [...kept].sort(byPlace), all: sums.size };
}
