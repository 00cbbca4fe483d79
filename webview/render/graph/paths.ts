/** Paths between two layers: every layer and edge that lies on one, how many paths there are, and the length of the shortest. Pure, linear in the edges. */
import type { EdgeView } from '../../../src/protocol/graph';

export interface Paths {
  readonly layers: ReadonlySet<string>;
  /** Edges on a path, as `edgeKey` writes them. */
  readonly edges: ReadonlySet<string>;
  /** How many different paths lead from the one to the other; beyond 2^53 an approximation. */
  readonly count: number;
  /** Edges of the shortest path. */
  readonly shortest: number;
}

export const edgeKey = (source: string, target: string): string => `${source}\u0000${target}`;

type Neighbours = ReadonlyMap<string, ReadonlySet<string>>;

function neighbours(edges: readonly EdgeView[], key: 'source' | 'target', value: 'source' | 'target'): Neighbours {
  const lists = new Map<string, Set<string>>();
  for (const edge of edges) {
    const list = lists.get(edge[key]);
    if (list === undefined) lists.set(edge[key], new Set([edge[value]]));
    else list.add(edge[value]);
  }
  return lists;
}

function reached(from: readonly string[], along: Neighbours): Set<string> {
  const seen = new Set(from);
  const waiting = [...from];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const next of along.get(at) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return seen;
}

/** All paths from one of `from` to one of `to` (several, where a folded group stands for its layers); null when none leads there. */
export function pathsBetween(edges: readonly EdgeView[], from: readonly string[], to: readonly string[]): Paths | null {
  const below = neighbours(edges, 'source', 'target');
  const back = reached(to, neighbours(edges, 'target', 'source'));
  const layers = new Set([...reached(from, below)].filter((id) => back.has(id)));
  const starts = from.filter((id) => layers.has(id));
  if (starts.length === 0) return null;
  const on = new Set<string>();
  const open = new Map<string, number>();
  for (const id of layers) {
    for (const next of below.get(id) ?? []) {
      if (!layers.has(next)) continue;
      on.add(edgeKey(id, next));
      open.set(next, (open.get(next) ?? 0) + 1);
    }
  }
  // In topological order: paths that end here, and the edges of the shortest of them.
  const ends = new Set(to);
  const counts = new Map<string, number>(starts.map((id) => [id, 1]));
  const lengths = new Map<string, number>(starts.map((id) => [id, 0]));
  const order = [...layers].filter((id) => (open.get(id) ?? 0) === 0);
  let [count, shortest] = [0, Infinity];
  for (let index = 0; index < order.length; index += 1) {
    const id = order[index] ?? '';
    const [ways, length] = [counts.get(id) ?? 0, lengths.get(id) ?? Infinity];
    if (ends.has(id)) {
      count += ways;
      shortest = Math.min(shortest, length);
    }
    for (const next of below.get(id) ?? []) {
      if (!layers.has(next)) continue;
      counts.set(next, (counts.get(next) ?? 0) + ways);
      lengths.set(next, Math.min(lengths.get(next) ?? Infinity, length + 1));
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  return { layers, edges: on, count, shortest };
}

/** `12 layers on 3 paths, the shortest over 7 edges`. */
export function pathWords({ layers, count, shortest }: Paths): string {
  const paths = count === 1 ? '1 path' : `${count > 1e6 ? `about ${count.toExponential(1).replace('e+', '·10^')}` : count.toLocaleString('en-US')} paths`;
  return `${layers.size.toLocaleString('en-US')} layers on ${paths}${count === 1 ? '' : `, the shortest over ${shortest} edge${shortest === 1 ? '' : 's'}`}`;
}
