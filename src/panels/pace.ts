/** At most so many updates a second: the first at once, the last always. */

export class Pace {
  private last = -Infinity;
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** @param interval least time between two calls of `act`, in milliseconds. */
  constructor(private readonly interval: number, private readonly act: () => void, private readonly now: () => number = () => performance.now()) {}

  /** Something has changed: acts now, or as soon as the pace allows. */
  request(): void {
    if (this.timer !== null) return;
    const wait = this.last + this.interval - this.now();
    if (wait <= 0) this.run();
    else this.timer = setTimeout(() => { this.timer = null; this.run(); }, wait);
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private run(): void {
    this.last = this.now();
    this.act();
  }
}
