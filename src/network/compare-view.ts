/** What differs between two networks, for the view: the graph of both in one, and the layers that differ, the most first. */
import type { Differences, LayerChange, Mark, WeightDifference } from '../protocol/compare';
import type { EdgeView, GraphView, NodeView } from '../protocol/graph';
import type { LayerDifference, Matching, NetworkDifference, WeightChange } from './diff';
import { amountOf, differenceSentence, relativeChange } from './diff';
import { displayName } from './order';

/** Nodes of removed layers carry this behind their path, which no layer's path ends in. */
const gone = ' (before)/';
export const removedNode = (path: string): string => `${path}${gone}`;

const edgeText = ({ source, target }: EdgeView): string => `${source}\n${target}`;

/** True when no path leads back to where it began. */
function acyclic(edges: readonly EdgeView[]): boolean {
  const out = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const { source, target } of edges) {
    const list = out.get(source);
    if (list === undefined) out.set(source, [target]);
    else list.push(target);
    open.set(target, (open.get(target) ?? 0) + 1);
  }
  const order = [...out.keys()].filter((id) => (open.get(id) ?? 0) === 0);
  let left = [...open.values()].reduce((sum, count) => sum + count, 0);
  for (let index = 0; index < order.length; index += 1) {
    for (const next of out.get(order[index] ?? '') ?? []) {
      left -= 1;
      const count = (open.get(next) ?? 0) - 1;
      open.set(next, count);
      if (count === 0) order.push(next);
    }
  }
  return left === 0;
}

/** The graph after, with the layers that are gone where they were. */
export function mergedGraph(before: GraphView, after: GraphView, { both, removed }: Matching): GraphView {
  const lost = new Set(removed.map(({ path }) => path));
  const nowOf = new Map<string, string>(both.map(([old, now]) => [old.path, now.path]));
  const idOf = (path: string): string => (lost.has(path) ? removedNode(path) : nowOf.get(path) ?? path);
  const known = new Set(after.nodes.map(({ id }) => id));
  const extra = before.nodes.filter(({ id }) => lost.has(id)).map((node): NodeView => {
    const parent = node.parent === null ? null : idOf(node.parent);
    return { ...node, id: removedNode(node.id), parent: parent !== null && (known.has(parent) || parent.endsWith(gone)) ? parent : null };
  });
  const ids = new Set([...known, ...extra.map(({ id }) => id)]);
  const there = new Set(after.edges.map(edgeText));
  const old = before.edges.filter(({ source, target }) => lost.has(source) || lost.has(target)).map(({ source, target, shape }) => ({ source: idOf(source), target: idOf(target), shape: lost.has(source) ? shape : '' }))
    .filter((edge) => ids.has(edge.source) && ids.has(edge.target) && !there.has(edgeText(edge)));
  // Where layers have changed places, the edges of both would go round in a circle.
  const edges = acyclic([...after.edges, ...old]) ? [...after.edges, ...old] : after.edges;
  return { ...after, nodes: [...after.nodes, ...extra], edges };
}

function weightOf(change: WeightChange): WeightDifference {
  const text = (shape: readonly number[] | null): string => (shape === null ? 'none' : `[${shape.join(', ')}]`);
  const relative = relativeChange(change);
  return {
    name: displayName(change.name), shape: change.shapes === undefined ? text(change.shape) : `${text(change.shapes.before)} → ${text(change.shapes.after)}`,
    relative: Number.isFinite(relative) ? relative : null, largest: change.shapes === undefined && Number.isFinite(change.largest) ? change.largest : null, changed: change.changed,
  };
}

function markOf(layer: LayerDifference): Mark {
  if (layer.kind !== 'changed') return layer.kind;
  return layer.settings.length > 0 || layer.weights.some(({ shapes }) => shapes !== undefined) ? 'settings' : layer.weights.length > 0 ? 'weights' : 'renamed';
}

function changeOf(layer: LayerDifference): LayerChange {
  const amount = amountOf(layer);
  const common = { name: displayName(layer.path), type: displayName(layer.type), mark: markOf(layer), amount: Number.isFinite(amount) ? amount : null };
  if (layer.kind !== 'changed') return { ...common, id: layer.kind === 'removed' ? removedNode(layer.path) : layer.path, renamedFrom: null, settings: [], weights: [] };
  return {
    ...common, id: layer.path, renamedFrom: layer.before === layer.path ? null : displayName(layer.before),
    settings: layer.settings.map(({ setting, before, after }) => [setting, before, after] as const), weights: layer.weights.map(weightOf),
  };
}

/** What differs, the most first. */
export function differencesView(difference: NetworkDifference, progress: Differences['progress'], stopped: string | null = null): Differences {
  const sorted = difference.layers.map((layer, index) => ({ layer, index, amount: amountOf(layer) })).sort((a, b) => (a.amount === b.amount ? a.index - b.index : b.amount - a.amount));
  return { summary: differenceSentence(difference), changes: sorted.map(({ layer }) => changeOf(layer)), progress, stopped };
}

