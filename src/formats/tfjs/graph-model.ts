/** TensorFlow.js graph models: `model.json` with a GraphDef and a manifest of weights. Constants are shown as weights of the ops that use them. */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import { isObject } from '../../network/kinds/kind';
import type { Json, JsonObject, OpenedNetwork, SymbolicShape, Weight } from '../../network/network';
import { networkOfOps } from '../graphs/op-graph';
import type { OpInput, OpNode } from '../graphs/op-graph';
import { isSetting } from '../tensorflow/graph-def';
import { inputName, isControlFlow, isKnownTensorflowOp, trains } from '../tensorflow/ops';
import { macsOf, outputShapes, outputValue } from '../tensorflow/shapes';
import { openManifest } from './manifest';
import type { ManifestWeight } from './manifest';

/** Lists of whole numbers up to this length are followed through the graph. */
const maximalShape = 32;

interface GraphNode { readonly name: string; readonly op: string; readonly inputs: readonly string[]; readonly attributes: JsonObject }

/** @throws Failure `tfjs.*` */
export async function openTfjsGraph(file: string, model: JsonObject, topology: JsonObject): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const list: readonly Json[] = Array.isArray(topology.node) ? topology.node : [];
  const nodes = list.map((entry) => nodeFrom(entry, label));
  if (nodes.length === 0) throw new Failure('tfjs.topology', `${label}: its graph holds no ops.`);
  const manifest = await openManifest(file, model.weightsManifest);
  const constants = new Map(nodes.filter(({ op }) => op === 'Const').map(({ name }) => [name, manifest.weights.get(name)] as const));
  const places = nodes.filter(({ op }) => op === 'Placeholder');
  const shapes = new Map<string, SymbolicShape>();
  for (const { name, attributes } of places) { const shape = shapeFrom(attributes.shape); if (shape !== null) shapes.set(name, shape); }
  for (const [name, weight] of constants) if (weight !== undefined) shapes.set(name, weight.shape);
  const values = await smallIntegers(constants, (name) => manifest.read(name));
  const signature = isObject(model.signature) ? model.signature : isObject(model.userDefinedMetadata) ? model.userDefinedMetadata.signature : undefined;
  const stated = statedShapes(signature);
  const results = outputsOf(nodes, [...stated.keys()]);
  const shared = sharedConstants(nodes, constants);
  const ops = nodes.filter(({ op }) => op !== 'Const' && op !== 'Placeholder' && op !== 'NoOp').map((node): OpNode => {
    const weights: Weight[] = [];
    const inputs = node.inputs.map((input, position): OpInput => {
      const constant = constants.get(input);
      if (constant === undefined || shared.has(input)) return input;
      const own = weights.find(({ key }) => key === input);
      const weight = own ?? weightOf(inputName(node.op, position, node.inputs.length), constant, trained(node.op, position, constant));
      if (own === undefined) weights.push(weight);
      return { kind: 'value', value: weight.name };
    });
    const told = weights.flatMap(({ name, key }) => { const value = values.get(key ?? ''); return value === undefined || value.includes(null) ? [] : [[name, value.map(Number)] as const]; });
    const config = settingsFrom(node.attributes);
    const facts = { config, inputs: node.inputs.map((input) => shapes.get(input)), values: node.inputs.map((input) => values.get(input)) };
    for (const [index, shape] of outputShapes(node.op, facts).entries()) if (shape !== undefined) shapes.set(index === 0 ? node.name : `${node.name}:${index}`, shape);
    const known = stated.get(node.name);
    if (known !== undefined) shapes.set(node.name, known);
    const shape = shapes.get(node.name);
    const value = outputValue(node.op, facts);
    if (value !== undefined && value.length <= maximalShape) values.set(node.name, value);
    return { name: shortName(node.name), type: node.op, config, inputs, outputs: results.get(node.name) ?? [node.name], weights, macs: macsOf(node.op, shape, facts.inputs), detail: '', values: Object.fromEntries(told) };
  });
  const sources = [...shared].flatMap((name): readonly OpNode[] => { const constant = constants.get(name); return constant === undefined ? [] : [{ name: shortName(name), type: 'Const', config: {}, inputs: [], outputs: [name], weights: [weightOf('value', constant, true)], macs: 0, detail: '' }]; });
  const consumed = new Set(nodes.flatMap(({ inputs }) => inputs.map((input) => input.split(':')[0] ?? '')));
  const outputs = stated.size > 0 ? [...stated.keys()] : ops.filter(({ name }) => !consumed.has(name)).map(({ name }) => name);
  const loops = [...new Set(nodes.map(({ op }) => op).filter(isControlFlow))].sort();
  const network = networkOfOps({
    name: label, format: 'tfjs-graph', formatDetail: '', convention: 'tfjs', inputs: places.map(({ name }) => name), nodes: [...sources, ...ops], outputs, shapeOf: (tensor) => shapes.get(tensor),
    inputConfig: (tensor) => ({ dtype: plainType(places.find(({ name }) => name === tensor)?.attributes.dtype) }), knows: isKnownTensorflowOp, problems: manifest.problems,
    ...(loops.length === 0 ? {} : { viewOnly: `${label} can be looked at but not run: it has loops or branches (${loops.slice(0, 4).join(', ')}${loops.length > 4 ? ', …' : ''}), whose number of steps only shows when they run; convert the model again with its recurrent layers unrolled (unroll=True in Keras).` }),
  });
  return { network, weights: { read: (key) => manifest.read(key), close: () => Promise.resolve() } };
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
function sharedConstants(nodes: readonly GraphNode[], constants: ReadonlyMap<string, ManifestWeight | undefined>): ReadonlySet<string> {
  const users = new Map<string, number>();
  for (const { op, inputs } of nodes) {
    const own = new Set(inputs.filter((input, position) => { const constant = constants.get(input); return constant !== undefined && trained(op, position, constant); }));
    for (const name of own) users.set(name, (users.get(name) ?? 0) + 1);
  }
  return new Set([...users].filter(([, count]) => count > 1).map(([name]) => name));
}

function nodeFrom(entry: Json, label: string): GraphNode {
  if (!isObject(entry) || typeof entry.name !== 'string' || typeof entry.op !== 'string') throw new Failure('tfjs.topology', `${label}: an op of its graph has no name or no type.`);
  const inputs = Array.isArray(entry.input) ? (entry.input as readonly Json[]).filter((input): input is string => typeof input === 'string') : [];
  // `^name` only orders ops; `name:0` is the same tensor as `name`.
  return { name: entry.name, op: entry.op, inputs: inputs.filter((input) => !input.startsWith('^')).map((input) => input.replace(/:0$/, '')), attributes: isObject(entry.attr) ? entry.attr : {} };
}

/** Tensors that ops are asked for: `name`, and `name:1` where another op or the signature takes it. */
function outputsOf(nodes: readonly GraphNode[], outputs: readonly string[]): ReadonlyMap<string, readonly string[]> {
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
