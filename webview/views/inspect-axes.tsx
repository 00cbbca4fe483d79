/** Which axes of a tensor run down, across and from tile to tile, and where the others stand. */
import type { JSX } from 'preact';
import type { SliceSpec } from '../../src/protocol/tensor';
import type { AxisRole } from '../render/axes';
import { roleOf, withRole } from '../render/axes';

const roles: readonly AxisRole[] = ['rows', 'columns', 'tiles', 'index'];

interface Props { readonly shape: readonly number[]; readonly slice: SliceSpec; readonly disabled: boolean; readonly onSlice: (slice: SliceSpec) => void }

export function Axes({ shape, slice, disabled, onSlice }: Props): JSX.Element {
  return (
    <div class="axes" role="group" aria-label="Axes">
      {shape.map((extent, axis) => {
        const role = roleOf(slice, axis);
        return (
          <span class="axis-choice" key={axis}>
            <label>axis {axis} ({extent})
              <select value={role} disabled={disabled} onChange={(event) => onSlice(withRole(slice, axis, roles[event.currentTarget.selectedIndex] ?? role))}>
                {roles.map((one) => <option key={one} value={one} selected={one === role}>{one}</option>)}
              </select>
            </label>
            {role === 'index' && (
              <input type="number" aria-label={`Index of axis ${axis}`} min={0} max={extent - 1} value={slice.at[axis] ?? 0} disabled={disabled}
                onChange={(event) => {
                  const index = Math.max(0, Math.min(extent - 1, Math.trunc(Number(event.currentTarget.value) || 0)));
                  event.currentTarget.value = String(index);
                  onSlice({ ...slice, at: { ...slice.at, [axis]: index } });
                }} />
            )}
          </span>
        );
      })}
    </div>
  );
}
