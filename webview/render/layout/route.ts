/** Rows get their heights, and edges their corners: horizontal runs lie on tracks in the gaps between rows, so that no two nets share one. */
import type { Level, LevelEdge, Point } from './graph';
import { spacing } from './graph';
import type { Rows } from './rows';
import { portKey } from './rows';

/** A horizontal run in a gap. */
interface Run { readonly net: number; readonly low: number; readonly high: number; readonly start: number; readonly right: boolean; track: number }

export interface Routed {
  readonly centres: readonly Point[];
  /** Corner points of each edge of the level, downwards. */
  readonly edges: readonly Point[][];
  readonly width: number;
  readonly height: number;
}

/** Pieces that leave or enter the same port may share a run: those with several ways out by their source, the others by their target. */
function netsOf(graph: Rows): number[] {
  const out = new Map<number, number>();
  for (const { from, fromX } of graph.pieces) out.set(portKey(from, fromX), (out.get(portKey(from, fromX)) ?? 0) + 1);
  // Even numbers are sources, odd ones targets.
  return graph.pieces.map(({ from, fromX, to, toX }) => ((out.get(portKey(from, fromX)) ?? 0) > 1 ? 2 * portKey(from, fromX) : 2 * portKey(to, toX) + 1));
}

/** Nets of the edges on side tracks: where they leave their source, by port, and where they reach their target, by edge. */
const sideNet = (number: number, end: 'start' | 'end'): number => -2 * number - (end === 'start' ? 1 : 2);

/** Nets of the edges that go back up: apart from those of side tracks, whose numbers are whole. */
const backNet = (index: number, end: 'above' | 'below'): number => -2 * index - (end === 'above' ? 1.25 : 1.75);

/** Gives each net of a gap a track from the top; a net goes below those that it would otherwise cross twice. */
function assignTracks(runs: Run[]): Map<number, number> {
  const nets = new Map<number, Run>();
  for (const run of runs) {
    const old = nets.get(run.net);
    nets.set(run.net, old === undefined ? run : { ...old, low: Math.min(old.low, run.low), high: Math.max(old.high, run.high) });
  }
  const order = [...nets.values()].sort((a, b) => Number(a.right) - Number(b.right) || (a.right ? b.start - a.start : a.start - b.start));
  const tracks = new Map<number, number>();
  const placed: Run[] = [];
  for (const run of order) {
    run.track = 0;
    for (const other of placed) if (run.low < other.high + 4 && other.low < run.high + 4) run.track = Math.max(run.track, other.track + 1);
    placed.push(run);
    tracks.set(run.net, run.track);
  }
  return tracks;
}

interface SideEdge { readonly index: number; readonly trunk: number; readonly from: number; readonly to: number; readonly edge: LevelEdge }

/** Columns right of the drawing for the edges that are too long for dummies, by edge; all from one port share a column. */
function sideColumns(edges: readonly SideEdge[]): Map<number, number> {
  const trunks = new Map<number, { readonly trunk: number; readonly from: number; to: number }>();
  for (const { trunk, from, to } of edges) {
    const old = trunks.get(trunk);
    if (old === undefined) trunks.set(trunk, { trunk, from, to });
    else old.to = Math.max(old.to, to);
  }
  const ends: number[] = [];
  const columns = new Map<number, number>();
  for (const { trunk, from, to } of [...trunks.values()].sort((a, b) => a.from - b.from || b.to - a.to)) {
    let column = ends.findIndex((end) => end < from);
    if (column < 0) column = ends.length;
    ends[column] = to;
    columns.set(trunk, column);
  }
  return new Map(edges.map(({ index, trunk }) => [index, columns.get(trunk) ?? 0]));
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
  const sideEdges: readonly SideEdge[] = graph.side.flatMap((index) => {
    const edge = edges[index];
    return edge === null || edge === undefined ? [] : [{ index, trunk: portKey(edge.from, edge.fromX), from: rankOf(edge.from), to: rankOf(edge.to), edge }];
  });
  const columns = sideColumns(sideEdges);
  const columnX = (index: number): number => right + spacing.nodeGap + spacing.track * (columns.get(index) ?? 0);

  const sideWidth = right + spacing.nodeGap + spacing.track * ([...columns.values()].reduce((most, column) => Math.max(most, column), -1) + 1);

  const nets = netsOf(graph);
  const runs: Run[][] = graph.rows.map(() => []);
  const addRun = (rank: number, net: number, from: number, to: number): void => {
    if (Math.abs(from - to) > 0.5) runs[rank]?.push({ net, low: Math.min(from, to), high: Math.max(from, to), start: from, right: to > from, track: 0 });
  };
  graph.pieces.forEach((piece, index) => addRun(rankOf(piece.from), nets[index] ?? 0, at(piece.from) + piece.fromX, at(piece.to) + piece.toX));
  for (const { index, trunk, from, to, edge } of sideEdges) {
    addRun(from, sideNet(trunk, 'start'), at(edge.from) + edge.fromX, columnX(index));
    addRun(to - 1, sideNet(index, 'end'), columnX(index), at(edge.to) + edge.toX);
  }
  const backs = graph.back.flatMap((index, order) => {
    const edge = edges[index];
    return edge === null || edge === undefined ? [] : [{ index, edge, above: rankOf(edge.from) - 1, below: rankOf(edge.to), order, x: sideWidth + spacing.track * order }];
  });
  for (const { index, edge, above, below, x: column } of backs) {
    addRun(above, backNet(index, 'above'), at(edge.from) + edge.fromX, column);
    addRun(below, backNet(index, 'below'), at(edge.to) + edge.toX, column);
  }
  /** Room for the runs above the first row. */
  const head = backs.some(({ above }) => above < 0) ? spacing.trackBelow + spacing.track * backs.length : 0;
  const tracks = runs.map(assignTracks);

  const heights = graph.rows.map((row) => row.reduce((most, place) => Math.max(most, level.vertices[graph.places[place]?.vertex ?? -1]?.height ?? 0), 0));
  const tops: number[] = [];
  let y = head;
  heights.forEach((height, rank) => {
    tops.push(y);
    const count = [...(tracks[rank]?.values() ?? [])].reduce((most, track) => Math.max(most, track + 1), 0);
    const borderRow = graph.rows[rank]?.every((place) => (level.vertices[graph.places[place]?.vertex ?? -1]?.border ?? null) !== null) ?? false;
    const gap = count > 0 ? spacing.trackAbove + spacing.trackBelow + (count - 1) * spacing.track : borderRow ? spacing.trackBelow : spacing.rankGap;
    y += height + (rank + 1 < heights.length ? gap : count > 0 ? spacing.trackAbove + count * spacing.track : 0);
  });
  const trackY = (rank: number, net: number): number => (tops[rank] ?? 0) + (heights[rank] ?? 0) + spacing.trackAbove + spacing.track * (tracks[rank]?.get(net) ?? 0);
  const centreY = (place: number): number => (tops[rankOf(place)] ?? 0) + (heights[rankOf(place)] ?? 0) / 2;
  const half = (place: number): number => (level.vertices[graph.places[place]?.vertex ?? -1]?.height ?? 0) / 2;

  /** The corners of a piece: none when it runs straight down. */
  const bend = (number: number): Point[] => {
    const piece = graph.pieces[number];
    if (piece === undefined) return [];
    const [from, to] = [at(piece.from) + piece.fromX, at(piece.to) + piece.toX];
    const y = trackY(rankOf(piece.from), nets[number] ?? 0);
    return Math.abs(from - to) <= 0.5 ? [] : [{ x: from, y }, { x: to, y }];
  };
  /** Corners of whole trunks, and how many of them lie before each step; gone through once a trunk. */
  const trunkBends = new Map<readonly number[], { readonly points: Point[]; readonly before: number[] }>();
  const bendsOf = (trunk: readonly number[], steps: number): Point[] => {
    let bends = trunkBends.get(trunk);
    if (bends === undefined) {
      const points: Point[] = [];
      const before = [0, ...trunk.map((number) => points.push(...bend(number)))];
      trunkBends.set(trunk, (bends = { points, before }));
    }
    return bends.points.slice(0, bends.before[steps] ?? 0);
  };
  const loops = new Map(backs.map((loop) => [loop.index, loop]));
  const corners = edges.map((edge, index) => {
    if (edge === null) return [];
    const [startX, endX] = [at(edge.from) + edge.fromX, at(edge.to) + edge.toX];
    const points: Point[] = [{ x: startX, y: centreY(edge.from) + half(edge.from) }];
    if (columns.has(index)) {
      const [above, below] = [trackY(rankOf(edge.from), sideNet(portKey(edge.from, edge.fromX), 'start')), trackY(rankOf(edge.to) - 1, sideNet(index, 'end'))];
      points.push({ x: startX, y: above }, { x: columnX(index), y: above }, { x: columnX(index), y: below }, { x: endX, y: below });
    }
    const loop = loops.get(index);
    if (loop !== undefined) {
      const [above, below] = [loop.above < 0 ? spacing.track * loop.order : trackY(loop.above, backNet(index, 'above')), trackY(loop.below, backNet(index, 'below'))];
      return [{ x: startX, y: centreY(edge.from) - half(edge.from) }, { x: startX, y: above }, { x: loop.x, y: above }, { x: loop.x, y: below }, { x: endX, y: below }, { x: endX, y: centreY(edge.to) + half(edge.to) }];
    }
    const path = graph.paths[index];
    if (path !== null && path !== undefined) points.push(...bendsOf(path.trunk, path.steps), ...bend(path.last));
    points.push({ x: endX, y: centreY(edge.to) - half(edge.to) });
    return simplify(points);
  });
  const inner = columns.size > 0 ? [...columns.keys()].reduce((most, index) => Math.max(most, columnX(index)), 0) + spacing.track : right;
  return { centres: level.vertices.map((_, place) => ({ x: at(place), y: centreY(place) })), edges: corners, width: backs.length > 0 ? sideWidth + spacing.track * backs.length : inner, height: y };
}
