/** Attention over heads (Vaswani and others 2017) and rotary positions (Su and others 2021), the ops of opset 23. */
import { add, any, cast, concat, div, exp, expandDims, gather, logicalAnd, matMul, mul, pad, reshape, slice, softmax, sub, tanh, tile, transpose, where, zeros } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { atOnce } from '../calls';
import type { LayerCallContext, LayerForward } from '../layer';
import { bools, floats, ints, misfit, numberOf, op, operand, optional, tensorOf, wordOf } from './operands';

const far = -1e30;

/** `[batch, heads, steps, size]`, from three axes too. */
export function headed(call: LayerCallContext, x: Tensor, key: string, heads = numberOf(call, key, 0)): Tensor {
  if (x.rank === 4) return x;
  const [batch = 1, steps = 1, features = 1] = x.shape;
  if (x.rank !== 3 || heads < 1 || features % heads !== 0) throw misfit(call, `divides the shape [${x.shape.join(', ')}] into ${heads} heads`);
  return transpose(reshape(x, [batch, steps, heads, features / heads]), [0, 2, 1, 3]);
}

/** Each head of keys and values for a group of heads of queries. */
export function repeated(x: Tensor, heads: number): Tensor {
  const [batch = 1, own = 1, steps = 1, size = 1] = x.shape;
  return own === heads ? x : reshape(tile(expandDims(x, 2), [1, 1, heads / own, 1, 1]), [batch, heads, steps, size]);
}

/** What is added to the scores, and where a query may look: by the mask, causality, a window and the lengths of the sequences. */
function masks(call: LayerCallContext, batch: number, steps: number, total: number, before: number): { bias: Tensor | null; allowed: Tensor | null } {
  const given = optional(call, 3);
  const short = given === null ? 0 : total - (given.shape[given.rank - 1] ?? total);
  const mask = given === null || short <= 0 ? given : given.dtype === 'bool' ? bools(pad(floats(given), given.shape.map((_, axis): [number, number] => [0, axis === given.rank - 1 ? short : 0]))) : pad(given, given.shape.map((_, axis): [number, number] => [0, axis === given.rank - 1 ? short : 0]), far);
  const lengths = optional(call, 6)?.dataSync();
  const [causal, left, right] = [numberOf(call, 'is_causal', 0) === 1, numberOf(call, 'left_window_size', -1), numberOf(call, 'right_window_size', -1)];
  let allowed = mask?.dtype === 'bool' ? mask : null;
  if (causal || left >= 0 || right >= 0 || lengths !== undefined) {
    const rows = lengths === undefined ? 1 : batch;
    const data = Array.from({ length: rows * steps * total }, (_, index) => {
      const length = lengths?.[Math.floor(index / (steps * total))];
      const key = index % total;
      const distance = (Math.floor(index / total) % steps) + (length === undefined ? before : length - steps) - key;
      return Number((!causal || distance >= 0) && (left < 0 || distance <= left) && (right < 0 || -distance <= right) && (length === undefined || key < length));
    });
    const pattern = tensorOf(call, { dtype: 'bool', shape: [rows, 1, steps, total], data });
    allowed = allowed === null ? pattern : logicalAnd(allowed, pattern);
  }
  return { bias: mask !== null && mask.dtype !== 'bool' ? mask : null, allowed };
}

/** `[batch, steps, heads · size]` again. */
export function joinedHeads(y: Tensor): Tensor {
  const [batch = 1, heads = 1, steps = 1, size = 1] = y.shape;
  return reshape(transpose(y, [0, 2, 1, 3]), [batch, steps, heads * size]);
}

export interface Scoring {
  readonly scale: number;
  /** Scores are kept below by tanh; 0 leaves them. */
  readonly cap?: number;
  /** Added to the scores. */
  readonly bias?: Tensor | null;
  /** Where a query may look. */
  readonly allowed?: Tensor | null;
}

/** Scores of queries and keys step by step, their shares, and the values that these mix. */
export function attend(q: Tensor, k: Tensor, v: Tensor, { scale, cap = 0, bias = null, allowed = null }: Scoring): { y: Tensor; plain: Tensor; capped: Tensor; biased: Tensor; shares: Tensor } {
  const root = Math.sqrt(scale);
  const plain = matMul(mul(q, root), mul(k, root), false, true);
  const capped = cap === 0 ? plain : mul(tanh(div(plain, cap)), cap);
  const added = bias === null ? capped : add(capped, bias);
  const biased = allowed === null ? added : where(allowed, added, far);
  const attended = softmax(biased);
  // A row that may look nowhere gives nothing.
  const shares = allowed === null ? attended : mul(attended, cast(any(allowed, -1, true), 'float32'));
  return { y: matMul(shares, v), plain, capped, biased, shares };
}

const attention: LayerForward = atOnce((call) => {
  const given = operand(call, 0);
  const q = headed(call, given, 'q_num_heads');
  const [past, pastValue] = [optional(call, 4), optional(call, 5)];
  const joined = (before: Tensor | null, now: Tensor): Tensor => (before === null ? now : concat([before, now], 2));
  const [keys, values] = [joined(past, headed(call, operand(call, 1), 'kv_num_heads')), joined(pastValue, headed(call, operand(call, 2), 'kv_num_heads'))];
  const [batch = 1, heads = 1, steps = 1, size = 1] = q.shape;
  const [k, v] = [repeated(keys, heads), repeated(values, heads)];
  const total = k.shape[2] ?? 1;
  const { bias, allowed } = masks(call, batch, steps, total, past?.shape[2] ?? 0);
  const { y, plain, capped, biased, shares } = attend(q, k, v, { scale: numberOf(call, 'scale', 1 / Math.sqrt(size)), cap: numberOf(call, 'softcap', 0), bias, allowed });
  const out = given.rank === 4 ? y : joinedHeads(y);
  const shown = [plain, capped, biased, shares][numberOf(call, 'qk_matmul_output_mode', 0)] ?? plain;
  return { outputs: [out, keys, values, shown].slice(0, call.outputCount), parts: { scores: shares } };
});

/** Attention without a softmax: a state that each step adds to, fades or corrects (Katharopoulos and others 2020; Yang and others 2024). */
const linear: LayerForward = function* (call) {
  const [heads, few] = [numberOf(call, 'q_num_heads', 1), numberOf(call, 'kv_num_heads', 1)];
  const given = (position: number, count: number): Tensor | null => { const x = optional(call, position); return x === null ? null : headed(call, floats(x), '', x.shape[2] === 1 ? 1 : count); };
  const [q, k, v] = [given(0, heads), given(1, few), given(2, few)];
  if (q === null || k === null || v === null) throw misfit(call, 'needs queries, keys and values');
  const rule = wordOf(call, 'update_rule', 'gated_delta');
  const [decay, rate] = [rule.startsWith('gated') ? given(4, few) : null, rule.endsWith('delta') ? given(5, few) : null];
  const [batch = 1, , steps = 1, size = 1] = q.shape;
  const at = (x: Tensor, step: number): Tensor => slice(x, [0, 0, step, 0], [x.shape[0] ?? 1, x.shape[1] ?? 1, 1, x.shape[3] ?? 1]);
  let state = optional(call, 3) ?? zeros([batch, few, size, v.shape[3] ?? 1]);
  const found: Tensor[] = [];
  for (let step = 0; step < steps; step += 1) {
    const [key, value] = [at(k, step), at(v, step)];
    if (decay !== null) state = mul(state, transpose(exp(at(decay, step)), [0, 1, 3, 2]));
    const news = rate === null ? value : mul(sub(value, matMul(key, state)), at(rate, step));
    state = add(state, matMul(key, news, true));
    found.push(matMul(at(q, step), repeated(state, heads)));
    yield;
  }
  const y = mul(joinedHeads(concat(found, 2)), numberOf(call, 'scale', 0) || 1 / Math.sqrt(size));
  return { outputs: [y, state].slice(0, call.outputCount) };
};

/** `x` `[batch, heads, steps, size]` with the first elements of each head turned in pairs by angles `[batch or 1, 1, steps, pairs]`. */
export function turned(x: Tensor, cosine: Tensor, sine: Tensor, interleaved: boolean): Tensor {
  const [batch = 1, heads = 1, steps = 1, size = 1] = x.shape;
  const half = cosine.shape[3] ?? 1;
  const dimension = 2 * half;
  const moved = slice(x, [0, 0, 0, 0], [batch, heads, steps, dimension]);
  const pairs = interleaved ? transpose(reshape(moved, [batch, heads, steps, half, 2]), [0, 1, 2, 4, 3]) : reshape(moved, [batch, heads, steps, 2, half]);
  const pick = (index: number): Tensor => reshape(slice(pairs, [0, 0, 0, index, 0], [batch, heads, steps, 1, half]), [batch, heads, steps, half]);
  const [real, imaginary] = [pick(0), pick(1)];
  const both = [sub(mul(real, cosine), mul(imaginary, sine)), add(mul(real, sine), mul(imaginary, cosine))];
  const again = interleaved ? reshape(concat(both.map((tensor) => expandDims(tensor, 4)), 4), [batch, heads, steps, dimension]) : concat(both, 3);
  return dimension === size ? again : concat([again, slice(x, [0, 0, 0, dimension], [batch, heads, steps, size - dimension])], 3);
}

function rotated(call: LayerCallContext): Tensor {
  const given = operand(call, 0);
  const x = given.rank === 3 ? headed(call, given, 'num_heads') : given;
  const [batch = 1, , steps = 1, size = 1] = x.shape;
  const half = (numberOf(call, 'rotary_embedding_dim', 0) || size) / 2;
  const places = optional(call, 3);
  const table = (position: number): Tensor => { const cache = operand(call, position); return reshape(places === null ? cache : gather(cache, ints(places)), [batch, 1, steps, half]); };
  const whole = turned(x, table(1), table(2), numberOf(call, 'interleaved', 0) === 1);
  return given.rank === 3 ? joinedHeads(whole) : floats(whole);
}

export const attentionOps = { Attention: attention, LinearAttention: linear, RotaryEmbedding: op(rotated) } satisfies Readonly<Record<string, LayerForward>>;
