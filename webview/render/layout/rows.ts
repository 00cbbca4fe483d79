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

export interface Rows {
  readonly places: readonly Place[];
  readonly pieces: readonly Piece[];
  /** Pieces of each edge of the level, from top to bottom; empty for loops and for edges on a side track. */
  readonly paths: readonly (readonly number[])[];
  /** Edges too long for dummies: they run beside the drawing. */
  readonly side: readonly number[];
  readonly rows: number[][];
}

/** Cuts the edges into pieces. When the dummies of all trunks exceed the budget, the longest trunks move to side tracks. */
export function cutEdges(level: Level, { rank, edges, ranks }: Ranked): Rows {
  const places: Place[] = level.vertices.map((vertex, index) => ({ vertex: index, skip: false, rank: rank[index] ?? 0, width: vertex.width }));
  const rows: number[][] = Array.from({ length: ranks }, () => []);
  const pieces: Piece[] = [];
  const pieceOf = new Map<string, number>();
  const spans = (edge: LevelEdge): number => (rank[edge.to] ?? 0) - (rank[edge.from] ?? 0);

  /** Length of each trunk: the longest edge from one port of one vertex. */
  const trunkKey = (edge: LevelEdge): string => `${edge.from} ${edge.fromX}`;
  const lengths = new Map<string, number>();
  for (const edge of edges) if (edge !== null) lengths.set(trunkKey(edge), Math.max(lengths.get(trunkKey(edge)) ?? 0, spans(edge)));
  let budget = 4 * places.length + 2000;
  const aside = new Set<string>();
  for (const [key, length] of [...lengths].sort((a, b) => a[1] - b[1])) {
    budget -= length - 1;
    if (budget < 0 && length > 1) aside.add(key);
  }

  const addPiece = (piece: Piece): number => {
    const key = `${piece.from} ${piece.to} ${piece.fromX} ${piece.toX}`;
    let index = pieceOf.get(key);
    if (index === undefined) pieceOf.set(key, (index = pieces.push(piece) - 1));
    return index;
  };
  const trunks = new Map<string, number[]>();
  const side: number[] = [];
  const fan = new Map<number, number>();
  for (const edge of edges) if (edge !== null) fan.set(edge.from, (fan.get(edge.from) ?? 0) + 1);
  const paths = edges.map((edge, index) => {
    if (edge === null) return [];
    const key = trunkKey(edge);
    if (spans(edge) > 1 && aside.has(key)) {
      side.push(index);
      return [];
    }
    let trunk = trunks.get(key);
    if (trunk === undefined) trunks.set(key, (trunk = []));
    const path: number[] = [];
    let [at, atX] = [edge.from, edge.fromX];
    for (let step = 0; step < spans(edge) - 1; step++) {
      let dummy = trunk[step];
      if (dummy === undefined) trunk.push((dummy = places.push({ vertex: -1, skip: (fan.get(edge.from) ?? 0) > 1, rank: (rank[edge.from] ?? 0) + step + 1, width: 0 }) - 1));
      path.push(addPiece({ from: at, to: dummy, fromX: atX, toX: 0 }));
      [at, atX] = [dummy, 0];
    }
    path.push(addPiece({ from: at, to: edge.to, fromX: atX, toX: edge.toX }));
    return path;
  });
  places.forEach((place, index) => rows[place.rank]?.push(index));
  return { places, pieces, paths, side, rows };
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
