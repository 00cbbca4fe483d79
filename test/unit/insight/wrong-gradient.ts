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

/** The gradient of a kernel, three tenths too large, while `work` runs. */
export async function withLargerGradient<T>(kernel: string, work: () => Promise<T>): Promise<T> {
  const right = getGradient(kernel);
  unregisterGradient(kernel);
  registerGradient({ ...right, gradFunc: (dy, saved, attributes) => Object.fromEntries(Object.entries(right.gradFunc(dy, saved, attributes)).map(([name, of]) => [name, () => mul(of(), 1.3)])) });
  try {
    return await work();
  } finally {
    unregisterGradient(kernel);
    registerGradient(right);
  }
}
