/** TensorFlow.js graph models: `model.json` with a GraphDef and a manifest of weights. Constants are shown as weights of the ops that use them. */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { isObject } from '../../network/kinds/kind';
import type { Json, JsonObject, OpenedNetwork, SymbolicShape, Weight } from '../../network/network';
import { networkOfOps } from '../graphs/op-graph';
import type { OpNode } from '../graphs/op-graph';
import { isSetting } from '../tensorflow/graph-def';
import { macsOf, outputShape } from '../tensorflow/shapes';
import { openManifest } from './manifest';
import type { ManifestWeight } from './manifest';

interface GraphNode { readonly name: string; readonly op: string; readonly inputs: readonly string[]; readonly attributes: JsonObject }

/** @throws Failure `tfjs.*` */
export async function openTfjsGraph(file: string, model: JsonObject, topology: JsonObject): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const list: readonly Json[] = Array.isArray(topology.node) ? topology.node : [];
  const nodes = list.map((entry) => nodeFrom(entry, label));
  if (nodes.length === 0) throw new Failure('tfjs.topology', `${label}: its graph holds no ops.`);
  const manifest = await openManifest(file, model.weightsManifest);
  const constants = new Map(nodes.filter(({ op }) => op === 'Const').map(({ name }) => [name, manifest.weights.get(name)] as const));
  const places = nodes.filter(({ op }) => /^Placeholder/.test(op));
  const shapes = new Map<string, SymbolicShape>();
  for (const { name, attributes } of places) { const shape = shapeFrom(attributes.shape); if (shape !== null) shapes.set(name, shape); }
  for (const [name, weight] of constants) if (weight !== undefined) shapes.set(name, weight.shape);
  const stated = statedShapes(model.signature);
  const results = outputsOf(nodes);
  const used = new Set<string>();
  const ops = nodes.filter(({ op }) => op !== 'Const' && !/^Placeholder/.test(op)).map((node): OpNode => {
    const weights = node.inputs.flatMap((input): readonly Weight[] => { const weight = constants.get(input); if (weight === undefined) return []; const shared = used.has(input); used.add(input); return [weightOf(weight, shared)]; });
    const shape = stated.get(node.name) ?? outputShape(node.op, settingsFrom(node.attributes), node.inputs.map((input) => shapes.get(input)));
    if (shape !== undefined) shapes.set(node.name, shape);
    return {
      name: node.name, type: node.op, config: settingsFrom(node.attributes), inputs: node.inputs, outputs: results.get(node.name) ?? [node.name],
      weights: weights.filter(({ key }, index) => weights.findIndex((other) => other.key === key) === index), macs: macsOf(node.op, shape, node.inputs.map((input) => shapes.get(input))), detail: '',
    };
  });
  const consumed = new Set(nodes.flatMap(({ inputs }) => inputs.map((input) => input.split(':')[0] ?? '')));
  const outputs = stated.size > 0 ? [...stated.keys()] : ops.filter(({ name }) => !consumed.has(name)).map(({ name }) => name);
  const network = networkOfOps({
    name: label, format: 'tfjs-graph', formatDetail: '', convention: 'tfjs', inputs: places.map(({ name }) => name), nodes: ops, outputs, shapeOf: (tensor) => shapes.get(tensor),
    viewOnly: `${label} can be looked at; running TensorFlow.js graph models is not built yet.`, problems: manifest.problems,
  });
  return { network, weights: { read: (key) => manifest.read(key), close: () => Promise.resolve() } };
}

function nodeFrom(entry: Json, label: string): GraphNode {
  if (!isObject(entry) || typeof entry.name !== 'string' || typeof entry.op !== 'string') throw new Failure('tfjs.topology', `${label}: an op of its graph has no name or no type.`);
  const inputs = Array.isArray(entry.input) ? (entry.input as readonly Json[]).filter((input): input is string => typeof input === 'string') : [];
  // `^name` only orders ops; `name:0` is the same tensor as `name`.
  return { name: entry.name, op: entry.op, inputs: inputs.filter((input) => !input.startsWith('^')).map((input) => input.replace(/:0$/, '')), attributes: isObject(entry.attr) ? entry.attr : {} };
}

/** Tensors that ops are asked for: `name`, and `name:1` where another op takes it. */
function outputsOf(nodes: readonly GraphNode[]): ReadonlyMap<string, readonly string[]> {
  const most = new Map<string, number>();
  for (const input of nodes.flatMap(({ inputs }) => inputs)) {
    const [, name = '', number = ''] = /^(.*):(\d{1,3})$/.exec(input) ?? [];
    if (name !== '') most.set(name, Math.max(most.get(name) ?? 0, Number(number)));
  }
  return new Map([...most].map(([name, last]) => [name, Array.from({ length: last + 1 }, (_, index) => (index === 0 ? name : `${name}:${index}`))]));
}

function weightOf({ name, shape, dtype }: ManifestWeight, shared: boolean): Weight {
  const buffer = shared || !/float/.test(dtype);
  return { name, key: name, shape, dtype, trainable: !buffer, ...(buffer ? { buffer } : {}), initializer: null };
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
  return new Map(outputs.flatMap((output) => { const shape = isObject(output) ? shapeFrom(output.tensorShape) : null; return isObject(output) && typeof output.name === 'string' && shape !== null ? [[output.name.replace(/:\d+$/, ''), shape] as const] : []; }));
}

/** Attributes of GraphDef as plain values: texts are base64, whole numbers are texts. */
function settingsFrom(attributes: JsonObject): JsonObject {
  const text = (value: Json): string => Buffer.from(typeof value === 'string' ? value : '', 'base64').toString('utf8');
  const plain = (value: Json): Json => {
    if (!isObject(value)) return null;
    if (value.i !== undefined) return Number(value.i);
    if (value.f !== undefined || value.b !== undefined) return value.f ?? value.b ?? null;
    if (typeof value.s === 'string') return text(value.s);
    if (typeof value.type === 'string') return value.type;
    if (!isObject(value.list)) return null;
    const { i, f, s } = value.list;
    return Array.isArray(i) ? (i as readonly Json[]).map(Number) : Array.isArray(f) ? f : Array.isArray(s) ? (s as readonly Json[]).map(text) : null;
  };
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => isSetting(key)).map(([key, value]) => [key, plain(value)] as const).filter(([, value]) => value !== null && value !== ''));
}
