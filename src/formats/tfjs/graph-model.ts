/** TensorFlow.js graph models: `model.json` with a GraphDef and a manifest of weights. Constants are shown as weights of the ops that use them. */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import { isObject } from '../../network/kinds/kind';
import type { Json, JsonObject, OpenedNetwork, SymbolicShape } from '../../network/network';
import { displayName } from '../../network/order';
import { allNodes, withFunctions } from '../tensorflow/flow-graph';
import type { FlowNode, InnerGraph } from '../tensorflow/flow-graph';
import { maximalShape, networkOfFlow, tensorName } from '../tensorflow/flow-network';
import { isSetting, outputNumber } from '../tensorflow/graph-def';
import { openManifest } from './manifest';
import type { ManifestWeight } from './manifest';

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
  const values = await smallIntegers(constants, (name) => manifest.read(name));
  const signature = isObject(model.signature) ? model.signature : isObject(model.userDefinedMetadata) ? model.userDefinedMetadata.signature : undefined;
  const stated = statedShapes(signature);
  for (const [name, shape] of stated) shapes.set(name, shape);
  const known = new Map([...constants].flatMap(([name, weight]) => (weight === undefined ? [] : [[name, { key: name, shape: weight.shape, dtype: weight.dtype }] as const])));
  const bare = [...constants].flatMap(([name, weight]) => (weight === undefined && !manifest.texts.has(name) ? [name] : []));
  const viewOnly = bare.length === 0 ? {} : { viewOnly: `${label} can be looked at but not run: its weightsManifest ${model.weightsManifest === undefined ? 'is missing' : 'does not list all weights'}, so that ${bare.length === 1 ? 'one constant has' : `${bare.length} constants have`} no values (${displayName(bare[0] ?? '')}${bare.length > 1 ? ', …' : ''}).` };
  const network = networkOfFlow({
    label, format: 'tfjs-graph', formatDetail: '', convention: 'tfjs', nodes: withFunctions(written, functions, functionName, label), inputs: places.map(({ name }) => name), outputs: [...stated.keys()], constants: known, shapes, values,
    settings: ({ attributes }) => settingsFrom(attributes), inputConfig: (tensor) => ({ dtype: plainType(places.find(({ name }) => name === tensor)?.attributes.dtype) }), problems: manifest.problems, ...viewOnly,
  });
  return { network, weights: { read: (key) => manifest.read(key), close: () => Promise.resolve() } };
}

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

function nodeFrom(entry: Json, label: string): FlowNode {
  if (!isObject(entry) || typeof entry.name !== 'string' || typeof entry.op !== 'string') throw new Failure('tfjs.topology', `${label}: an op of its graph has no name or no type.`);
  const inputs = Array.isArray(entry.input) ? (entry.input as readonly Json[]).filter((input): input is string => typeof input === 'string') : [];
  // `^name` only orders ops; `name:0` is the same tensor as `name`.
  return { name: entry.name, op: entry.op, inputs: inputs.filter((input) => !input.startsWith('^')).map((input) => input.replace(/:0$/, '')), attributes: isObject(entry.attr) ? entry.attr : {} };
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
