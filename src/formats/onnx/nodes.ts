/** Nodes of a graph as they stand in the file, with the calls of the model's own functions replaced by what these do. */
import { Failure } from '../../tensor/failure';
import { checkLayers } from '../../network/order';
import type { ProtoMessage } from '../containers/protobuf';
import { opType } from './ops';

/** A node; attributes by name, so that those of a function's call can stand in for references. */
export interface Node {
  readonly name: string;
  readonly domain: string;
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Path of the module that the op was written for, `layer1.0.conv1`, where the exporter says so; '' elsewhere. */
  readonly scope: string;
  readonly attributes: Attributes;
  /** What a name means that a graph in the attributes takes from around the op. */
  readonly around: (name: string) => string;
  /** Attributes of the function that the op stands in, for references in graphs. */
  readonly bound: ReadonlyMap<string, ProtoMessage>;
}
type Attributes = readonly (readonly [name: string, value: ProtoMessage])[];

/** More nodes than this are no model but a trap of functions that call functions. */
const maximalNodes = 200_000;

const unbound: ReadonlyMap<string, ProtoMessage> = new Map();

/**
 * The last module in `['', 'layer1', 'layer1.0', 'relu_1']`: PyTorch's list of scopes, which ends in the op itself. A convolution that has
 * taken a normalization in is told by its weight: `layer1.0.conv1.weight` rather than `layer1.0.bn1`.
 */
function scopeOf(message: ProtoMessage): string {
  const scopes = message.messages(9).find((entry) => entry.text(1) === 'pkg.torch.onnx.name_scopes')?.text(2) ?? '';
  const scope = [...scopes.matchAll(/'([^']*)'/g)].at(-2)?.[1] ?? '';
  const around = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')));
  const weight = scope !== '' && message.text(4).startsWith('Conv') ? message.texts(1).find((name) => name.endsWith('.weight')) : undefined;
  return weight !== undefined && around(around(weight)) === around(scope) ? around(weight) : scope;
}

/** An attribute that refers to one of the function's call (`ref_attr_name`) takes its value, or is left out with it. */
function nodeOf(message: ProtoMessage, bound: ReadonlyMap<string, ProtoMessage>): Node {
  const domain = message.text(7);
  const attributes = message.messages(5).flatMap((attribute): Attributes => { const wanted = attribute.has(21) ? bound.get(attribute.text(21)) : attribute; return wanted === undefined ? [] : [[attribute.text(1), wanted]]; });
  return { inputs: message.texts(1), outputs: message.texts(2), name: message.text(3), domain, type: message.text(4), scope: scopeOf(message), attributes, around: (name) => name, bound };
}

/** Reads nodes and replaces calls of functions. @throws Failure `onnx.functions` when they never end */
export function nodesOf(messages: readonly ProtoMessage[], functions: readonly ProtoMessage[], label: string, given = unbound): readonly Node[] {
  const table = new Map(functions.map((body) => [`${body.text(10)}.${body.text(1)}.${body.text(13)}`, body]));
  const made: Node[] = [];
  let calls = 0;
  const add = (node: Node, overload: string, depth: number): void => {
    calls += 1;
    const body = table.get(`${node.domain}.${node.type}.${overload}`);
    if (body !== undefined && (depth > 32 || calls > maximalNodes)) throw new Failure('onnx.functions', `${label} is not a sound ONNX model: its functions call one another without end.`);
    if (body === undefined) { made.push({ ...node, type: opType(node.domain, node.type) }); checkLayers(made.length); return; }
    const inner = new Map<string, string>([['', ''], ...body.texts(4).map((name, index) => [name, node.inputs[index] ?? ''] as const), ...body.texts(5).map((name, index) => [name, node.outputs[index] ?? ''] as const)]);
    const scope = node.name === '' ? node.outputs[0] ?? node.type : node.name;
    const rename = (name: string): string => inner.get(name) ?? `${scope}/${name}`;
    const bound = new Map([...body.messages(11).map((attribute) => [attribute.text(1), attribute] as const), ...node.attributes]);
    for (const message of body.messages(7)) {
      const own = nodeOf(message, bound);
      add({ ...own, name: `${scope}/${own.name === '' ? own.type : own.name}`, inputs: own.inputs.map(rename), outputs: own.outputs.map(rename), around: rename }, message.text(8), depth + 1);
    }
  };
  for (const message of messages) add(nodeOf(message, given), message.text(8), 0);
  return made;
}

/** A graph in an attribute of an op: its nodes, and the names of what it is given and gives. */
export interface InnerGraph { readonly graph: ProtoMessage; readonly nodes: readonly Node[]; readonly inputs: readonly string[]; readonly outputs: readonly string[] }

/** The graph that an attribute of `node` holds, with the names of what it takes from around; undefined when it holds none. */
export function innerGraph(node: Node, attribute: string, functions: readonly ProtoMessage[], label: string): InnerGraph | undefined {
  const value = node.attributes.find(([name]) => name === attribute)?.[1];
  if (value?.has(6) !== true) return undefined;
  const graph = value.message(6);
  const nodes = nodesOf(graph.messages(1), functions, label, node.bound);
  const inputs = graph.messages(11).map((input) => input.text(1));
  const own = new Set(['', ...inputs, ...nodes.flatMap(({ outputs }) => outputs), ...graph.messages(5).map((tensor) => tensor.text(8))]);
  const rename = (name: string): string => (own.has(name) ? name : node.around(name));
  return {
    graph, inputs, outputs: graph.messages(12).map((output) => rename(output.text(1))),
    nodes: nodes.map((one) => ({ ...one, inputs: one.inputs.map(rename), around: (name) => rename(one.around(name)) })),
  };
}

/** The nodes of a branch, with its outputs under the names that the op `If` gives them. */
export function branchOf({ nodes, outputs: given }: InnerGraph, outputs: readonly string[]): readonly Node[] {
  const own = new Set(nodes.flatMap((node) => node.outputs));
  const names = new Map(given.flatMap((name, index) => (own.has(name) ? [[name, outputs[index] ?? ''] as const] : [])));
  const rename = (name: string): string => names.get(name) ?? name;
  const handed = given.flatMap((name, index): Node[] => (own.has(name) ? [] : [{ name: '', domain: '', type: 'Identity', inputs: [name], outputs: [outputs[index] ?? ''], scope: '', attributes: [], around: (same) => same, bound: unbound }]));
  return [...nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), around: (name: string) => rename(node.around(name)) })), ...handed];
}
