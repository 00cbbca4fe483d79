/** What the panel beside the listing shows: where the run is, and what the step under the cursor did. */
import type { CellView } from './cell';
import type { GraphView } from './graph';
import type { TensorStatistics, TensorUse } from './tensor';

export type PhaseName = 'forward' | 'loss' | 'backward' | 'update';
export type DepthName = 'iteration' | 'phase' | 'layer' | 'op' | 'cell';

/** A tensor of the current step. */
export interface TensorCard {
  readonly tensor: number;
  /** `input`, `kernel`, `output`, `gradient of the loss by the kernel`, … */
  readonly title: string;
  /** Name in the listing. */
  readonly variable: string;
  readonly use: 'input' | 'output';
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly statistics: TensorStatistics;
  /** Which axes the usual slice shows: a weight's `[…, in, out]`, or an activation's `[batch, …, channels]`. Absent: an activation. */
  readonly layout?: TensorUse;
  /** An input of the network: three or four channels of it are colours. */
  readonly image?: boolean;
  /** Tensors that can share a scale of colours. Absent: a value. */
  readonly role?: 'value' | 'weight' | 'gradient';
  /** Signed values (gradients, weights, pre-activations) get the diverging map. */
  readonly diverging: boolean;
  /** Card of the value that this one is the gradient of, if it is shown too: its tensor id. */
  readonly gradientOf: number | null;
  /** For the whole gradient of a tensor that can be changed a little and run again: it can be checked by finite differences. */
  readonly checkable: boolean;
  /** The op that wrote this tensor, if one can step into its elements. */
  readonly cellOp: number | null;
}

export interface CursorView {
  readonly iteration: number;
  readonly phase: PhaseName;
  readonly depth: DepthName;
  /** Op index, and how many the iteration has. */
  readonly op: number;
  readonly ops: number;
  /** How far the cursor is through its phase, 0 … 1, for the track on top. */
  readonly phaseProgress: number;
  readonly layer: string | null;
  /** Layers whose forward (backward) step lies at or before the cursor. */
  readonly forwardDone: readonly string[];
  readonly backwardDone: readonly string[];
  /** `conv2d_2 · gradient of the kernel`. */
  readonly title: string;
  /** KaTeX source with this network's names, and one sentence on what it sums over. */
  readonly formula: string;
  readonly explanation: string;
  readonly cards: readonly TensorCard[];
  readonly loss: number;
  /** Tensors that were set by hand, in this iteration or one before, and not taken back: `conv_1.kernel in iteration 2`. */
  readonly changed: readonly string[];
  readonly line: number;
  /** At cell depth: the output element under the cursor. */
  readonly cell: CellView | null;
}

export interface RunView {
  readonly title: string;
  readonly graph: GraphView;
  readonly backend: string;
  readonly convention: string;
  readonly seed: number;
  readonly examples: number;
  readonly batchSize: number;
  /** Loss an iteration, for the curve. */
  readonly losses: readonly number[];
  /** Layers with a function breakpoint. */
  readonly breakpoints: readonly string[];
  readonly cursor: CursorView | null;
  /** Shown instead of the cursor while the run moves: `running`, or why it ended. */
  readonly status: RunStatus;
}

export type RunStatus =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'running'; readonly iteration: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ended' };
