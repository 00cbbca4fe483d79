/**
 * Loops and branches of TensorFlow 1, which converters still write: a loop is a ring of Enter, Merge, Switch, NextIteration and Exit around
 * a LoopCond, a branch lies between Switch and Merge. They become ops While and If with graphs inside. tensorflow/core/framework/control_flow.h
 */
import { isObject } from '../../network/kinds/kind';
import type { FlowNode, InnerGraph } from './flow-graph';

/** The loop that an Enter belongs to; in `model.json` texts are base64. */
function frameOf({ attributes: { frame_name: frame } }: FlowNode): string {
  if (typeof frame === 'string') return frame;
  return isObject(frame) && typeof frame.s === 'string' ? Buffer.from(frame.s, 'base64').toString('utf8') : '';
}

const opOf = (tensor: string): string => tensor.replace(/:\d+$/, '');

/** The nodes that `ends` come from, down to `stops` (tensors) and to what is no op of the graph; null when they meet an op that must not be there. */
function cone(nodes: ReadonlyMap<string, FlowNode>, ends: readonly string[], stops: ReadonlySet<string>, refused: (node: FlowNode) => boolean): FlowNode[] | null {
  const found = new Set<FlowNode>();
  const waiting = [...ends];
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (stops.has(tensor)) continue;
    const node = nodes.get(opOf(tensor));
    if (node === undefined || found.has(node) || node.op === 'Const' || node.op === 'Placeholder') continue;
    if (refused(node)) return null;
    found.add(node);
    for (const input of node.inputs) waiting.push(input);
  }
  return [...nodes.values()].filter((node) => found.has(node));
}

interface Rewriting { readonly nodes: Map<string, FlowNode>; /** Tensors that are now called otherwise. */ readonly same: Map<string, string> }

function replace({ nodes, same }: Rewriting, gone: Iterable<FlowNode>, made: FlowNode, results: readonly (readonly [old: string, name: string])[]): void {
  for (const node of gone) nodes.delete(node.name);
  for (const [old, name] of results) same.set(old, name);
  nodes.set(made.name, made);
  for (const node of [...nodes.values()]) if (node.inputs.some((input) => same.has(input))) nodes.set(node.name, { ...node, inputs: node.inputs.map((input) => same.get(input) ?? input) });
}

/** What a made op is called, where names are keys: `3/lstm/while` -> `lstm/while`. */
const titled = (member: FlowNode | undefined, name: string): { readonly title?: string } => (member?.title === undefined ? {} : { title: name.replace(/^\d+\//, '') });

/** Turns one loop that holds no other into an op While; false when there is none that can be. */
function oneLoop(state: Rewriting): boolean {
  const { nodes } = state;
  const frames = new Map<string, FlowNode[]>();
  for (const node of nodes.values()) if (node.op === 'Enter') { const frame = frameOf(node); frames.set(frame, [...frames.get(frame) ?? [], node]); }
  for (const [frame, enters] of frames) {
    const entered = new Map(enters.map((enter) => [enter.name, enter]));
    const merges = [...nodes.values()].filter(({ op, inputs }) => op === 'Merge' && inputs.some((input) => entered.has(input)));
    const variables = merges.flatMap((merge) => {
      const [enter, next] = [merge.inputs.find((input) => entered.has(input)), merge.inputs.map((input) => nodes.get(opOf(input))).find((node) => node?.op === 'NextIteration')];
      const choose = [...nodes.values()].find(({ op, inputs }) => op === 'Switch' && inputs[0] === merge.name);
      const exit = choose === undefined ? undefined : [...nodes.values()].find(({ op, inputs }) => op === 'Exit' && inputs[0] === choose.name);
      return enter === undefined || next === undefined ? [] : [{ merge, enter, next, choose, exit }];
    });
    const condition = variables.map(({ choose }) => nodes.get(opOf(choose?.inputs[1] ?? ''))).find((node) => node?.op === 'LoopCond');
    if (condition === undefined || variables.length !== merges.length) continue;
    const given = enters.filter(({ name }) => variables.every(({ enter }) => enter !== name));
    const around = new Set(given.map(({ name }) => name));
    const foreign = (node: FlowNode): boolean => ['Enter', 'Exit', 'NextIteration', 'Merge', 'LoopCond'].includes(node.op) || (node.op === 'Switch' && variables.some(({ choose }) => choose === node));
    const starts = variables.map(({ merge }) => merge.name);
    const inside = variables.map(({ merge, choose }) => (choose === undefined ? merge.name : `${choose.name}:1`));
    const test = cone(nodes, condition.inputs.slice(0, 1), new Set([...starts, ...around]), foreign);
    const body = cone(nodes, variables.map(({ next }) => next.inputs[0] ?? ''), new Set([...inside, ...around]), (node) => foreign(node) && node.op !== 'Merge');
    if (test === null || body === null) continue;
    const extra = given.map(({ name }) => name);
    const name = frame.replace(/\/$/, '').replace(/\/while_context$/, '') || 'while';
    const made: FlowNode = {
      name: nodes.has(name) ? `${name}/While` : name, ...titled(variables[0]?.merge, nodes.has(name) ? `${name}/While` : name), op: 'While', attributes: {}, inputs: [...variables.map(({ enter }) => entered.get(enter)?.inputs[0] ?? ''), ...given.map(({ inputs: [input = ''] }) => input)],
      graphs: {
        cond: { nodes: test, inputs: [...starts, ...extra], outputs: condition.inputs.slice(0, 1) },
        body: { nodes: body, inputs: [...inside, ...extra], outputs: [...variables.map(({ next }) => next.inputs[0] ?? ''), ...extra] },
      },
    };
    const gone = new Set([...enters, ...test, ...body, condition, ...variables.flatMap(({ merge, next, choose, exit }) => [merge, next, ...(choose === undefined ? [] : [choose]), ...(exit === undefined ? [] : [exit])])]);
    replace(state, gone, made, variables.flatMap(({ exit }, index) => (exit === undefined ? [] : [[exit.name, index === 0 ? made.name : `${made.name}:${index}`] as const])));
    return true;
  }
  return false;
}

/** Which way of a condition a tensor comes: over output 0 (not) or 1 of a Switch; null when over none. */
function wayOf(nodes: ReadonlyMap<string, FlowNode>, end: string): { readonly way: number | null; readonly condition: string; readonly nodes: FlowNode[]; readonly taken: string[] } | null {
  const found = new Set<FlowNode>();
  const taken = new Set<string>();
  let way: number | null = null;
  let condition = '';
  const waiting = [end];
  const seen = new Set<string>();
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    const node = nodes.get(opOf(tensor));
    if (node === undefined || node.op === 'Const' || node.op === 'Placeholder') continue;
    if (['Merge', 'Enter', 'Exit', 'NextIteration'].includes(node.op)) return null;
    // The Switch of a loop is no side of a branch.
    if (node.op === 'Switch' && nodes.get(opOf(node.inputs[1] ?? ''))?.op === 'LoopCond') return null;
    if (node.op === 'Switch') { way = tensor.endsWith(':1') ? 1 : 0; condition = node.inputs[1] ?? ''; taken.add(tensor); continue; }
    found.add(node);
    for (const input of node.inputs) waiting.push(input);
  }
  return { way, condition, nodes: [...nodes.values()].filter((node) => found.has(node)), taken: [...taken] };
}

/** Turns one branch that holds no other into an op If; false when there is none that can be. */
function oneBranch(state: Rewriting): boolean {
  const { nodes } = state;
  const groups = new Map<string, { merge: FlowNode; ways: NonNullable<ReturnType<typeof wayOf>>[] }[]>();
  for (const merge of nodes.values()) {
    if (merge.op !== 'Merge' || merge.inputs.length !== 2) continue;
    const ways = merge.inputs.map((input) => wayOf(nodes, input));
    const [a, b] = ways;
    if (a == null || b == null || (a.way === null && b.way === null) || (a.way !== null && a.way === b.way)) continue;
    const key = `${a.condition || b.condition}\n${merge.name.split('/').slice(0, -1).join('/')}`;
    groups.set(key, [...groups.get(key) ?? [], { merge, ways: [a, b] }]);
  }
  const [first] = groups;
  if (first === undefined) return false;
  const [key, members] = first;
  const [condition = '', scope = ''] = key.split('\n');
  const gone = new Set<FlowNode>();
  const needed: string[] = [];
  const sides: Record<'then_branch' | 'else_branch', { nodes: Set<FlowNode>; outputs: string[]; taken: string[] }> = { then_branch: { nodes: new Set(), outputs: [], taken: [] }, else_branch: { nodes: new Set(), outputs: [], taken: [] } };
  for (const { merge, ways } of members) {
    gone.add(merge);
    for (const [index, way] of ways.entries()) {
      const side = sides[(way.way ?? 1 - (ways[1 - index]?.way ?? 0)) === 1 ? 'then_branch' : 'else_branch'];
      for (const node of way.nodes) { side.nodes.add(node); gone.add(node); }
      side.outputs.push(merge.inputs[index] ?? '');
      side.taken.push(...way.taken);
      for (const tensor of way.taken) { const data = nodes.get(opOf(tensor))?.inputs[0] ?? ''; if (!needed.includes(data)) needed.push(data); }
    }
  }
  const graphOf = (side: (typeof sides)['then_branch'], mark: string): InnerGraph => {
    // Both branches get all tensors; each knows one by the Switch that lets it through.
    const names = new Map(side.taken.map((tensor) => [tensor, `${nodes.get(opOf(tensor))?.inputs[0] ?? ''}${mark}`]));
    const rename = (name: string): string => names.get(name) ?? name;
    return { inputs: needed.map((name) => `${name}${mark}`), outputs: side.outputs.map(rename), nodes: [...side.nodes].map((node) => ({ ...node, inputs: node.inputs.map(rename) })) };
  };
  const name = scope === '' || nodes.has(scope) ? `${scope}/If` : scope;
  const made: FlowNode = { name, ...titled(members[0]?.merge, name), op: 'If', attributes: {}, inputs: [condition, ...needed], graphs: { then_branch: graphOf(sides.then_branch, '#then'), else_branch: graphOf(sides.else_branch, '#else') } };
  replace(state, gone, made, members.map(({ merge }, index) => [merge.name, index === 0 ? made.name : `${made.name}:${index}`] as const));
  return true;
}

/** Rings of ops as ops with graphs inside, innermost first; what is none of the usual forms stays as it is. Also tells what results are called now. */
export function withoutRings(everything: readonly FlowNode[], wanted: readonly string[]): { readonly nodes: readonly FlowNode[]; readonly same: ReadonlyMap<string, string> } {
  if (!everything.some(({ op }) => op === 'Merge')) return { nodes: everything, same: new Map() };
  // Counters and pivots that only order other ops, which nobody reads, are no part of a loop or branch.
  const all = new Map(everything.map((node) => [node.name, node]));
  const read = new Set(wanted.length === 0 ? everything : cone(all, wanted, new Set(), () => false));
  const given = everything.filter((node) => read.has(node) || node.op === 'Const' || node.op === 'Placeholder');
  const state: Rewriting = { nodes: new Map(given.map((node) => [node.name, node])), same: new Map() };
  for (let turn = 0; turn < 256 && (oneBranch(state) || oneLoop(state)); turn += 1);
  // A Switch that nothing goes through any more.
  const used = new Set([...state.nodes.values()].flatMap(({ inputs }) => inputs.map(opOf)));
  return { nodes: [...state.nodes.values()].filter(({ op, name }) => op !== 'Switch' || used.has(name)), same: state.same };
}
