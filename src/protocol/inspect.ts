/** Tensors of a paused program that Backstep did not start, as their panel shows them. */
import type { SliceSpec } from '../tensor/slice';
import type { TensorStatistics } from '../tensor/statistics';
import type { GraphView } from './graph';

/** How a person asked to see it: everything, tiles, one heat map, or the distribution. */
export type LookKind = 'tensor' | 'maps' | 'heat' | 'histogram';

/** What is different since the expression was shown before. */
export type ChangeView =
  | { readonly kind: 'none' }
  /** The largest |difference| in the part that is shown; its place is an index of the tensor. */
  | { readonly kind: 'values'; readonly difference: number; readonly index: readonly number[]; readonly before: number; readonly after: number; readonly count: number }
  /** The part that is shown is as it was, numbers over the whole are not. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'shape'; readonly before: readonly number[] };

export type LookResult =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'problem'; readonly message: string }
  | {
    readonly kind: 'tensor'; readonly type: string; readonly dtype: string; readonly shape: readonly number[]; readonly slice: SliceSpec;
    readonly statistics: TensorStatistics; readonly sampled: number; readonly change: ChangeView | null;
  }
  | { readonly kind: 'network'; readonly type: string; readonly graph: GraphView };

export interface LookView {
  readonly id: string;
  readonly expression: string;
  readonly as: LookKind;
  /** Pinned ones are read again at each stop, and stay when another expression is looked at. */
  readonly pinned: boolean;
  /** The program has moved on since it was read. */
  readonly stale: boolean;
  /** Goes up whenever the picture is another one. */
  readonly version: number;
  readonly result: LookResult;
}

export interface InspectView { readonly looks: readonly LookView[] }

/** What the panel asks for an expression: to read it again in another part, to pin it, to be rid of it, to give it another shape. */
export type LookRequest =
  | { readonly kind: 'slice'; readonly id: string; readonly slice: SliceSpec }
  | { readonly kind: 'pin'; readonly id: string; readonly pinned: boolean }
  | { readonly kind: 'as'; readonly id: string; readonly as: LookKind }
  | { readonly kind: 'again' | 'close' | 'shape'; readonly id: string };
