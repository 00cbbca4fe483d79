/** Convolutions: plain, grouped, dilated, transposed, depthwise, separable, in one to three dimensions. */
import { Failure } from '../../tensor/failure';
import type { SymbolicShape } from '../network';
import { cross, describeShape, inputOf, inputOfRank, knownExtent, product, times, weight } from './kind';
import type { CallShapes, KindTable, LayerKind, Settings, WeightSpec } from './kind';

/** Extent after sliding a window (Keras's conv_output_length). @throws Failure when the window does not fit. */
export function slide(extent: number | null, window: number, stride: number, padding: string, dilation = 1): number | null {
  if (extent === null) return null;
  if (stride < 1 || window < 1 || dilation < 1) throw new Failure('layer.window', `its window of ${window} with stride ${stride} and dilation ${dilation} is impossible`);
  const reach = (window - 1) * dilation + 1;
  if (padding === 'same' || padding === 'causal') return Math.ceil(extent / stride);
  const result = Math.floor((extent - reach) / stride) + 1;
  if (result < 1) throw new Failure('layer.window', `its window of ${reach} does not fit into an extent of ${extent}`);
  return result;
}

/** Extent after a transposed convolution (Keras's deconv_output_length). */
function spread(extent: number | null, window: number, stride: number, padding: string, dilation: number, outputPadding: number | null): number | null {
  if (extent === null) return null;
  const reach = (window - 1) * dilation + 1;
  if (outputPadding === null) return padding === 'same' ? extent * stride : extent * stride + Math.max(reach - stride, 0);
  const pad = padding === 'same' ? Math.floor(reach / 2) : 0;
  return (extent - 1) * stride + reach - 2 * pad + outputPadding;
}

/** Splits a shape into batch, channels and the extents between them, and puts it together again. */
export function spatial(settings: Settings, shape: SymbolicShape): { channels: number | null; extents: SymbolicShape; join: (extents: SymbolicShape, channels: number | null) => SymbolicShape } {
  const batch = shape[0] ?? null;
  if (settings.channelsFirst) {
    return { channels: shape[1] ?? null, extents: shape.slice(2), join: (extents, channels) => [batch, channels, ...extents] };
  }
  return { channels: shape[shape.length - 1] ?? null, extents: shape.slice(1, -1), join: (extents, channels) => [batch, ...extents, channels] };
}

function channelsOf(settings: Settings, call: CallShapes, rank: number): number {
  return knownExtent(inputOfRank(call, rank + 2), settings.channelsFirst ? 1 : -1);
}

function strided(settings: Settings, call: CallShapes, rank: number, channels: (count: number | null) => number | null): SymbolicShape {
  const { channels: incoming, extents, join } = spatial(settings, inputOfRank(call, rank + 2));
  const kernel = settings.counts('kernel_size', rank);
  const strides = settings.counts('strides', rank, 1);
  const dilation = settings.counts('dilation_rate', rank, 1);
  const padding = settings.text('padding', 'valid');
  return join(extents.map((extent, axis) => slide(extent, kernel[axis] ?? 1, strides[axis] ?? 1, padding, dilation[axis] ?? 1)), channels(incoming));
}

function bias(settings: Settings, channels: number): readonly WeightSpec[] {
  return settings.flag('use_bias', true) ? [weight('bias', [channels], settings.initializer('bias_initializer', 'zeros'))] : [];
}

/** Size of the output without batch and channels. */
function positions(settings: Settings, output: SymbolicShape | undefined): number | null {
  return output === undefined ? null : product(spatial(settings, output).extents);
}

function describe(settings: Settings, count: string, rank: number): string {
  const strides = settings.counts('strides', rank, 1);
  const dilation = settings.counts('dilation_rate', rank, 1);
  const words = [`${count}@${cross(settings.counts('kernel_size', rank))}`];
  if (strides.some((stride) => stride !== 1)) words.push(`/${strides.every((stride) => stride === strides[0]) ? strides[0] : cross(strides)}`);
  if (dilation.some((rate) => rate !== 1)) words.push(`dilation ${dilation.every((rate) => rate === dilation[0]) ? dilation[0] : cross(dilation)}`);
  words.push(settings.text('padding', 'valid'));
  return words.join(' ');
}

function plain(rank: number): LayerKind {
  const perGroup = (settings: Settings, call: CallShapes): number => {
    const channels = channelsOf(settings, call, rank);
    const groups = settings.count('groups', 1);
    if (groups === 0 || channels % groups !== 0) throw new Failure('layer.groups', `its input ${describeShape(inputOf(call))} cannot be divided into ${groups} groups`);
    return channels / groups;
  };
  return {
    outputs: (settings, call) => [strided(settings, call, rank, () => settings.count('filters'))],
    weights: (settings, call) => [
      weight('kernel', [...settings.counts('kernel_size', rank), perGroup(settings, call), settings.count('filters')], settings.initializer('kernel_initializer', 'glorot_uniform')),
      ...bias(settings, settings.count('filters')),
    ],
    macs: (settings, call, [output]) => times(positions(settings, output), (product(settings.counts('kernel_size', rank)) ?? 0) * perGroup(settings, call) * settings.count('filters')),
    detail: (settings) => describe(settings, String(settings.count('filters')), rank),
  };
}

function transposed(rank: number): LayerKind {
  return {
    outputs: (settings, call) => {
      const { extents, join } = spatial(settings, inputOfRank(call, rank + 2));
      const kernel = settings.counts('kernel_size', rank);
      const strides = settings.counts('strides', rank, 1);
      const dilation = settings.counts('dilation_rate', rank, 1);
      const outputPadding = settings.has('output_padding') ? settings.counts('output_padding', rank) : null;
      const padding = settings.text('padding', 'valid');
      return [join(extents.map((extent, axis) => spread(extent, kernel[axis] ?? 1, strides[axis] ?? 1, padding, dilation[axis] ?? 1, outputPadding?.[axis] ?? null)), settings.count('filters'))];
    },
    weights: (settings, call) => [
      weight('kernel', [...settings.counts('kernel_size', rank), settings.count('filters'), channelsOf(settings, call, rank)], settings.initializer('kernel_initializer', 'glorot_uniform')),
      ...bias(settings, settings.count('filters')),
    ],
    macs: (settings, call) => times(positions(settings, inputOf(call)), (product(settings.counts('kernel_size', rank)) ?? 0) * channelsOf(settings, call, rank) * settings.count('filters')),
    detail: (settings) => describe(settings, String(settings.count('filters')), rank),
  };
}

function depthwise(rank: number): LayerKind {
  const multiplier = (settings: Settings): number => settings.count('depth_multiplier', 1);
  return {
    outputs: (settings, call) => [strided(settings, call, rank, (channels) => times(channels, multiplier(settings)))],
    weights: (settings, call) => {
      const channels = channelsOf(settings, call, rank);
      return [
        weight('kernel', [...settings.counts('kernel_size', rank), channels, multiplier(settings)], settings.initializer('depthwise_initializer', 'glorot_uniform')),
        ...bias(settings, channels * multiplier(settings)),
      ];
    },
    macs: (settings, call, [output]) => times(positions(settings, output), (product(settings.counts('kernel_size', rank)) ?? 0) * channelsOf(settings, call, rank) * multiplier(settings)),
    detail: (settings) => describe(settings, `×${multiplier(settings)}`, rank),
  };
}

function separable(rank: number): LayerKind {
  const multiplier = (settings: Settings): number => settings.count('depth_multiplier', 1);
  return {
    outputs: (settings, call) => [strided(settings, call, rank, () => settings.count('filters'))],
    weights: (settings, call) => {
      const channels = channelsOf(settings, call, rank);
      return [
        weight('depthwise_kernel', [...settings.counts('kernel_size', rank), channels, multiplier(settings)], settings.initializer('depthwise_initializer', 'glorot_uniform')),
        weight('pointwise_kernel', [...new Array<number>(rank).fill(1), channels * multiplier(settings), settings.count('filters')], settings.initializer('pointwise_initializer', 'glorot_uniform')),
        ...bias(settings, settings.count('filters')),
      ];
    },
    macs: (settings, call, [output]) => {
      const between = channelsOf(settings, call, rank) * multiplier(settings);
      return times(positions(settings, output), (product(settings.counts('kernel_size', rank)) ?? 0) * between + between * settings.count('filters'));
    },
    detail: (settings) => describe(settings, String(settings.count('filters')), rank),
  };
}

export const convolutions: KindTable = {
  Conv1D: plain(1), Conv2D: plain(2), Conv3D: plain(3),
  Conv1DTranspose: transposed(1), Conv2DTranspose: transposed(2), Conv3DTranspose: transposed(3),
  DepthwiseConv1D: depthwise(1), DepthwiseConv2D: depthwise(2),
  SeparableConv1D: separable(1), SeparableConv2D: separable(2),
};
