/** One and the same small network as the op graphs of three formats and with its answers worked out by hand: every method says the same of each. */
import assert from 'node:assert/strict';
import { openBackend } from '../../../src/engine/backend/backend';
import { topExamples } from '../../../src/engine/attribution/examples';
import { maximise } from '../../../src/engine/attribution/maximisation';
import { methods } from '../../../src/engine/attribution/methods';
import { valueFrom } from '../../../src/engine/attribution/subject';
import type { Subject } from '../../../src/engine/attribution/subject';
import { createRandom } from '../../../src/engine/data/random';
import { networkOfOps } from '../../../src/formats/graphs/op-graph';
import type { OpInput, OpNode } from '../../../src/formats/graphs/op-graph';
import type { FormatId } from '../../../src/network/format-titles';
import type { Convention, Weight } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';

const [size, channels, filters, classes] = [6, 2, 3, 2];
const random = createRandom(9, 'formats');
/** Kernel [3, 3, in, out] without padding, then the mean over all places, then a product. */
const kernel = valueFrom([3, 3, channels, filters], () => random.normal()), dense = valueFrom([filters, classes], () => random.normal());
const image = valueFrom([1, size, size, channels], () => random.normal());

/** A value with its axes in another order. */
function turned({ shape, data }: TensorValue, perm: readonly number[]): TensorValue {
  const to = perm.map((axis) => shape[axis] ?? 1), from = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return valueFrom(to, (i) => {
    let rest = i, place = 0;
    for (let axis = to.length - 1; axis >= 0; axis -= 1) { place += (rest % (to[axis] ?? 1)) * (from[perm[axis] ?? 0] ?? 0); rest = Math.floor(rest / (to[axis] ?? 1)); }
    return Number(data[place]);
  });
}

const weight = (name: string, value: TensorValue): Weight => ({ name, key: name, shape: value.shape, dtype: value.dtype, trainable: true, initializer: null });
const ints = (...data: readonly number[]): TensorValue => ({ dtype: 'int32', shape: [data.length], data: Int32Array.from(data) });
const named = (name: string): OpInput => ({ kind: 'value', value: name });

interface Format { readonly format: FormatId; readonly convention: Convention; readonly first: boolean; readonly nodes: readonly { readonly type: string; readonly name: string; readonly config?: OpNode['config']; readonly weights?: readonly (readonly [string, TensorValue])[]; readonly before?: readonly OpInput[] }[] }
const formats: readonly Format[] = [
  { format: 'onnx', convention: 'pytorch', first: true, nodes: [
    { type: 'Conv', name: 'maps', config: { kernel_shape: [3, 3] }, weights: [['weight', turned(kernel, [3, 2, 0, 1])]] }, { type: 'GlobalAveragePool', name: 'mean' }, { type: 'Flatten', name: 'flat' }, { type: 'Gemm', name: 'scores', weights: [['weight', dense]] },
  ] },
  { format: 'tflite', convention: 'keras', first: false, nodes: [
    { type: 'CONV_2D', name: 'maps', config: { padding: 'valid', strides: [1, 1] }, weights: [['kernel', turned(kernel, [3, 0, 1, 2])]] }, { type: 'MEAN', name: 'mean', weights: [['axis', ints(1, 2)]] }, { type: 'FULLY_CONNECTED', name: 'scores', weights: [['kernel', turned(dense, [1, 0])]] },
  ] },
  { format: 'tfjs-graph', convention: 'tfjs', first: false, nodes: [
    { type: 'Conv2D', name: 'maps', config: { padding: 'VALID', strides: [1, 1, 1, 1], data_format: 'NHWC' }, weights: [['kernel', kernel]] }, { type: 'Mean', name: 'mean', config: { keep_dims: false }, weights: [['axis', ints(1, 2)]] }, { type: 'MatMul', name: 'scores', weights: [['kernel', dense]] },
  ] },
];

async function subjectOf({ format, convention, first, nodes }: Format): Promise<Subject> {
  const values = new Map(nodes.flatMap(({ name, weights = [] }) => weights.map(([own, value]) => [`${name}/${own}`, value] as const)));
  const shapes = new Map<string, readonly number[]>([['x', first ? [1, channels, size, size] : [1, size, size, channels]]]);
  const network = networkOfOps({
    name: format, format, formatDetail: '', convention, inputs: ['x'], outputs: [nodes.at(-1)?.name ?? ''], shapeOf: (tensor) => shapes.get(tensor), problems: [],
    nodes: nodes.map(({ type, name, config = {}, weights = [] }, index): OpNode => ({ name, type, config, inputs: [nodes[index - 1]?.name ?? 'x', ...weights.map(([own]) => named(own))], outputs: [name], weights: weights.map(([own, value]) => weight(own, value)), detail: '' })),
  });
  return { network, convention, backend: await openBackend('wasm'), weights: values };
}

/** Values in the layout of the test: rows, columns, channels. */
const plain = (first: boolean, value: TensorValue): number[] => [...(first && value.shape.length === 4 && value.shape[1] === channels ? turned(value, [0, 2, 3, 1]) : value).data].map(Number);
const close = (actual: readonly number[], expected: readonly number[], tolerance = 1e-4): void => { assert.equal(actual.length, expected.length); actual.forEach((value, i) => { assert.ok(Math.abs(value - (expected[i] ?? NaN)) <= tolerance * Math.max(1, Math.abs(expected[i] ?? 0)), `${i}: ${value}, expected ${expected[i]}`); }); };

/** The network by hand, in double precision. */
const inner = size - 2;
const at = (value: TensorValue, index: readonly number[]): number => Number(value.data[index.reduce((place, own, axis) => place * (value.shape[axis] ?? 1) + own, 0)]);
const map = (x: TensorValue, row: number, column: number, filter: number): number => { let sum = 0; for (let dy = 0; dy < 3; dy += 1) for (let dx = 0; dx < 3; dx += 1) for (let c = 0; c < channels; c += 1) sum += at(x, [0, row + dy, column + dx, c]) * at(kernel, [dy, dx, c, filter]); return sum; };
function scoreOf(x: TensorValue, unit: number): number {
  let sum = 0;
  for (let k = 0; k < filters; k += 1) for (let row = 0; row < inner; row += 1) for (let column = 0; column < inner; column += 1) sum += (at(dense, [k, unit]) * map(x, row, column, k)) / inner ** 2;
  return sum;
}
/** d score / d x: the kernels that lie over a place, weighted by their filters' part in the mean. */
function gradientAt(row: number, column: number, c: number, unit: number): number {
  let sum = 0;
  for (let k = 0; k < filters; k += 1) for (let dy = 0; dy < 3; dy += 1) for (let dx = 0; dx < 3; dx += 1) if (row - dy >= 0 && row - dy < inner && column - dx >= 0 && column - dx < inner) sum += (at(dense, [k, unit]) * at(kernel, [dy, dx, c, k])) / inner ** 2;
  return sum;
}
const places = Array.from({ length: size * size * channels }, (_, i) => [Math.floor(i / (size * channels)), Math.floor(i / channels) % size, i % channels] as const);

describe('What a network looks at, whatever format it came in', () => {
  for (const format of formats) {
    const { first } = format, unit = 1, target = { layer: null, index: [unit] };
    const options = { channelAxis: first ? 1 : 3, mapsChannelAxis: first ? 1 : 3 };
    let subject: Subject;
    const x = first ? turned(image, [0, 3, 1, 2]) : image;
    before(async () => { subject = await subjectOf(format); });

    it(`${format.format}: gradients, their products with the input and those gathered from zero are those of the sums written out`, async () => {
      const gradient = places.map(([row, column, c]) => gradientAt(row, column, c, unit));
      close(plain(first, (await methods.saliency.run(subject, [x], target, options)).map), gradient.map(Math.abs));
      const product = places.map((index, i) => (gradient[i] ?? 0) * at(image, [0, ...index]));
      close(plain(first, (await methods.gradientTimesInput.run(subject, [x], target, options)).map), product);
      const gathered = await methods.integratedGradients.run(subject, [x], target, { ...options, steps: 4 });
      // A linear network has the same gradient everywhere.
      close(plain(first, gathered.map), product);
      close([gathered.score], [scoreOf(image, unit)]);
    });

    it(`${format.format}: Grad-CAM is the maps in the weights of the last product, as far as they speak for the unit`, async () => {
      const { map: found } = await methods.gradCam.run(subject, [x], target, { ...options, layer: 'maps' });
      assert.deepEqual(found.shape, [1, size, size, 1]);
      const coarse = (row: number, column: number): number => { let sum = 0; for (let k = 0; k < filters; k += 1) sum += (at(dense, [k, unit]) / inner ** 2) * map(image, row, column, k); return Math.max(0, sum); };
      // Bilinear, with pixels' middles on pixels' middles and the border repeated.
      const clip = (place: number): number => Math.min(inner - 1, Math.max(0, place));
      const expected = Array.from({ length: size * size }, (_, i) => {
        const [y, px] = [((Math.floor(i / size) + 0.5) * inner) / size - 0.5, (((i % size) + 0.5) * inner) / size - 0.5], [top, left] = [Math.floor(y), Math.floor(px)];
        const mix = (row: number): number => (1 - (px - left)) * coarse(clip(row), clip(left)) + (px - left) * coarse(clip(row), clip(left + 1));
        return (1 - (y - top)) * mix(top) + (y - top) * mix(top + 1);
      });
      close([...found.data].map(Number), expected);
      assert.ok(expected.some((value) => value > 0));
    });

    it(`${format.format}: occlusion is the fall of the score under each patch`, async () => {
      const { map: found } = await methods.occlusion.run(subject, [x], target, { ...options, patch: 2 });
      const grey = [...image.data].reduce<number>((sum, value) => sum + Number(value), 0) / image.data.length, whole = scoreOf(image, unit);
      const falls = new Float64Array(size * size), counts = new Float64Array(size * size);
      for (let top = 0; top <= size - 2; top += 1) {
        for (let left = 0; left <= size - 2; left += 1) {
          const hidden = (row: number, column: number): boolean => row >= top && row < top + 2 && column >= left && column < left + 2;
          const covered = valueFrom(image.shape, (i) => { const [row, column] = [Math.floor(i / (size * channels)), Math.floor(i / channels) % size]; return hidden(row, column) ? grey : Number(image.data[i]); });
          const fall = whole - scoreOf(covered, unit);
          for (let i = 0; i < size * size; i += 1) if (hidden(Math.floor(i / size), i % size)) { falls[i] = (falls[i] ?? 0) + fall; counts[i] = (counts[i] ?? 0) + 1; }
        }
      }
      assert.deepEqual(found.shape, [1, size, size, 1]);
      close([...found.data].map(Number), [...falls].map((value, i) => value / (counts[i] ?? 1)), 1e-3);
    });

    it(`${format.format}: the input that a filter answers to most is its kernel laid over all places; the top examples are those with the largest value`, async () => {
      const filter = 2, wanted = { layer: 'maps', index: [filter], channelAxis: options.mapsChannelAxis };
      const { input } = await maximise(subject, x.shape, wanted, { steps: 80, seed: 2 });
      const direction = places.map(([row, column, c]) => { let sum = 0; for (let dy = 0; dy < 3; dy += 1) for (let dx = 0; dx < 3; dx += 1) if (row - dy >= 0 && row - dy < inner && column - dx >= 0 && column - dx < inner) sum += at(kernel, [dy, dx, c, filter]); return sum; });
      const made = plain(first, input), dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
      assert.ok(dot(made, direction) / Math.sqrt(dot(made, made) * dot(direction, direction)) > 0.999);
      const many = valueFrom([12, size, size, channels], () => random.normal()), each = size * size * channels;
      const largest = Array.from({ length: 12 }, (_, n) => { const one = valueFrom([1, size, size, channels], (i) => Number(many.data[n * each + i])); let best = { value: -Infinity, position: [0, 0] }; for (let row = 0; row < inner; row += 1) for (let column = 0; column < inner; column += 1) { const value = map(one, row, column, filter); if (value > best.value) best = { value, position: [row, column] }; } return { example: n, ...best }; }).sort((a, b) => b.value - a.value).slice(0, 3);
      const found = await topExamples(subject, [first ? turned(many, [0, 3, 1, 2]) : many], 'maps', filter, { count: 3, batchSize: 5, channelAxis: options.mapsChannelAxis });
      assert.deepEqual(found.map(({ example, position }) => [example, position]), largest.map(({ example, position }) => [example, position]));
      close(found.map(({ value }) => value), largest.map(({ value }) => value));
    });
  }
});
