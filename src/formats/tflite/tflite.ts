/** TFLite models: the graph of operators with shapes, settings and weights; quantised weights are shown as the numbers they stand for. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { NumericArray, TensorValue } from '../../tensor/value';
import { product } from '../../network/kinds/kind';
import type { JsonObject, OpenedNetwork, SymbolicShape, Weight } from '../../network/network';
import { displayName } from '../../network/order';
import { openRanges } from '../containers/range-file';
import type { RangeFile } from '../containers/range-file';
import { networkOfOps } from '../graphs/op-graph';
import type { OpInput, OpNode } from '../graphs/op-graph';
import { shownShape, storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';
import { FlatTable, PagedBytes } from './flat-table';
import { inputName, isRunnable, operatorName, operatorSettings, trains } from './operators';

/** TensorType of the schema. */
const tensorTypes = ['float32', 'float16', 'int32', 'uint8', 'int64', '', 'bool', 'int16', 'complex64', 'int8', 'float64', 'complex128', 'uint64', '', '', 'uint32', 'uint16', '', 'bfloat16'];

interface LiteTensor {
  readonly name: string;
  readonly type: StoredType | null;
  readonly shape: readonly number[];
  /** With unknown extents as null. */
  readonly symbolic: SymbolicShape;
  /** Where its values lie; null when it is computed. */
  readonly data: { readonly start: number; readonly length: number } | null;
  readonly scales: readonly number[];
  readonly zeros: readonly number[];
  readonly axis: number;
}

/** True for FlatBuffers with TFLite's identifier. */
export function looksLikeTflite(head: Uint8Array): boolean {
  return [0x54, 0x46, 0x4c, 0x33].every((byte, index) => head[4 + index] === byte);
}

/** @throws Failure with one sentence */
export async function openTflite(file: string): Promise<OpenedNetwork> {
  const handle = await open(file, 'r');
  const ranges = await openRanges(file);
  try {
    const bytes = new PagedBytes(handle.fd, ranges.size, path.basename(file));
    return networkFrom(new FlatTable(bytes, bytes.uint32(0)), ranges);
  } catch (error) {
    await ranges.close();
    throw error;
  } finally {
    await handle.close();
  }
}

function networkFrom(model: FlatTable, file: RangeFile): OpenedNetwork {
  const { label } = file;
  const graphs = model.tables(2);
  const [graph] = graphs;
  if (graph === undefined) throw new Failure('tflite.graph', `${label} is a TFLite model without a graph.`);
  const buffers = model.tables(4);
  const tensors = graph.tables(0).map((table) => tensorFrom(table, buffers));
  const codes = model.tables(1).map((code) => { const builtin = Math.max(code.int8(0), code.int32(3)); return builtin === 32 && code.text(1) !== '' ? code.text(1) : operatorName(builtin); });
  const keyOf = (index: number): string => (tensors[index] === undefined ? '' : String(index));
  const inputs = graph.int32s(1);
  const operators = graph.tables(3).map((table): Operator => ({ type: codes[table.uint32(0)] ?? 'UNKNOWN', inputs: table.int32s(1), outputs: table.int32s(2), options: table.table(4) }));
  const shared = sharedConstants(operators, tensors);
  const nodes = operators.map(({ type, inputs: given, outputs, options }): OpNode => {
    const weights: Weight[] = [];
    const taken = given.map((index, position): OpInput => {
      const tensor = tensors[index];
      if (tensor?.data == null || tensor.type === null || shared.has(index)) return keyOf(index);
      const known = weights.find(({ key }) => key === keyOf(index));
      const weight = known ?? weightOf(inputName(type, position), tensor, keyOf(index), trained(type, position, tensor));
      if (known === undefined) weights.push(weight);
      return { kind: 'value', value: weight.name };
    });
    const result = tensors[outputs[0] ?? -1];
    const kernel = tensors[given[1] ?? -1]?.shape;
    return {
      name: nameOf(result), type, config: { ...operatorSettings(type, options), ...(type === 'CAST' ? { type: result?.type?.name ?? '' } : {}), ...grids(type, given.filter((index) => inputs.includes(index)).length > 0 ? given.map((index) => (inputs.includes(index) ? tensors[index] : undefined)) : [], outputs.map((index) => tensors[index])) },
      inputs: taken, outputs: outputs.map(keyOf), weights, macs: macsOf(type, result?.symbolic, kernel), detail: '',
    };
  });
  const sources = [...shared].flatMap((index): readonly OpNode[] => { const tensor = tensors[index]; return tensor === undefined ? [] : [{ name: nameOf(tensor), type: 'CONST', config: {}, inputs: [], outputs: [keyOf(index)], weights: [weightOf('value', tensor, keyOf(index), true)], macs: 0, detail: '' }]; });
  const quantised = operators.some(({ outputs }) => outputs.some((index) => { const tensor = tensors[index]; return tensor !== undefined && tensor.data === null && isQuantised(tensor); }));
  const loops = [...new Set(operators.map(({ type }) => type).filter((type) => /^(WHILE|IF|CALL_ONCE|VAR_HANDLE|READ_VARIABLE|ASSIGN_VARIABLE)$/.test(type)))];
  const network = networkOfOps({
    name: label, format: 'tflite', convention: 'keras', formatDetail: `version ${model.uint32(0)}${quantised ? ', quantised' : ''}`, nodes: [...sources, ...nodes],
    inputs: inputs.map(keyOf), outputs: graph.int32s(2).map(keyOf), shapeOf: (key) => tensors[Number(key)]?.symbolic, nameOf: (key) => nameOf(tensors[Number(key)]) || key,
    inputConfig: (key) => { const tensor = tensors[Number(key)]; return { dtype: tensor === undefined || isQuantised(tensor) ? 'float32' : tensor.type?.name ?? 'float32' }; },
    knows: isRunnable, ...(loops.length === 0 ? {} : { viewOnly: `${label} can be looked at but not run: it has loops or state of its own (${loops.join(', ')}), which Backstep does not run.` }),
    problems: [
      ...(graphs.length > 1 ? [`${label} holds ${graphs.length} graphs; the first is shown.`] : []),
      ...(quantised ? [`${label} is quantised: Backstep computes in float32 and rounds each result to the grid of its tensor, where an interpreter computes with integers; now and then the last digit differs.`] : []),
    ],
  });
  return { network, weights: { read: (key) => read(tensors[Number(key)], file), close: () => file.close() } };
}

interface Operator { readonly type: string; readonly inputs: readonly number[]; readonly outputs: readonly number[]; readonly options: FlatTable | null }

/** Several names stand for what was folded into one operator; the first is shown. */
const nameOf = (tensor: LiteTensor | undefined): string => tensor?.name.split(';')[0]?.replace(/:0$/, '') ?? '';
const trained = (type: string, position: number, tensor: LiteTensor): boolean => (isQuantised(tensor) || /float/.test(tensor.type?.dtype ?? '')) && trains(type, position, tensor.shape);

/** Constants that several operators train together: each is a layer of its own, so that there is one weight. */
function sharedConstants(operators: readonly Operator[], tensors: readonly LiteTensor[]): ReadonlySet<number> {
  const users = new Map<number, number>();
  for (const { type, inputs } of operators) {
    const own = new Set(inputs.filter((index, position) => { const tensor = tensors[index]; return tensor?.data != null && trained(type, position, tensor); }));
    for (const index of own) users.set(index, (users.get(index) ?? 0) + 1);
  }
  return new Set([...users].filter(([, count]) => count > 1).map(([index]) => index));
}

/** Operators whose results are elements of their input, on its grid. */
const moving = new Set(['MAX_POOL_2D', 'RESHAPE', 'SQUEEZE', 'EXPAND_DIMS', 'TRANSPOSE', 'SLICE', 'STRIDED_SLICE', 'SPLIT', 'SPLIT_V', 'GATHER', 'GATHER_ND', 'TILE', 'REVERSE_V2', 'UNPACK', 'REDUCE_MAX', 'REDUCE_MIN', 'RESIZE_NEAREST_NEIGHBOR', 'DEPTH_TO_SPACE', 'SPACE_TO_DEPTH', 'PAD', 'MIRROR_PAD']);

/** The grids of quantised results, and of the network's own inputs where an operator takes one. */
function grids(type: string, inputs: readonly (LiteTensor | undefined)[], outputs: readonly (LiteTensor | undefined)[]): JsonObject {
  const grid = (tensor: LiteTensor | undefined): JsonObject | null => (tensor === undefined || !isQuantised(tensor) || tensor.scales.length > 1 ? null : { type: tensor.type?.name ?? '', scale: tensor.scales[0] ?? 1, zero_point: tensor.zeros[0] ?? 0 });
  const [stored, given] = [moving.has(type) ? [] : outputs.map(grid), inputs.map(grid)];
  return {
    ...(stored.some((found) => found !== null) ? { quantization: stored.length === 1 ? stored[0] ?? null : stored } : {}),
    ...(given.some((found) => found !== null) ? { input_quantization: Object.fromEntries(given.flatMap((found, position) => (found === null ? [] : [[String(position), found]]))) } : {}),
  };
}

function tensorFrom(table: FlatTable, buffers: readonly FlatTable[]): LiteTensor {
  const shape = table.int32s(0).map((extent) => Math.max(0, extent));
  const signature = table.int32s(7);
  const quantization = table.table(4);
  const index = table.uint32(2);
  const buffer = buffers[index];
  const inside = index === 0 || buffer === undefined ? { start: 0, length: 0 } : buffer.vector(0, 1);
  // Models above 2 GB keep values behind the FlatBuffer.
  const behind = index === 0 || buffer === undefined || buffer.int64(1) <= 1 ? null : { start: buffer.int64(1), length: buffer.int64(2) };
  return {
    name: table.text(3), type: storedType(tensorTypes[table.int8(1)] ?? '') ?? null, shape,
    symbolic: shape.map((extent, axis) => (signature[axis] === -1 ? null : extent)),
    data: behind ?? (inside.length > 0 ? inside : null),
    scales: quantization?.float32s(2) ?? [], zeros: quantization?.int64s(3) ?? [], axis: quantization?.int32(6) ?? 0,
  };
}

const isQuantised = (tensor: LiteTensor): boolean => tensor.scales.length > 0 && tensor.type !== null && /^u?int/.test(tensor.type.name);

function weightOf(name: string, tensor: LiteTensor, key: string, trainable: boolean): Weight {
  const { type } = tensor;
  const dtype = isQuantised(tensor) || type === null ? 'float32' : type.dtype;
  return { name, key, dtype, shape: type === null ? tensor.shape : shownShape(type, tensor.shape), trainable, ...(trainable ? {} : { buffer: true }), initializer: null };
}

/** Multiply-adds of one example; kernels are (out, h, w, in), depthwise (1, h, w, out), dense (out, in). */
function macsOf(type: string, output: SymbolicShape | undefined, kernel: readonly number[] | undefined): number | null {
  const perExample = output === undefined ? null : product(output.slice(1));
  const factor = type === 'CONV_2D' || type === 'FULLY_CONNECTED' ? kernel?.slice(1) : type === 'DEPTHWISE_CONV_2D' ? kernel?.slice(1, 3) : null;
  if (factor === null) return 0;
  return perExample === null || factor === undefined ? null : perExample * sizeOf(factor);
}

async function read(tensor: LiteTensor | undefined, file: RangeFile): Promise<TensorValue> {
  if (tensor?.data == null || tensor.type === null) throw new Failure('weights.absent', `${file.label} holds no values of this tensor.`);
  const what = `Tensor ${displayName(tensor.name)}`;
  const needed = sizeOf(tensor.shape) * tensor.type.bytes;
  if (tensor.data.length !== needed) throw new Failure('tflite.values', `${what} of ${file.label} of shape (${tensor.shape.join(', ')}) needs ${needed} bytes, but the file has ${tensor.data.length}.`);
  const data = tensor.type.decode(await file.read(tensor.data.start, needed, what), false);
  if (!isQuantised(tensor)) return { dtype: tensor.type.dtype, shape: shownShape(tensor.type, tensor.shape), data };
  return { dtype: 'float32', shape: tensor.shape, data: dequantised(data, tensor) };
}

/** `scale * (q - zero)`, a scale for each index of the quantised axis or one for all. */
function dequantised(data: NumericArray, { shape, scales, zeros, axis }: LiteTensor): Float32Array {
  const inner = sizeOf(shape.slice(axis + 1));
  const channels = scales.length > 1 ? shape[axis] ?? 1 : 1;
  const values = new Float32Array(data.length);
  for (let index = 0; index < data.length; index += 1) {
    const channel = channels === 1 ? 0 : Math.floor(index / inner) % channels;
    values[index] = (scales[channel] ?? 0) * (Number(data[index]) - (zeros[channel] ?? zeros[0] ?? 0));
  }
  return values;
}
