/** The graph below a signature: function calls are replaced by the bodies of their functions, names for one and the same tensor by one of them. */
import { Failure } from '../../tensor/failure';
import type { JsonObject, SymbolicShape } from '../../network/network';
import type { ProtoMessage } from '../containers/protobuf';
import { flowOps } from './flow-graph';
import { outputNumber } from './graph-def';
import type { FunctionDef, NodeDef } from './graph-def';

/** An op of the graph without calls. Tensors are named by `<place>:<output>`. */
export interface FlatNode {
  readonly place: string;
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly settings: JsonObject;
  readonly shapes: readonly (SymbolicShape | undefined)[];
  readonly shared: string;
  readonly value: ProtoMessage | null;
  /** The graphs that a loop or branch runs, by the names of its attributes. */
  readonly graphs: Readonly<Record<string, FlatGraph>> | null;
}

/** A graph inside an op, with the tensors that it is given and gives. */
export interface FlatGraph { readonly nodes: readonly FlatNode[]; readonly inputs: readonly string[]; readonly outputs: readonly string[] }

/** Gives a function by its name; undefined when the file has none. */
export type Library = (name: string) => FunctionDef | undefined;

const maximalNodes = 200_000;
const maximalOutputs = 4096;
const maximalCalls = 64;
const calls = new Set(['PartitionedCall', 'StatefulPartitionedCall', 'TPUPartitionedCall', 'RemoteCall']);
/** Ops whose output is their first input. */
const names = new Set(['Identity', 'ReadVariableOp', 'PlaceholderWithDefault', 'DisableCopyOnRead']);
const silent = new Set([...names, 'NoOp', 'Const', 'Placeholder', 'IdentityN']);

/** `__inference_encoder_12` -> `encoder` */
const shortName = (name: string): string => name.replace(/^__(inference|forward)_/, '').replace(/_\d+$/, '');

/** Where the nodes of a graph or of one call of a function stand. */
interface Scope { readonly key: string; readonly title: string; readonly depth: number; readonly ops: ReadonlyMap<string, string> }

export class Inliner {
  private list: FlatNode[] = [];
  private made = 0;
  private readonly aliases = new Map<string, string>();
  private scopes = 0;
  private work = 0;

  constructor(private readonly library: Library, private readonly label: string) {}

  get nodes(): readonly FlatNode[] { return this.list; }

  /** The tensor that a name stands for in the end. @throws Failure `graph.cycle` */
  resolve(tensor: string): string {
    const passed = new Set<string>();
    let at = tensor;
    for (let next = this.aliases.get(at); next !== undefined; next = this.aliases.get(at)) {
      if (passed.has(at)) throw new Failure('graph.cycle', `${this.label}: its ops form a cycle.`);
      passed.add(at);
      at = next;
    }
    for (const name of passed) this.aliases.set(name, at);
    return at;
  }

  alias(tensor: string, same: string): void { this.aliases.set(tensor, same); }

  /** Adds the nodes of a graph without arguments; gives the function that names its tensors. */
  addGraph(nodes: readonly NodeDef[]): (reference: string) => string {
    const scope = this.scopeOf(nodes, '', 0);
    this.addNodes(nodes, scope, new Set());
    return (reference) => tensorName(scope, reference, new Set());
  }

  /** Adds a function called on tensors; gives its outputs in order. */
  call(body: FunctionDef, given: readonly string[], title: string, depth: number): readonly string[] {
    if (depth > maximalCalls) throw new Failure('graph.calls', `${this.label}: its functions call each other more than ${maximalCalls} deep.`);
    const scope = this.scopeOf(body.nodes, title, depth);
    const parameters = new Set(body.inputs);
    for (const [index, name] of body.inputs.entries()) this.alias(`${scope.key}${name}:0`, given[index] ?? '');
    this.addNodes(body.nodes, scope, parameters);
    return body.outputs.map((name) => tensorName(scope, body.results.get(name) ?? '', parameters));
  }

  private tooLarge(): Failure { return new Failure('graph.size', `${this.label}: with its functions written out, its graph has more than ${maximalNodes} ops.`); }

  private scopeOf(nodes: readonly NodeDef[], title: string, depth: number): Scope {
    this.scopes += 1;
    this.work += nodes.length + 1;
    if (this.work > 10 * maximalNodes) throw this.tooLarge();
    return { key: `${this.scopes}/`, title, depth, ops: new Map(nodes.map(({ name, op }) => [name, op])) };
  }

  private addNodes(nodes: readonly NodeDef[], scope: Scope, parameters: ReadonlySet<string>): void {
    const work = nodes.filter(({ op }) => !silent.has(op)).length;
    for (const node of nodes) {
      const place = scope.key + node.name;
      const inputs = node.inputs.map((input) => tensorName(scope, input, parameters));
      const body = calls.has(node.op) ? this.library(node.functions.f ?? '') : undefined;
      if (body !== undefined) {
        // A function that only hands on to another gives no group of its own.
        const title = work === 1 || scope.depth === 0 ? scope.title : `${scope.title}${shortName(body.name)}/`;
        for (const [index, result] of this.call(body, inputs, title, scope.depth + 1).entries()) this.alias(`${place}:${index}`, result);
        continue;
      }
      const [first] = inputs;
      if (names.has(node.op) && first !== undefined) { this.alias(`${place}:0`, first); continue; }
      if (node.op === 'IdentityN') { for (const [index, input] of inputs.entries()) this.alias(`${place}:${index}`, input); continue; }
      if (node.op === 'NoOp') continue;
      this.made += 1;
      if (this.made > maximalNodes) throw this.tooLarge();
      const graphs = this.graphsOf(node, place, scope.depth);
      const inner = graphs === null ? Object.entries(node.functions).map(([key, name]) => [key, this.describe(name)] as const) : [];
      this.list.push({ place, name: scope.title + node.name, op: node.op, inputs, settings: { ...node.settings, ...Object.fromEntries(inner) }, shapes: node.shapes, shared: node.shared, value: node.value, graphs });
    }
  }

  /** The graphs that a loop or branch runs, with their functions written out; null when one of them is not in the file. */
  private graphsOf(node: NodeDef, place: string, depth: number): Readonly<Record<string, FlatGraph>> | null {
    const form = Object.hasOwn(flowOps, node.op) ? flowOps[node.op] : undefined;
    const bodies = form?.graphs.map((key) => [key, this.library(node.functions[key] ?? '')] as const) ?? [];
    if (bodies.length === 0 || bodies.some(([, body]) => body === undefined)) return null;
    const outside = this.list;
    const graphs = bodies.map(([key, body]): readonly [string, FlatGraph] => {
      this.list = [];
      const inputs = body?.inputs.map((name) => `${place}/${key}/${name}:0`) ?? [];
      const outputs = body === undefined ? [] : this.call(body, inputs, '', depth + 1);
      return [key, { nodes: this.list, inputs, outputs }];
    });
    this.list = outside;
    return Object.fromEntries(graphs);
  }

  /** A loop's body or a branch, as a setting. */
  private describe(name: string): string {
    const body = this.library(name);
    return body === undefined ? name : `${shortName(name)}, a graph of ${body.nodes.filter(({ op }) => !silent.has(op)).length} ops`;
  }
}

/** `name`, `name:1` (in a graph), `name:output:1` (in a function) -> `<place>:<output>`. */
function tensorName(scope: Scope, reference: string, parameters: ReadonlySet<string>): string {
  const [name = '', second, third] = reference.split(':');
  // No op has as many outputs; the list of them would take the memory.
  if (Number(third ?? 0) > maximalOutputs || Number(second ?? 0) > maximalOutputs) throw new Failure('graph.output', `An op of the graph takes output ${third ?? second ?? ''} of another, which has no such`);
  if (second === undefined) return `${scope.key}${name}:0`;
  if (parameters.has(name) && third === undefined) return `${scope.key}${name}:${second}`;
  if (third === undefined && /^\d+$/.test(second)) return `${scope.key}${name}:${Number(second)}`;
  return `${scope.key}${name}:${outputNumber(scope.ops.get(name) ?? '', second, Number(third ?? 0))}`;
}

/** The nodes of a list that the tensors come from, in the file's order. `ends` are tensors to stop at. */
export function reachable(inliner: Inliner, list: readonly FlatNode[], tensors: readonly string[], ends: ReadonlySet<string>): readonly FlatNode[] {
  const byPlace = new Map(list.map((node) => [node.place, node]));
  const used = new Set<string>();
  const waiting = tensors.map((tensor) => inliner.resolve(tensor));
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (ends.has(tensor)) continue;
    const place = tensor.slice(0, tensor.lastIndexOf(':'));
    const node = byPlace.get(place);
    if (node === undefined || used.has(place)) continue;
    used.add(place);
    for (const input of node.inputs) waiting.push(inliner.resolve(input));
  }
  return list.filter(({ place }) => used.has(place));
}
