/** TFLite's operators that move, cut, join and make tensors. */
import {
  batchToSpaceND, broadcastTo, depthToSpace, expandDims, fill, gather, gatherND, image, mirrorPad, oneHot, range, reshape, reverse, slice, spaceToBatchND, split, squeeze, stack, stridedSlice, tensor, tile, transpose, unstack, where,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { joined, paddedBy, spaceToDepth } from '../tensorflow/arrangement';
import { axes, flag, integers, list, number, numbers, numeric, operand, operands, optional, text, truths } from '../tensorflow/operands';
import { activated, operator } from './operator';

const pairs = (flat: readonly number[]): [number, number][] => Array.from({ length: flat.length / 2 }, (_, axis) => [flat[2 * axis] ?? 0, flat[2 * axis + 1] ?? 0]);
const oneAxis = (call: LayerCallContext, axis: number, rank: number): number => axes(call, [axis], rank)[0] ?? 0;
const ints = (values: readonly number[], shape: number[]): Tensor => tensor(Int32Array.from(values), shape, 'int32');

/** The shape that the operator or its input says. A file made for one example has 1 where the batch belongs. */
function reshaped(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const shape = optional(call, 1) === null ? list(call, 'new_shape') : numbers(call, 1);
  const batch = x.shape[0] ?? 1;
  return reshape(x, shape[0] === 1 && !shape.includes(-1) && sizeOf(shape) !== x.size && sizeOf(shape) * batch === x.size ? [batch, ...shape.slice(1)] : shape);
}

const resizing = (run: typeof image.resizeBilinear): LayerForward => operator((call) => {
  const [height = 1, width = 1] = numbers(call, 1);
  return run(operand(call, 0) as Tensor4D, [height, width], flag(call, 'align_corners'), flag(call, 'half_pixel_centers'));
});

export const shaping: Readonly<Record<string, LayerForward>> = {
  // Backstep's own: a constant that several operators share.
  CONST: operator((call) => call.weight('value')),
  RESHAPE: operator(reshaped),
  SQUEEZE: operator((call) => { const x = operand(call, 0); const gone = list(call, 'squeeze_dims'); return squeeze(x, gone.length === 0 ? undefined : axes(call, gone, x.rank)); }),
  EXPAND_DIMS: operator((call) => { const x = operand(call, 0); return expandDims(x, oneAxis(call, number(call, 1), x.rank + 1)); }),
  TRANSPOSE: operator((call) => transpose(operand(call, 0), numbers(call, 1))), CONCATENATION: operator((call) => activated(call, joined(call, operands(call), numeric(call, 'axis', 0)))),
  PACK: operator((call) => { const parts = operands(call); return stack(parts, oneAxis(call, numeric(call, 'axis', 0), (parts[0]?.rank ?? 0) + 1)); }),
  UNPACK: operator((call) => { const x = operand(call, 0); return unstack(x, oneAxis(call, numeric(call, 'axis', 0), x.rank)); }),
  SPLIT: operator((call) => { const x = operand(call, 1); return split(x, numeric(call, 'num_splits', 1), oneAxis(call, number(call, 0), x.rank)); }),
  SPLIT_V: operator((call) => {
    const x = operand(call, 0);
    const axis = oneAxis(call, number(call, 2), x.rank);
    const sizes = numbers(call, 1);
    const rest = (x.shape[axis] ?? 0) - sizes.filter((size) => size >= 0).reduce((total, size) => total + size, 0);
    return split(x, sizes.map((size) => (size < 0 ? rest : size)), axis);
  }),
  SLICE: operator((call) => {
    const x = operand(call, 0);
    const begin = numbers(call, 1);
    return slice(x, begin, numbers(call, 2).map((size, axis) => (size < 0 ? (x.shape[axis] ?? 0) - (begin[axis] ?? 0) : size)));
  }),
  STRIDED_SLICE: operator((call) => stridedSlice(operand(call, 0), numbers(call, 1), numbers(call, 2), numbers(call, 3), numeric(call, 'begin_mask', 0), numeric(call, 'end_mask', 0), numeric(call, 'ellipsis_mask', 0), numeric(call, 'new_axis_mask', 0), numeric(call, 'shrink_axis_mask', 0))),
  GATHER: operator((call) => { const x = operand(call, 0); return gather(x, integers(operand(call, 1)), oneAxis(call, numeric(call, 'axis', 0), x.rank), numeric(call, 'batch_dims', 0)); }),
  GATHER_ND: operator((call) => gatherND(operand(call, 0), integers(operand(call, 1)))), EMBEDDING_LOOKUP: operator((call) => gather(operand(call, 1), integers(operand(call, 0)))),
  TILE: operator((call) => tile(operand(call, 0), numbers(call, 1))), BROADCAST_TO: operator((call) => broadcastTo(operand(call, 0), numbers(call, 1))), REVERSE_V2: operator((call) => { const x = operand(call, 0); return reverse(x, axes(call, numbers(call, 1), x.rank)); }),
  PAD: operator((call) => paddedBy(operand(call, 0), pairs(numbers(call, 1)), 0)), PADV2: operator((call) => paddedBy(operand(call, 0), pairs(numbers(call, 1)), number(call, 2))),
  MIRROR_PAD: operator((call) => mirrorPad(operand(call, 0), pairs(numbers(call, 1)), text(call, 'mode', 'reflect') === 'symmetric' ? 'symmetric' : 'reflect')),
  SPACE_TO_BATCH_ND: operator((call) => spaceToBatchND(operand(call, 0), numbers(call, 1), pairs(numbers(call, 2)))), BATCH_TO_SPACE_ND: operator((call) => batchToSpaceND(operand(call, 0), numbers(call, 1), pairs(numbers(call, 2)))),
  DEPTH_TO_SPACE: operator((call) => depthToSpace(operand(call, 0) as Tensor4D, numeric(call, 'block_size', 1), 'NHWC')), SPACE_TO_DEPTH: operator((call) => spaceToDepth(operand(call, 0), numeric(call, 'block_size', 1))),
  RESIZE_BILINEAR: resizing(image.resizeBilinear), RESIZE_NEAREST_NEIGHBOR: resizing(image.resizeNearestNeighbor),
  SHAPE: operator((call) => { const { shape, rank } = operand(call, 0); return ints(shape, [rank]); }), RANK: operator((call) => ints([operand(call, 0).rank], [])),
  FILL: operator((call) => { const value = operand(call, 1); return fill(numbers(call, 0), Number(value.dataSync()[0]), value.dtype === 'int32' ? 'int32' : 'float32'); }),
  RANGE: operator((call) => range(number(call, 0), number(call, 1), number(call, 2), operand(call, 0).dtype === 'int32' ? 'int32' : 'float32')),
  ONE_HOT: operator((call) => {
    const last = where(truths(oneHot(integers(operand(call, 0)) as Tensor4D, number(call, 1))), operand(call, 2), operand(call, 3));
    const axis = numeric(call, 'axis', -1);
    const order = last.shape.map((_, at) => at);
    return axis < 0 || axis === last.rank - 1 ? last : transpose(last, [...order.slice(0, axis), last.rank - 1, ...order.slice(axis, -1)]);
  }),
};
