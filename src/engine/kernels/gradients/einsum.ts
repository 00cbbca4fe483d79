/** Gradient of Einsum, which TensorFlow.js lacks: an Einsum itself, with the output in the place of the operand. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradFunc, Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { one, tupleOf } from './gradient';
import type { GradientTable } from './gradient';

/** Labels of the operands and of the output of `ab,bc->ac`; without an arrow the output has the labels that occur once, in alphabetical order. */
export function equationOf(equation: string): { readonly operands: readonly string[]; readonly output: string } {
  const [left = '', right] = equation.replace(/\s/g, '').split('->');
  const operands = left.split(',');
  const all = operands.join('');
  const output = right ?? [...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort().join('');
  const repeated = operands.find((labels) => new Set(labels).size < labels.length);
  if (equation.includes('.')) throw new Failure('kernel.einsum', `The einsum equation "${equation}" has an ellipsis; write its dimensions as letters.`);
  if (repeated !== undefined) throw new Failure('kernel.einsum', `The einsum equation "${equation}" repeats a letter within "${repeated}", which is not supported; take the diagonal first.`);
  if (operands.length > 2) throw new Failure('kernel.einsum', `The einsum equation "${equation}" has ${operands.length} operands; two at most are supported, so split it.`);
  return { operands, output };
}

/** Spreads a tensor whose dimensions are `from` over those of `to`, of the given shape: dimensions that were only summed have the same gradient everywhere. */
function spread(tensor: Tensor, from: string, to: string, shape: readonly number[]): Tensor {
  if (from === to) return tensor;
  const extents = [...to].map((label, axis) => (from.includes(label) ? tupleOf(shape, axis) : 1));
  const repetitions = [...to].map((label, axis) => (from.includes(label) ? 1 : tupleOf(shape, axis)));
  return tf.tile(tf.reshape(tensor, extents), repetitions);
}

const einsum: GradFunc = (dy, kept, attrs) => {
  const { equation } = attrs as unknown as { equation: string };
  const { operands, output } = equationOf(equation);
  return Object.fromEntries(operands.map((labels, index) => [`${index}`, () => {
    const operand = tupleOf(kept, index);
    const otherLabels = operands[1 - index];
    const reachable = [...labels].filter((label) => output.includes(label) || otherLabels?.includes(label)).join('');
    const gradient = otherLabels === undefined
      ? tf.einsum(`${output}->${reachable}`, one(dy))
      : tf.einsum(`${output},${otherLabels}->${reachable}`, one(dy), tupleOf(kept, 1 - index));
    return spread(gradient, reachable, labels, operand.shape);
  }]));
};

export const einsumGradients: GradientTable = { Einsum: { inputs: 'all', gradient: einsum } };
