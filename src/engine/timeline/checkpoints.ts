/** States at which replay can start: all of them while they fit the budget, then ever fewer the farther back they lie. */
import type { RunState } from '../state';

/** What a checkpoint counts for at least, so that small networks do not pile up handles. */
const smallest = 128 * 1024;

export class Checkpoints {
  /** By iteration, ascending. The first one is always there. */
  readonly #states: RunState[];

  constructor(start: RunState, private readonly budget: number) {
    this.#states = [start];
  }

  /** Iterations that have a checkpoint. */
  get iterations(): number[] { return this.#states.map(({ iteration }) => iteration); }

  /** The latest state from which `iteration` can be reached. */
  atOrBefore(iteration: number): RunState {
    const after = this.#states.findIndex((candidate) => candidate.iteration > iteration);
    const state = this.#states[Math.max(0, (after < 0 ? this.#states.length : after) - 1)];
    if (state === undefined) throw new Error('The run has been disposed.');
    return state;
  }

  /** Takes a state over. One that is there already stays, and the new one is freed. */
  add(state: RunState): void {
    const at = this.#states.findIndex(({ iteration }) => iteration >= state.iteration);
    if (at >= 0 && this.#states[at]?.iteration === state.iteration) {
      state.free();
      return;
    }
    this.#states.splice(at < 0 ? this.#states.length : at, 0, state);
    this.#thin(state);
  }

  /** Frees the states after those that iteration `from` starts from. */
  forget(from: number): void {
    const at = this.#states.findIndex(({ iteration }) => iteration > from);
    if (at >= 0) for (const state of this.#states.splice(at)) state.free();
  }

  dispose(): void {
    for (const state of this.#states) state.free();
    this.#states.length = 0;
  }

  /** Drops the checkpoint whose loss lengthens replay least for its distance from the end; never the first, the last, or the newest. */
  #thin(newest: RunState): void {
    const each = Math.max(smallest, newest.bytes);
    const most = Math.max(3, Math.floor(this.budget / each));
    while (this.#states.length > most) {
      const end = (this.#states.at(-1)?.iteration ?? 0) + 1;
      let cheapest = -1;
      let least = Infinity;
      for (let i = 1; i < this.#states.length - 1; i += 1) {
        const state = this.#states[i];
        if (state === undefined || state === newest) continue;
        const gap = (this.#states[i + 1]?.iteration ?? end) - (this.#states[i - 1]?.iteration ?? 0);
        const cost = gap / (end - state.iteration);
        if (cost < least) {
          least = cost;
          cheapest = i;
        }
      }
      if (cheapest < 0) return;
      this.#states.splice(cheapest, 1)[0]?.free();
    }
  }
}
