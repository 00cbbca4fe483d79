/**
 * Sums of products by an equation (`abc,cde->abde`), as one matrix product between transposes and reshapes: every backend has the
 * kernels and their gradients, which TensorFlow.js's own einsum does not offer everywhere.
 */
import { matMul, reshape, sum, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import { Failure } from '../../../tensor/failure';

/** Letters for the axes that an ellipsis stands for. */
const hidden = 'ABCDEFGH';

/** @throws Failure `layer.equation` when the equation is not one of two operands, or does not fit their shapes. */
export function einsum(equation: string, a: Tensor, b: Tensor): Tensor {
  const parts = /^([a-zA-Z.]+),([a-zA-Z.]+)->([a-zA-Z.]*)$/.exec(equation);
  if (parts === null) throw new Failure('layer.equation', `The equation '${equation}' is not of the form 'ab,bc->ac'.`);
  const [, first = '', second = '', result = ''] = parts;
  const ellipsis = first.includes('...') ? a.rank - (first.length - 3) : second.includes('...') ? b.rank - (second.length - 3) : 0;
  const spell = (axes: string): string => axes.replace('...', hidden.slice(0, ellipsis));
  return contract(equation, [spell(first), a], [spell(second), b], spell(result));
}

/** An equation of one operand (`bij->bji`): sums and an order of axes. @throws Failure `layer.equation` */
export function einsumOfOne(equation: string, a: Tensor): Tensor {
  const parts = /^([a-zA-Z.]+)->([a-zA-Z.]*)$/.exec(equation);
  if (parts === null) throw new Failure('layer.equation', `The equation '${equation}' is not of the form 'ab->ba'.`);
  const [, first = '', result = ''] = parts;
  const spell = (axes: string): string => axes.replace('...', hidden.slice(0, first.includes('...') ? a.rank - (first.length - 3) : 0));
  const [axes, wanted] = [spell(first), spell(result)];
  if (axes.length !== a.rank || new Set(axes).size !== axes.length || [...wanted].some((axis) => !axes.includes(axis))) throw misfit(equation, a, a);
  const [kept, rest] = reduced(a, axes, (axis) => wanted.includes(axis));
  return permuted(kept, [...wanted].map((axis) => rest.indexOf(axis)));
}

function contract(equation: string, [first, a]: [string, Tensor], [second, b]: [string, Tensor], result: string): Tensor {
  const extents = new Map<string, number>();
  for (const [axes, tensor] of [[first, a], [second, b]] as const) {
    if (axes.length !== tensor.rank || new Set(axes).size !== axes.length) throw misfit(equation, a, b);
    [...axes].forEach((axis, index) => {
      const extent = tensor.shape[index] ?? 1;
      if (extents.has(axis) && extents.get(axis) !== extent) throw misfit(equation, a, b);
      extents.set(axis, extent);
    });
  }
  if ([...result].some((axis) => !extents.has(axis))) throw misfit(equation, a, b);
  const [left, leftAxes] = reduced(a, first, (axis) => second.includes(axis) || result.includes(axis));
  const [right, rightAxes] = reduced(b, second, (axis) => first.includes(axis) || result.includes(axis));
  const batch = [...leftAxes].filter((axis) => rightAxes.includes(axis) && result.includes(axis));
  const inner = [...leftAxes].filter((axis) => rightAxes.includes(axis) && !result.includes(axis));
  const rows = [...leftAxes].filter((axis) => !rightAxes.includes(axis));
  const columns = [...rightAxes].filter((axis) => !leftAxes.includes(axis));
  const size = (axes: readonly string[]): number => sizeOf(axes.map((axis) => extents.get(axis) ?? 1));
  const lead = batch.length > 0 ? [size(batch)] : [];
  const x = arranged(left, leftAxes, [...batch, ...rows, ...inner], [...lead, size(rows), size(inner)]);
  const y = arranged(right, rightAxes, [...batch, ...inner, ...columns], [...lead, size(inner), size(columns)]);
  const made = [...batch, ...rows, ...columns];
  const product = reshaped(matMul(x, y), made.map((axis) => extents.get(axis) ?? 1));
  return permuted(product, [...result].map((axis) => made.indexOf(axis)));
}

/** Sums over the axes that appear in no other place of the equation. */
function reduced(tensor: Tensor, axes: string, kept: (axis: string) => boolean): [Tensor, string] {
  const gone = [...axes].flatMap((axis, index) => (kept(axis) ? [] : [index]));
  return gone.length === 0 ? [tensor, axes] : [sum(tensor, gone), [...axes].filter(kept).join('')];
}

function arranged(tensor: Tensor, axes: string, order: readonly string[], shape: number[]): Tensor {
  return reshaped(permuted(tensor, order.map((axis) => axes.indexOf(axis))), shape);
}

function permuted(tensor: Tensor, order: number[]): Tensor {
  return order.every((axis, index) => axis === index) ? tensor : transpose(tensor, order);
}

function reshaped(tensor: Tensor, shape: number[]): Tensor {
  return tensor.shape.length === shape.length && shape.every((extent, index) => extent === tensor.shape[index]) ? tensor : reshape(tensor, shape);
}

function misfit(equation: string, a: Tensor, b: Tensor): Failure {
  return new Failure('layer.equation', `The equation '${equation}' does not fit tensors of shape [${a.shape.join(', ')}] and [${b.shape.join(', ')}].`);
}
