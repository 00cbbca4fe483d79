/** Short descriptions of ONNX ops. */
import type { SymbolicShape } from '../../network/network';
import { cross } from '../../network/kinds/kind';
import type { OpView } from './shapes';

const known = (shape: SymbolicShape | undefined): readonly number[] | null => (shape === undefined || shape.some((extent) => extent === null) ? null : shape.map((extent) => extent ?? 0));

/** `8@3×3` for convolutions, `2×2` for pooling, the number of units for Gemm. */
export function detailOf(type: string, op: OpView): string {
  const kernel = known(op.inputs[1]);
  const window = op.config.kernel_shape;
  if (type === 'Conv' && kernel !== null) return `${kernel[0] ?? '?'}@${cross(kernel.slice(2))}`;
  if (type === 'Gemm' && kernel !== null) return String(kernel[op.config.transB === 1 ? 0 : 1] ?? '');
  return Array.isArray(window) ? cross((window as readonly unknown[]).filter((extent): extent is number => typeof extent === 'number')) : '';
}
