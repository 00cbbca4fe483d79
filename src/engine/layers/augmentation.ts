/**
 * Layers that change pictures at random in training, by the run's seed, and hand them on as they are otherwise
 * (keras/src/layers/preprocessing/image_preprocessing). `"dropout": false` keeps them from it, as all randomness of layers.
 */
import { add, cast, clipByValue, concat, gather, mean, mul, reshape, reverse, slice, sub, tensor1d, tensor2d, tensor4d, where } from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../tensor/failure';
import { plain } from './calls';
import type { LayerCallContext, LayerForward } from './layer';
import { toChannelsFirst, toChannelsLast } from './layout';
import { toProportions } from './preprocessing';
import { interpolations, resizedTo } from './resizing';
import { badSetting, channelsFirst, choiceOf, numberOf } from './settings';

type Pictures = (pictures: Tensor, call: LayerCallContext, random: (purpose: string) => number[]) => Tensor;

/** Numbers from 0 to 1, one a picture, from a seed (mulberry32). */
function draws(seed: number, count: number): number[] {
  let state = Math.floor(seed) >>> 0;
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  });
}

/** A layer that works on `[batch, height, width, channels]` while randomness is on. */
const augmenting = (run: Pictures): LayerForward => plain((x, call) => {
  if (!call.training || !call.dropout) return x;
  const float = x.dtype === 'float32' ? x : cast(x, 'float32');
  const first = channelsFirst(call);
  const batched = float.rank === 3 ? reshape(float, [1, ...float.shape]) : float;
  if (batched.rank !== 4) throw new Failure('layer.rank', `Layer '${call.path}' (${call.type}) takes pictures [batch, height, width, channels], but gets the shape [${x.shape.join(', ')}].`);
  const pictures = first ? toChannelsLast(batched) : batched;
  const done = run(pictures, call, (purpose) => draws(call.seed(purpose), pictures.shape[0] ?? 1));
  const turned = first ? toChannelsFirst(done) : done;
  return float.rank === 3 ? reshape(turned, turned.shape.slice(1)) : turned;
});

/** A factor `[lower, upper]`; one number stands for [-it, it]. */
function factorOf(call: LayerCallContext, key: string): [number, number] {
  const value = call.config[key];
  if (typeof value === 'number') return [-value, value];
  const [lower, upper] = Array.isArray(value) ? value as readonly unknown[] : [];
  if (typeof lower === 'number' && typeof upper === 'number') return [lower, upper];
  throw badSetting(call, key, 'a number or two');
}

const between = (range: readonly [number, number], random: readonly number[]): number[] => random.map((each) => range[0] + (range[1] - range[0]) * each);
const column = (values: readonly number[]): Tensor => tensor4d([...values], [values.length, 1, 1, 1]);

function valueRange(call: LayerCallContext): [number, number] {
  const value = call.config['value_range'];
  const [low, high] = Array.isArray(value) ? value as readonly unknown[] : [];
  return typeof low === 'number' && typeof high === 'number' ? [low, high] : [0, 255];
}

const flip: Pictures = (pictures, call, random) => {
  const mode = choiceOf(call, 'mode', ['horizontal_and_vertical', 'horizontal', 'vertical']);
  const along = (x: Tensor, axis: number, purpose: string): Tensor => {
    const chosen = cast(column(random(purpose).map((each) => (each < 0.5 ? 1 : 0))), 'bool');
    return where(chosen, reverse(x, axis), x);
  };
  const turned = mode === 'vertical' ? pictures : along(pictures, 2, 'horizontal');
  return mode === 'horizontal' ? turned : along(turned, 1, 'vertical');
};

const contrast: Pictures = (pictures, call, random) => {
  const factor = call.config['factor'];
  const [lower, upper] = typeof factor === 'number' ? [factor, factor] : factorOf(call, 'factor').map(Math.abs) as [number, number];
  const middle = mean(pictures, [1, 2], true);
  return clipByValue(add(mul(sub(pictures, middle), column(between([1 - lower, 1 + upper], random('contrast')))), middle), ...valueRange(call));
};

const brightness: Pictures = (pictures, call, random) => {
  const [low, high] = valueRange(call);
  return clipByValue(add(pictures, column(between(factorOf(call, 'factor'), random('brightness')).map((delta) => delta * (high - low)))), low, high);
};

const crop: LayerForward = plain((x, call) => {
  const [height, width] = [numberOf(call, 'height'), numberOf(call, 'width')];
  const first = channelsFirst(call);
  const pictures = first ? toChannelsLast(x) : x;
  const [batch = 1, rows = 1, columns = 1, channels = 1] = pictures.shape;
  let cut: Tensor;
  if (call.training && call.dropout && rows > height && columns > width) {
    const [down = 0, across = 0] = draws(call.seed('crop'), 2);
    cut = slice(pictures, [0, Math.floor(down * (rows - height + 1)), Math.floor(across * (columns - width + 1)), 0], [batch, height, width, channels]);
  } else cut = resizedTo(call, toProportions(pictures, height, width), [height, width], choiceOf(call, 'interpolation', ['bilinear', ...interpolations]));
  return first ? toChannelsFirst(cut) : cut;
});

/** Where an element of the result comes from: place = matrix · (row, column, 1), in pixels. */
type Affine = readonly [number, number, number, number, number, number];

const within = (at: number, extent: number): number => Math.max(0, Math.min(extent - 1, at));

/** Where a place outside a picture is taken from, by the mode that fills it (TensorFlow's ImageProjectiveTransform); `constant` leaves it outside. */
const fills: Readonly<Record<string, (at: number, extent: number) => number>> = {
  constant: (at) => at,
  nearest: within,
  wrap: (at, extent) => {
    const turns = Math.trunc(Math.abs(at) / Math.max(1, extent - 1));
    return within(at < 0 ? at + extent * (turns + 1) : at > extent - 1 ? at - extent * turns : at, extent);
  },
  reflect: (at, extent) => {
    const turned = ((at % (2 * extent)) + 2 * extent) % (2 * extent);
    return within(at >= 0 && at <= extent - 1 ? at : turned < extent ? turned : 2 * extent - 1 - turned, extent);
  },
};

/** Pictures whose elements come from other places, each by its own rule, between pixels by their neighbours. */
function moved(pictures: Tensor, call: LayerCallContext, rules: readonly Affine[]): Tensor {
  const [batch = 1, height = 1, width = 1, channels = 1] = pictures.shape;
  const fill = fills[choiceOf(call, 'fill_mode', ['reflect', 'constant', 'wrap', 'nearest'])] ?? within;
  const bilinear = choiceOf(call, 'interpolation', ['bilinear', 'nearest']) === 'bilinear';
  const filler = batch * height * width;
  const corners = bilinear ? [[0, 0], [0, 1], [1, 0], [1, 1]] as const : [[0, 0]] as const;
  const places = corners.map(() => new Int32Array(filler));
  const shares = corners.map(() => new Float32Array(filler));
  for (let at = 0; at < filler; at += 1) {
    const example = Math.floor(at / (height * width)), row = Math.floor(at / width) % height, col = at % width;
    const [a, b, c, d, e, f] = rules[example] ?? [1, 0, 0, 0, 1, 0];
    const [y, x] = [fill(a * row + b * col + c, height), fill(d * row + e * col + f, width)];
    const [top, left] = bilinear ? [Math.floor(y), Math.floor(x)] : [Math.round(y), Math.round(x)];
    corners.forEach(([down, right], corner) => {
      const [from, aside] = [top + down, left + right];
      const place = places[corner], share = shares[corner];
      if (place === undefined || share === undefined) return;
      place[at] = from < 0 || from >= height || aside < 0 || aside >= width ? filler : (example * height + from) * width + aside;
      share[at] = bilinear ? (down === 1 ? y - top : 1 - y + top) * (right === 1 ? x - left : 1 - x + left) : 1;
    });
  }
  const value = typeof call.config['fill_value'] === 'number' ? call.config['fill_value'] : 0;
  const pixels = concat([reshape<Rank.R2>(pictures, [filler, channels]), tensor2d(new Array<number>(channels).fill(value), [1, channels])], 0);
  const parts = places.map((place, corner) => mul(gather(pixels, tensor1d(place, 'int32')), tensor2d(shares[corner] ?? new Float32Array(filler), [filler, 1])));
  return reshape(parts.reduce((total, part) => add(total, part)), pictures.shape);
}

const translation: Pictures = (pictures, call, random) => {
  const [, height = 1, width = 1] = pictures.shape;
  const down = between(factorOf(call, 'height_factor'), random('height')), across = between(factorOf(call, 'width_factor'), random('width'));
  return moved(pictures, call, down.map((by, index): Affine => [1, 0, -by * height, 0, 1, -(across[index] ?? 0) * width]));
};

const rotation: Pictures = (pictures, call, random) => {
  const [, height = 1, width = 1] = pictures.shape;
  const [y, x] = [(height - 1) / 2, (width - 1) / 2];
  return moved(pictures, call, between(factorOf(call, 'factor'), random('angle')).map((turn): Affine => {
    const [cos, sin] = [Math.cos(2 * Math.PI * turn), Math.sin(2 * Math.PI * turn)];
    return [cos, sin, y - cos * y - sin * x, -sin, cos, x + sin * y - cos * x];
  }));
};

const zoom: Pictures = (pictures, call, random) => {
  const [, height = 1, width = 1] = pictures.shape;
  const tall = between(factorOf(call, 'height_factor'), random('height'));
  const wide = call.config['width_factor'] === null || call.config['width_factor'] === undefined ? tall : between(factorOf(call, 'width_factor'), random('width'));
  return moved(pictures, call, tall.map((by, index): Affine => {
    const [h, w] = [1 + by, 1 + (wide[index] ?? 0)];
    return [h, 0, ((height - 1) / 2) * (1 - h), 0, w, ((width - 1) / 2) * (1 - w)];
  }));
};

/** Layers whose random work is not built; without it they do nothing. */
const unbuilt: LayerForward = plain((x, call) => {
  if (!call.training || !call.dropout) return x;
  throw new Failure('layer.augmentation', `Layer '${call.path}' (${call.type}) changes examples at random in a way that Backstep does not have. Set "dropout": false in the run's settings: it then hands them on unchanged, as outside training.`);
});
const unbuiltNames = ['AugMix', 'CutMix', 'MixUp', 'RandAugment', 'RandomColorDegeneration', 'RandomColorJitter', 'RandomElasticTransform', 'RandomErasing', 'RandomGaussianBlur', 'RandomGrayscale', 'RandomHue', 'RandomInvert', 'RandomPerspective', 'RandomPosterization', 'RandomSaturation', 'RandomSharpness', 'RandomShear'];

export const augmentationLayers: Readonly<Record<string, LayerForward>> = {
  RandomFlip: augmenting(flip), RandomContrast: augmenting(contrast), RandomBrightness: augmenting(brightness), RandomCrop: crop,
  RandomTranslation: augmenting(translation), RandomRotation: augmenting(rotation), RandomZoom: augmenting(zoom),
  ...Object.fromEntries(unbuiltNames.map((name) => [name, unbuilt])),
};
