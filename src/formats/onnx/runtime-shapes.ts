/** Output shapes of onnxruntime's own ops where no plainer op tells them. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md */
import type { SymbolicShape } from '../../network/network';
import { axisOf, list, matMul, number } from './shapes';
import type { OpView, Rule } from './shapes';

type Shape = SymbolicShape | undefined;
const ends = (shape: Shape, width: number | null): Shape => (shape === undefined ? undefined : [...shape.slice(0, -1), width]);
const turned = (shape: Shape): Shape => (shape === undefined || shape.length < 2 ? shape : [...shape.slice(0, -2), shape.at(-1) ?? null, shape.at(-2) ?? null]);
const share = (width: number | null | undefined, by: number): number | null => (width == null ? null : width / by);
const plus = (a: number | null | undefined, b: number | null | undefined): number | null => (a == null || b == null ? null : a + b);

const fusedProduct: Rule = (op) => {
  const side = (position: number, key: string): Shape => (number(op, key, 0) === 1 ? turned(op.inputs[position]) : op.inputs[position]);
  return matMul({ ...op, inputs: [side(0, 'transA'), side(1, 'transB')] });
};

/** The fourth output is the sum that is normalised; the second and third are of training. */
const skipped: Rule = ({ inputs: [x] }) => [x, undefined, undefined, x];

/** One product makes queries, keys and values; `past` is `[2, batch, heads, steps, size]`. */
const attention: Rule = (op) => {
  const [x, kernel] = op.inputs, sizes = list(op, 'qkv_hidden_sizes'), heads = number(op, 'num_heads', 1), past = op.inputs[4];
  const width = sizes?.[2] ?? share(kernel?.at(-1), 3);
  return [ends(x, width), past === undefined ? undefined : [2, x?.[0] ?? null, heads, plus(past[3], x?.[1]), share(width, heads)]];
};

const multiHead: Rule = (op) => {
  const [query, key, value, , , , pastKey] = op.inputs, heads = number(op, 'num_heads', 1);
  if (query === undefined) return [];
  const [batch = null, steps = null] = query;
  if (query.length === 5) return [[batch, steps, query[2] == null || query[4] == null ? null : query[2] * query[4]]];
  if (query.length !== 3) return [];
  const width = value === undefined ? (key?.length === 5 ? (key[2] == null || key[4] == null ? null : key[2] * key[4]) : query[2]) : value.length === 4 ? (value[1] == null || value[3] == null ? null : value[1] * value[3]) : value[2];
  const now = key === undefined ? steps : key.length === 4 ? key[2] : key[1], total = pastKey === undefined ? now ?? null : plus(pastKey[2], now);
  return [[batch, steps, width ?? null], [batch, heads, total, share(query[2], heads)], [batch, heads, total, share(width, heads)]];
};

/** Without keys, queries, keys and values stand together in one. */
const groupedQuery: Rule = (op) => {
  const [query, key, , past] = op.inputs, heads = number(op, 'num_heads', 1), groups = number(op, 'kv_num_heads', heads);
  if (query?.length !== 3) return [];
  const size = key === undefined ? share(query[2], heads + 2 * groups) : share(query[2], heads);
  const present = [query[0] ?? null, groups, plus(past?.[2], query[1]), size];
  return [[query[0] ?? null, query[1] ?? null, size === null ? null : size * heads], present, present];
};

/** From the third input on, each with its scale and zero point. */
const joined: Rule = (op) => {
  const parts = op.inputs.filter((_, place) => place % 3 === 2), [first] = parts, at = axisOf(number(op, 'axis', 0), first?.length ?? 0);
  return [first === undefined || parts.includes(undefined) ? undefined : first.map((extent, axis) => (axis === at ? parts.reduce<number | null>((sum, part) => plus(sum, part?.[axis]), 0) : extent))];
};

const gatheredBlocks: Rule = (op) => {
  const [data, indices] = op.inputs, bits = number(op, 'bits', 4);
  if (data === undefined || indices === undefined) return [];
  const last = data.length - 1, whole = data.map((extent, axis) => (axis === last && extent !== null ? extent * (8 / bits) : extent)), at = axisOf(number(op, 'gather_axis', 0), data.length);
  return [[...whole.slice(0, at), ...indices, ...whole.slice(at + 1)]];
};

const rules: Readonly<Record<string, Rule>> = {
  FusedMatMul: fusedProduct, TransposeMatMul: fusedProduct, SkipLayerNormalization: skipped, SkipSimplifiedLayerNormalization: skipped,
  EmbedLayerNormalization: ({ inputs: [ids, , words] }) => { const y = ids === undefined ? undefined : [...ids, words?.[1] ?? null]; return [y, ids?.slice(0, 1), y]; },
  GroupNorm: ({ inputs: [x] }) => [x], RotaryEmbedding: ({ inputs: [x] }) => [x], BiasSplitGelu: ({ inputs: [x] }) => [ends(x, share(x?.at(-1), 2))],
  Attention: attention, QAttention: (op) => attention({ ...op, inputs: [op.inputs[0], op.inputs[1], undefined, undefined, op.inputs[8]] }), MultiHeadAttention: multiHead, GroupQueryAttention: groupedQuery,
  MatMulNBits: (op) => [ends(op.inputs[0], number(op, 'N', 0) || null)], GatherBlockQuantized: gatheredBlocks, QLinearConcat: joined,
};

/** By the type that a layer carries. */
export const runtimeShapes: Readonly<Record<string, (op: OpView) => readonly Shape[]>> = Object.fromEntries(Object.entries(rules).map(([name, rule]) => [`com.microsoft.${name}`, rule]));
