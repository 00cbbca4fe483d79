/**
 * Gradients of comparisons. TensorFlow.js stops with an error when the path of a gradient crosses a comparison or a logical op;
 * their derivative is zero almost everywhere, so zero it is, as in TensorFlow.
 */
import { getGradient, registerGradient, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

const binary = ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual', 'LogicalAnd', 'LogicalOr'];
const unary = ['LogicalNot', 'IsNan', 'IsInf', 'IsFinite', 'Any', 'All'];

function zeroOf(tensor: Tensor | undefined): () => Tensor {
  return () => {
    if (tensor === undefined) throw new Error('A comparison was recorded without its inputs.');
    return zerosLike(tensor.dtype === 'float32' ? tensor : tensor.toFloat());
  };
}

for (const kernelName of binary) {
  if (getGradient(kernelName)) continue;
  registerGradient({ kernelName, inputsToSave: ['a', 'b'], gradFunc: (_dy, [a, b]) => ({ a: zeroOf(a), b: zeroOf(b) }) });
}
for (const kernelName of unary) {
  if (getGradient(kernelName)) continue;
  registerGradient({ kernelName, inputsToSave: ['x'], gradFunc: (_dy, [x]) => ({ x: zeroOf(x) }) });
}
