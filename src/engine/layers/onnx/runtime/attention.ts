/** onnxruntime's own attention: projections inside, packed operands, masks of integers, caches and rotary positions. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md */
import { add, cast, concat, gather, greater, mul, reshape, slice, split, sub, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { project } from '../../dense';
import { atOnce } from '../../calls';
import type { LayerCallContext, LayerForward } from '../../layer';
import { attend, headed, joinedHeads, repeated, turned } from '../attention';
import { floats, ints, misfit, numberOf, numbersOf, op, operand, optional, refuse, tensorOf, valueAt } from '../operands';

/** A part of `x` along its last axis. */
const part = (x: Tensor, start: number, size: number): Tensor => slice(x, x.shape.map((_, axis) => (axis === x.rank - 1 ? start : 0)), x.shape.map((extent, axis) => (axis === x.rank - 1 ? size : extent)));
const scaleOf = (call: LayerCallContext, size: number): number => numberOf(call, 'scale', 0) || 1 / Math.sqrt(size);
const patternOf = (call: LayerCallContext, shape: readonly number[], at: (index: number) => boolean): Tensor => tensorOf(call, { dtype: 'bool', shape, data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => Number(at(index))) });

interface Extents { readonly batch: number; readonly steps: number; readonly total: number }

/** What a mask adds to the scores: nothing where it is not 0, `mask_filter_value` elsewhere. Masks name each key, each pair, or where keys end and begin. */
function maskBias(call: LayerCallContext, position: number, { batch, steps, total }: Extents): Tensor | null {
  const mask = optional(call, position);
  if (mask === null) return null;
  const filter = numberOf(call, 'mask_filter_value', -10000);
  const whole = (): Tensor => {
    if (mask.rank === 2) return reshape(mask, [batch, 1, 1, total]);
    if (mask.rank === 3) return reshape(mask, [batch, 1, steps, total]);
    if (mask.rank === 4) return slice(mask, [0, 0, total - steps, 0], [mask.shape[0] ?? 1, 1, steps, total]);
    if (mask.size !== batch && mask.size !== 2 * batch) throw refuse(call, `has a mask of shape [${mask.shape.join(', ')}]`);
    const ends = mask.dataSync();
    return patternOf(call, [batch, 1, 1, total], (index) => { const row = Math.floor(index / total), key = index % total; return key < (ends[row] ?? 0) && key >= (mask.size === batch ? 0 : ends[row + batch] ?? 0); });
  };
  return mul(sub(1, cast(greater(floats(whole()), 0), 'float32')), filter);
}

const causalPattern = (call: LayerCallContext, { steps, total }: Extents): Tensor | null => (numberOf(call, 'unidirectional', 0) === 1 ? patternOf(call, [1, 1, steps, total], (index) => index % total <= Math.floor(index / total) + total - steps) : null);
const sum = (a: Tensor | null, b: Tensor | null): Tensor | null => (a === null || b === null ? a ?? b : add(a, b));

/** Input `[batch, steps, features]`, the three projections in one weight and one bias, a mask, keys and values of before `[2, …]`, and what is added to the scores. */
const packed: LayerForward = atOnce((call) => {
  const [x, weight, bias, past] = [floats(operand(call, 0)), floats(operand(call, 1)), optional(call, 2), optional(call, 4)];
  if (numberOf(call, 'do_rotary', 0) === 1 || numberOf(call, 'past_present_share_buffer', 0) === 1) throw refuse(call, 'turns its queries by positions or shares its cache');
  const third = (weight.shape[1] ?? 0) / 3;
  const sizes = numbersOf(call, 'qkv_hidden_sizes') ?? [third, third, third];
  const heads = numberOf(call, 'num_heads', 1);
  const projected = project(x, weight);
  const all = bias === null ? projected : add(projected, bias);
  const [q, k, v] = sizes.map((size, index) => headed(call, part(all, sizes.slice(0, index).reduce((a, b) => a + b, 0), size), 'num_heads', heads));
  if (q === undefined || k === undefined || v === undefined) throw misfit(call, 'needs three sizes of its projections');
  const before = past === null ? [] : split(past, 2, 0).map((one) => reshape(one, one.shape.slice(1)));
  const joined = (old: Tensor | undefined, now: Tensor): Tensor => (old === undefined ? now : concat([old, now], 2));
  const [keys, values] = [joined(before[0], k), joined(before[1], v)];
  const extents: Extents = { batch: x.shape[0] ?? 1, steps: x.shape[1] ?? 1, total: keys.shape[2] ?? 1 };
  const { y, shares } = attend(q, keys, values, { scale: scaleOf(call, q.shape[3] ?? 1), bias: sum(maskBias(call, 3, extents), optional(call, 5)), allowed: causalPattern(call, extents) });
  const present = (): Tensor => concat([keys, values].map((one) => reshape(one, [1, ...one.shape])), 0);
  return { outputs: (call.outputCount ?? 1) > 1 ? [joinedHeads(y), present()] : [joinedHeads(y)], parts: { scores: shares } };
});

/** Heads that stand together `[batch, steps, heads, parts, size]`, as `parts` tensors with the heads in front. */
const unpacked = (x: Tensor): Tensor[] => { const [batch = 1, steps = 1, heads = 1, , size = 1] = x.shape; return split(x, x.shape[3] ?? 1, 3).map((one) => transpose(reshape(one, [batch, steps, heads, size]), [0, 2, 1, 3])); };

/** Projected queries, keys and values in any of the layouts, a bias for all three, masks, and a cache. */
const multiHead: LayerForward = atOnce((call) => {
  const [query, key, value, bias] = [floats(operand(call, 0)), optional(call, 1), optional(call, 2), optional(call, 3)];
  const heads = numberOf(call, 'num_heads', 1);
  const width = query.rank === 3 ? query.shape[2] ?? 0 : 0;
  const shifted = (x: Tensor, start: number): Tensor => (bias === null || x.rank !== 3 ? x : add(x, part(bias, start, x.shape[2] ?? 0)));
  const apart = (x: Tensor, start: number): Tensor => headed(call, shifted(x, start), 'num_heads', heads);
  const parts = query.rank === 5 ? unpacked(query) : key?.rank === 5 ? [apart(query, 0), ...unpacked(key)] : [apart(query, 0), apart(key ?? query, width), apart(value ?? key ?? query, width + (key?.shape[2] ?? 0))];
  const [q, k, v] = parts;
  if (q === undefined || k === undefined || v === undefined) throw misfit(call, `divides the shape [${query.shape.join(', ')}] into queries, keys and values`);
  if (bias !== null && (query.rank === 5 || key?.rank === 5)) throw refuse(call, 'adds a bias to packed heads');
  const joined = (position: number, now: Tensor): Tensor => { const past = optional(call, position); return past === null ? now : concat([past, now], 2); };
  const [keys, values] = [joined(6, k), joined(7, v)];
  const extents: Extents = { batch: q.shape[0] ?? 1, steps: q.shape[2] ?? 1, total: keys.shape[2] ?? 1 };
  const { y, biased, shares } = attend(q, keys, values, { scale: scaleOf(call, q.shape[3] ?? 1), bias: sum(maskBias(call, 4, extents), optional(call, 5)), allowed: causalPattern(call, extents) });
  return { outputs: [joinedHeads(y), keys, values, biased].slice(0, call.outputCount), parts: { scores: shares } };
});

/** Angles at places, `[batch or 1, 1, steps, pairs]`. */
function angles(cache: Tensor, places: Tensor): Tensor {
  const [batch = 1, steps = 1] = places.shape;
  return reshape(gather(cache, ints(places)), [batch, 1, steps, cache.shape[1] ?? 1]);
}

/** Inputs: `x`, places (one number where they begin, or one for each step), cosines and sines by place. */
function rotary(call: LayerCallContext): Tensor {
  const [given, places, cosine, sine] = [floats(operand(call, 0)), valueAt(call, 1), operand(call, 2), operand(call, 3)];
  const heads = numberOf(call, 'num_heads', 0) || (given.shape[given.rank - 1] ?? 1) / (2 * (cosine.shape[1] ?? 1));
  const x = headed(call, given, 'num_heads', heads);
  const [batch = 1, , steps = 1] = x.shape;
  const numbers = places?.data.map((place) => place ?? 0) ?? [0];
  const at = numbers.length === 1 ? Array.from({ length: steps }, (_, step) => (numbers[0] ?? 0) + step) : numbers;
  if (at.length !== steps && at.length !== batch * steps) throw misfit(call, `has ${at.length} places for ${steps} steps`);
  const table = tensorOf(call, { dtype: 'int32', shape: [at.length / steps, steps], data: at });
  const y = mul(turned(x, angles(cosine, table), angles(sine, table), numberOf(call, 'interleaved', 0) === 1), numberOf(call, 'scale', 1));
  return given.rank === 3 ? joinedHeads(y) : y;
}

/** Few heads of keys and values for many of queries, causal, with a cache: `seqlens_k` says where each row's last key lies. */
const groupedQuery: LayerForward = atOnce((call) => {
  const [heads, few] = [numberOf(call, 'num_heads', 1), numberOf(call, 'kv_num_heads', 1)];
  if (numberOf(call, 'smooth_softmax', 0) === 1 || optional(call, 11) !== null) throw refuse(call, 'has a sink beside its keys');
  const [query, key, value] = [floats(operand(call, 0)), optional(call, 1), optional(call, 2)];
  const size = key === null ? (query.shape[2] ?? 0) / (heads + 2 * few) : (query.shape[2] ?? 0) / heads;
  const apart = (x: Tensor, count: number): Tensor => headed(call, x, 'num_heads', count);
  const [q, k, v] = key === null || value === null
    ? [apart(part(query, 0, heads * size), heads), apart(part(query, heads * size, few * size), few), apart(part(query, (heads + few) * size, few * size), few)]
    : [apart(query, heads), apart(key, few), apart(value, few)];
  const [batch = 1, , steps = 1] = q.shape;
  const last = valueAt(call, 5)?.data.map((place) => place ?? 0) ?? [];
  const total = valueAt(call, 6)?.data[0] ?? steps;
  const past = total - steps;
  // Where the steps of a row begin: behind what its cache holds.
  const starts = Array.from({ length: batch }, (_, row) => (past === 0 ? 0 : (last[row] ?? total - 1) + 1 - steps));
  if (past < 0 || starts.some((start) => start !== past)) throw refuse(call, 'has caches of several lengths in one batch');
  const places = optional(call, 9) ?? tensorOf(call, { dtype: 'int32', shape: [batch, steps], data: starts.flatMap((start) => Array.from({ length: steps }, (_, step) => start + step)) });
  const turn = (x: Tensor): Tensor => (numberOf(call, 'do_rotary', 0) === 1 ? turned(x, angles(operand(call, 7), places), angles(operand(call, 8), places), numberOf(call, 'rotary_interleaved', 0) === 1) : x);
  const joined = (position: number, now: Tensor): Tensor => { const before = optional(call, position); return past === 0 || before === null ? now : concat([slice(before, [0, 0, 0, 0], [batch, few, past, size]), now], 2); };
  const [keys, values] = [joined(3, turn(k)), joined(4, v)];
  const window = numberOf(call, 'local_window_size', -1);
  const allowed = patternOf(call, [batch, 1, steps, total], (index) => { const distance = (Math.floor(index / total) % steps) + past - (index % total); return distance >= 0 && (window < 0 || distance < window); });
  const { y, biased, shares } = attend(turn(q), repeated(keys, heads), repeated(values, heads), { scale: scaleOf(call, size), cap: numberOf(call, 'softcap', 0), bias: optional(call, 10), allowed });
  return { outputs: [joinedHeads(y), keys, values, biased].slice(0, call.outputCount), parts: { scores: shares } };
});

export const runtimeAttentionOps = {
  'com.microsoft.Attention': packed, 'com.microsoft.MultiHeadAttention': multiHead, 'com.microsoft.GroupQueryAttention': groupedQuery, 'com.microsoft.RotaryEmbedding': op(rotary),
} satisfies Readonly<Record<string, LayerForward>>;
