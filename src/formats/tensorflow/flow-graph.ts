/** Ops of a TensorFlow graph whose loops and branches hold their graphs: functions by name, or the rings of ops that older graphs are made of. */
import type { JsonObject } from '../../network/network';
import { Failure } from '../../tensor/failure';

/** An op; tensors are named `op`, `op:1`. */
export interface FlowNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: JsonObject;
  /** What it is called, when its name is only a key. */
  readonly title?: string;
  /** The graphs that a loop or branch runs, by the names of its attributes. */
  readonly graphs?: Readonly<Record<string, InnerGraph>>;
  /** Names of what it gives, where they are not its own name with numbers. */
  readonly outputs?: readonly string[];
}

/** A graph inside an op, with the tensors that it is given and gives. */
export interface InnerGraph { readonly nodes: readonly FlowNode[]; readonly inputs: readonly string[]; readonly outputs: readonly string[] }

/** The attributes that hold graphs, and the op as the engine has it. */
export const flowOps: Readonly<Record<string, { readonly graphs: readonly string[]; readonly condition: boolean }>> = {
  While: { graphs: ['cond', 'body'], condition: false }, StatelessWhile: { graphs: ['cond', 'body'], condition: false },
  If: { graphs: ['then_branch', 'else_branch'], condition: true }, StatelessIf: { graphs: ['then_branch', 'else_branch'], condition: true },
  PartitionedCall: { graphs: ['f'], condition: false }, StatefulPartitionedCall: { graphs: ['f'], condition: false },
};
const flow = (node: FlowNode): (typeof flowOps)[string] | undefined => (node.graphs !== undefined && Object.hasOwn(flowOps, node.op) ? flowOps[node.op] : undefined);

const maximalDepth = 32;
const maximalNodes = 200_000;

/** Puts the bodies of functions into the ops that run them. @throws Failure `graph.calls` when they never end */
export function withFunctions(nodes: readonly FlowNode[], functions: ReadonlyMap<string, InnerGraph>, namesOf: (node: FlowNode, attribute: string) => string | undefined, label: string): readonly FlowNode[] {
  let work = 0;
  const filled = (list: readonly FlowNode[], depth: number): readonly FlowNode[] => list.map((node) => {
    work += 1;
    const form = Object.hasOwn(flowOps, node.op) ? flowOps[node.op] : undefined;
    if (form === undefined || node.graphs !== undefined) return node;
    const bodies = form.graphs.map((key) => [key, functions.get(namesOf(node, key) ?? '')] as const);
    if (bodies.some(([, body]) => body === undefined)) return node;
    if (depth > maximalDepth || work > maximalNodes) throw new Failure('graph.calls', `${label}: its functions call each other more than ${maximalDepth} deep, or hold more than ${maximalNodes} ops.`);
    return { ...node, graphs: Object.fromEntries(bodies.map(([key, body]) => [key, body === undefined ? { nodes: [], inputs: [], outputs: [] } : { ...body, nodes: filled(body.nodes, depth + 1) }])) };
  });
  return filled(nodes, 0);
}

/** The graph with some names replaced by others. */
function renamed(graph: InnerGraph, names: ReadonlyMap<string, string>): InnerGraph {
  const rename = (name: string): string => names.get(name) ?? name;
  return { inputs: graph.inputs, outputs: graph.outputs.map(rename), nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) })) };
}

/** A graph inside an op without ops that only hand on: weights stand where they work, and a variable that a loop leaves alone is seen as such. */
function withoutCopies(graph: InnerGraph): InnerGraph {
  const copies = new Map(graph.nodes.flatMap((node) => (node.op === 'Identity' && node.inputs[0] !== undefined ? [[node.name, node.inputs[0]] as const] : node.op === 'IdentityN' ? node.inputs.map((input, index) => [index === 0 ? node.name : `${node.name}:${index}`, input] as const) : [])));
  if (copies.size === 0) return graph;
  const rename = (name: string): string => { let at = name; for (let step = 0; step < 1000; step += 1) { const next = copies.get(at); if (next === undefined) return at; at = next; } return at; };
  return { inputs: graph.inputs, outputs: graph.outputs.map(rename), nodes: graph.nodes.filter(({ op }) => op !== 'Identity' && op !== 'IdentityN').map((node) => ({ ...node, inputs: node.inputs.map(rename) })) };
}

/**
 * Constants that a loop only hands on, and those that a branch is given, become constants of the graphs inside: weights stand where they work.
 * Gives the nodes, and what the dropped results of loops are the same as.
 */
export function withConstantsInside(nodes: readonly FlowNode[], isConstant: (name: string) => boolean): readonly FlowNode[] {
  const same = new Map<string, string>();
  const moved = nodes.map((node): FlowNode => {
    const form = flow(node);
    if (form === undefined || node.graphs === undefined) return node;
    const plain = Object.fromEntries(Object.entries(node.graphs).map(([key, graph]) => [key, withoutCopies(graph)]));
    const loop = plain.body;
    const before = form.condition ? 1 : 0;
    const given = node.inputs.slice(before);
    const kept = given.map((name, index) => !isConstant(name) || (loop !== undefined && loop.outputs[index] !== loop.inputs[index]));
    const pick = <T>(list: readonly T[]): T[] => list.filter((_, index) => kept[index] !== false);
    const graphs = Object.fromEntries(Object.entries(plain).map(([key, graph]) => {
      const names = new Map(graph.inputs.flatMap((input, index) => (kept[index] === false ? [[input, given[index] ?? '']] : [])));
      const bound = renamed(graph, names);
      return [key, { inputs: pick(bound.inputs), outputs: key === 'body' ? pick(bound.outputs) : bound.outputs, nodes: withConstantsInside(bound.nodes, isConstant) }];
    }));
    const names = node.outputs ?? outputNames(node.name, loop === undefined ? graphs[form.graphs[0] ?? '']?.outputs.length ?? 0 : loop.outputs.length);
    if (loop !== undefined) for (const [index, name] of names.entries()) if (kept[index] === false) same.set(name, given[index] ?? '');
    return { ...node, inputs: [...node.inputs.slice(0, before), ...pick(given)], graphs, outputs: loop === undefined ? names : pick(names) };
  });
  return same.size === 0 ? moved : moved.map((node) => ({ ...node, inputs: node.inputs.map((input) => same.get(input) ?? input) }));
}

export const outputNames = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => (index === 0 ? name : `${name}:${index}`));

/** All nodes, those inside others too. */
export function* allNodes(nodes: readonly FlowNode[]): Generator<FlowNode, void, void> {
  for (const node of nodes) {
    yield node;
    for (const graph of Object.values(node.graphs ?? {})) yield* allNodes(graph.nodes);
  }
}

const keptMark = '#kept by ';
const keptName = (op: string, tensor: string): string => `${tensor}${keptMark}${op}`;
/** What a result of a loop is that only hands on a tensor from outside; the name itself for others. */
export const keptFrom = (name: string): string => name.split(keptMark)[0] ?? name;

/** Hands tensors of the graph outside, of these names, into the graphs that use them. */
export function withAround(nodes: readonly FlowNode[], names: ReadonlySet<string>): readonly FlowNode[] {
  return nodes.map((node) => {
    if (node.graphs === undefined) return node;
    const used = new Set<string>();
    for (const graph of Object.values(node.graphs)) {
      for (const { inputs } of allNodes(graph.nodes)) for (const input of inputs) if (names.has(input)) used.add(input);
      for (const output of graph.outputs) if (names.has(output)) used.add(output);
    }
    const added = [...used];
    const loop = node.graphs.body !== undefined;
    return {
      ...node, inputs: [...node.inputs, ...added],
      graphs: Object.fromEntries(Object.entries(node.graphs).map(([key, graph]) => [key, { inputs: [...graph.inputs, ...added], outputs: key === 'body' ? [...graph.outputs, ...added] : graph.outputs, nodes: withAround(graph.nodes, names) }])),
      ...(loop ? { outputs: [...(node.outputs ?? []), ...added.map((name) => keptName(node.name, name))] } : {}),
    };
  });
}
