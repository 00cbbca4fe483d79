/**
 * Groups of a network: its nested models, and in a large one also name scopes (`encoder/layer_0`, `conv2_block1`), blocks between the
 * layers that every path passes, and ranges of whatever is still too many to look at. Pure and deterministic.
 */
import type { GraphView, NodeView } from '../../../src/protocol/graph';

/** A group; derived ones have an id that ends in `/`, which no layer's path does. */
export interface Scope { readonly id: string; readonly title: string; readonly parent: string | null; /** The words that its layers' names begin with. */ readonly scope?: string }
export interface Scopes {
  readonly groups: ReadonlyMap<string, Scope>;
  /** The group that directly holds a layer or group; null at the top. */
  readonly parentOf: ReadonlyMap<string, string | null>;
}

/** A graph of more layers than this is folded at first, and gets derived groups. */
export const largeGraph = 60;
/** More elements than this in one group are divided further. */
const crowded = 60;
/** A tensor that feeds more elements than this (a mask) does not tie blocks together. */
const broadcast = 16;
const smallest = 3;

/** `conv2d` and the like: a class, not a scope. */
const layerClass = /(conv|pool|pooling|padding|sampling|cropping|dropout|norm|normalization|transpose)[123]d$/i;
const numbered = /^[a-z]+\d+[a-z]?$/i;

/**
 * The scopes that a layer's name speaks of, outermost first: the folders of `a/b/c` or `a.b.c`; of `conv2_block1_1_conv` the parts
 * that end in a numbered word (`conv2`, `conv2_block1`), of `block_3_expand` the word with its number (`block_3`).
 */
export function scopeNames(name: string): string[] {
  for (const separator of ['/', '.']) {
    const parts = name.split(separator).filter((part) => part !== '');
    if (parts.length > 1) return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join(separator));
  }
  const parts = name.split('_');
  const names: string[] = [];
  for (let at = 0; at + 1 < parts.length; at++) {
    const part = parts[at] ?? '';
    const rest = parts.slice(at + 1).join('');
    const counted = /^\d+$/.test(part) && at > 0 && /^[a-z]+$/i.test(parts[at - 1] ?? '');
    if (/[a-z]/i.test(rest) && (counted || (numbered.test(part) && !layerClass.test(part)))) names.push(parts.slice(0, at + 1).join('_'));
  }
  return names;
}

/** While groups are added: the tree both ways. */
class Tree {
  readonly groups = new Map<string, Scope>();
  readonly parentOf = new Map<string, string | null>();
  readonly children = new Map<string | null, string[]>([[null, []]]);

  place(id: string, parent: string | null): void {
    this.parentOf.set(id, parent);
    const list = this.children.get(parent);
    if (list === undefined) this.children.set(parent, [id]);
    else list.push(id);
  }

  /** Puts a new group where the first of its members stood. */
  group(id: string, title: string, parent: string | null, members: readonly string[], scope?: string): void {
    this.groups.set(id, { id, title, parent, ...(scope === undefined ? {} : { scope }) });
    const inside = new Set(members);
    const rest: string[] = [];
    for (const child of this.children.get(parent) ?? []) {
      if (!inside.has(child)) rest.push(child);
      else if (child === members[0]) rest.push(id);
    }
    this.children.set(parent, rest);
    this.parentOf.set(id, parent);
    this.children.set(id, [...members]);
    for (const member of members) {
      this.parentOf.set(member, id);
      const group = this.groups.get(member);
      if (group !== undefined) this.groups.set(member, { ...group, parent: id });
    }
  }
}

/** Nested models as the host names them; a group may be named by its nodes alone, then its ancestors are the folders of its path. */
function nestedModels(graph: GraphView): Tree {
  const tree = new Tree();
  const named = new Map(graph.nodes.map((node) => [node.id, node]));
  const parents = new Set(graph.nodes.flatMap(({ parent }) => (parent === null ? [] : [parent])));
  const add = (id: string): void => {
    if (tree.groups.has(id)) return;
    const node = named.get(id);
    const folder = id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : null;
    const parent = node !== undefined ? node.parent : folder !== null && parents.has(folder) ? folder : null;
    tree.groups.set(id, { id, title: node?.name ?? id.slice(id.lastIndexOf('/') + 1), parent });
    if (parent !== null) add(parent);
    if (node === undefined) tree.place(id, parent);
  };
  parents.forEach(add);
  for (const { id, parent } of graph.nodes) tree.place(id, parent);
  return tree;
}

/** What a scope or layer is called inside a scope: not by a number alone, `layer1.0` inside `layer1`. */
function nameInside(scope: string, name: string): string {
  if (scope === '' || name.length <= scope.length + 1 || !name.startsWith(scope) || !/[_./]/.test(name[scope.length] ?? '')) return name;
  const rest = name.slice(scope.length + 1);
  if (!/^\d+([./]|$)/.test(rest)) return rest;
  // From the last word of the scope on that is none.
  const [, numbers = ''] = /((?:[./]\d+)*)$/.exec(scope) ?? [];
  const words = scope.slice(0, scope.length - numbers.length);
  return name.slice(Math.max(words.lastIndexOf('/'), words.lastIndexOf('.')) + 1);
}

/** The scope of names that an element stands in; '' for none. */
function scopeAround({ groups, parentOf }: Scopes, id: string): string {
  for (let at = parentOf.get(id) ?? null; at !== null; at = parentOf.get(at) ?? null) {
    const scope = groups.get(at)?.scope;
    if (scope !== undefined) return scope;
    // A model inside the model begins names anew.
    if (!at.endsWith('/')) return '';
  }
  return '';
}

/**
 * What a layer is called at its place: inside `layer1` the layer `layer1/conv1/Conv` is `conv1/Conv`. @param said whether the module that
 * the file says a layer is of may stand for a name that an exporter made up (`node_Conv_754`)
 */
export function titleInside(scopes: Scopes, { id, name, scope }: NodeView, said = true): string {
  const around = scopeAround(scopes, id);
  return said && scope !== undefined && scope !== around ? nameInside(around, scope) : nameInside(around, name);
}

/** The scopes of a layer, outermost first: those that the file says apart from names, else those that its name speaks of. */
const scopesOfNode = ({ name, scope }: NodeView, said: boolean): string[] => (scope !== undefined ? scopeNames(`${scope}.op`) : said ? [] : scopeNames(name));

/** What each layer leads to. */
type Feeds = ReadonlyMap<string, readonly string[]>;

/** What several scopes have in common, from the outside. */
function shared(a: readonly string[], b: readonly string[]): readonly string[] {
  const end = a.findIndex((scope, index) => scope !== b[index]);
  return end < 0 ? a : a.slice(0, end);
}

/**
 * Gives layers without a scope that of all that they feed: a weight that stands by itself, and what an exporter has put in front of an op
 * (`node_Split_12`). Otherwise these would lie outside, with a line into the group each.
 */
function adoptScopes(layers: readonly string[], around: Map<string, readonly string[]>, named: ReadonlyMap<string, NodeView>, feeds: Feeds, said: boolean): void {
  for (const id of [...layers].reverse()) {
    const node = named.get(id);
    const to = feeds.get(id) ?? [];
    if (node === undefined || to.length === 0 || !(node.type === 'Parameter' || (said && node.scope === undefined && node.type !== 'Input'))) continue;
    around.set(id, to.map((target) => around.get(target) ?? []).reduce((all, one) => shared(all, one)));
  }
}

function addNameScopes(tree: Tree, container: string | null, named: ReadonlyMap<string, NodeView>, feeds: Feeds): void {
  const members = new Map<string, string[]>();
  const layers = tree.children.get(container) ?? [];
  const said = layers.some((id) => named.get(id)?.scope !== undefined);
  const around = new Map<string, readonly string[]>(layers.map((id) => { const node = named.get(id); return [id, node === undefined || tree.groups.has(id) ? [] : scopesOfNode(node, said)]; }));
  adoptScopes(layers, around, named, feeds, said);
  const nameOf = (id: string): string => (tree.groups.has(id) ? '' : named.get(id)?.name ?? '');
  const scopes = new Set([...around.values()].flat());
  for (const id of layers) {
    const name = nameOf(id);
    // Beside `conv_dw_1_bn` the layer `conv_dw_1` belongs to the scope of its name.
    for (const scope of [...around.get(id) ?? [], ...(scopes.has(name) ? [name] : [])]) {
      const list = members.get(scope);
      if (list === undefined) members.set(scope, [id]);
      else list.push(id);
    }
  }
  // The inner of two scopes with the same members says more; one that holds everything says nothing.
  const kept = [...members].filter(([scope, ids]) => ids.length >= smallest && ids.length < layers.length
    && !(around.get(ids[0] ?? '') ?? []).some((inner) => inner.length > scope.length && members.get(inner)?.length === ids.length));
  const idOf = (scope: string): string => `${container ?? ''}${container === null || container.endsWith('/') ? '' : '/'}${scope}/`;
  const known = new Set(kept.map(([scope]) => scope));
  for (const [scope, ids] of kept.sort((a, b) => a[0].length - b[0].length)) {
    const outer = (around.get(ids[0] ?? '') ?? []).filter((other) => known.has(other) && other.length < scope.length).at(-1);
    const title = outer !== undefined && /[/.]/.test(scope) ? nameInside(outer, scope) : scope;
    tree.group(idOf(scope), title, outer === undefined ? container : idOf(outer), ids, scope);
  }
}

type Pair = readonly [from: string, to: string];

/** Every edge where it runs: in the innermost container of both ends, between the elements that hold them. */
function pairsOf(graph: GraphView, tree: Tree): Map<string | null, Pair[]> {
  const pairs = new Map<string | null, Pair[]>();
  const chain = (id: string): string[] => {
    const path = [id];
    for (let at = tree.parentOf.get(id) ?? null; at !== null; at = tree.parentOf.get(at) ?? null) path.push(at);
    return path.reverse();
  };
  for (const { source, target } of graph.edges) {
    if (!tree.parentOf.has(source) || !tree.parentOf.has(target)) continue;
    const [from, to] = [chain(source), chain(target)];
    let depth = 0;
    while (depth < from.length - 1 && depth < to.length - 1 && from[depth] === to[depth]) depth += 1;
    const [a, b] = [from[depth], to[depth]];
    if (a === undefined || b === undefined || a === b) continue;
    const container = depth === 0 ? null : from[depth - 1] ?? null;
    const list = pairs.get(container);
    if (list === undefined) pairs.set(container, [[a, b]]);
    else list.push([a, b]);
  }
  return pairs;
}

/** Topological order in which a late input stands right before what it feeds: depth first along predecessors. */
function flowOrder(ids: readonly string[], pairs: readonly Pair[]): string[] {
  const before = new Map<string, string[]>(ids.map((id) => [id, []]));
  const feeding = new Set<string>();
  for (const [from, to] of pairs) {
    before.get(to)?.push(from);
    feeding.add(from);
  }
  const [seen, order]: [Set<string>, string[]] = [new Set(), []];
  for (const start of [...ids.filter((id) => !feeding.has(id)), ...ids]) {
    if (seen.has(start)) continue;
    seen.add(start);
    const stack: { readonly id: string; next: number }[] = [{ id: start, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const near = before.get(top.id)?.[top.next++];
      if (near === undefined) {
        order.push(top.id);
        stack.pop();
      } else if (!seen.has(near)) {
        seen.add(near);
        stack.push({ id: near, next: 0 });
      }
    }
  }
  return order;
}

/** Groups the elements between two that every path passes, with the latter: a residual or inception block. */
function addBlocks(tree: Tree, container: string | null, pairs: readonly Pair[], titleOf: (id: string) => string): void {
  const fan = new Map<string, number>();
  for (const [from] of pairs) fan.set(from, (fan.get(from) ?? 0) + 1);
  const order = flowOrder(tree.children.get(container) ?? [], pairs);
  const position = new Map(order.map((id, index) => [id, index]));
  const reach = new Int32Array(order.length);
  for (const [from, to] of pairs) {
    const at = position.get(from) ?? 0;
    if ((fan.get(from) ?? 0) <= broadcast) reach[at] = Math.max(reach[at] ?? 0, position.get(to) ?? 0);
  }
  tree.children.set(container, order);
  let [start, far] = [0, 0];
  const blocks: string[][] = [];
  order.forEach((_, index) => {
    if (far <= index) {
      if (index - start >= smallest - 1 && index - start < crowded && start > 0) blocks.push(order.slice(start, index + 1));
      start = index + 1;
    }
    far = Math.max(far, reach[index] ?? 0);
  });
  for (const members of blocks) tree.group(`${container ?? ''}block of ${members.at(-1) ?? ''}/`, `${titleOf(members.at(-1) ?? '')} block`, container, members);
}

/** The length after which the classes repeat, if they mostly do. */
function period(kinds: readonly string[]): number {
  for (let length = 1; length <= 24 && 3 * length < kinds.length; length++) {
    let same = 0;
    for (let at = length; at < kinds.length; at++) if (kinds[at] === kinds[at - length]) same += 1;
    if (same >= 0.9 * (kinds.length - length)) return length;
  }
  return 1;
}

/** `conv2_block12–22` for the layers from `conv2_block12_1_bn` to `conv2_block22_add`; both names where no number tells them apart. */
export function rangeTitle(first: string, last: string): string {
  let same = 0;
  while (same < first.length && first[same] === last[same]) same += 1;
  const stem = first.slice(0, same).replace(/\d+$/, '');
  const [from, to] = [first, last].map((name) => /^\d+/.exec(name.slice(stem.length))?.[0]);
  if (from !== undefined && to !== undefined && from !== to) return `${stem}${from}–${to}`;
  // Within one numbered block its name says it.
  return /^.*\d(?=[_./])/.exec(first.slice(0, same))?.[0] ?? `${first} … ${last}`;
}

/** Neighbours in the order, parted at the groups that stand among them. */
function runsOf(children: readonly string[], isGroup: (id: string) => boolean): string[][] {
  const runs: string[][] = [];
  let open: string[] | null = null;
  for (const child of children) {
    if (isGroup(child)) {
      runs.push([child]);
      open = null;
    } else if (open === null) runs.push(open = [child]);
    else open.push(child);
  }
  return runs;
}

/** Divides a crowded container into ranges of its order, again and again until it is not; groups that have a name stay apart as long as there is room. */
function addRanges(tree: Tree, container: string | null, kindOf: (id: string) => string, titleOf: (id: string) => string): void {
  for (let level = 1; ; level++) {
    const children = tree.children.get(container) ?? [];
    if (children.length <= crowded) return;
    const repeat = period(children.map(kindOf));
    const size = Math.max(1, Math.round(Math.min(50, Math.max(8, Math.sqrt(children.length))) / repeat)) * repeat;
    const groups = children.filter((id) => tree.groups.has(id)).length;
    const apart = level === 1 && groups > 0 && groups <= crowded / 2;
    const ranges = (apart ? runsOf(children, (id) => tree.groups.has(id)) : [children]).flatMap((run) => Array.from({ length: Math.ceil(run.length / size) }, (_, at) => run.slice(at * size, (at + 1) * size)));
    const end = (id: string, last: boolean): string => {
      const inner = tree.children.get(id) ?? [];
      return inner.length === 0 || !id.endsWith('/') ? titleOf(id) : end((last ? inner.at(-1) : inner[0]) ?? id, last);
    };
    tree.children.set(container, []);
    ranges.forEach((members, index) => {
      if (members.length < (apart ? smallest : 1)) {
        for (const member of members) tree.place(member, container);
        return;
      }
      const id = `${container ?? ''}range ${level}.${index}/`;
      tree.group(id, rangeTitle(end(members[0] ?? '', false), end(members.at(-1) ?? '', true)), container, members);
      tree.children.get(container)?.push(id);
    });
  }
}

/** Graph and table ask for the same. */
const known = new WeakMap<GraphView, Scopes>();

/** The groups of a network. Those that the file does not name are derived only when it has more than `large` layers. */
export function scopesOf(graph: GraphView, large = largeGraph): Scopes {
  const scopes = (large === largeGraph ? known.get(graph) : undefined) ?? deriveScopes(graph, large);
  if (large === largeGraph) known.set(graph, scopes);
  return scopes;
}

function deriveScopes(graph: GraphView, large: number): Scopes {
  const tree = nestedModels(graph);
  if (graph.nodes.length <= large) return tree;
  const named = new Map(graph.nodes.map((node) => [node.id, node]));
  const titleOf = (id: string): string => {
    const node = named.get(id);
    return tree.groups.get(id)?.title ?? (node === undefined ? id : titleInside(tree, node));
  };
  const feeds = new Map<string, string[]>();
  for (const { source, target } of graph.edges) {
    const list = feeds.get(source);
    if (list === undefined) feeds.set(source, [target]);
    else list.push(target);
  }
  for (const container of [null, ...tree.groups.keys()]) if ((tree.children.get(container) ?? []).length > 12) addNameScopes(tree, container, named, feeds);
  const pairs = pairsOf(graph, tree);
  for (const container of [null, ...tree.groups.keys()]) {
    if ((tree.children.get(container) ?? []).length <= crowded) continue;
    addBlocks(tree, container, pairs.get(container) ?? [], titleOf);
    addRanges(tree, container, (id) => named.get(id)?.type ?? 'group', titleOf);
  }
  return tree;
}
