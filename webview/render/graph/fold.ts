/** Folding: a network as it looks with some of its groups open and the others each drawn as one box. Pure. */
import type { EdgeView, GraphView, NodeView } from '../../../src/protocol/graph';
import type { Scopes } from './scopes';
import { largeGraph, titleInside } from './scopes';

export interface Folded {
  /** The layers and folded groups that show, and the open groups around them; edges lifted to what shows. */
  readonly graph: GraphView;
  /** Folded groups that show. */
  readonly folded: ReadonlySet<string>;
  /** For each layer or group where it shows: itself, or the outermost folded group around it. */
  readonly home: ReadonlyMap<string, string>;
  /** What the layers that show are called at their places. */
  readonly titles: ReadonlyMap<string, string>;
}

/** How many boxes a large network shows at first, at most. */
const atFirst = 48;

function childrenOf({ parentOf }: Scopes): Map<string | null, string[]> {
  const children = new Map<string | null, string[]>();
  for (const [id, parent] of parentOf) {
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [id]);
    else list.push(id);
  }
  return children;
}

/** The groups that are open at first: all of a small network; of a large one the outer levels, as long as few boxes show. */
export function openAtFirst(graph: GraphView, scopes: Scopes): ReadonlySet<string> {
  if (graph.nodes.length <= largeGraph) return new Set(scopes.groups.keys());
  const children = childrenOf(scopes);
  const open = new Set<string>();
  let level = children.get(null) ?? [];
  let shown = level.length;
  // Level by level, so that groups of one kind look alike.
  while (level.length > 0) {
    const groups = level.filter((id) => scopes.groups.has(id));
    const inside = groups.flatMap((id) => children.get(id) ?? []);
    shown += inside.length - groups.length;
    if (groups.length === 0 || shown > atFirst) break;
    for (const id of groups) open.add(id);
    level = inside;
  }
  return open;
}

/** The groups around a layer or group, outermost first. */
export function groupsAround(scopes: Scopes, id: string): string[] {
  const path: string[] = [];
  for (let at = scopes.parentOf.get(id) ?? null; at !== null; at = scopes.parentOf.get(at) ?? null) path.unshift(at);
  return path;
}

/** Layers, parameters and multiply-adds inside each group, and the classes of its layers. */
interface Sum { layers: number; parameters: number; trainable: number; macs: number; problem: string | null }

function sumsOf(graph: GraphView, scopes: Scopes): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const id of scopes.groups.keys()) sums.set(id, { layers: 0, parameters: 0, trainable: 0, macs: 0, problem: null });
  for (const node of graph.nodes) {
    if (scopes.groups.has(node.id)) continue;
    for (let at = scopes.parentOf.get(node.id) ?? null; at !== null; at = scopes.parentOf.get(at) ?? null) {
      const sum = sums.get(at);
      if (sum === undefined) break;
      sum.layers += 1;
      sum.parameters += node.parameters;
      sum.trainable += node.trainable;
      sum.macs += node.macs ?? 0;
      sum.problem ??= node.problem;
    }
  }
  return sums;
}

/** The network with only `open` groups opened. @param said whether modules stand for names that an exporter made up */
export function foldGraph(graph: GraphView, scopes: Scopes, open: ReadonlySet<string>, said = true): Folded {
  const home = new Map<string, string>();
  const homeOf = (id: string): string => {
    const known = home.get(id);
    if (known !== undefined) return known;
    const path = groupsAround(scopes, id);
    const found = path.find((group) => !open.has(group)) ?? id;
    home.set(id, found);
    return found;
  };
  for (const id of scopes.parentOf.keys()) homeOf(id);
  const edges = new Map<string, EdgeView>();
  const exits = new Map<string, Set<string>>();
  for (const edge of graph.edges) {
    const [source, target] = [homeOf(edge.source), homeOf(edge.target)];
    const inside = source === target || groupsAround(scopes, target).includes(source) || groupsAround(scopes, source).includes(target);
    if (inside && source !== target) {
      edges.set(`${source}\u0000${target}`, { source, target, shape: edge.shape });
      continue;
    }
    if (source === target) continue;
    const key = `${source}\u0000${target}`;
    if (!edges.has(key)) edges.set(key, { source, target, shape: edge.shape });
    if (edge.source !== source && edge.shape !== '') exits.set(source, (exits.get(source) ?? new Set()).add(edge.shape));
  }
  const sums = sumsOf(graph, scopes);
  const last = new Map<string, string>();
  for (const { id, outputShape } of graph.nodes) for (const group of groupsAround(scopes, id)) last.set(group, outputShape);
  const nodes: NodeView[] = [];
  const titles = new Map<string, string>();
  const folded = new Set<string>();
  const named = new Map(graph.nodes.map((node) => [node.id, node]));
  for (const [id, parent] of scopes.parentOf) {
    if (home.get(id) !== id) continue;
    const [node, group, sum] = [named.get(id), scopes.groups.get(id), sums.get(id)];
    if (group === undefined || sum === undefined) {
      if (node !== undefined) {
        nodes.push({ ...node, parent });
        titles.set(id, titleInside(scopes, node, said));
      }
      continue;
    }
    if (!open.has(id)) folded.add(id);
    const shape = node?.outputShape || [...(exits.get(id) ?? [])].slice(0, 3).join(', ') || last.get(id) || '';
    nodes.push(node !== undefined
      ? { ...node, parent, outputShape: shape }
      : {
        id, name: group.title, type: '', detail: `${sum.layers.toLocaleString('en-US')} layer${sum.layers === 1 ? '' : 's'}`, outputShape: shape, activation: null,
        parameters: sum.parameters, trainable: sum.trainable, macs: sum.macs, parent, settings: [], weights: [], problem: sum.problem,
      });
  }
  return { graph: { ...graph, nodes, edges: [...edges.values()] }, folded, home, titles };
}
