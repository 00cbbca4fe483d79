/** Pooling, padding, cropping and upsampling. */
import { Failure } from '../../tensor/failure';
import { slide, spatial } from './convolution';
import { cross, inputOfRank } from './kind';
import type { KindTable, LayerKind, Settings } from './kind';

function pooling(rank: number): LayerKind {
  const strides = (settings: Settings): readonly number[] => (settings.has('strides') ? settings.counts('strides', rank) : settings.counts('pool_size', rank, 2));
  return {
    outputs: (settings, call) => {
      const { channels, extents, join } = spatial(settings, inputOfRank(call, rank + 2));
      const pool = settings.counts('pool_size', rank, 2);
      const padding = settings.text('padding', 'valid');
      return [join(extents.map((extent, axis) => slide(extent, pool[axis] ?? 1, strides(settings)[axis] ?? 1, padding)), channels)];
    },
    detail: (settings) => {
      const pool = settings.counts('pool_size', rank, 2);
      const step = strides(settings);
      const stride = step.every((extent, axis) => extent === pool[axis]) ? '' : ` /${step.every((extent) => extent === step[0]) ? step[0] : cross(step)}`;
      return `${cross(pool)}${stride}${settings.text('padding', 'valid') === 'same' ? ' same' : ''}`;
    },
  };
}

function global(rank: number): LayerKind {
  return {
    outputs: (settings, call) => {
      const { channels, extents, join } = spatial(settings, inputOfRank(call, rank + 2));
      return [join(settings.flag('keepdims', false) ? extents.map(() => 1) : [], channels)];
    },
  };
}

/** Windows that together cover each axis evenly, in a number that is set. */
function adaptive(rank: number): LayerKind {
  return {
    outputs: (settings, call) => {
      const { channels, join } = spatial(settings, inputOfRank(call, rank + 2));
      return [join(settings.counts('output_size', rank), channels)];
    },
    detail: (settings) => cross(settings.counts('output_size', rank)),
  };
}

/** Padding or cropping at both ends of every axis: `[[top, bottom], [left, right]]`, `[height, width]`, or one number. */
function edges(settings: Settings, key: string, rank: number): readonly (readonly [number, number])[] {
  const value = settings.config[key] ?? 1;
  const wrong = (): Failure => new Failure('layer.setting', `its setting ${key} should be ${rank} pairs of whole numbers, not ${JSON.stringify(value).slice(0, 80)}`);
  const count = (item: unknown): number => {
    if (typeof item !== 'number' || !Number.isSafeInteger(item)) throw wrong();
    return item;
  };
  if (!Array.isArray(value)) return new Array<readonly [number, number]>(rank).fill([count(value), count(value)]);
  const items: readonly unknown[] = value;
  // In one dimension the pair itself is the setting.
  if (rank === 1 && items.length === 2 && !Array.isArray(items[0])) return [[count(items[0]), count(items[1])]];
  if (items.length !== rank) throw wrong();
  return items.map((item) => {
    if (!Array.isArray(item)) return [count(item), count(item)];
    const pair: readonly unknown[] = item;
    return [count(pair[0]), count(pair[1])];
  });
}

function padding(rank: number): LayerKind {
  return {
    outputs: (settings, call) => {
      const { channels, extents, join } = spatial(settings, inputOfRank(call, rank + 2));
      const pads = edges(settings, 'padding', rank);
      return [join(extents.map((extent, axis) => (extent === null ? null : extent + (pads[axis]?.[0] ?? 0) + (pads[axis]?.[1] ?? 0))), channels)];
    },
    detail: (settings) => edges(settings, 'padding', rank).map(([before, after]) => (before === after ? String(before) : `${before}+${after}`)).join('×'),
  };
}

function cropping(rank: number): LayerKind {
  return {
    outputs: (settings, call) => {
      const { channels, extents, join } = spatial(settings, inputOfRank(call, rank + 2));
      const cuts = edges(settings, 'cropping', rank);
      return [join(extents.map((extent, axis) => {
        if (extent === null) return null;
        const rest = extent - (cuts[axis]?.[0] ?? 0) - (cuts[axis]?.[1] ?? 0);
        if (rest < 1) throw new Failure('layer.window', `it crops ${extent} elements down to ${rest}`);
        return rest;
      }), channels)];
    },
    detail: (settings) => edges(settings, 'cropping', rank).map(([before, after]) => (before === after ? String(before) : `${before}+${after}`)).join('×'),
  };
}

function upsampling(rank: number): LayerKind {
  return {
    outputs: (settings, call) => {
      const { channels, extents, join } = spatial(settings, inputOfRank(call, rank + 2));
      const size = settings.counts('size', rank, 2);
      return [join(extents.map((extent, axis) => (extent === null ? null : extent * (size[axis] ?? 1))), channels)];
    },
    detail: (settings) => `×${cross(settings.counts('size', rank, 2))}${rank === 2 && settings.text('interpolation', 'nearest') !== 'nearest' ? ` ${settings.text('interpolation', 'nearest')}` : ''}`,
  };
}

export const poolings: KindTable = {
  MaxPooling1D: pooling(1), MaxPooling2D: pooling(2), MaxPooling3D: pooling(3),
  AveragePooling1D: pooling(1), AveragePooling2D: pooling(2), AveragePooling3D: pooling(3),
  GlobalMaxPooling1D: global(1), GlobalMaxPooling2D: global(2), GlobalMaxPooling3D: global(3),
  GlobalAveragePooling1D: global(1), GlobalAveragePooling2D: global(2), GlobalAveragePooling3D: global(3),
  AdaptiveMaxPooling1D: adaptive(1), AdaptiveMaxPooling2D: adaptive(2), AdaptiveMaxPooling3D: adaptive(3),
  AdaptiveAveragePooling1D: adaptive(1), AdaptiveAveragePooling2D: adaptive(2), AdaptiveAveragePooling3D: adaptive(3),
  ZeroPadding1D: padding(1), ZeroPadding2D: padding(2), ZeroPadding3D: padding(3),
  Cropping1D: cropping(1), Cropping2D: cropping(2), Cropping3D: cropping(3),
  UpSampling1D: upsampling(1), UpSampling2D: upsampling(2), UpSampling3D: upsampling(3),
};
