/** A run as the debugger and the command line use it: iterations that can be visited in any order. */
import type { Convention, Network } from '../network/network';
import type { BackendName, RunConfig } from './config';
import type { TensorChange } from './changes';
import type { TensorValue } from '../tensor/value';
import type { Phase, Trace } from './trace';

/** How far a running iteration has come. */
export interface Progress { readonly iteration: number; readonly phase: Phase; readonly layer: string | null; readonly ops: number }

export interface RunInfo {
  readonly config: RunConfig;
  readonly network: Network;
  readonly backend: { readonly name: BackendName; readonly reason: string };
  readonly convention: Convention;
  readonly examples: number;
  readonly batchSize: number;
  readonly iterationsPerEpoch: number;
  /** Steps that the file's optimizer had taken before this run, which goes on from there; absent for a new optimizer. */
  readonly stepsBefore?: number;
}

/** Element number `element` (row-major) of the trace's tensor `tensor` gets `value`. */
export interface ElementChange { readonly tensor: number; readonly element: number; readonly value: number }

/** One element (row-major) of a tensor of the trace. */
export interface ElementPlace { readonly tensor: number; readonly element: number }

/** All examples of a run, and which of them an iteration sees. */
export interface RunData {
  /** By the network's input name, `[examples, …]`. */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** Numbers of the examples in an iteration's batch, in its order. */
  rows(iteration: number): Int32Array;
}

export interface Run {
  readonly info: RunInfo;
  readonly data: RunData;
  /** Loss of every iteration run so far, by iteration. */
  readonly losses: readonly number[];
  /**
   * The trace of iteration `index`: from memory, replayed from the nearest checkpoint, or by running on to it.
   * The trace stays alive until another call of `iteration`, or `dispose`; hold it longer with `retain`.
   * @throws Failure `run.cancelled` when `signal` is aborted; the timeline is then as it was before the call.
   */
  iteration(index: number, options?: { signal?: AbortSignal; onProgress?: (progress: Progress) => void }): Promise<Trace>;
  /**
   * The loss of an iteration that is run again, forward and loss only, with single elements of its recorded tensors changed: weights,
   * inputs, or what an op made. Nothing of the run itself changes.
   */
  lossWith(trace: Trace, changes: readonly ElementChange[], options?: { signal?: AbortSignal }): Promise<number>;
  /**
   * The gradient of one element that the forward pass or the loss made, by each of the tensors `by` (inputs, weights, or what came before it),
   * in the pass as it was recorded: same batch, same dropout. Null where the element does not depend on the tensor.
   * @throws Failure `gradient.…` when the element has no gradient
   */
  gradientsOf(trace: Trace, place: ElementPlace, by: readonly number[], options?: { signal?: AbortSignal }): Promise<readonly (TensorValue | null)[]>;
  /** What has been set in each iteration that is not as the configuration would have it. */
  readonly changes: ReadonlyMap<number, readonly TensorChange[]>;
  /**
   * Sets elements of an iteration's tensors (weights, optimizer state, inputs, or what an op made), in place of what was set there before; an
   * empty list makes it what it was. Its trace and all after it are forgotten, with what was set there: visit them again.
   */
  change(iteration: number, changes: readonly TensorChange[]): Promise<void>;
  /** Keeps a trace alive beside the current one until the returned function is called. */
  retain(trace: Trace): () => void;
  /** Frees every tensor; the backend's tensor count is then what it was before the run. */
  dispose(): void;
}
