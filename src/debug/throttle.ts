/** Lets an event through at most once an interval, the first one only after the interval has passed. */
export class Throttle {
  private last = -Infinity;

  /** @param now milliseconds */
  constructor(private readonly interval: number, private readonly now: () => number) {}

  /** The interval starts now. */
  start(): void {
    this.last = this.now();
  }

  /** Whether it is time; if so, the next interval starts. */
  isDue(): boolean {
    const now = this.now();
    if (now - this.last < this.interval) return false;
    this.last = now;
    return true;
  }
}
