/** Activation functions by Keras's name, as functions of one tensor. By convention: tfjs follows tfjs-layers kernel for kernel. */
import {
  abs, add, cast, clipByValue, div, elu, erf, exp, expandDims, expm1, greater, greaterEqual, leakyRelu, logSoftmax, maximum, minimum, mul, neg, pow,
  relu, relu6, selu, sigmoid, softmax, softplus, split, sqrt, square, sub, sum, tanh, transpose, where, zerosLike,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import './operations/comparisons';
import type { Convention, Json } from '../../network/network';
import { Failure } from '../../tensor/failure';
import { isRecord } from './settings';
import type { Configured } from './settings';

/** Numbers that an activation takes besides its input, by Keras's argument names. */
export type Options = Readonly<Record<string, number | null | undefined>>;
export type Activation = (x: Tensor, options: Options) => Tensor;

/** Scalar option, or its default. */
const option = (options: Options, name: string, fallback: number): number => options[name] ?? fallback;

/** softmax along any axis; TensorFlow.js knows only the last. */
export function softmaxAlong(x: Tensor, axis: number): Tensor {
  const last = x.rank - 1;
  const at = axis < 0 ? axis + x.rank : axis;
  if (at === last) return softmax(x, last);
  const swap = swapped(x.rank, at);
  return transpose(softmax(transpose(x, swap), last), swap);
}

/** The permutation that exchanges an axis with the last one; it is its own inverse. */
function swapped(rank: number, axis: number): number[] {
  return Array.from({ length: rank }, (_, index) => (index === axis ? rank - 1 : index === rank - 1 ? axis : index));
}

/**
 * relu with Keras's three settings: 0 below `threshold`, x above it up to `max_value`; below the threshold
 * `negative_slope * (x - threshold)`.
 */
function generalRelu(x: Tensor, options: Options): Tensor {
  const slope = option(options, 'negative_slope', 0);
  const threshold = option(options, 'threshold', 0);
  const ceiling = options['max_value'] ?? null;
  if (slope !== 0 && ceiling === null && threshold === 0) return leakyRelu(x, slope);
  let y: Tensor;
  if (threshold !== 0) y = where(greater(x, threshold), x, zerosLike(x));
  else if (ceiling === 6) y = relu6(x);
  else y = relu(x);
  if (ceiling !== null && (threshold !== 0 || ceiling !== 6)) y = clipByValue(y, 0, ceiling);
  if (slope === 0) return y;
  const below = threshold === 0 ? relu(neg(x)) : relu(sub(threshold, x));
  return sub(y, mul(below, slope));
}

/** Sparse probabilities after Martins and Astudillo (2016): max(x - tau, 0). */
function sparsemax(x: Tensor, options: Options): Tensor {
  const at = option(options, 'axis', -1);
  const axis = at < 0 ? at + x.rank : at;
  const swap = swapped(x.rank, axis);
  const rows = transpose(x, swap);
  // x_i is in the support when 1 + k x_i exceeds the sum of the k values that are not below it. No gradient flows through comparisons.
  const notBelow = cast(greaterEqual(expandDims(rows, -2), expandDims(rows, -1)), 'float32');
  const sums = sum(mul(notBelow, expandDims(rows, -2)), -1);
  const support = cast(greater(add(1, mul(sum(notBelow, -1), rows)), sums), 'float32');
  const size = sum(support, -1, true);
  // Keras subtracts the mean excess over all running sums of the support, where the paper takes the last of them; its numbers are followed.
  const tau = div(sub(sum(mul(support, sums), -1, true), 1), size);
  return transpose(maximum(sub(rows, tau), 0), swap);
}

function glu(x: Tensor, options: Options): Tensor {
  const [value, gate] = split(x, 2, option(options, 'axis', -1));
  if (value === undefined || gate === undefined) throw new Failure('layer.activation', 'The activation glu needs an axis of even length to split into halves.');
  return mul(value, sigmoid(gate));
}

const gelu: Activation = (x, options) => (option(options, 'approximate', 0) !== 0
  ? mul(mul(0.5, x), add(1, tanh(mul(Math.sqrt(2 / Math.PI), add(x, mul(0.044715, pow(x, 3)))))))
  : mul(mul(0.5, x), add(1, erf(mul(x, Math.SQRT1_2)))));
const silu: Activation = (x) => mul(x, sigmoid(x));
const hardSigmoid: Activation = (x) => div(relu6(add(x, 3)), 6);
const hardSilu: Activation = (x) => mul(x, hardSigmoid(x, {}));

/** Keras 3's activations. */
const keras: Readonly<Record<string, Activation>> = {
  linear: (x) => x,
  relu: generalRelu,
  relu6: (x) => relu6(x),
  leaky_relu: (x, options) => leakyRelu(x, option(options, 'negative_slope', 0.2)),
  elu: (x, options) => {
    const alpha = option(options, 'alpha', 1);
    const y = elu(x);
    return alpha === 1 ? y : where(greater(x, 0), y, mul(alpha, y));
  },
  selu: (x) => selu(x),
  celu: (x, options) => {
    const alpha = option(options, 'alpha', 1);
    return add(maximum(x, 0), mul(alpha, expm1(div(minimum(x, 0), alpha))));
  },
  gelu,
  silu,
  swish: silu,
  hard_silu: hardSilu,
  hard_swish: hardSilu,
  hard_sigmoid: hardSigmoid,
  // Keras 2's function of that name.
  hard_sigmoid_keras2: (x) => clipByValue(add(0.5, mul(0.2, x)), 0, 1),
  sigmoid: (x) => sigmoid(x),
  sparse_sigmoid: (x) => clipByValue(mul(0.5, add(x, 1)), 0, 1),
  log_sigmoid: (x) => neg(softplus(neg(x))),
  tanh: (x) => tanh(x),
  hard_tanh: (x) => clipByValue(x, -1, 1),
  tanh_shrink: (x) => sub(x, tanh(x)),
  softplus: (x) => softplus(x),
  softsign: (x) => div(x, add(1, abs(x))),
  soft_shrink: (x, options) => {
    const edge = option(options, 'threshold', 0.5);
    return sub(relu(sub(x, edge)), relu(sub(neg(x), edge)));
  },
  hard_shrink: (x, options) => where(greater(abs(x), option(options, 'threshold', 0.5)), x, zerosLike(x)),
  threshold: (x, options) => where(greater(x, option(options, 'threshold', 0)), x, add(zerosLike(x), option(options, 'default_value', 0))),
  // 0 up to -1, (x + 1)² / 4 up to 1, x from there on.
  sparse_plus: (x) => add(square(mul(0.5, add(clipByValue(x, -1, 1), 1))), relu(sub(x, 1))),
  squareplus: (x, options) => mul(0.5, add(x, sqrt(add(square(x), option(options, 'b', 4))))),
  mish: (x) => mul(x, tanh(softplus(x))),
  exponential: (x) => exp(x),
  softmax: (x, options) => softmaxAlong(x, option(options, 'axis', -1)),
  log_softmax: (x, options) => {
    const axis = option(options, 'axis', -1);
    const at = axis < 0 ? axis + x.rank : axis;
    if (at === x.rank - 1) return logSoftmax(x);
    const swap = swapped(x.rank, at);
    return transpose(logSoftmax(transpose(x, swap)), swap);
  },
  sparsemax,
  glu,
};

/** Where tfjs-layers computes an activation of the same name by other kernels. */
const tfjs: Readonly<Record<string, Activation>> = {
  relu: (x) => relu(x),
  relu6: (x) => minimum(6.0, relu(x)),
  elu: (x) => elu(x),
  hard_sigmoid: (x) => clipByValue(add(0.5, mul(0.2, x)), 0, 1),
  softsign: (x) => div(x, add(abs(x), 1)),
  gelu: (x) => mul(x, mul(0.5, add(1, erf(div(x, Math.sqrt(2)))))),
  gelu_new: (x) => mul(0.5, mul(x, add(1, tanh(mul(sqrt(div(2, Math.PI)), add(x, mul(0.044715, pow(x, 3)))))))),
  silu: (x) => mul(sigmoid(mul(x, 1)), x),
  swish: (x) => mul(sigmoid(mul(x, 1)), x),
  softmax: (x, options) => softmax(x, option(options, 'axis', -1)),
  log_softmax: (x, options) => logSoftmax(x, option(options, 'axis', -1)),
};

/** An activation of a configuration, ready to apply. */
export interface ResolvedActivation {
  readonly name: string;
  apply(x: Tensor): Tensor;
  /** True when its input are logits from which Keras takes a cross-entropy loss: softmax and sigmoid. */
  readonly fromLogits: boolean;
}

/** Layers that stand as activation in a configuration: the function that each is, and its settings where they differ in name or default. */
const asLayers: Readonly<Record<string, { readonly name: string; readonly defaults: Options }>> = {
  LeakyReLU: { name: 'leaky_relu', defaults: { negative_slope: 0.3 } },
  ReLU: { name: 'relu', defaults: {} },
  ELU: { name: 'elu', defaults: {} },
  Softmax: { name: 'softmax', defaults: {} },
};

/**
 * The function that a configuration's activation names: a string, null (linear), or a serialized function or layer.
 * @throws Failure `layer.activation` when it is unknown.
 */
export function activationOf(layer: Configured, value: Json | undefined, convention: Convention): ResolvedActivation {
  if (value === undefined || value === null) return named(layer, 'linear', {}, convention);
  if (typeof value === 'string') return named(layer, value, {}, convention);
  if (isRecord(value)) {
    const type = value['class_name'];
    const config = value['config'];
    if (typeof config === 'string') return named(layer, config, {}, convention);
    const known = typeof type === 'string' ? asLayers[type] : undefined;
    if (known !== undefined) {
      const options: Record<string, number | null | undefined> = { ...known.defaults };
      for (const [key, entry] of Object.entries(isRecord(config) ? config : {})) {
        if (typeof entry === 'number') options[key === 'alpha' && type === 'LeakyReLU' ? 'negative_slope' : key] = entry;
      }
      return named(layer, known.name, options, convention);
    }
    if (typeof type === 'string') return named(layer, snakeCase(type), {}, convention);
  }
  throw new Failure('layer.activation', `Layer '${layer.path}' (${layer.type}) has an activation that cannot be read: ${JSON.stringify(value)}.`);
}

function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** The activation of that name. @throws Failure `layer.activation` when it is unknown. */
export function named(layer: Configured, name: string, options: Options, convention: Convention): ResolvedActivation {
  const key = name in keras || name in tfjs ? name : snakeCase(name);
  const run = (convention === 'tfjs' ? tfjs[key] : undefined) ?? keras[key] ?? tfjs[key];
  if (run === undefined || !(Object.hasOwn(keras, key) || Object.hasOwn(tfjs, key))) {
    throw new Failure('layer.activation', `Layer '${layer.path}' (${layer.type}) has the activation '${name}', which Backstep does not know. Known are: ${Object.keys(keras).join(', ')}.`);
  }
  return { name: key, apply: (x) => run(x, options), fromLogits: key === 'softmax' || key === 'sigmoid' };
}

