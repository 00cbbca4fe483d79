/** The tensors that the panel shows for a step: what it reads and writes, and each gradient next to its value. */
import { hasCells } from '../../engine/cells/cells';
import { checkedBy } from '../../engine/check/gradient-check';
import type { TensorCard } from '../../protocol/run';
import { useOf } from './picture';
import { knownRole, roleOf } from './roles';
import type { Viewpoint } from './roles';
import type { TraceIndex } from './trace-index';

export interface WantedCard { readonly tensor: number; readonly use: 'input' | 'output'; readonly title?: string | undefined }

/**
 * Cards in the order wanted, each tensor once, a gradient right after the value it belongs to. Scalar constants stay in the
 * listing. Statistics are read from the backend here, once a tensor of the trace.
 */
export function makeCards(index: TraceIndex, from: Viewpoint, wanted: readonly WantedCard[]): TensorCard[] {
  const first = new Map<number, WantedCard>();
  for (const card of wanted) {
    const tensor = index.tensor(card.tensor);
    if (tensor === undefined || tensor.dtype === 'string' || tensor.dtype === 'complex64') continue;
    if (tensor.role.kind === 'constant' && tensor.role.name === undefined && tensor.shape.length === 0) continue;
    const known = first.get(card.tensor);
    if (known === undefined || (known.use === 'input' && card.use === 'output')) first.set(card.tensor, card);
  }
  return beside(index, [...first.values()]).flatMap((card) => {
    const tensor = index.tensor(card.tensor);
    if (tensor === undefined) return [];
    const statistics = index.statistics(card.tensor);
    const of = tensor.gradientOf?.tensor, writer = index.trace.ops[tensor.writer];
    return [{
      tensor: card.tensor, title: card.title ?? roleOf(index, card.tensor, from), variable: index.names.get(card.tensor) ?? '', use: card.use,
      shape: [...tensor.shape], dtype: tensor.dtype, statistics, layout: useOf(index, card.tensor), image: tensor.role.kind === 'input',
      role: tensor.gradientOf !== null || index.weights.get(card.tensor)?.moment === 'gradient' ? 'gradient' : index.weights.has(card.tensor) ? 'weight' : 'value',
      diverging: isSigned(index, card.tensor) || statistics.min < 0,
      gradientOf: of !== undefined && first.has(of) ? of : null,
      checkable: checkedBy(index.trace, card.tensor) !== null,
      cellOp: writer !== undefined && hasCells(writer) ? writer.index : null,
    }];
  });
}

/** Gradients and weights are signed by nature, whatever values they hold just now. */
function isSigned(index: TraceIndex, id: number): boolean {
  return index.tensor(id)?.gradientOf != null || index.weights.has(id) || index.preActivations.has(id);
}

/** Moves each gradient behind the card of its value. */
function beside(index: TraceIndex, cards: readonly WantedCard[]): WantedCard[] {
  const shown = new Set(cards.map((card) => card.tensor));
  const valueOf = (card: WantedCard): number | null => {
    const of = index.tensor(card.tensor)?.gradientOf?.tensor;
    return of !== undefined && of !== card.tensor && shown.has(of) ? of : null;
  };
  const gradients = new Map<number, WantedCard[]>();
  for (const card of cards) {
    const of = valueOf(card);
    if (of !== null) gradients.set(of, [...(gradients.get(of) ?? []), card]);
  }
  const ordered: WantedCard[] = [];
  const add = (card: WantedCard): void => {
    if (ordered.includes(card)) return;
    ordered.push(card);
    for (const gradient of gradients.get(card.tensor) ?? []) add(gradient);
  };
  for (const card of cards) if (valueOf(card) === null) add(card);
  for (const card of cards) add(card);
  return ordered;
}

/** Inputs and outputs of one op, and the value whose gradient it makes. */
export function opCards(index: TraceIndex, opNumber: number): WantedCard[] {
  const op = index.trace.ops[opNumber];
  if (op === undefined) return [];
  const inputs = Object.entries(op.inputs).map(([argument, tensor]) => ({ tensor, use: 'input' as const, title: roleOf(index, tensor, op, argument) }));
  const outputs = op.outputs.map((tensor) => ({ tensor, use: 'output' as const, title: knownRole(index, tensor, op) ?? undefined }));
  const values = op.outputs.flatMap((output) => {
    const of = index.tensor(output)?.gradientOf?.tensor;
    return of === undefined ? [] : [{ tensor: of, use: 'input' as const, title: knownRole(index, of, op) ?? index.names.get(of) ?? 'value' }];
  });
  return [...inputs, ...outputs, ...values];
}
