/** Fourier transforms as products with matrices of cosines and sines, and convolutions that carry a state from call to call. */
import { add, concat, gather, mul, pad, reshape, scalar, sigmoid, slice, stack, tensor, transpose, where } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { transformed } from '../fourier';
import type { LayerCallContext, LayerForward } from '../layer';
import { axisIn, floats, misfit, numberOf, op, operand, optional, valueAt, wordOf } from './operands';

/** The last axis at an index, without it. */
const part = (x: Tensor, index: number): Tensor => reshape(slice(x, [...x.shape.slice(0, -1).map(() => 0), index], [...x.shape.slice(0, -1), 1]), x.shape.slice(0, -1));

/** Along an axis of `[…, 1 or 2]`; behind stand real and imaginary parts. Until opset 19 the axis is an attribute. */
function fourier(call: LayerCallContext): Tensor {
  const x = floats(operand(call, 0));
  const kinds = x.shape[x.rank - 1] ?? 1;
  const axis = axisIn(call, valueAt(call, 2)?.data[0] ?? numberOf(call, 'axis', call.config['axis'] === undefined ? -2 : 1), x.rank);
  const [inverse, half] = [numberOf(call, 'inverse', 0) === 1, numberOf(call, 'onesided', 0) === 1];
  const order = [...x.shape.map((_, index) => index).filter((index) => index !== axis && index < x.rank - 1), axis];
  const rows = (index: number): Tensor => { const one = part(x, index); return transpose(one, order); };
  const [given, ...rest] = [rows(0), ...(kinds === 2 ? [rows(1)] : [])];
  const extent = x.shape[axis] ?? 1;
  // Back from one half of the frequencies: the other is its mirror.
  const length = valueAt(call, 1)?.data[0] ?? (inverse && half ? 2 * (extent - 1) : extent);
  const mirrored = inverse && half;
  const flat = (y: Tensor): Tensor => reshape(y, [-1, extent]);
  const fitted = (y: Tensor, sign: number): Tensor => {
    if (!mirrored) return extent === length ? y : extent > length ? slice(y, [0, 0], [y.shape[0] ?? 0, length]) : pad(y, [[0, 0], [0, length - extent]]);
    const places = Array.from({ length }, (_, index) => (index < extent ? index : length - index));
    return mul(gather(y, tensor(Int32Array.from(places), [length], 'int32'), 1), tensor(Float32Array.from({ length }, (_, index) => (index < extent ? 1 : sign)), [length]));
  };
  const [imaginary] = rest;
  const frequencies = half && !inverse ? Math.floor(length / 2) + 1 : length;
  const made = transformed(call, fitted(flat(given ?? x), 1), imaginary === undefined ? null : fitted(flat(imaginary), -1), length, frequencies, inverse);
  const shape = [...order.slice(0, -1).map((index) => x.shape[index] ?? 1), frequencies];
  const back = order.map((_, index) => order.indexOf(index));
  const turned = (y: Tensor): Tensor => transpose(reshape(y, shape), back);
  return mirrored ? reshape(turned(made.real), [...turned(made.real).shape, 1]) : stack([turned(made.real), turned(made.imaginary)], x.rank - 1);
}

/** Transforms of pieces of a signal `[batch, places, 1 or 2]`, each `frame_step` behind the one before. */
function pieces(call: LayerCallContext): Tensor {
  const x = floats(operand(call, 0));
  const window = optional(call, 2);
  const [batch = 1, places = 0] = x.shape;
  const [step, length] = [valueAt(call, 1)?.data[0] ?? 1, valueAt(call, 3)?.data[0] ?? window?.size ?? places];
  const count = Math.floor((places - length) / step) + 1;
  if (count < 1) throw misfit(call, `takes pieces of ${length} from a signal of ${places}`);
  const at = tensor(Int32Array.from({ length: count * length }, (_, index) => Math.floor(index / length) * step + (index % length)), [count * length], 'int32');
  const frames = (index: number): Tensor => { const all = reshape(gather(part(x, index), at, 1), [batch * count, length]); return window === null ? all : mul(all, floats(window)); };
  const frequencies = numberOf(call, 'onesided', 1) === 1 ? Math.floor(length / 2) + 1 : length;
  const made = transformed(call, frames(0), x.rank > 2 && x.shape[2] === 2 ? frames(1) : null, length, frequencies, false);
  return stack([made.real, made.imaginary].map((y) => reshape(y, [batch, count, frequencies])), 3);
}

/** Depthwise, looking back alone; what lies before the input is the state. */
function causal(call: LayerCallContext): Tensor[] {
  const [x, weight, bias, past] = [operand(call, 0), operand(call, 1), optional(call, 2), optional(call, 3)];
  const [batch = 1, channels = 1, steps = 1] = x.shape;
  const taps = weight.shape[2] ?? 1;
  const whole = past === null ? pad(x, [[0, 0], [0, 0], [taps - 1, 0]]) : concat([past, x], 2);
  const looked = Array.from({ length: taps }, (_, tap) => mul(slice(whole, [0, 0, tap], [batch, channels, steps]), reshape(slice(weight, [0, 0, tap], [channels, 1, 1]), [1, channels, 1])));
  const [first = x, ...others] = looked;
  const total = others.reduce<Tensor>((sum, one) => add(sum, one), first);
  const y = bias === null ? total : add(total, reshape(bias, [1, channels, 1]));
  const active = /^(silu|swish)$/.test(wordOf(call, 'activation', 'none')) ? mul(y, sigmoid(y)) : y;
  return [active, slice(whole, [0, 0, (whole.shape[2] ?? 0) - taps + 1], [batch, channels, taps - 1])];
}

/** A cache of keys or values with new ones written from an index on, an index for each example. */
function cached(call: LayerCallContext): Tensor {
  const [cache, update] = [operand(call, 0), operand(call, 1)];
  const axis = axisIn(call, numberOf(call, 'axis', -2), cache.rank);
  const starts = optional(call, 2)?.dataSync();
  const [most, count, examples] = [cache.shape[axis] ?? 1, update.shape[axis] ?? 1, cache.shape[0] ?? 1];
  const circular = wordOf(call, 'mode', 'linear') === 'circular';
  const rows = Array.from({ length: examples }, (_, example) => {
    const one = (x: Tensor): Tensor => slice(x, x.shape.map((_extent, index) => (index === 0 ? example : 0)), x.shape.map((extent, index) => (index === 0 ? 1 : extent)));
    const from = starts?.[example] ?? 0;
    const places = Array.from({ length: most }, (_extent, index) => { const at = circular ? (((index - from) % most) + most) % most : index - from; return at >= 0 && at < count ? at : -1; });
    const fresh = gather(one(update), tensor(Int32Array.from(places, (place) => Math.max(0, place)), [most], 'int32'), axis);
    const mask = tensor(Uint8Array.from(places, (place) => Number(place >= 0)), cache.shape.map((_extent, index) => (index === axis ? most : 1)), 'bool');
    return where(mask, fresh, one(cache));
  });
  return concat(rows, 0);
}

export const signalOps = {
  DFT: op(fourier), STFT: op(pieces), CausalConvWithState: op(causal), TensorScatter: op(cached),
  SwiGLU: op((call) => { const [gate, value] = [operand(call, 0), operand(call, 1)]; return mul(mul(gate, sigmoid(mul(gate, scalar(numberOf(call, 'alpha', 1))))), value); }),
} satisfies Readonly<Record<string, LayerForward>>;
