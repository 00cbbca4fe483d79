/** ONNX models: the graph of ops with settings, shapes and weights; values are read by range, from beside the file too. https://onnx.ai/onnx/repo-docs/IR.html */
import { Failure } from '../../tensor/failure';
import type { OpenedNetwork, SymbolicShape } from '../../network/network';
import { checkLayers, displayName } from '../../network/order';
import { fileBeside } from '../containers/beside';
import { ProtoMessage, scanMessage } from '../containers/protobuf';
import type { FieldRange } from '../containers/protobuf';
import { openRanges } from '../containers/range-file';
import type { RangeFile } from '../containers/range-file';
import { networkOfOps } from '../graphs/op-graph';
import type { OpNode } from '../graphs/op-graph';
import { Scoped, statedShape } from './bodies';
import { GraphReader } from './graph-reader';
import { nodesOf } from './nodes';
import { isKnownOp } from './ops';
import { elementTypeName, sparseFrom, tensorAt } from './tensor';
import type { OnnxTensor } from './tensor';

/** Files beside the model that are looked for when it is opened. */
const mostFiles = 64;
const maximalNode = 512 * 2 ** 20;
/** Assumed of a file that names none. */
const newestOpset = 26;

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
  checkLayers(graph.get(1)?.length ?? 0);
  const messages = async (field: number): Promise<readonly ProtoMessage[]> => Promise.all((graph.get(field) ?? []).filter(({ wire }) => wire === 2).map(async (at) => new ProtoMessage(await bytesOf(at), label, at.start)));

  const tensors = new Scoped<OnnxTensor>();
  for (const at of graph.get(5) ?? []) { const tensor = await tensorAt(file, path, at); tensors.set(tensor.name, tensor); }
  for (const message of await messages(15)) { const tensor = sparseFrom(message, label, path); tensors.set(tensor.name, tensor); }
  const shapes = new Scoped<SymbolicShape>();
  const stated = await messages(11);
  for (const message of [...await messages(13), ...await messages(12), ...stated]) { const shape = statedShape(message); if (shape !== null) shapes.set(message.text(1), shape); }
  const inputs = stated.filter((message) => !tensors.has(message.text(1)));
  const types = new Map(inputs.map((message) => [message.text(1), elementTypeName(message.message(2).message(1).int(1))]));
  const outputs = (await messages(12)).map((message) => message.text(1));
  const [producer, version] = [await textAt(2), await textAt(3)];
  const opsets = await Promise.all((model.get(8) ?? []).map(async (at) => new ProtoMessage(await bytesOf(at), label, at.start)));
  const opset = opsets.filter((set) => ['', 'ai.onnx'].includes(set.text(1))).map((set) => set.int(2))[0];
  const functions = await Promise.all((model.get(25) ?? []).filter(({ wire }) => wire === 2).map(async (at) => new ProtoMessage(await bytesOf(at), label, at.start)));
  const convention = /keras|tf2onnx|tensorflow/i.test(producer) ? 'keras' : 'pytorch';
  const reader = new GraphReader({ label, path, opset: opset ?? newestOpset, convention, types, functions }, tensors, shapes);
  const written = nodesOf(await messages(1), functions, label);
  const nodes = await reader.nodes(written, outputs);
  const made = new Set(['', ...types.keys(), ...[...written, ...nodes].flatMap((node) => node.outputs)]);
  const loose = nodes.flatMap((node) => node.inputs.flatMap((input) => (typeof input !== 'string' || made.has(input) || tensors.has(input) ? [] : [`an op ${displayName(node.type)} takes a tensor '${displayName(input)}', which nothing in the file makes`])))[0];
  const viewOnly = loose === undefined ? undefined : `${label} can be looked at but not run: ${loose}.`;
  if (nodes.length === 0) throw new Failure('onnx.graph', `${label} is an ONNX model without ops.`);
  const network = networkOfOps({
    name: label, format: 'onnx', formatDetail: [opset === undefined ? '' : `opset ${opset}`, `${producer} ${version}`.trim()].filter((text) => text !== '').join(', '),
    convention, inputs: [...types.keys()], outputs, nodes, shapeOf: (tensor) => shapes.get(tensor),
    inputConfig: (tensor) => ({ dtype: types.get(tensor) ?? 'float32' }), knows: isKnownOp, ...(viewOnly === undefined ? {} : { viewOnly }), problems: [...await absentFiles(tensors, path), ...advice(nodes)],
  });
  return { network, weights: { read: (key) => reader.read(key), close: () => file.close() } };
}

/** A sentence for each file beside the model that is not there, or that must not be read. */
async function absentFiles(tensors: Scoped<OnnxTensor>, path: string): Promise<readonly string[]> {
  const names = new Set([...tensors.own.values()].flatMap((tensor) => (tensor?.beside === undefined ? [] : [tensor.beside])));
  const found = await Promise.all([...names].slice(0, mostFiles).map((name) => fileBeside(path, name).then(() => '', (error: unknown) => { if (error instanceof Failure) return error.message; throw error; })));
  return found.filter((sentence) => sentence !== '');
}

/** What to do about ops that nobody but their writer runs. */
const advice = (nodes: readonly OpNode[]): readonly string[] => (nodes.some(({ type }) => type.startsWith('com.microsoft.nchwc.'))
  ? ['onnxruntime has laid this file out for one kind of processor. A file that it saves with the optimisation level "extended", or the file before optimisation, can be run.'] : []);
