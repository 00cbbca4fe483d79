/** The table of layers: rows nested by group with their sums, or all layers sorted by a column. Pure. */
import type { FieldAxisView, FieldView, GraphView, NodeView } from '../../../src/protocol/graph';
import type { Scopes } from './scopes';
import { titleInside } from './scopes';

export type Column = 'name' | 'type' | 'output' | 'parameters' | 'macs' | 'activations' | 'weights' | 'field';
export interface Sorting { readonly column: Column; readonly down: boolean }

export interface LayerRow {
  readonly id: string;
  readonly title: string;
  readonly depth: number;
  /** Null for a group that is no model of its own. */
  readonly view: NodeView | null;
  /** For a group: whether its layers are listed. */
  readonly open: boolean | null;
  readonly facts: Facts;
}

/** Sums of a group; the memory is null when that of a layer is not known. */
export interface Facts { readonly layers: number; readonly parameters: number; readonly trainable: number; readonly macs: number | null; readonly activations: number | null; readonly weights: number; readonly problem: string | null }

const nothing: Facts = { layers: 0, parameters: 0, trainable: 0, macs: 0, activations: 0, weights: 0, problem: null };
const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
const sum = (a: Facts, b: Facts): Facts => ({
  layers: a.layers + b.layers, parameters: a.parameters + b.parameters, trainable: a.trainable + b.trainable, macs: plus(a.macs, b.macs), activations: plus(a.activations, b.activations), weights: a.weights + b.weights, problem: a.problem ?? b.problem,
});
const factsOf = ({ parameters, trainable, macs, activationBytes = null, weightBytes = 0, problem }: NodeView): Facts => ({ layers: 1, parameters, trainable, macs, activations: activationBytes, weights: weightBytes, problem });

/** The tree of a network, made once for all foldings and sortings. */
export interface LayerTree {
  readonly children: ReadonlyMap<string | null, readonly string[]>;
  readonly views: ReadonlyMap<string, NodeView>;
  readonly facts: ReadonlyMap<string, Facts>;
  readonly scopes: Scopes;
}

export function layerTree(graph: GraphView, scopes: Scopes): LayerTree {
  const children = new Map<string | null, string[]>();
  for (const [id, parent] of scopes.parentOf) {
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [id]);
    else list.push(id);
  }
  // Layers and groups in the order of the network: a group stands where its first layer does.
  const place = new Map<string, number>();
  graph.nodes.forEach(({ id }, index) => {
    for (let at: string | null = id; at !== null && !place.has(at); at = scopes.parentOf.get(at) ?? null) place.set(at, index);
  });
  for (const list of children.values()) list.sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
  const views = new Map(graph.nodes.map((node) => [node.id, node]));
  const facts = new Map<string, Facts>();
  for (const node of graph.nodes) {
    const own = factsOf(node);
    if (!scopes.groups.has(node.id)) {
      facts.set(node.id, own);
      for (let at = scopes.parentOf.get(node.id) ?? null; at !== null; at = scopes.parentOf.get(at) ?? null) facts.set(at, sum(facts.get(at) ?? nothing, own));
    }
  }
  // A model inside the model knows its own sums, also when it is called twice.
  for (const node of graph.nodes) if (scopes.groups.has(node.id)) facts.set(node.id, { ...factsOf(node), layers: facts.get(node.id)?.layers ?? 0 });
  return { children, views, facts, scopes };
}

/** Positions that one element sees; all of an axis counts as the most. */
const seen = (field: FieldView | null | undefined): number => (field === null || field === undefined ? -1 : field.axes.reduce((all, axis) => all * (axis === null ? 1e6 : axis.size ?? 5e5), 1));

const keys: Readonly<Record<Column, (row: LayerRow) => string | number>> = {
  name: ({ title }) => title, type: ({ view }) => view?.type ?? '', output: ({ view }) => (view?.outputShape ?? '').split('×').reduce((all, extent) => all * (Number(extent) || 1), 1),
  parameters: ({ facts }) => facts.parameters, macs: ({ facts }) => facts.macs ?? -1, activations: ({ facts }) => facts.activations ?? -1, weights: ({ facts }) => facts.weights, field: ({ view }) => seen(view?.receptiveField),
};

/** What a layer or group is called at its place: inside `conv2_block1/` the layer `conv2_block1_1_conv` is `1_conv`. */
export function titleIn({ views, scopes }: LayerTree, id: string, depth: number): string {
  const name = views.get(id)?.name ?? scopes.groups.get(id)?.title ?? id;
  const view = views.get(id);
  return view !== undefined && (depth > 0 || (scopes.parentOf.get(id) ?? null) === null) ? titleInside(scopes, view) : name;
}

function rowOf(tree: LayerTree, id: string, depth: number, open: boolean | null): LayerRow {
  return { id, title: titleIn(tree, id, depth), depth, view: tree.views.get(id) ?? null, open, facts: tree.facts.get(id) ?? nothing };
}

/** Rows in the order of the network, those of folded groups left out; with `only`, groups around such layers are open and all else is left out. */
export function layerRows(tree: LayerTree, open: ReadonlySet<string>, only: ReadonlySet<string> | null, sorting: Sorting | null): LayerRow[] {
  if (sorting !== null) {
    const key = keys[sorting.column];
    const rows = [...tree.views.keys()].filter((id) => !tree.scopes.groups.has(id) && (only === null || only.has(id))).map((id) => rowOf(tree, id, 0, null));
    const sign = sorting.down ? -1 : 1;
    return rows.map((row) => [key(row), row] as const).sort(([a], [b]) => sign * (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true }))).map(([, row]) => row);
  }
  const around = new Set<string>();
  for (const id of only ?? []) for (let at = tree.scopes.parentOf.get(id) ?? null; at !== null && !around.has(at); at = tree.scopes.parentOf.get(at) ?? null) around.add(at);
  const rows: LayerRow[] = [];
  const list = (parent: string | null, depth: number): void => {
    for (const id of tree.children.get(parent) ?? []) {
      const group = tree.scopes.groups.has(id);
      if (only !== null && !only.has(id) && !around.has(id)) continue;
      const isOpen = group && (only === null ? open.has(id) : true);
      rows.push(rowOf(tree, id, depth, group ? isOpen : null));
      if (isOpen) list(id, depth + 1);
    }
  };
  list(null, 0);
  return rows;
}

/** `32×32`, `all×5`, `≤t` and `≥t` for steps up to and from an element's own; empty when nothing is known. */
export const fieldText = (field: FieldView | null | undefined): string => (field === null || field === undefined ? '' : field.axes.every((axis) => axis === null) ? 'all' : field.axes.map(extentText).join('×'));

const extentText = (axis: FieldAxisView | null): string => (axis === null ? 'all' : axis.open === undefined ? String(axis.size ?? 'all') : axis.open === 'before' ? '≤t' : '≥t');

/** A sentence on the field: `sees 5×5 of image; the first element from 2 before its edge, each next one 1 further`. */
export function fieldWords({ input, axes }: FieldView): string {
  const each = (part: (axis: FieldAxisView) => number): string => {
    const values = axes.map((axis) => (axis === null ? 'all' : String(part(axis)).replace('-', '−')));
    return values.every((value) => value === values[0]) ? values[0] ?? '' : values.join(' and ');
  };
  if (axes.every((axis) => axis === null)) return `sees all of ${input}`;
  const [first] = axes;
  if (axes.length === 1 && first?.open !== undefined) return `sees of ${input} all ${first.open === 'before' ? 'up to' : 'from'} position ${each(({ start }) => start)}${first.open === 'before' ? '' : ' on'}, each next one ${each(({ jump }) => jump)} further`;
  if (axes.some((axis) => axis?.scattered === true)) return `sees ${axes.map(extentText).join('×')} of ${input}`;
  const starts = axes.map((axis) => axis?.start ?? 0);
  const from = starts.every((start) => start === 0) ? 'at its edge' : starts.every((start) => start < 0) ? `${each(({ start }) => -start)} before its edge` : `at position ${each(({ start }) => start)}`;
  return `sees ${axes.map(extentText).join('×')} of ${input}; the first element begins ${from}, each next one ${each(({ jump }) => jump)} further`;
}

/** `241.0 KB`, in the manner of Keras's summary; empty for none, `?` for what is not known. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '?';
  if (bytes === 0) return '';
  const unit = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${['B', 'KB', 'MB', 'GB', 'TB'][unit] ?? ''}`;
}
