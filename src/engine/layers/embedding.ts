/** Embedding and Masking: rows of a table by number, and steps that do not count. */
import { any, cast, gather, mul, notEqual, reshape, where, zerosLike, matMul, transpose, tanh, div } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { atOnce, inputOf, lazyMask } from './calls';
import { project } from './dense';
import type { LayerCallContext, LayerForward, LayerResult } from './layer';
import { flagOf, numberOf, optionalNumberOf } from './settings';

/** Rows of `embeddings` `[words, features]`: `[…]` becomes `[…, features]`. */
function lookUp(call: LayerCallContext, x: Tensor): LayerResult {
  const table = call.weight('embeddings');
  const numbers = x.dtype === 'int32' ? x : cast(x, 'int32');
  const rows = gather(table, reshape(numbers, [x.size]));
  const masked = flagOf(call, 'mask_zero', false);
  return {
    outputs: [reshape(rows, [...x.shape, table.shape[1] ?? 1])],
    masks: [masked ? lazyMask(() => notEqual(x, zerosLike(x))) : null],
  };
}

/** Embedding whose table also maps back, from features to a score for every word. */
const reversible = atOnce((call) => {
  const x = inputOf(call);
  if (call.kwargs['reverse'] !== true && call.args[1] !== true) return lookUp(call, x);
  const kernel = call.hasWeight('reverse_embeddings') ? call.weight('reverse_embeddings') : transpose(call.weight('embeddings'));
  const logits = x.rank === 2 ? matMul(x, kernel) : project(x, kernel);
  const cap = optionalNumberOf(call, 'logit_soft_cap');
  return { outputs: [cap === null ? logits : mul(tanh(div(logits, cap)), cap)] };
});

const masking = atOnce((call) => {
  const x = inputOf(call);
  const value = numberOf(call, 'mask_value', 0);
  const counts = any(notEqual(x, value), -1, true);
  const output = call.convention === 'tfjs' ? mul(x, cast(counts, x.dtype)) : where(counts, x, zerosLike(x));
  return { outputs: [output], masks: [lazyMask(() => reshape(counts, x.shape.slice(0, -1)))] };
});

export const embeddingLayers: Readonly<Record<string, LayerForward>> = {
  Embedding: atOnce((call) => lookUp(call, inputOf(call))),
  ReversibleEmbedding: reversible,
  Masking: masking,
};
