/**
 * Horizontal coordinates: Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2002). Four alignments (from above or below,
 * to the left or right) are compacted by longest paths over their blocks and averaged. Ports off a vertex's centre shift it within its block.
 */
import { spacing } from './graph';
import type { Piece, Rows } from './rows';

interface Neighbour { readonly place: number; readonly shift: number; readonly piece: number }

const isDummy = (graph: Rows, place: number): boolean => graph.places[place]?.vertex === -1;

/** Pieces that a straight long edge crosses: they may not be aligned (type-1 conflicts of the paper). */
function conflicts(graph: Rows, rows: readonly (readonly number[])[], position: Int32Array, upper: readonly Neighbour[][]): Set<number> {
  const found = new Set<number>();
  for (let rank = 1; rank < rows.length; rank++) {
    const row = rows[rank] ?? [];
    let [from, next] = [-1, 0];
    row.forEach((place, index) => {
      const inner = isDummy(graph, place) ? (upper[place] ?? []).find((near) => isDummy(graph, near.place)) : undefined;
      const to = inner === undefined ? Infinity : position[inner.place] ?? 0;
      if (inner === undefined && index < row.length - 1) return;
      for (; next <= index; next++) {
        for (const near of upper[row[next] ?? 0] ?? []) {
          const at = position[near.place] ?? 0;
          const isInner = isDummy(graph, near.place) && isDummy(graph, row[next] ?? 0);
          if ((at < from || at > to) && !isInner) found.add(near.piece);
        }
      }
      from = to === Infinity ? from : to;
    });
  }
  return found;
}

/** The neighbours that a place may stand in line with: the only one beside skips (the main path stays straight), else the medians. */
function candidates(graph: Rows, near: readonly Neighbour[], position: Int32Array): readonly Neighbour[] {
  if (near.length <= 1) return near;
  const real = near.filter(({ place }) => graph.places[place]?.skip === false);
  if (real.length === 1) return real;
  const sorted = [...near].sort((a, b) => (position[a.place] ?? 0) - (position[b.place] ?? 0));
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  if (low === undefined || high === undefined) return [];
  return low === high ? [low] : [low, high];
}

/** The candidates of every place, less those for whom the place is none: a branch or a skip may not take its source off the main path. */
function mutual(graph: Rows, near: readonly (readonly Neighbour[])[], far: readonly (readonly Neighbour[])[], position: Int32Array): (readonly Neighbour[])[] {
  const back = far.map((list) => new Set(candidates(graph, list, position).map(({ piece }) => piece)));
  return near.map((list) => candidates(graph, list, position).filter(({ place, piece }) => back[place]?.has(piece) === true));
}

/** One of the four: blocks of aligned places, compacted to the left. Rows are given in the direction of the walk. */
function alignment(graph: Rows, rows: readonly (readonly number[])[], near: readonly (readonly Neighbour[])[], blocked: ReadonlySet<number>, sign: 1 | -1): Float64Array {
  const count = graph.places.length;
  const position = new Int32Array(count);
  for (const row of rows) row.forEach((place, index) => { position[place] = index; });
  const root = Int32Array.from({ length: count }, (_, place) => place);
  const taken = new Uint8Array(count);
  const shift = new Float64Array(count);
  for (const row of rows) {
    let last = -1;
    for (const place of row) {
      const list = near[place] ?? [];
      // The left median first when walking from the left.
      for (const neighbour of sign === 1 ? list : [...list].reverse()) {
        const at = position[neighbour.place] ?? 0;
        if (root[place] !== place || taken[neighbour.place] === 1 || at <= last || blocked.has(neighbour.piece)) continue;
        root[place] = root[neighbour.place] ?? 0;
        taken[neighbour.place] = 1;
        shift[place] = (shift[neighbour.place] ?? 0) + sign * neighbour.shift;
        last = at;
      }
    }
  }
  return compact(graph, rows, root, shift);
}

/** Places blocks as far left as they may stand, then draws each as near to its right neighbour as its own left side allows. */
function compact(graph: Rows, rows: readonly (readonly number[])[], root: Int32Array, shift: Float64Array): Float64Array {
  const count = graph.places.length;
  /** Neighbours in the row, and the distance that a place keeps from the one on its left. */
  const left = new Int32Array(count).fill(-1);
  const right = new Int32Array(count).fill(-1);
  const distance = new Float64Array(count);
  /** Blocks as linked lists of their places. */
  const next = new Int32Array(count).fill(-1);
  const open = new Int32Array(count);
  for (const row of rows) {
    let before = -1;
    for (const place of row) {
      const block = root[place] ?? 0;
      if (block !== place) {
        next[place] = next[block] ?? -1;
        next[block] = place;
      }
      if (before >= 0) {
        left[place] = before;
        right[before] = place;
        const gap = isDummy(graph, before) || isDummy(graph, place) ? spacing.lineGap : spacing.nodeGap;
        distance[place] = ((graph.places[before]?.width ?? 0) + (graph.places[place]?.width ?? 0)) / 2 + gap + (shift[before] ?? 0) - (shift[place] ?? 0);
        open[block] = (open[block] ?? 0) + 1;
      }
      before = place;
    }
  }
  const order: number[] = [];
  for (let block = 0; block < count; block++) if (root[block] === block && open[block] === 0) order.push(block);
  for (let at = 0; at < order.length; at++) {
    for (let place = order[at] ?? -1; place >= 0; place = next[place] ?? -1) {
      const follower = right[place] ?? -1;
      if (follower < 0) continue;
      const block = root[follower] ?? 0;
      open[block] = (open[block] ?? 0) - 1;
      if (open[block] === 0) order.push(block);
    }
  }
  const x = new Float64Array(count);
  for (const block of order) {
    let least = -Infinity;
    for (let place = block; place >= 0; place = next[place] ?? -1) {
      const other = left[place] ?? -1;
      if (other >= 0) least = Math.max(least, (x[root[other] ?? 0] ?? 0) + (distance[place] ?? 0));
    }
    x[block] = least === -Infinity ? 0 : least;
  }
  for (let at = order.length - 1; at >= 0; at--) {
    const block = order[at] ?? 0;
    let most = Infinity;
    for (let place = block; place >= 0; place = next[place] ?? -1) {
      const other = right[place] ?? -1;
      if (other >= 0) most = Math.min(most, (x[root[other] ?? 0] ?? 0) - (distance[other] ?? 0));
    }
    if (most !== Infinity) x[block] = Math.max(x[block] ?? 0, most);
  }
  for (let place = 0; place < count; place++) if (root[place] !== place) x[place] = (x[root[place] ?? 0] ?? 0) + (shift[place] ?? 0);
  return x;
}

/** Centre of every place, the leftmost edge at 0. */
export function placeRows(graph: Rows, rows: readonly (readonly number[])[]): Float64Array {
  const count = graph.places.length;
  const upper: Neighbour[][] = Array.from({ length: count }, () => []);
  const lower: Neighbour[][] = Array.from({ length: count }, () => []);
  graph.pieces.forEach(({ from, to, fromX, toX }: Piece, piece) => {
    upper[to]?.push({ place: from, shift: fromX - toX, piece });
    lower[from]?.push({ place: to, shift: toX - fromX, piece });
  });
  const position = new Int32Array(count);
  for (const row of rows) row.forEach((place, index) => { position[place] = index; });
  const blocked = conflicts(graph, rows, position, upper);
  const [above, below] = [mutual(graph, upper, lower, position), mutual(graph, lower, upper, position)];
  const mirrored = rows.map((row) => [...row].reverse());
  const negated = (xs: Float64Array): Float64Array => xs.map((x) => -x);
  const four = [
    alignment(graph, rows, above, blocked, 1),
    alignment(graph, [...rows].reverse(), below, blocked, 1),
    negated(alignment(graph, mirrored, above, blocked, -1)),
    negated(alignment(graph, [...mirrored].reverse(), below, blocked, -1)),
  ];
  const extents = four.map((xs) => {
    let [low, high] = [Infinity, -Infinity];
    xs.forEach((x, place) => {
      const half = (graph.places[place]?.width ?? 0) / 2;
      low = Math.min(low, x - half);
      high = Math.max(high, x + half);
    });
    return { low, high };
  });
  const narrowest = extents.reduce((best, extent) => (extent.high - extent.low < best.high - best.low ? extent : best));
  four.forEach((xs, index) => {
    const extent = extents[index] ?? narrowest;
    const move = index < 2 ? narrowest.low - extent.low : narrowest.high - extent.high;
    for (let place = 0; place < count; place++) xs[place] = (xs[place] ?? 0) + move;
  });
  const x = new Float64Array(count);
  let low = Infinity;
  for (let place = 0; place < count; place++) {
    const sorted = four.map((xs) => xs[place] ?? 0).sort((a, b) => a - b);
    x[place] = ((sorted[1] ?? 0) + (sorted[2] ?? 0)) / 2;
    low = Math.min(low, (x[place] ?? 0) - (graph.places[place]?.width ?? 0) / 2);
  }
  return x.map((value) => value - low);
}
