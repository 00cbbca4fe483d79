/** ONNX models: the graph of ops with settings, shapes and weights; values are read by range, from beside the file too. https://onnx.ai/onnx/repo-docs/IR.html */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import type { Json, JsonObject, OpenedNetwork, SymbolicShape, Weight } from '../../network/network';
import { displayName } from '../../network/order';
import { ProtoMessage, scanMessage } from '../containers/protobuf';
import type { FieldRange } from '../containers/protobuf';
import { openRanges } from '../containers/range-file';
import type { RangeFile } from '../containers/range-file';
import { networkOfOps } from '../graphs/op-graph';
import type { OpNode } from '../graphs/op-graph';
import { shownShape } from '../modules/tensor-types';
import { macsOf, detailOf } from './cost';
import { outputShapes, outputValues } from './shapes';
import { tensorAt, tensorFrom } from './tensor';
import type { OnnxTensor } from './tensor';

const maximalNode = 512 * 2 ** 20;
/** Integers of small tensors are looked at for the shapes that they tell. */
const maximalShapeValue = 64;

/** True when a file begins as ONNX models do (version, then a field that only they have next), or says so by its name. */
export function looksLikeOnnx(head: Uint8Array, name: string): boolean {
  if (/\.onnx$/i.test(name)) return true;
  return head[0] === 0x08 && (head[1] ?? 0) >= 3 && (head[1] ?? 0) <= 20 && [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].includes(head[2] ?? 0);
}

/** @throws Failure with one sentence */
export async function openOnnx(path: string): Promise<OpenedNetwork> {
  const file = await openRanges(path);
  try {
    return await openFrom(file, path);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFrom(file: RangeFile, path: string): Promise<OpenedNetwork> {
  const { label } = file;
  const model = await scanMessage(file, 0, file.size);
  const bytesOf = async (range: FieldRange): Promise<Uint8Array> => {
    if (range.end - range.start > maximalNode) throw new Failure('onnx.size', `${label} has an op of ${range.end - range.start} bytes, too large to be shown.`);
    return file.read(range.start, range.end - range.start, 'the graph');
  };
  const textAt = async (field: number): Promise<string> => { const range = model.get(field)?.at(-1); return range === undefined || range.end - range.start > 1024 ? '' : new TextDecoder().decode(await bytesOf(range)); };
  const [range] = model.get(7) ?? [];
  if (range?.wire !== 2) throw new Failure('onnx.graph', `${label} is not a sound ONNX model: it holds no graph.`);
  const graph = await scanMessage(file, range.start, range.end);
  const messages = async (field: number): Promise<readonly ProtoMessage[]> => Promise.all((graph.get(field) ?? []).filter(({ wire }) => wire === 2).map(async (at) => new ProtoMessage(await bytesOf(at), label, at.start)));

  const tensors = new Map<string, OnnxTensor>();
  for (const at of graph.get(5) ?? []) { const tensor = await tensorAt(file, path, at); tensors.set(tensor.name, tensor); }
  const shapes = new Map<string, SymbolicShape>();
  for (const message of [...await messages(13), ...await messages(12), ...await messages(11)]) { const shape = statedShape(message); if (shape !== null) shapes.set(message.text(1), shape); }
  const inputs = (await messages(11)).map((message) => message.text(1)).filter((name) => !tensors.has(name));
  const outputs = (await messages(12)).map((message) => message.text(1));
  const reader = new GraphReader(label, path, tensors, shapes);
  const nodes: OpNode[] = [];
  for (const message of await messages(1)) nodes.push(await reader.node(message));
  if (nodes.length === 0) throw new Failure('onnx.graph', `${label} is an ONNX model without ops.`);
  const [producer, version] = [await textAt(2), await textAt(3)];
  const opsets = await Promise.all((model.get(8) ?? []).map(async (at) => new ProtoMessage(await bytesOf(at), label, at.start)));
  const opset = opsets.filter((set) => ['', 'ai.onnx'].includes(set.text(1))).map((set) => `opset ${set.int(2)}`)[0];
  const network = networkOfOps({
    name: label, format: 'onnx', formatDetail: [opset ?? '', `${producer} ${version}`.trim()].filter((text) => text !== '').join(', '),
    convention: /keras|tf2onnx|tensorflow/i.test(producer) ? 'keras' : 'pytorch', inputs, outputs, nodes, shapeOf: (tensor) => shapes.get(tensor),
    viewOnly: `${label} can be looked at; running ONNX models is not built yet.`, problems: [],
  });
  return { network, weights: { read: (key) => reader.read(key), close: () => file.close() } };
}

/** `ValueInfoProto` -> its shape; null when it is no tensor or states none. */
function statedShape(message: ProtoMessage): SymbolicShape | null {
  const tensor = message.message(2).message(1);
  return tensor.has(2) ? tensor.message(2).messages(1).map((dim) => (dim.has(1) && dim.int(1) >= 0 ? dim.int(1) : null)) : null;
}

/** Types of AttributeProto: 1 float, 2 integer, 3 text, 4 tensor, 5 graph, then lists of them. */
function attributeValue(attribute: ProtoMessage): Json {
  const type = attribute.int(20);
  if (type === 1 || (type === 0 && attribute.has(2))) return Number(attribute.float(2).toPrecision(7));
  if (type === 2 || (type === 0 && attribute.has(3))) return attribute.int(3);
  if (type === 3 || (type === 0 && attribute.has(4))) return attribute.text(4);
  if (attribute.has(7)) return attribute.floats(7).map((value) => Number(value.toPrecision(7)));
  if (attribute.has(8) || type === 7) return attribute.ints(8);
  if (attribute.has(9)) return attribute.texts(9);
  if (attribute.has(6)) return `a graph of ${attribute.message(6).datas(1).length} ops`;
  return null;
}

/** State that training does not change by gradients, by position of the input. */
const bufferInputs: Readonly<Record<string, readonly number[]>> = { BatchNormalization: [3, 4] };

class GraphReader {
  private readonly used = new Set<string>();
  private readonly constants = new Map<string, OnnxTensor>();
  private readonly values = new Map<string, SymbolicShape>();

  constructor(private readonly label: string, private readonly path: string, private readonly tensors: ReadonlyMap<string, OnnxTensor>, private readonly shapes: Map<string, SymbolicShape>) {
    for (const [name, tensor] of tensors) if (tensor.type !== null) shapes.set(name, tensor.shape);
  }

  read(key: string): Promise<TensorValue> {
    const tensor = this.tensors.get(key) ?? this.constants.get(key);
    return tensor === undefined ? Promise.reject(new Failure('weights.absent', `${this.label} holds no tensor ${displayName(key)}.`)) : tensor.read();
  }

  async node(message: ProtoMessage): Promise<OpNode> {
    const [inputs, outputs, name, type, domain] = [message.texts(1), message.texts(2), message.text(3), message.text(4), message.text(7)];
    const attributes = message.messages(5);
    const config: JsonObject = Object.fromEntries(attributes.map((attribute) => [attribute.text(1), attributeValue(attribute)] as const).filter(([key, value]) => value !== null && key !== '__proto__'));
    const weights: Weight[] = [];
    for (const [position, input] of inputs.entries()) {
      const tensor = this.tensors.get(input);
      if (tensor?.type == null || weights.some(({ key }) => key === input)) continue;
      // A weight that several ops share counts where it is used first.
      weights.push(weightOf(input, input, tensor, this.used.has(input) || (Object.hasOwn(bufferInputs, type) && bufferInputs[type]?.includes(position) === true)));
      this.used.add(input);
    }
    const [output = ''] = outputs;
    const value = type === 'Constant' ? attributes.find((attribute) => attribute.text(1) === 'value' && attribute.has(5))?.message(5) : undefined;
    if (value !== undefined) {
      const tensor = tensorFrom(value, this.label, this.path, () => Promise.resolve(value));
      this.constants.set(output, tensor);
      if (tensor.type !== null) { weights.push(weightOf('value', output, tensor, true)); this.shapes.set(output, tensor.shape); }
    }
    for (const input of [...inputs, output]) await this.learnValues(input);
    const view = { config, inputs: inputs.map((input) => this.shapes.get(input)), values: inputs.map((input) => this.values.get(input)), outputs: outputs.length };
    const computed = domain === '' || domain === 'ai.onnx' ? outputShapes(type, view) : [];
    for (const [index, tensor] of outputs.entries()) {
      const shape = computed[index];
      if (shape !== undefined && !this.shapes.has(tensor) && shape.every((extent) => extent === null || (Number.isSafeInteger(extent) && extent >= 0))) this.shapes.set(tensor, shape);
    }
    const numbers = outputValues(type, view);
    if (numbers !== undefined && numbers.length <= maximalShapeValue) this.values.set(output, numbers);
    return { name, type: domain === '' || domain === 'ai.onnx' ? type : `${domain}.${type}`, config, inputs, outputs, weights, macs: macsOf(type, view, this.shapes.get(output)), detail: detailOf(type, view) };
  }

  /** Values of small integer constants, which tell shapes to Reshape and its like. */
  private async learnValues(name: string): Promise<void> {
    const tensor = this.tensors.get(name) ?? this.constants.get(name);
    if (tensor === undefined || this.values.has(name) || !/^int(32|64)$/.test(tensor.type?.name ?? '') || sizeOf(tensor.shape) > maximalShapeValue) return;
    const value = await tensor.read().catch(() => null);
    if (value !== null) this.values.set(name, [...value.data].map(Number));
  }
}

function weightOf(name: string, key: string, tensor: OnnxTensor, state: boolean): Weight {
  const dtype = tensor.type?.dtype ?? 'float32';
  const buffer = state || !/float/.test(dtype);
  return { name, key, dtype, shape: tensor.type === null ? tensor.shape : shownShape(tensor.type, tensor.shape), trainable: !buffer, ...(buffer ? { buffer } : {}), initializer: null };
}
