/** A tensor on its way to the screen: the slice that is shown, and numbers over the whole. */
import { histogramOf } from './histogram';
import type { Histogram } from './histogram';
import { defaultSlice, readSlice } from './slice';
import type { SliceSpec, TensorUse } from './slice';
import { statisticsOf } from './statistics';
import type { TensorStatistics } from './statistics';
import type { TensorValue } from './value';

/** The reply to a request for a tensor: `tiles × rows × columns` values in that order, float32. */
export interface TensorPicture {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly slice: SliceSpec;
  readonly tiles: number;
  readonly rows: number;
  readonly columns: number;
  /** Extents of the tile axes, so that a grid can be laid out: `[6, 16]`. */
  readonly tileExtents: readonly number[];
  /** 1 when every element is sent, n when each sent value stands for an n × n block. */
  readonly reduction: number;
  readonly values: ArrayBuffer;
  /** Over the whole tensor. */
  readonly statistics: TensorStatistics;
  readonly histogram: Histogram;
  /** The percentiles asked for by `clip`, over the whole tensor; the histogram is then of the values between them. */
  readonly clipped?: { readonly low: number; readonly high: number };
}

export interface PictureOptions {
  readonly name: string;
  readonly use: TensorUse;
  readonly slice?: SliceSpec | undefined;
  readonly example?: number | undefined;
  /** Upper bound on the elements sent; 65,536 (256 KiB) when absent, and never more than 262,144 (1 MiB). */
  readonly maxElements?: number | undefined;
  /** Already known ones, so that the tensor is not gone through again. */
  readonly statistics?: TensorStatistics | undefined;
  readonly histogram?: Histogram | undefined;
  readonly clipped?: { readonly low: number; readonly high: number } | undefined;
}

/** @throws Failure `slice.axis`, `slice.index` when the slice does not fit the tensor's shape. */
export function pictureOf(tensor: TensorValue, options: PictureOptions): TensorPicture {
  const wanted = options.slice ?? defaultSlice(tensor.shape, options.use, options.example);
  const { values, ...layout } = readSlice(tensor, wanted, Math.min(options.maxElements ?? 65_536, 262_144));
  const statistics = options.statistics ?? statisticsOf(tensor.data);
  return {
    name: options.name, dtype: tensor.dtype, shape: [...tensor.shape], ...layout, values: values.buffer, statistics,
    histogram: options.histogram ?? histogramOf(tensor.data, statistics), ...(options.clipped === undefined ? {} : { clipped: options.clipped }),
  };
}
