/** SpectralNormalization around a layer: its kernel divided by the largest singular value, found by power iteration (Miyato and others 2018). */
import { add, div, matMul, mul, reshape, rsqrt, square, sub, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../tensor/failure';
import type { LayerForward } from './layer';
import { innerCall } from './nesting';
import { stopGradient } from './operations/operations';
import { numberOf, objectOf } from './settings';

type Lookup = (type: string, path: string) => LayerForward;

const normalized = (x: Tensor): Tensor => mul(x, rsqrt(sum(square(x))));

const spectral = (lookup: Lookup): LayerForward => function* (call) {
  const { type, config } = objectOf(call, call.config['layer'], 'layer');
  const name = typeof config['name'] === 'string' ? config['name'] : 'layer';
  const inside = innerCall(call, { type, config, prefix: `${name}/`, name });
  const forward = lookup(type, inside.path);
  const owned = inside.hasWeight('embeddings') ? 'embeddings' : 'kernel';
  if (!call.training) return yield* forward(inside);
  if (!inside.hasWeight(owned)) throw new Failure('layer.weight', `Layer '${call.path}' (SpectralNormalization) holds the layer ${type}, which has no kernel to normalise.`);
  const kernel = inside.weight(owned);
  const rows = reshape(kernel, [-1, kernel.shape[kernel.rank - 1] ?? 1]);
  let u = call.weight('vector_u');
  let v: Tensor = u;
  for (let turn = 0; turn < numberOf(call, 'power_iterations', 1); turn += 1) {
    v = normalized(matMul(u, rows, false, true));
    u = normalized(matMul(v, rows));
  }
  const sigma = matMul(matMul(v, rows), u, false, true);
  const scaled = stopGradient(div(kernel, reshape(sigma, [])));
  // Keras puts the scaled kernel in the place of the kernel: it is what the gradient is for, and what the optimizer moves.
  const used = add(kernel, stopGradient(sub(scaled, kernel)));
  call.assign('vector_u', stopGradient(u));
  inside.assign(owned, scaled);
  return yield* forward({ ...inside, weight: (weight) => (weight === owned ? used : inside.weight(weight)) });
};

export const spectralLayers = (lookup: Lookup): Readonly<Record<string, LayerForward>> => ({ SpectralNormalization: spectral(lookup) });
