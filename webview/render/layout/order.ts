/** Order within the rows: barycentre sweeps (Sugiyama, Tagawa, Toda 1981) with exchange of neighbours; the order with the fewest crossings wins. */
import type { Rows } from './rows';
import { neighboursOf } from './rows';

/** Crossings between two neighbouring rows, by a Fenwick tree over positions (Barth, Jünger, Mutzel 2002). */
function crossings(upper: readonly number[], lower: readonly number[], below: readonly (readonly number[])[], position: Int32Array): number {
  const tree = new Int32Array(lower.length + 1);
  let [total, seen] = [0, 0];
  for (const place of upper) {
    const ends = (below[place] ?? []).map((end) => position[end] ?? 0);
    for (const end of ends) {
      let left = 0;
      for (let at = end + 1; at > 0; at -= at & -at) left += tree[at] ?? 0;
      total += seen - left;
    }
    for (const end of ends) {
      seen += 1;
      for (let at = end + 1; at <= lower.length; at += at & -at) tree[at] = (tree[at] ?? 0) + 1;
    }
  }
  return total;
}

/** First order: a depth-first walk that visits vertices before the dummies of long edges, so that the main path comes first. */
function walk(graph: Rows, below: readonly (readonly number[])[], above: readonly (readonly number[])[]): number[][] {
  const rows: number[][] = graph.rows.map(() => []);
  const seen = new Uint8Array(graph.places.length);
  const isDummy = (place: number): number => (graph.places[place]?.vertex === -1 ? 1 : 0);
  for (const start of graph.rows.flat()) {
    if (seen[start] === 1 || (above[start] ?? []).length > 0) continue;
    const stack = [start];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (seen[place] === 1) continue;
      seen[place] = 1;
      rows[graph.places[place]?.rank ?? 0]?.push(place);
      const next = [...(below[place] ?? [])].sort((a, b) => isDummy(a) - isDummy(b));
      for (let at = next.length - 1; at >= 0; at--) stack.push(next[at] ?? 0);
    }
  }
  return rows;
}

/** Sorts one row by the mean position of each place's neighbours; places without neighbours stay where they are. */
function sortRow(row: number[], neighbours: readonly (readonly number[])[], position: Int32Array, ties: 1 | -1): void {
  const weight = new Map<number, number>();
  row.forEach((place, index) => {
    const near = neighbours[place] ?? [];
    const sum = near.reduce((total, other) => total + (position[other] ?? 0), 0);
    weight.set(place, near.length > 0 ? sum / near.length : index);
  });
  const old = new Map(row.map((place, index) => [place, index]));
  row.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || ties * ((old.get(a) ?? 0) - (old.get(b) ?? 0)));
  row.forEach((place, index) => { position[place] = index; });
}

/** Crossings of two neighbours of a row if `left` stands before `right`. */
function pairCrossings(left: readonly number[], right: readonly number[], position: Int32Array): number {
  let count = 0;
  for (const a of left) for (const b of right) if ((position[a] ?? 0) > (position[b] ?? 0)) count += 1;
  return count;
}

/** Exchanges neighbours of a row where that removes crossings. */
function exchange(row: number[], above: readonly (readonly number[])[], below: readonly (readonly number[])[], position: Int32Array): void {
  for (let at = 0; at + 1 < row.length; at++) {
    const [left, right] = [row[at] ?? 0, row[at + 1] ?? 0];
    let gain = 0;
    for (const near of [above, below]) {
      const [a, b] = [near[left] ?? [], near[right] ?? []];
      if (a.length * b.length > 400) continue;
      gain += pairCrossings(a, b, position) - pairCrossings(b, a, position);
    }
    if (gain <= 0) continue;
    [row[at], row[at + 1]] = [right, left];
    position[right] = at;
    position[left] = at + 1;
  }
}

/** The rows in their best order found. Deterministic. */
export function orderRows(graph: Rows): number[][] {
  const { above, below } = neighboursOf(graph);
  const rows = walk(graph, below, above);
  const position = new Int32Array(graph.places.length);
  for (const row of rows) row.forEach((place, index) => { position[place] = index; });
  const count = (): number => {
    let total = 0;
    for (let rank = 0; rank + 1 < rows.length; rank++) total += crossings(rows[rank] ?? [], rows[rank + 1] ?? [], below, position);
    return total;
  };
  let best = rows.map((row) => [...row]);
  let fewest = count();
  for (let sweep = 0, stale = 0; sweep < 16 && stale < 4 && fewest > 0; sweep++) {
    const ties = sweep % 4 < 2 ? 1 : -1;
    if (sweep % 2 === 0) for (let rank = 1; rank < rows.length; rank++) sortRow(rows[rank] ?? [], above, position, ties);
    else for (let rank = rows.length - 2; rank >= 0; rank--) sortRow(rows[rank] ?? [], below, position, ties);
    for (const row of rows) exchange(row, above, below, position);
    const now = count();
    stale += 1;
    if (now < fewest) {
      [fewest, stale] = [now, 0];
      best = rows.map((row) => [...row]);
    }
  }
  return best;
}
