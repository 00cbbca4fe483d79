/** Multiply-adds and short descriptions of ONNX ops. */
import type { SymbolicShape } from '../../network/network';
import { cross, product } from '../../network/kinds/kind';
import type { OpView } from './shapes';

const known = (shape: SymbolicShape | undefined): readonly number[] | null => (shape === undefined || shape.some((extent) => extent === null) ? null : shape.map((extent) => extent ?? 0));

/** Multiply-adds of one example: products with weights or between activations; elementwise work counts 0. Null when an extent is unknown. */
export function macsOf(type: string, op: OpView, output: SymbolicShape | undefined): number | null {
  const perExample = output === undefined ? null : product(output.slice(1));
  const kernel = known(op.inputs[1]);
  const times = (factor: number | null | undefined): number | null => (perExample === null || factor === null || factor === undefined ? null : perExample * factor);
  switch (type) {
    case 'Conv': return times(kernel === null ? null : product(kernel.slice(1)));
    case 'ConvTranspose': { const [input] = op.inputs; const size = input === undefined || kernel === null ? null : product(input.slice(1)); return size === null || kernel === null ? null : size * (product(kernel.slice(1)) ?? 0); }
    case 'Gemm': return times(kernel?.[op.config.transB === 1 ? 1 : 0]);
    case 'MatMul': return times(op.inputs[0]?.at(-1) ?? op.inputs[1]?.at(-2));
    case 'LSTM': case 'GRU': case 'RNN': {
      const recurrent = known(op.inputs[2]);
      const steps = op.config.layout === 1 ? op.inputs[0]?.[1] : op.inputs[0]?.[0];
      return kernel === null || recurrent === null || typeof steps !== 'number' ? null : steps * ((product(kernel) ?? 0) + (product(recurrent) ?? 0));
    }
    default: return 0;
  }
}

/** `8@3×3` for convolutions, `2×2` for pooling, the number of units for Gemm. */
export function detailOf(type: string, op: OpView): string {
  const kernel = known(op.inputs[1]);
  const window = op.config.kernel_shape;
  if (type === 'Conv' && kernel !== null) return `${kernel[0] ?? '?'}@${cross(kernel.slice(2))}`;
  if (type === 'Gemm' && kernel !== null) return String(kernel[op.config.transB === 1 ? 0 : 1] ?? '');
  return Array.isArray(window) ? cross((window as readonly unknown[]).filter((extent): extent is number => typeof extent === 'number')) : '';
}
