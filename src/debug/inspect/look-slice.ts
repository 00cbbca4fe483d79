/** Which part of a tensor a person means by "as feature maps" or "as heat map", given the part that was shown by default. */
import type { LookKind } from '../../protocol/inspect';
import type { SliceSpec } from '../../tensor/slice';

/** The default slice turned into the wanted view; the same slice where it is that view already. */
export function sliceFor(as: LookKind, shape: readonly number[], shown: SliceSpec): SliceSpec {
  if (as === 'heat' && shown.tileAxes.length > 0) {
    return { ...shown, tileAxes: [], at: { ...shown.at, ...Object.fromEntries(shown.tileAxes.map((axis) => [axis, 0])) } };
  }
  return as === 'maps' && shown.tileAxes.length === 0 && shape.length > 2 ? asMaps(shape) : shown;
}

/** Of the last three axes the shorter of first and last are the channels: `[h, w, channels]` or `[channels, h, w]`. */
function asMaps(shape: readonly number[]): SliceSpec {
  const first = shape.length - 3;
  const last = shape.length - 1;
  const at = Object.fromEntries(Array.from({ length: first }, (_, axis) => [axis, 0]));
  return (shape[last] ?? 1) < (shape[first] ?? 1)
    ? { tileAxes: [last], rowAxis: first, columnAxis: first + 1, at }
    : { tileAxes: [first], rowAxis: first + 1, columnAxis: last, at };
}
