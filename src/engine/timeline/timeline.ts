/**
 * The iterations of a run, visited in any order: traces near the last visit are kept in full within a byte budget, states at
 * thinning distances within another, and what lies between is run again, bit for bit.
 */
import { Failure } from '../../tensor/failure';
import type { Trace } from '../trace';
import type { RunState } from '../state';
import { Checkpoints } from './checkpoints';

/** A trace that can be dropped. */
export interface KeptTrace extends Trace { release(): void }

export interface Budgets {
  /** Bytes of traces beside the current and the retained ones. */
  readonly traces: number;
  /** Bytes of checkpoints. */
  readonly checkpoints: number;
}

export type RunIteration<T extends KeptTrace> = (state: RunState) => Promise<{ readonly trace: T; readonly next: RunState }>;

export class Timeline<T extends KeptTrace> {
  readonly losses: number[] = [];
  readonly #traces = new Map<number, T>();
  readonly #retained = new Map<Trace, number>();
  /** Forgotten, and still in somebody's hands. */
  readonly #forgotten = new Set<T>();
  readonly #checkpoints: Checkpoints;
  #current: T | null = null;
  #disposed = false;

  constructor(start: RunState, private readonly budgets: Budgets) {
    this.#checkpoints = new Checkpoints(start, budgets.checkpoints);
  }

  /** The trace of an iteration; `run` is called for it, and for those between the nearest checkpoint and it. */
  async visit(index: number, run: RunIteration<T>): Promise<T> {
    let trace = this.#traces.get(index);
    while (trace === undefined) {
      const result = await run(this.#checkpoints.atOrBefore(index));
      if (this.#disposed) {
        result.trace.release();
        result.next.free();
        throw new Failure('run.cancelled', 'The run has ended.');
      }
      this.losses[result.trace.iteration] = result.trace.loss;
      this.#checkpoints.add(result.next);
      // One that is there already may be in somebody's hands: the new one holds the same numbers.
      if (this.#traces.has(result.trace.iteration)) result.trace.release();
      else this.#traces.set(result.trace.iteration, result.trace);
      trace = this.#traces.get(index);
      this.#evict(index);
    }
    this.#current = trace;
    this.#evict(index);
    this.#bury();
    return trace;
  }

  /** Iteration `from` and those after it are to be run again. Traces in use stay until the next visit, retained ones until they are let go. */
  forget(from: number): void {
    for (const [iteration, trace] of [...this.#traces]) {
      if (iteration < from) continue;
      this.#traces.delete(iteration);
      this.#forgotten.add(trace);
    }
    this.#checkpoints.forget(from);
    this.losses.length = Math.min(this.losses.length, from);
  }

  /** Keeps a trace's tensors until the returned function is called. */
  retain(trace: Trace): () => void {
    this.#retained.set(trace, (this.#retained.get(trace) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const count = (this.#retained.get(trace) ?? 1) - 1;
      if (count > 0) this.#retained.set(trace, count);
      else this.#retained.delete(trace);
      this.#evict(this.#current?.iteration ?? 0);
      this.#bury();
    };
  }

  /** Frees every trace and checkpoint. */
  dispose(): void {
    this.#disposed = true;
    for (const trace of [...this.#traces.values(), ...this.#forgotten]) trace.release();
    this.#traces.clear();
    this.#forgotten.clear();
    this.#retained.clear();
    this.#checkpoints.dispose();
    this.#current = null;
  }

  #bury(): void {
    for (const trace of this.#forgotten) {
      if (trace === this.#current || this.#retained.has(trace)) continue;
      this.#forgotten.delete(trace);
      trace.release();
    }
  }

  /** Drops the traces farthest from the visited iteration until the rest fits the budget. */
  #evict(around: number): void {
    const kept = [...this.#traces.values()].sort((a, b) => Math.abs(a.iteration - around) - Math.abs(b.iteration - around));
    let bytes = 0;
    for (const trace of kept) {
      bytes += trace.bytes;
      const needed = trace === this.#current || trace.iteration === around || this.#retained.has(trace);
      if (bytes <= this.budgets.traces || needed) continue;
      this.#traces.delete(trace.iteration);
      trace.release();
      bytes -= trace.bytes;
    }
  }
}
