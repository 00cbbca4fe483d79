/** Slices as a person writes them, `[0, :, :, 3]`, and what the axes that stay do in the picture. */
import { Failure } from './failure';
import type { SliceSpec } from './slice';
import type { Shape } from './value';

/** `[0, :, :, 3]`: an index where an axis stands, a colon where it is shown. A scalar's is empty. */
export function sliceTextOf(shape: Shape, { at }: Pick<SliceSpec, 'at'>): string {
  return shape.length === 0 ? '' : `[${shape.map((_, axis) => at[axis] ?? ':').join(', ')}]`;
}

/**
 * The slice that a text means. Axes that were shown before keep their part (rows, columns, tiles); of the others the last two run
 * down and across as far as nothing else does, and the rest make tiles. Negative indices count from the end; `...` stands for colons.
 * @throws Failure `slice.text` for what is no slice, `slice.index` for an index outside.
 */
export function parseSlice(text: string, shape: Shape, before: SliceSpec): SliceSpec {
  const inner = text.trim().replace(/^\[/, '').replace(/\]$/, '').trim();
  const items = inner === '' ? [] : inner.split(',').map((item) => item.trim());
  const rank = shape.length;
  const dots = items.indexOf('...');
  const given = dots < 0 ? items.length : items.length - 1;
  if (given > rank) throw new Failure('slice.text', `[${shape.join(', ')}] has ${rank} ${rank === 1 ? 'axis' : 'axes'}; the slice names ${given}.`);
  // What is left out is shown whole, as in NumPy.
  const colons = Array.from({ length: rank - given }, () => ':');
  const full = dots < 0 ? [...items, ...colons] : [...items.slice(0, dots), ...colons, ...items.slice(dots + 1)];
  const at: Record<number, number> = {};
  full.forEach((item, axis) => {
    if (item === ':') return;
    if (!/^-?\d+$/.test(item)) throw new Failure('slice.text', `"${item}" is neither an index nor ":"; write something like ${sliceTextOf(shape, before)}.`);
    const extent = shape[axis] ?? 0, index = Number(item) < 0 ? extent + Number(item) : Number(item);
    if (index < 0 || index >= Math.max(1, extent)) throw new Failure('slice.index', `Index ${item} of axis ${axis} lies outside [${shape.join(', ')}]: 0 to ${extent - 1} are possible.`);
    at[axis] = index;
  });
  return withFixed(shape, before, at);
}

/** The slice in which the axes of `at` stand and all others are shown, each as before where it was. */
export function withFixed(shape: Shape, before: SliceSpec, at: Readonly<Record<number, number>>): SliceSpec {
  const free = shape.map((_, axis) => axis).filter((axis) => at[axis] === undefined);
  const kept = (axis: number | null): number | null => (axis !== null && free.includes(axis) ? axis : null);
  let rowAxis = kept(before.rowAxis), columnAxis = kept(before.columnAxis);
  const tileAxes = before.tileAxes.filter((axis) => free.includes(axis));
  const placed = new Set([rowAxis, columnAxis, ...tileAxes]);
  const loose = free.filter((axis) => !placed.has(axis));
  const next = (): number | null => loose.pop() ?? tileAxes.pop() ?? null;
  columnAxis ??= next();
  rowAxis ??= next();
  if (columnAxis !== null && rowAxis !== null && rowAxis > columnAxis && (rowAxis !== before.rowAxis || columnAxis !== before.columnAxis)) [rowAxis, columnAxis] = [columnAxis, rowAxis];
  // A single axis runs across.
  if (columnAxis === null) [rowAxis, columnAxis] = [null, rowAxis];
  return { tileAxes: [...tileAxes, ...loose], rowAxis, columnAxis, at };
}
