/** Gradients of elementwise kernels and matrix products where an input was broadcast, and of comparisons, which are flat. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradFunc, Tensor } from '@tensorflow/tfjs-core';
import { one, saved, tupleOf } from './gradient';
import type { GradientTable } from './gradient';

/** Sums a gradient over the dimensions along which an input of this shape was broadcast; nothing to do when the shapes are equal. */
function sumTo(gradient: Tensor, shape: readonly number[]): Tensor {
  if (tf.util.arraysEqual(gradient.shape, [...shape])) return gradient;
  const missing = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((extent, axis) => (axis < missing || (shape[axis - missing] === 1 && extent !== 1) ? [axis] : []));
  return tf.reshape(axes.length === 0 ? gradient : tf.sum(gradient, axes), [...shape]);
}

/** The same formulas as TensorFlow.js's own, which forgets the broadcast: d max / da is 1 where a >= b. */
const selection = (wins: (a: Tensor, b: Tensor) => Tensor, loses: (a: Tensor, b: Tensor) => Tensor): { inputs: string[]; gradient: GradFunc } => ({
  inputs: ['a', 'b'],
  gradient: (dy, kept) => {
    const [a, b] = saved(kept, 2);
    return {
      a: () => sumTo(tf.mul(one(dy), tf.cast(wins(a, b), 'float32')), a.shape),
      b: () => sumTo(tf.mul(one(dy), tf.cast(loses(a, b), 'float32')), b.shape),
    };
  },
});

/** d (a - b)^2 / da = 2 (a - b). */
const squaredDifference: GradFunc = (dy, kept) => {
  const [a, b] = saved(kept, 2);
  const two = tf.scalar(2);
  return {
    a: () => sumTo(tf.mul(one(dy), tf.mul(two, tf.sub(a, b))), a.shape),
    b: () => sumTo(tf.mul(one(dy), tf.mul(two, tf.sub(b, a))), b.shape),
  };
};

/** For y = a b: da = dy b^T and db = a^T dy, with the transpositions of the inputs taken along, summed over a batch that was broadcast. */
const matrixProduct: GradFunc = (dy, kept, attrs) => {
  const [a, b] = saved(kept, 2);
  const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
  const g = one(dy);
  return {
    a: () => sumTo(transposeA ? tf.matMul(b, g, transposeB, true) : tf.matMul(g, b, false, !transposeB), a.shape),
    b: () => sumTo(transposeB ? tf.matMul(g, a, true, transposeA) : tf.matMul(a, g, !transposeA, false), b.shape),
  };
};

/** Comparisons and logical kernels are flat: gradient zero, so that `where(a > b, …)` can be differentiated. */
const flat = (inputs: readonly string[]): { inputs: string[]; gradient: GradFunc } => ({
  inputs: [...inputs],
  gradient: (_dy, kept) => Object.fromEntries(saved(kept, inputs.length).map((tensor, index) => [tupleOf(inputs, index), () => tf.zeros(tensor.shape)])),
});
const flatPair = flat(['a', 'b']);

export const arithmeticGradients: GradientTable = {
  Maximum: selection(tf.greaterEqual, tf.less),
  Minimum: selection(tf.lessEqual, tf.greater),
  SquaredDifference: { inputs: ['a', 'b'], gradient: squaredDifference },
  BatchMatMul: { inputs: ['a', 'b'], gradient: matrixProduct },
  FloorDiv: flatPair,
  Greater: flatPair, GreaterEqual: flatPair, Less: flatPair, LessEqual: flatPair, Equal: flatPair, NotEqual: flatPair,
  LogicalAnd: flatPair, LogicalOr: flatPair, LogicalNot: flat(['x']),
  IsNan: flat(['x']), IsInf: flat(['x']), IsFinite: flat(['x']),
};
