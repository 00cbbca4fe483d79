/** Preprocessing that models carry inside: rescaling, resizing, cropping, category numbers to vectors. */
import { add, cast, equal, expandDims, greaterEqual, image, maximum, minimum, mod, mul, notEqual, oneHot, onesLike, reshape, scalar, slice, sub, sum, tensor1d } from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { Failure } from '../../tensor/failure';
import { plain, tensorsIn } from './calls';
import type { LayerCallContext, LayerForward } from './layer';
import { toChannelsFirst, toChannelsLast } from './layout';
import { badSetting, channelsFirst, choiceOf, flagOf, numberOf, optionalNumberOf } from './settings';
import { interpolations, resizedTo } from './resizing';

const float = (x: Tensor): Tensor => (x.dtype === 'float32' ? x : cast(x, 'float32'));

/** A number, or one number a channel. */
function perChannel(call: LayerCallContext, key: string, fallback: number): number | Tensor {
  const value = call.config[key] ?? fallback;
  if (typeof value === 'number') return value;
  const list = Array.isArray(value) ? (value as readonly unknown[]).filter((entry) => typeof entry === 'number') : [];
  if (list.length === 0) throw badSetting(call, key, 'a number or a list of numbers');
  return reshape(list, [list.length]);
}

const rescaling = plain((x, call) => add(mul(float(x), perChannel(call, 'scale', 1)), perChannel(call, 'offset', 0)));

/** Works on `[batch, height, width, channels]`, whatever the layout and with or without batch. */
function onPictures(x: Tensor, call: LayerCallContext, run: (picture: Tensor) => Tensor): Tensor {
  const batched = x.rank === 3 ? expandDims(x, 0) : x;
  const first = channelsFirst(call);
  const done = run(first ? toChannelsLast(batched) : batched);
  const turned = first ? toChannelsFirst(done) : done;
  return x.rank === 3 ? reshape(turned, turned.shape.slice(1)) : turned;
}

function cut(x: Tensor, top: number, left: number, height: number, width: number): Tensor {
  return slice(x, [0, top, left, 0], [x.shape[0] ?? 1, height, width, x.shape[3] ?? 1]);
}

/** The largest middle part of the proportions of the target. */
export function toProportions(x: Tensor, height: number, width: number): Tensor {
  const [, rows = 1, columns = 1] = x.shape;
  const cropHeight = Math.min(rows, Math.floor((columns * height) / width));
  const cropWidth = Math.min(columns, Math.floor((rows * width) / height));
  return cut(x, Math.floor((rows - cropHeight) / 2), Math.floor((columns - cropWidth) / 2), cropHeight, cropWidth);
}

const resizing = plain((x, call) => {
  const [height, width] = [numberOf(call, 'height'), numberOf(call, 'width')];
  const how = choiceOf(call, 'interpolation', ['bilinear', ...interpolations]);
  return onPictures(float(x), call, (picture) => {
    if (call.convention === 'tfjs') {
      const corners = !flagOf(call, 'crop_to_aspect_ratio', false);
      const run = how !== 'nearest' ? image.resizeBilinear<Tensor4D> : image.resizeNearestNeighbor<Tensor4D>;
      return run(picture as Tensor4D, [height, width], corners);
    }
    const source = flagOf(call, 'crop_to_aspect_ratio', false) ? toProportions(picture, height, width) : picture;
    return resizedTo(call, source, [height, width], how);
  });
});

const centerCrop = plain((x, call) => {
  const [height, width] = [numberOf(call, 'height'), numberOf(call, 'width')];
  return onPictures(float(x), call, (picture) => {
    const [, rows = 1, columns = 1] = picture.shape;
    if (rows >= height && columns >= width) return cut(picture, Math.floor((rows - height) / 2), Math.floor((columns - width) / 2), height, width);
    return resizedTo(call, call.convention === 'tfjs' ? picture : toProportions(picture, height, width), [height, width], 'bilinear');
  });
});

/** Category numbers as vectors over `tokens` categories: one each, all that occur, or how often each occurs. */
function encoded(call: LayerCallContext, x: Tensor, tokens: number, mode: 'multi_hot' | 'one_hot' | 'count'): Tensor {
  const numbers = cast(x, 'int32');
  const [weights] = tensorsIn(call.kwargs['count_weights']);
  if (mode === 'one_hot') {
    const flat = reshape<Rank.R1>(numbers, [numbers.size]);
    const shape = x.shape[x.rank - 1] === 1 ? x.shape.slice(0, -1) : x.shape;
    return reshape(cast(oneHot(flat, tokens), 'float32'), [...shape, tokens]);
  }
  if (x.rank < 1) throw new Failure('layer.rank', `Layer '${call.path}' (${call.type}) needs at least one axis.`);
  const rows = reshape(cast(oneHot(reshape<Rank.R1>(numbers, [numbers.size]), tokens), 'float32'), [...x.shape, tokens]);
  const counted = sum(weights === undefined ? rows : mul(rows, expandDims(weights, -1)), x.rank - 1);
  return mode === 'count' ? counted : minimum(maximum(counted, 0), 1);
}

const encoding = plain((x, call) => encoded(call, x, numberOf(call, 'num_tokens'), choiceOf(call, 'output_mode', ['multi_hot', 'one_hot', 'count'])));

const categorical = (call: LayerCallContext, numbers: Tensor, tokens: number): Tensor => {
  const mode = choiceOf(call, 'output_mode', ['int', 'multi_hot', 'one_hot', 'count']);
  return mode === 'int' ? numbers : encoded(call, numbers, tokens, mode);
};

/** The numbers of a list in the configuration. @throws Failure when there is none */
function numbersOf(call: LayerCallContext, key: string): number[] {
  const value = call.config[key];
  if (!Array.isArray(value)) throw key === 'vocabulary' ? new Failure('layer.vocabulary', `Layer '${call.path}' (${call.type}) learned its vocabulary with adapt(), and Keras does not keep that in the model's settings. Give it as vocabulary=[…] when the layer is made, and save the model again.`) : badSetting(call, key, 'a list of numbers');
  return (value as readonly unknown[]).filter((entry) => typeof entry === 'number');
}

/** The bin of each number: how many boundaries it has reached. */
const discretization = plain((x, call) => {
  const bins = numbersOf(call, 'bin_boundaries');
  const reached = sum(cast(greaterEqual(expandDims(float(x), -1), tensor1d(bins)), 'int32'), -1);
  return categorical(call, reached, bins.length + 1);
});

/** The place of each number in a vocabulary, behind those of unknown numbers and, before them, of the mask. */
const lookUp = plain((x, call) => {
  const entries = numbersOf(call, 'vocabulary');
  const unknown = numberOf(call, 'num_oov_indices', 1);
  const masked = optionalNumberOf(call, 'mask_token');
  if (flagOf(call, 'invert', false)) throw badSetting(call, 'invert', 'false; going back from places to numbers is not supported, so false');
  const first = unknown + (masked === null ? 0 : 1);
  const numbers = cast(x, 'int32');
  const same = cast(equal(expandDims(numbers, -1), tensor1d(entries, 'int32')), 'int32');
  const place = sum(mul(same, tensor1d(entries.map((_, index) => first + index), 'int32')), -1);
  const known = sum(same, -1);
  const offset = masked === null ? 0 : 1;
  const other = unknown > 1 ? add(mod(numbers, scalar(unknown, 'int32')), scalar(offset, 'int32')) : mul(onesLike(numbers), scalar(offset, 'int32'));
  const found = add(place, mul(sub(scalar(1, 'int32'), known), other));
  const result = masked === null ? found : mul(found, cast(notEqual(numbers, scalar(masked, 'int32')), 'int32'));
  return categorical(call, result, first + entries.length);
});

export const preprocessingLayers: Readonly<Record<string, LayerForward>> = {
  Rescaling: rescaling,
  Resizing: resizing,
  CenterCrop: centerCrop,
  CategoryEncoding: encoding,
  Discretization: discretization,
  IntegerLookup: lookUp,
};
