/** Pooling over windows of one to three spatial axes and over all of space; channels first outside, last inside. */
import { abs, add, avgPool, avgPool3d, expandDims, maximum, maxPool, maxPool3d, mean, mul, pow, slice, squeeze, stridedSlice, sum, tensor } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { greatest } from '../pooling';
import { floats, like, misfit, numberOf, numbersOf, op, operand } from './operands';
import { framed, isBare, isSame, windowsOf } from './windows';
import type { Windows } from './windows';

/** Below every finite number that a network can have: the padding of a maximum. */
const lowest = -3.4028234663852886e38;

type Kind = 'max' | 'average';

/** The kernel of TensorFlow.js on channels-last `x`; one spatial axis as a plane of width 1. */
function kernelPool(kind: Kind, x: Tensor, { kernel, strides }: Windows, padding: 'valid' | 'same'): Tensor {
  const [sizeA = 1, sizeB = 1, sizeC = 1] = kernel;
  const [strideA = 1, strideB = 1, strideC = 1] = strides;
  const planar = kind === 'max' ? maxPool<Tensor4D> : avgPool<Tensor4D>;
  if (x.rank === 3) return squeeze(planar(expandDims<Tensor4D>(x, 2), [sizeA, 1], [strideA, 1], padding), [2]);
  if (x.rank === 4) return planar(x as Tensor4D, [sizeA, sizeB], [strideA, strideB], padding);
  return (kind === 'max' ? maxPool3d<Tensor5D> : avgPool3d<Tensor5D>)(x as Tensor5D, [sizeA, sizeB, sizeC], [strideA, strideB, strideC], padding);
}

/** Windows with gaps: the slices that each tap of the window sees, joined one after the other. */
function spreadPool(x: Tensor, windows: Windows, join: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const { kernel, strides, dilations, reach } = windows;
  const spatial = x.shape.slice(1, -1);
  const counts = spatial.map((extent, axis) => Math.floor((extent - (reach[axis] ?? 1)) / (strides[axis] ?? 1)) + 1);
  const taps = Array.from({ length: sizeOf(kernel) }, (_, tap) => {
    const offsets = kernel.map((size, axis) => (Math.floor(tap / sizeOf(kernel.slice(axis + 1))) % size) * (dilations[axis] ?? 1));
    const ends = offsets.map((offset, axis) => offset + ((counts[axis] ?? 1) - 1) * (strides[axis] ?? 1) + 1);
    if (strides.every((stride) => stride === 1)) return slice(x, [0, ...offsets, 0], [x.shape[0] ?? 1, ...counts, x.shape[x.rank - 1] ?? 1]);
    return stridedSlice(x, [0, ...offsets, 0], [x.shape[0] ?? 1, ...ends, x.shape[x.rank - 1] ?? 1], [1, ...strides, 1]);
  });
  return taps.reduce((total, tap) => join(total, tap));
}

function prepared(call: LayerCallContext, x = floats(operand(call, 0))): { x: Tensor; windows: Windows; extents: readonly number[] } {
  const kernel = numbersOf(call, 'kernel_shape');
  if (x.rank < 3 || x.rank > 5 || kernel?.length !== x.rank - 2) throw misfit(call, `pools an input of shape [${x.shape.join(', ')}] by windows of [${kernel?.join(', ') ?? ''}]; it needs the axes of batch and channels and one to three of space`);
  const extents = x.shape.slice(2);
  return { x, extents, windows: windowsOf(call, extents, kernel) };
}

function maximal(call: LayerCallContext): Tensor {
  const { x, windows, extents } = prepared(call);
  const last = toChannelsLast(x);
  const gaps = windows.dilations.some((dilation, axis) => dilation !== 1 && windows.kernel[axis] !== 1);
  const same = !gaps && !isBare(windows) && isSame(windows, extents);
  const input = same ? last : framed(last, windows.pads, lowest);
  return like(toChannelsFirst(gaps ? spreadPool(input, windows, maximum) : kernelPool('max', input, windows, same ? 'same' : 'valid')), operand(call, 0).dtype);
}

/** How many elements each window counts, as factors that make of a mean over the whole window the mean over these. */
function factors(call: LayerCallContext, windows: Windows, extents: readonly number[]): number[] | null {
  const including = numberOf(call, 'count_include_pad', 0) === 1;
  const stated = numbersOf(call, 'pads') ?? [];
  const auto = typeof call.config['auto_pad'] === 'string' && call.config['auto_pad'] !== 'NOTSET';
  const perAxis = extents.map((extent, axis) => {
    const [before, after] = windows.pads[axis] ?? [0, 0];
    const [stride, size, dilation] = [windows.strides[axis] ?? 1, windows.kernel[axis] ?? 1, windows.dilations[axis] ?? 1];
    const count = Math.floor((extent + before + after - (windows.reach[axis] ?? 1)) / stride) + 1;
    const low = including ? 0 : before;
    // What ceil_mode adds behind the stated padding never counts.
    const high = including ? before + extent + (auto ? after : stated[axis + extents.length] ?? 0) : before + extent;
    return Array.from({ length: count }, (_, index) => Array.from({ length: size }, (_tap, tap) => index * stride + tap * dilation).filter((place) => place >= low && place < high).length);
  });
  const whole = sizeOf(windows.kernel);
  const counts = perAxis.reduce<number[]>((products, counted) => products.flatMap((product) => counted.map((value) => product * value)), [1]);
  return counts.every((count) => count === whole) ? null : counts.map((count) => whole / Math.max(count, 1));
}

/** Means over the windows that the op's settings say. */
export function averaged(call: LayerCallContext, given?: Tensor): Tensor {
  const { x, windows, extents } = prepared(call, given);
  const last = toChannelsLast(x);
  const gaps = windows.dilations.some((dilation, axis) => dilation !== 1 && windows.kernel[axis] !== 1);
  // TensorFlow's mean leaves its padding out.
  if (!gaps && numberOf(call, 'count_include_pad', 0) === 0 && !isBare(windows) && isSame(windows, extents)) return toChannelsFirst(kernelPool('average', last, windows, 'same'));
  const input = framed(last, windows.pads, 0);
  const means = gaps ? mul(spreadPool(input, windows, add), 1 / sizeOf(windows.kernel)) : kernelPool('average', input, windows, 'valid');
  const factor = factors(call, windows, extents);
  return toChannelsFirst(factor === null ? means : mul(means, tensor(factor, [...means.shape.slice(1, -1), 1])));
}

/** (Σ |x|^p)^(1/p) over each window. */
function norm(call: LayerCallContext): Tensor {
  const { x, windows } = prepared(call);
  const p = numberOf(call, 'p', 2);
  const powers = framed(pow(abs(toChannelsLast(x)), p), windows.pads, 0);
  const gaps = windows.dilations.some((dilation, axis) => dilation !== 1 && windows.kernel[axis] !== 1);
  const sums = gaps ? spreadPool(powers, windows, add) : mul(kernelPool('average', powers, windows, 'valid'), sizeOf(windows.kernel));
  return toChannelsFirst(pow(sums, 1 / p));
}

const space = (x: Tensor): number[] => x.shape.slice(2).map((_, axis) => axis + 2);

export const poolingOps = {
  MaxPool: op(maximal), AveragePool: op((call) => averaged(call)), LpPool: op(norm),
  GlobalAveragePool: op((call) => { const x = operand(call, 0); return mean(x, space(x), true); }),
  GlobalMaxPool: op((call) => { const x = operand(call, 0); return greatest(x, space(x), true); }),
  GlobalLpPool: op((call) => { const x = operand(call, 0); const p = numberOf(call, 'p', 2); return pow(sum(pow(abs(x), p), space(x), true), 1 / p); }),
} satisfies Readonly<Record<string, LayerForward>>;
