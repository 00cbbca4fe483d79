/** Activations, with the gradients that TensorFlow.js has for the kernels they are made of. */
import { abs, add, argMax, cast, clipByValue, div, elu, erf, expm1, greater, less, leakyRelu, logSoftmax, maximum, minimum, mul, oneHot, relu, reshape, sigmoid, softmax, softplus, sub, tanh, transpose, where, zerosLike } from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import { atOnce } from '../calls';
import type { LayerCallContext, LayerForward } from '../layer';
import { axisIn, floats, like, numberOf, op, operand, settingOf, tensorOf, wordOf } from './operands';
import { anyAxes } from './wide';

const one = (run: (x: Tensor, call: LayerCallContext) => Tensor): LayerForward => op((call) => run(operand(call, 0), call));

/** … of each element by itself. */
const each = (run: (x: Tensor, call: LayerCallContext) => Tensor): LayerForward => anyAxes(one(run));

/** alpha (exp(x) - 1) below zero, without an overflow above. */
const below = (x: Tensor, alpha: number): Tensor => mul(expm1(minimum(x, 0)), alpha);

/** Along any axis by way of the last; `flattened` takes the axis and all behind it as one, as opsets before 13 do. */
function along(call: LayerCallContext, x: Tensor, run: (x: Tensor) => Tensor): Tensor {
  const axis = axisIn(call, numberOf(call, 'axis', -1), Math.max(x.rank, 1));
  if (call.config['flattened'] === 1) return axis === x.rank - 1 ? run(x) : reshape(run(reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))])), x.shape);
  if (axis >= x.rank - 1) return run(x);
  const order = x.shape.map((_, index) => (index === axis ? x.rank - 1 : index === x.rank - 1 ? axis : index));
  return transpose(run(transpose(x, order)), order);
}

const hardmax = (x: Tensor): Tensor => reshape(cast(oneHot(reshape<Rank.R1>(argMax(x, -1), [-1]), x.shape[x.rank - 1] ?? 1), 'float32'), x.shape);

/** Hendrycks and Gimpel 2016, exactly or by tanh. */
function gelu(x: Tensor, call: LayerCallContext): Tensor {
  const inner = wordOf(call, 'approximate', 'none') === 'tanh' ? tanh(mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI))) : erf(mul(x, Math.SQRT1_2));
  return mul(mul(x, 0.5), add(inner, 1));
}

function clipped(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const [low, high] = [settingOf(call, 'min'), settingOf(call, 'max')];
  const [least, most] = [low?.data[0] ?? -Infinity, high?.data[0] ?? Infinity];
  if (x.dtype === 'float32' && least <= most) return low === undefined && high === undefined ? x : clipByValue(x, least, most);
  const raised = low === undefined ? x : maximum(x, tensorOf(call, low));
  return like(high === undefined ? raised : minimum(raised, tensorOf(call, high)), x.dtype);
}

/** Outputs that a loss may take the logits of. */
const withLogits = (run: (x: Tensor, call: LayerCallContext) => Tensor): LayerForward => atOnce((call) => { const x = floats(operand(call, 0)); return { outputs: [run(x, call)], logits: x }; });

export const activationOps = {
  Relu: each((x) => like(relu(x), x.dtype)), LeakyRelu: each((x, call) => leakyRelu(x, numberOf(call, 'alpha', 0.01))),
  Elu: each((x, call) => { const alpha = numberOf(call, 'alpha', 1); return alpha === 1 ? elu(x) : add(relu(x), below(x, alpha)); }),
  Selu: each((x, call) => mul(add(relu(x), below(x, numberOf(call, 'alpha', 1.6732632))), numberOf(call, 'gamma', 1.050701))),
  Celu: each((x, call) => { const alpha = numberOf(call, 'alpha', 1); return add(relu(x), below(div(x, alpha), alpha)); }),
  Gelu: each(gelu), Sigmoid: anyAxes(withLogits(sigmoid)), Softplus: each(softplus), Softsign: each((x) => div(x, add(abs(x), 1))),
  HardSigmoid: each((x, call) => clipByValue(add(mul(x, numberOf(call, 'alpha', 0.2)), numberOf(call, 'beta', 0.5)), 0, 1)),
  HardSwish: each((x) => mul(x, clipByValue(add(div(x, 6), 0.5), 0, 1))),
  Swish: each((x, call) => { const alpha = numberOf(call, 'alpha', 1); return mul(x, sigmoid(alpha === 1 ? x : mul(x, alpha))); }),
  Mish: each((x) => mul(x, tanh(softplus(x)))),
  ThresholdedRelu: each((x, call) => mul(x, cast(greater(x, numberOf(call, 'alpha', 1)), 'float32'))),
  Shrink: each((x, call) => {
    const [bias, lambda] = [numberOf(call, 'bias', 0), numberOf(call, 'lambd', 0.5)];
    const given = floats(x);
    return like(where(less(given, -lambda), add(given, bias), where(greater(given, lambda), sub(given, bias), zerosLike(given))), x.dtype);
  }),
  Clip: anyAxes(op(clipped)),
  Softmax: withLogits((x, call) => along(call, x, softmax)), LogSoftmax: one((x, call) => along(call, x, (y) => logSoftmax(y))), Hardmax: one((x, call) => along(call, x, hardmax)),
} satisfies Readonly<Record<string, LayerForward>>;
