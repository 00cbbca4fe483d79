/** Dense and EinsumDense: a matrix product over the last axis, or any sum of products that an equation names. */
import { add, fused, matMul, reshape, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../tensor/failure';
import { activationOf } from './activations';
import type { ResolvedActivation } from './activations';
import { atOnce, inputOf } from './calls';
import { einsum } from './operations/einsum';
import type { LayerCallContext, LayerForward, LayerResult } from './layer';

/** The result of a layer that ends in an activation, with its logits where the activation is a softmax or a sigmoid. */
export function activated(call: LayerCallContext, x: Tensor, masks?: LayerResult['masks']): LayerResult {
  const activation = activationOf(call, call.config['activation'], call.convention);
  return { outputs: [activation.apply(x)], ...(activation.fromLogits ? { logits: x } : {}), ...(masks ? { masks } : {}) };
}

/** The activation that TensorFlow.js's fused kernels take over, as tfjs-layers chooses it; null where none fits. */
export function fusedActivation(activation: ResolvedActivation): 'relu' | 'linear' | 'elu' | null {
  return activation.name === 'relu' || activation.name === 'linear' || activation.name === 'elu' ? activation.name : null;
}

/**
 * tfjs-layers' product: `a` of any rank times `b` along the last axis of `a` and the last but one of `b`, bias and activation fused
 * where TensorFlow.js does so.
 */
export function dot(a: Tensor, b: Tensor, activation?: 'relu' | 'linear' | 'elu', bias?: Tensor | null): Tensor {
  const options = { transposeA: false, transposeB: false, bias: bias ?? undefined, activation };
  if (a.rank === 2 && b.rank === 2) return fused.matMul({ a, b, ...options });
  const depth = a.shape[a.rank - 1] ?? 1;
  const rows = reshape(a, [-1, depth]);
  const order = Array.from({ length: b.rank }, (_, axis) => (axis === 0 ? b.rank - 2 : axis <= b.rank - 2 ? axis - 1 : axis));
  const others = [...b.shape.slice(0, -2), b.shape[b.rank - 1] ?? 1];
  const columns = reshape(transpose(b, order), [depth, -1]);
  return reshape(fused.matMul({ a: rows, b: columns, ...options }), [...a.shape.slice(0, -1), ...others]);
}

/** `x @ kernel` over the last axis of `x`: one matrix product, with `x` flattened to rows where it has more than two axes. */
export function project(x: Tensor, kernel: Tensor): Tensor {
  if (x.rank === 2) return matMul(x, kernel);
  const rows = reshape(x, [-1, x.shape[x.rank - 1] ?? 1]);
  return reshape(matMul(rows, kernel), [...x.shape.slice(0, -1), kernel.shape[1] ?? 1]);
}

const dense = atOnce((call) => {
  const x = inputOf(call);
  const kernel = call.weight('kernel');
  const bias = call.hasWeight('bias') ? call.weight('bias') : null;
  if (x.shape[x.rank - 1] !== kernel.shape[0]) {
    throw new Failure('layer.shape', `Layer '${call.path}' (Dense) takes ${kernel.shape[0]} features, but its input has the shape [${x.shape.join(', ')}].`);
  }
  const masks = [call.masks[0] ?? null];
  if (call.convention === 'tfjs') {
    const activation = activationOf(call, call.config['activation'], call.convention);
    const inside = fusedActivation(activation);
    if (inside !== null) return { outputs: [dot(x, kernel, inside, bias)], masks };
    const product = dot(x, kernel);
    return activated(call, bias === null ? product : biasAdd(product, bias), masks);
  }
  const product = project(x, kernel);
  return activated(call, bias === null ? product : add(product, bias), masks);
});

/** tfjs-layers' biasAdd: the bias gets the rank of `x` where that is above 2. Channels last, or first from `channelsAxis` 1. */
export function biasAdd(x: Tensor, bias: Tensor, channelsFirst = false): Tensor {
  if (x.rank < 3) return add(x, bias);
  const shape = Array.from({ length: x.rank }, () => 1);
  shape[channelsFirst ? 1 : x.rank - 1] = bias.size;
  return add(x, reshape(bias, shape));
}

const einsumDense = atOnce((call) => {
  const equation = call.config['equation'];
  if (typeof equation !== 'string') throw new Failure('layer.setting', `Layer '${call.path}' (EinsumDense) has no equation.`);
  const product = einsum(equation.replaceAll(' ', ''), inputOf(call), call.weight('kernel'));
  return activated(call, call.hasWeight('bias') ? add(product, call.weight('bias')) : product);
});

export const denseLayers: Readonly<Record<string, LayerForward>> = { Dense: dense, EinsumDense: einsumDense };
