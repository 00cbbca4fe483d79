/** Random numbers that are the same for the same seed (mulberry32, by Tommy Ettinger). */

export class Random {
  private state: number;

  constructor(seed: number) { this.state = seed >>> 0; }

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number in [0, below). */
  below(below: number): number { return Math.floor(this.next() * below); }

  chance(probability: number): boolean { return this.next() < probability; }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new Error('There is nothing to pick from.');
    return picked;
  }

  bytes(length: number): Uint8Array { return Uint8Array.from({ length }, () => this.below(256)); }
}
