/** State that a TFLite model keeps from call to call: what a graph reads is what it has assigned before, or the initial value. */
import type { LiteGraph, LiteModel, Operator } from './graphs';
import type { LiteTensor } from './tensors';

/** What a READ_VARIABLE gives: a tensor of the graph, or a constant by its key. */
export type StoredValue = { readonly kind: 'tensor'; readonly index: number } | { readonly kind: 'initial'; readonly tensor: LiteTensor; readonly key: string };

export interface Variables {
  /** Operators that say nothing beyond this: handles, and the graph that sets initial values. */
  readonly absorbed: ReadonlySet<Operator>;
  /** What reads and assignments take. */
  readonly values: ReadonlyMap<Operator, StoredValue>;
  readonly problems: readonly string[];
}

/** Follows variables by the names that they are shared under, in the first graph; in loops they are left alone. */
export function variablesOf(model: LiteModel, graph: LiteGraph): Variables {
  const none: Variables = { absorbed: new Set(), values: new Map(), problems: [] };
  if (graph.number !== 0 || !graph.operators.some(({ type }) => type === 'VAR_HANDLE')) return none;
  const initial = new Map<string, StoredValue>();
  const absorbed = new Set<Operator>();
  const values = new Map<Operator, StoredValue>();
  const handles = (operators: readonly Operator[]): ReadonlyMap<number, string> => new Map(operators.flatMap(({ type, outputs: [handle], options }) => (type === 'VAR_HANDLE' && handle !== undefined ? [[handle, options?.text(1) ?? '']] : [])));
  for (const operator of graph.operators.filter(({ type }) => type === 'CALL_ONCE')) {
    const { number, operators, tensors } = model.graph(operator.options?.int32(0) ?? 0);
    const names = handles(operators);
    const known = operators.every(({ type }) => type === 'VAR_HANDLE' || type === 'ASSIGN_VARIABLE');
    if (known) absorbed.add(operator);
    for (const { type, inputs: [handle = -1, value = -1] } of operators) {
      const tensor = tensors[value];
      if (type === 'ASSIGN_VARIABLE' && tensor?.data != null) initial.set(names.get(handle) ?? '', { kind: 'initial', tensor, key: `${number}:${value}` });
    }
  }
  const names = handles(graph.operators);
  const current = new Map(initial);
  const kept = new Set<string>();
  for (const operator of graph.operators) {
    const { type, inputs: [handle = -1, value = -1], outputs: [output = -1] } = operator;
    const name = names.get(handle) ?? '';
    if (type === 'VAR_HANDLE') absorbed.add(operator);
    else if (type === 'ASSIGN_VARIABLE') { current.set(name, { kind: 'tensor', index: value }); values.set(operator, { kind: 'tensor', index: value }); kept.add(name); }
    else if (type === 'READ_VARIABLE') { const stored = current.get(name); if (stored !== undefined) values.set(operator, stored); else current.set(name, { kind: 'tensor', index: output }); }
  }
  return { absorbed, values, problems: kept.size === 0 ? [] : [`${model.bytes.label} keeps ${kept.size} tensor${kept.size === 1 ? '' : 's'} from call to call; each iteration here begins with the initial values.`] };
}
