/**
 * Quantised tensors as the numbers that they stand for: each result is rounded to its grid scale * (q - zero), as the integers of an
 * interpreter are. Gradients pass the rounding as if it were not there, within the range (Bengio et al. 2013, straight-through).
 */
import { add, cast, clipByValue, customGrad, div, equal, mul, round, sub } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Json } from '../../../network/network';
import { isRecord } from '../settings';

export interface Grid { readonly scale: number; readonly zero: number; readonly least: number; readonly most: number }

const ranges: Readonly<Record<string, readonly [number, number]>> = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767] };

/** The grid that a setting describes, `{type, scale, zero_point}`; null for tensors that are not quantised. */
export function gridOf(value: Json | undefined): Grid | null {
  if (!isRecord(value) || typeof value.scale !== 'number' || typeof value.zero_point !== 'number' || typeof value.type !== 'string') return null;
  const range = Object.hasOwn(ranges, value.type) ? ranges[value.type] : undefined;
  return range === undefined ? null : { scale: value.scale, zero: value.zero_point, least: range[0], most: range[1] };
}

/** The nearest numbers of the grid. */
export function onGrid(x: Tensor, { scale, zero, least, most }: Grid): Tensor {
  if (x.dtype !== 'float32') return x;
  const run = customGrad((...args: (Tensor | ((tensors: Tensor[]) => void))[]) => {
    const [input, save] = args;
    if (typeof save !== 'function' || input === undefined || typeof input === 'function') throw new Error('customGrad calls with a tensor and save.');
    const steps = add(round(div(input, scale)), zero);
    const held = clipByValue(steps, least, most);
    save([steps, held]);
    return {
      value: mul(sub(held, zero), scale),
      gradFunc: (dy: Tensor, [whole, kept]: Tensor[]) => (whole === undefined || kept === undefined ? dy : mul(dy, cast(equal(whole, kept), 'float32'))),
    };
  });
  return run(x);
}
