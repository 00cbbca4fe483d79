/** Tensors on their way to the screen: only the slice that is shown crosses, as an exact-length ArrayBuffer. */

/** A weight of the opened file, or a tensor of the trace under the cursor. */
export type TensorAddress =
  | { readonly kind: 'weight'; readonly layer: string; readonly weight: string }
  | { readonly kind: 'trace'; readonly iteration: number; readonly tensor: number };

/**
 * Which part of a tensor to show: two axes become a tile, further ones a grid of tiles, the rest stand at one index.
 * Absent `slice` means the default for its shape and use: a conv kernel `[h, w, in, out]` as tiles `[in × out]`, an
 * activation `[batch, h, w, channels]` as a tile a channel of one example, a matrix as one heat map, a vector as one row.
 */
export interface SliceSpec {
  /** Axes that number the tiles, outermost first (none: a single tile). */
  readonly tileAxes: readonly number[];
  /** Axis that runs downwards, null for a single row. */
  readonly rowAxis: number | null;
  readonly columnAxis: number | null;
  /** Index of every other axis, by axis number. */
  readonly at: Readonly<Record<number, number>>;
}

export interface TensorRequest {
  readonly address: TensorAddress;
  readonly slice?: SliceSpec;
  /** Which example of a batch the default slice shows. */
  readonly example?: number;
  /** Upper bound on elements sent; larger slices are reduced by an integer factor (mean of blocks), and the reply says so. */
  readonly maxElements?: number;
}

export interface TensorStatistics {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly standardDeviation: number;
  /** Euclidean norm. */
  readonly norm: number;
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
}

export interface Histogram { readonly min: number; readonly max: number; readonly counts: readonly number[] }

/** The reply: `tiles × rows × columns` values in that order, float32. */
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
}
