/** Questions about the iteration under the cursor that take the engine some time: is a gradient right, where does a value come from, what does the network look at. */

/** A question has a name of the asker's choice: progress comes under it, and it can be withdrawn by it. */
export interface Asked { readonly question: string; readonly iteration: number }

export interface CheckRequest extends Asked {
  /** The gradient's tensor in the trace. */
  readonly gradient: number;
  /** How many elements, drawn at random with the seed; null for all. */
  readonly sample: number | null;
  readonly seed: number;
}

export interface CheckedView {
  readonly index: readonly number[];
  readonly recorded: number;
  readonly numeric: number;
  /** |g − n| / max(|g|, |n|). */
  readonly relativeError: number;
  /** How far the numeric value may be off: float32's rounding of the loss, and its bend. */
  readonly noise: number;
  /** Whether the difference is no larger than that. */
  readonly withinNoise: boolean;
}

export interface CheckView {
  readonly gradient: number;
  /** What the gradient is by, as the listing calls it. */
  readonly by: string;
  readonly checked: number;
  readonly elements: number;
  readonly verdict: 'agrees' | 'differs' | 'too small to tell' | 'not a number';
  /** Largest relative error of the elements whose gradient is more than noise; null when there are none. */
  readonly largestError: number | null;
  /** Worst first. */
  readonly worst: readonly CheckedView[];
  /** Sentences: how the numeric gradient is taken, and what counts as agreement on this backend. */
  readonly method: string;
  readonly tolerance: string;
}
