/** Complex numbers: tensors with one more axis, of real and imaginary part. */
import { Tensor, stack, unstack } from '@tensorflow/tfjs-core';
import { isTensor } from '../calls';
import type { LayerCallContext } from '../layer';

export interface Complex { readonly real: Tensor; readonly imaginary: Tensor }

export const joinedParts = ({ real, imaginary }: Complex): Tensor => stack([real, imaginary], real.rank);

export function partsOf(x: Tensor): Complex {
  const [real = x, imaginary = x] = unstack(x, x.rank - 1);
  return { real, imaginary };
}

/** Runs an op that only moves elements on both parts of its first input, when that is complex (`complex` is set). */
export function onParts<T>(call: LayerCallContext, run: (call: LayerCallContext) => T | Tensor): T | Tensor {
  const [x, ...rest] = call.args;
  if (call.config.complex !== true || !isTensor(x)) return run(call);
  const { real, imaginary } = partsOf(x);
  const [first, second] = [real, imaginary].map((part) => run({ ...call, args: [part, ...rest] }));
  return first instanceof Tensor && second instanceof Tensor ? joinedParts({ real: first, imaginary: second }) : run(call);
}
