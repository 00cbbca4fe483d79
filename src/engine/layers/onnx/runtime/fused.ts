/** Ops that onnxruntime's optimizer makes of several: products, convolutions, activations and normalizations in one. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md */
import { add, clipByValue, erf, gather, leakyRelu, mean, mul, relu, reshape, rsqrt, sigmoid, slice, softmax, square, sum, tanh, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../../layer';
import { convolved } from '../convolution';
import { moments, perChannel, rescaled } from '../normalization';
import { axisIn, floats, ints, misfit, numberOf, numbersOf, op, operand, optional, refuse, wordOf } from '../operands';
import { gemm, product } from '../products';

/** The last two axes exchanged. */
const flipped = (x: Tensor): Tensor => transpose(x, [...x.shape.map((_, axis) => axis).slice(0, -2), x.rank - 1, x.rank - 2]);

/** alpha A B, either transposed. */
function fusedProduct(call: LayerCallContext): Tensor {
  if (numberOf(call, 'transBatchA', 0) === 1 || numberOf(call, 'transBatchB', 0) === 1) throw refuse(call, 'exchanges the axes of batches');
  const side = (position: number, key: string): Tensor => { const x = floats(operand(call, position)); return numberOf(call, key, 0) === 1 && x.rank > 1 ? flipped(x) : x; };
  const [alpha, y] = [numberOf(call, 'alpha', 1), product(call, side(0, 'transA'), side(1, 'transB'))];
  return alpha === 1 ? y : mul(y, alpha);
}

/** Activations by their names, with the parameters that stand beside them. */
const activations: Readonly<Record<string, (x: Tensor, a: number | undefined, b: number | undefined) => Tensor>> = {
  '': (x) => x, Relu: relu, Tanh: tanh, Sigmoid: sigmoid, LeakyRelu: (x, alpha = 0.01) => leakyRelu(x, alpha), Clip: (x, low = -Infinity, high = Infinity) => clipByValue(x, low, high),
  HardSigmoid: (x, alpha = 0.2, beta = 0.5) => clipByValue(add(mul(x, alpha), beta), 0, 1),
};

function activated(call: LayerCallContext, x: Tensor, parameters: readonly (number | undefined)[]): Tensor {
  const name = wordOf(call, 'activation', '');
  const run = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (run === undefined) throw refuse(call, `has the activation '${name}'`);
  return run(x, parameters[0], parameters[1]);
}

function fusedConvolution(call: LayerCallContext): Tensor {
  const [y, beside] = [convolved(call, operand(call, 0), operand(call, 1), optional(call, 2)), optional(call, 3)];
  return activated(call, beside === null ? y : add(y, beside), numbersOf(call, 'activation_params') ?? []);
}

const given = (call: LayerCallContext, key: string): number | undefined => numbersOf(call, key)?.[0];

/** Gelu by tanh, as onnxruntime's FastGelu. */
const fast = (x: Tensor): Tensor => mul(mul(x, 0.5), add(tanh(mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI))), 1));
const exact = (x: Tensor): Tensor => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
const biased = (run: (x: Tensor) => Tensor): LayerForward => op((call) => { const [x, bias] = [floats(operand(call, 0)), optional(call, 1)]; return run(bias === null ? x : add(x, bias)); });

/** Layer normalization along the last axis, `[y, mean, inverse deviation]`. */
function normalized(call: LayerCallContext, x: Tensor, scale: Tensor | null, bias: Tensor | null): [Tensor, Tensor, Tensor] {
  const { average, centred, variance } = moments(x, [x.rank - 1]);
  const inverse = rsqrt(add(variance, numberOf(call, 'epsilon', 1e-12)));
  return [rescaled(mul(centred, inverse), scale, bias), average, inverse];
}

/** The sum with a shortcut and a bias, normalized; the sum is the fourth output. */
function skipped(call: LayerCallContext): Tensor[] {
  const [x, bias] = [add(floats(operand(call, 0)), operand(call, 1)), optional(call, 4)];
  const total = bias === null ? x : add(x, bias);
  return [...normalized(call, total, optional(call, 2), optional(call, 3)), total];
}

function skippedSimply(call: LayerCallContext): Tensor[] {
  const [x, bias] = [add(floats(operand(call, 0)), operand(call, 1)), optional(call, 3)];
  const total = bias === null ? x : add(x, bias);
  const average = mean(square(total), [total.rank - 1], true);
  const inverse = rsqrt(add(average, numberOf(call, 'epsilon', 1e-5)));
  return [mul(mul(total, inverse), operand(call, 2)), average, inverse, total];
}

/** Words, places and segments, summed and normalized; also how many words of each row count, and the sum. */
function embedded(call: LayerCallContext): Tensor[] {
  const words = ints(operand(call, 0));
  const [batch = 1, steps = 1] = words.shape;
  const [segments, places, mask, table] = [optional(call, 1), optional(call, 8), optional(call, 7), operand(call, 3)];
  const position = places === null ? reshape(slice(table, [0, 0], [steps, table.shape[1] ?? 1]), [1, steps, table.shape[1] ?? 1]) : gather(table, ints(places));
  const known = add(gather(operand(call, 2), words), position);
  const total = segments === null ? known : add(known, gather(operand(call, 4), ints(segments)));
  const counts = mask === null ? tensor(new Int32Array(batch), [batch], 'int32') : ints(sum(floats(mask), 1));
  return [normalized(call, total, optional(call, 5), optional(call, 6))[0], counts, total];
}

/** Softmax of the sum, from an axis on. */
function biasedSoftmax(call: LayerCallContext): Tensor {
  const [x, bias] = [operand(call, 0), operand(call, 1)];
  const axis = axisIn(call, numberOf(call, 'axis', 1), x.rank);
  // The bias repeats either within each example or over neighbouring ones.
  const kept = numberOf(call, 'is_inner_broadcast', 1) === 1 || bias.rank === x.rank ? bias : reshape(bias, [...bias.shape, ...x.shape.slice(bias.rank)]);
  const total = add(x, kept);
  return reshape(softmax(reshape(total, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))])), x.shape);
}

/** Wu and He 2018, channels last as a rule, with a swish behind it where `activation` is 1. */
function grouped(call: LayerCallContext): Tensor {
  const whole = floats(operand(call, 0));
  const last = numberOf(call, 'channels_last', 1) === 1;
  const x = last ? transpose(whole, [0, whole.rank - 1, ...whole.shape.map((_, axis) => axis).slice(1, -1)]) : whole;
  const [batch = 1, channels = 1, ...extents] = x.shape;
  const groups = numberOf(call, 'groups', 32);
  if (channels % groups !== 0) throw misfit(call, `divides ${channels} channels into ${groups} groups`);
  const apart = reshape(x, [batch, groups, sizeOf([channels / groups, ...extents])]);
  const { centred, variance } = moments(apart, [2]);
  const y = rescaled(reshape(mul(centred, rsqrt(add(variance, numberOf(call, 'epsilon', 1e-5)))), x.shape), perChannel(operand(call, 1), x), perChannel(operand(call, 2), x));
  const active = numberOf(call, 'activation', 0) === 1 ? mul(y, sigmoid(y)) : y;
  return last ? transpose(active, [0, ...active.shape.map((_, axis) => axis).slice(2), 1]) : active;
}

/** The first half of the channels by the Gelu of the second. */
function splitGelu(call: LayerCallContext): Tensor {
  const x = add(operand(call, 0), operand(call, 1));
  const half = (x.shape[x.rank - 1] ?? 0) / 2;
  const part = (start: number): Tensor => slice(x, x.shape.map((_, axis) => (axis === x.rank - 1 ? start : 0)), x.shape.map((extent, axis) => (axis === x.rank - 1 ? half : extent)));
  return mul(part(0), exact(part(half)));
}

export const fusedOps = {
  'com.microsoft.FusedMatMul': op(fusedProduct), 'com.microsoft.TransposeMatMul': op(fusedProduct), 'com.microsoft.FusedConv': op(fusedConvolution),
  'com.microsoft.FusedGemm': op((call) => activated(call, gemm(call), [given(call, 'activation_alpha'), given(call, 'activation_beta')])),
  'com.microsoft.FastGelu': biased(fast), 'com.microsoft.BiasGelu': biased(exact), 'com.microsoft.BiasSplitGelu': op(splitGelu),
  'com.microsoft.QuickGelu': op((call) => { const x = floats(operand(call, 0)); return mul(x, sigmoid(mul(x, numberOf(call, 'alpha', 1.702)))); }),
  'com.microsoft.BiasAdd': op((call) => add(add(operand(call, 0), operand(call, 1)), operand(call, 2))), 'com.microsoft.BiasSoftmax': op(biasedSoftmax),
  'com.microsoft.SkipLayerNormalization': op(skipped), 'com.microsoft.SkipSimplifiedLayerNormalization': op(skippedSimply), 'com.microsoft.EmbedLayerNormalization': op(embedded), 'com.microsoft.GroupNorm': op(grouped),
} satisfies Readonly<Record<string, LayerForward>>;
