/** Ops that move, cut, repeat and frame elements. */
import { broadcastTo, concat, expandDims, gather, pad, reshape, reverse, slice, split, squeeze, stridedSlice, tensor1d, tile, transpose, where, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { joinedShape, reshapedShape, sliceRanges } from '../../../formats/onnx/host-values';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { anyOperand, axisIn, bools, floats, like, misfit, numberOf, numbersOf, op, operand, operands, tensorOf, wordOf } from './operands';
import { transposed } from './wide';

/** A setting that the op cannot do without. */
function needed(call: LayerCallContext, key: string): number[] {
  const numbers = numbersOf(call, key);
  if (numbers === undefined) throw misfit(call, `has no '${key}'`);
  return numbers;
}

/** The shape with another batch than the one that the model was exported for: what the file states of all further axes holds. */
function batched({ outputShapes: [stated = []] }: LayerCallContext, size: number, shape: readonly number[]): readonly number[] {
  const [, ...rest] = stated;
  const known = stated.length > 1 && stated.every((extent) => extent !== null && extent > 0);
  if (!known || shape.slice(1).every((extent, axis) => extent === rest[axis]) && sizeOf(shape) === size) return shape;
  const batch = size / rest.reduce<number>((product, extent) => product * (extent ?? 1), 1);
  return Number.isInteger(batch) ? [batch, ...rest.map((extent) => extent ?? 1)] : shape;
}

function reshaped(call: LayerCallContext): Tensor {
  const x = anyOperand(call, 0);
  const wanted = needed(call, 'shape');
  const shape = batched(call, x.size, reshapedShape(x.shape, wanted, numberOf(call, 'allowzero', 0) === 1));
  if (sizeOf(shape) !== x.size || shape.some((extent) => !Number.isInteger(extent) || extent < 0)) throw misfit(call, `cannot turn an input of shape [${x.shape.join(', ')}] into [${wanted.join(', ')}]; a model that was exported for a fixed batch runs with that batch size only`);
  return reshape(x, [...shape]);
}

function sliced(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const starts = needed(call, 'starts');
  const axes = (numbersOf(call, 'axes') ?? starts.map((_, axis) => axis)).map((axis) => axisIn(call, axis, x.rank));
  const ranges = sliceRanges(x.shape, { starts, ends: needed(call, 'ends'), axes, steps: numbersOf(call, 'steps') ?? starts.map(() => 1) });
  const backwards = ranges.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
  const turned = backwards.length === 0 ? x : reverse(x, backwards);
  const begin = ranges.map(({ start, step }, axis) => (step < 0 ? (x.shape[axis] ?? 1) - 1 - start : start));
  const counts = ranges.map(({ count }) => count);
  if (ranges.every(({ step, count }) => Math.abs(step) === 1 || count <= 1)) return slice(turned, begin, counts);
  return stridedSlice(turned, begin, begin.map((start, axis) => start + Math.max(0, (counts[axis] ?? 1) - 1) * Math.abs(ranges[axis]?.step ?? 1) + (counts[axis] === 0 ? 0 : 1)), ranges.map(({ step }) => Math.abs(step)));
}

function parted(call: LayerCallContext): Tensor[] {
  const x = operand(call, 0);
  const axis = axisIn(call, numberOf(call, 'axis', 0), x.rank);
  const extent = x.shape[axis] ?? 1;
  const count = numberOf(call, 'num_outputs', 1);
  const each = Math.ceil(extent / count);
  const sizes = numbersOf(call, 'split') ?? Array.from({ length: count }, (_, part) => Math.max(0, Math.min(each, extent - part * each)));
  if (sizes.reduce((total, size) => total + size, 0) !== extent) throw misfit(call, `splits axis ${axis} of [${x.shape.join(', ')}] into ${sizes.join(' + ')}`);
  return split(x, sizes, axis);
}

/** Index along an axis of extent `extent`, for a place outside it. */
const borders: Readonly<Record<string, (place: number, extent: number) => number>> = {
  edge: (place, extent) => Math.min(Math.max(place, 0), extent - 1),
  wrap: (place, extent) => ((place % extent) + extent) % extent,
  reflect: (place, extent) => { if (extent === 1) return 0; const period = 2 * (extent - 1); const inside = ((place % period) + period) % period; return inside < extent ? inside : period - inside; },
};

function padded(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const given = needed(call, 'pads');
  const axes = (numbersOf(call, 'axes') ?? x.shape.map((_, axis) => axis)).map((axis) => axisIn(call, axis, x.rank));
  const pairs = x.shape.map((_, axis): [number, number] => { const at = axes.indexOf(axis); return at < 0 ? [0, 0] : [given[at] ?? 0, given[at + axes.length] ?? 0]; });
  const border = borders[wordOf(call, 'mode', 'constant')];
  if (border === undefined) {
    const cut = slice(x, pairs.map(([before]) => Math.max(0, -before)), x.shape.map((extent, axis) => extent + Math.min(0, pairs[axis]?.[0] ?? 0) + Math.min(0, pairs[axis]?.[1] ?? 0)));
    const source = pairs.some(([before, after]) => before < 0 || after < 0) ? cut : x;
    return like(pad(floats(source), pairs.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)]), numberOf(call, 'value', 0)), x.dtype);
  }
  return pairs.reduce<Tensor>((tensor, [before, after], axis) => {
    const extent = tensor.shape[axis] ?? 1;
    if (before === 0 && after === 0) return tensor;
    return gather(tensor, tensor1d(Array.from({ length: extent + before + after }, (_, place) => border(place - before, extent)), 'int32'), axis);
  }, x);
}

function unsqueezed(call: LayerCallContext): Tensor {
  const x = anyOperand(call, 0);
  const axes = needed(call, 'axes');
  const rank = x.rank + axes.length;
  return axes.map((axis) => axisIn(call, axis, rank)).sort((a, b) => a - b).reduce((tensor, axis) => expandDims(tensor, axis), x);
}

function squeezed(call: LayerCallContext): Tensor {
  const x = anyOperand(call, 0);
  const axes = numbersOf(call, 'axes')?.map((axis) => axisIn(call, axis, x.rank)) ?? x.shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
  const wide = axes.find((axis) => x.shape[axis] !== 1);
  if (wide !== undefined) throw misfit(call, `drops axis ${wide} of an input of shape [${x.shape.join(', ')}], whose extent is not 1`);
  return axes.length === 0 ? reshape(x, x.shape) : squeeze(x, axes);
}

function expanded(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const wanted = needed(call, 'shape');
  const shape = joinedShape(x.shape, wanted);
  if (shape === null) throw misfit(call, `cannot stretch [${x.shape.join(', ')}] to [${wanted.join(', ')}]`);
  return x.dtype === 'bool' ? bools(broadcastTo(floats(x), shape)) : broadcastTo(x, shape);
}

/** Blocks of channels become pixels, or the other way round. */
function blocks(call: LayerCallContext, toSpace: boolean): Tensor {
  const x = operand(call, 0);
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  const size = numberOf(call, 'blocksize', 1);
  if (!toSpace) {
    const apart = reshape(x, [batch, channels, height / size, size, width / size, size]);
    return reshape(transpose(apart, wordOf(call, 'mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]), [batch, channels * size * size, height / size, width / size]);
  }
  const rest = channels / size / size;
  const columnRow = wordOf(call, 'mode', 'DCR') === 'CRD';
  const apart = reshape(x, columnRow ? [batch, rest, size, size, height, width] : [batch, size, size, rest, height, width]);
  return reshape(transpose(apart, columnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), [batch, rest, height * size, width * size]);
}

/** The upper or lower triangle of the last two axes. */
function triangle(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  const [k, upper] = [numberOf(call, 'k', 0), numberOf(call, 'upper', 1) === 1];
  const data = Array.from({ length: rows * columns }, (_, index) => { const distance = (index % columns) - Math.floor(index / columns) - k; return Number(upper ? distance >= 0 : distance <= 0); });
  const source = floats(x);
  return like(where(tensorOf(call, { dtype: 'bool', shape: [rows, columns], data }), source, zerosLike(source)), x.dtype);
}

function centred(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const wanted = needed(call, 'shape');
  const axes = (numbersOf(call, 'axes') ?? x.shape.map((_, axis) => axis)).map((axis) => axisIn(call, axis, x.rank));
  const change = x.shape.map((extent, axis) => { const at = axes.indexOf(axis); return at < 0 ? 0 : (wanted[at] ?? extent) - extent; });
  const cut = slice(x, change.map((by) => (by < 0 ? Math.floor(-by / 2) : 0)), x.shape.map((extent, axis) => extent + Math.min(0, change[axis] ?? 0)));
  return like(pad(floats(cut), change.map((by): [number, number] => (by > 0 ? [Math.floor(by / 2), by - Math.floor(by / 2)] : [0, 0]))), x.dtype);
}

export const shapingOps = {
  Reshape: op(reshaped), Squeeze: op(squeezed), Unsqueeze: op(unsqueezed), Slice: op(sliced), Split: op(parted), Pad: op(padded), Expand: op(expanded), Trilu: op(triangle), CenterCropPad: op(centred),
  Flatten: op((call) => { const x = anyOperand(call, 0); const axis = numberOf(call, 'axis', 1); const front = axis < 0 ? axis + x.rank : axis; return reshape(x, [sizeOf(x.shape.slice(0, front)), sizeOf(x.shape.slice(front))]); }),
  Transpose: op((call) => { const x = anyOperand(call, 0); return transposed(call, x, numbersOf(call, 'perm') ?? x.shape.map((_, axis) => x.rank - 1 - axis)); }),
  Concat: op((call) => { const parts = operands(call); const rank = parts[0]?.rank ?? 1; return parts.length === 1 && parts[0] !== undefined ? parts[0] : concat(parts, axisIn(call, numberOf(call, 'axis', 0), rank)); }),
  Tile: op((call) => tile(operand(call, 0), needed(call, 'repeats'))),
  DepthToSpace: op((call) => blocks(call, true)), SpaceToDepth: op((call) => blocks(call, false)),
  Identity: op((call) => anyOperand(call, 0)),
} satisfies Readonly<Record<string, LayerForward>>;

