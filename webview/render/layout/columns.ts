/**
 * A drawing that would be a sliver (a long chain) is cut between its rows and set in columns side by side, as text is. Lines that cross a
 * cut run through the gap between the columns, from the foot of one to the head of the next.
 */
import type { LayoutInput, LayoutResult, Point, Rect } from './graph';
import { layoutGraph } from './layout';
import { simplify } from './route';
import { layoutU } from './u-shape';

/** Drawings lower than this, or less than this many times as high as wide, stay in one piece. */
const tallest = 9000;
const sliver = 9;
/** A cut through more lines than this would hide what belongs together. */
const mostLines = 12;
const lane = 8;
const columnGap = 44;
/** Columns are this many times higher, all together, than wide. */
const shape = 1.3;

/** The layout of a network as it is drawn. */
export function layoutNetwork(input: LayoutInput): LayoutResult {
  return layoutU(input) ?? inColumns(layoutGraph(input));
}

interface Gap { readonly y: number; readonly lines: number }

/** Heights between two rows through which no box reaches, with the number of lines that cross there. */
function gapsOf({ nodes, groups, edges, height }: LayoutResult): Gap[] {
  const rects = [...nodes.values(), ...groups.values()].sort((a, b) => a.y - b.y);
  const gaps: number[] = [];
  let end = -Infinity;
  for (const { y, height: extent } of rects) {
    // Just above the row: below all horizontal runs.
    if (y > end + 12 && end > 0) gaps.push(y - 6);
    end = Math.max(end, y + extent);
  }
  const starts = new Float64Array(edges.length);
  const ends = new Float64Array(edges.length);
  edges.forEach((points, index) => {
    let [low, high] = [Infinity, -Infinity];
    for (const { y } of points) {
      low = Math.min(low, y);
      high = Math.max(high, y);
    }
    starts[index] = points.length === 0 ? height : low;
    ends[index] = points.length === 0 ? height : high;
  });
  starts.sort();
  ends.sort();
  let [begun, done] = [0, 0];
  return gaps.map((y) => {
    while (begun < starts.length && (starts[begun] ?? 0) < y) begun += 1;
    while (done < ends.length && (ends[done] ?? 0) < y) done += 1;
    return { y, lines: begun - done };
  });
}

/** The heights at which the drawing is cut; none when it is better left whole. */
function cutsOf(result: LayoutResult): number[] {
  const { width, height } = result;
  if (height < tallest || height < sliver * width) return [];
  const count = Math.ceil(Math.sqrt(height / ((width + columnGap) * shape)));
  const step = height / count;
  const gaps = gapsOf(result);
  const cuts: number[] = [];
  let last = 0;
  let best: Gap | null = null;
  for (const gap of gaps) {
    if (gap.y < last + 0.7 * step || gap.lines > mostLines || height - gap.y < 0.3 * step) continue;
    // Past the column's end with a cut at hand: take it. Without one the column grows until there is one.
    if (best !== null && gap.y > last + 1.3 * step) {
      cuts.push((last = best.y));
      best = null;
      if (gap.y < last + 0.7 * step) continue;
    }
    const aim = last + step;
    if (best === null || gap.lines < best.lines || (gap.lines === best.lines && Math.abs(gap.y - aim) < Math.abs(best.y - aim))) best = gap;
  }
  if (best !== null && height - best.y > 0.3 * step) cuts.push(best.y);
  return cuts;
}

/** Sets a sliver in columns; any other drawing is returned as it is. */
export function inColumns(result: LayoutResult): LayoutResult {
  const cuts = cutsOf(result);
  if (cuts.length === 0) return result;
  const tops = [0, ...cuts];
  const columnOf = (y: number): number => {
    let [low, high] = [0, tops.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((tops[middle] ?? 0) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  /** Where lines cross each cut, from the left: each crossing is a lane of the gap after the column. */
  const crossings: number[][] = cuts.map(() => []);
  const crossed = (a: Point, b: Point): number[] => {
    const [from, to] = [columnOf(a.y), columnOf(b.y)];
    return from <= to ? Array.from({ length: to - from }, (_, index) => from + index) : Array.from({ length: from - to }, (_, index) => from - 1 - index);
  };
  for (const points of result.edges) {
    points.slice(1).forEach((point, index) => {
      for (const cut of crossed(points[index] ?? point, point)) if (crossings[cut]?.includes(Math.round(point.x)) === false) crossings[cut].push(Math.round(point.x));
    });
  }
  for (const list of crossings) list.sort((a, b) => a - b);
  const head = lane * (crossings.reduce((most, { length }) => Math.max(most, length), 0) + 2);
  const lefts: number[] = [0];
  crossings.forEach(({ length }, index) => lefts.push((lefts[index] ?? 0) + result.width + columnGap + lane * length));
  const move = ({ x, y }: Point, column: number): Point => ({ x: x + (lefts[column] ?? 0), y: y - (tops[column] ?? 0) + head });
  const moved = (rect: Rect): Rect => ({ ...rect, ...move(rect, columnOf(rect.y)) });
  const detour = (x: number, cut: number): Point[] => {
    const lanes = crossings[cut] ?? [];
    const nested = lanes.length - lanes.indexOf(Math.round(x));
    const foot = move({ x, y: cuts[cut] ?? 0 }, cut);
    const top = move({ x, y: cuts[cut] ?? 0 }, cut + 1);
    const [bottom, across, above] = [foot.y + lane * nested, (lefts[cut] ?? 0) + result.width + columnGap / 2 + lane * (nested - 0.5), head - lane * nested];
    return [{ x: foot.x, y: bottom }, { x: across, y: bottom }, { x: across, y: above }, { x: top.x, y: above }];
  };
  const edges = result.edges.map((points) => simplify(points.flatMap((point, index) => {
    const before = points[index - 1];
    const way = before === undefined ? [] : crossed(before, point).flatMap((cut) => (before.y < point.y ? detour(point.x, cut) : detour(point.x, cut).reverse()));
    return [...way, move(point, columnOf(point.y))];
  })));
  let height = 0;
  tops.forEach((top, column) => { height = Math.max(height, (tops[column + 1] ?? result.height) - top); });
  return {
    nodes: new Map([...result.nodes].map(([id, rect]) => [id, moved(rect)])), groups: new Map([...result.groups].map(([id, rect]) => [id, moved(rect)])), edges,
    width: (lefts.at(-1) ?? 0) + result.width, height: head + height + head,
  };
}
