/** Rows get their heights, and edges their corners: horizontal runs lie on tracks in the gaps between rows, so that no two nets share one. */
import type { Level, LevelEdge, Point } from './graph';
import { spacing } from './graph';
import type { Rows } from './rows';

/** A horizontal run in a gap. */
interface Run { readonly net: string; readonly low: number; readonly high: number; readonly start: number; readonly right: boolean; track: number }

export interface Routed {
  readonly centres: readonly Point[];
  /** Corner points of each edge of the level, downwards. */
  readonly edges: readonly Point[][];
  readonly width: number;
  readonly height: number;
}

/** Pieces that leave or enter the same port may share a run: those with several ways out by their source, the others by their target. */
function netsOf(graph: Rows): string[] {
  const out = new Map<string, number>();
  const fromKey = (index: number): string => `f${graph.pieces[index]?.from} ${graph.pieces[index]?.fromX}`;
  graph.pieces.forEach((_, index) => out.set(fromKey(index), (out.get(fromKey(index)) ?? 0) + 1));
  return graph.pieces.map((piece, index) => ((out.get(fromKey(index)) ?? 0) > 1 ? fromKey(index) : `t${piece.to} ${piece.toX}`));
}

/** Gives each net of a gap a track from the top; a net goes below those that it would otherwise cross twice. */
function assignTracks(runs: Run[]): Map<string, number> {
  const nets = new Map<string, Run>();
  for (const run of runs) {
    const old = nets.get(run.net);
    nets.set(run.net, old === undefined ? run : { ...old, low: Math.min(old.low, run.low), high: Math.max(old.high, run.high) });
  }
  const order = [...nets.values()].sort((a, b) => Number(a.right) - Number(b.right) || (a.right ? b.start - a.start : a.start - b.start));
  const tracks = new Map<string, number>();
  const placed: Run[] = [];
  for (const run of order) {
    run.track = 0;
    for (const other of placed) if (run.low < other.high + 4 && other.low < run.high + 4) run.track = Math.max(run.track, other.track + 1);
    placed.push(run);
    tracks.set(run.net, run.track);
  }
  return tracks;
}

/** Columns right of the drawing for the edges that are too long for dummies. */
function sideColumns(edges: readonly { readonly index: number; readonly from: number; readonly to: number }[]): Map<number, number> {
  const ends: number[] = [];
  const columns = new Map<number, number>();
  for (const { index, from, to } of [...edges].sort((a, b) => a.from - b.from || b.to - a.to)) {
    let column = ends.findIndex((end) => end < from);
    if (column < 0) column = ends.length;
    ends[column] = to;
    columns.set(index, column);
  }
  return columns;
}

/** Joins points, dropping repeated ones and those on a straight line. */
export function simplify(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    const [before, last] = [kept.at(-2), kept.at(-1)];
    if (last !== undefined && Math.abs(last.x - point.x) < 0.01 && Math.abs(last.y - point.y) < 0.01) continue;
    if (before !== undefined && last !== undefined) {
      const [alongX, alongY] = [Math.abs(before.x - last.x) < 0.01 && Math.abs(last.x - point.x) < 0.01, Math.abs(before.y - last.y) < 0.01 && Math.abs(last.y - point.y) < 0.01];
      if (alongX || alongY) kept.pop();
    }
    kept.push(point);
  }
  return kept;
}

/** @param x centre of every place; @param edges the level's edges, downwards, null for loops. */
export function routeLevel(level: Level, graph: Rows, edges: readonly (LevelEdge | null)[], x: Float64Array): Routed {
  const rankOf = (place: number): number => graph.places[place]?.rank ?? 0;
  const at = (place: number): number => x[place] ?? 0;
  const right = graph.places.reduce((most, place, index) => Math.max(most, at(index) + place.width / 2), 0);
  const sideEdges = graph.side.flatMap((index) => {
    const edge = edges[index];
    return edge === null || edge === undefined ? [] : [{ index, from: rankOf(edge.from), to: rankOf(edge.to), edge }];
  });
  const columns = sideColumns(sideEdges);
  const columnX = (index: number): number => right + spacing.nodeGap + spacing.track * (columns.get(index) ?? 0);

  const nets = netsOf(graph);
  const runs: Run[][] = graph.rows.map(() => []);
  const addRun = (rank: number, net: string, from: number, to: number): void => {
    if (Math.abs(from - to) > 0.5) runs[rank]?.push({ net, low: Math.min(from, to), high: Math.max(from, to), start: from, right: to > from, track: 0 });
  };
  graph.pieces.forEach((piece, index) => addRun(rankOf(piece.from), nets[index] ?? '', at(piece.from) + piece.fromX, at(piece.to) + piece.toX));
  for (const { index, from, to, edge } of sideEdges) {
    addRun(from, `s${index}`, at(edge.from) + edge.fromX, columnX(index));
    addRun(to - 1, `e${index}`, columnX(index), at(edge.to) + edge.toX);
  }
  const tracks = runs.map(assignTracks);

  const heights = graph.rows.map((row) => row.reduce((most, place) => Math.max(most, level.vertices[graph.places[place]?.vertex ?? -1]?.height ?? 0), 0));
  const tops: number[] = [];
  let y = 0;
  heights.forEach((height, rank) => {
    tops.push(y);
    const count = Math.max(0, ...[...(tracks[rank]?.values() ?? [])].map((track) => track + 1));
    const borderRow = graph.rows[rank]?.every((place) => (level.vertices[graph.places[place]?.vertex ?? -1]?.border ?? null) !== null) ?? false;
    const gap = count > 0 ? spacing.trackAbove + spacing.trackBelow + (count - 1) * spacing.track : borderRow ? spacing.trackBelow : spacing.rankGap;
    y += height + (rank + 1 < heights.length ? gap : 0);
  });
  const trackY = (rank: number, net: string): number => (tops[rank] ?? 0) + (heights[rank] ?? 0) + spacing.trackAbove + spacing.track * (tracks[rank]?.get(net) ?? 0);
  const centreY = (place: number): number => (tops[rankOf(place)] ?? 0) + (heights[rankOf(place)] ?? 0) / 2;
  const half = (place: number): number => (level.vertices[graph.places[place]?.vertex ?? -1]?.height ?? 0) / 2;

  const corners = edges.map((edge, index) => {
    if (edge === null) return [];
    const [startX, endX] = [at(edge.from) + edge.fromX, at(edge.to) + edge.toX];
    const points: Point[] = [{ x: startX, y: centreY(edge.from) + half(edge.from) }];
    if (columns.has(index)) {
      const [above, below] = [trackY(rankOf(edge.from), `s${index}`), trackY(rankOf(edge.to) - 1, `e${index}`)];
      points.push({ x: startX, y: above }, { x: columnX(index), y: above }, { x: columnX(index), y: below }, { x: endX, y: below });
    }
    for (const number of graph.paths[index] ?? []) {
      const piece = graph.pieces[number];
      if (piece === undefined) continue;
      const [from, to] = [at(piece.from) + piece.fromX, at(piece.to) + piece.toX];
      if (Math.abs(from - to) <= 0.5) continue;
      const run = trackY(rankOf(piece.from), nets[number] ?? '');
      points.push({ x: from, y: run }, { x: to, y: run });
    }
    points.push({ x: endX, y: centreY(edge.to) - half(edge.to) });
    return simplify(points);
  });
  const width = columns.size > 0 ? Math.max(...[...columns.keys()].map(columnX)) + spacing.track : right;
  return { centres: level.vertices.map((_, place) => ({ x: at(place), y: centreY(place) })), edges: corners, width, height: y };
}
