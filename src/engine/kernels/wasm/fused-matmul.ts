/** Fused matrix product on wasm where the stock kernel adds the bias wrongly (transposed or batched operands): product, bias and activation apart. */
import type { KernelBackend, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { Steps } from '../steps';

/** Kernels of the activations that can be fused. */
const activations: Readonly<Record<string, string | null>> = { linear: null, relu: 'Relu', relu6: 'Relu6', elu: 'Elu', sigmoid: 'Sigmoid', leakyrelu: 'LeakyRelu', prelu: 'Prelu' };

interface Attributes { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly activation?: string; readonly leakyreluAlpha?: number }

/** Whether the stock kernel is right: one product, nothing transposed. */
export function stockIsRight(inputs: Parameters<KernelFunc>[0]['inputs'], attrs: Attributes): boolean {
  const single = [inputs.a, inputs.b].every((info) => info?.shape.slice(0, -2).every((extent) => extent === 1));
  return attrs.transposeA !== true && attrs.transposeB !== true && single;
}

export const fusedMatMul: KernelFunc = ({ inputs, backend, attrs }) => {
  const { a, b, bias, preluActivationWeights } = inputs;
  const { transposeA = false, transposeB = false, activation = 'linear', leakyreluAlpha = 0.2 } = (attrs ?? {}) as Attributes;
  if (a === undefined || b === undefined) throw new Error('_FusedMatMul needs the inputs "a" and "b".');
  const kernel = activations[activation];
  if (kernel === undefined) throw new Failure('kernel.activation', `The activation "${activation}" cannot be fused into a matrix product on wasm; apply it as an op of its own.`);
  const steps = new Steps('wasm', backend as KernelBackend);
  let y: TensorInfo = steps.run('BatchMatMul', { a, b }, { transposeA, transposeB });
  if (bias) y = steps.run('Add', { a: y, b: bias }, {});
  if (kernel === 'Prelu') {
    if (!preluActivationWeights) throw new Error('A fused Prelu needs its slopes.');
    y = steps.run('Prelu', { x: y, alpha: preluActivationWeights }, {});
  } else if (kernel !== null) {
    y = steps.run(kernel, { x: y }, { alpha: leakyreluAlpha });
  }
  return steps.finish(y, [a, b]);
};
