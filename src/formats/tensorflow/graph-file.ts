/** Frozen graphs of TensorFlow 1 (`frozen_inference_graph.pb`): a GraphDef whose weights are constants, in it or, as TensorFlow.js once had it, in a manifest beside it. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { OpenedNetwork, SymbolicShape } from '../../network/network';
import { maximalJson, parseJson } from '../containers/json';
import { ProtoMessage } from '../containers/protobuf';
import { openRanges } from '../containers/range-file';
import { openManifest } from '../tfjs/manifest';
import type { Manifest } from '../tfjs/manifest';
import { dataTypes, nodeFrom, shapeOf } from './graph-def';
import type { NodeDef } from './graph-def';
import { savedGraph } from './saved-graph';
import type { Entry } from './saved-graph';
import { savedObjects } from './saved-objects';
import { constantValue } from './tensor-proto';

const maximalGraph = 2 ** 30;

/** True when the first bytes are those of a GraphDef: an op with its name and its type. */
export function looksLikeGraphDef(head: Uint8Array): boolean {
  const field = (at: number, tag: number): { readonly start: number; readonly end: number } | null => {
    if (head[at] !== tag) return null;
    let [size, shift, start] = [0, 0, at + 1];
    for (; shift < 35; shift += 7) { const byte = head[start] ?? 0; start += 1; size += (byte & 0x7f) * 2 ** shift; if (byte < 0x80) break; }
    return { start, end: start + size };
  };
  const text = (range: { readonly start: number; readonly end: number }): string => new TextDecoder().decode(head.subarray(range.start, Math.min(range.end, range.start + 512)));
  const node = field(0, 0x0a);
  const name = node === null ? null : field(node.start, 0x0a);
  const op = name === null ? null : field(name.end, 0x12);
  return node !== null && name !== null && op !== null && op.end <= node.end && /^[\w.\-/>:]+$/.test(text(name)) && /^[A-Z_]\w*$/.test(text(op));
}

/** The manifest that stands beside a graph without values; null when there is none. @throws Failure when it is malformed */
async function manifestBeside(file: string): Promise<Manifest | null> {
  const beside = path.join(path.dirname(file), 'weights_manifest.json');
  const size = await stat(beside).then((info) => (info.isFile() ? info.size : null), () => null);
  if (size === null || size > maximalJson) return null;
  return openManifest(beside, parseJson(await readFile(beside, 'utf8'), path.basename(beside)));
}

/** Fields of a `TensorProto` that hold elements. */
const elements = [4, 5, 6, 7, 8, 9, 10, 11, 13, 16, 17];
/** True for a constant whose elements are not in the file. */
const leftOut = (value: ProtoMessage): boolean => !elements.some((field) => value.has(field)) && value.message(2).messages(2).length > 0 && sizeOf(value.message(2).messages(2).map((dim) => dim.int(1))) > 0;

/** Ops that a graph ends with without giving anything: they save, set, write and check. */
const silent = /^(Const|NoOp|Placeholder|Assert|Print|Save|SaveV2|RestoreV2|Assign\w*|\w*Summary\w*|VarIsInitializedOp|VarHandleOp|Variable(V2)?)$/;

/** What converters leave behind where they have written out functions. */
const leftBehind = /^unused_control_flow_|\/_\d+$/;

/** Names of ops that the inputs lead to. */
function fedBy(nodes: readonly NodeDef[], inputs: readonly string[]): ReadonlySet<string> {
  const users = new Map<string, string[]>();
  for (const { name, inputs: given } of nodes) for (const input of given) { const from = input.split(':')[0] ?? ''; const list = users.get(from); if (list === undefined) users.set(from, [name]); else list.push(name); }
  const found = new Set(inputs);
  const waiting = [...inputs];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) for (const user of users.get(name) ?? []) if (!found.has(user)) { found.add(user); waiting.push(user); }
  return found;
}

/** The graph with its placeholders as inputs, and as outputs what follows from them and no op takes. */
function wholeGraph(nodes: readonly NodeDef[], messages: readonly ProtoMessage[]): Entry {
  const consumed = new Set(nodes.flatMap(({ inputs }) => inputs.map((input) => input.split(':')[0] ?? '')));
  const places = messages.filter((message) => message.text(2) === 'Placeholder').map((message) => ({ name: message.text(1), attributes: new Map(message.entries(5)) }));
  const fed = fedBy(nodes, places.map(({ name }) => name).filter((name) => !leftBehind.test(name)));
  const last = nodes.filter(({ name, op }) => !silent.test(op) && !consumed.has(name)).map(({ name }) => name);
  const results = last.filter((name) => fed.has(name) && !leftBehind.test(name));
  const named = (list: readonly string[]): ReadonlyMap<string, string> => new Map(list.map((name) => [name, `${name}:0`]));
  return {
    name: '', body: null, plain: true, inputs: named(places.map(({ name }) => name)), outputs: named(results.length > 0 ? results : last),
    types: new Map(places.map(({ name, attributes }) => [name, dataTypes[attributes.get('dtype')?.int(6) ?? 0] ?? ''])),
    shapes: new Map(places.flatMap(({ name, attributes }): readonly (readonly [string, SymbolicShape])[] => { const shape = attributes.get('shape'), told = shape?.has(7) === true ? shapeOf(shape.message(7)) : undefined; return told === undefined ? [] : [[name, told]]; })),
  };
}

/** @throws Failure `graph.*`, `protobuf.*` */
export async function openGraphFile(file: string): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const ranges = await openRanges(file);
  try {
    if (ranges.size > maximalGraph) throw new Failure('graph.size', `${label} has ${ranges.size} bytes, more than the ${maximalGraph} that are read.`);
    const graph = new ProtoMessage(await ranges.read(0, ranges.size, 'the graph'), label);
    const nodes = graph.messages(1).map(nodeFrom);
    // Zeros alone are left out too, but not in all constants.
    const lists = nodes.filter(({ op, value }) => op === 'Const' && value !== null && value.message(2).messages(2).length > 0);
    const empty = lists.length > 0 && lists.every(({ value }) => value === null || leftOut(value));
    const manifest = empty ? await manifestBeside(file) : null;
    const variables = nodes.filter(({ op }) => op === 'VariableV2' || op === 'VarHandleOp' || op === 'Variable');
    const read = savedGraph({
      label, graph, signatures: [], objects: savedObjects(new ProtoMessage(new Uint8Array(0), label)), variables: [], format: 'tensorflow-graph', entries: [wholeGraph(nodes, graph.messages(1))],
      given: (name) => { const weight = manifest?.weights.get(name); return weight === undefined ? undefined : { key: `manifest ${name}`, shape: weight.shape, dtype: weight.dtype }; },
    });
    const [first] = read.graphs;
    if (first === undefined) throw new Failure('graph.empty', `${label}: its graph holds no ops.`);
    const problems = [
      ...(manifest?.problems ?? []),
      ...(variables.length > 0 ? [`The weights of ${label} are variables, whose values are in a checkpoint and not in this file: it is a graph that is not frozen.`] : empty && manifest === null ? [`The weights of ${label} are not in it: the values of its constants are left out, and no weights_manifest.json stands beside it.`] : []),
    ];
    return {
      network: { ...first.network, problems: [...first.network.problems, ...problems] },
      weights: {
        async read(key) {
          const place = read.constants.get(key);
          if (place !== undefined) return constantValue(new ProtoMessage(await ranges.read(place.start, place.length, 'a constant'), label, place.start), `A constant of ${label}`);
          if (manifest !== null && key.startsWith('manifest ')) return manifest.read(key.slice('manifest '.length)).catch((error: unknown) => { throw error instanceof Failure ? new Failure(error.code, `${label}: ${error.message}`, { cause: error }) : error; });
          throw new Failure('weights.absent', `${label} holds no values of this weight.`);
        },
        close: () => ranges.close(),
      },
    };
  } catch (error) {
    await ranges.close();
    throw error;
  }
}
