/**
 * A network that goes down and comes up again, with skips from each depth to the same depth on the other side (U-Net), drawn as the U that
 * it is: the way down on the left, the way up on the right, each skip a straight line across with what lies on it.
 */
import type { LayoutInput, LayoutResult, Point, Rect } from './graph';
import { spacing } from './graph';

/** Between two boxes in a row: holds the shape that labels the line. */
const across = 92;
/** Above the topmost box: holds the shape of what comes out of it. */
const head = 22;
/** Larger drawings are folded, and a U is not looked for. */
const most = 400;

/** A skip from a place of the main path to a later one, over boxes of its own or none. */
interface Skip { readonly from: number; readonly to: number; readonly over: readonly string[] }
interface Shape { readonly path: readonly string[]; readonly skips: readonly Skip[] }

/** The longest path of a network with one beginning and one end; null for others, and for networks with loops. */
function mainPath(ids: readonly string[], out: ReadonlyMap<string, readonly string[]>, into: ReadonlyMap<string, readonly string[]>): string[] | null {
  const sources = ids.filter((id) => into.get(id) === undefined);
  if (sources.length !== 1 || ids.filter((id) => out.get(id) === undefined).length !== 1) return null;
  const open = new Map(ids.map((id) => [id, into.get(id)?.length ?? 0]));
  const length = new Map<string, number>();
  const before = new Map<string, string>();
  const order = [...sources];
  for (const id of order) {
    for (const next of out.get(id) ?? []) {
      if ((length.get(id) ?? 0) + 1 > (length.get(next) ?? 0)) {
        length.set(next, (length.get(id) ?? 0) + 1);
        before.set(next, id);
      }
      open.set(next, (open.get(next) ?? 0) - 1);
      if (open.get(next) === 0) order.push(next);
    }
  }
  if (order.length < ids.length) return null;
  const path: string[] = [];
  for (let at = order.at(-1); at !== undefined; at = before.get(at)) path.unshift(at);
  return path;
}

/** The network as a path with nested skips, outermost first; null when it is not that, and only that. */
function shapeOf({ nodes, edges, groups }: LayoutInput): Shape | null {
  if (groups.length > 0 || nodes.length > most || nodes.length < 9) return null;
  const [out, into] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { source, target } of edges) {
    out.set(source, [...(out.get(source) ?? []), target]);
    into.set(target, [...(into.get(target) ?? []), source]);
  }
  const path = mainPath(nodes.map(({ id }) => id), out, into);
  if (path === null) return null;
  const place = new Map(path.map((id, index) => [id, index]));
  const skips: Skip[] = [];
  let beside = 0;
  for (const [from, id] of path.entries()) {
    for (const next of out.get(id) ?? []) {
      if (next === path[from + 1]) continue;
      const over: string[] = [];
      let at = next;
      while (!place.has(at)) {
        const [after] = out.get(at) ?? [];
        if (after === undefined || out.get(at)?.length !== 1 || into.get(at)?.length !== 1) return null;
        over.push(at);
        at = after;
      }
      beside += over.length;
      skips.push({ from, to: place.get(at) ?? 0, over });
    }
  }
  if (path.length + beside !== nodes.length || skips.length < 2) return null;
  // Two layers at least between the depths on either side: a residual block around another is no U.
  const nested = skips.every(({ from, to }, index) => { const inner = skips[index + 1]; return inner === undefined ? to - from > 3 : inner.from - from >= 2 && to - inner.to >= 2; });
  return nested ? { path, skips } : null;
}

/** The drawing of a U; null for a network of another shape. */
export function layoutU(input: LayoutInput): LayoutResult | null {
  const shape = shapeOf(input);
  if (shape === null) return null;
  const { path, skips } = shape;
  const width = input.nodes.reduce((most, node) => Math.max(most, node.width), 0);
  const height = input.nodes.reduce((most, node) => Math.max(most, node.height), 0);
  const middle = skips.reduce((most, { over }) => Math.max(most, over.length), 1) * (width + across) + across;
  const right = width + middle;
  const rowOf = new Map<number, number>();
  const [outermost, innermost] = [skips[0], skips.at(-1)];
  if (outermost === undefined || innermost === undefined) return null;
  // Both ends of a skip stand in one row; what lies between two rows of skips stands by the lower one.
  let row = Math.max(outermost.from, path.length - 1 - outermost.to);
  skips.forEach(({ from, to }, index) => {
    const outer = skips[index - 1];
    if (outer === undefined) {
      for (let at = 0; at < from; at += 1) rowOf.set(at, row - from + at);
      for (let at = to + 1; at < path.length; at += 1) rowOf.set(at, row - (at - to));
    } else {
      row += Math.max(from - outer.from, outer.to - to);
      for (let at = outer.from + 1; at < from; at += 1) rowOf.set(at, row - (from - at));
      for (let at = to + 1; at < outer.to; at += 1) rowOf.set(at, row - (at - to));
    }
    rowOf.set(from, row).set(to, row);
  });
  const between = innermost.to - innermost.from - 1;
  const side = Math.floor(between / 2);
  for (let at = 1; at <= side; at += 1) rowOf.set(innermost.from + at, row + at).set(innermost.to - at, row + at);
  const bottom = between % 2 === 1 ? innermost.from + side + 1 : null;
  if (bottom !== null) rowOf.set(bottom, row + side + 1);

  const step = height + spacing.rankGap;
  const yOf = (index: number): number => head + (rowOf.get(index) ?? 0) * step;
  const nodes = new Map<string, Rect>();
  path.forEach((id, index) => {
    const x = index === bottom ? (right + width) / 2 - width / 2 : index <= innermost.from + side ? 0 : right;
    nodes.set(id, { x, y: yOf(index), width, height });
  });
  for (const { from, over } of skips) {
    const room = (middle - over.length * width) / (over.length + 1);
    over.forEach((id, index) => nodes.set(id, { x: width + room + index * (width + room), y: yOf(from), width, height }));
  }
  const edges = input.edges.map(({ source, target }): Point[] => {
    const [from, to] = [nodes.get(source), nodes.get(target)];
    return from === undefined || to === undefined ? [] : lineOf(from, to);
  });
  const rows = [...rowOf.values()].reduce((most, row) => Math.max(most, row), 0) + 1;
  // Order by the network, so that the first is where it begins.
  return { nodes: new Map(input.nodes.flatMap(({ id }) => { const rect = nodes.get(id); return rect === undefined ? [] : [[id, rect] as const]; })), groups: new Map(), edges, width: right + width, height: head + rows * step - spacing.rankGap };
}

/** From box to box: straight down, up or across, and with one corner into and out of the middle of the bottom. */
function lineOf(from: Rect, to: Rect): Point[] {
  const centre = ({ x, y, width, height }: Rect): Point => ({ x: x + width / 2, y: y + height / 2 });
  const [a, b] = [centre(from), centre(to)];
  if (from.x === to.x) return to.y > from.y ? [{ x: a.x, y: from.y + from.height }, { x: b.x, y: to.y }] : [{ x: a.x, y: from.y }, { x: b.x, y: to.y + to.height }];
  if (from.y === to.y) return [{ x: from.x + from.width, y: a.y }, { x: to.x, y: b.y }];
  if (to.y > from.y) return [{ x: a.x, y: from.y + from.height }, { x: a.x, y: b.y }, { x: to.x, y: b.y }];
  return [{ x: from.x + from.width, y: a.y }, { x: b.x, y: a.y }, { x: b.x, y: to.y + to.height }];
}
