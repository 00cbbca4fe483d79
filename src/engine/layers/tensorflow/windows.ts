/** TensorFlow's convolutions and pooling, plain and with bias and activation fused in. Images are NHWC or NCHW, as the op says. */
import { avgPool, avgPool3d, conv2dTranspose, dilation2d, fused, maxPool, maxPool3d, pad } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { convolve, convolveDepthwise } from '../convolution/ops';
import type { Window } from '../convolution/ops';
import type { LayerCallContext, LayerForward } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { biasAdd, fusedActivation } from './arithmetic';
import { list, numbers, numeric, op, operand, operands, text } from './operands';

const isFirst = (call: LayerCallContext): boolean => /^NCH?D?W|^NCDHW/.test(text(call, 'data_format', 'NHWC'));
/** The spatial entries of an attribute such as `strides`, whichever way round the file has its axes. */
function spatial(call: LayerCallContext, key: string, rank: number): number[] {
  const given = list(call, key);
  if (given.length === 0) return Array.from({ length: rank }, () => 1);
  return isFirst(call) ? given.slice(2) : given.slice(1, 1 + rank);
}

/** Padding by name; padding in numbers is put around the input by a step of its own. */
function padded(call: LayerCallContext, x: Tensor): { readonly x: Tensor; readonly padding: 'same' | 'valid' } {
  const kind = text(call, 'padding', 'VALID').toUpperCase();
  if (kind !== 'EXPLICIT') return { x, padding: kind === 'SAME' ? 'same' : 'valid' };
  const given = list(call, 'explicit_paddings');
  const around = Array.from({ length: x.rank }, (_, axis): [number, number] => {
    const from = isFirst(call) ? (axis === 0 ? 0 : axis === x.rank - 1 ? 1 : axis + 1) : axis;
    return [given[2 * from] ?? 0, given[2 * from + 1] ?? 0];
  });
  return { x: pad(x, around), padding: 'valid' };
}

/** Runs `work` on channels-last images, whatever the file has. */
const channelsLast = (call: LayerCallContext, x: Tensor, work: (x: Tensor) => Tensor): Tensor => (isFirst(call) ? toChannelsFirst(work(toChannelsLast(x))) : work(x));

type Convolution = (x: Tensor, filter: Tensor, window: Window) => Tensor;
/** A filter with fewer channels than the image convolves groups of channels. */
const plain: Convolution = (x, filter, window) => convolve(x, filter, window, Math.max(1, (x.shape[x.rank - 1] ?? 1) / (filter.shape[filter.rank - 2] ?? 1)));

function convolution(call: LayerCallContext, image: Tensor, rank: number, run: Convolution): Tensor {
  const { x, padding } = padded(call, image);
  return run(x, operand(call, 1), { strides: spatial(call, 'strides', rank), dilations: spatial(call, 'dilations', rank), padding });
}

const unfused = (rank: number, run: Convolution): LayerForward => op((call) => channelsLast(call, operand(call, 0), (image) => convolution(call, image, rank, run)));

/** What is fused behind a product: a bias (or nothing), then an activation (or nothing). */
export function fusion(call: LayerCallContext): { readonly bias: Tensor | null; readonly activation: string | null; readonly alpha: Tensor | null } {
  const given = call.config.fused_ops;
  const steps = (Array.isArray(given) ? given as readonly unknown[] : []).filter((step): step is string => typeof step === 'string' && step !== 'NoOp');
  const rest = operands(call, 2);
  const bias = steps[0] === 'BiasAdd' ? rest.shift() ?? null : null;
  const [activation = null, ...more] = steps.filter((step) => step !== 'BiasAdd');
  if (more.length > 0 || activation === 'FusedBatchNorm') throw new Failure('op.fused', `Op '${call.path}' (${call.type}) has ${steps.join(' and ')} fused in, which Backstep does not run; convert the model again without this optimisation.`);
  return { bias, activation, alpha: activation === 'Prelu' ? rest.shift() ?? null : null };
}

/** The steps behind a product that no kernel takes over. */
export function afterwards(call: LayerCallContext, product: Tensor, bias: Tensor | null, activation: string | null, alpha: Tensor | null): Tensor {
  const sum = bias === null ? product : biasAdd(product, bias, false);
  if (activation === null) return sum;
  const result = fusedActivation(activation, sum, alpha, numeric(call, 'leakyrelu_alpha', 0.2));
  if (result === null) throw new Failure('op.fused', `Op '${call.path}' (${call.type}) has the activation ${activation} fused in, which Backstep does not run.`);
  return result;
}

type FusedKernel = (options: { x: Tensor4D; filter: Tensor4D; strides: [number, number]; pad: 'same' | 'valid'; bias: Tensor }) => Tensor;

/** As TensorFlow.js under its tape: one kernel for product and bias where no activation follows, else a kernel for each step. */
const fusing = (run: Convolution, kernel: FusedKernel): LayerForward => op((call) => {
  const { bias, activation, alpha } = fusion(call);
  return channelsLast(call, operand(call, 0), (image) => {
    const alone = bias !== null && activation === null;
    return afterwards(call, convolution(call, image, 2, (x, filter, window) => {
      const { strides: [strideY = 1, strideX = 1], dilations, padding } = window;
      if (!alone || dilations.some((rate) => rate > 1)) return run(x, filter, window);
      return kernel({ x: x as Tensor4D, filter: filter as Tensor4D, strides: [strideY, strideX], pad: padding, bias });
    }), alone && spatial(call, 'dilations', 2).every((rate) => rate === 1) ? null : bias, activation, alpha);
  });
});

const pool = (run: typeof maxPool): LayerForward => op((call) => channelsLast(call, operand(call, 0), (image) => {
  if (text(call, 'padding', 'VALID') === 'EXPLICIT') throw new Failure('op.padding', `Op '${call.path}' (${call.type}) pads by numbers, which Backstep does not run; pad the image by an op of its own.`);
  const { x, padding } = padded(call, image);
  const [height = 1, width = 1] = spatial(call, 'ksize', 2);
  const [strideY = 1, strideX = 1] = spatial(call, 'strides', 2);
  return run(x as Tensor4D, [height, width], [strideY, strideX], padding);
}));

const solidPool = (run: typeof maxPool3d): LayerForward => op((call) => channelsLast(call, operand(call, 0), (image) => {
  const { x, padding } = padded(call, image);
  const [depth = 1, height = 1, width = 1] = spatial(call, 'ksize', 3);
  const [strideZ = 1, strideY = 1, strideX = 1] = spatial(call, 'strides', 3);
  return run(x as Tensor5D, [depth, height, width], [strideZ, strideY, strideX], padding);
}));

export const windows: Readonly<Record<string, LayerForward>> = {
  Conv2D: unfused(2, plain), Conv3D: unfused(3, plain), _FusedConv2D: fusing(plain, fused.conv2d),
  DepthwiseConv2dNative: unfused(2, convolveDepthwise), DepthwiseConv2d: unfused(2, convolveDepthwise), FusedDepthwiseConv2dNative: fusing(convolveDepthwise, fused.depthwiseConv2d),
  // Inputs: the shape of the result, the filter, the tensor.
  Conv2DBackpropInput: op((call) => {
    const shape = numbers(call, 0);
    const [batch = 1, height = 1, width = 1, channels = 1] = isFirst(call) ? [shape[0] ?? 1, shape[2] ?? 1, shape[3] ?? 1, shape[1] ?? 1] : shape;
    const [strideY = 1, strideX = 1] = spatial(call, 'strides', 2);
    if (text(call, 'padding', 'VALID') === 'EXPLICIT') throw new Failure('op.padding', `Op '${call.path}' (${call.type}) pads by numbers, which Backstep does not run.`);
    return channelsLast(call, operand(call, 2), (x) => conv2dTranspose(x as Tensor4D, operand(call, 1) as Tensor4D, [batch, height, width, channels], [strideY, strideX], padded(call, x).padding));
  }),
  Dilation2D: op((call) => {
    const [strideY = 1, strideX = 1] = spatial(call, 'strides', 2);
    const [rateY = 1, rateX = 1] = spatial(call, 'rates', 2);
    return dilation2d(operand(call, 0) as Tensor4D, operand(call, 1) as Tensor3D, [strideY, strideX], padded(call, operand(call, 0)).padding, [rateY, rateX]);
  }),
  MaxPool: pool(maxPool), AvgPool: pool(avgPool), MaxPool3D: solidPool(maxPool3d), AvgPool3D: solidPool(avgPool3d),
};

