/** Multiply-adds of the ops of files: of products with weights or between activations; elementwise work counts 0. A row for each op that has any. */
import { equivalents } from './onnx-equivalents';
import { operandsOf } from './operands';
import type { ExampleShape } from './example-sizes';
import type { JsonObject, Layer, Network } from './network';

/** A call with the shapes that one example has. */
interface Work {
  readonly config: JsonObject;
  /** By place; a weight has its whole shape. */
  readonly shapes: readonly (readonly number[] | null)[];
  readonly output: readonly number[];
}
/** Null where a shape is not known. */
type Row = (work: Work) => number | null;
type Table = Readonly<Record<string, Row>>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const rows = (names: string, row: Row): Table => Object.fromEntries(names.split(' ').map((name) => [name, row]));
/** Every element of the output takes as many as a part of its kernel has elements. */
const perOutput = (part: (kernel: readonly number[]) => readonly number[], place = 1): Row => ({ shapes, output }) => { const kernel = shapes[place] ?? null; return kernel === null ? null : sizeOf(output) * sizeOf(part(kernel)); };
/** … of the input, for what is transposed. */
const perInput = (input: number, part: (kernel: readonly number[]) => readonly number[]): Row => ({ shapes }) => { const [x, kernel] = [shapes[input] ?? null, shapes[1] ?? null]; return x === null || kernel === null ? null : sizeOf(x) * sizeOf(part(kernel)); };
const product = (turned: string): Row => ({ config, shapes: [a = null, b = null], output }) => {
  const on = config[turned] === true || config[turned] === 1, inner = a === null ? b?.at(-2) : a.at(on ? -2 : -1);
  return inner === undefined ? null : sizeOf(output) * inner;
};
/** All combinations of the letters' values; of one operand nothing is multiplied. */
const einsum: Row = ({ config, shapes }) => {
  const operands = (typeof config.equation === 'string' ? config.equation : '').replaceAll(' ', '').split('->')[0]?.split(',') ?? [], extents = new Map<string, number>();
  if (operands.length < 2) return 0;
  for (const [place, letters] of operands.entries()) {
    const shape = shapes[place] ?? null;
    if (shape?.length !== letters.length) return null;
    for (const [axis, letter] of [...letters].entries()) extents.set(letter, Math.max(extents.get(letter) ?? 0, shape[axis] ?? 1));
  }
  return sizeOf([...extents.values()]);
};
const sum = (shapes: readonly (readonly number[] | null)[]): number => shapes.reduce((all, shape) => all + (shape === null ? 0 : sizeOf(shape)), 0);
/** Each step multiplies all kernels. */
const recurrent = (steps: (work: Work) => number | undefined, kernels: (shapes: Work['shapes']) => Work['shapes']): Row => (work) => { const count = steps(work); return count === undefined ? null : count * sum(kernels(work.shapes)); };
/** Queries with keys, and their weights with values, each over all heads. */
const attention: Row = ({ shapes: [query = null, key = null, value = null] }) => {
  if (query === null || key === null || value === null) return null;
  const [heads, width] = query.length === 4 ? [query[1] ?? 1, query[3] ?? 1] : [1, query[2] ?? 1], widest = query.length === 4 ? value[3] ?? 1 : (value[2] ?? 1) * (width / (key[2] ?? 1));
  return heads * (query.at(-2) ?? 1) * (key.at(-2) ?? 1) * (width + widest);
};

/** onnxruntime's: one product makes queries, keys and values of an input [batch, steps, width]; or they come made, [batch, steps, heads · width]. */
const selfAttention: Row = ({ shapes: [x = null, kernel = null] }) => {
  const [steps = 1, width = 1] = x?.slice(-2) ?? [], made = kernel?.at(-1);
  return x === null || made === undefined ? null : steps * width * made + 2 * steps * steps * (made / 3);
};
const madeAttention: Row = ({ shapes: [query = null, key = null, value = null] }) => (
  query?.length !== 3 || key === null || value === null ? null : (query[1] ?? 1) * (key.at(-2) ?? 1) * ((query[2] ?? 1) + (value.length === 3 ? (value[2] ?? 1) * ((query[2] ?? 1) / (key[2] ?? 1)) : (value[1] ?? 1) * (value[3] ?? 1))));
/** [out, in] in blocks of few bits, whose real extents are settings. */
const packed: Row = ({ config: { K: inner }, output }) => (typeof inner === 'number' ? sizeOf(output) * inner : null);

const plainOnnx: Table = {
  Conv: perOutput((kernel) => kernel.slice(1)), ConvTranspose: perInput(0, (kernel) => kernel.slice(1)), Gemm: product('transA'), MatMul: product(''), Einsum: einsum, Attention: attention,
  ...rows('LSTM GRU RNN', recurrent(({ config, shapes: [x] }) => x?.[config.layout === 1 ? 1 : 0], (shapes) => shapes.slice(1, 3))),
};
const onnx: Table = {
  ...plainOnnx,
  ...Object.fromEntries(Object.entries(equivalents).flatMap(([name, { type, places }]) => { const row = plainOnnx[type]; return row === undefined ? [] : [[name, (work: Work) => row({ ...work, shapes: places.map((place) => work.shapes[place] ?? null) })]]; })),
  ...rows('com.microsoft.Attention com.microsoft.QAttention', selfAttention), ...rows('com.microsoft.MultiHeadAttention com.microsoft.GroupQueryAttention', madeAttention), 'com.microsoft.MatMulNBits': packed,
};
const tensorflow: Table = {
  ...rows('Conv2D Conv3D _FusedConv2D', perOutput((kernel) => kernel.slice(0, -1))), ...rows('DepthwiseConv2dNative DepthwiseConv2d FusedDepthwiseConv2dNative', perOutput((kernel) => kernel.slice(0, 2))),
  Conv2DBackpropInput: perInput(2, (kernel) => kernel.slice(0, 3)), ...rows('MatMul _FusedMatMul', product('transpose_a')), ...rows('BatchMatMul BatchMatMulV2', product('adj_x')), Einsum: einsum,
};
const tflite: Table = {
  CONV_2D: perOutput((kernel) => kernel.slice(1)), CONV_3D: perOutput((kernel) => kernel.slice(0, -1)), DEPTHWISE_CONV_2D: perOutput((kernel) => kernel.slice(1, 3)), TRANSPOSE_CONV: perInput(2, (kernel) => kernel.slice(0, 3)),
  FULLY_CONNECTED: perOutput((kernel) => kernel.slice(1)), BATCH_MATMUL: product('adj_x'),
  UNIDIRECTIONAL_SEQUENCE_LSTM: recurrent(({ config, shapes: [x] }) => x?.[config.time_major === true ? 0 : 1], (shapes) => [...shapes.slice(1, 9), shapes[16] ?? null]), UNIDIRECTIONAL_SEQUENCE_RNN: recurrent(({ config, shapes: [x] }) => x?.[config.time_major === true ? 0 : 1], (shapes) => shapes.slice(1, 3)),
};
const tables: Readonly<Record<string, Table>> = { onnx, tflite, 'tfjs-graph': tensorflow, 'saved-model': tensorflow, 'tensorflow-graph': tensorflow };

/** Multiply-adds of one example over all calls of a layer; null for formats whose ops are not known here, and where a shape is not. */
export function workOf({ format }: Network, layer: Layer, shapeOf: ExampleShape): number | null {
  const table = Object.hasOwn(tables, format) ? tables[format] : undefined;
  if (table === undefined) return null;
  const row = Object.hasOwn(table, layer.type) ? table[layer.type] : undefined;
  if (row === undefined) return 0;
  let all = 0;
  for (const [number, call] of layer.calls.entries()) {
    const output = shapeOf({ layer: layer.name, call: number, output: 0 });
    const shapes = operandsOf(layer, call, (ref) => shapeOf(ref) ?? undefined).map(({ shape }) => (shape === undefined || shape.includes(null) ? null : shape.map((extent) => extent ?? 0)));
    const macs = output === null ? null : row({ config: layer.config, shapes, output });
    if (macs === null) return null;
    all += macs;
  }
  return all;
}
