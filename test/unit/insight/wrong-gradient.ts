/** A wrong custom gradient, planted and taken away again. */
import { getGradient, mul, registerGradient, scalar, sub, unregisterGradient } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Tanh with 1.2 − y² in place of 1 − y², while `work` runs. */
export async function withWrongTanh<T>(work: () => Promise<T>): Promise<T> {
  const right = getGradient('Tanh');
  unregisterGradient('Tanh');
  registerGradient({ kernelName: 'Tanh', outputsToSave: [true], gradFunc: (dy, saved) => ({ x: () => mul(sub(scalar(1.2), saved[0] as Tensor), dy as Tensor) }) });
  try {
    return await work();
  } finally {
    unregisterGradient('Tanh');
    registerGradient(right);
  }
}
