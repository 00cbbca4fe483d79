/** Where the windows of ONNX's convolutions and pooling lie: strides, dilations and padding on each side of each spatial axis. */
import { pad, slice } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerCallContext } from '../layer';
import { numberOf, numbersOf, wordOf } from './operands';

export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding at the start and the end of each spatial axis; negative cuts. */
  readonly pads: readonly (readonly [number, number])[];
  /** Elements from the first to the last that a window touches. */
  readonly reach: readonly number[];
}

/** The windows of a call over spatial axes of these extents. `ceil_mode` adds padding at the end for a last window that is not full. */
export function windowsOf(call: LayerCallContext, extents: readonly number[], kernel: readonly number[]): Windows {
  const rank = extents.length;
  const strides = numbersOf(call, 'strides') ?? Array<number>(rank).fill(1);
  const dilations = numbersOf(call, 'dilations') ?? Array<number>(rank).fill(1);
  const stated = numbersOf(call, 'pads') ?? Array<number>(2 * rank).fill(0);
  const reach = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1) + 1);
  const auto = wordOf(call, 'auto_pad', 'NOTSET');
  const pads = extents.map((extent, axis): readonly [number, number] => {
    const stride = strides[axis] ?? 1;
    const span = reach[axis] ?? 1;
    if (auto === 'VALID') return [0, 0];
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const total = Math.max((Math.ceil(extent / stride) - 1) * stride + span - extent, 0);
      const less = Math.floor(total / 2);
      return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
    }
    const [before, after] = [stated[axis] ?? 0, stated[axis + rank] ?? 0];
    if (numberOf(call, 'ceil_mode', 0) !== 1) return [before, after];
    const padded = extent + before + after;
    const count = Math.ceil((padded - span) / stride) + 1;
    // A window that would begin behind the input and its padding at the start does not count.
    const windows = (count - 1) * stride >= extent + before ? count - 1 : count;
    return [before, Math.max(after, (windows - 1) * stride + span - extent - before)];
  });
  return { kernel, strides, dilations, pads, reach };
}

/** Whether TensorFlow's `same` gives this padding. */
export function isSame({ strides, pads, reach }: Windows, extents: readonly number[]): boolean {
  return pads.every(([before, after], axis) => {
    const stride = strides[axis] ?? 1;
    const extent = extents[axis] ?? 1;
    const total = Math.max((Math.ceil(extent / stride) - 1) * stride + (reach[axis] ?? 1) - extent, 0);
    return before === Math.floor(total / 2) && before + after === total;
  });
}

export const isBare = ({ pads }: Windows): boolean => pads.every(([before, after]) => before === 0 && after === 0);

/** `x` with channels last and its spatial axes padded, or cut where a padding is negative. */
export function framed(x: Tensor, pads: readonly (readonly [number, number])[], value: number): Tensor {
  const around = [[0, 0] as const, ...pads, [0, 0] as const];
  const cut = around.some(([before, after]) => before < 0 || after < 0);
  const kept = cut ? slice(x, around.map(([before]) => Math.max(0, -before)), x.shape.map((extent, axis) => extent + Math.min(0, around[axis]?.[0] ?? 0) + Math.min(0, around[axis]?.[1] ?? 0))) : x;
  if (around.every(([before, after]) => before <= 0 && after <= 0)) return kept;
  return pad(kept, around.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)]), value);
}
