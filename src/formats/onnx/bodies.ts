/** Graphs inside ops: the bodies of loops and the branches of conditions, which see the names around them. https://onnx.ai/onnx/repo-docs/IR.html */
import { graphsSideBySide } from '../../network/branches';
import type { Network, SymbolicShape } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { ProtoMessage } from '../containers/protobuf';
import { networkOfOps } from '../graphs/op-graph';
import type { OpInput } from '../graphs/op-graph';
import type { GraphReader } from './graph-reader';
import { innerGraph } from './nodes';
import type { InnerGraph, Node } from './nodes';
import { isKnownOp } from './ops';
import { elementTypeName } from './tensor';

/** Names of a graph, which may hide those of the graph around it. */
export class Scoped<V> {
  readonly own = new Map<string, V | undefined>();

  constructor(private readonly outer?: Scoped<V>) {}

  get(name: string): V | undefined { return this.own.has(name) ? this.own.get(name) : this.outer?.get(name); }
  has(name: string): boolean { return this.get(name) !== undefined; }
  set(name: string, value: V): void { this.own.set(name, value); }
  hide(name: string): void { this.own.set(name, undefined); }
}

/** Attributes that hold graphs, by op. */
const graphAttributes: Readonly<Record<string, readonly string[]>> = { If: ['then_branch', 'else_branch'], Loop: ['body'], Scan: ['body'], SequenceMap: ['body'] };

export interface Body { readonly graph: InnerGraph; readonly reader: GraphReader }

/** The graphs that an op holds in its attributes. @throws Failure `onnx.graph` when one is missing */
export function innerGraphs(node: Node, functions: readonly ProtoMessage[], label: string): readonly InnerGraph[] {
  const attributes = Object.hasOwn(graphAttributes, node.type) ? graphAttributes[node.type] ?? [] : [];
  return attributes.map((attribute) => {
    const graph = innerGraph(node, attribute, functions, label);
    if (graph === undefined) throw new Failure('onnx.graph', `${label} is not a sound ONNX model: an op ${node.type} has no ${attribute}.`);
    return graph;
  });
}

/** Tensors that bodies take from the graph around them, in order of appearance. */
export function takenFromAround(bodies: readonly Body[]): readonly string[] {
  const taken = new Set<string>();
  for (const { graph, reader } of bodies) {
    const own = new Set(['', ...graph.inputs, ...reader.ops.flatMap(({ outputs }) => outputs)]);
    const visit = (input: OpInput): void => {
      if (typeof input === 'string') { if (!own.has(input)) taken.add(input); return; }
      if (input.kind === 'list') input.items.forEach(visit);
      else if (input.kind === 'record') Object.values(input.entries).forEach(visit);
    };
    for (const { inputs, settings } of reader.ops) { inputs.forEach(visit); Object.values(settings ?? {}).forEach(visit); }
    graph.outputs.forEach(visit);
  }
  return [...taken];
}

/** The network of a loop's body, or of two branches side by side. `around` are inputs behind its own. */
export function bodyNetwork(scope: string, type: string, bodies: readonly Body[], around: readonly string[]): Network {
  const networks = bodies.map(({ graph: { graph, inputs, outputs }, reader }, index): readonly [string, Network] => {
    const types = new Map(graph.messages(11).map((message) => [message.text(1), elementTypeName(message.message(2).message(1).int(1))]));
    const name = graphAttributes[type]?.[index] ?? scope;
    const network = networkOfOps({
      name, format: 'onnx', formatDetail: '', convention: reader.facts.convention, inputs: [...inputs, ...around], nodes: reader.ops, outputs, shapeOf: (tensor) => reader.shapes.get(tensor),
      inputConfig: (tensor) => ({ dtype: types.get(tensor) ?? 'float32' }), knows: isKnownOp, problems: [],
    });
    if (network.outputs.length !== outputs.length) throw new Failure('onnx.graph', `${reader.facts.label} is not a sound ONNX model: a graph inside the op ${scope} gives what nothing makes.`);
    return [name, network];
  });
  const [[, only] = []] = networks;
  return networks.length === 1 && only !== undefined ? { ...only, name: scope } : graphsSideBySide(scope, Object.fromEntries(networks), networks.map(([name]) => name));
}

/** What two branches have in common: an extent in which they differ is open. */
function common(first: SymbolicShape | undefined, second: SymbolicShape | undefined): SymbolicShape | undefined {
  return first === undefined || second?.length !== first.length ? undefined : first.map((extent, axis) => (extent === second[axis] ? extent : null));
}

/** Shapes of what a loop or branch gives, as far as its bodies state them. */
export function bodyShapes(type: string, network: Network, own: number, bodies: readonly Body[]): readonly (SymbolicShape | undefined)[] {
  if (type === 'If') {
    const [then, otherwise] = bodies.map(({ graph, reader }) => graph.outputs.map((name) => reader.shapes.get(name)));
    return (then ?? []).map((shape, index) => common(shape, otherwise?.[index]));
  }
  const shapes = network.outputs.map(({ layer, call, output }) => network.layers.find(({ name }) => name === layer)?.calls[call]?.outputShapes[output]);
  // Variables keep their shape as a rule; what is collected has the turns in front.
  const variables = type === 'Loop' ? own - 2 : 0;
  return type === 'Loop' ? shapes.slice(1).map((shape, index) => (index < variables || shape === undefined ? shape : [null, ...shape])) : [];
}

/** `ValueInfoProto` -> its shape; null when it is no tensor or states none. */
export function statedShape(message: ProtoMessage): SymbolicShape | null {
  const tensor = message.message(2).message(1);
  return tensor.has(2) ? tensor.message(2).messages(1).map((dim) => (dim.has(1) && dim.int(1) >= 0 ? dim.int(1) : null)) : null;
}
