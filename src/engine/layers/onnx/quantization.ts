/**
 * Quantised values and back: integers that stand for `scale (q - zero)`, one scale for all or one a channel. Gradients pass the rounding as if it
 * were not there, within the range, as PyTorch's fake quantisation has it (Bengio et al. 2013, straight-through).
 */
import { add, clipByValue, customGrad, div, gather, mul, reshape, round, sub, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerCallContext, LayerForward } from '../layer';
import { axisIn, constantAt, floats, ints, numberOf, op, operand, optional, refuse } from './operands';

function perAxis(call: LayerCallContext, weight: Tensor, x: Tensor): Tensor {
  if (weight.size === 1) return reshape(weight, []);
  const axis = axisIn(call, numberOf(call, 'axis', 1), x.rank);
  const block = numberOf(call, 'block_size', 0);
  // Each scale for a block of elements along the axis.
  if (block > 0 && weight.rank === x.rank) return gather(weight, tensor1d(Int32Array.from({ length: x.shape[axis] ?? 1 }, (_, index) => Math.floor(index / block)), 'int32'), axis);
  return reshape(weight, x.shape.map((_, other) => (other === axis ? weight.size : 1)));
}

const limits: Readonly<Record<string, readonly [number, number]>> = { uint8: [0, 255], int8: [-128, 127], uint16: [0, 65535], int16: [-32768, 32767], uint4: [0, 15], int4: [-8, 7], uint2: [0, 3], int2: [-2, 1] };

/** The least and the greatest integer of a type. */
export const limitsOf = (type: string): readonly [number, number] => limits[type] ?? [0, 255];

/** The nearest whole numbers, with the gradient as if they were not rounded. */
export function nearest(x: Tensor): Tensor {
  // The last argument, `save`, is not used: the first is the tensor itself.
  return customGrad(() => ({ value: round(x), gradFunc: (dy: Tensor) => dy }))(x);
}

function quantised(call: LayerCallContext): Tensor {
  const x = floats(operand(call, 0));
  const zero = optional(call, 2);
  const type = (typeof call.config['zero_point'] === 'string' ? call.config['zero_point'] : constantAt(call, 2)?.dtype) ?? ({ 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 21: 'uint4', 22: 'int4', 25: 'uint2', 26: 'int2' } as const)[numberOf(call, 'output_dtype', 2)] ?? 'uint8';
  const grid = limits[type];
  if (grid === undefined) throw refuse(call, `rounds to elements of type ${type}`);
  const [low, high] = grid;
  const steps = nearest(div(x, perAxis(call, floats(operand(call, 1)), x)));
  return ints(clipByValue(zero === null ? steps : add(steps, perAxis(call, floats(zero), x)), low, high));
}

function dequantised(call: LayerCallContext): Tensor {
  const x = floats(operand(call, 0));
  const zero = optional(call, 2);
  return mul(zero === null ? x : sub(x, perAxis(call, floats(zero), x)), perAxis(call, floats(operand(call, 1)), x));
}

export const quantizationOps = { QuantizeLinear: op(quantised), DequantizeLinear: op(dequantised) } satisfies Readonly<Record<string, LayerForward>>;
