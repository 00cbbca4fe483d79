/** What ops find in the values of tensors, on the host: places that are not zero, distinct values, boxes worth keeping. How much they find is known only then. */

/** The places of all elements that are not zero, in row-major order: `[count, rank]`. */
export function nonZeroPlaces(data: ArrayLike<number>, shape: readonly number[]): { readonly count: number; readonly places: Int32Array } {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((size, extent) => size * extent, 1));
  const found: number[] = [];
  let count = 0;
  for (let index = 0; index < data.length; index += 1) {
    if (data[index] === 0) continue;
    count += 1;
    for (const [axis, step] of steps.entries()) found.push(Math.floor(index / step) % (shape[axis] ?? 1));
  }
  return { count, places: Int32Array.from(found) };
}

export interface Distinct { /** Place of each distinct row's first appearance. */ readonly first: number[]; /** The number of each row's distinct one. */ readonly inverse: number[]; readonly counts: number[] }

/** Distinct rows of `count` rows, in order of appearance or sorted by their elements. */
export function distinctRows(data: ArrayLike<number>, count: number, sorted: boolean): Distinct {
  const width = count === 0 ? 0 : data.length / count;
  const row = (index: number): number[] => Array.from({ length: width }, (_, at) => data[index * width + at] ?? 0);
  const seen = new Map<string, number>();
  const first: number[] = [];
  const inverse: number[] = [];
  const counts: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = row(index).join();
    let number = seen.get(key);
    if (number === undefined) { number = first.length; seen.set(key, number); first.push(index); counts.push(0); }
    inverse.push(number);
    counts[number] = (counts[number] ?? 0) + 1;
  }
  if (!sorted) return { first, inverse, counts };
  const compare = (a: readonly number[], b: readonly number[]): number => { const at = a.findIndex((value, place) => value !== b[place]); return at < 0 ? 0 : (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1; };
  const order = first.map((_, number) => number).sort((a, b) => compare(row(first[a] ?? 0), row(first[b] ?? 0)));
  const place = new Map(order.map((number, index) => [number, index]));
  return { first: order.map((number) => first[number] ?? 0), inverse: inverse.map((number) => place.get(number) ?? 0), counts: order.map((number) => counts[number] ?? 0) };
}

export type Box = readonly [top: number, left: number, bottom: number, right: number];

/** Intersection over union of two boxes, whichever corners they name. */
export function overlap(a: Box, b: Box): number {
  const sides = ([top, left, bottom, right]: Box): Box => [Math.min(top, bottom), Math.min(left, right), Math.max(top, bottom), Math.max(left, right)];
  const [one, two] = [sides(a), sides(b)];
  const area = ([top, left, bottom, right]: Box): number => (bottom - top) * (right - left);
  if (area(one) <= 0 || area(two) <= 0) return 0;
  const shared = Math.max(0, Math.min(one[2], two[2]) - Math.max(one[0], two[0])) * Math.max(0, Math.min(one[3], two[3]) - Math.max(one[1], two[1]));
  return shared / (area(one) + area(two) - shared);
}

export interface Suppression {
  /** How many boxes at most. */
  readonly most: number;
  /** Boxes that overlap a chosen one by more are dropped. */
  readonly overlap: number;
  /** Only scores above this count. */
  readonly score: number;
  /** Of soft suppression (Bodla and others 2017), which lowers the scores of what overlaps; 0 drops it. */
  readonly sigma: number;
  /** Whether boxes that overlap by just the limit are dropped too, as TensorFlow does. */
  readonly atLimit: boolean;
}

/** Non-maximum suppression: the boxes by falling score, without those that overlap a chosen one. Gives their numbers and scores. */
export function suppressed(boxes: readonly Box[], scores: ArrayLike<number>, { most, overlap: limit, score: least, sigma, atLimit }: Suppression): { readonly index: number; readonly score: number }[] {
  const scale = sigma > 0 ? -0.5 / sigma : 0;
  const waiting = boxes.map((_, index) => ({ index, score: scores[index] ?? 0, from: 0 })).filter(({ score }) => score > least);
  const before = (a: { score: number; index: number }, b: { score: number; index: number }): number => b.score - a.score || a.index - b.index;
  waiting.sort(before);
  const chosen: { index: number; score: number }[] = [];
  while (chosen.length < most) {
    const next = waiting.shift();
    if (next === undefined) break;
    const box = boxes[next.index];
    const original = next.score;
    let dropped = false;
    for (let other = chosen.length - 1; other >= next.from && !dropped && next.score > least; other -= 1) {
      const rival = boxes[chosen[other]?.index ?? -1];
      const shared = box === undefined || rival === undefined ? 0 : overlap(box, rival);
      dropped = shared > limit || (atLimit && shared === limit);
      if (sigma > 0) next.score *= Math.exp(scale * shared * shared);
    }
    next.from = chosen.length;
    if (dropped) continue;
    if (next.score === original) { chosen.push({ index: next.index, score: next.score }); continue; }
    if (next.score > least) { waiting.push(next); waiting.sort(before); }
  }
  return chosen;
}
