/** The gradients of the iteration under the cursor that can be checked, in the order in which a person looks for them. */
import { checkedBy } from '../../engine/check/gradient-check';
import { Failure } from '../../tensor/failure';
import { evaluate } from '../expression/evaluate';
import { parseExpression } from '../expression/syntax';
import type { View } from '../place';
import { TraceScope } from '../scope';

export interface CheckableGradient {
  readonly gradient: number;
  /** Name in the listing. */
  readonly name: string;
  readonly shape: readonly number[];
  /** What it is by: `conv_1/kernel`, or a tensor's name in the listing. */
  readonly by: string;
  /** Whether it is by a weight. */
  readonly weight: boolean;
  /** Index of the op that makes it. */
  readonly op: number;
}

/** Gradients by weights first, the layers' own in network order; then those of activations and inputs. */
export function checkableGradients({ trace, listing }: View): readonly CheckableGradient[] {
  const weights = new Map(trace.weights.map(({ before, layer, weight }) => [before, `${layer}/${weight}`]));
  const found = [...trace.tensors.values()].flatMap(({ id, shape, writer }): CheckableGradient[] => {
    const by = checkedBy(trace, id);
    const name = listing.names.get(id);
    if (by === null || name === undefined || writer < 0) return [];
    return [{ gradient: id, name, shape, op: writer, by: weights.get(by) ?? listing.names.get(by) ?? 'value', weight: weights.has(by) }];
  });
  const order = new Map([...weights.values()].map((key, place) => [key, place]));
  return found.sort((a, b) => Number(b.weight) - Number(a.weight) || (a.weight ? (order.get(a.by) ?? 0) - (order.get(b.by) ?? 0) : a.op - b.op));
}

/** The checkable gradient that an expression of the debugger names. @throws Failure `check.gradient` when it names something else */
export function gradientNamed(view: View, expression: string): number {
  const value = evaluate(parseExpression(expression), new TraceScope(view));
  const source = typeof value === 'object' ? value.source : null;
  if (source === null || source === undefined || checkedBy(view.trace, source) === null) throw new Failure('check.gradient', `${expression} is not the whole gradient of the loss by one tensor, so there is nothing to compare it with.`);
  return source;
}
