/**
 * Resize and Upsample: along one axis after the other, each a matrix that gives every new element as a weighted sum of old ones, so
 * that all modes, coordinates and their gradients are one thing. https://onnx.ai/onnx/operators/onnx__Resize.html
 */
import { gather, matMul, reshape, tensor1d, tensor2d, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { axisIn, floats, like, misfit, numberOf, numbersOf, op, operand, refuse, wordOf } from './operands';

interface Axis { readonly from: number; readonly to: number;
  /** Extent of the output before it is cut to a whole number. */
  readonly length: number; readonly scale: number; readonly start: number; readonly end: number }

/** Where new element `index` lies among the old ones. */
const coordinates: Readonly<Record<string, (index: number, axis: Axis) => number>> = {
  half_pixel: (index, { scale }) => (index + 0.5) / scale - 0.5,
  half_pixel_symmetric: (index, { from, to, scale }) => (from / 2) * (1 - to / (scale * from)) + (index + 0.5) / scale - 0.5,
  pytorch_half_pixel: (index, { to, scale }) => (to > 1 ? (index + 0.5) / scale - 0.5 : 0),
  align_corners: (index, { from, length }) => (length === 1 ? 0 : (index * (from - 1)) / (length - 1)),
  asymmetric: (index, { scale }) => index / scale,
  tf_crop_and_resize: (index, { from, to, start, end }) => (to > 1 ? start * (from - 1) + (index * (end - start) * (from - 1)) / (to - 1) : 0.5 * (start + end) * (from - 1)),
};

const nearest: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5), round_prefer_ceil: (place) => Math.floor(place + 0.5), floor: Math.floor, ceil: Math.ceil,
};

const linear = (distance: number): number => Math.max(0, 1 - Math.abs(distance));
/** Keys 1981. */
const cubic = (a: number) => (distance: number): number => {
  const x = Math.abs(distance);
  return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
};

/** `[to, from]`: the weights of each new element. `null` rows lie outside and take the extrapolation value. */
function weightsOf(call: LayerCallContext, axis: Axis, placeOf: (index: number, axis: Axis) => number, mode: string): number[][] {
  const kernel = mode === 'cubic' ? cubic(numberOf(call, 'cubic_coeff_a', -0.75)) : linear;
  const squeeze = numberOf(call, 'antialias', 0) === 1 ? Math.min(axis.scale, 1) : 1;
  const reach = (mode === 'cubic' ? 2 : 1) / squeeze;
  const outside = numberOf(call, 'exclude_outside', 0) === 1;
  return Array.from({ length: axis.to }, (_, index) => {
    const row = Array<number>(axis.from).fill(0);
    const place = placeOf(index, axis);
    let total = 0;
    for (let tap = Math.ceil(place - reach); tap <= Math.floor(place + reach); tap += 1) {
      if (outside && (tap < 0 || tap >= axis.from)) continue;
      const weight = kernel((tap - place) * squeeze);
      const at = Math.min(Math.max(tap, 0), axis.from - 1);
      row[at] = (row[at] ?? 0) + weight;
      total += weight;
    }
    return outside || squeeze < 1 ? row.map((weight) => weight / (total === 0 ? 1 : total)) : row;
  });
}

/** The matrix applied along one axis. */
function applied(x: Tensor, axis: number, rows: readonly (readonly number[])[]): Tensor {
  const from = x.shape[axis] ?? 1;
  const matrix = tensor2d(rows.flat(), [rows.length, from]);
  const outer = sizeOf(x.shape.slice(0, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const shape = x.shape.map((extent, other) => (other === axis ? rows.length : extent));
  if (inner === 1) return reshape(matMul(reshape(x, [outer, from]), matrix, false, true), shape);
  return reshape(transpose(reshape(matMul(matrix, reshape(transpose(reshape(x, [outer, from, inner]), [1, 0, 2]), [from, outer * inner])), [rows.length, outer, inner]), [1, 0, 2]), shape);
}

function resized(call: LayerCallContext): Tensor {
  const given = operand(call, 0);
  const x = floats(given);
  const axes = (numbersOf(call, 'axes') ?? x.shape.map((_, axis) => axis)).map((axis) => axisIn(call, axis, x.rank));
  const [sizes, scales, roi] = [numbersOf(call, 'sizes'), numbersOf(call, 'scales'), numbersOf(call, 'roi')];
  const wanted = sizes !== undefined && sizes.length > 0 ? sizes : undefined;
  const mode = wordOf(call, 'mode', 'nearest');
  const word = wordOf(call, 'coordinate_transformation_mode', 'half_pixel');
  const placeOf = coordinates[word];
  const rounded = nearest[wordOf(call, 'nearest_mode', 'round_prefer_floor')];
  if (placeOf === undefined || rounded === undefined || (mode !== 'nearest' && mode !== 'linear' && mode !== 'cubic')) throw refuse(call, `resizes by '${mode}' with '${word}'`);
  if (wanted === undefined && (scales?.length ?? 0) === 0) throw misfit(call, 'has neither sizes nor scales');
  const policy = wordOf(call, 'keep_aspect_ratio_policy', 'stretch');
  const ratios = axes.map((axis, index) => (wanted?.[index] ?? 1) / (x.shape[axis] ?? 1));
  const ratio = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return like(axes.reduce<Tensor>((tensor, axis, index) => {
    const from = tensor.shape[axis] ?? 1;
    const cut = word === 'tf_crop_and_resize';
    const [start, end] = cut ? [roi?.[index] ?? 0, roi?.[index + axes.length] ?? 1] : [0, 1];
    const scale = wanted === undefined ? scales?.[index] ?? 1 : policy === 'stretch' ? (wanted[index] ?? from) / from : ratio;
    const to = wanted === undefined ? Math.floor(Math.fround(from * (end - start) * scale)) : policy === 'stretch' ? wanted[index] ?? from : Math.round(from * ratio);
    const along: Axis = { from, to, length: wanted === undefined ? from * (end - start) * scale : to, scale, start, end };
    if (to === from && scale === 1 && !cut) return tensor;
    if (cut && Array.from({ length: to }, (_, place) => placeOf(place, along)).some((place) => place < 0 || place > from - 1)) throw refuse(call, 'looks outside its input');
    if (mode === 'nearest') return gather(tensor, tensor1d(Array.from({ length: to }, (_, place) => Math.min(Math.max(rounded(placeOf(place, along)), 0), from - 1)), 'int32'), axis);
    return applied(tensor, axis, weightsOf(call, along, placeOf, mode));
  }, x), given.dtype);
}

export const resizingOps = { Resize: op(resized), Upsample: op(resized) } satisfies Readonly<Record<string, LayerForward>>;
