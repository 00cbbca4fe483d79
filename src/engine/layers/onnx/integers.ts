/** Whole numbers: bits, products of integers, and networks of 8 bits, computed in float32 and rounded to their grid. */
import { add, clipByValue, clone, div, max, maximum, min, minimum, mul, reshape, round, sub, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { joinedShape } from '../../../formats/onnx/host-values';
import type { LayerCallContext, LayerForward } from '../layer';
import { convolved } from './convolution';
import { floats, ints, like, misfit, op, operand, optional, stepsOf, wordOf } from './operands';
import { product } from './products';
import { limitsOf, nearest } from './quantization';

/** Element by element on the host, as NumPy stretches shapes. */
function bitwise(call: LayerCallContext, run: (a: number, b: number) => number): Tensor {
  const [a, b] = [operand(call, 0), optional(call, 1) ?? operand(call, 0)];
  const shape = joinedShape(a.shape, b.shape);
  if (shape === null) throw misfit(call, `puts [${a.shape.join(', ')}] and [${b.shape.join(', ')}] together, which do not fit`);
  const [x, y] = [a.dataSync(), b.dataSync()];
  const steps = stepsOf(shape);
  const place = (own: readonly number[], index: number): number => { const mine = stepsOf(own); return own.reduce((total, extent, axis) => total + (extent === 1 ? 0 : Math.floor(index / (steps[axis + shape.length - own.length] ?? 1)) % extent) * (mine[axis] ?? 1), 0); };
  const data = Int32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, index) => run(x[place(a.shape, index)] ?? 0, y[place(b.shape, index)] ?? 0));
  return like(clone(tensor(data, shape, 'int32')), a.dtype);
}
const bits = (run: (a: number, b: number) => number): LayerForward => op((call) => bitwise(call, run));

/** A shift of the bits of the input's type: none are left behind its width. */
function shifted(call: LayerCallContext): Tensor {
  const width = Number(/\d+$/.exec(wordOf(call, 'element_type', 'int64'))?.[0] ?? 64);
  const outside = (by: number): boolean => by < 0 || by >= width;
  return bitwise(call, wordOf(call, 'direction', 'LEFT') === 'LEFT' ? (a, b) => (outside(b) ? 0 : wrapped(call, a * 2 ** b)) : (a, b) => (outside(b) ? (a < 0 ? -1 : 0) : Math.floor(a / 2 ** b)));
}

/** An integer as its type holds it. */
function wrapped(call: LayerCallContext, value: number): number {
  const [, unsigned = '', bits = '64'] = /^(u?)int(\d+)$/.exec(wordOf(call, 'element_type', 'int64')) ?? [];
  const width = Number(bits);
  if (width > 32) return value;
  const span = 2 ** width;
  const inside = ((value % span) + span) % span;
  return unsigned === '' && inside >= span / 2 ? inside - span : inside;
}

/** `x` less its zero point, along the axis that has several. */
function centred(call: LayerCallContext, at: number, zeroAt: number, axis: number): Tensor {
  const [x, zero] = [floats(operand(call, at)), optional(call, zeroAt)];
  return zero === null ? x : sub(x, along(floats(zero), x, axis));
}
/** One number, or one for each place of an axis. */
export const along = (weight: Tensor, x: Tensor, axis: number): Tensor => (weight.size === 1 ? reshape(weight, []) : weight.rank > 1 ? weight : reshape(weight, x.shape.map((_, other) => (other === axis ? weight.size : 1))));

/** Real numbers to the grid of a scale and a zero point, within the range of its type; gradients pass the rounding. */
export function onGrid(call: LayerCallContext, x: Tensor, scale: Tensor, zero: Tensor | null): Tensor {
  const [low, high] = limitsOf(typeof call.config['zero_point'] === 'string' ? call.config['zero_point'] : 'uint8');
  const steps = nearest(div(x, floats(scale)));
  return ints(clipByValue(zero === null ? steps : add(steps, floats(zero)), low, high));
}

/** Inputs: a, its scale and zero point, b, its scale and zero point, and those of the result. */
function quantisedProduct(call: LayerCallContext): Tensor {
  const [a, b] = [centred(call, 0, 2, -1), centred(call, 3, 5, -1)];
  const first = mul(a, along(floats(operand(call, 1)), a, a.rank - 2));
  const second = mul(b, along(floats(operand(call, 4)), b, b.rank - 1));
  return onGrid(call, product(call, first, second), operand(call, 6), optional(call, 7));
}

function quantisedConvolution(call: LayerCallContext): Tensor {
  const [x, w] = [mul(centred(call, 0, 2, 1), floats(operand(call, 1))), centred(call, 3, 5, 0)];
  const scale = floats(operand(call, 4));
  const bias = optional(call, 8);
  // A bias counts in steps of both scales.
  const y = convolved(call, x, mul(w, along(scale, w, 0)), bias === null ? null : mul(mul(floats(bias), floats(operand(call, 1))), scale));
  return onGrid(call, y, operand(call, 6), optional(call, 7));
}

/** `x` on 8 bits without a sign, its scale and its zero point, by the range that it has. */
export function dynamic(x: Tensor): [Tensor, Tensor, Tensor] {
  const [low, high] = [minimum(min(x), 0), maximum(max(x), 0)];
  const scale = div(sub(high, low), 255);
  const zero = clipByValue(round(div(mul(low, -1), scale)), 0, 255);
  return [ints(clipByValue(add(nearest(div(x, scale)), zero), 0, 255)), scale, ints(zero)];
}

export const integerOps = {
  BitShift: op(shifted),
  BitwiseAnd: bits((a, b) => a & b), BitwiseOr: bits((a, b) => a | b), BitwiseXor: bits((a, b) => a ^ b), BitwiseNot: op((call) => bitwise(call, (a) => wrapped(call, ~a))),
  QLinearMatMul: op(quantisedProduct), QLinearConv: op(quantisedConvolution), DynamicQuantizeLinear: op((call) => dynamic(floats(operand(call, 0)))),
  MatMulInteger: op((call) => ints(product(call, centred(call, 0, 2, operand(call, 0).rank - 2), centred(call, 1, 3, operand(call, 1).rank - 1)))),
  ConvInteger: op((call) => ints(convolved(call, centred(call, 0, 2, 1), centred(call, 1, 3, 0), null))),
} satisfies Readonly<Record<string, LayerForward>>;
