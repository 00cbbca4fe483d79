/** Shapes and multiply-adds of common TensorFlow ops, for graphs that do not state them. */
import { product } from '../../network/kinds/kind';
import type { JsonObject, SymbolicShape } from '../../network/network';
import { broadcast } from '../onnx/shapes';

const alike = /^(Relu|Relu6|Elu|Selu|LeakyRelu|Prelu|Sigmoid|Tanh|Softplus|Softmax|LogSoftmax|Identity|BiasAdd|FusedBatchNorm(V[23])?|Rsqrt|Sqrt|Square|Exp|Log|Neg|Abs|Cast|StopGradient|Erf)$/;
const paired = /^(Add|AddV2|Sub|Mul|RealDiv|Maximum|Minimum|SquaredDifference|Pow)$/;

/** The first output's shape; undefined where no rule tells. Images are (batch, height, width, channels). */
export function outputShape(op: string, config: JsonObject, inputs: readonly (SymbolicShape | undefined)[]): SymbolicShape | undefined {
  const [first, second] = inputs;
  if (first === undefined) return undefined;
  if (alike.test(op)) return first;
  if (paired.test(op)) return second === undefined ? undefined : broadcast([first, second]);
  if (/^(_Fused)?MatMul$/.test(op)) return second === undefined ? undefined : [first[config.transpose_a === true ? 1 : 0] ?? null, second[config.transpose_b === true ? 0 : 1] ?? null];
  if (op === 'Shape') return [first.length];
  const kernel = /^(_Fused)?Conv2D$/.test(op) ? second : /DepthwiseConv2dNative$/.test(op) ? second : /^(MaxPool|AvgPool)$/.test(op) && Array.isArray(config.ksize) ? (config.ksize as readonly number[]).slice(1, 3) : undefined;
  if (kernel === undefined || first.length !== 4 || config.data_format === 'NCHW' || !Array.isArray(config.strides)) return undefined;
  const strides = config.strides as readonly number[];
  const dilations = Array.isArray(config.dilations) ? config.dilations as readonly number[] : [1, 1, 1, 1];
  const spatial = [0, 1].map((axis) => {
    const [extent, size, stride] = [first[axis + 1] ?? null, kernel[axis] ?? null, strides[axis + 1] ?? 1];
    if (extent === null || size === null) return null;
    return config.padding === 'SAME' ? Math.ceil(extent / stride) : config.padding === 'VALID' ? Math.ceil((extent - (size - 1) * (dilations[axis + 1] ?? 1)) / stride) : null;
  });
  const channels = kernel.length === 2 ? first[3] : op.includes('Depthwise') ? (kernel[2] ?? 0) * (kernel[3] ?? 0) : kernel[3];
  return [first[0] ?? null, ...spatial, channels ?? null];
}

/** Multiply-adds of one example. */
export function macsOf(op: string, output: SymbolicShape | undefined, [first, second]: readonly (SymbolicShape | undefined)[]): number | null {
  const factor = /^(_Fused)?Conv2D$/.test(op) ? product(second?.slice(0, 3) ?? [null]) : op.includes('DepthwiseConv2d') ? product(second?.slice(0, 2) ?? [null]) : /MatMul/.test(op) ? first?.at(-1) ?? second?.[0] ?? null : 0;
  if (factor === 0) return 0;
  const perExample = output === undefined ? null : product(output.slice(1));
  return perExample === null || factor === null ? null : perExample * factor;
}
