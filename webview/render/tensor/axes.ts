/** What each axis of a tensor does in its picture, and how that changes when one axis is given another part. */
import type { SliceSpec } from '../../../src/protocol/tensor';

export type AxisRole = 'rows' | 'columns' | 'tiles' | 'index';

export function roleOf({ tileAxes, rowAxis, columnAxis }: SliceSpec, axis: number): AxisRole {
  if (axis === rowAxis) return 'rows';
  if (axis === columnAxis) return 'columns';
  return tileAxes.includes(axis) ? 'tiles' : 'index';
}

/** Gives an axis a role. Rows and columns are one axis each: the axis that had the role takes over the old one of this. */
export function withRole(slice: SliceSpec, axis: number, role: AxisRole): SliceSpec {
  const old = roleOf(slice, axis);
  if (old === role) return slice;
  const roles = new Map([...Object.keys(slice.at).map(Number), ...slice.tileAxes, ...[slice.rowAxis, slice.columnAxis].filter((one) => one !== null)].map((one) => [one, roleOf(slice, one)]));
  const holder = role === 'rows' ? slice.rowAxis : role === 'columns' ? slice.columnAxis : null;
  if (holder !== null) roles.set(holder, old);
  roles.set(axis, role);
  const having = (wanted: AxisRole): number[] => [...roles].filter(([, one]) => one === wanted).map(([one]) => one).sort((a, b) => a - b);
  return { tileAxes: having('tiles'), rowAxis: having('rows')[0] ?? null, columnAxis: having('columns')[0] ?? null, at: Object.fromEntries(having('index').map((one) => [one, slice.at[one] ?? 0])) };
}
