/**
 * Nodes of an ONNX graph -> ops of a network. What only builds shapes, axes and constants becomes part of the op that uses it: as a
 * setting where it is known, else as an expression that the engine computes on the host; floating initializers become weights.
 */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import type { Convention, Json, JsonObject, Network, SymbolicShape, Weight } from '../../network/network';
import { displayName } from '../../network/order';
import type { ProtoMessage } from '../containers/protobuf';
import type { OpInput, OpNode } from '../graphs/op-graph';
import { shownShape } from '../modules/tensor-types';
import { attributesOf, settled } from './attributes';
import { detailOf } from './detail';
import { floating, hostInts, hostOutputs, isHostOp, shapePart } from './host-values';
import type { HostValue } from './host-values';
import { isEven, isOwn, otherNames } from './copies';
import { Scoped, bodyNetwork, bodyShapes, innerGraphs, statedShape, takenFromAround } from './bodies';
import { branchOf, innerGraph } from './nodes';
import type { InnerGraph, Node } from './nodes';
import { bufferInputs, settingInputs, weightInputs, weightNames, zeroPointAt } from './ops';
import { outputShapes } from './shapes';
import { sparseFrom, tensorFrom } from './tensor';
import type { OnnxTensor } from './tensor';

/** Constants of more elements are looked at as weights are, never as numbers of a sentence. */
const maximalConstant = 4096;
const maximalDepth = 32;
/** Loops and branches of more graphs are no model but a trap: each is drawn with all that it takes. */
const maximalGraphs = 5000;
/** When so many elements have been computed on the host, what has more than a few is left to the ops of the graph. */
const maximalComputed = 1 << 22;
/** Beyond this an expression is left to the ops of the graph. */
const maximalExpression = 2000;

/** A tensor that the host computes: its value as far as it is known, and how to compute it while the network runs. */
interface Known { readonly value: HostValue | undefined; readonly expression: OpInput; readonly size: number }

const at = (table: Readonly<Record<string, readonly number[]>>, type: string, position: number): boolean => Object.hasOwn(table, type) && table[type]?.includes(position) === true;
const settingName = (type: string, position: number, opset: number): string | undefined =>
  (type === 'Resize' && opset < 11 ? (position === 1 ? 'scales' : undefined) : Object.hasOwn(settingInputs, type) ? settingInputs[type]?.[position] : undefined);
const complete = (value: HostValue): boolean => value.data.every((element) => element !== null);
const constant = (value: HostValue): Known => ({ value, expression: { kind: 'value', value: { ...value } }, size: 1 });
/** Names that exporters make up for constants: `val_12`, `onnx::Mul_7`, `/attn/Constant_output_0`, `const_fold_opt__3`. */
const madeUp = (name: string): boolean => /^(onnx::|val_|\/|_)|const/i.test(name);

/** What is the same for all graphs of a file. */
export interface ModelFacts {
  readonly label: string;
  readonly path: string;
  readonly opset: number;
  readonly convention: Convention;
  /** Element types of the model's inputs. */
  readonly types: ReadonlyMap<string, string>;
  /** The model's own functions. */
  readonly functions: readonly ProtoMessage[];
}

export class GraphReader {
  private readonly constants: Scoped<OnnxTensor>;
  private readonly known: Scoped<Known>;
  /** Elements that the host has computed for all graphs of the file. */
  private readonly computed: { elements: number };
  /** Tensors by the keys of weights; graphs inside graphs may use a name again. */
  private readonly stored: Map<string, OnnxTensor>;
  /** Initializers that several ops train together: each is a layer of its own. */
  private shared: ReadonlySet<string> = new Set();
  /** Names that stand for an initializer of another name. */
  private others: ReadonlyMap<string, string> = new Map();
  /** Initializers that several ops have because they were equal when the file was written. */
  private readonly even = new Set<string>();
  readonly ops: OpNode[] = [];
  private readonly inside = new Map<Node, readonly InnerGraph[]>();
  private readonly label: string;
  private readonly path: string;
  private readonly opset: number;

  constructor(readonly facts: ModelFacts, private readonly tensors: Scoped<OnnxTensor>, readonly shapes: Scoped<SymbolicShape>, private readonly outer: GraphReader | null = null) {
    ({ label: this.label, path: this.path, opset: this.opset } = facts);
    this.constants = new Scoped(outer?.constants);
    this.known = new Scoped(outer?.known);
    this.computed = outer?.computed ?? { elements: 0 };
    this.stored = outer === null ? new Map<string, OnnxTensor>() : outer.stored;
    for (const [name, tensor] of tensors.own) if (tensor !== undefined && tensor.type !== null) shapes.set(name, tensor.shape);
  }

  /** @throws Failure `weights.absent` */
  read(key: string): Promise<TensorValue> {
    const tensor = this.stored.get(key) ?? this.tensors.get(key) ?? this.constants.get(key);
    return tensor === undefined ? Promise.reject(new Failure('weights.absent', `${this.label} holds no tensor ${displayName(key)}.`)) : tensor.read();
  }

  /** All ops that compute, in the file's order. `outputs` are the tensors that the graph gives. */
  async nodes(nodes: readonly Node[], outputs: readonly string[]): Promise<readonly OpNode[]> {
    this.others = otherNames(nodes, (name) => this.tensors.own.get(name) !== undefined);
    for (const [name, stored] of this.others) {
      const tensor = this.tensors.get(stored);
      if (tensor === undefined) continue;
      this.tensors.set(name, tensor);
      if (tensor.type !== null) this.shapes.set(name, tensor.shape);
    }
    const rest = nodes.filter(({ type, outputs: [output = ''] }) => type !== 'Identity' || !this.others.has(output));
    for (const name of this.sharedBy(rest)) { const tensor = this.tensors.get(name); if (tensor !== undefined && await isEven(tensor)) this.even.add(name); }
    this.shared = this.sharedBy(rest);
    for (const node of rest) await this.node(node);
    const made = new Set(this.ops.flatMap((op) => op.outputs));
    for (const output of outputs) {
      if (made.has(output) || (!this.known.has(output) && !this.tensors.has(output) && !this.constants.has(output))) continue;
      const weights: Weight[] = [];
      this.ops.push({ name: output, type: 'Identity', config: {}, inputs: [this.input('Identity', 0, output, weights, '')], outputs: [output], weights, detail: '' });
    }
    return this.ops;
  }

  /** The reader of a graph inside an op of this one; `inputs` are what that graph is given by. */
  inner({ graph, inputs }: InnerGraph): GraphReader {
    const tensors = new Scoped(this.tensors);
    const shapes = new Scoped(this.shapes);
    for (const message of graph.messages(5)) { const tensor = tensorFrom(message, this.label, this.path, () => Promise.resolve(message)); tensors.set(tensor.name, tensor); }
    for (const message of graph.messages(15)) { const tensor = sparseFrom(message, this.label, this.path); tensors.set(tensor.name, tensor); }
    const reader = new GraphReader(this.facts, tensors, shapes, this);
    for (const name of inputs) { for (const table of [tensors, shapes, reader.known, reader.constants]) table.hide(name); }
    for (const message of [...graph.messages(13), ...graph.messages(12), ...graph.messages(11)]) { const shape = statedShape(message); if (shape !== null) shapes.set(message.text(1), shape); }
    return reader;
  }

  private sharedBy(nodes: readonly Node[]): ReadonlySet<string> {
    const users = new Map<string, number>();
    let graphs = 0;
    const count = (given: readonly Node[], depth: number): void => {
      if (depth > maximalDepth) throw new Failure('onnx.graph', `${this.label}: its loops and branches stand in each other more than ${maximalDepth} deep.`);
      for (const node of given) {
        const trained = new Set(node.inputs.filter((name, position) => this.tensors.own.has(name) && this.trains(node.type, position, name)));
        for (const name of new Set([...trained].flatMap((each) => (this.isApart(each, node) ? [] : [this.others.get(each) ?? each])))) users.set(name, (users.get(name) ?? 0) + 1);
        for (const graph of this.graphsOf(node)) {
          graphs += 1;
          if (graphs > maximalGraphs) throw new Failure('onnx.graph', `${this.label}: its loops and branches hold more than ${maximalGraphs} graphs.`);
          count(graph.nodes, depth + 1);
        }
      }
    };
    count(nodes, 0);
    return new Set([...users].filter(([, count]) => count > 1).map(([name]) => name));
  }

  /** Whether an initializer is changed by training where this op uses it. */
  private trains(type: string, position: number, name: string): boolean {
    const tensor = this.tensors.get(name) ?? this.constants.get(name);
    if (tensor?.type == null || !floating(tensor.type.dtype) || at(bufferInputs, type, position) || settingName(type, position, this.opset) !== undefined) return false;
    if (at(weightInputs, type, position)) return true;
    return this.tensors.has(name) && !(sizeOf(tensor.shape) === 1 && madeUp(name)) && tensor.type.parts === 1;
  }

  /** The graphs in the attributes of an op. */
  private graphsOf(node: Node): readonly InnerGraph[] {
    const known = this.inside.get(node) ?? innerGraphs(node, this.facts.functions, this.label);
    if (known.length > 0) this.inside.set(node, known);
    return known;
  }

  private async node(node: Node): Promise<void> {
    const { name, type, inputs, outputs, attributes } = node;
    const config = settled(type, await attributesOf(attributes, this.path), this.opset);
    if (type === 'Constant') { await this.constant(outputs[0] ?? '', config, attributes); return; }
    for (const [position, input] of inputs.entries()) await this.learn(input, settingName(type, position, this.opset) !== undefined);
    if (type === 'If' && await this.chosen(node)) return;
    if (this.absorbed(type, config, inputs, outputs)) return;
    const extended: Record<string, Json> = type === 'Split' && !inputs[1] && config.split === undefined ? { num_outputs: outputs.length, ...config } : { ...config };
    const zeroAt = inputs[zeroPointAt(type)] ?? '';
    const zero = this.tensors.get(zeroAt)?.type?.name ?? this.facts.types.get(zeroAt);
    if (zero !== undefined) extended.zero_point = zero;
    const element = /^Bit/.test(type) ? this.tensors.get(inputs[0] ?? '')?.type?.name ?? this.facts.types.get(inputs[0] ?? '') : undefined;
    if (element !== undefined) extended.element_type = element;
    const weights: Weight[] = [];
    const taken: OpInput[] = [];
    const settings: Record<string, OpInput> = {};
    for (const [position, input] of inputs.entries()) {
      const setting = settingName(type, position, this.opset);
      if (setting === undefined) taken.push(input === '' ? input : this.input(type, position, input, weights, name, node));
      else { if (input !== '') this.setting(type, setting, input, extended, settings); taken.push(''); }
    }
    const graphs = this.graphsOf(node);
    const { network, around } = graphs.length === 0 ? { network: undefined, around: [] } : await this.bodies(node, graphs, extended, taken.length);
    for (const name of around) taken.push(name);
    while (taken.at(-1) === '') taken.pop();
    const values = inputs.map((input) => this.values(input));
    const view = { config, inputs: inputs.map((input) => this.shapes.get(input)), values, outputs: outputs.length };
    for (const [index, shape] of outputShapes(type, view).entries()) {
      const tensor = outputs[index] ?? '';
      if (shape !== undefined && shape.every((extent) => extent === null || (Number.isSafeInteger(extent) && extent >= 0))) this.shapes.set(tensor, refined(this.shapes.get(tensor), shape));
    }
    this.ops.push({ name, type, config: extended, inputs: taken, settings, outputs, weights, detail: detailOf(type, view), ...(node.scope === '' ? {} : { scope: node.scope }), ...(network === undefined ? {} : { network }) });
  }

  /** The network inside a loop or branch, and the tensors that it takes from around; `own` inputs of the op come first. */
  private async bodies({ name, type, outputs }: Node, graphs: readonly InnerGraph[], config: Record<string, Json>, own: number): Promise<{ network: Network; around: readonly string[] }> {
    const scope = name === '' ? outputs[0] ?? type : name;
    const readers = graphs.map((graph) => ({ graph, reader: this.inner(graph) }));
    for (const { graph, reader } of readers) await reader.nodes(graph.nodes, graph.outputs);
    const around = takenFromAround(readers);
    for (const key of ['body', 'then_branch', 'else_branch']) Reflect.deleteProperty(config, key);
    config.own_inputs = own;
    if (type === 'Scan' && this.opset < 9) config.batched = 1;
    const network = bodyNetwork(scope, type, readers, around);
    for (const [index, shape] of bodyShapes(type, network, own, readers).entries()) { const tensor = outputs[index] ?? ''; if (shape !== undefined && tensor !== '' && !this.shapes.has(tensor)) this.shapes.set(tensor, shape); }
    return { network, around };
  }


  /** What an op takes at a place: a tensor of the graph, its own weight by name, or an expression. */
  private input(type: string, position: number, name: string, weights: Weight[], scope: string, node?: Node): OpInput {
    const tensor = this.tensors.get(name) ?? this.constants.get(name);
    const known = this.known.get(name);
    if (tensor?.type == null) return known?.expression ?? name;
    const trained = this.trains(type, position, name);
    if (!trained && known !== undefined && !at(weightInputs, type, position) && (!floating(tensor.type.dtype) || sizeOf(tensor.shape) === 1)) return known.expression;
    if (trained && this.isShared(name, node)) { const one = this.stands(name); this.parameter(one, tensor); return one; }
    const key = this.keyOf(name, tensor);
    const before = weights.find((weight) => weight.key === key);
    if (before !== undefined) return { kind: 'value', value: before.name };
    const short = this.shortName(type, position, name, scope);
    const own = weights.some((weight) => weight.name === short) ? `${short}_${position}` : short;
    weights.push(weightOf(own, key, tensor, trained));
    return { kind: 'value', value: own };
  }

  /** The initializer that a name stands for. */
  private stands(name: string): string { return this.tensors.own.has(name) || this.outer === null ? this.others.get(name) ?? name : this.outer.stands(name); }

  /** Whether several ops train the initializer together, this one among them. */
  private isShared(name: string, node: Node | undefined): boolean {
    if (!this.tensors.own.has(name) && this.outer !== null) return this.outer.isShared(name, node);
    return this.shared.has(this.stands(name)) && !this.isApart(name, node);
  }

  /** Whether an op has a weight of its own that was only equal to others. */
  private isApart(name: string, node: Node | undefined): boolean {
    const one = this.stands(name);
    return this.even.has(one) && (one !== name || (node !== undefined && !isOwn(node, name)));
  }

  /** Makes a weight that several ops share a layer of the graph that holds it. */
  private parameter(name: string, tensor: OnnxTensor): void {
    if (!this.tensors.own.has(name) && this.outer !== null) { this.outer.parameter(name, tensor); return; }
    if (!this.ops.some(({ outputs }) => outputs.includes(name))) this.ops.push({ name, type: 'Parameter', config: {}, inputs: [], outputs: [name], weights: [weightOf('value', this.keyOf(name, tensor), tensor, true)], detail: '' });
  }

  private keyOf(name: string, tensor: OnnxTensor): string {
    let key = name;
    while ((this.stored.get(key) ?? tensor) !== tensor) key += '\'';
    this.stored.set(key, tensor);
    return key;
  }

  /** What a weight is called below its op: `/layer1/conv1/Conv` calls `layer1.conv1.weight` weight; names that an exporter made up give way to the role. */
  private shortName(type: string, position: number, name: string, op: string): string {
    // PyTorch repeats the path in the names of numbered modules: `/layer1/layer1.0/conv1/Conv`.
    const scope = op.split('/').filter((part) => part !== '').slice(0, -1).reduce((path, part) => (path === '' || part.startsWith(`${path}.`) ? part : `${path}.${part}`), '');
    const role = Object.hasOwn(weightNames, type) ? weightNames[type]?.[position] : undefined;
    const short = scope !== '' && name.startsWith(`${scope}.`) ? name.slice(scope.length + 1) : role !== undefined && madeUp(name) ? role : name;
    // Steps of a module's path become steps of the weight's.
    return short.replace(/[./]+(\d)?/g, (_, digit?: string) => (digit === undefined ? '/' : `_${digit}`)).replace(/[^\p{L}\p{N}_/]+/gu, '_').replace(/^\/|\/$/g, '') || `weight_${position}`;
  }

  /** Writes a setting into the config where its value is known, else among those that are computed. */
  private setting(type: string, key: string, name: string, config: Record<string, Json>, settings: Record<string, OpInput>): void {
    const known = this.known.get(name);
    const { value } = known ?? {};
    if (value !== undefined && complete(value)) { config[key] = settingValue(value); return; }
    // Of a shape with one unknown extent, that one is what is left.
    const unknown = value?.data.filter((element) => element === null).length ?? 0;
    if (type === 'Reshape' && value !== undefined && unknown === 1 && !value.data.includes(-1) && !value.data.includes(0)) { config[key] = value.data.map((element) => element ?? -1); return; }
    settings[key] = known?.expression ?? name;
  }

  /** Takes an op in as an expression, when it computes with what the host knows. */
  private absorbed(type: string, config: JsonObject, inputs: readonly string[], outputs: readonly string[]): boolean {
    if (!isHostOp(type)) return false;
    const shape = type === 'Shape' || type === 'Size' ? this.shapes.get(inputs[0] ?? '') : undefined;
    const known = inputs.map((input) => this.known.get(input));
    const ofTensor = (type === 'Shape' || type === 'Size') && known[0] === undefined;
    if (!ofTensor && inputs.some((input, index) => input !== '' && known[index] === undefined)) return false;
    const values = known.map((entry) => entry?.value);
    if (this.computed.elements > maximalComputed && values.some((value) => value !== undefined && value.data.length > maximalConstant)) return false;
    const missing = inputs.some((input, index) => input !== '' && values[index] === undefined);
    const computed = ofTensor ? shapeValue(type, shape, config) : missing ? undefined : hostOutputs(type, { config, inputs: values, outputs: outputs.length });
    if (!ofTensor && computed === undefined && !missing && values.every((value) => value === undefined || complete(value))) return false;
    const size = known.reduce((sum, entry) => sum + (entry?.size ?? 0), 1);
    if (size > maximalExpression) return false;
    for (const [index, output] of outputs.entries()) {
      const value = computed?.[index];
      if (value !== undefined) this.shapes.set(output, value.shape);
      this.computed.elements += value?.data.length ?? 0;
      this.known.set(output, value !== undefined && complete(value) ? constant(value) : {
        value, size,
        expression: { kind: 'record', entries: { op: { kind: 'value', value: type }, config: { kind: 'value', value: config }, inputs: { kind: 'list', items: inputs.map((input, position) => known[position]?.expression ?? input) }, output: { kind: 'value', value: index }, outputs: { kind: 'value', value: outputs.length } } },
      });
    }
    return true;
  }

  /** Takes the branch of an `If` whose condition is known when the file is opened, as exporters write for shapes. */
  private async chosen(node: Node): Promise<boolean> {
    const value = this.known.get(node.inputs[0] ?? '')?.value?.data[0] ?? null;
    const branch = value === null ? undefined : innerGraph(node, value === 0 ? 'else_branch' : 'then_branch', this.facts.functions, this.label);
    if (branch === undefined) return false;
    for (const message of branch.graph.messages(5)) { const tensor = tensorFrom(message, this.label, this.path, () => Promise.resolve(message)); this.constants.set(tensor.name, tensor); if (tensor.type !== null) this.shapes.set(tensor.name, tensor.shape); }
    for (const one of branchOf(branch, node.outputs)) await this.node(one);
    return true;
  }

  private async constant(output: string, config: JsonObject, attributes: Node['attributes']): Promise<void> {
    const value = attributes.find(([name, attribute]) => (name === 'value' && attribute.has(5)) || (name === 'sparse_value' && attribute.has(22)))?.[1];
    if (value !== undefined) {
      const [dense, sparse] = [value.message(5), value.message(22)];
      const tensor = value.has(5) ? tensorFrom(dense, this.label, this.path, () => Promise.resolve(dense)) : sparseFrom(sparse, this.label, this.path);
      this.constants.set(output, tensor);
      if (tensor.type !== null) this.shapes.set(output, tensor.shape);
      await this.learn(output, true);
      return;
    }
    for (const [key, dtype] of [['value_int', 'int64'], ['value_ints', 'int64'], ['value_float', 'float32'], ['value_floats', 'float32']] as const) {
      const number = config[key];
      if (typeof number === 'number') this.know(output, { dtype, shape: [], data: [number] });
      else if (Array.isArray(number)) this.know(output, { dtype, shape: [number.length], data: (number as readonly Json[]).map(Number) });
    }
  }

  private know(name: string, value: HostValue): void {
    this.known.set(name, constant(value));
    this.shapes.set(name, value.shape);
  }

  /** Values of small constants, where they are no weights. */
  private async learn(name: string, setting: boolean): Promise<void> {
    const tensor = this.tensors.get(name) ?? this.constants.get(name);
    if (tensor?.type == null || this.known.has(name) || sizeOf(tensor.shape) > maximalConstant || tensor.type.parts !== 1) return;
    if (floating(tensor.type.dtype) && !setting && !(sizeOf(tensor.shape) === 1 && madeUp(name))) return;
    const value = await tensor.read().catch(() => null);
    if (value !== null) this.known.set(name, constant({ dtype: value.dtype, shape: value.shape, data: [...value.data].map(Number) }));
  }

  /** Whole numbers of a small tensor, as far as they are known, for the rules of shapes. */
  private values(name: string): SymbolicShape | undefined {
    const value = this.known.get(name)?.value;
    return value === undefined || value.data.length > 64 ? undefined : value.data;
  }
}

/** The shape that a file states, with the extents that it leaves open filled in. */
function refined(stated: SymbolicShape | undefined, computed: SymbolicShape): SymbolicShape {
  return stated === undefined || stated.length !== computed.length ? stated ?? computed : stated.map((extent, axis) => extent ?? computed[axis] ?? null);
}

function shapeValue(type: string, shape: SymbolicShape | undefined, config: JsonObject): readonly HostValue[] | undefined {
  if (shape === undefined) return undefined;
  if (type === 'Shape') return [hostInts(shapePart(shape, config))];
  return [hostInts([shape.every((extent) => extent !== null) ? sizeOf(shape.map((extent) => extent ?? 0)) : null], [])];
}

/** A list of numbers, or one number for a tensor without axes. */
function settingValue({ shape, data }: HostValue): Json {
  return shape.length === 0 ? data[0] ?? null : data;
}

function weightOf(name: string, key: string, tensor: OnnxTensor, trainable: boolean): Weight {
  const dtype = tensor.type?.dtype ?? 'float32';
  return { name, key, dtype, shape: tensor.type === null ? tensor.shape : shownShape(tensor.type, tensor.shape), trainable, ...(trainable ? {} : { buffer: true }), initializer: null };
}
