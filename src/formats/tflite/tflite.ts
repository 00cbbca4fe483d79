/** TFLite models: the graph of operators with shapes, settings and weights; quantised weights are shown as the numbers they stand for. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { NumericArray, TensorValue } from '../../tensor/value';
import { product } from '../../network/kinds/kind';
import type { OpenedNetwork, SymbolicShape, Weight } from '../../network/network';
import { displayName } from '../../network/order';
import { openRanges } from '../containers/range-file';
import type { RangeFile } from '../containers/range-file';
import { networkOfOps } from '../graphs/op-graph';
import type { OpNode } from '../graphs/op-graph';
import { shownShape, storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';
import { FlatTable, PagedBytes } from './flat-table';
import { operatorName, operatorSettings } from './operators';

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
  const used = new Set<number>();
  const nodes = graph.tables(3).map((table): OpNode => {
    const type = codes[table.uint32(0)] ?? 'UNKNOWN';
    const [inputs, outputs] = [table.int32s(1), table.int32s(2)];
    const weights = inputs.flatMap((index): readonly Weight[] => { const tensor = tensors[index]; if (tensor?.data == null || tensor.type === null) return []; const shared = used.has(index); used.add(index); return [weightOf(tensor, keyOf(index), shared)]; });
    const [output] = outputs;
    const result = tensors[output ?? -1];
    const kernel = tensors[inputs[1] ?? -1]?.shape;
    return {
      name: result === undefined ? '' : result.name.split(';')[0]?.replace(/:0$/, '') ?? '', type, config: operatorSettings(type, table.table(4)),
      inputs: inputs.map(keyOf), outputs: outputs.map(keyOf), weights: unlike(weights), macs: macsOf(type, result?.symbolic, kernel), detail: '',
    };
  });
  const network = networkOfOps({
    name: label, format: 'tflite', convention: 'keras', formatDetail: `version ${model.uint32(0)}`, nodes,
    inputs: graph.int32s(1).map(keyOf), outputs: graph.int32s(2).map(keyOf), shapeOf: (key) => tensors[Number(key)]?.symbolic,
    nameOf: (key) => tensors[Number(key)]?.name.replace(/:0$/, '') ?? key,
    viewOnly: `${label} can be looked at; running TFLite models is not built yet.`,
    problems: graphs.length > 1 ? [`${label} holds ${graphs.length} graphs; the first is shown.`] : [],
  });
  return { network, weights: { read: (key) => read(tensors[Number(key)], file), close: () => file.close() } };
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

function weightOf(tensor: LiteTensor, key: string, shared: boolean): Weight {
  const type = tensor.type;
  const quantised = isQuantised(tensor);
  const dtype = quantised || type === null ? 'float32' : type.dtype;
  const buffer = shared || !/float/.test(dtype);
  return { name: tensor.name.split(';')[0] ?? '', key, dtype, shape: type === null ? tensor.shape : shownShape(type, tensor.shape), trainable: !buffer, ...(buffer ? { buffer } : {}), initializer: null };
}

/** Names of one layer's weights must differ. */
function unlike(weights: readonly Weight[]): readonly Weight[] {
  const names = new Set<string>();
  return weights.map((weight) => { let { name } = weight; while (names.has(name)) name += '_'; names.add(name); return { ...weight, name }; });
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
