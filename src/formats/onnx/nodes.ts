/** Nodes of a graph as they stand in the file, with the calls of the model's own functions replaced by what these do. */
import { Failure } from '../../tensor/failure';
import type { ProtoMessage } from '../containers/protobuf';
import { opType } from './ops';

/** A node; attributes by name, so that those of a function's call can stand in for references. */
export interface Node {
  readonly name: string;
  readonly domain: string;
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly (readonly [name: string, value: ProtoMessage])[];
}

/** More nodes than this are no model but a trap of functions that call functions. */
const maximalNodes = 200_000;

function nodeOf(message: ProtoMessage): Node {
  const domain = message.text(7);
  return { inputs: message.texts(1), outputs: message.texts(2), name: message.text(3), domain, type: message.text(4), attributes: message.messages(5).map((attribute) => [attribute.text(1), attribute] as const) };
}

/** Reads nodes and replaces calls of functions. @throws Failure `onnx.functions` when they never end */
export function nodesOf(messages: readonly ProtoMessage[], functions: readonly ProtoMessage[], label: string): readonly Node[] {
  const table = new Map(functions.map((body) => [`${body.text(10)}.${body.text(1)}.${body.text(13)}`, body]));
  const made: Node[] = [];
  let calls = 0;
  const add = (node: Node, overload: string, depth: number): void => {
    calls += 1;
    const body = table.get(`${node.domain}.${node.type}.${overload}`);
    if (body !== undefined && (depth > 32 || calls > maximalNodes)) throw new Failure('onnx.functions', `${label} is not a sound ONNX model: its functions call one another without end.`);
    if (body === undefined) { made.push({ ...node, type: opType(node.domain, node.type) }); return; }
    const inner = new Map<string, string>([['', ''], ...body.texts(4).map((name, index) => [name, node.inputs[index] ?? ''] as const), ...body.texts(5).map((name, index) => [name, node.outputs[index] ?? ''] as const)]);
    const scope = node.name === '' ? node.outputs[0] ?? node.type : node.name;
    const rename = (name: string): string => inner.get(name) ?? `${scope}/${name}`;
    const bound = new Map([...body.messages(11).map((attribute) => [attribute.text(1), attribute] as const), ...node.attributes]);
    for (const message of body.messages(7)) {
      const own = nodeOf(message);
      // An attribute that refers to one of the call (`ref_attr_name`) takes its value, or is left out with it.
      const attributes = own.attributes.flatMap(([name, value]) => { const wanted = value.has(21) ? bound.get(value.text(21)) : value; return wanted === undefined ? [] : [[name, wanted] as const]; });
      add({ ...own, name: `${scope}/${own.name === '' ? own.type : own.name}`, inputs: own.inputs.map(rename), outputs: own.outputs.map(rename), attributes }, message.text(8), depth + 1);
    }
  };
  for (const message of messages) add(nodeOf(message), message.text(8), 0);
  return made;
}

/** The nodes of a branch, with its outputs under the names that the op `If` gives them. */
export function branchOf(graph: ProtoMessage, outputs: readonly string[]): readonly Node[] {
  const given = graph.messages(12).map((output) => output.text(1));
  const nodes = graph.messages(1).map(nodeOf);
  const own = new Set(nodes.flatMap((node) => node.outputs));
  const names = new Map(given.flatMap((name, index) => (own.has(name) ? [[name, outputs[index] ?? ''] as const] : [])));
  const rename = (name: string): string => names.get(name) ?? name;
  const handed = given.flatMap((name, index): Node[] => (own.has(name) ? [] : [{ name: '', domain: '', type: 'Identity', inputs: [name], outputs: [outputs[index] ?? ''], attributes: [] }]));
  return [...nodes.map((node) => ({ ...node, type: opType(node.domain, node.type), inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })), ...handed];
}
