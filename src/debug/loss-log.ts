/** Losses in the debug console: one line an iteration while they come slowly, the newest of a batch when they come fast. */
import { formatNumber } from './format';

const interval = 250;

export class LossLog {
  private shown = -1;
  private latest: { readonly iteration: number; readonly loss: number } | null = null;
  private lastTime = -Infinity;

  constructor(private readonly write: (text: string) => void, private readonly now: () => number) {}

  /** Losses of iterations `from`, `from + 1`, …; an empty list from 0 means a new start. */
  add(from: number, losses: readonly number[]): void {
    if (from === 0) this.shown = -1;
    const loss = losses.at(-1);
    if (loss === undefined) return;
    this.latest = { iteration: from + losses.length - 1, loss };
    if (this.now() - this.lastTime >= interval) this.flush();
  }

  /** Writes the newest loss, if it has not been written yet. */
  flush(): void {
    if (this.latest === null || this.latest.iteration <= this.shown) return;
    const { iteration, loss } = this.latest;
    const range = iteration > this.shown + 1 ? `iterations ${this.shown + 1} to ${iteration}` : `iteration ${iteration}`;
    this.write(`${range}: loss ${formatNumber(loss, 'float32')}`);
    this.shown = iteration;
    this.lastTime = this.now();
  }
}
