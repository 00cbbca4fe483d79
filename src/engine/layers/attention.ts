/** Attention: multi-head (and grouped-query), dot-product (Luong) and additive (Bahdanau). */
import {
  add, cast, expandDims, greaterEqual, less, abs, logicalAnd, matMul, mul, range, reshape, softmax, sub, sum, tanh, tile, transpose, where, zerosLike,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../tensor/value';
import { Failure } from '../../tensor/failure';
import { atOnce, inputsOf, isTensor, tensorsIn } from './calls';
import type { LayerCallContext, LayerForward, LayerResult } from './layer';
import { dropMask } from './randomness';
import { axisOf, choiceOf, listOf, numberOf, optionalNumberOf } from './settings';

/** What a masked score is set to, or lowered by. */
const never = -1e9;

interface Sides { readonly query: Tensor; readonly value: Tensor; readonly key: Tensor; readonly keyGiven: boolean }

/** Query, value and key from positions, names, or one list. */
function sidesOf(call: LayerCallContext): Sides {
  const listed = tensorsIn(call.args[0]);
  const at = (index: number, name: string): Tensor | undefined => {
    const named = call.kwargs[name];
    return listed.length > 1 ? listed[index] : (tensorsIn(call.args[index])[0] ?? (isTensor(named) ? named : undefined));
  };
  const [query, value] = [at(0, 'query'), at(1, 'value')];
  if (query === undefined || value === undefined) throw new Failure('layer.inputs', `Layer '${call.path}' (${call.type}) needs a query and a value.`);
  const key = at(2, 'key');
  return { query, value, key: key ?? value, keyGiven: key !== undefined };
}

/** `x` `[…, features]` by a kernel `[features, heads, size]`: `[…, heads, size]`. */
function toHeads(call: LayerCallContext, x: Tensor, name: string): Tensor {
  const kernel = call.weight(`${name}/kernel`);
  const [features = 1, ...rest] = kernel.shape;
  const product = reshape(matMul(reshape(x, [-1, features]), reshape(kernel, [features, sizeOf(rest)])), [...x.shape.slice(0, -1), ...rest]);
  return call.hasWeight(`${name}/bias`) ? add(product, call.weight(`${name}/bias`)) : product;
}

/** `[…, heads, size]` by a kernel `[heads, size, …]` over both of the last axes. */
function fromHeads(call: LayerCallContext, x: Tensor): Tensor {
  const kernel = call.weight('attention_output/kernel');
  const [heads = 1, size = 1, ...rest] = kernel.shape;
  const product = reshape(matMul(reshape(x, [-1, heads * size]), reshape(kernel, [heads * size, sizeOf(rest)])), [...x.shape.slice(0, -2), ...rest]);
  return call.hasWeight('attention_output/bias') ? add(product, call.weight('attention_output/bias')) : product;
}

const both = (a: Tensor | null, b: Tensor): Tensor => (a === null ? b : logicalAnd(a, b));
const truth = (mask: Tensor): Tensor => (mask.dtype === 'bool' ? mask : cast(mask, 'bool'));

/** `[1, T, S]`: true where step t may look at step s. */
function reach(query: Tensor, value: Tensor, allowed: (rows: Tensor, columns: Tensor) => Tensor): Tensor {
  const [rows, columns] = [query.shape[1] ?? 1, value.shape[1] ?? 1];
  return allowed(reshape(range(0, rows, 1, 'int32'), [1, rows, 1]), reshape(range(0, columns, 1, 'int32'), [1, 1, columns]));
}

const causal = (query: Tensor, value: Tensor): Tensor => reach(query, value, (rows, columns) => greaterEqual(rows, columns));

/** All masks of a multi-head call joined to `[batch, T, S]`, or null. */
function attentionMask(call: LayerCallContext, { query, value, key, keyGiven }: Sides): Tensor | null {
  const given = (name: string, tensor: Tensor): Tensor | null => {
    const named = call.kwargs[name];
    if (isTensor(named)) return truth(named);
    const implicit = call.implicitMask(tensor)?.tensor();
    return implicit === undefined ? null : truth(implicit);
  };
  let mask: Tensor | null = null;
  const queryMask = given('query_mask', query);
  if (queryMask !== null) mask = expandDims(queryMask, -1);
  const valueMask = given('value_mask', value);
  if (valueMask !== null) mask = both(mask, expandDims(valueMask, -2));
  const keyMask = keyGiven ? given('key_mask', key) : null;
  if (keyMask !== null) mask = both(mask, expandDims(keyMask, -2));
  if (call.kwargs['use_causal_mask'] === true) mask = both(mask, causal(query, value));
  const window = optionalNumberOf(call, 'sliding_window');
  if (window !== null) mask = both(mask, reach(query, value, (rows, columns) => less(abs(sub(rows, columns)), window)));
  const own = call.kwargs['attention_mask'];
  return isTensor(own) ? both(mask, truth(own)) : mask;
}

/** The order that brings `[batch, …, heads, size]` to `[batch, free axes, heads, attention axes, size]`. */
function headsFirst(rank: number, attended: readonly number[]): number[] {
  const free = Array.from({ length: rank - 3 }, (_, axis) => axis + 1).filter((axis) => !attended.includes(axis));
  return [0, ...free, rank - 2, ...attended, rank - 1];
}

interface Attended { readonly output: Tensor; readonly scores: Tensor }

/** softmax(q kᵀ / √size) v by head; `scores` are `[batch, …, heads, T, S]`. */
function attend(call: LayerCallContext, query: Tensor, key: Tensor, value: Tensor, attended: readonly number[], mask: Tensor | null, zeroing: boolean): Attended {
  const order = headsFirst(query.rank, attended);
  const turn = (x: Tensor): Tensor => transpose(x, order);
  const [q, k, v] = [turn(query), turn(key), turn(value)];
  const outer = q.rank - attended.length - 1;
  const lead = q.shape.slice(0, outer);
  const flat = (x: Tensor): Tensor => reshape(x, [sizeOf(x.shape.slice(0, outer)), sizeOf(x.shape.slice(outer, -1)), x.shape[x.rank - 1] ?? 1]);
  const scaled = mul(flat(q), 1 / Math.sqrt(query.shape[query.rank - 1] ?? 1));
  const raw = matMul(scaled, flat(k), false, true);
  const steps = [q.shape.slice(outer, -1), k.shape.slice(outer, -1)];
  const wide = [...lead, ...steps.flat()];
  const [rows, columns] = [raw.shape[1] ?? 1, raw.shape[2] ?? 1];
  let weights: Tensor;
  if (mask === null) {
    weights = softmax(raw);
  } else {
    let spread = mask;
    while (spread.rank < wide.length) spread = expandDims(spread, Math.max(0, spread.rank - attended.length * 2));
    const open = reshape(raw, wide);
    const soft = softmax(reshape(where(spread, open, mul(add(zerosLike(open), 1), never)), [-1, rows, columns]));
    // With its own softmax layer, Keras leaves nothing where everything is masked.
    weights = zeroing ? reshape(where(spread, reshape(soft, wide), zerosLike(open)), soft.shape) : soft;
  }
  const rate = numberOf(call, 'dropout', 0);
  const dropped = rate > 0 && call.training && call.dropout ? mul(weights, dropMask(weights.shape, rate, call.seed('dropout'))) : weights;
  const mixed = reshape(matMul(dropped, flat(v)), [...lead, ...(steps[0] ?? []), v.shape[v.rank - 1] ?? 1]);
  const back = order.map((_, axis) => order.indexOf(axis));
  return { output: transpose(mixed, back), scores: reshape(weights, wide) };
}

/** Vaswani and others 2017; with fewer heads for key and value than for the query, Ainslie and others 2023. */
const multiHead = (grouped: boolean): LayerForward => atOnce((call): LayerResult => {
  const sides = sidesOf(call);
  const mask = attentionMask(call, sides);
  const [query, key, value] = [toHeads(call, sides.query, 'query'), toHeads(call, sides.key, 'key'), toHeads(call, sides.value, 'value')];
  const heads = query.shape[query.rank - 2] ?? 1;
  const [ownKey, ownValue] = grouped ? [repeated(key, heads), repeated(value, heads)] : [key, value];
  const listed = listOf(call, 'attention_axes');
  const attended = listed?.map((axis) => axisOf(call, axis, sides.query.rank)) ?? Array.from({ length: query.rank - 3 }, (_, axis) => axis + 1);
  const wanted = call.kwargs['return_attention_scores'] === true;
  const zeroing = numberOf(call, 'dropout', 0) > 0 || wanted || query.rank !== 4;
  const { output, scores } = attend(call, query, ownKey, ownValue, attended, mask, zeroing);
  const gated = call.hasWeight('gate/kernel') ? mul(output, toHeads(call, sides.query, 'gate')) : output;
  const result = fromHeads(call, gated);
  return {
    outputs: wanted ? [result, scores] : [result],
    masks: [call.implicitMask(sides.query)],
    parts: { query, key, value, scores, attention_output: result },
  };
});

/** Heads of key or value repeated to as many as the query has. */
function repeated(x: Tensor, heads: number): Tensor {
  const own = x.shape[x.rank - 2] ?? 1;
  if (own === heads) return x;
  const times = heads / own;
  const apart = expandDims(x, x.rank - 1);
  return reshape(tile(apart, apart.shape.map((_, axis) => (axis === x.rank - 1 ? times : 1))), [...x.shape.slice(0, -2), heads, x.shape[x.rank - 1] ?? 1]);
}

/** Attention and AdditiveAttention: scores of every query step for every key step, then the weighted sum of values. */
const scored = (additive: boolean): LayerForward => atOnce((call): LayerResult => {
  const inputs = inputsOf(call, 2);
  const [query, value, key = value] = inputs;
  if (query === undefined || value === undefined || key === undefined) throw new Failure('layer.inputs', `Layer '${call.path}' (${call.type}) needs a query and a value.`);
  const scale = call.hasWeight('scale') ? call.weight('scale') : null;
  const sums = (): Tensor => add(expandDims(query, -2), expandDims(key, -3));
  let scores: Tensor;
  if (additive) {
    const shaped = tanh(sums());
    scores = sum(scale === null ? shaped : mul(scale, shaped), -1);
  } else if (choiceOf(call, 'score_mode', ['dot', 'concat']) === 'concat') {
    scores = mul(call.weight('concat_score_weight'), sum(tanh(scale === null ? sums() : mul(scale, sums())), -1));
  } else {
    const product = matMul(query, key, false, true);
    scores = scale === null ? product : mul(product, scale);
  }
  const masks = tensorsOrNull(call);
  let mask = masks[1] === null || masks[1] === undefined ? null : expandDims(truth(masks[1]), -2);
  if (call.kwargs['use_causal_mask'] === true) mask = both(mask, causal(query, key));
  if (mask !== null) scores = where(mask, scores, add(scores, never));
  const weights = softmax(scores);
  const rate = numberOf(call, 'dropout', 0);
  const dropped = rate > 0 && call.training && call.dropout ? mul(weights, dropMask(weights.shape, rate, call.seed('dropout'))) : weights;
  let output = matMul(dropped, value);
  const queryMask = masks[0];
  if (queryMask) output = where(expandDims(truth(queryMask), -1), output, zerosLike(output));
  const wanted = call.kwargs['return_attention_scores'] === true;
  return { outputs: wanted ? [output, weights] : [output], masks: [queryMask ? { tensor: () => queryMask } : null], parts: { scores: weights } };
});

/** Masks of query and value: the explicit list, or the implicit ones. */
function tensorsOrNull(call: LayerCallContext): (Tensor | null)[] {
  const given = call.kwargs['mask'];
  if (Array.isArray(given)) return given.map((entry: unknown) => (isTensor(entry as Tensor) ? (entry as Tensor) : null));
  return call.masks.map((mask) => mask?.tensor() ?? null);
}

export const attentionLayers: Readonly<Record<string, LayerForward>> = {
  MultiHeadAttention: multiHead(false),
  GroupQueryAttention: multiHead(true),
  GroupedQueryAttention: multiHead(true),
  Attention: scored(false),
  AdditiveAttention: scored(true),
};
