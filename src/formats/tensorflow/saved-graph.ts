/** A SavedModel's signatures as networks: the ops that their outputs need, with the variables and constants that feed them as weights. */
import { Failure } from '../../tensor/failure';
import type { Network, SymbolicShape } from '../../network/network';
import type { FormatId } from '../../network/format-titles';
import { sizeOf } from '../../tensor/value';
import type { ProtoMessage } from '../containers/protobuf';
import { shownShape } from '../modules/tensor-types';
import type { FlowNode, InnerGraph } from './flow-graph';
import { maximalShape, networkOfFlow, tensorName } from './flow-network';
import type { Constant } from './flow-network';
import { dataTypes, functionFrom, nodeFrom, shapeOf } from './graph-def';
import type { FunctionDef, NodeDef } from './graph-def';
import { Inliner, reachable } from './inline';
import type { FlatGraph, FlatNode } from './inline';
import type { SavedObjects, StoredVariable } from './saved-objects';
import { constantKind, constantValue } from './tensor-proto';

/** A way into the model: a signature, or a function that is one of its attributes. Inputs and outputs by their names. */
export interface Entry {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, string>;
  readonly shapes: ReadonlyMap<string, SymbolicShape>;
  /** Element types of inputs. */
  readonly types: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  /** The function, where the model is called by one and not by its signature. */
  readonly body: string | null;
  /** True for a graph that has no signature: its tensors have no names but those of its ops. */
  readonly plain?: boolean;
}

export interface SignatureGraph {
  /** Signatures with the same ops are one graph. */
  readonly names: readonly string[];
  readonly network: Network;
}

export interface SavedGraph {
  readonly graphs: readonly SignatureGraph[];
  /** Where constants lie in the file, by the key of their weights. */
  readonly constants: ReadonlyMap<string, { readonly start: number; readonly length: number }>;
  /** Names of the variables that any graph uses. */
  readonly used: ReadonlySet<string>;
  /** Variables without values. */
  readonly missing: readonly string[];
}

const variableOps = new Set(['VarHandleOp', 'VariableV2', 'Variable', 'AutoReloadVariable', 'Placeholder']);

export interface GraphSource {
  readonly label: string;
  readonly graph: ProtoMessage;
  /** Entries of `signature_def`. */
  readonly signatures: readonly (readonly [string, ProtoMessage])[];
  readonly objects: SavedObjects;
  readonly variables: readonly StoredVariable[];
  readonly format: FormatId;
  /** Constants whose values stand elsewhere, by the name of the op. */
  readonly given?: (name: string) => Constant | undefined;
  /** Takes the place of what the signatures say. */
  readonly entries?: readonly Entry[];
}

/** @throws Failure `graph.*` when its functions are malformed or too many */
export function savedGraph(source: GraphSource): SavedGraph {
  const bodies = new Map(source.graph.message(2).messages(1).map((message) => [message.message(1).text(1), message] as const));
  const read = new Map<string, FunctionDef>();
  const library = (name: string): FunctionDef | undefined => {
    const message = bodies.get(name);
    const known = read.get(name) ?? (message === undefined ? undefined : functionFrom(message));
    if (known !== undefined) read.set(name, known);
    return known;
  };
  const nodes = new Map(source.graph.messages(1).map((message) => [message.text(1), message] as const));
  const reader = new SignatureReader(source, nodes, library);
  const graphs = new Map<string, SignatureGraph>();
  for (const entry of source.entries ?? entriesOf(source, library)) {
    const network = reader.network(entry);
    const same = JSON.stringify([network.layers.map(({ name, type, config, calls, weights }) => [name, type, config, calls, weights.map((weight) => weight.name)]), network.outputs]);
    graphs.set(same, { names: [...graphs.get(same)?.names ?? [], entry.name], network: graphs.get(same)?.network ?? network });
  }
  return { graphs: [...graphs.values()].filter(({ network }) => network.layers.length > 0), constants: reader.constants, used: reader.used, missing: [...reader.missing] };
}

function entriesOf({ signatures, objects }: GraphSource, library: (name: string) => FunctionDef | undefined): readonly Entry[] {
  const tensors = (info: ProtoMessage, field: number): ReadonlyMap<string, string> => new Map(info.entries(field).map(([key, tensor]) => [key, tensor.text(1)] as const).sort(([first], [second]) => (first < second ? -1 : 1)));
  const named = signatures.filter(([name, info]) => name !== '__saved_model_init_op' && info.has(2)).map(([name, info]): Entry => ({
    name, inputs: tensors(info, 1), outputs: tensors(info, 2), body: null,
    types: new Map(info.entries(1).map(([key, tensor]) => [key, dataTypes[tensor.int(2)] ?? ''] as const)),
    shapes: new Map(info.entries(1).flatMap(([key, tensor]) => { const shape = shapeOf(tensor.message(3)); return shape === undefined ? [] : [[key, shape] as const]; })),
  })).sort((first, second) => Number(second.name === 'serving_default') - Number(first.name === 'serving_default') || (first.name < second.name ? -1 : 1));
  if (named.length > 0) return named;
  return [...objects.functions].flatMap(([name, trace]): readonly Entry[] => {
    const body = library(trace);
    if (body === undefined) return [];
    const inputs = body.inputs.slice(0, Math.max(0, body.inputs.length - objects.captured(trace).length));
    return [{ name, inputs: new Map(inputs.map((input) => [input, input])), shapes: new Map(), types: new Map(), outputs: new Map(body.outputs.map((output) => [output, output])), body: trace }];
  });
}

class SignatureReader {
  readonly constants = new Map<string, { start: number; length: number }>();
  readonly used = new Set<string>();
  readonly missing = new Set<string>();
  private readonly byId: ReadonlyMap<number, StoredVariable>;
  private readonly byName: ReadonlyMap<string, StoredVariable>;

  constructor(private readonly source: GraphSource, private readonly nodes: ReadonlyMap<string, ProtoMessage>, private readonly library: (name: string) => FunctionDef | undefined) {
    this.byId = new Map(source.variables.flatMap((variable) => variable.ids.map((id) => [id, variable] as const)));
    this.byName = new Map(source.variables.map((variable) => [variable.name, variable]));
  }

  network(entry: Entry): Network {
    const { label, objects } = this.source;
    const inliner = new Inliner(this.library, label);
    const objectIds = new Map<string, number>();
    const capture = (name: string, tensors: readonly string[]): void => {
      const ids = objects.captured(name);
      for (const [index, id] of ids.entries()) { const tensor = tensors[tensors.length - ids.length + index]; if (tensor !== undefined) objectIds.set(tensor, id); }
    };
    const inputs = new Map([...entry.inputs.keys()].map((name) => [name, `input:${name}`] as const));
    let results: readonly (readonly [string, string])[];
    const body = entry.body === null ? undefined : this.library(entry.body);
    if (body !== undefined && entry.body !== null) {
      const given = body.inputs.map((name, index) => inputs.get(name) ?? `object:${index}`);
      capture(entry.body, given);
      const outputs = inliner.call(body, given, '', 1);
      results = body.outputs.map((name, index) => [name, outputs[index] ?? ''] as const);
    } else {
      const main = this.mainNodes([...entry.outputs.values()], new Set([...entry.inputs.values()].map((name) => name.split(':')[0] ?? '')));
      const reference = inliner.addGraph(main);
      for (const [name, tensor] of entry.inputs) inliner.alias(reference(tensor), inputs.get(name) ?? '');
      for (const { functions, inputs: given } of main) if (functions.f !== undefined) capture(functions.f, given.map((tensor) => inliner.resolve(reference(tensor))));
      results = [...entry.outputs].map(([name, tensor]) => [name, reference(tensor)] as const);
    }
    return this.assemble(entry, inliner, results, objectIds);
  }

  /** The ops of the graph itself that lead to tensors; a model holds others, to save and to restore it. */
  private mainNodes(tensors: readonly string[], ends: ReadonlySet<string>): readonly NodeDef[] {
    const found = new Map<string, NodeDef>();
    const waiting = tensors.map((tensor) => tensor.split(':')[0] ?? '');
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const message = this.nodes.get(name);
      if (message === undefined || found.has(name)) continue;
      const node = nodeFrom(message);
      const stops = ends.has(name);
      found.set(name, stops ? { ...node, inputs: [] } : node);
      if (!stops) for (const input of node.inputs) waiting.push(input.split(':')[0] ?? '');
    }
    return [...this.nodes.keys()].flatMap((name) => found.get(name) ?? []);
  }

  private variableOf(tensor: string, node: FlatNode | undefined, objectIds: ReadonlyMap<string, number>): StoredVariable | undefined {
    const captured = this.byId.get(objectIds.get(tensor) ?? -1);
    if (captured !== undefined || node === undefined || !variableOps.has(node.op)) return captured;
    return this.byName.get(node.shared) ?? this.byName.get(node.name);
  }

  private assemble(entry: Entry, inliner: Inliner, results: readonly (readonly [string, string])[], objectIds: ReadonlyMap<string, number>): Network {
    const { label, format } = this.source;
    let ends = [...entry.inputs.keys()].map((name) => `input:${name}`);
    const wanted = results.map(([, tensor]) => inliner.resolve(tensor));
    const flat = reachable(inliner, inliner.nodes, wanted, new Set(ends));
    // A plain graph has placeholders that nothing takes, left over from what it was cut out of.
    if (entry.plain === true) { const taken = new Set([...wanted, ...flat.flatMap(({ inputs }) => inputs.map((input) => inliner.resolve(input)))]); ends = ends.filter((end) => taken.has(end)); }
    const reading = new FlowReading(inliner, (tensor, node) => this.constantOf(tensor, node, objectIds));
    const outputs = new Map<string, string[]>();
    for (const [index, [name]] of results.entries()) { const place = placeOf(wanted[index] ?? ''); outputs.set(place, [...outputs.get(place) ?? [], name]); }
    const nodes = reading.nodes(flat).map((node) => {
      // A graph without signatures ends in ops of its own names, of which those that only hand on are left out.
      const names = outputs.get(node.name)?.filter((name) => entry.plain !== true || name !== node.title) ?? [];
      return names.length === 0 ? node : { ...node, attributes: { ...node.attributes, [entry.plain === true ? 'output' : 'signature_output']: names.join(', ') } };
    });
    if (nodes.length === 0) throw new Failure('graph.empty', `${label}: ${entry.plain === true ? 'it' : `the signature ${entry.name}`} holds no ops.`);
    for (const [name, shape] of entry.shapes) reading.shapes.set(`input:${name}`, shape);
    return networkOfFlow({
      label, format, formatDetail: '', convention: 'keras', nodes, inputs: ends, outputs: wanted.map(flowName), constants: reading.constants, shapes: reading.shapes, values: reading.values,
      settings: ({ attributes }) => attributes, nameOf: (tensor) => tensor.replace(/^input:/, ''), inputConfig: (tensor) => ({ dtype: entry.types.get(tensor.replace(/^input:/, '')) ?? 'float32' }), problems: [],
    });
  }

  /** A variable or constant of the file; null for what is computed, and for texts. */
  private constantOf(tensor: string, node: FlatNode | undefined, objectIds: ReadonlyMap<string, number>): { readonly constant: Constant; readonly value: ProtoMessage | null } | null {
    const variable = this.variableOf(tensor, node, objectIds);
    if (variable !== undefined) {
      const { type, shape } = variable.entry;
      this.used.add(variable.name);
      return { value: null, constant: { key: `variable ${variable.name}`, name: variable.name, dtype: type.dtype, shape: shownShape(type, shape), trainable: variable.trainable && /float/.test(type.dtype), counted: /float/.test(type.dtype) } };
    }
    if (node === undefined) return null;
    if (variableOps.has(node.op) && node.op !== 'Placeholder') this.missing.add(node.shared === '' ? node.name : node.shared);
    const given = node.op === 'Const' ? this.source.given?.(node.name) : undefined;
    if (given !== undefined) return { value: null, constant: given };
    const kind = node.op === 'Const' && node.value !== null ? constantKind(node.value) : null;
    if (node.value === null || kind === null) return null;
    const key = `constant ${node.value.base}`;
    this.constants.set(key, { start: node.value.base, length: node.value.bytes.length });
    // Of a model without variables the constants are the weights.
    return { value: node.value, constant: { key, dtype: kind.type.dtype, shape: shownShape(kind.type, kind.shape), ...(this.source.variables.length === 0 ? {} : { trainable: false }) } };
  }
}

const placeOf = (tensor: string): string => tensor.slice(0, tensor.lastIndexOf(':'));
/** Tensors of ops as graphs of ops have them: `op`, `op:1`. */
const flowName = (tensor: string): string => (/^\d+\//.test(tensor) ? tensor.replace(/:0$/, '') : tensor);

/** Ops without calls as the graph that becomes a network: what each tensor is called there, what is constant, and what the file tells of shapes. */
class FlowReading {
  readonly constants = new Map<string, Constant>();
  readonly shapes = new Map<string, SymbolicShape>();
  readonly values = new Map<string, SymbolicShape>();

  constructor(private readonly inliner: Inliner, private readonly constantOf: (tensor: string, node: FlatNode | undefined) => { readonly constant: Constant; readonly value: ProtoMessage | null } | null) {}

  /** The ops of one graph. `around` are those of the graphs that it is inside. */
  nodes(list: readonly FlatNode[]): FlowNode[] {
    const byPlace = new Map(list.map((node) => [node.place, node]));
    const take = (reference: string): string => {
      const tensor = this.inliner.resolve(reference);
      const name = flowName(tensor);
      const found = this.constants.has(name) ? null : this.constantOf(tensor, byPlace.get(placeOf(tensor)));
      if (found === null) return name;
      this.constants.set(name, found.constant);
      if (found.value !== null && /int/.test(found.constant.dtype) && sizeOf(found.constant.shape) <= maximalShape) this.values.set(name, Array.from(constantValue(found.value, 'A constant').data, Number));
      return name;
    };
    return list.filter(({ op }) => op !== 'Const' && !variableOps.has(op)).map((node): FlowNode => {
      for (const [index, shape] of node.shapes.entries()) if (shape !== undefined) this.shapes.set(tensorName(node.place, index), shape);
      const inputs = node.inputs.map(take);
      const graphs = node.graphs === null ? null : Object.entries(node.graphs).map(([key, graph]): readonly [string, InnerGraph] => [key, this.inner(graph)]);
      return { name: node.place, title: node.name, op: node.op, inputs, attributes: node.settings, ...(graphs === null ? {} : { graphs: Object.fromEntries(graphs) }) };
    });
  }

  private inner({ nodes, inputs, outputs }: FlatGraph): InnerGraph {
    const list = reachable(this.inliner, nodes, outputs, new Set(inputs));
    const read = this.nodes(list);
    const byPlace = new Map(list.map((node) => [node.place, node]));
    for (const output of outputs) { const tensor = this.inliner.resolve(output), found = this.constantOf(tensor, byPlace.get(placeOf(tensor))); if (found !== null) this.constants.set(flowName(tensor), found.constant); }
    return { nodes: read, inputs: inputs.map(flowName), outputs: outputs.map((output) => flowName(this.inliner.resolve(output))) };
  }
}
