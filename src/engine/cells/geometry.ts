/** Where windows of convolutions and pools lie: `same`, `valid`, explicit padding, strides, dilations, over any number of axes. */
import type { AttributeValue, Op } from '../trace';
import { numbersOf, textOf } from './attributes';

/** One spatial axis: output position `o` reads input positions `o · stride − before + k · dilation` for taps `k`. */
export interface Axis { readonly input: number; readonly output: number; readonly taps: number; readonly stride: number; readonly dilation: number; readonly before: number }

/** Padding before the first element, as TensorFlow lays `same` out (the odd one goes behind). */
function paddingBefore(pad: AttributeValue, axis: number, offset: number, input: number, output: number, taps: number, stride: number, dilation: number): number {
  if (pad === 'same') return Math.max(0, Math.floor(((output - 1) * stride + (taps - 1) * dilation + 1 - input) / 2));
  if (typeof pad === 'number') return pad;
  if (Array.isArray(pad)) {
    const [before] = (pad[axis + offset] ?? []) as readonly unknown[];
    return typeof before === 'number' ? before : 0;
  }
  return 0;
}

/** Spatial axes of an op whose input and output are channels-last `[batch, …spatial, channels]`. */
export function axesOfWindow(op: Op, input: readonly number[], output: readonly number[], taps: readonly number[]): Axis[] {
  const rank = taps.length;
  const strides = numbersOf(op, 'strides', rank);
  const dilations = numbersOf(op, 'dilations', rank);
  return taps.map((count, i) => {
    const [extent = 1, given = 1, stride = 1, dilation = 1] = [input[i], output[i], strides[i], dilations[i]];
    return { input: extent, output: given, taps: count, stride, dilation, before: paddingBefore(op.attributes['pad'], i, 1, extent, given, count, stride, dilation) };
  });
}

/** Input position of tap `k` at output position `o`, or null in the padding. */
export function reads({ input, stride, dilation, before }: Axis, o: number, k: number): number | null {
  const at = o * stride - before + k * dilation;
  return at >= 0 && at < input ? at : null;
}

/** Output positions and taps that read input position `i`: the transpose of `reads`. */
export function readers({ output, taps, stride, dilation, before }: Axis, i: number): { readonly o: number; readonly k: number }[] {
  const found: { o: number; k: number }[] = [];
  for (let k = 0; k < taps; k += 1) {
    const shifted = i + before - k * dilation;
    if (shifted >= 0 && shifted % stride === 0 && shifted / stride < output) found.push({ o: shifted / stride, k });
  }
  return found;
}

/** Every combination of one element of each list, last list fastest. */
export function* combinations<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  const [first, ...rest] = lists;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const item of first) for (const tail of combinations(rest)) yield [item, ...tail];
}

export const isChannelsFirst = (op: Op): boolean => /^NC/.test(textOf(op, 'dataFormat') ?? '');
