/** Which values the ends of the colours stand for: of a tile, of the tensor, or of all tensors of its role; whole or clipped. Pure. */
import type { Domain } from '../../../src/tensor/colormap';
import { domainOf } from '../../../src/tensor/colormap';
import { percentilesOf } from '../../../src/tensor/percentiles';
import type { Picture } from '../../tensors';

export type Scale = 'tile' | 'tensor' | 'role';
export type MapChoice = 'auto' | 'diverging' | 'sequential';
/** `clip` is the share in percent that is cut off at both ends: 1 for the 1st to the 99th percentile. */
export interface ColorChoice { readonly scale: Scale; readonly map: MapChoice; readonly clip: number }

export const usualColors: ColorChoice = { scale: 'tensor', map: 'auto', clip: 0 };
export const clips = [0, 0.1, 1, 5] as const;

export interface Range { readonly min: number; readonly max: number }

/** Range of the tensor that the colours span: what the host clipped, else (of paused programs) the percentiles of what is shown. */
export function rangeOf(picture: Picture, clip: number): Range {
  if (clip === 0) return picture.statistics;
  if (picture.clipped !== undefined) return { min: picture.clipped.low, max: picture.clipped.high };
  return rangeOfValues(picture.floats, clip);
}

function rangeOfValues(values: Float32Array, clip: number): Range {
  if (clip > 0) {
    const [min = NaN, max = NaN] = percentilesOf(values, [clip, 100 - clip]);
    return { min, max };
  }
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/** A domain for each tile. */
export function tileDomains(picture: Picture, kind: 'diverging' | 'sequential', clip: number): readonly Domain[] {
  const size = picture.rows * picture.columns;
  return Array.from({ length: picture.tiles }, (_, tile) => {
    const { min, max } = rangeOfValues(picture.floats.subarray(tile * size, (tile + 1) * size), clip);
    return domainOf(kind, min, max);
  });
}

/** What 0 and full brightness of a colour image stand for: 0 … 1, 0 … 255, or the tensor's own range where it is neither. */
export function imageDomain({ min, max }: Range): Domain {
  if (min >= 0 && max <= 1) return { low: 0, high: 1 };
  if (min >= 0 && max <= 255) return { low: 0, high: 255 };
  return domainOf('sequential', min, max);
}
