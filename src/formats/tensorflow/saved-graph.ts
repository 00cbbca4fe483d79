/** A SavedModel's signatures as networks: the ops that their outputs need, with the variables and constants that feed them as weights. */
import { Failure } from '../../tensor/failure';
import type { Network, SymbolicShape, Weight } from '../../network/network';
import type { ProtoMessage } from '../containers/protobuf';
import { networkOfOps } from '../graphs/op-graph';
import type { OpNode } from '../graphs/op-graph';
import { shownShape } from '../modules/tensor-types';
import { functionFrom, nodeFrom, shapeOf } from './graph-def';
import type { FunctionDef, NodeDef } from './graph-def';
import { Inliner, reachable } from './inline';
import type { FlatNode } from './inline';
import type { SavedObjects, StoredVariable } from './saved-objects';
import { macsOf, outputShapes } from './shapes';
import { constantKind } from './tensor-proto';

/** A way into the model: a signature, or a function that is one of its attributes. Inputs and outputs by their names. */
interface Entry { readonly name: string; readonly inputs: ReadonlyMap<string, string>; readonly shapes: ReadonlyMap<string, SymbolicShape>; readonly outputs: ReadonlyMap<string, string>; readonly body: string | null }

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
  readonly viewOnly: string;
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
  for (const entry of entriesOf(source, library)) {
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
    shapes: new Map(info.entries(1).flatMap(([key, tensor]) => { const shape = shapeOf(tensor.message(3)); return shape === undefined ? [] : [[key, shape] as const]; })),
  })).sort((first, second) => Number(second.name === 'serving_default') - Number(first.name === 'serving_default') || (first.name < second.name ? -1 : 1));
  if (named.length > 0) return named;
  return [...objects.functions].flatMap(([name, trace]): readonly Entry[] => {
    const body = library(trace);
    if (body === undefined) return [];
    const inputs = body.inputs.slice(0, Math.max(0, body.inputs.length - objects.captured(trace).length));
    return [{ name, inputs: new Map(inputs.map((input) => [input, input])), shapes: new Map(), outputs: new Map(body.outputs.map((output) => [output, output])), body: trace }];
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
    const ends = new Set([...entry.inputs.keys()].map((name) => `input:${name}`));
    const { nodes, used } = reachable(inliner, results.map(([, tensor]) => tensor), ends);
    const byPlace = new Map(nodes.map((node) => [node.place, node]));
    const nodeOf = (tensor: string): FlatNode | undefined => byPlace.get(tensor.slice(0, tensor.lastIndexOf(':')));
    const shapes = new Map<string, SymbolicShape>([...entry.shapes].map(([name, shape]) => [`input:${name}`, shape]));
    for (const node of nodes) for (const [index, shape] of node.shapes.entries()) if (shape !== undefined) shapes.set(`${node.place}:${index}`, shape);
    const counted = new Set<string>();
    const weightOf = (tensor: string): Weight | null => {
      const node = nodeOf(tensor);
      const variable = this.variableOf(tensor, node, objectIds);
      const shared = counted.has(tensor);
      if (variable !== undefined) {
        const { type, shape } = variable.entry;
        shapes.set(tensor, shape);
        counted.add(tensor);
        this.used.add(variable.name);
        const buffer = shared || !/float/.test(type.dtype);
        return { name: variable.name, key: `variable ${variable.name}`, dtype: type.dtype, shape: shownShape(type, shape), trainable: !buffer && variable.trainable, ...(buffer ? { buffer } : {}), initializer: null };
      }
      const kind = node?.op === 'Const' && node.value !== null ? constantKind(node.value) : null;
      if (node !== undefined && variableOps.has(node.op) && node.op !== 'Placeholder') this.missing.add(node.shared === '' ? node.name : node.shared);
      if (node === undefined || node.value === null || kind === null) return null;
      shapes.set(tensor, kind.shape);
      const key = `constant ${node.value.base}`;
      this.constants.set(key, { start: node.value.base, length: node.value.bytes.length });
      // Of a model without variables the constants are the weights.
      const counts = this.source.variables.length === 0 && !shared && /float/.test(kind.type.dtype) && kind.shape.length > 0;
      counted.add(tensor);
      return { name: node.name, key, dtype: kind.type.dtype, shape: shownShape(kind.type, kind.shape), trainable: counts, ...(counts ? {} : { buffer: true }), initializer: null };
    };
    const named = new Map<string, string[]>();
    for (const [name, tensor] of results) { const place = nodeOf(inliner.resolve(tensor))?.place; if (place !== undefined) named.set(place, [...named.get(place) ?? [], name]); }
    const ops = nodes.filter(({ op }) => op !== 'Const' && !variableOps.has(op)).map((node): OpNode => {
      // What a loop hands to its next turn would close a circle.
      const inputs = node.op === 'NextIteration' ? [] : node.inputs.map((input) => inliner.resolve(input));
      const weights = inputs.flatMap((tensor, index) => { const weight = inputs.indexOf(tensor) === index ? weightOf(tensor) : null; return weight === null ? [] : [weight]; });
      const last = Math.max(0, ...used.get(node.place) ?? []);
      const outputs = Array.from({ length: last + 1 }, (_, index) => `${node.place}:${index}`);
      const shape = shapes.get(`${node.place}:0`) ?? outputShapes(node.op, { config: node.settings, inputs: inputs.map((input) => shapes.get(input)), values: [] })[0];
      if (shape !== undefined) shapes.set(`${node.place}:0`, shape);
      const output = named.get(node.place);
      return {
        name: node.name, type: node.op, config: { ...node.settings, ...(output === undefined ? {} : { signature_output: output.join(', ') }) }, inputs, outputs, weights: unlike(weights),
        macs: macsOf(node.op, shape, inputs.map((input) => shapes.get(input))), detail: '',
      };
    });
    const { label, viewOnly } = this.source;
    if (ops.length === 0) throw new Failure('graph.empty', `${label}: the signature ${entry.name} holds no ops.`);
    return networkOfOps({
      name: entry.name, format: 'saved-model', formatDetail: '', convention: 'keras', inputs: [...ends], nodes: ops, outputs: results.map(([, tensor]) => inliner.resolve(tensor)),
      shapeOf: (tensor) => shapes.get(tensor), nameOf: (tensor) => tensor.replace(/^input:/, ''), viewOnly, problems: [],
    });
  }
}

/** Names of one layer's weights must differ. */
function unlike(weights: readonly Weight[]): readonly Weight[] {
  const names = new Set<string>();
  return weights.map((weight) => { let { name } = weight; while (names.has(name)) name += '_'; names.add(name); return { ...weight, name }; });
}
