/** Attention over heads (Vaswani and others 2017) and rotary positions (Su and others 2021), the ops of opset 23. */
import { add, any, cast, concat, div, expandDims, gather, logicalAnd, matMul, mul, pad, reshape, slice, softmax, sub, tanh, tile, transpose, where } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { atOnce } from '../calls';
import type { LayerCallContext, LayerForward } from '../layer';
import { bools, floats, ints, misfit, numberOf, op, operand, optional, tensorOf } from './operands';

const far = -1e30;

/** `[batch, heads, steps, size]`, from three axes too. */
function headed(call: LayerCallContext, x: Tensor, key: string): Tensor {
  if (x.rank === 4) return x;
  const heads = numberOf(call, key, 0);
  const [batch = 1, steps = 1, features = 1] = x.shape;
  if (x.rank !== 3 || heads < 1 || features % heads !== 0) throw misfit(call, `divides the shape [${x.shape.join(', ')}] into ${heads} heads`);
  return transpose(reshape(x, [batch, steps, heads, features / heads]), [0, 2, 1, 3]);
}

/** Each head of keys and values for a group of heads of queries. */
function repeated(x: Tensor, heads: number): Tensor {
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

const attention: LayerForward = atOnce((call) => {
  const given = operand(call, 0);
  const q = headed(call, given, 'q_num_heads');
  const [past, pastValue] = [optional(call, 4), optional(call, 5)];
  const joined = (before: Tensor | null, now: Tensor): Tensor => (before === null ? now : concat([before, now], 2));
  const [keys, values] = [joined(past, headed(call, operand(call, 1), 'kv_num_heads')), joined(pastValue, headed(call, operand(call, 2), 'kv_num_heads'))];
  const [batch = 1, heads = 1, steps = 1, size = 1] = q.shape;
  const [k, v] = [repeated(keys, heads), repeated(values, heads)];
  const total = k.shape[2] ?? 1;
  const root = Math.sqrt(numberOf(call, 'scale', 1 / Math.sqrt(size)));
  const plain = matMul(mul(q, root), mul(k, root), false, true);
  const cap = numberOf(call, 'softcap', 0);
  const capped = cap === 0 ? plain : mul(tanh(div(plain, cap)), cap);
  const { bias, allowed } = masks(call, batch, steps, total, past?.shape[2] ?? 0);
  const added = bias === null ? capped : add(capped, bias);
  const biased = allowed === null ? added : where(allowed, added, far);
  const attended = softmax(biased);
  // A row that may look nowhere gives nothing.
  const shares = allowed === null ? attended : mul(attended, cast(any(allowed, -1, true), 'float32'));
  const y = matMul(shares, v);
  const out = given.rank === 4 ? y : reshape(transpose(y, [0, 2, 1, 3]), [batch, steps, heads * (v.shape[3] ?? 1)]);
  const shown = [plain, capped, biased, shares][numberOf(call, 'qk_matmul_output_mode', 0)] ?? plain;
  return { outputs: [out, keys, values, shown].slice(0, call.outputCount), parts: { scores: shares } };
});

function rotated(call: LayerCallContext): Tensor {
  const given = operand(call, 0);
  const x = given.rank === 3 ? headed(call, given, 'num_heads') : given;
  const [batch = 1, heads = 1, steps = 1, size = 1] = x.shape;
  const dimension = numberOf(call, 'rotary_embedding_dim', 0) || size;
  const half = dimension / 2;
  const places = optional(call, 3);
  const table = (position: number): Tensor => { const cache = operand(call, position); return reshape(places === null ? cache : gather(cache, ints(places)), [batch, 1, steps, half]); };
  const [cosine, sine] = [table(1), table(2)];
  const moved = slice(x, [0, 0, 0, 0], [batch, heads, steps, dimension]);
  const pairs = numberOf(call, 'interleaved', 0) === 1 ? transpose(reshape(moved, [batch, heads, steps, half, 2]), [0, 1, 2, 4, 3]) : reshape(moved, [batch, heads, steps, 2, half]);
  const pick = (index: number): Tensor => reshape(slice(pairs, [0, 0, 0, index, 0], [batch, heads, steps, 1, half]), [batch, heads, steps, half]);
  const [real, imaginary] = [pick(0), pick(1)];
  const turned = [sub(mul(real, cosine), mul(imaginary, sine)), add(mul(real, sine), mul(imaginary, cosine))];
  const again = numberOf(call, 'interleaved', 0) === 1 ? reshape(concat(turned.map((tensor) => expandDims(tensor, 4)), 4), [batch, heads, steps, dimension]) : concat(turned, 3);
  const whole = dimension === size ? again : concat([again, slice(x, [0, 0, 0, dimension], [batch, heads, steps, size - dimension])], 3);
  return given.rank === 3 ? reshape(transpose(whole, [0, 2, 1, 3]), given.shape) : floats(whole);
}

export const attentionOps = { Attention: attention, RotaryEmbedding: op(rotated) } satisfies Readonly<Record<string, LayerForward>>;
