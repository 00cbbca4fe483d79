/** Losses in the debug console, as the cursor comes by them: a line an iteration while they come slowly, one for many when fast. */
import { formatNumber } from './format';

const interval = 250;

export class LossLog {
  private shown = -1;
  private lastTime = -Infinity;

  constructor(private readonly write: (text: string) => void, private readonly now: () => number) {}

  /** The run goes on past iteration `iteration`; writes its loss unless one was written a moment ago. */
  passed(iteration: number, losses: readonly number[]): void {
    if (this.now() - this.lastTime >= interval) this.reached(iteration, losses);
  }

  /** The cursor stands after the loss of iteration `iteration`. */
  reached(iteration: number, losses: readonly number[]): void {
    const loss = losses[iteration];
    if (loss === undefined || iteration <= this.shown) return;
    const range = iteration > this.shown + 1 ? `iterations ${this.shown + 2} to ${iteration + 1}` : `iteration ${iteration + 1}`;
    this.write(`${range}: loss ${formatNumber(loss, 'float32')}`);
    this.shown = iteration;
    this.lastTime = this.now();
  }

  /** The run starts anew. */
  restart(): void {
    this.shown = -1;
  }
}
