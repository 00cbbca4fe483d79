/** Hit conditions of breakpoints: `10`, `==10`, `>5`, `>=5`, `<3`, `<=3`, `%3`. */
import { Failure } from '../../tensor/failure';

export type HitCondition = (hit: number) => boolean;

const tests: Readonly<Record<string, (hit: number, count: number) => boolean>> = {
  '==': (hit, count) => hit === count,
  '>': (hit, count) => hit > count,
  '>=': (hit, count) => hit >= count,
  '<': (hit, count) => hit < count,
  '<=': (hit, count) => hit <= count,
  '%': (hit, count) => hit % count === 0,
};

/** @throws Failure `breakpoint.hitCondition` when the text is none of the forms above. */
export function parseHitCondition(text: string): HitCondition {
  const [, sign, digits] = /^\s*(==|=|>=|>|<=|<|%)?\s*(\d{1,15})\s*$/.exec(text) ?? [];
  const test = tests[sign === undefined || sign === '=' ? '==' : sign];
  const count = Number(digits);
  if (digits === undefined || test === undefined || (sign === '%' && count === 0)) {
    throw new Failure('breakpoint.hitCondition', `"${text}" is not a hit count: write 10 (the tenth hit only), >5, >=5, <5, <=5 or %3 (every third hit).`);
  }
  return (hit) => test(hit, count);
}

/**
 * Counts the hits of one breakpoint by where on the timeline they happened, so that going back and forth over a line
 * does not count it twice and gives it the same number each time.
 */
export class HitCounter {
  private readonly places: number[] = [];

  /** The number of this hit among those seen so far, from 1. `line` is 1-based. */
  count(iteration: number, line: number): number {
    const key = iteration * 2 ** 22 + line; // listings stay far below four million lines
    let low = 0, high = this.places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.places[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    if (this.places[low] !== key) this.places.splice(low, 0, key);
    return low + 1;
  }
}
