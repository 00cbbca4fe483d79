/** TFLite's elementwise operators, activations and reductions. */
import {
  abs, add, addN, all, any, argMax, argMin, atan2, cast, ceil, clipByValue, cos, cumsum, div, elu, equal, erf, exp, floor, floorDiv, greater, greaterEqual, leakyRelu, less, lessEqual, localResponseNormalization, log, logSoftmax, logicalAnd,
  logicalNot, logicalOr, maximum, mean, minimum, mod, mul, neg, notEqual, pow, prelu, prod, relu, relu6, round, rsqrt, sigmoid, sign, sin, softmax, sqrt, square, squaredDifference, sub, sum, tanh, topk, where, zerosLike,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { LayerCallContext, LayerForward } from '../layer';
import { axes, flag, floats, number, numbers, numeric, operand, operands, text, truths } from '../tensorflow/operands';
import { extreme, least } from '../tensorflow/matrices';
import { activated, operator } from './operator';
import { onGrid } from './quantization';

const one = (run: (x: Tensor) => Tensor): LayerForward => operator((call) => run(operand(call, 0)));
const two = (run: (a: Tensor, b: Tensor) => Tensor): LayerForward => operator((call) => activated(call, run(operand(call, 0), operand(call, 1))));

const reduction = (run: (x: Tensor, along: number[], keep: boolean, call: LayerCallContext) => Tensor): LayerForward => operator((call) => {
  const x = operand(call, 0);
  return run(x, axes(call, numbers(call, 1), x.rank), flag(call, 'keep_dims'), call);
});
const index = (run: typeof argMax): LayerForward => operator((call) => { const x = operand(call, 0); return run(x, axes(call, [number(call, 1)], x.rank)[0]); });

/** x Φ(x), or its tanh approximation (Hendrycks and Gimpel 2016). */
const gelu = (x: Tensor, approximate: boolean): Tensor => (approximate
  ? mul(mul(x, 0.5), add(1, tanh(mul(Math.sqrt(2 / Math.PI), add(x, mul(0.044715, mul(x, mul(x, x))))))))
  : mul(mul(x, 0.5), add(1, erf(mul(x, Math.SQRT1_2)))));

export const elementwise: Readonly<Record<string, LayerForward>> = {
  ADD: two(add), SUB: two(sub), MUL: two(mul), DIV: two(div), MAXIMUM: two(maximum), MINIMUM: two(minimum), POW: two(pow), SQUARED_DIFFERENCE: two(squaredDifference), FLOOR_DIV: two(floorDiv), FLOOR_MOD: two(mod),
  EQUAL: two(equal), NOT_EQUAL: two(notEqual), GREATER: two(greater), GREATER_EQUAL: two(greaterEqual), LESS: two(less), LESS_EQUAL: two(lessEqual),
  LOGICAL_AND: two((a, b) => logicalAnd(truths(a), truths(b))), LOGICAL_OR: two((a, b) => logicalOr(truths(a), truths(b))), LOGICAL_NOT: one((x) => logicalNot(truths(x))),
  ADD_N: operator((call) => addN(operands(call))), ABS: one(abs), EXP: one(exp), LOG: one(log), SQRT: one(sqrt), RSQRT: one(rsqrt), SQUARE: one(square), NEG: one(neg), SIN: one(sin), COS: one(cos), FLOOR: one(floor), CEIL: one(ceil), ROUND: one(round), SIGN: one(sign), ZEROS_LIKE: one(zerosLike),
  RELU: one(relu), RELU6: one(relu6), RELU_N1_TO_1: one((x) => clipByValue(x, -1, 1)), RELU_0_TO_1: one((x) => clipByValue(x, 0, 1)), TANH: one(tanh), ELU: one(elu), LOG_SOFTMAX: one((x) => logSoftmax(x)),
  LOGISTIC: operator((call) => { const x = operand(call, 0); return { outputs: sigmoid(x), logits: x }; }),
  SOFTMAX: operator((call) => { const beta = numeric(call, 'beta', 1); const x = operand(call, 0); const scaled = beta === 1 ? x : mul(x, beta); return { outputs: softmax(scaled), logits: scaled }; }),
  LEAKY_RELU: operator((call) => leakyRelu(operand(call, 0), numeric(call, 'alpha', 0))), PRELU: operator((call) => prelu(operand(call, 0), operand(call, 1))),
  HARD_SWISH: one((x) => mul(x, div(relu6(add(x, 3)), 6))), GELU: operator((call) => gelu(operand(call, 0), flag(call, 'approximate'))),
  CAST: operator((call) => { const x = operand(call, 0); const type = text(call, 'type', 'float32'); return cast(x, type === 'bool' ? 'bool' : type.includes('int') ? 'int32' : 'float32'); }),
  SELECT: operator((call) => where(truths(operand(call, 0)), operand(call, 1), operand(call, 2))), SELECT_V2: operator((call) => where(truths(operand(call, 0)), operand(call, 1), operand(call, 2))),
  MEAN: reduction((x, along, keep) => mean(floats(x), along, keep)), SUM: reduction(sum), REDUCE_PROD: reduction(prod), REDUCE_MAX: reduction((x, along, keep, call) => extreme(call, x, along, keep)), REDUCE_MIN: reduction((x, along, keep, call) => least(call, x, along, keep)),
  REDUCE_ANY: reduction((x, along, keep) => any(truths(x), along, keep)), REDUCE_ALL: reduction((x, along, keep) => all(truths(x), along, keep)),
  ARG_MAX: index(argMax), ARG_MIN: index(argMin), CUMSUM: operator((call) => { const x = operand(call, 0); return cumsum(x, axes(call, [number(call, 1)], x.rank)[0], flag(call, 'exclusive'), flag(call, 'reverse')); }),
  TOPK_V2: operator((call) => { const { values, indices } = topk(operand(call, 0), number(call, 1)); return [values, indices]; }),
  L2_NORMALIZATION: operator((call) => { const x = operand(call, 0); return activated(call, mul(x, rsqrt(maximum(sum(square(x), -1, true), 1e-6)))); }),
  // TFLite's alpha is that of each element, as TensorFlow.js's.
  LOCAL_RESPONSE_NORMALIZATION: operator((call) => localResponseNormalization(operand(call, 0) as Tensor4D, numeric(call, 'radius', 0), numeric(call, 'bias', 0), numeric(call, 'alpha', 0), numeric(call, 'beta', 0))),
  ATAN2: two(atan2), FAKE_QUANT: operator((call) => {
    // The range moved so that zero is on the grid. tensorflow/core/kernels/fake_quant_ops_functor.h
    const [low, high] = [numeric(call, 'min', -6), numeric(call, 'max', 6)];
    const least = flag(call, 'narrow_range') ? 1 : 0;
    const most = 2 ** numeric(call, 'num_bits', 8) - 1;
    const scale = (high - low) / (most - least);
    const zero = Math.min(Math.max(Math.round(least - low / scale), least), most);
    return onGrid(operand(call, 0), { scale, zero, least, most });
  }),
  // Weights and activations already are the numbers that they stand for.
  QUANTIZE: one((x) => x), DEQUANTIZE: one((x) => x),
};
