/** The kinds of view of a tensor: which fit a shape, which is shown at first, and the slice that each needs. Pure. */
import type { SliceSpec, TensorRequest, TensorUse } from '../../../src/protocol/tensor';
import { defaultSlice } from '../../../src/tensor/slice';

export const viewKinds = ['tiles', 'heat', 'image', 'lines', 'histogram', 'numbers'] as const;
export type ViewKind = (typeof viewKinds)[number];

const isWeight = (use: TensorUse): boolean => use === 'weight' || use === 'weight-first';

/** What the views are called; tiles of a weight are its filters. */
export function kindName(kind: ViewKind, use: TensorUse): string {
  switch (kind) {
    case 'tiles': return isWeight(use) ? 'filters' : 'feature maps';
    case 'heat': return 'heat map';
    case 'image': return 'colour image';
    case 'lines': return 'lines';
    case 'histogram': return 'histogram';
    case 'numbers': return 'numbers';
  }
}

/** The axis that holds red, green, blue (and opacity): the inputs of a kernel, the last axis or the third from the end. Null: none does. */
export function colorAxis(shape: readonly number[], use: TensorUse): number | null {
  const rank = shape.length;
  const [last, third] = [rank - 1, rank - 3];
  const candidates = isWeight(use) ? (rank !== 4 ? [] : use === 'weight-first' ? [1] : [2]) : rank < 3 ? [] : use === 'activation-first' ? [third, last] : [last, third];
  return candidates.find((axis) => shape[axis] === 3 || shape[axis] === 4) ?? null;
}

/** Views that fit, in the order of the switch; none for a single value. */
export function kindsFor(shape: readonly number[], use: TensorUse): readonly ViewKind[] {
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (shape.length === 0 || count <= 1) return [];
  return viewKinds.filter((kind) => (kind === 'tiles' ? shape.length >= 3 : kind !== 'image' || colorAxis(shape, use) !== null));
}

/** The view shown until another is chosen, of a tensor that is not known to be a picture. `slice` is the default one. */
export function firstKind(shape: readonly number[], use: TensorUse, slice: SliceSpec): ViewKind {
  const [last = 1, time = 1] = [shape.at(-1), shape.at(-2)];
  if (slice.tileAxes.length > 0) return 'tiles';
  if (shape.length === 1 && last > 256) return 'lines';
  return !isWeight(use) && shape.length === 3 && last <= 4 && time > 8 ? 'lines' : 'heat';
}

/** A slice turned into the one that a view needs; the same object where it is that already. */
export function sliceForKind(kind: ViewKind, shape: readonly number[], use: TensorUse, slice: SliceSpec): SliceSpec {
  switch (kind) {
    case 'tiles': return slice.tileAxes.length > 0 || shape.length < 3 ? slice : asTiles(shape, slice);
    case 'image': return asImage(shape, use, slice);
    case 'heat': case 'lines':
      return slice.tileAxes.length === 0 ? slice : { ...slice, tileAxes: [], at: { ...slice.at, ...Object.fromEntries(slice.tileAxes.map((axis) => [axis, 0])) } };
    case 'histogram': case 'numbers': return slice;
  }
}

/** The view that shows a slice that was chosen by hand: one without tiles is a heat map, one with tiles is not. */
export function kindForSlice(kind: ViewKind, shape: readonly number[], use: TensorUse, { tileAxes }: SliceSpec): ViewKind {
  if (kind === 'histogram' || kind === 'numbers' || (kind === 'image' && tileAxes.at(-1) === colorAxis(shape, use))) return kind;
  return tileAxes.length > 0 ? 'tiles' : kind === 'lines' ? 'lines' : 'heat';
}

/** The shortest axis that stands at an index makes the tiles: `[h, w, channels]`, `[channels, h, w]`, heads. */
function asTiles(shape: readonly number[], slice: SliceSpec): SliceSpec {
  const fixed = Object.keys(slice.at).map(Number);
  // Of a batch the examples are not the tiles, unless there is nothing else.
  const candidates = fixed.length > 1 ? fixed.filter((axis) => axis !== 0) : fixed;
  const axis = candidates.reduce<number | null>((best, one) => (best === null || (shape[one] ?? 0) < (shape[best] ?? 0) ? one : best), null);
  if (axis === null) return slice;
  const at = Object.fromEntries(Object.entries(slice.at).filter(([one]) => Number(one) !== axis));
  return { ...slice, tileAxes: [axis], at };
}

function asImage(shape: readonly number[], use: TensorUse, slice: SliceSpec): SliceSpec {
  const color = colorAxis(shape, use);
  if (color === null || slice.tileAxes.at(-1) === color) return slice;
  const flat = shape.map((_, axis) => axis).filter((axis) => axis !== color);
  const kept = slice.rowAxis !== null && slice.columnAxis !== null && slice.rowAxis !== color && slice.columnAxis !== color;
  const [rowAxis, columnAxis] = kept ? [slice.rowAxis, slice.columnAxis] : [flat.at(-2) ?? null, flat.at(-1) ?? null];
  const free = slice.tileAxes.filter((axis) => axis !== color && axis !== rowAxis && axis !== columnAxis);
  const at = Object.fromEntries(flat.filter((axis) => axis !== rowAxis && axis !== columnAxis && !free.includes(axis)).map((axis) => [axis, slice.at[axis] ?? 0]));
  return { tileAxes: [...free, color], rowAxis, columnAxis, at };
}

/** The slice with an index of a later tensor's shape cut to what is there; null when it does not fit at all (another rank, an axis unnamed). */
export function fitted(slice: SliceSpec | null, shape: readonly number[]): SliceSpec | null {
  if (slice === null) return null;
  const axes = [...slice.tileAxes, slice.rowAxis, slice.columnAxis, ...Object.keys(slice.at).map(Number)].filter((axis) => axis !== null);
  if (axes.length !== shape.length || new Set(axes).size !== axes.length || axes.some((axis) => axis >= shape.length)) return null;
  const at = Object.fromEntries(Object.entries(slice.at).map(([axis, index]) => [axis, Math.max(0, Math.min((shape[Number(axis)] ?? 1) - 1, index))]));
  return { ...slice, at };
}

export interface Wanted {
  readonly shape: readonly number[];
  readonly use: TensorUse;
  /** The example of the batch along axis 0; null where axis 0 is no batch. */
  readonly example: number | null;
  /** What is shown without a choice; null for the usual one of the shape. */
  readonly usual: SliceSpec | null;
  readonly kind: ViewKind | null;
  readonly slice: SliceSpec | null;
}

/** The view and the slice that are shown, and whether that is the usual slice, which needs not be asked for. */
export function shownPart({ shape, use, example, usual, kind, slice }: Wanted): { readonly kind: ViewKind; readonly slice: SliceSpec; readonly isUsual: boolean } {
  const base = usual ?? defaultSlice(shape, use, example ?? 0);
  const fits = kindsFor(shape, use);
  const shown = kind !== null && fits.includes(kind) ? kind : firstKind(shape, use, base);
  const chosen = fitted(slice, shape);
  const followed = chosen !== null && example !== null && chosen.at[0] !== undefined ? { ...chosen, at: { ...chosen.at, 0: Math.min(example, (shape[0] ?? 1) - 1) } } : chosen;
  const part = sliceForKind(shown, shape, use, followed ?? base);
  return { kind: shown, slice: part, isUsual: sameSlice(part, base) };
}

export const sameSlice = (a: SliceSpec, b: SliceSpec): boolean =>
  a.rowAxis === b.rowAxis && a.columnAxis === b.columnAxis && a.tileAxes.join() === b.tileAxes.join() && JSON.stringify(a.at) === JSON.stringify(b.at);

/** The request for a part of the tensor that `base` asks for. */
export function requestOf(base: TensorRequest, { slice, isUsual }: { readonly slice: SliceSpec; readonly isUsual: boolean }, clip: number): TensorRequest {
  return { ...base, ...(isUsual ? {} : { slice }), ...(clip > 0 ? { clip } : {}) };
}
