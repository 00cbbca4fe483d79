/** TensorFlow's ops whose results depend on what they find, pieces of images, counting, and random numbers from the run's seed. */
import { add, clone, denseBincount, equal, gather, image, mul, multinomial, randomNormal, randomUniform, reshape, scalar, scatterND, sum, tensor, tensor1d, truncatedNormal, where, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { LayerCallContext, LayerForward } from '../layer';
import { distinctRows, nonZeroPlaces, suppressed } from '../operations/searching';
import type { Box } from '../operations/searching';
import { integers, number, numbers, numeric, op, operand, optional, text } from './operands';
import { onGrid } from '../tflite/quantization';

/** A result found on the host, as a step of its own. */
export const found = (values: ArrayLike<number>, shape: number[], dtype: 'int32' | 'float32' = 'int32'): Tensor => clone(tensor(dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values), shape, dtype));

export const boxesOf = (x: Tensor): Box[] => { const data = x.dataSync(); return Array.from({ length: x.shape[0] ?? 0 }, (_, index): Box => [data[4 * index] ?? 0, data[4 * index + 1] ?? 0, data[4 * index + 2] ?? 0, data[4 * index + 3] ?? 0]); };

/** Inputs: boxes, scores, how many at most, then thresholds and sigma as the version has them. */
function suppression(call: LayerCallContext, version: 2 | 3 | 4 | 5): Tensor[] {
  const most = number(call, 2);
  const kept = suppressed(boxesOf(operand(call, 0)), operand(call, 1).dataSync(), { most, overlap: number(call, 3), score: version > 2 ? number(call, 4) : -Infinity, sigma: version === 5 ? number(call, 5) : 0, atLimit: true });
  const filled = (values: number[]): number[] => (call.config.pad_to_max_output_size === true ? [...values, ...Array<number>(most - values.length).fill(0)] : values);
  const [indices, scores] = [filled(kept.map(({ index }) => index)), filled(kept.map(({ score }) => score))];
  const count = found([kept.length], []);
  return [found(indices, [indices.length]), ...(version === 5 ? [found(scores, [scores.length], 'float32')] : []), ...(version > 3 ? [count] : [])];
}

/** Boxes of images in a size of their own; the boxes are read, so that the gradient is that by the image. */
function cropped(call: LayerCallContext): Tensor {
  const [x, boxes, owners, [rows = 1, columns = 1]] = [operand(call, 0), boxesOf(operand(call, 1)), numbers(call, 2), numbers(call, 3)];
  const [, height = 1, width = 1, channels = 1] = x.shape;
  const nearest = text(call, 'method', 'bilinear') === 'nearest';
  const places: number[] = [];
  const shares: number[] = [];
  const outside: number[] = [];
  const at = (low: number, high: number, index: number, count: number, extent: number): number => (count > 1 ? low * (extent - 1) + (index * (high - low) * (extent - 1)) / (count - 1) : 0.5 * (low + high) * (extent - 1));
  for (const [number, [top, left, bottom, right]] of boxes.entries()) for (let pixel = 0; pixel < rows * columns; pixel += 1) {
    const [y, z] = [at(top, bottom, Math.floor(pixel / columns), rows, height), at(left, right, pixel % columns, columns, width)];
    const there = y >= 0 && y <= height - 1 && z >= 0 && z <= width - 1;
    outside.push(there ? 0 : numeric(call, 'extrapolation_value', 0));
    const [y0, z0] = nearest ? [Math.round(y), Math.round(z)] : [Math.floor(y), Math.floor(z)];
    for (const [ty, sy] of [[y0, nearest ? 1 : 1 - (y - y0)], [y0 + 1, nearest ? 0 : y - y0]] as const) for (const [tz, sz] of [[z0, nearest ? 1 : 1 - (z - z0)], [z0 + 1, nearest ? 0 : z - z0]] as const) {
      places.push((owners[number] ?? 0) * height * width + Math.min(Math.max(ty, 0), height - 1) * width + Math.min(Math.max(tz, 0), width - 1));
      shares.push(there ? sy * sz : 0);
    }
  }
  const looked = mul(gather(reshape(x, [-1, channels]), tensor1d(Int32Array.from(places), 'int32')), tensor(Float32Array.from(shares), [shares.length, 1]));
  const made = add(sum(reshape(looked, [outside.length, 4, channels]), 1), tensor(Float32Array.from(outside), [outside.length, 1]));
  return reshape(made, [boxes.length, rows, columns, channels]);
}

/** Where each value would stand in the sorted row of its batch. */
const bound = (upper: boolean): LayerForward => op((call) => {
  const [rows, values] = [operand(call, 0), operand(call, 1)];
  const [length, count] = [rows.shape[1] ?? 0, values.shape[1] ?? 0];
  const [sorted, given] = [rows.dataSync(), values.dataSync()];
  return found(Array.from(given, (value, index) => { const row = sorted.subarray(Math.floor(index / count) * length, (Math.floor(index / count) + 1) * length); return Array.from(row).filter((one) => (upper ? one <= value : one < value)).length; }), [...values.shape]);
});

/** A tensor of one value with others put in at places. */
export function dense(places: Tensor, shape: number[], values: Tensor, fallback: Tensor): Tensor {
  const count = places.rank === 0 ? 1 : places.shape[0] ?? 1;
  const at = reshape(places, [count, places.rank < 2 ? 1 : places.shape[1] ?? 1]);
  const ones = (dtype: 'float32' | 'int32'): Tensor => tensor(dtype === 'int32' ? new Int32Array(count).fill(1) : new Float32Array(count).fill(1), [count], dtype);
  const put = scatterND(at, values.rank === 0 ? mul(values, ones(values.dtype === 'int32' ? 'int32' : 'float32')) : values, shape);
  return where(equal(scatterND(at, ones('float32'), shape), scalar(0)), add(zerosLike(put), fallback), put);
}

const seedOf = (call: LayerCallContext): number => call.seed('random') >>> 1;
const unique = op((call) => { const x = operand(call, 0); const { first, inverse } = distinctRows(x.dataSync(), x.size, false); return [gather(reshape(x, [x.size]), tensor1d(Int32Array.from(first), 'int32')), found(inverse, [x.size])]; });

export const searching: Readonly<Record<string, LayerForward>> = {
  NonMaxSuppressionV2: op((call) => suppression(call, 2)), NonMaxSuppressionV3: op((call) => suppression(call, 3)), NonMaxSuppressionV4: op((call) => suppression(call, 4)), NonMaxSuppressionV5: op((call) => suppression(call, 5)),
  Where: op((call) => { const x = operand(call, 0); const { count, places } = nonZeroPlaces(x.dataSync(), x.shape); return found(places, [count, x.rank]); }), Unique: unique, UniqueV2: unique,
  ListDiff: op((call) => { const [x, gone] = [operand(call, 0), new Set(operand(call, 1).dataSync())]; const kept = Array.from(x.dataSync()).flatMap((value, index) => (gone.has(value) ? [] : [index])); return [gather(x, tensor1d(Int32Array.from(kept), 'int32')), found(kept, [kept.length])]; }),
  LowerBound: bound(false), UpperBound: bound(true), SparseToDense: op((call) => dense(integers(operand(call, 0)), numbers(call, 1), operand(call, 2), operand(call, 3))), CropAndResize: op(cropped),
  ImageProjectiveTransformV3: op((call) => { const [height = 1, width = 1] = numbers(call, 2); const mode = text(call, 'fill_mode', 'CONSTANT').toLowerCase(); return image.transform(operand(call, 0) as Tensor4D, operand(call, 1) as Tensor2D, text(call, 'interpolation', 'NEAREST').toLowerCase() === 'bilinear' ? 'bilinear' : 'nearest', mode === 'reflect' || mode === 'wrap' || mode === 'nearest' ? mode : 'constant', optional(call, 3) === null ? 0 : number(call, 3), [height, width]); }),
  Bincount: op((call) => denseBincount(integers(operand(call, 0)) as Tensor1D, operand(call, 2) as Tensor1D, number(call, 1))), DenseBincount: op((call) => denseBincount(integers(operand(call, 0)) as Tensor1D, operand(call, 2) as Tensor1D, number(call, 1), call.config.binary_output === true)),
  FakeQuantWithMinMaxVars: op((call) => {
    const [low, high] = [number(call, 1), number(call, 2)];
    const least = call.config.narrow_range === true ? 1 : 0;
    const most = 2 ** numeric(call, 'num_bits', 8) - 1;
    const scale = (high - low) / (most - least);
    return onGrid(operand(call, 0), { scale, zero: Math.min(Math.max(Math.round(least - low / scale), least), most), least, most });
  }),
  RandomUniform: op((call) => randomUniform(numbers(call, 0), 0, 1, 'float32', seedOf(call))), RandomUniformInt: op((call) => randomUniform(numbers(call, 0), number(call, 1), number(call, 2), 'int32', seedOf(call))),
  RandomStandardNormal: op((call) => randomNormal(numbers(call, 0), 0, 1, 'float32', seedOf(call))), TruncatedNormal: op((call) => truncatedNormal(numbers(call, 0), 0, 1, 'float32', seedOf(call))),
  Multinomial: op((call) => multinomial(operand(call, 0) as Tensor2D, number(call, 1), seedOf(call), false)),
};
