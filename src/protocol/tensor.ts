/** Tensors on their way to the screen: only the slice that is shown crosses, as an exact-length ArrayBuffer. */
import type { SliceSpec } from '../tensor/slice';

export type { Histogram } from '../tensor/histogram';
export type { TensorPicture } from '../tensor/picture';
export type { SliceSpec } from '../tensor/slice';
export type { TensorStatistics } from '../tensor/statistics';

/** A weight of the opened file, a tensor of the trace under the cursor, or what was last read of an expression in a paused program. */
export type TensorAddress =
  | { readonly kind: 'weight'; readonly layer: string; readonly weight: string }
  | { readonly kind: 'trace'; readonly iteration: number; readonly tensor: number }
  | { readonly kind: 'look'; readonly id: string };

export interface TensorRequest {
  readonly address: TensorAddress;
  readonly slice?: SliceSpec;
  /** Which example of a batch the default slice shows. */
  readonly example?: number;
  /** Upper bound on elements sent; larger slices are reduced by an integer factor (mean of blocks), and the reply says so. */
  readonly maxElements?: number;
}
