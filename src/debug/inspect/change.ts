/** What is different between two readings of one expression, taken at two stops. */
import type { BlockChange, ChangeView } from '../../protocol/inspect';
import type { TensorPicture } from '../../tensor/picture';
import { indexAt as elementAt } from '../../tensor/slice';
import type { Whole } from './inspector';

/** NaN that stays NaN is no change; one that comes or goes is an infinite one. */
const distance = (before: number, after: number): number => (Object.is(before, after) || before === after ? 0 : Math.abs(after - before));

/** An expression as it was read at a stop: what was shown, and checksums of all of it. */
export interface Reading { readonly picture: TensorPicture; readonly whole: Whole }

/**
 * Compares what is shown element by element, and the whole tensor block by block: the program keeps no copy of what was, we keep checksums.
 */
export function changeOf(before: Reading, after: Reading): ChangeView {
  const [old, now] = [before.picture, after.picture];
  if (old.shape.join() !== now.shape.join()) return { kind: 'shape', before: old.shape };
  const blocks = changedBlocks(now.shape, before.whole, after.whole);
  const samePart = JSON.stringify(old.slice) === JSON.stringify(now.slice) && old.reduction === now.reduction;
  const values = samePart ? changedValues(old, now) : null;
  if (values !== null) return { kind: 'values', ...values, blocks };
  return blocks === null ? { kind: 'none', sampled: after.whole.sampled } : { kind: 'elsewhere', compared: samePart, blocks };
}

function changedValues(before: TensorPicture, after: TensorPicture): Omit<Extract<ChangeView, { kind: 'values' }>, 'kind' | 'blocks'> | null {
  const [old, now] = [new Float32Array(before.values), new Float32Array(after.values)];
  let place = -1, largest = 0, count = 0;
  for (let i = 0; i < now.length; i += 1) {
    const apart = distance(old[i] ?? NaN, now[i] ?? NaN);
    if (apart === 0) continue;
    count += 1;
    const measured = Number.isNaN(apart) ? Infinity : apart;
    if (measured > largest) { largest = measured; place = i; }
  }
  return place < 0 ? null : { difference: largest, index: indexAt(after, place), before: old[place] ?? NaN, after: now[place] ?? NaN, count };
}

/** Null when no block is another one. */
function changedBlocks(shape: readonly number[], before: Whole, after: Whole): BlockChange | null {
  const { checksums: now, blockLength, sampled } = after;
  let changed = 0, first = -1;
  for (let i = 0; i < now.length; i += 1) {
    if (now[i] === before.checksums[i]) continue;
    changed += 1;
    if (first < 0) first = i;
  }
  return first < 0 ? null : { changed, of: now.length, length: blockLength, sampled, first: elementAt(shape, first * blockLength * sampled) };
}

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
