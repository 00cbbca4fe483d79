/** From the host's view of a network to what is laid out and drawn. */
import type { GraphView, NodeView } from '../../../src/protocol/graph';
import type { LayoutInput, LayoutResult, Point, Rect } from '../layout/graph';
import { layoutNetwork } from '../layout/columns';

/** The loss, drawn as a last node of a run. */
export const lossNode = '\u0000loss';

export interface DrawnNode { readonly id: string; readonly rect: Rect; readonly view: NodeView | null; readonly title: string; readonly detail: string }
export interface DrawnGroup { readonly id: string; readonly rect: Rect; readonly title: string; readonly view: NodeView | null }
export interface DrawnEdge { readonly id: string; readonly source: string; readonly target: string; readonly points: readonly Point[] }
/** The shape beside the line where it leaves its layer, once for all lines that leave there. */
export interface DrawnLabel { readonly id: string; readonly x: number; readonly y: number; readonly text: string }

export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  readonly groups: readonly DrawnGroup[];
  readonly edges: readonly DrawnEdge[];
  readonly labels: readonly DrawnLabel[];
  readonly byId: ReadonlyMap<string, DrawnNode>;
  readonly width: number;
  readonly height: number;
  readonly below: ReadonlyMap<string, readonly string[]>;
  readonly above: ReadonlyMap<string, readonly string[]>;
}

export const nodeHeight = 42;
/** Shapes beside one line. */
const mostShapes = 3;
const narrowest = 100;

/** `Conv2D 6@5×5 same tanh`; an input shows its shape. */
export function detailOf(node: NodeView): string {
  return node.detail.startsWith(node.type) || node.detail === '' ? node.detail || node.type : `${node.type} ${node.detail}`;
}

/** The same width for all, so that columns are even: what the longest usual name needs. */
function widthFor(texts: readonly (readonly [string, string])[], widest: number): number {
  const lengths = texts.map(([title, detail]) => Math.max(title.length * 7.3, detail.length * 5.9)).sort((a, b) => a - b);
  const usual = lengths[Math.floor((lengths.length - 1) * (lengths.length < 60 ? 1 : 0.95))] ?? 0;
  return Math.round(Math.min(widest, Math.max(124, usual + 26)));
}

/** A drawing before its layout, which may be done elsewhere. */
export interface Draft { readonly input: LayoutInput; readonly finish: (layout: LayoutResult) => Drawing }

/** @param withLoss adds the loss below the network's outputs; @param lossText what kind of loss it is. */
export function drawGraph(graph: GraphView, withLoss: boolean, lossText = ''): Drawing {
  const { input, finish } = draftGraph(graph, withLoss, lossText);
  return finish(layoutNetwork(input));
}

/**
 * What `drawGraph` does, before and after the layout.
 * @param room the width of a box where there is no more; longer texts end in an ellipsis
 * @param titles what layers are called, where not by their names
 * @param marks boxes that carry a word of their own in place of the number, and its length
 */
export function draftGraph(graph: GraphView, withLoss: boolean, lossText = '', room = Infinity, titles: ReadonlyMap<string, string> = new Map(), marks: ReadonlyMap<string, number> = new Map()): Draft {
  const ids = new Set(graph.nodes.map(({ id }) => id));
  const parents = new Set(graph.nodes.flatMap(({ parent }) => (parent === null ? [] : [parent])));
  const parentOf = new Map(graph.nodes.map(({ id, parent }) => [id, parent]));
  // A group may be named by its nodes alone: then its ancestors are the folders of its path.
  const groups = new Map<string, string | null>();
  const addGroup = (id: string): void => {
    if (groups.has(id)) return;
    const named = parentOf.get(id);
    const folder = id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : null;
    const parent = named !== undefined ? named : folder !== null && parents.has(folder) ? folder : null;
    groups.set(id, parent);
    if (parent !== null) addGroup(parent);
  };
  parents.forEach(addGroup);
  const shown = graph.nodes.filter(({ id }) => !groups.has(id));
  // The mark of a folded group and the number of parameters need room too.
  const texts = shown.map((node) => [`${titles.get(node.id) ?? node.name}${'n'.repeat(marks.get(node.id) ?? (node.type === '' ? 8 : node.parameters > 0 ? 5 : 0))}`, detailOf(node)] as const);
  const width = Math.min(widthFor(texts, withLoss ? 196 : 236), Math.max(narrowest, room));
  const edges = graph.edges.filter(({ source, target }) => (ids.has(source) || groups.has(source)) && (ids.has(target) || groups.has(target)));
  const sources = new Set(edges.map(({ source }) => source));
  const ends = shown.filter(({ id }) => !sources.has(id)).map(({ id }) => id);
  const input: LayoutInput = {
    nodes: [...shown.map(({ id, parent }) => ({ id, parent, width, height: nodeHeight })), ...(withLoss ? [{ id: lossNode, parent: null, width, height: nodeHeight }] : [])],
    groups: [...groups].map(([id, parent]) => ({ id, parent })),
    edges: edges.length === 0 ? orderOf(shown, groups) : [...edges, ...(withLoss ? ends.map((source) => ({ source, target: lossNode })) : [])],
  };
  return { input, finish: (layout) => drawingOf(graph, edges.length === 0 ? { ...input, edges: [] } : input, layout, shown, lossText, titles) };
}

/** Where a file does not say how its modules are connected, they stand one below the other, in the file's order: edges that are laid out, but not drawn. */
function orderOf(shown: readonly NodeView[], groups: ReadonlyMap<string, string | null>): LayoutInput['edges'] {
  const children = new Map<string | null, Set<string>>();
  for (const { id, parent } of shown) {
    let [child, around] = [id, parent];
    while (!(children.get(around)?.has(child) ?? false)) {
      children.set(around, (children.get(around) ?? new Set()).add(child));
      if (around === null) break;
      [child, around] = [around, groups.get(around) ?? null];
    }
  }
  return [...children.values()].flatMap((list) => [...list].slice(1).map((target, index) => ({ source: [...list][index] ?? '', target })));
}

function drawingOf(graph: GraphView, input: LayoutInput, layout: LayoutResult, shown: readonly NodeView[], lossText: string, titles: ReadonlyMap<string, string>): Drawing {
  const views = new Map(shown.map((node) => [node.id, node]));
  const nodes = input.nodes.flatMap(({ id }): DrawnNode[] => {
    const [rect, view] = [layout.nodes.get(id), views.get(id) ?? null];
    if (rect === undefined) return [];
    return [{ id, rect, view, title: titles.get(id) ?? view?.name ?? 'loss', detail: view === null ? lossText : detailOf(view) }];
  });
  const named = new Map(graph.nodes.map((node) => [node.id, node]));
  const groups = [...layout.groups].map(([id, rect]) => {
    const view = named.get(id) ?? null;
    return { id, rect, view, title: view === null ? id.slice(id.lastIndexOf('/') + 1) : `${view.name} · ${detailOf(view)}` };
  });
  const edges = input.edges.map(({ source, target }, index) => ({ id: `e${index}`, source, target, points: layout.edges[index] ?? [] })).filter(({ points }) => points.length > 1);
  const labels = new Map<string, DrawnLabel>();
  const shapes = new Map(graph.edges.map(({ source, target, shape }) => [`${source}\u0000${target}`, shape]));
  const sources = new Set(edges.map(({ source }) => source));
  edges.forEach((edge) => {
    const [start, next] = edge.points;
    const text = shapes.get(`${edge.source}\u0000${edge.target}`) ?? views.get(edge.source)?.outputShape ?? '';
    if (start === undefined || next === undefined || text === '') return;
    const key = `${edge.source} ${Math.round(start.x)}`;
    // Beside a line down; beside it too, but above its box, where it goes up; over a line across.
    const [x, y] = next.y < start.y ? [start.x, start.y - 24] : next.y === start.y && next.x > start.x ? [start.x - 4, start.y - 20] : [start.x, start.y];
    // Of several tensors that leave at one place all are told, beside each other.
    const before = labels.get(key);
    if (before === undefined) labels.set(key, { id: key, x, y, text });
    else if (!before.text.split(', ').includes(text) && !before.text.endsWith('…')) labels.set(key, { ...before, text: before.text.split(', ').length < mostShapes ? `${before.text}, ${text}` : `${before.text}, …` });
  });
  for (const node of nodes) {
    const text = node.view?.outputShape ?? '';
    // What comes out of the network: below its last layer, unless the line comes in there.
    const foot = node.rect.y + node.rect.height;
    const fromBelow = edges.some(({ target, points }) => target === node.id && points.at(-1)?.y === foot);
    if (text !== '' && !sources.has(node.id)) labels.set(node.id, { id: node.id, x: node.rect.x + node.rect.width / 2, y: fromBelow ? node.rect.y - 24 : foot, text });
  }
  const below = new Map<string, string[]>();
  const above = new Map<string, string[]>();
  for (const { source, target } of edges) {
    push(below, source, target);
    push(above, target, source);
  }
  return { nodes, groups, edges, labels: [...labels.values()], byId: new Map(nodes.map((node) => [node.id, node])), width: layout.width, height: layout.height, below, above };
}

function push(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/**
 * The node that an arrow key leads to: up and down along edges, as the drawing has them (the right arm of a U goes up), on to the next column
 * at a column's end; left and right to the nearest in the same row.
 */
export function neighbourNode(drawing: Drawing, id: string, key: string): string | null {
  const from = drawing.byId.get(id);
  if (from === undefined) {
    // On a group's title: down to its first layer.
    const inside = drawing.nodes.find(({ view }) => view !== null && view.parent === id) ?? drawing.nodes[0];
    return /^(Arrow|Home|End)/.test(key) ? inside?.id ?? null : null;
  }
  const centre = (rect: Rect): Point => ({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 });
  const here = centre(from.rect);
  const nearest = (ids: readonly string[]): string | null => {
    let best: { id: string; distance: number } | null = null;
    for (const other of ids) {
      const node = drawing.byId.get(other);
      if (node === undefined) continue;
      const { x, y } = centre(node.rect);
      const distance = Math.abs(x - here.x) + 2 * Math.abs(y - here.y);
      if (best === null || distance < best.distance) best = { id: other, distance };
    }
    return best?.id ?? null;
  };
  const along = (first: readonly string[], second: readonly string[], side: 1 | -1): string | null => {
    const offset = (other: string): Point => { const at = drawing.byId.get(other); return at === undefined ? here : centre(at.rect); };
    const ahead = (ids: readonly string[]): string[] => ids.filter((other) => side * (offset(other).y - here.y) > from.rect.height / 2);
    return nearest(ahead(first)) ?? nearest(ahead(second)) ?? nearest(first.filter((other) => Math.abs(offset(other).x - here.x) > from.rect.width / 2));
  };
  const [below, above] = [drawing.below.get(id) ?? [], drawing.above.get(id) ?? []];
  switch (key) {
    case 'ArrowDown': return along(below, above, 1);
    case 'ArrowUp': return along(above, below, -1);
    case 'ArrowLeft': case 'ArrowRight': {
      const side = key === 'ArrowLeft' ? -1 : 1;
      return nearest(drawing.nodes.filter(({ id: other, rect }) => other !== id && Math.abs(centre(rect).y - here.y) < rect.height && (centre(rect).x - here.x) * side > 0).map((node) => node.id));
    }
    case 'Home': return drawing.nodes[0]?.id ?? null;
    case 'End': return drawing.nodes.at(-1)?.id ?? null;
    default: return null;
  }
}
