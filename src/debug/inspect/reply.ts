/** What a probe inside the paused program answers: only the slice that is shown crosses, and numbers over the whole. */
import type { Histogram } from '../../tensor/histogram';
import type { Part } from '../../tensor/part';
import type { SliceSpec } from '../../tensor/slice';
import type { TensorStatistics } from '../../tensor/statistics';

export interface ProbeRequest {
  /**
   * `picture`: the slice first, numbers over the whole only where the tensor is small; `numbers`: these alone; `all`: both; `part`: a window
   * of the slice at full resolution; `clipped`: percentiles of the whole.
   */
  readonly wants: 'all' | 'picture' | 'numbers' | 'part' | 'clipped';
  readonly part: Part | null;
  /** The share in percent that is cut off at both ends. */
  readonly clip: number;
  /** The value is a model: its layers' outputs for an input are computed, all of them in short, or the one named by `output` as a tensor. */
  readonly computes: boolean;
  readonly output: { readonly layer: readonly string[]; readonly call: number; readonly output: number } | null;
  readonly slice: SliceSpec | null;
  /** Whether the default slice is that of a weight or of an activation. */
  readonly use: 'weight' | 'activation';
  readonly example: number;
  readonly maxElements: number;
  /** Shape to read a flat buffer in; null for the value's own. */
  readonly shape: readonly number[] | null;
}

/** Over the whole tensor, or over every n-th element where it is very large. */
export interface WholeNumbers {
  readonly statistics: TensorStatistics;
  readonly histogram: Histogram;
  /** 1 when of all elements, n when of every n-th. */
  readonly sampled: number;
  /** A checksum of the bits of each block of `blockLength` (counted) elements in row-major order: little-endian uint32, base64. Equal blocks, equal checksums. */
  readonly checksums: string;
  readonly blockLength: number;
}

/** What a layer gives; `layer` are the names of the models around it and its own. */
export interface LayerOutputReply { readonly layer: readonly string[]; readonly call: number; readonly output: number; readonly shape: readonly number[]; readonly statistics: TensorStatistics }

export type ProbeReply =
  | {
    readonly kind: 'picture'; readonly type: string; readonly dtype: string; readonly shape: readonly number[]; readonly slice: SliceSpec;
    readonly tiles: number; readonly rows: number; readonly columns: number; readonly tileExtents: readonly number[]; readonly reduction: number;
    /** Little-endian float32, base64. */
    readonly values: string;
    readonly numbers: WholeNumbers | null;
  }
  | { readonly kind: 'numbers'; readonly shape: readonly number[]; readonly numbers: WholeNumbers }
  /** Little-endian float32, base64: tiles × rows × columns of the window. */
  | { readonly kind: 'part'; readonly values: string }
  /** The percentiles, of all elements or every n-th, and how the values between them are distributed. */
  | { readonly kind: 'clipped'; readonly low: number; readonly high: number; readonly histogram: Histogram }
  | { readonly kind: 'outputs'; readonly outputs: readonly LayerOutputReply[] }
  /** A network: its layers as JSON in the file format of its framework. */
  | { readonly kind: 'network'; readonly type: string; readonly config: string }
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly type: string; readonly detail: string };

export type ProblemCode = 'disposed' | 'not-a-tensor' | 'ragged' | 'shape' | 'empty' | 'busy' | 'too-large' | 'slice' | 'unreadable';
