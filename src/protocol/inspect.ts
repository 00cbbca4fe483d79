/** Tensors of a paused program that Backstep did not start, as their panel shows them. */
import type { SliceSpec } from '../tensor/slice';
import type { TensorStatistics } from '../tensor/statistics';
import type { GraphView } from './graph';

/** How a person asked to see it: everything, tiles, one heat map, or the distribution. */
export type LookKind = 'tensor' | 'maps' | 'heat' | 'histogram';

/** Blocks of the whole tensor, in row-major order, whose checksum is another one than before. */
export interface BlockChange {
  readonly changed: number;
  readonly of: number;
  /** Elements of a block; 1 means that each element was compared by itself. */
  readonly length: number;
  /** 1 when all elements are compared, n when every n-th. */
  readonly sampled: number;
  /** Index of the first element of the first of them. */
  readonly first: readonly number[];
}

/** What is different since the expression was shown before. */
export type ChangeView =
  /** No compared element is another one; all are compared when `sampled` is 1, else every n-th. */
  | { readonly kind: 'none'; readonly sampled: number }
  /** The largest |difference| in the part that is shown; its place is an index of the tensor. `blocks` is of the whole tensor. */
  | { readonly kind: 'values'; readonly difference: number; readonly index: readonly number[]; readonly before: number; readonly after: number; readonly count: number; readonly blocks: BlockChange | null }
  /** The part that is shown is as it was (`compared`), or is another part than before; elsewhere something changed. */
  | { readonly kind: 'elsewhere'; readonly compared: boolean; readonly blocks: BlockChange }
  | { readonly kind: 'shape'; readonly before: readonly number[] };

export type LookResult =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'problem'; readonly message: string }
  | {
    readonly kind: 'tensor'; readonly type: string; readonly dtype: string; readonly shape: readonly number[]; readonly slice: SliceSpec;
    readonly statistics: TensorStatistics; readonly sampled: number; readonly change: ChangeView | null;
    /** While the whole tensor is still being counted, statistics are of the part that is shown. */
    readonly counting: boolean;
  }
  | {
    readonly kind: 'network'; readonly type: string;
    /** With the outputs' mean, largest and zeros in place of settings, once they have been computed. */
    readonly graph: GraphView;
    /** Whether outputs of layers can be computed in this program. */
    readonly computes: boolean;
    /** The expression that they were computed for, and how many examples of it; null before. */
    readonly computed: { readonly input: string; readonly examples: number } | null;
    /** Why they could not be computed. */
    readonly problem: string | null;
  };

export interface LookView {
  readonly id: string;
  /** The expression, or what it is of a model: `hidden / kernel`, `output of hidden`. */
  readonly title: string;
  readonly expression: string;
  readonly as: LookKind;
  /** Pinned ones are read again at each stop, and stay when another expression is looked at. */
  readonly pinned: boolean;
  /** The program has moved on since it was read. */
  readonly stale: boolean;
  /** Goes up whenever the picture is another one. */
  readonly version: number;
  /** Where and when it was read: `train.js:13 · 14:03:22`. */
  readonly place: string;
  readonly result: LookResult;
  /** Of a network: the layer that was opened, with its outputs and weights. */
  readonly layer: string | null;
  readonly parts: readonly LookView[];
}

export interface InspectView { readonly looks: readonly LookView[] }

/** What the panel asks for an expression: to read it again in another part, to pin it, to be rid of it, to give it another shape. */
export type LookRequest =
  | { readonly kind: 'slice'; readonly id: string; readonly slice: SliceSpec }
  | { readonly kind: 'pin'; readonly id: string; readonly pinned: boolean }
  /** Opens a layer of a network: its weights, and its outputs where they were computed. */
  | { readonly kind: 'layer'; readonly id: string; readonly layer: string }
  /** Asks for an input and computes the outputs of all layers for it, inside the program. */
  | { readonly kind: 'compute'; readonly id: string }
  | { readonly kind: 'as'; readonly id: string; readonly as: LookKind }
  | { readonly kind: 'again' | 'close' | 'shape'; readonly id: string };
