/** Fourier transforms as products with matrices of cosines and sines, so that gradients pass. */
import { add, matMul, mul, sub, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../tensor/failure';
import type { LayerCallContext } from './layer';

/** Elements of a matrix of cosines: 64 MiB. */
const maximalMatrix = 2 ** 24;

/** Cosines and sines of all products of a place and a frequency: `[places, frequencies]`. */
function waves(call: LayerCallContext, places: number, length: number, frequencies: number): { cosines: Tensor; sines: Tensor } {
  if (places * frequencies > maximalMatrix) throw new Failure('layer.size', `Layer '${call.path}' (${call.type}) transforms ${places} places at once, which is too many.`);
  const turn = (index: number): number => (2 * Math.PI * ((Math.floor(index / frequencies) * (index % frequencies)) % length)) / length;
  const make = (run: (angle: number) => number): Tensor => tensor(Float32Array.from({ length: places * frequencies }, (_, index) => run(turn(index))), [places, frequencies]);
  return { cosines: make(Math.cos), sines: make(Math.sin) };
}

/** The transform of rows `[rows, places]`, real and imaginary parts apart. */
export function transformed(call: LayerCallContext, real: Tensor, imaginary: Tensor | null, length: number, frequencies: number, inverse: boolean): { real: Tensor; imaginary: Tensor } {
  const { cosines, sines } = waves(call, real.shape[1] ?? 0, length, frequencies);
  const sign = inverse ? 1 : -1;
  const [rc, rs] = [matMul(real, cosines), mul(matMul(real, sines), sign)];
  const scale = (y: Tensor): Tensor => (inverse ? mul(y, 1 / length) : y);
  if (imaginary === null) return { real: scale(rc), imaginary: scale(rs) };
  return { real: scale(sub(rc, mul(matMul(imaginary, sines), sign))), imaginary: scale(add(rs, matMul(imaginary, cosines))) };
}
