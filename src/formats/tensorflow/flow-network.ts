/** TensorFlow's graphs of ops as networks, wherever they come from: loops and branches in groups, constants as weights of the ops that use them. */
import { graphsSideBySide } from '../../network/branches';
import type { Convention, JsonObject, Network, SymbolicShape, Weight } from '../../network/network';
import { displayName } from '../../network/order';
import { Failure } from '../../tensor/failure';
import type { DType } from '../../tensor/value';
import type { FormatId } from '../../network/format-titles';
import { networkOfOps } from '../graphs/op-graph';
import type { OpInput, OpNode } from '../graphs/op-graph';
import { allNodes, keptFrom, withAround, withConstantsInside } from './flow-graph';
import type { FlowNode } from './flow-graph';
import { withoutRings } from './old-control-flow';
import { complexOps, inputName, isKnownTensorflowOp, movesComplex, trains } from './ops';
import { outputShapes, outputValue } from './shapes';

/** Lists of whole numbers up to this length are followed through the graph. */
export const maximalShape = 32;

/** A tensor that stands in the file. */
export interface Constant {
  readonly key: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** What a variable is called; a constant goes by what the op calls it. */
  readonly name?: string;
  /** What is known of a variable; for a constant, the op that takes it decides. */
  readonly trainable?: boolean;
  /** True for a variable, which counts as a parameter also where training leaves it alone. */
  readonly counted?: boolean;
}

export interface FlowSource {
  readonly label: string;
  readonly format: FormatId;
  readonly formatDetail: string;
  readonly convention: Convention;
  /** With the graphs of loops and branches in their ops. Tensors are named `op`, `op:1`. */
  readonly nodes: readonly FlowNode[];
  readonly inputs: readonly string[];
  /** Empty where the file does not tell: what no op takes. */
  readonly outputs: readonly string[];
  /** By the name of the tensor. */
  readonly constants: ReadonlyMap<string, Constant>;
  /** What is known from the file, by tensor. */
  readonly shapes: ReadonlyMap<string, SymbolicShape>;
  /** Elements of small constants of whole numbers, by tensor. */
  readonly values: ReadonlyMap<string, SymbolicShape>;
  /** An op's settings as plain values. */
  readonly settings: (node: FlowNode) => JsonObject;
  readonly nameOf?: (input: string) => string;
  readonly inputConfig?: (input: string) => JsonObject;
  /** Why it cannot be run, whatever its ops. */
  readonly viewOnly?: string;
  readonly problems: readonly string[];
}

/** What all graphs of a file share while they are read. */
interface Facts extends Omit<FlowSource, 'shapes' | 'values'> {
  readonly shared: ReadonlySet<string>;
  readonly shapes: Map<string, SymbolicShape>;
  readonly values: Map<string, SymbolicShape>;
}

const isOp = (op: string): boolean => op !== 'Const' && op !== 'Placeholder' && op !== 'NoOp';

/** @throws Failure `graph.*` */
export function networkOfFlow(source: FlowSource): Network {
  const { label, constants, inputs, format, formatDetail, convention } = source;
  const shapes = new Map(source.shapes);
  for (const [name, { shape }] of constants) shapes.set(name, shape);
  const whole = withoutRings(source.nodes, source.outputs);
  const moved = withConstantsInside(whole.nodes, (name) => constants.has(name));
  const shared = sharedConstants([...allNodes(moved)], constants);
  const nodes = withAround(moved, shared);
  for (const name of source.outputs) { const same = whole.same.get(name), shape = shapes.get(name); if (same !== undefined && shape !== undefined) shapes.set(same, shape); }
  const consumed = new Set(nodes.flatMap((node) => node.inputs.map((input) => input.split(':')[0] ?? '')));
  const outputs = source.outputs.length > 0 ? source.outputs.map((name) => whole.same.get(name) ?? name) : nodes.filter(({ name, op }) => isOp(op) && !consumed.has(name)).map(({ name }) => name);
  const facts: Facts = { ...source, shared, shapes, values: new Map(source.values) };
  const sources = [...shared].flatMap((name): readonly OpNode[] => { const constant = constants.get(name); return constant === undefined ? [] : [constantNode(name, constant)]; });
  const viewOnly = source.viewOnly ?? complexFailure([...allNodes(nodes)], label);
  // The file counts a complex number as one element.
  for (const name of complexTensors([...allNodes(nodes)])) { const stated = source.shapes.get(name); if (stated !== undefined) shapes.set(name, [...stated, 2]); }
  return networkOfOps({
    name: label, format, formatDetail, convention, inputs, nodes: [...sources, ...opsOf(facts, nodes, outputs)], outputs, shapeOf: (tensor) => shapes.get(keptFrom(tensor)), knows: isKnownTensorflowOp, problems: source.problems,
    ...(source.nameOf === undefined ? {} : { nameOf: source.nameOf }), ...(source.inputConfig === undefined ? {} : { inputConfig: source.inputConfig }), ...(viewOnly === null ? {} : { viewOnly }),
  });
}

/** A constant that several ops train together, or that a graph gives as it is. */
function constantNode(name: string, constant: Constant, trainable = true): OpNode {
  return { name: constant.name ?? shortName(name), type: 'Const', config: {}, inputs: [], outputs: [name], weights: [weightOf('value', constant, constant.trainable ?? trainable)], detail: '' };
}

/** Tensors of complex numbers, which have one more axis than the file says. */
function complexTensors(nodes: readonly FlowNode[]): ReadonlySet<string> {
  const found = new Set<string>();
  if (!nodes.some(({ op }) => complexOps.giving.has(op))) return found;
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { name, op, inputs } of nodes) if (complexOps.giving.has(op) || (movesComplex.has(op) && found.has(inputs[0] ?? ''))) found.add(name);
  }
  return found;
}

/** Why a graph that computes with complex numbers cannot be run; null when it can. */
function complexFailure(nodes: readonly FlowNode[], label: string): string | null {
  const complex = complexTensors(nodes);
  const wrong = complex.size === 0 ? undefined : nodes.find(({ op, inputs }) => !complexOps.taking.has(op) && !movesComplex.has(op) && inputs.some((input) => complex.has(input)));
  return wrong === undefined ? null : `${label} can be looked at but not run: its op ${displayName(wrong.title ?? shortName(wrong.name))} (${wrong.op}) computes with complex numbers, which Backstep only transforms, moves and splits.`;
}

/** Ops of a graph, those inside loops and branches as networks. `strip` is the scope that all its names begin with. */
function opsOf(facts: Facts, nodes: readonly FlowNode[], wanted: readonly string[], strip = ''): OpNode[] {
  const { constants, shared, shapes, values } = facts;
  const results = outputsOf(nodes, wanted);
  const complex = complexTensors(nodes);
  const made = nodes.filter(({ op }) => isOp(op)).map((node): OpNode => {
    const weights: Weight[] = [];
    const inputs = node.inputs.map((input, position): OpInput => {
      const constant = constants.get(input);
      if (constant === undefined || shared.has(input)) return input;
      const own = weights.find(({ key }) => key === constant.key);
      const weight = own ?? weightOf(unlike(constant.name ?? nameOfInput(node, position), weights), constant, constant.trainable ?? trained(node.op, position, constant));
      if (own === undefined) weights.push(weight);
      return { kind: 'value', value: weight.name };
    });
    const config = { ...facts.settings(node), ...(complex.has(node.inputs[0] ?? '') && movesComplex.has(node.op) ? { complex: true } : {}) };
    const about = { config, inputs: node.inputs.map((input) => shapes.get(input)), values: node.inputs.map((input) => values.get(input)) };
    for (const [index, shape] of outputShapes(node.op, about).entries()) if (shape !== undefined && !shapes.has(tensorName(node.name, index))) shapes.set(tensorName(node.name, index), shape);
    const value = outputValue(node.op, about);
    if (value !== undefined && value.length <= maximalShape) values.set(node.name, value);
    const told = node.inputs.flatMap((input, position) => { const value = values.get(input), own = inputs[position]; return value === undefined || value.includes(null) || typeof own !== 'object' || own.kind !== 'value' || typeof own.value !== 'string' ? [] : [[own.value, value.map(Number)] as const]; });
    const network = node.graphs === undefined ? undefined : insideOf(facts, node);
    return {
      name: (node.title ?? shortName(node.name)).slice(strip.length).replace(/_tfg_inlined_.*$/, ''), type: node.op, config, inputs, outputs: node.outputs ?? results.get(node.name) ?? [node.name], weights, detail: '',
      values: Object.fromEntries(told), ...(network === undefined ? {} : { network }),
    };
  });
  // Constants that a graph gives as they are.
  return [...made, ...[...new Set(wanted)].flatMap((name): OpNode[] => { const constant = constants.get(name); return constant === undefined || shared.has(name) ? [] : [constantNode(name, constant, false)]; })];
}

/** The network inside a loop, a branch or a call. */
function insideOf(facts: Facts, node: FlowNode): Network {
  const given = node.inputs.slice(node.inputs.length - (Object.values(node.graphs ?? {})[0]?.inputs.length ?? 0));
  // The graphs of one op call their inputs alike: as the last does, which for a loop is its body.
  const names = (Object.values(node.graphs ?? {}).at(-1)?.inputs ?? []).map(variableName);
  const networks = Object.entries(node.graphs ?? {}).map(([key, graph]): readonly [string, Network] => {
    const strip = commonScope(graph.nodes.filter(({ op }) => isOp(op)).map(({ name, title }) => title ?? shortName(name)));
    for (const [index, input] of graph.inputs.entries()) { const shape = facts.shapes.get(given[index] ?? ''); if (shape !== undefined) facts.shapes.set(input, shape); }
    return [key, networkOfOps({
      name: key, format: facts.format, formatDetail: '', convention: facts.convention, inputs: graph.inputs, nodes: opsOf(facts, graph.nodes, graph.outputs, strip), outputs: graph.outputs, shapeOf: (tensor) => facts.shapes.get(keptFrom(tensor)),
      nameOf: (tensor) => names[graph.inputs.indexOf(tensor)] ?? tensor, knows: isKnownTensorflowOp, problems: [],
    })];
  });
  const lost = networks.find(([key, network]) => network.outputs.length !== node.graphs?.[key]?.outputs.length);
  if (lost !== undefined) throw new Failure('graph.results', `${facts.label}: the graph ${lost[0]} of the op ${displayName(node.title ?? node.name)} gives what nothing makes.`);
  const [[, only] = []] = networks;
  if (networks.length === 1 && only !== undefined) return only;
  return graphsSideBySide(node.title ?? node.name, Object.fromEntries(networks), node.graphs?.body === undefined ? networks.map(([key]) => key) : ['body']);
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
export const tensorName = (name: string, output: number): string => (output === 0 ? name : `${name}:${output}`);

/** Without the scopes of the calls that the converter wrote out. */
const shortName = (name: string): string => name.replace(/^((Stateful)?PartitionedCall(_\d+)?\/)+/, '');

const trained = (op: string, position: number, constant: Constant): boolean => /float/.test(constant.dtype) && trains(op, position, constant.shape);

/** Names of one op's weights must differ. */
function unlike(wanted: string, weights: readonly Weight[]): string {
  let name = wanted;
  while (weights.some((weight) => weight.name === name)) name += '_';
  return name;
}

/** Constants that several ops train together: each is an op of its own, so that there is one weight. */
function sharedConstants(nodes: readonly FlowNode[], constants: ReadonlyMap<string, Constant>): ReadonlySet<string> {
  const users = new Map<string, number>();
  for (const { op, inputs } of nodes) {
    const own = new Set(inputs.filter((input, position) => { const constant = constants.get(input); return constant !== undefined && (constant.trainable ?? trained(op, position, constant)); }));
    for (const name of own) users.set(name, (users.get(name) ?? 0) + 1);
  }
  return new Set([...users].filter(([, count]) => count > 1).map(([name]) => name));
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

function weightOf(name: string, { key, shape, dtype, counted }: Constant, trainable: boolean): Weight {
  return { name, key, shape, dtype, trainable, ...(trainable || counted === true ? {} : { buffer: true }), initializer: null };
}
