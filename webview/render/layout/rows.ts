/**
 * Rows of places: the vertices of each rank, and a dummy place wherever a long edge passes. Long edges with the same source share one
 * trunk of dummies, so that a tensor that feeds every layer costs one line, not one a layer.
 */
import type { Level, LevelEdge } from './graph';
import type { Ranked } from './rank';

export interface Place {
  /** Number of the vertex in the level, -1 for a dummy. */
  readonly vertex: number;
  /** A dummy of a trunk whose source feeds others too: a skip beside the main path, not the end of a branch. */
  readonly skip: boolean;
  readonly rank: number;
  readonly width: number;
}
/** A piece of an edge between two neighbouring ranks; `fromX`, `toX` as in LevelEdge. */
export interface Piece { readonly from: number; readonly to: number; readonly fromX: number; readonly toX: number }

/** An edge's way down: the first `steps` pieces of a trunk, which it may share with others, and its own last piece. */
export interface Path { readonly trunk: readonly number[]; readonly steps: number; readonly last: number }

/** A number for a port of a vertex or place. */
export const portKey = (place: number, x: number): number => place * 2_000_000 + Math.round(x) + 1_000_000;

export interface Rows {
  readonly places: readonly Place[];
  readonly pieces: readonly Piece[];
  /** The way of each edge of the level; null for loops and for edges on a side track. */
  readonly paths: readonly (Path | null)[];
  /** Edges too long for dummies: they run beside the drawing. */
  readonly side: readonly number[];
  /** Edges of a cycle that go on inside a group: from the bottom of the lower end up beside the drawing to the top of the upper one. */
  readonly back: readonly number[];
  readonly rows: number[][];
}

/** A tensor with more ways out than this, and reaching twice as far down, is bundled on a side track. */
const broadcast = 16;

/** Cuts the edges into pieces. When the dummies of all trunks exceed the budget, the longest trunks move to side tracks. */
export function cutEdges(level: Level, ranked: Ranked): Rows {
  const { rank, ranks } = ranked;
  const back = ranked.edges.flatMap((edge, index) => (edge?.inside === true && ranked.turned[index] === true ? [index] : []));
  const beside = new Set(back);
  const edges = ranked.edges.map((edge, index) => (beside.has(index) ? null : edge));
  const places: Place[] = level.vertices.map((vertex, index) => ({ vertex: index, skip: false, rank: rank[index] ?? 0, width: vertex.width }));
  const rows: number[][] = Array.from({ length: ranks }, () => []);
  const pieces: Piece[] = [];
  const pieceOf = new Map<string, number>();
  const spans = (edge: LevelEdge): number => (rank[edge.to] ?? 0) - (rank[edge.from] ?? 0);

  /** Length of each trunk: the longest edge from one port of one vertex. */
  const trunkKey = (edge: LevelEdge): number => portKey(edge.from, edge.fromX);
  const lengths = new Map<number, number>();
  for (const edge of edges) if (edge !== null) lengths.set(trunkKey(edge), Math.max(lengths.get(trunkKey(edge)) ?? 0, spans(edge)));
  let budget = 4 * places.length + 2000;
  const aside = new Set<number>();
  // A mask that feeds every layer runs beside the drawing: straight, and without a place in every row.
  const ways = new Map<number, number>();
  for (const edge of edges) if (edge !== null) ways.set(trunkKey(edge), (ways.get(trunkKey(edge)) ?? 0) + 1);
  for (const [key, count] of ways) if (count > broadcast && (lengths.get(key) ?? 0) > 2 * broadcast) aside.add(key);
  for (const [key, length] of [...lengths].sort((a, b) => a[1] - b[1])) {
    if (aside.has(key)) continue;
    budget -= length - 1;
    if (budget < 0 && length > 1) aside.add(key);
  }

  const fan = new Map<number, number>();
  for (const edge of edges) if (edge !== null) fan.set(edge.from, (fan.get(edge.from) ?? 0) + 1);
  /** The trunk from a port, as long as its longest edge needs: its pieces, and the places where they end. */
  const trunks = new Map<number, { readonly pieces: number[]; readonly ends: number[] }>();
  const trunkOf = (edge: LevelEdge, steps: number): { readonly pieces: number[]; readonly ends: number[] } => {
    const key = trunkKey(edge);
    let trunk = trunks.get(key);
    if (trunk === undefined) trunks.set(key, (trunk = { pieces: [], ends: [] }));
    for (let step = trunk.pieces.length; step < steps; step++) {
      const dummy = places.push({ vertex: -1, skip: (fan.get(edge.from) ?? 0) > 1, rank: (rank[edge.from] ?? 0) + step + 1, width: 0 }) - 1;
      const [from, fromX] = step === 0 ? [edge.from, edge.fromX] : [trunk.ends[step - 1] ?? 0, 0];
      trunk.pieces.push(pieces.push({ from, to: dummy, fromX, toX: 0 }) - 1);
      trunk.ends.push(dummy);
    }
    return trunk;
  };
  const side: number[] = [];
  const paths = edges.map((edge, index): Path | null => {
    if (edge === null) return null;
    const steps = spans(edge) - 1;
    if (steps > 0 && aside.has(trunkKey(edge))) {
      side.push(index);
      return null;
    }
    const trunk = trunkOf(edge, steps);
    const [from, fromX] = steps === 0 ? [edge.from, edge.fromX] : [trunk.ends[steps - 1] ?? 0, 0];
    const key = `${from} ${edge.to} ${fromX} ${edge.toX}`;
    let last = pieceOf.get(key);
    if (last === undefined) pieceOf.set(key, (last = pieces.push({ from, to: edge.to, fromX, toX: edge.toX }) - 1));
    return { trunk: trunk.pieces, steps, last };
  });
  places.forEach((place, index) => rows[place.rank]?.push(index));
  return { places, pieces, paths, side, back, rows };
}

/** Neighbours of every place in the rank above and in the rank below. */
export function neighboursOf({ places, pieces }: Rows): { readonly above: number[][]; readonly below: number[][] } {
  const above: number[][] = places.map(() => []);
  const below: number[][] = places.map(() => []);
  for (const { from, to } of pieces) {
    above[to]?.push(from);
    below[from]?.push(to);
  }
  return { above, below };
}
