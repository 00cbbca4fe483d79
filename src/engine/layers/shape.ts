/** Layers that only move, repeat, cut or frame elements. */
import { expandDims, pad, reshape, slice, tile, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../tensor/value';
import { Failure } from '../../tensor/failure';
import { checkRank, plain, pointwise } from './calls';
import type { LayerForward } from './layer';
import { reshapeTo } from './operations/operations';
import { repeatAlong } from './operations/repeating';
import { interpolations, resizedTo } from './resizing';
import { toChannelsFirst, toChannelsLast } from './layout';
import { badSetting, channelsFirst, choiceOf, extentsOf, listOf, numberOf, pairsOf } from './settings';

/** All axes behind the batch as one. */
export function flatten(x: Tensor): Tensor {
  return reshape(x, [x.shape[0] ?? 1, sizeOf(x.shape.slice(1))]);
}

const flattening = plain((x, call) => {
  const turned = channelsFirst(call) && x.rank > 1 ? toChannelsLast(x) : x;
  return flatten(turned);
});

const reshaping = plain((x, call) => {
  const wanted = call.config['target_shape'];
  // The bare operation of the same name counts the batch.
  if (wanted === undefined) return reshapeTo(call);
  if (!Array.isArray(wanted)) throw badSetting(call, 'target_shape', 'a list of extents');
  const target = wanted.map((extent: unknown) => (typeof extent === 'number' && extent >= 0 ? extent : -1));
  const size = sizeOf(x.shape.slice(1));
  const known = target.filter((extent) => extent >= 0).reduce((product, extent) => product * extent, 1);
  const free = target.filter((extent) => extent < 0).length;
  if (free > 1 || (free === 0 ? known !== size : known === 0 || size % known !== 0)) {
    throw new Failure('layer.shape', `Layer '${call.path}' (Reshape) cannot turn an input of shape [${x.shape.join(', ')}] into [batch, ${target.join(', ')}].`);
  }
  return reshape(x, [x.shape[0] ?? 1, ...target.map((extent) => (extent < 0 ? size / known : extent))]);
});

const permuting = plain((x, call) => {
  const order = listOf(call, 'dims');
  if (order === null || order.length !== x.rank - 1) throw badSetting(call, 'dims', `an order of ${x.rank - 1} axes, counted from 1`);
  return transpose(x, [0, ...order]);
});

const repeating = plain((x, call) => {
  checkRank(call, x, 2);
  return tile(expandDims(x, 1), [1, numberOf(call, 'n'), 1]);
});

/** Frames of zeros (positive) or cuts (negative) around the spatial axes. */
const framing = (rank: number, key: 'padding' | 'cropping'): LayerForward => plain((x, call) => {
  checkRank(call, x, rank + 2);
  const pairs = pairsOf(call, key, rank, 1);
  const start = rank > 1 && channelsFirst(call) ? 2 : 1;
  const around = x.shape.map((_, axis): [number, number] => pairs[axis - start] ?? [0, 0]);
  if (key === 'padding') return pad(x, around);
  const extents = x.shape.map((extent, axis) => extent - (around[axis]?.[0] ?? 0) - (around[axis]?.[1] ?? 0));
  if (extents.some((extent) => extent < 1)) {
    throw new Failure('layer.shape', `Layer '${call.path}' (${call.type}) cuts everything off an input of shape [${x.shape.join(', ')}].`);
  }
  if (call.convention !== 'tfjs') return slice(x, around.map(([before]) => before), extents);
  // tfjs-layers cuts one axis after the other.
  return pairs.reduce((tensor, [before], index) => {
    const axis = start + index;
    const begin = tensor.shape.map((_, other) => (other === axis ? before : 0));
    return slice(tensor, begin, tensor.shape.map((extent, other) => (other === axis ? (extents[axis] ?? extent) : extent)));
  }, x);
});

const enlarging = (rank: number): LayerForward => plain((x, call) => {
  checkRank(call, x, rank + 2);
  const size = extentsOf(call, 'size', rank, Array.from({ length: rank }, () => 2));
  const first = rank > 1 && channelsFirst(call);
  if (rank !== 2) return size.reduce((tensor, factor, index) => repeatAlong(tensor, index + (first ? 2 : 1), factor), x);
  const last = first ? toChannelsLast(x) : x;
  const y = resizedTo(call, last, [(last.shape[1] ?? 1) * (size[0] ?? 1), (last.shape[2] ?? 1) * (size[1] ?? 1)], choiceOf(call, 'interpolation', interpolations));
  return first ? toChannelsFirst(y) : y;
});

export const shapeLayers: Readonly<Record<string, LayerForward>> = {
  Flatten: flattening,
  Reshape: reshaping,
  Permute: permuting,
  RepeatVector: repeating,
  Identity: pointwise((x) => x),
  ZeroPadding1D: framing(1, 'padding'), ZeroPadding2D: framing(2, 'padding'), ZeroPadding3D: framing(3, 'padding'),
  Cropping1D: framing(1, 'cropping'), Cropping2D: framing(2, 'cropping'), Cropping3D: framing(3, 'cropping'),
  UpSampling1D: enlarging(1), UpSampling2D: enlarging(2), UpSampling3D: enlarging(3),
};
