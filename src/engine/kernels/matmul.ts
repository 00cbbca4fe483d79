/** Matrix products whose batch dimensions are broadcast on both sides, or not along the first ones: TensorFlow.js pairs the wrong matrices. */
import { broadcast_util } from '@tensorflow/tfjs-core';
import type { KernelBackend, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendName } from '../config';
import { Steps } from './steps';

const batchOf = ({ shape }: TensorInfo): number[] => shape.slice(0, -2);

/** TensorFlow.js takes matrix i modulo the operand's count: right when the operand's batch, without leading ones, ends the full batch. */
function endsIt(batch: readonly number[], full: readonly number[]): boolean {
  const own = batch.slice(batch.findIndex((extent) => extent !== 1));
  return batch.every((extent) => extent === 1) || own.every((extent, index) => extent === full[full.length - own.length + index]);
}

/** Whether the stock kernel pairs the wrong matrices of these operands. */
export function pairsWrongly(a: TensorInfo | undefined, b: TensorInfo | undefined): boolean {
  if (a === undefined || b === undefined || (a.shape.length <= 3 && b.shape.length <= 3)) return false;
  const full = broadcast_util.assertAndGetBroadcastShape(batchOf(a), batchOf(b));
  return !endsIt(batchOf(a), full) || !endsIt(batchOf(b), full);
}

/** Repeats the operands to the full batch, then multiplies. */
export const broadcastMatMul = (backendName: BackendName, stock: KernelFunc): KernelFunc => ({ inputs, backend, attrs }) => {
  const { a, b } = inputs;
  if (a === undefined || b === undefined) throw new Error('BatchMatMul needs the inputs "a" and "b".');
  const full = broadcast_util.assertAndGetBroadcastShape(batchOf(a), batchOf(b));
  const steps = new Steps(backendName, backend as KernelBackend);
  const expand = (info: TensorInfo): TensorInfo => {
    const own = batchOf(info);
    const batch = [...Array<number>(full.length - own.length).fill(1), ...own];
    const reps = [...batch.map((extent, axis) => (extent === full[axis] ? 1 : (full[axis] ?? 1))), 1, 1];
    const ranked = info.shape.length === reps.length ? info : steps.run('Reshape', { x: info }, { shape: [...batch, ...info.shape.slice(-2)] });
    return reps.every((count) => count === 1) ? ranked : steps.run('Tile', { x: ranked }, { reps });
  };
  const [left, right] = [expand(a), expand(b)];
  const product = [stock({ inputs: { a: left, b: right }, backend, attrs })].flat()[0];
  if (product === undefined) throw new Error('BatchMatMul gave no output.');
  return steps.finish(product, [a, b]);
};
