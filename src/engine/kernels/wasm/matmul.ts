/** The matrix product on wasm where the stock kernel goes element by element (transposed or batched operands): the same sums, vectorised. */
import { broadcast_util } from '@tensorflow/tfjs-core';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { inputOf, onHeap } from './shared';

interface Attributes { readonly transposeA?: boolean; readonly transposeB?: boolean }

const count = (batch: readonly number[]): number => batch.reduce((product, extent) => product * extent, 1);

/** Bit for bit the stock kernel's product; whatever is not its slow case (one pair, nothing transposed) is left to it. */
export function vectorisedMatMul(stock: KernelFunc): KernelFunc {
  const ours = onHeap((heap, parameters) => {
    const { a, b, attributes: { transposeA = false, transposeB = false } } = operandsOf(parameters);
    const matrices = (info: TensorInfo): number[] => info.shape.slice(0, -2);
    const batch = broadcast_util.assertAndGetBroadcastShape(matrices(a), matrices(b));
    const [rows = 0, terms = 0] = transposeA ? [a.shape.at(-1), a.shape.at(-2)] : a.shape.slice(-2);
    const columns = b.shape.at(transposeB ? -2 : -1) ?? 0;
    const sizes = heap.geometry([count(batch), count(matrices(a)), count(matrices(b)), rows, terms, columns, Number(transposeA), Number(transposeB)]);
    const scratch = heap.scratch(heap.assembly.matMulScratch(sizes));
    const y = heap.output([...batch, rows, columns]);
    heap.assembly.matMul(heap.pointer(a), heap.pointer(b), heap.pointer(y), scratch, sizes);
    return y;
  });
  return (parameters) => (isSlow(parameters) ? ours : stock)(parameters);
}

type Parameters = globalThis.Parameters<KernelFunc>[0];

function operandsOf(parameters: Parameters): { readonly a: TensorInfo; readonly b: TensorInfo; readonly attributes: Attributes } {
  return { a: inputOf(parameters, 'a'), b: inputOf(parameters, 'b'), attributes: (parameters.attrs ?? {}) };
}

/** Operands that the stock kernel accepts and multiplies term by term. What it refuses, it refuses in its own words. */
function isSlow(parameters: Parameters): boolean {
  const { a, b, attributes: { transposeA = false, transposeB = false } } = operandsOf(parameters);
  const single = [a, b].every(({ shape }) => shape.slice(0, -2).every((extent) => extent === 1));
  const sound = a.dtype === 'float32' && b.dtype === 'float32' && a.shape.at(transposeA ? -2 : -1) === b.shape.at(transposeB ? -1 : -2);
  return sound && (transposeA || transposeB || !single) && [...a.shape, ...b.shape].every((extent) => extent > 0);
}
