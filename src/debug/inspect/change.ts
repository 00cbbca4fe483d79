/** What is different between two pictures of one expression, taken at two stops. */
import type { ChangeView } from '../../protocol/inspect';
import type { TensorPicture } from '../../tensor/picture';

/** NaN that stays NaN is no change; one that comes or goes is an infinite one. */
const distance = (before: number, after: number): number => (Object.is(before, after) || before === after ? 0 : Math.abs(after - before));

/** Compares what is shown element by element, and the rest by its statistics. Null when another part is shown than before. */
export function changeOf(before: TensorPicture, after: TensorPicture): ChangeView | null {
  if (before.shape.join() !== after.shape.join()) return { kind: 'shape', before: before.shape };
  if (JSON.stringify(before.slice) !== JSON.stringify(after.slice) || before.reduction !== after.reduction) return null;
  const [old, now] = [new Float32Array(before.values), new Float32Array(after.values)];
  let place = -1, largest = 0, count = 0;
  for (let i = 0; i < now.length; i += 1) {
    const apart = distance(old[i] ?? NaN, now[i] ?? NaN);
    if (apart === 0) continue;
    count += 1;
    const measured = Number.isNaN(apart) ? Infinity : apart;
    if (measured > largest) { largest = measured; place = i; }
  }
  if (place >= 0) return { kind: 'values', difference: largest, index: indexAt(after, place), before: old[place] ?? NaN, after: now[place] ?? NaN, count };
  return sameNumbers(before, after) ? { kind: 'none' } : { kind: 'elsewhere' };
}

const sameNumbers = ({ statistics: a, histogram: p }: TensorPicture, { statistics: b, histogram: q }: TensorPicture): boolean =>
  (['count', 'min', 'max', 'mean', 'norm', 'zeros', 'nan', 'infinite'] as const).every((name) => Object.is(a[name], b[name])) && p.counts.join() === q.counts.join();

/** The tensor's index of the value at a place of the picture (of the first element of its block where values stand for blocks). */
export function indexAt({ shape, slice, tileExtents, rows, columns, reduction }: TensorPicture, place: number): readonly number[] {
  const index = shape.map((_, axis) => slice.at[axis] ?? 0);
  let tile = Math.floor(place / (rows * columns));
  for (let i = slice.tileAxes.length - 1; i >= 0; i -= 1) {
    const extent = tileExtents[i] ?? 1, axis = slice.tileAxes[i] ?? 0;
    index[axis] = tile % extent;
    tile = Math.floor(tile / extent);
  }
  if (slice.rowAxis !== null) index[slice.rowAxis] = (Math.floor(place / columns) % rows) * reduction;
  if (slice.columnAxis !== null) index[slice.columnAxis] = (place % columns) * reduction;
  return index;
}
