/** A network with only some of its layers: edges lead on through those that are hidden. Pure. */
import type { EdgeView, GraphView } from '../../../src/protocol/graph';
import { edgeKey } from './paths';

/** Through hidden layers, at most so many of the shown ones before are kept: a hidden mask or sum could tie everything to everything. */
const most = 24;

/** Keeps the layers in `shown`, the groups around them, and an edge wherever one led from one to the other through hidden layers alone. */
export function hideOthers(graph: GraphView, shown: ReadonlySet<string>): GraphView {
  const parents = new Map(graph.nodes.map(({ id, parent }) => [id, parent]));
  const kept = new Set(shown);
  for (const id of shown) for (let at = parents.get(id) ?? null; at !== null && !kept.has(at); at = parents.get(at) ?? null) kept.add(at);
  const out = new Map<string, EdgeView[]>();
  const open = new Map<string, number>();
  for (const edge of graph.edges) {
    const list = out.get(edge.source);
    if (list === undefined) out.set(edge.source, [edge]);
    else list.push(edge);
    open.set(edge.target, (open.get(edge.target) ?? 0) + 1);
  }
  // In topological order: which shown layers a tensor comes from.
  const origins = new Map<string, Map<string, string>>();
  const edges = new Map<string, EdgeView>();
  const ids = new Set([...graph.nodes.map(({ id }) => id), ...graph.edges.flatMap(({ source, target }) => [source, target])]);
  const order = [...ids].filter((id) => (open.get(id) ?? 0) === 0);
  for (let index = 0; index < order.length; index += 1) {
    const id = order[index] ?? '';
    const own = origins.get(id);
    if (shown.has(id)) for (const [source, shape] of own ?? []) edges.set(edgeKey(source, id), { source, target: id, shape });
    for (const { target, shape } of out.get(id) ?? []) {
      const into = origins.get(target) ?? new Map<string, string>();
      origins.set(target, into);
      for (const [source, known] of shown.has(id) ? [[id, shape] as const] : own ?? []) if (into.size < most) into.set(source, known);
      const left = (open.get(target) ?? 0) - 1;
      open.set(target, left);
      if (left === 0) order.push(target);
    }
    // Not asked for again.
    origins.delete(id);
  }
  return { ...graph, nodes: graph.nodes.filter(({ id }) => kept.has(id)), edges: [...edges.values()] };
}
