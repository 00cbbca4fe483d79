/** TensorFlow's ops that move, make and measure: shapes, slices, joins, gathers, padding, resizing, constants. */
import {
  batchToSpaceND, broadcastTo, concat, depthToSpace, expandDims, fill, gather, gatherND, image, linspace, mirrorPad, oneHot, pad, range, reshape, reverse, scatterND, slice, spaceToBatchND, split, squeeze, stack,
  stridedSlice, tensor, tensorScatterUpdate, tile, transpose, unstack, where,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { stopGradient } from '../operations/operations';
import { axes, flag, integers, list, number, numbers, numeric, op, operand, operands, text, truths } from './operands';

const pairs = (flat: readonly number[]): [number, number][] => Array.from({ length: flat.length / 2 }, (_, axis) => [flat[2 * axis] ?? 0, flat[2 * axis + 1] ?? 0]);
const oneAxis = (call: LayerCallContext, axis: number, rank: number): number => axes(call, [axis], rank)[0] ?? 0;
const same = op((call) => operand(call, 0));
const ints = (values: readonly number[], shape: number[]): Tensor => tensor(Int32Array.from(values), shape, 'int32');

/** Joins along an axis; scalars and vectors of whole numbers too, from which shapes are put together. */
export function joined(call: LayerCallContext, parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  return concat([...parts], oneAxis(call, axis, first?.rank ?? 0));
}

/** Inverse of depthToSpace, from moves that can be differentiated: squares of pixels become channels. */
export function spaceToDepth(x: Tensor, block: number): Tensor {
  const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
  const squares = reshape(x, [batch, height / block, block, width / block, block * channels]);
  return reshape(transpose(squares, [0, 1, 3, 2, 4]), [batch, height / block, width / block, block * block * channels]);
}

const resizing = (run: typeof image.resizeBilinear): LayerForward => op((call) => {
  const [height = 1, width = 1] = numbers(call, 1);
  return run(operand(call, 0) as Tensor4D, [height, width], flag(call, 'align_corners'), flag(call, 'half_pixel_centers'));
});

/** Padding by zeros or by one number, with a gradient for both. */
export function paddedBy(x: Tensor, around: [number, number][], value: number): Tensor {
  return x.rank === 0 ? x : pad(x, around, value);
}

const shapeOf = (x: Tensor): Tensor => ints(x.shape, [x.rank]);
const gathering = (axisAt: number | null): LayerForward => op((call) => {
  const x = operand(call, 0);
  const batch = numeric(call, 'batch_dims', 0);
  const axis = axisAt === null ? 0 : oneAxis(call, number(call, axisAt), x.rank);
  const indices = integers(operand(call, 1));
  return gather(x, indices, axis, batch < 0 ? batch + indices.rank : batch);
});

export const arrangement: Readonly<Record<string, LayerForward>> = {
  Identity: same, Snapshot: same, StopGradient: op((call) => stopGradient(operand(call, 0))), PreventGradient: same, PlaceholderWithDefault: same, Print: same, CheckNumerics: same, EnsureShape: same, IdentityN: op((call) => operands(call)),
  // Backstep's own: a constant that several ops share.
  Const: op((call) => call.weight('value')),
  Shape: op((call) => shapeOf(operand(call, 0))), ShapeN: op((call) => operands(call).map(shapeOf)), Rank: op((call) => ints([operand(call, 0).rank], [])), Size: op((call) => ints([operand(call, 0).size], [])),
  Reshape: op((call) => reshape(operand(call, 0), numbers(call, 1))),
  Squeeze: op((call) => { const x = operand(call, 0); const gone = [...list(call, 'squeeze_dims'), ...list(call, 'axis')]; return squeeze(x, gone.length === 0 ? undefined : axes(call, gone, x.rank)); }),
  ExpandDims: op((call) => { const x = operand(call, 0); return expandDims(x, oneAxis(call, number(call, 1), x.rank + 1)); }),
  Transpose: op((call) => transpose(operand(call, 0), numbers(call, 1))),
  ConcatV2: op((call) => joined(call, operands(call, 0, call.args.length - 1), number(call, call.args.length - 1))), Concat: op((call) => joined(call, operands(call, 1), number(call, 0))),
  Pack: op((call) => { const parts = operands(call); return stack(parts, oneAxis(call, numeric(call, 'axis', 0), (parts[0]?.rank ?? 0) + 1)); }),
  Unpack: op((call) => { const x = operand(call, 0); return unstack(x, oneAxis(call, numeric(call, 'axis', 0), x.rank)); }),
  Split: op((call) => { const x = operand(call, 1); return split(x, numeric(call, 'num_split', 1), oneAxis(call, number(call, 0), x.rank)); }),
  SplitV: op((call) => {
    const x = operand(call, 0);
    const axis = oneAxis(call, number(call, 2), x.rank);
    const sizes = numbers(call, 1);
    const rest = (x.shape[axis] ?? 0) - sizes.filter((size) => size >= 0).reduce((sum, size) => sum + size, 0);
    return split(x, sizes.map((size) => (size < 0 ? rest : size)), axis);
  }),
  Slice: op((call) => {
    const x = operand(call, 0);
    const begin = numbers(call, 1);
    return slice(x, begin, numbers(call, 2).map((size, axis) => (size < 0 ? (x.shape[axis] ?? 0) - (begin[axis] ?? 0) : size)));
  }),
  StridedSlice: op((call) => stridedSlice(operand(call, 0), numbers(call, 1), numbers(call, 2), numbers(call, 3), numeric(call, 'begin_mask', 0), numeric(call, 'end_mask', 0), numeric(call, 'ellipsis_mask', 0), numeric(call, 'new_axis_mask', 0), numeric(call, 'shrink_axis_mask', 0))),
  Tile: op((call) => tile(operand(call, 0), numbers(call, 1))), BroadcastTo: op((call) => broadcastTo(operand(call, 0), numbers(call, 1))),
  BroadcastArgs: op((call) => { const [a, b] = [numbers(call, 0), numbers(call, 1)]; const rank = Math.max(a.length, b.length); const at = (shape: number[], axis: number): number => shape[axis - rank + shape.length] ?? 1; const shape = Array.from({ length: rank }, (_, axis) => (at(a, axis) === 1 ? at(b, axis) : at(a, axis))); return ints(shape, [rank]); }),
  Gather: gathering(null), GatherV2: gathering(2), ResourceGather: gathering(null), GatherNd: op((call) => gatherND(operand(call, 0), integers(operand(call, 1)))),
  ScatterNd: op((call) => scatterND(integers(operand(call, 0)), operand(call, 1), numbers(call, 2))), TensorScatterUpdate: op((call) => tensorScatterUpdate(operand(call, 0), integers(operand(call, 1)), operand(call, 2))),
  Reverse: op((call) => { const x = operand(call, 0); return reverse(x, numbers(call, 1).flatMap((turned, axis) => (turned === 0 ? [] : [axis]))); }), ReverseV2: op((call) => { const x = operand(call, 0); return reverse(x, axes(call, numbers(call, 1), x.rank)); }),
  Pad: op((call) => paddedBy(operand(call, 0), pairs(numbers(call, 1)), 0)), PadV2: op((call) => paddedBy(operand(call, 0), pairs(numbers(call, 1)), number(call, 2))),
  MirrorPad: op((call) => mirrorPad(operand(call, 0), pairs(numbers(call, 1)), text(call, 'mode', 'REFLECT') === 'SYMMETRIC' ? 'symmetric' : 'reflect')),
  SpaceToBatchND: op((call) => spaceToBatchND(operand(call, 0), numbers(call, 1), pairs(numbers(call, 2)))), BatchToSpaceND: op((call) => batchToSpaceND(operand(call, 0), numbers(call, 1), pairs(numbers(call, 2)))),
  DepthToSpace: op((call) => {
    const first = text(call, 'data_format', 'NHWC') === 'NCHW';
    const x = operand(call, 0);
    const y = depthToSpace((first ? toChannelsLast(x) : x) as Tensor4D, numeric(call, 'block_size', 1), 'NHWC');
    return first ? toChannelsFirst(y) : y;
  }),
  SpaceToDepth: op((call) => spaceToDepth(operand(call, 0), numeric(call, 'block_size', 1))),
  ResizeBilinear: resizing(image.resizeBilinear), ResizeNearestNeighbor: resizing(image.resizeNearestNeighbor),
  Fill: op((call) => { const value = operand(call, 1); return filled(call, numbers(call, 0), Number(value.dataSync()[0]), value.dtype === 'int32' ? 'int32' : 'float32'); }),
  Range: op((call) => range(number(call, 0), number(call, 1), number(call, 2), operand(call, 0).dtype === 'int32' ? 'int32' : 'float32')), LinSpace: op((call) => linspace(number(call, 0), number(call, 1), number(call, 2))),
  OneHot: op((call) => {
    const [indices, on, off] = [integers(operand(call, 0)), operand(call, 2), operand(call, 3)];
    const last = where(truths(oneHot(indices as Tensor4D, number(call, 1))), on, off);
    const axis = numeric(call, 'axis', -1);
    const order = last.shape.map((_, at) => at);
    return axis < 0 || axis === last.rank - 1 ? last : transpose(last, [...order.slice(0, axis), last.rank - 1, ...order.slice(axis, -1)]);
  }),
};

function filled(call: LayerCallContext, shape: number[], value: number, dtype: 'float32' | 'int32'): Tensor {
  if (sizeOf(shape) > 2 ** 28) throw new Failure('op.size', `Op '${call.path}' (${call.type}) would make a tensor of shape [${shape.join(', ')}], which is too large.`);
  return fill(shape, value, dtype);
}
