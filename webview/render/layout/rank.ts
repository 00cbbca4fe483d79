/** Ranks: which row each vertex stands in. Edges point downwards, except those of a cycle, which are turned round. */
import type { Level, LevelEdge } from './graph';

export interface Ranked {
  readonly rank: Int32Array;
  /** Edges with from above to; `turned[i]` tells whether edge i of the level was turned. Loops are null. */
  readonly edges: readonly (LevelEdge | null)[];
  readonly turned: readonly boolean[];
  readonly ranks: number;
}

/** Marks the edges that close a cycle, by an iterative depth-first walk (a deep network must not overflow the stack). */
function backEdges(count: number, out: readonly (readonly number[])[], edges: readonly LevelEdge[]): boolean[] {
  const back = edges.map(() => false);
  const state = new Uint8Array(count);
  for (let start = 0; start < count; start++) {
    if (state[start] !== 0) continue;
    const stack: [vertex: number, next: number][] = [[start, 0]];
    state[start] = 1;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const edge = out[top[0]]?.[top[1]++];
      if (edge === undefined) {
        state[top[0]] = 2;
        stack.pop();
        continue;
      }
      const to = edges[edge]?.to ?? 0;
      if (state[to] === 1) back[edge] = true;
      else if (state[to] === 0) {
        state[to] = 1;
        stack.push([to, 0]);
      }
    }
  }
  return back;
}

function listsOf(count: number, edges: readonly (LevelEdge | null)[], end: 'from' | 'to'): number[][] {
  const lists: number[][] = Array.from({ length: count }, () => []);
  edges.forEach((edge, index) => {
    if (edge !== null) lists[edge[end]]?.push(index);
  });
  return lists;
}

/** Vertices in topological order (Kahn); edges must be free of cycles. */
function topological(count: number, edges: readonly (LevelEdge | null)[], out: readonly (readonly number[])[]): number[] {
  const open = new Int32Array(count);
  for (const edge of edges) if (edge !== null) open[edge.to] = (open[edge.to] ?? 0) + 1;
  const order: number[] = [];
  for (let vertex = 0; vertex < count; vertex++) if (open[vertex] === 0) order.push(vertex);
  for (let next = 0; next < order.length; next++) {
    for (const index of out[order[next] ?? 0] ?? []) {
      const to = edges[index]?.to ?? 0;
      open[to] = (open[to] ?? 0) - 1;
      if (open[to] === 0) order.push(to);
    }
  }
  return order;
}

/**
 * Longest path from the top, then vertices with more edges downwards than upwards sink to the vertices they feed (so that a second
 * input stands by its consumer). Borders of a group get the first and last rank for themselves.
 */
export function rankLevel(level: Level): Ranked {
  const count = level.vertices.length;
  const loops = level.edges.map((edge) => edge.from === edge.to);
  const outgoing = listsOf(count, level.edges.map((edge, index) => (loops[index] ? null : edge)), 'from');
  const turned = backEdges(count, outgoing, level.edges);
  const edges = level.edges.map((edge, index) => {
    if (loops[index] === true) return null;
    return turned[index] === true ? { ...edge, from: edge.to, to: edge.from, fromX: edge.toX, toX: edge.fromX } : edge;
  });
  const out = listsOf(count, edges, 'from');
  const into = listsOf(count, edges, 'to');
  const order = topological(count, edges, out);
  const border = (vertex: number): 'top' | 'bottom' | null => level.vertices[vertex]?.border ?? null;
  const first = level.vertices.some((vertex) => vertex.border === 'top') ? 1 : 0;

  const rank = new Int32Array(count);
  for (const vertex of order) {
    if (border(vertex) === 'top') continue;
    let least = first;
    for (const index of into[vertex] ?? []) least = Math.max(least, (rank[edges[index]?.from ?? 0] ?? 0) + 1);
    rank[vertex] = least;
  }
  for (let pass = 0; pass < 2; pass++) {
    for (let at = order.length - 1; at >= 0; at--) {
      const vertex = order[at] ?? 0;
      const [below, above] = [out[vertex] ?? [], into[vertex] ?? []];
      if (border(vertex) !== null || below.length === 0 || above.length >= below.length) continue;
      let most = Infinity;
      for (const index of below) most = Math.min(most, (rank[edges[index]?.to ?? 0] ?? 0) - 1);
      rank[vertex] = Math.max(rank[vertex] ?? 0, most);
    }
  }
  let last = 0;
  for (let vertex = 0; vertex < count; vertex++) if (border(vertex) !== 'bottom') last = Math.max(last, rank[vertex] ?? 0);
  if (level.vertices.some((vertex) => vertex.border === 'bottom')) {
    last += 1;
    for (let vertex = 0; vertex < count; vertex++) if (border(vertex) === 'bottom') rank[vertex] = last;
  }
  return { rank, edges, turned, ranks: last + 1 };
}
