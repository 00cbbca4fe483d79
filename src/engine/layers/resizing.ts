/** Pictures at another size, as Keras on TensorFlow computes it: nearest, bilinear, and bicubic after Keys 1981. */
import { image, matMul, reshape, tensor2d, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { Failure } from '../../tensor/failure';
import type { LayerCallContext } from './layer';
import { repeatAlong } from './operations/repeating';

export const interpolations = ['nearest', 'bilinear', 'bicubic'] as const;

/** TensorFlow looks its coefficients up in a table of so many steps. */
const steps = 1024;
const near = (x: number): number => (1.5 * x - 2.5) * x * x + 1;
const far = (x: number): number => ((-0.5 * x + 2.5) * x - 4) * x + 2;

/** `[to, from]`: each new element as a sum of four old ones; those outside count nothing, and the rest sums to one. */
function cubicRows(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, index) => {
    const place = Math.fround((index + 0.5) * Math.fround(from / to) - 0.5);
    const start = Math.floor(place);
    const offset = Math.round((place - start) * steps) / steps;
    const taps = [far(1 + offset), near(offset), near(1 - offset), far(2 - offset)];
    const row = Array<number>(from).fill(0);
    for (const [tap, weight] of taps.entries()) if (start - 1 + tap >= 0 && start - 1 + tap < from) row[start - 1 + tap] = weight;
    const total = row.reduce((sum, weight) => sum + weight, 0);
    return row.map((weight) => weight / total);
  });
}

/** `[batch, height, width, channels]` along height (1) or width (2) by a matrix. */
function along(x: Tensor, axis: 1 | 2, rows: readonly (readonly number[])[]): Tensor {
  const order = axis === 1 ? [1, 0, 2, 3] : [2, 0, 1, 3];
  const turned = transpose(x, order);
  const [extent = 1, ...rest] = turned.shape;
  const made = matMul(tensor2d(rows.flat(), [rows.length, extent]), reshape(turned, [extent, -1]));
  return transpose(reshape(made, [rows.length, ...rest]), axis === 1 ? [1, 0, 2, 3] : [1, 2, 0, 3]);
}

/** `[batch, height, width, channels]` at another size. Keras samples at the pixels' middles, tfjs-layers at their corners. @throws Failure `layer.setting` */
export function resizedTo(call: LayerCallContext, x: Tensor, size: [number, number], how: string): Tensor {
  const [height, width] = size;
  const centers = call.convention !== 'tfjs';
  const [rows = 1, columns = 1] = x.shape.slice(1);
  switch (how) {
    case 'nearest':
      if (centers && height % rows === 0 && width % columns === 0) return repeatAlong(repeatAlong(x, 1, height / rows), 2, width / columns);
      return image.resizeNearestNeighbor(x as Tensor4D, size, false, centers);
    case 'bilinear': return image.resizeBilinear(x as Tensor4D, size, false, centers);
    case 'bicubic': return along(along(x, 1, cubicRows(rows, height)), 2, cubicRows(columns, width));
    default: throw new Failure('layer.setting', `Layer '${call.path}' (${call.type}) resizes by '${how}'; Backstep has ${interpolations.join(', ')}.`);
  }
}
