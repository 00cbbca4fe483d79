/** Conv and ConvTranspose of one to three spatial axes. Files have channels first and kernels `[out, in / groups, …]`; the kernels of TensorFlow.js want channels last. */
import { add, concat, reshape, split, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { convolve, convolveDepthwise, convolveTransposed } from '../convolution/ops';
import type { LayerCallContext, LayerForward } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { misfit, numberOf, numbersOf, op, operand, optional, wordOf } from './operands';
import { framed, isBare, isSame, windowsOf } from './windows';

const behind = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis + 2);

interface Convolution { readonly x: Tensor; readonly weights: Tensor; readonly bias: Tensor | null; readonly groups: number; readonly rank: number }

function checked(call: LayerCallContext, x = operand(call, 0), weights = operand(call, 1), bias = optional(call, 2)): Convolution {
  if (x.rank < 3 || x.rank > 5 || weights.rank !== x.rank) throw misfit(call, `gets an input of shape [${x.shape.join(', ')}] and a kernel of shape [${weights.shape.join(', ')}]; both need the axes of batch and channels and one to three of space`);
  return { x, weights, bias, groups: numberOf(call, 'group', 1), rank: x.rank - 2 };
}

/** Adds the bias while channels are last, then turns the result round. */
const finished = (y: Tensor, bias: Tensor | null): Tensor => toChannelsFirst(bias === null ? y : add(y, bias));

/** The convolution of `x` with these weights, with the windows that the op's settings say. */
export const convolved = (call: LayerCallContext, x: Tensor, weights: Tensor, bias: Tensor | null): Tensor => convolution(call, checked(call, x, weights, bias));

function convolution(call: LayerCallContext, { x, weights, bias, groups, rank }: Convolution): Tensor {
  const [filters = 1, depth = 1] = weights.shape;
  if (x.shape[1] !== depth * groups) throw misfit(call, `takes ${depth * groups} channels, but its input has the shape [${x.shape.join(', ')}]`);
  const extents = x.shape.slice(2);
  const windows = windowsOf(call, extents, weights.shape.slice(2));
  const { strides, dilations } = windows;
  const last = toChannelsLast(x);
  const padding = !isBare(windows) && isSame(windows, extents) ? 'same' : 'valid';
  const framedInput = padding === 'same' ? last : framed(last, windows.pads, 0);
  const window = { strides, dilations, padding } as const;
  if (depth === 1 && groups > 1 && rank < 3) {
    const channels = groups;
    const apart = filters === channels ? weights : reshape(weights, [channels, filters / channels, ...weights.shape.slice(2)]);
    return finished(convolveDepthwise(framedInput, transpose(apart, [...behind(rank), 0, 1]), window), bias);
  }
  return finished(convolve(framedInput, transpose(weights, [...behind(rank), 1, 0]), window, groups), bias);
}

/** Padding of a transposed convolution that gives `output_shape`, or what `SAME` asks for: the output's extents are those of the input times the strides. */
function transposedPads(call: LayerCallContext, extents: readonly number[], full: readonly number[], strides: readonly number[], extra: readonly number[]): readonly (readonly [number, number])[] {
  const rank = extents.length;
  const auto = wordOf(call, 'auto_pad', 'NOTSET');
  const wanted = numbersOf(call, 'output_shape')?.slice(-rank) ?? (auto.startsWith('SAME') ? extents.map((extent, axis) => extent * (strides[axis] ?? 1)) : undefined);
  const stated = numbersOf(call, 'pads') ?? [];
  return extents.map((_, axis) => {
    if (wanted === undefined) return [stated[axis] ?? 0, stated[axis + rank] ?? 0];
    const total = (full[axis] ?? 0) + (extra[axis] ?? 0) - (wanted[axis] ?? 0);
    // A wanted extent beyond the whole is filled up at the end.
    if (total < 0) return [0, total];
    const less = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
  });
}

function transposed(call: LayerCallContext): Tensor {
  const { x, weights, bias, groups, rank } = checked(call);
  if (x.shape[1] !== weights.shape[0]) throw misfit(call, `takes ${weights.shape[0]} channels, but its input has the shape [${x.shape.join(', ')}]`);
  const extents = x.shape.slice(2);
  const { strides, dilations, reach } = windowsOf(call, extents, weights.shape.slice(2));
  const full = extents.map((extent, axis) => (extent - 1) * (strides[axis] ?? 1) + (reach[axis] ?? 1));
  const extra = numbersOf(call, 'output_padding') ?? extents.map(() => 0);
  const pads = transposedPads(call, extents, full, strides, extra);
  const window = { strides, dilations, padding: 'valid' } as const;
  const kernel = transpose(weights, [...behind(rank), 1, 0]);
  const last = toChannelsLast(x);
  const parts = groups === 1 ? [convolveTransposed(last, kernel, full, window)]
    : split(last, groups, last.rank - 1).flatMap((part, group) => { const own = split(kernel, groups, kernel.rank - 1)[group]; return own === undefined ? [] : [convolveTransposed(part, own, full, window)]; });
  const [only = last] = parts;
  const y = parts.length === 1 ? only : concat(parts, only.rank - 1);
  // Extra elements at the end see no input: they are the bias alone.
  return finished(framed(y, pads.map(([before, after], axis) => [-before, (extra[axis] ?? 0) - after]), 0), bias);
}

export const convolutionOps = { Conv: op((call) => convolution(call, checked(call))), ConvTranspose: op(transposed) } satisfies Readonly<Record<string, LayerForward>>;
