/** What a probe inside the paused program answers: only the slice that is shown crosses, and numbers over the whole. */
import type { Histogram } from '../../tensor/histogram';
import type { SliceSpec } from '../../tensor/slice';
import type { TensorStatistics } from '../../tensor/statistics';

export interface ProbeRequest {
  readonly slice: SliceSpec | null;
  /** Whether the default slice is that of a weight or of an activation. */
  readonly use: 'weight' | 'activation';
  readonly example: number;
  readonly maxElements: number;
  /** Shape to read a flat buffer in; null for the value's own. */
  readonly shape: readonly number[] | null;
}

export type ProbeReply =
  | {
    readonly kind: 'picture'; readonly type: string; readonly dtype: string; readonly shape: readonly number[]; readonly slice: SliceSpec;
    readonly tiles: number; readonly rows: number; readonly columns: number; readonly tileExtents: readonly number[]; readonly reduction: number;
    /** Little-endian float32, base64. */
    readonly values: string;
    readonly statistics: TensorStatistics; readonly histogram: Histogram;
    /** 1 when statistics are of all elements, n when of every n-th. */
    readonly sampled: number;
  }
  /** A network: its layers as JSON in the file format of its framework. */
  | { readonly kind: 'network'; readonly type: string; readonly config: string }
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly type: string; readonly detail: string };

export type ProblemCode = 'disposed' | 'not-a-tensor' | 'ragged' | 'shape' | 'empty' | 'busy' | 'too-large' | 'slice' | 'unreadable';
