/** What the controller needs, and what it tells its listeners. */
import type { Progress, Run, RunInfo } from '../engine/run';
import type { Trace } from '../engine/trace';
import type { Listing } from '../listing/listing';
import type { Failure } from '../tensor/failure';
import type { Breakpoint } from './breakpoints/breakpoints';
import type { Cursor } from './cursor';

/** Why the cursor stands where it stands. */
export type MoveReason = 'entry' | 'step' | 'breakpoint' | 'function breakpoint' | 'pause' | 'goto' | 'change' | 'restart' | 'exception' | 'end of run' | 'start of run';

export interface Move {
  readonly reason: MoveReason;
  /** A sentence to show with the reason: a failure's, or that the run has no more iterations. */
  readonly text: string | null;
  /** What went wrong, when the reason is an exception. */
  readonly failure: Failure | null;
  readonly breakpoints: readonly Breakpoint[];
  readonly cursor: Cursor;
}

export interface ControllerEvents {
  /** The cursor has come to rest. */
  moved: Move;
  /** The run is on its way; at most ten times a second, and not at all for steps that are quick. */
  running: Progress;
  /** Losses of iterations `from`, `from + 1`, … are new. From 0 with an empty list: the run starts anew. */
  losses: { readonly from: number; readonly losses: readonly number[] };
  /** The listing has another text: the current iteration has other ops or shapes. */
  listing: Listing;
  /** Breakpoints that moved, vanished or came back with the listing. */
  breakpoints: readonly Breakpoint[];
  /** A line of a log point, or a condition that could not be evaluated. */
  log: { readonly text: string; readonly line: number; readonly important: boolean };
  /** Something went wrong; the cursor stays where it was. */
  failed: Failure;
  ended: undefined;
}

export interface ControllerOptions {
  /** Opens the run, and opens it anew for Restart. */
  readonly open: (signal: AbortSignal) => Promise<Run>;
  readonly makeListing: (trace: Trace, info: RunInfo) => Listing;
  /** Milliseconds, for throttling. */
  readonly now?: () => number;
  /** What a listener threw; without it the error surfaces as an uncaught one. */
  readonly onListenerError?: (error: unknown) => void;
}
