/** Layers that move elements without computing: Flatten, Reshape, Permute, RepeatVector, …. */
import { Failure } from '../../tensor/failure';
import type { SymbolicShape } from '../network';
import { cross, describeShape, inputOf, inputOfRank, product } from './kind';
import type { KindTable, Settings } from './kind';
import { slide, spatial } from './convolution';

/** Resolves one -1 in `target` (batch not included) so that it holds as many elements as `source`. */
export function reshaped(source: SymbolicShape, target: readonly number[]): SymbolicShape {
  const total = product(source);
  const known = target.filter((extent) => extent !== -1).reduce((all, extent) => all * extent, 1);
  if (!target.includes(-1)) {
    if (total !== null && total !== known) throw new Failure('layer.reshape', `it cannot turn ${describeShape(source)} (${total} elements) into ${describeShape(target)} (${known})`);
    return target;
  }
  if (total !== null && (known === 0 || total % known !== 0)) throw new Failure('layer.reshape', `it cannot turn ${describeShape(source)} (${total} elements) into ${describeShape(target)}`);
  return target.map((extent) => (extent === -1 ? (total === null ? null : total / known) : extent));
}

const boundariesOf = (settings: Settings): readonly unknown[] => (Array.isArray(settings.config.bin_boundaries) ? settings.config.bin_boundaries as readonly unknown[] : []);

/** The shape of category numbers, or of vectors over all of them, by `output_mode`. */
function categories(settings: Settings, shape: SymbolicShape, tokens: number): SymbolicShape {
  const mode = settings.text('output_mode', 'int');
  if (mode === 'int') return shape;
  if (mode === 'one_hot') return shape.length > 1 && shape[shape.length - 1] === 1 ? [...shape.slice(0, -1), tokens] : [...shape, tokens];
  return [...shape.slice(0, -1), tokens];
}

const noText = 'it turns text into numbers, and the data of a run holds no text';

export const shaping: KindTable = {
  Flatten: {
    outputs: (_, call) => {
      const shape = inputOf(call);
      return [[shape[0] ?? null, product(shape.slice(1))]];
    },
  },
  Reshape: {
    outputs: (settings, call) => {
      const shape = inputOf(call);
      const target: readonly number[] = settings.list('target_shape');
      return [[shape[0] ?? null, ...reshaped(shape.slice(1), target)]];
    },
    detail: (settings) => cross(settings.list('target_shape')),
  },
  Permute: {
    outputs: (settings, call) => {
      const shape = inputOf(call);
      const dims = settings.list('dims');
      if ([...dims].sort((first, second) => first - second).some((dim, index) => dim !== index + 1) || dims.length !== shape.length - 1) {
        throw new Failure('layer.permute', `its order (${dims.join(', ')}) does not fit its input ${describeShape(shape)}`);
      }
      return [[shape[0] ?? null, ...dims.map((dim) => shape[dim] ?? null)]];
    },
    detail: (settings) => settings.list('dims').join(' '),
  },
  RepeatVector: {
    outputs: (settings, call) => {
      const shape = inputOfRank(call, 2);
      return [[shape[0] ?? null, settings.count('n'), shape[1] ?? null]];
    },
    detail: (settings) => `×${settings.count('n')}`,
  },
  /** Keras 3's Resizing and CenterCrop: height and width are settings. */
  Resizing: {
    outputs: (settings, call) => {
      const { channels, join } = spatial(settings, inputOfRank(call, 4));
      return [join([settings.count('height'), settings.count('width')], channels)];
    },
    detail: (settings) => `${settings.count('height')}×${settings.count('width')}`,
  },
  CenterCrop: {
    outputs: (settings, call) => {
      const { channels, join } = spatial(settings, inputOfRank(call, 4));
      return [join([settings.count('height'), settings.count('width')], channels)];
    },
    detail: (settings) => `${settings.count('height')}×${settings.count('width')}`,
  },
  RandomCrop: {
    outputs: (settings, call) => {
      const { channels, join } = spatial(settings, inputOfRank(call, 4));
      return [join([settings.count('height'), settings.count('width')], channels)];
    },
  },
  ...Object.fromEntries(['Rescaling', 'RandomFlip', 'RandomRotation', 'RandomTranslation', 'RandomZoom', 'RandomContrast', 'RandomBrightness', 'AugMix', 'AutoContrast', 'CutMix', 'Equalization', 'MixUp', 'RandAugment', 'RandomColorDegeneration',
    'RandomColorJitter', 'RandomElasticTransform', 'RandomErasing', 'RandomGaussianBlur', 'RandomGrayscale', 'RandomHue', 'RandomInvert', 'RandomPerspective', 'RandomPosterization', 'RandomSaturation', 'RandomSharpness', 'RandomShear',
    'Solarization', 'ContrastLimitedAdaptiveHistogramEqualization']
    .map((name) => [name, { outputs: (_: unknown, call: Parameters<typeof inputOf>[0]) => [inputOf(call)] }])),
  CategoryEncoding: {
    outputs: (settings, call) => {
      const shape = inputOf(call);
      const tokens = settings.count('num_tokens');
      if (settings.text('output_mode', 'multi_hot') !== 'one_hot') return [[...shape.slice(0, -1), tokens]];
      return [shape.length > 1 && shape[shape.length - 1] === 1 ? [...shape.slice(0, -1), tokens] : [...shape, tokens]];
    },
    detail: (settings) => String(settings.count('num_tokens')),
  },
  /** Text and numbers to the places of a table; those of text cannot run, as runs have no text. */
  StringLookup: { outputs: (settings, call) => [categories(settings, inputOf(call), settings.has('max_tokens') && settings.flag('pad_to_max_tokens', false) ? settings.count('max_tokens') : settings.count('vocabulary_size', 0))], refused: noText },
  TextVectorization: { outputs: (settings, call) => {
    const input = inputOf(call);
    const batch = input[0] ?? null;
    if (settings.text('output_mode', 'int') === 'int') return [[batch, settings.has('output_sequence_length') ? settings.count('output_sequence_length') : null]];
    return [[batch, settings.has('max_tokens') && settings.flag('pad_to_max_tokens', false) ? settings.count('max_tokens') : settings.count('vocabulary_size', 0) || null]];
  }, refused: noText },
  Hashing: { outputs: (settings, call) => [categories(settings, inputOf(call), settings.count('num_bins'))], detail: (settings) => `${settings.count('num_bins')} bins` },
  HashedCrossing: { outputs: (settings, call) => [categories(settings, inputOf(call), settings.count('num_bins'))], detail: (settings) => `${settings.count('num_bins')} bins` },
  MelSpectrogram: { outputs: (settings, call) => {
    const input = inputOf(call);
    const samples = input[input.length - 1] ?? null;
    return [[...input.slice(0, -1), settings.count('num_mel_bins', 128), samples === null ? null : 1 + Math.floor(samples / settings.count('sequence_stride', 512))]];
  } },
  /** Numbers to the bins or entries that they belong to. */
  Discretization: { outputs: (settings, call) => [categories(settings, inputOf(call), 1 + (settings.has('bin_boundaries') ? boundariesOf(settings).length : settings.count('num_bins') - 1))], detail: (settings) => (settings.has('bin_boundaries') ? `${boundariesOf(settings).length + 1} bins` : '') },
  IntegerLookup: { outputs: (settings, call) => [categories(settings, inputOf(call), settings.has('max_tokens') && settings.flag('pad_to_max_tokens', false) ? settings.count('max_tokens') : settings.count('vocabulary_size', 0))], detail: (settings) => (settings.has('vocabulary_size') ? `${settings.count('vocabulary_size')} entries` : '') },
  /** Windows of a signal; kept here for `slide`. */
  STFTSpectrogram: {
    outputs: (settings, call) => {
      const shape = inputOf(call);
      const window = settings.count('frame_length');
      const bins = Math.floor(settings.count('fft_length', window) / 2) + 1;
      return [[shape[0] ?? null, slide(shape[1] ?? null, window, settings.count('frame_step'), settings.text('padding', 'valid')), bins * (shape[2] ?? 1)]];
    },
  },
};
