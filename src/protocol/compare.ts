/** Two models compared, as the view shows it: one graph of both, and what differs, the most first. */
import type { GraphView } from './graph';

export type Mark = 'added' | 'removed' | 'settings' | 'weights' | 'renamed';

export interface WeightDifference {
  readonly name: string;
  /** `[5, 5, 1, 6]`, or `[5, 5] → [3, 3]` where the shape differs. */
  readonly shape: string;
  /** ‖after − before‖ / ‖before‖; null where that says nothing: another shape, or a norm of zero before. Infinity crosses as null with `largest`. */
  readonly relative: number | null;
  /** Largest difference of an element; null for another shape. */
  readonly largest: number | null;
  readonly changed: number;
}

export interface LayerChange {
  /** Node of the graph. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly mark: Mark;
  readonly renamedFrom: string | null;
  readonly settings: readonly (readonly [setting: string, before: string | null, after: string | null])[];
  readonly weights: readonly WeightDifference[];
  /** How far its farthest weight moved, 0 … ∞; null when it came, went or changed shape. */
  readonly amount: number | null;
}

export interface ComparedModel { readonly file: string; readonly format: string; readonly layers: number; readonly parameters: number }

/** What is known so far; it grows while weights are read. */
export interface Differences {
  readonly summary: string;
  readonly changes: readonly LayerChange[];
  /** Weights read and to be read; null when all is known. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  /** Why the comparison ended early, or null. */
  readonly stopped: string | null;
}

export interface CompareView extends Differences { readonly before: ComparedModel; readonly after: ComparedModel; readonly graph: GraphView }
