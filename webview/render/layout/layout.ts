/**
 * The layered layout of a network: each group (nested model) is laid out by itself and then stands as one box in its surroundings; edges
 * that enter or leave it pass through ports on its border. Pure and without the DOM, so that a worker can run it.
 */
import type { LayoutEdge, LayoutInput, LayoutResult, Level, LevelEdge, Point, Rect, Vertex } from './graph';
import { spacing } from './graph';
import { orderRows } from './order';
import { placeRows } from './place';
import { rankLevel } from './rank';
import type { Routed } from './route';
import { routeLevel, simplify } from './route';
import { cutEdges } from './rows';

/** Lays out one level. */
export function layoutLevel(level: Level): Routed {
  const ranked = rankLevel(level);
  const rows = cutEdges(level, ranked);
  const ordered = orderRows(rows);
  const routed = routeLevel(level, rows, ranked.edges, placeRows(rows, ordered));
  return { ...routed, edges: routed.edges.map((points, index) => (ranked.turned[index] === true ? [...points].reverse() : points)) };
}

/** One group (or the whole drawing, id null) while it is put together. */
interface Container {
  readonly id: string | null;
  readonly children: string[];
  /** Edges between children, or between a child and a port on the border; by `source -> target`. */
  readonly edges: Map<string, { readonly from: string; readonly to: string }>;
  /** Ports: keys like `in:<source>` and `out:<source>`. */
  readonly ports: Set<string>;
  /** Filled by the layout, relative to the container's own top left corner. */
  readonly boxes: Map<string, Rect>;
  readonly routes: Map<string, readonly Point[]>;
  width: number;
  height: number;
}

const edgeKey = (from: string, to: string): string => `${from}\u0000${to}`;

/** The containers around an element from the outermost (null) to the innermost. */
function ancestry(id: string, parents: ReadonlyMap<string, string | null>): (string | null)[] {
  const path: (string | null)[] = [];
  for (let at = parents.get(id) ?? null; at !== null; at = parents.get(at) ?? null) path.unshift(at);
  return [null, ...path];
}

/** The way of an edge through the containers: a local edge in each, and whether it is walked in order. */
interface Leg { readonly container: string | null; readonly from: string; readonly to: string }

function legsOf({ source, target }: LayoutEdge, parents: ReadonlyMap<string, string | null>): Leg[] {
  const [up, down] = [ancestry(source, parents), ancestry(target, parents)];
  let common = 0;
  while (common + 1 < up.length && common + 1 < down.length && up[common + 1] === down[common + 1]) common += 1;
  const legs: Leg[] = [];
  let from = source;
  for (let depth = up.length - 1; depth > common; depth--) {
    legs.push({ container: up[depth] ?? null, from, to: `out:${source}` });
    from = up[depth] ?? source;
  }
  const inner: Leg[] = [];
  let to = target;
  for (let depth = down.length - 1; depth > common; depth--) {
    inner.unshift({ container: down[depth] ?? null, from: `in:${source}`, to });
    to = down[depth] ?? target;
  }
  return [...legs, { container: up[common] ?? null, from, to }, ...inner];
}

/** Lays out a network. Elements that name an unknown group stand at the top; edges with an unknown end are left out. */
export function layoutGraph(input: LayoutInput): LayoutResult {
  const known = new Set(input.groups.map(({ id }) => id));
  const parents = new Map<string, string | null>();
  for (const { id, parent } of [...input.groups, ...input.nodes]) parents.set(id, parent !== null && known.has(parent) && parent !== id ? parent : null);
  const containers = new Map<string | null, Container>();
  const make = (id: string | null): void => {
    containers.set(id, { id, children: [], edges: new Map(), ports: new Set(), boxes: new Map(), routes: new Map(), width: 0, height: 0 });
  };
  make(null);
  for (const { id } of input.groups) make(id);
  for (const id of parents.keys()) containers.get(parents.get(id) ?? null)?.children.push(id);

  const legs = input.edges.map((edge) => (parents.has(edge.source) && parents.has(edge.target) ? legsOf(edge, parents) : []));
  /** Ports of the two ends of a local edge, if they are groups: where the line meets the group's border. */
  const portAt = new Map<string, { from: string | null; to: string | null }>();
  input.edges.forEach((edge, index) => {
    const source = edge.source;
    for (const { container, from, to } of legs[index] ?? []) {
      const into = containers.get(container);
      if (into === undefined || from === to) continue;
      for (const end of [from, to]) if (end.startsWith('in:') || end.startsWith('out:')) into.ports.add(end);
      into.edges.set(edgeKey(from, to), { from, to });
      portAt.set(`${container ?? ''}\u0001${edgeKey(from, to)}`, {
        from: known.has(from) && from !== source ? `out:${source}` : null,
        to: known.has(to) && to !== edge.target ? `in:${source}` : null,
      });
    }
  });

  const sizes = new Map<string, { width: number; height: number }>(input.nodes.map(({ id, width, height }) => [id, { width, height }]));
  const lay = (container: Container): void => {
    for (const child of container.children) {
      const inner = known.has(child) ? containers.get(child) : undefined;
      if (inner === undefined) continue;
      lay(inner);
      sizes.set(child, { width: inner.width, height: inner.height });
    }
    layContainer(container, sizes, (child, port) => containers.get(child)?.boxes.get(port) ?? null, portAt);
  };
  const root = containers.get(null);
  if (root === undefined) return { nodes: new Map(), groups: new Map(), edges: [], width: 0, height: 0 };
  lay(root);
  return gather(input, root, containers, known, legs);
}

function layContainer(
  container: Container, sizes: ReadonlyMap<string, { width: number; height: number }>, portBox: (child: string, port: string) => Rect | null,
  portAt: ReadonlyMap<string, { from: string | null; to: string | null }>,
): void {
  const ids = [...container.ports].filter((id) => id.startsWith('in:')).concat(container.children, [...container.ports].filter((id) => id.startsWith('out:')));
  const numbers = new Map(ids.map((id, index) => [id, index]));
  const vertices: Vertex[] = ids.map((id) => {
    if (container.ports.has(id)) return { width: 0, height: 0, border: id.startsWith('in:') ? 'top' : 'bottom' };
    return { width: sizes.get(id)?.width ?? 0, height: sizes.get(id)?.height ?? 0, border: null };
  });
  const offset = (child: string, port: string | null): number => {
    const box = port === null ? null : portBox(child, port);
    return box === null ? 0 : box.x - (sizes.get(child)?.width ?? 0) / 2;
  };
  const keys = [...container.edges.keys()];
  const edges: LevelEdge[] = [...container.edges].map(([key, { from, to }]) => {
    const ports = portAt.get(`${container.id ?? ''}\u0001${key}`);
    return { from: numbers.get(from) ?? 0, to: numbers.get(to) ?? 0, fromX: offset(from, ports?.from ?? null), toX: offset(to, ports?.to ?? null), inside: ports?.from != null || ports?.to != null };
  });
  const routed = layoutLevel({ vertices, edges });
  const [padX, padY] = container.id === null ? [0, 0] : [spacing.groupPadding, spacing.groupTitle];
  ids.forEach((id, index) => {
    const [vertex, centre] = [vertices[index], routed.centres[index]];
    if (vertex === undefined || centre === undefined) return;
    container.boxes.set(id, { x: padX + centre.x - vertex.width / 2, y: padY + centre.y - vertex.height / 2, width: vertex.width, height: vertex.height });
  });
  keys.forEach((key, index) => container.routes.set(key, (routed.edges[index] ?? []).map(({ x, y }) => ({ x: x + padX, y: y + padY }))));
  const hasOut = ids.some((id) => id.startsWith('out:') && container.ports.has(id));
  container.width = routed.width + 2 * padX;
  container.height = routed.height + padY + (container.id === null || hasOut ? 0 : spacing.groupPadding);
}

/** Adds up the origins of the containers and joins the legs of the edges. */
function gather(input: LayoutInput, root: Container, containers: ReadonlyMap<string | null, Container>, known: ReadonlySet<string>, legs: readonly (readonly Leg[])[]): LayoutResult {
  const origins = new Map<string | null, Point>([[null, { x: 0, y: 0 }]]);
  const nodes = new Map<string, Rect>();
  const groups = new Map<string, Rect>();
  const visit = (container: Container): void => {
    const origin = origins.get(container.id) ?? { x: 0, y: 0 };
    for (const child of container.children) {
      const box = container.boxes.get(child);
      if (box === undefined) continue;
      const rect = { ...box, x: box.x + origin.x, y: box.y + origin.y };
      if (!known.has(child)) {
        nodes.set(child, rect);
        continue;
      }
      groups.set(child, rect);
      origins.set(child, rect);
      const inner = containers.get(child);
      if (inner !== undefined) visit(inner);
    }
  };
  visit(root);
  const edges = input.edges.map((_, index) => {
    const points = (legs[index] ?? []).flatMap(({ container, from, to }, leg, all) => {
      const origin = origins.get(container) ?? { x: 0, y: 0 };
      const route = (containers.get(container)?.routes.get(edgeKey(from, to)) ?? []).map(({ x, y }) => ({ x: x + origin.x, y: y + origin.y }));
      // A group's title and padding lie between the border and the first row inside it.
      const box = container === null ? undefined : groups.get(container);
      if (box === undefined || route.length === 0) return route;
      const [first, last] = [route[0], route.at(-1)];
      if (from.startsWith('in:') && first !== undefined && leg > 0) route.unshift({ x: first.x, y: box.y });
      if (to.startsWith('out:') && last !== undefined && leg < all.length - 1) route.push({ x: last.x, y: box.y + box.height });
      return route;
    });
    return simplify(points);
  });
  return { nodes, groups, edges, width: root.width, height: root.height };
}
