/** TensorFlow.js graph models: `model.json` with a GraphDef and a manifest of weights. Constants are shown as weights of the ops that use them. */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import { isObject } from '../../network/kinds/kind';
import { graphsSideBySide } from '../../network/branches';
import type { Json, JsonObject, Network, OpenedNetwork, SymbolicShape, Weight } from '../../network/network';
import { displayName } from '../../network/order';
import { networkOfOps } from '../graphs/op-graph';
import type { OpInput, OpNode } from '../graphs/op-graph';
import { allNodes, withAround, withConstantsInside, withFunctions } from '../tensorflow/flow-graph';
import type { FlowNode, InnerGraph } from '../tensorflow/flow-graph';
import { isSetting, outputNumber } from '../tensorflow/graph-def';
import { withoutRings } from '../tensorflow/old-control-flow';
import { inputName, isKnownTensorflowOp, trains } from '../tensorflow/ops';
import { macsOf, outputShapes, outputValue } from '../tensorflow/shapes';
import { openManifest } from './manifest';
import type { ManifestWeight } from './manifest';

/** Lists of whole numbers up to this length are followed through the graph. */
const maximalShape = 32;

/** @throws Failure `tfjs.*`, `graph.*` */
export async function openTfjsGraph(file: string, model: JsonObject, topology: JsonObject): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const list: readonly Json[] = Array.isArray(topology.node) ? topology.node : [];
  const written = list.map((entry) => nodeFrom(entry, label));
  if (written.length === 0) throw new Failure('tfjs.topology', `${label}: its graph holds no ops.`);
  const manifest = await openManifest(file, model.weightsManifest);
  const functions = functionsFrom(topology.library, label);
  const everything = [...allNodes(written), ...[...functions.values()].flatMap(({ nodes }) => [...nodes])];
  const constants = new Map(everything.filter(({ op }) => op === 'Const').map(({ name }) => [name, manifest.weights.get(name)] as const));
  const places = written.filter(({ op }) => op === 'Placeholder');
  const shapes = new Map<string, SymbolicShape>();
  for (const { name, attributes } of places) { const shape = shapeFrom(attributes.shape); if (shape !== null) shapes.set(name, shape); }
  for (const [name, weight] of constants) if (weight !== undefined) shapes.set(name, weight.shape);
  const values = await smallIntegers(constants, (name) => manifest.read(name));
  const signature = isObject(model.signature) ? model.signature : isObject(model.userDefinedMetadata) ? model.userDefinedMetadata.signature : undefined;
  const stated = statedShapes(signature);
  const whole = withoutRings(written, [...stated.keys()]);
  const moved = withConstantsInside(withFunctions(whole.nodes, functions, functionName, label), (name) => constants.has(name));
  const shared = sharedConstants([...allNodes(moved)], constants);
  const nodes = withAround(moved, shared);
  const wanted = [...stated.keys()].map((name) => whole.same.get(name) ?? name);
  for (const [name, shape] of stated) shapes.set(whole.same.get(name) ?? name, shape);
  const consumed = new Set(nodes.flatMap(({ inputs }) => inputs.map((input) => input.split(':')[0] ?? '')));
  const outputs = wanted.length > 0 ? wanted : nodes.filter(({ name, op }) => isOp(op) && !consumed.has(name)).map(({ name }) => name);
  const facts: GraphFacts = { label, constants, shared, shapes, values };
  const sources = [...shared].flatMap((name): readonly OpNode[] => { const constant = constants.get(name); return constant === undefined ? [] : [{ name: shortName(name), type: 'Const', config: {}, inputs: [], outputs: [name], weights: [weightOf('value', constant, true)], macs: 0, detail: '' }]; });
  const network = networkOfOps({
    name: label, format: 'tfjs-graph', formatDetail: '', convention: 'tfjs', inputs: places.map(({ name }) => name), nodes: [...sources, ...opsOf(facts, nodes, outputs)], outputs, shapeOf: (tensor) => shapes.get(tensor),
    inputConfig: (tensor) => ({ dtype: plainType(places.find(({ name }) => name === tensor)?.attributes.dtype) }), knows: isKnownTensorflowOp, problems: manifest.problems,
  });
  return { network, weights: { read: (key) => manifest.read(key), close: () => Promise.resolve() } };
}

/** What all graphs of a file share. */
interface GraphFacts {
  readonly label: string;
  readonly constants: ReadonlyMap<string, ManifestWeight | undefined>;
  readonly shared: ReadonlySet<string>;
  readonly shapes: Map<string, SymbolicShape>;
  readonly values: Map<string, SymbolicShape>;
}

const isOp = (op: string): boolean => op !== 'Const' && op !== 'Placeholder' && op !== 'NoOp';

/** Ops of a graph, those inside loops and branches as networks. `strip` is the scope that all its names begin with. */
function opsOf(facts: GraphFacts, nodes: readonly FlowNode[], wanted: readonly string[], strip = ''): OpNode[] {
  const { constants, shared, shapes, values } = facts;
  const results = outputsOf(nodes, wanted);
  const made = nodes.filter(({ op }) => isOp(op)).map((node): OpNode => {
    const weights: Weight[] = [];
    const inputs = node.inputs.map((input, position): OpInput => {
      const constant = constants.get(input);
      if (constant === undefined || shared.has(input)) return input;
      const own = weights.find(({ key }) => key === input);
      const weight = own ?? weightOf(nameOfInput(node, position), constant, trained(node.op, position, constant));
      if (own === undefined) weights.push(weight);
      return { kind: 'value', value: weight.name };
    });
    const config = settingsFrom(node.attributes);
    const about = { config, inputs: node.inputs.map((input) => shapes.get(input)), values: node.inputs.map((input) => values.get(input)) };
    for (const [index, shape] of outputShapes(node.op, about).entries()) if (shape !== undefined && !shapes.has(tensorName(node.name, index))) shapes.set(tensorName(node.name, index), shape);
    const value = outputValue(node.op, about);
    if (value !== undefined && value.length <= maximalShape) values.set(node.name, value);
    const told = weights.flatMap(({ name, key }) => { const value = values.get(key ?? ''); return value === undefined || value.includes(null) ? [] : [[name, value.map(Number)] as const]; });
    const network = node.graphs === undefined ? undefined : insideOf(facts, node);
    return {
      name: shortName(node.name).slice(strip.length).replace(/_tfg_inlined_.*$/, ''), type: node.op, config, inputs, outputs: node.outputs ?? results.get(node.name) ?? [node.name], weights, macs: macsOf(node.op, shapes.get(node.name), about.inputs), detail: '',
      values: Object.fromEntries(told), ...(network === undefined ? {} : { network }),
    };
  });
  // Constants that a graph gives as they are.
  return [...made, ...[...new Set(wanted)].flatMap((name): OpNode[] => { const constant = constants.get(name); return constant === undefined || shared.has(name) ? [] : [{ name: shortName(name), type: 'Const', config: {}, inputs: [], outputs: [name], weights: [weightOf('value', constant, false)], macs: 0, detail: '' }]; })];
}

/** The network inside a loop, a branch or a call. */
function insideOf(facts: GraphFacts, node: FlowNode): Network {
  const given = node.inputs.slice(node.inputs.length - (Object.values(node.graphs ?? {})[0]?.inputs.length ?? 0));
  // The graphs of one op call their inputs alike: as the last does, which for a loop is its body.
  const names = (Object.values(node.graphs ?? {}).at(-1)?.inputs ?? []).map(variableName);
  const networks = Object.entries(node.graphs ?? {}).map(([key, graph]): readonly [string, Network] => {
    const strip = commonScope(graph.nodes.filter(({ op }) => isOp(op)).map(({ name }) => shortName(name)));
    for (const [index, input] of graph.inputs.entries()) { const shape = facts.shapes.get(given[index] ?? ''); if (shape !== undefined) facts.shapes.set(input, shape); }
    return [key, networkOfOps({
      name: key, format: 'tfjs-graph', formatDetail: '', convention: 'tfjs', inputs: graph.inputs, nodes: opsOf(facts, graph.nodes, graph.outputs, strip), outputs: graph.outputs, shapeOf: (tensor) => facts.shapes.get(tensor),
      nameOf: (tensor) => names[graph.inputs.indexOf(tensor)] ?? tensor, knows: isKnownTensorflowOp, problems: [],
    })];
  });
  const lost = networks.find(([key, network]) => network.outputs.length !== node.graphs?.[key]?.outputs.length);
  if (lost !== undefined) throw new Failure('tfjs.topology', `${facts.label}: the graph ${lost[0]} of the op ${displayName(node.name)} gives what nothing makes.`);
  const [[, only] = []] = networks;
  if (networks.length === 1 && only !== undefined) return only;
  return graphsSideBySide(node.name, Object.fromEntries(networks), node.graphs?.body === undefined ? networks.map(([key]) => key) : ['body']);
}

/** What an op calls its input; a loop calls it as its body does. */
function nameOfInput(node: FlowNode, position: number): string {
  const inner = Object.values(node.graphs ?? {}).at(-1);
  const name = inner?.inputs[position - (node.inputs.length - inner.inputs.length)];
  return name === undefined ? inputName(node.op, position, node.inputs.length) : variableName(name).replace(/\//g, '_');
}

/** The part of the names before the last slash that all share. */
function commonScope(names: readonly string[]): string {
  const [first = ''] = names;
  let scope = first.slice(0, first.lastIndexOf('/') + 1);
  while (scope !== '' && !names.every((name) => name.startsWith(scope))) scope = scope.slice(0, scope.slice(0, -1).lastIndexOf('/') + 1);
  return scope;
}

/** `body_11_frozen_12/lstm_while_placeholder_2`, `lstm/while/zeros_switch/_29:1` -> what a person takes for the variable's name. */
const variableName = (tensor: string): string => shortName(tensor.replace(/#(then|else)$/, '')).replace(/:\d+$/, '').replace(/(_switch)?\/_\d+(\/?$)/, '').split('/').at(-1)?.replace(/^(.*_)?while_(?=[a-z])/, '').replace(/_tfg_result_\d+$/, '') ?? tensor;
const tensorName = (name: string, output: number): string => (output === 0 ? name : `${name}:${output}`);
const functionName = ({ attributes }: FlowNode, key: string): string | undefined => { const value = attributes[key]; const named = isObject(value) ? value.func : undefined; return isObject(named) && typeof named.name === 'string' ? named.name : undefined; };

/** Functions of the library by name; tensors in them (`op:output:0`) as in the graph (`op`). */
function functionsFrom(library: Json | undefined, label: string): ReadonlyMap<string, InnerGraph> {
  const list: readonly Json[] = isObject(library) && Array.isArray(library.function) ? library.function : [];
  return new Map(list.flatMap((entry): readonly (readonly [string, InnerGraph])[] => {
    if (!isObject(entry) || !isObject(entry.signature) || typeof entry.signature.name !== 'string') return [];
    const names = (value: Json | undefined): string[] => (Array.isArray(value) ? (value as readonly Json[]).flatMap((one) => (isObject(one) && typeof one.name === 'string' ? [one.name] : [])) : []);
    const { name } = entry.signature;
    const written = (Array.isArray(entry.nodeDef) ? (entry.nodeDef as readonly Json[]) : []).map((node) => nodeFrom(node, label));
    const ops = new Map(written.map((node) => [node.name, node.op]));
    const inputs = names(entry.signature.inputArg);
    const own = new Set(inputs);
    // Names of arguments may come again in other functions, those of ops in the graph.
    const rename = (reference: string): string => {
      const [, op = reference, output = '', number = '0'] = /^(.*?)(?::([^:]+))?(?::(\d+))?$/.exec(reference) ?? [];
      if (own.has(op) && output === '') return `${name}/${op}`;
      const index = /^\d+$/.test(output) ? Number(output) : output === '' ? 0 : outputNumber(ops.get(op) ?? '', output, Number(number));
      return tensorName(own.has(op) || ops.get(op) === 'Const' ? op : `${name}/${op}`, index);
    };
    const given = isObject(entry.ret) ? entry.ret : {};
    return [[name, { inputs: inputs.map((input) => `${name}/${input}`), outputs: names(entry.signature.outputArg).map((output) => { const from = given[output]; return rename(typeof from === 'string' ? from : ''); }), nodes: written.map((node) => ({ ...node, name: node.op === 'Const' ? node.name : `${name}/${node.name}`, inputs: node.inputs.map(rename) })) }]];
  }));
}

/** Without the scopes of the calls that the converter wrote out. */
const shortName = (name: string): string => name.replace(/^((Stateful)?PartitionedCall(_\d+)?\/)+/, '');

/** Elements of constants that may tell a shape; what cannot be read tells none. */
async function smallIntegers(constants: ReadonlyMap<string, ManifestWeight | undefined>, read: (name: string) => Promise<TensorValue>): Promise<Map<string, SymbolicShape>> {
  const values = new Map<string, SymbolicShape>();
  for (const [name, weight] of constants) {
    if (weight?.dtype !== 'int32' || sizeOf(weight.shape) > maximalShape) continue;
    const value = await read(name).catch(() => null);
    if (value !== null) values.set(name, Array.from(value.data, Number));
  }
  return values;
}

const trained = (op: string, position: number, constant: ManifestWeight): boolean => /float/.test(constant.dtype) && trains(op, position, constant.shape);

/** Constants that several ops train together: each is an op of its own, so that there is one weight. */
function sharedConstants(nodes: readonly FlowNode[], constants: ReadonlyMap<string, ManifestWeight | undefined>): ReadonlySet<string> {
  const users = new Map<string, number>();
  for (const { op, inputs } of nodes) {
    const own = new Set(inputs.filter((input, position) => { const constant = constants.get(input); return constant !== undefined && trained(op, position, constant); }));
    for (const name of own) users.set(name, (users.get(name) ?? 0) + 1);
  }
  return new Set([...users].filter(([, count]) => count > 1).map(([name]) => name));
}

function nodeFrom(entry: Json, label: string): FlowNode {
  if (!isObject(entry) || typeof entry.name !== 'string' || typeof entry.op !== 'string') throw new Failure('tfjs.topology', `${label}: an op of its graph has no name or no type.`);
  const inputs = Array.isArray(entry.input) ? (entry.input as readonly Json[]).filter((input): input is string => typeof input === 'string') : [];
  // `^name` only orders ops; `name:0` is the same tensor as `name`.
  return { name: entry.name, op: entry.op, inputs: inputs.filter((input) => !input.startsWith('^')).map((input) => input.replace(/:0$/, '')), attributes: isObject(entry.attr) ? entry.attr : {} };
}

/** Tensors that ops are asked for: `name`, and `name:1` where another op or the signature takes it. */
function outputsOf(nodes: readonly FlowNode[], outputs: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const most = new Map<string, number>();
  for (const input of [...nodes.flatMap(({ inputs }) => inputs), ...outputs]) {
    const [, name = '', number = ''] = /^(.*):(\d{1,3})$/.exec(input) ?? [];
    if (name !== '') most.set(name, Math.max(most.get(name) ?? 0, Number(number)));
  }
  return new Map([...most].map(([name, last]) => [name, Array.from({ length: last + 1 }, (_, index) => (index === 0 ? name : `${name}:${index}`))]));
}

function weightOf(name: string, { name: key, shape, dtype }: ManifestWeight, trainable: boolean): Weight {
  return { name, key, shape, dtype, trainable, ...(trainable ? {} : { buffer: true }), initializer: null };
}

/** `{shape: {dim: [{size: "3"}]}}` or `{dim: …}`; -1 is unknown. */
function shapeFrom(value: Json | undefined): SymbolicShape | null {
  if (!isObject(value)) return null;
  const shape = isObject(value.shape) ? value.shape : value;
  if (shape.unknownRank === true) return null;
  return Array.isArray(shape.dim) ? (shape.dim as readonly Json[]).map((dim) => { const size = isObject(dim) ? Number(dim.size) : NaN; return Number.isSafeInteger(size) && size >= 0 ? size : null; }) : [];
}

/** Shapes of outputs that the signature states, by op. */
function statedShapes(signature: Json | undefined): ReadonlyMap<string, SymbolicShape> {
  const outputs = isObject(signature) && isObject(signature.outputs) ? Object.values(signature.outputs) : [];
  return new Map(outputs.flatMap((output) => { const shape = isObject(output) ? shapeFrom(output.tensorShape) : null; return isObject(output) && typeof output.name === 'string' && shape !== null ? [[output.name.replace(/:0$/, ''), shape] as const] : []; }));
}

/** `{type: "DT_INT32"}` -> `int32` */
function plainType(value: Json | undefined): string {
  const type = isObject(value) && typeof value.type === 'string' ? value.type : 'DT_FLOAT';
  return { DT_FLOAT: 'float32', DT_HALF: 'float16', DT_DOUBLE: 'float64' }[type] ?? type.replace(/^DT_/, '').toLowerCase();
}

/** Attributes of GraphDef as plain values: texts are base64, whole numbers are texts. */
function settingsFrom(attributes: JsonObject): JsonObject {
  const text = (value: Json): string => Buffer.from(typeof value === 'string' ? value : '', 'base64').toString('utf8');
  const plain = (value: Json): Json => {
    if (!isObject(value)) return null;
    if (value.i !== undefined) return Number(value.i);
    if (value.f !== undefined) return Number(value.f);
    if (value.b !== undefined) return value.b;
    if (typeof value.s === 'string') return text(value.s);
    if (typeof value.type === 'string') return plainType(value);
    if (!isObject(value.list)) return null;
    const { i, f, s } = value.list;
    return Array.isArray(i) ? (i as readonly Json[]).map(Number) : Array.isArray(f) ? f : Array.isArray(s) ? (s as readonly Json[]).map(text) : null;
  };
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => isSetting(key)).map(([key, value]) => [key, plain(value)] as const).filter(([, value]) => value !== null && value !== ''));
}
