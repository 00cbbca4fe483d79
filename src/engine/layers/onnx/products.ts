/** Matrix products and sums of products. */
import { add, gather, matMul, mul, reshape, sum, tensor1d, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import { project } from '../dense';
import { einsum } from '../operations/einsum';
import type { LayerCallContext, LayerForward } from '../layer';
import { floats, like, misfit, numberOf, op, operand, operands, optional, stepsOf, wordOf } from './operands';

/** NumPy's matmul: a vector is a row on the left and a column on the right; what stands before the last two axes is stretched. */
export function product(call: LayerCallContext, first: Tensor, second: Tensor): Tensor {
  const [a, b] = [floats(first), floats(second)];
  if (a.shape[a.rank - 1] !== b.shape[b.rank === 1 ? 0 : b.rank - 2]) throw misfit(call, `multiplies [${a.shape.join(', ')}] by [${b.shape.join(', ')}], which do not go together`);
  if (a.rank === 1 || b.rank === 1) {
    const y = product(call, a.rank === 1 ? reshape(a, [1, a.size]) : a, b.rank === 1 ? reshape(b, [b.size, 1]) : b);
    return reshape(y, y.shape.filter((_, axis) => !(a.rank === 1 && axis === y.rank - 2) && !(b.rank === 1 && axis === y.rank - 1)));
  }
  return b.rank === 2 ? project(a, b) : matMul(a, b);
}

/** alpha A B + beta C, either transposed. */
export function gemm(call: LayerCallContext): Tensor {
  const [a, b, c] = [operand(call, 0), operand(call, 1), optional(call, 2)];
  const [alpha, beta] = [numberOf(call, 'alpha', 1), numberOf(call, 'beta', 1)];
  const [transposeA, transposeB] = [numberOf(call, 'transA', 0) === 1, numberOf(call, 'transB', 0) === 1];
  if (a.rank !== 2 || b.rank !== 2 || a.shape[transposeA ? 0 : 1] !== b.shape[transposeB ? 1 : 0]) throw misfit(call, `multiplies [${a.shape.join(', ')}] by [${b.shape.join(', ')}]${transposeB ? ' transposed' : ''}, which do not go together`);
  const y = matMul(floats(a), floats(b), transposeA, transposeB);
  const scaled = alpha === 1 ? y : mul(y, alpha);
  const sum = c === null || beta === 0 ? scaled : add(scaled, beta === 1 ? floats(c) : mul(floats(c), beta));
  return like(sum, a.dtype);
}

/** The elements along a diagonal where a letter stands twice: `[tensor, letters]` with each letter once. */
function diagonal(x: Tensor, letters: string): [Tensor, string] {
  const own = [...new Set(letters)];
  if (own.length === letters.length) return [x, letters];
  const extents = own.map((letter) => x.shape[letters.indexOf(letter)] ?? 1);
  const strides = stepsOf(x.shape);
  const jumps = own.map((letter) => [...letters].reduce((sum, other, axis) => sum + (other === letter ? strides[axis] ?? 0 : 0), 0));
  const inner = stepsOf(extents);
  const places = Int32Array.from({ length: sizeOf(extents) }, (_, index) => jumps.reduce((sum, jump, axis) => sum + jump * (Math.floor(index / (inner[axis] ?? 1)) % (extents[axis] ?? 1)), 0));
  return [reshape(gather(reshape(x, [x.size]), tensor1d(places, 'int32')), extents), own.join('')];
}

/** Any number of tensors, one after the other; letters that nothing needs any more are summed on the way. */
function summed(call: LayerCallContext): Tensor {
  const written = wordOf(call, 'equation', '').replaceAll(' ', '');
  const given = operands(call).map(floats);
  const [left = '', result] = written.split('->');
  const terms = left.split(',');
  if (terms.length !== given.length || given.length === 0) throw misfit(call, `sums by the equation '${written}' over ${given.length} tensors`);
  const hidden = 'αβγδεζηθ';
  const wide = Math.max(0, ...terms.map((term, index) => (term.includes('...') ? (given[index]?.rank ?? 0) - term.length + 3 : 0)));
  const spell = (term: string, rank: number): string => term.replace('...', hidden.slice(wide - Math.max(0, rank - term.length + 3), wide));
  const parts = given.map((x, index): [Tensor, string] => {
    const letters = spell(terms[index] ?? '', x.rank);
    if (letters.length !== x.rank) throw misfit(call, `sums by the equation '${written}', which does not fit a tensor of shape [${x.shape.join(', ')}]`);
    return diagonal(x, letters);
  });
  const all = parts.map(([, letters]) => letters).join('');
  const free = [...new Set(all)].filter((letter) => !hidden.includes(letter) && [...left].filter((other) => other === letter).length === 1).sort().join('');
  const wanted = result === undefined ? hidden.slice(0, wide) + free : result.replace('...', hidden.slice(0, wide));
  const [first, ...rest] = parts;
  if (first === undefined) throw misfit(call, 'is called without tensors');
  const total = rest.reduce(([x, letters], [y, others], index): [Tensor, string] => {
    const later = rest.slice(index + 1).map(([, own]) => own).join('') + wanted;
    const kept = [...new Set(letters + others)].filter((letter) => later.includes(letter)).join('');
    return pair(call, x, letters, y, others, index === rest.length - 1 ? wanted : kept);
  }, first);
  if (rest.length > 0) return total[0];
  const gone = [...first[1]].flatMap((letter, axis) => (wanted.includes(letter) ? [] : [axis]));
  const kept = [...first[1]].filter((letter) => wanted.includes(letter));
  const y = gone.length === 0 ? first[0] : sum(first[0], gone);
  return transpose(y, [...wanted].map((letter) => kept.indexOf(letter)));
}

/** Two tensors; a letter whose extent is 1 in one of them is stretched. */
function pair(call: LayerCallContext, x: Tensor, letters: string, y: Tensor, others: string, result: string): [Tensor, string] {
  const narrow = (tensor: Tensor, own: string, beside: Tensor, theirs: string): [Tensor, string] => {
    const gone = [...own].flatMap((letter, axis) => (tensor.shape[axis] === 1 && theirs.includes(letter) && beside.shape[theirs.indexOf(letter)] !== 1 ? [axis] : []));
    return gone.length === 0 ? [tensor, own] : [reshape(tensor, tensor.shape.filter((_, axis) => !gone.includes(axis))), [...own].filter((_, axis) => !gone.includes(axis)).join('')];
  };
  const [a, first] = narrow(x, letters, y, others);
  const [b, second] = narrow(y, others, x, letters);
  const latin = new Map([...new Set(first + second + result)].map((letter, index) => [letter, String.fromCharCode(97 + index)]));
  const plain = (text: string): string => [...text].map((letter) => latin.get(letter) ?? '').join('');
  if (a.rank === 0 || b.rank === 0) return pairWithScalar(call, a, first, b, second, result);
  return [einsum(`${plain(first)},${plain(second)}->${plain(result)}`, a, b), result];
}

function pairWithScalar(call: LayerCallContext, a: Tensor, first: string, b: Tensor, second: string, result: string): [Tensor, string] {
  const letters = first + second;
  if ([...letters].sort().join('') !== [...result].sort().join('')) throw misfit(call, 'sums products with a scalar over axes');
  return [transpose(mul(a, b), [...result].map((letter) => letters.indexOf(letter))), result];
}

export const productOps = {
  MatMul: op((call) => { const a = operand(call, 0); return like(product(call, a, operand(call, 1)), a.dtype); }), Gemm: op(gemm), Einsum: op(summed),
} satisfies Readonly<Record<string, LayerForward>>;
