/** Tensors on their way to the screen: only the slice that is shown crosses, as an exact-length ArrayBuffer. */
import type { Comparison } from '../tensor/compare';
import type { Part } from '../tensor/part';
import type { SliceSpec, TensorUse } from '../tensor/slice';
import type { TensorPicture } from '../tensor/picture';
import type { TensorStatistics } from '../tensor/statistics';
import type { TextFormat } from '../tensor/text';

export type { Comparison } from '../tensor/compare';
export type { Histogram } from '../tensor/histogram';
export type { TensorPicture } from '../tensor/picture';
export type { Part } from '../tensor/part';
export type { SliceSpec, TensorUse } from '../tensor/slice';
export type { TensorStatistics } from '../tensor/statistics';

/**
 * A weight of the opened file, a tensor of the trace under the cursor, what was last read of an expression in a paused program, a
 * tensor that was pinned, or the difference second − first of two of them.
 */
export type TensorAddress =
  | { readonly kind: 'weight'; readonly layer: string; readonly weight: string }
  | { readonly kind: 'trace'; readonly iteration: number; readonly tensor: number }
  /** `windows`: whether windows of it can be read at full resolution: not when the program has moved on. */
  | { readonly kind: 'look'; readonly id: string; readonly windows: boolean }
  | { readonly kind: 'pin'; readonly id: string }
  | { readonly kind: 'difference'; readonly first: TensorAddress; readonly second: TensorAddress };

export interface TensorRequest {
  readonly address: TensorAddress;
  readonly slice?: SliceSpec;
  /** Which example of a batch the default slice shows. */
  readonly example?: number;
  /** Upper bound on elements sent; larger slices are reduced by an integer factor (mean of blocks), and the reply says so. */
  readonly maxElements?: number;
  /** Asks for the values that this share of the elements (percent) lies below, and above: 1 for the 1st and 99th percentile. */
  readonly clip?: number;
}

/** A picture that comes before it is asked for. */
export interface PictureAhead { readonly request: TensorRequest; readonly picture: TensorPicture }

/** A window of a slice at full resolution, for a picture that is looked at closely. */
export interface PartRequest { readonly address: TensorAddress; readonly slice: SliceSpec; readonly part: Part }
export interface PartReply { readonly values: ArrayBuffer }

/** A tensor kept as it was at a place in time. */
export interface PinView {
  readonly id: string;
  readonly title: string;
  readonly variable: string;
  /** When it had this value: `iteration 3 · backward, op 61 of 84`. */
  readonly place: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly use: TensorUse;
  readonly diverging: boolean;
  readonly statistics: TensorStatistics;
}

/** Keeps a tensor, lets one go, or asks what is kept; the answer is all that is kept. */
export type PinRequest =
  | { readonly kind: 'list' }
  | { readonly kind: 'keep'; readonly address: TensorAddress; readonly title: string; readonly variable: string; readonly place: string; readonly diverging: boolean }
  | { readonly kind: 'drop'; readonly id: string };

/** Two tensors element by element, over all elements. */
export interface CompareRequest { readonly first: TensorAddress; readonly second: TensorAddress }
export interface CompareReply { readonly comparison: Comparison; readonly statistics: TensorStatistics }

/** A whole slice at full resolution, to a file or the clipboard. */
export interface ExportRequest { readonly address: TensorAddress; readonly slice: SliceSpec; readonly to: 'npy' | TextFormat; readonly name: string }
