/** Convolution whose taps are moved by offsets that the network computes (Dai and others 2017), and weighed by a mask (Zhu and others 2019). */
import { add, cast, clipByValue, floor, gather, greaterEqual, lessEqual, logicalAnd, matMul, mul, reshape, slice, sub, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { floats, ints, misfit, numberOf, op, operand, optional } from './operands';
import { windowsOf } from './windows';

/** One side of the place that lies between two elements: where, and how much it counts; nothing outside the picture. */
function sides(place: Tensor, extent: number): { readonly at: Tensor; readonly share: Tensor }[] {
  const low = floor(place);
  const beyond = sub(place, low);
  return [[low, sub(1, beyond)] as const, [add(low, 1), beyond] as const].map(([at, share]) => ({
    at: clipByValue(at, 0, extent - 1), share: mul(share, cast(logicalAnd(greaterEqual(at, 0), lessEqual(at, extent - 1)), 'float32')),
  }));
}

/** Inputs: `x` `[batch, channels, height, width]`, weights `[filters, channels / group, …]`, offsets `[batch, offset groups · taps · 2, …]`, a bias and a mask. */
function deformable(call: LayerCallContext): Tensor {
  const [x, weights, offsets, bias, mask] = [floats(operand(call, 0)), operand(call, 1), floats(operand(call, 2)), optional(call, 3), optional(call, 4)];
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  if (x.rank !== 4) throw misfit(call, `gets an input of shape [${x.shape.join(', ')}]; it needs the axes of batch and channels and two of space`);
  const [filters = 1, depth = 1, ...kernel] = weights.shape;
  const [, columns = 1] = kernel;
  const [, , down = 1, across = 1] = offsets.shape;
  const [taps, places, own, groups] = [sizeOf(kernel), down * across, numberOf(call, 'offset_group', 1), numberOf(call, 'group', 1)];
  if (offsets.shape[1] !== own * taps * 2 || depth * groups !== channels || channels % own !== 0) throw misfit(call, `moves ${taps} taps of ${channels} channels by offsets of shape [${offsets.shape.join(', ')}]`);
  const { strides, dilations, pads } = windowsOf(call, [height, width], kernel);
  /** Where the taps would lie along an axis without offsets, `[1, taps, places]`. */
  const still = (axis: number): Tensor => tensor(Float32Array.from({ length: taps * places }, (_, index) => {
    const [tap, place] = [Math.floor(index / places), index % places];
    const [step, inside] = axis === 0 ? [Math.floor(place / across), Math.floor(tap / columns)] : [place % across, tap % columns];
    return step * (strides[axis] ?? 1) - (pads[axis]?.[0] ?? 0) + inside * (dilations[axis] ?? 1);
  }), [1, taps, places]);
  const pairs = reshape(offsets, [batch * own, taps, 2, places]);
  const moved = (axis: number): Tensor => add(reshape(slice(pairs, [0, 0, axis, 0], [batch * own, taps, 1, places]), [batch * own, taps, places]), still(axis));
  const rows = reshape(transpose(reshape(x, [batch * own, channels / own, height * width]), [0, 2, 1]), [batch * own * height * width, channels / own]);
  const first = tensor(Float32Array.from({ length: batch * own }, (_, index) => index * height * width), [batch * own, 1, 1]);
  const weight = mask === null ? null : reshape(floats(mask), [batch * own, taps, places]);
  const count = batch * own * taps * places;
  const corners = sides(moved(0), height).flatMap((y) => sides(moved(1), width).map((z) => {
    const share = mul(y.share, z.share);
    const found = gather(rows, ints(reshape(add(first, add(mul(y.at, width), z.at)), [count])));
    return mul(found, reshape(weight === null ? share : mul(share, weight), [count, 1]));
  }));
  const met = corners.reduce((sum, corner) => add(sum, corner));
  // Rows of what each place meets, in the order of the weights: channels, then taps.
  const inOrder = reshape(transpose(reshape(met, [batch, own, taps, places, channels / own]), [0, 3, 1, 4, 2]), [batch * places, groups, depth * taps]);
  const y = matMul(transpose(inOrder, [1, 0, 2]), reshape(weights, [groups, filters / groups, depth * taps]), false, true);
  const image = reshape(transpose(reshape(transpose(y, [1, 0, 2]), [batch, places, filters]), [0, 2, 1]), [batch, filters, down, across]);
  return bias === null ? image : add(image, reshape(bias, [filters, 1, 1]));
}

export const deformableOps = { DeformConv: op(deformable) } satisfies Readonly<Record<string, LayerForward>>;
