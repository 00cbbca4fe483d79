/** Which axes of a tensor run down, across and from tile to tile, and where the others stand: by number or by a slider. */
import type { JSX } from 'preact';
import type { SliceSpec } from '../../../src/protocol/tensor';
import { Choice } from '../../controls';
import type { AxisRole } from '../../render/tensor/axes';
import { roleOf, withRole } from '../../render/tensor/axes';

const roles: readonly { readonly value: AxisRole; readonly label: string }[] = [
  { value: 'rows', label: 'down' }, { value: 'columns', label: 'across' }, { value: 'tiles', label: 'tiles' }, { value: 'index', label: 'at index' },
];

interface Props { readonly shape: readonly number[]; readonly slice: SliceSpec; readonly disabled: boolean; readonly onSlice: (slice: SliceSpec) => void }

export function Axes({ shape, slice, disabled, onSlice }: Props): JSX.Element {
  const to = (axis: number, index: number): void => onSlice({ ...slice, at: { ...slice.at, [axis]: Math.max(0, Math.min((shape[axis] ?? 1) - 1, Math.trunc(index) || 0)) } });
  return (
    <div class="axes" role="group" aria-label="Axes">
      {shape.map((extent, axis) => {
        const role = roleOf(slice, axis), index = slice.at[axis] ?? 0;
        return (
          <span class="axis-choice" key={axis}>
            <span class="axis-name">axis {axis} ({extent})</span>
            <Choice label={`Axis ${axis} runs`} value={role} options={roles} disabled={disabled} onChoose={(chosen) => onSlice(withRole(slice, axis, chosen))} />
            {role === 'index' && (
              <>
                <input type="number" aria-label={`Index of axis ${axis}`} min={0} max={extent - 1} value={index} disabled={disabled}
                  onChange={(event) => {
                    to(axis, Number(event.currentTarget.value));
                    event.currentTarget.value = String(Math.max(0, Math.min(extent - 1, Math.trunc(Number(event.currentTarget.value)) || 0)));
                  }} />
                {extent > 1 && <input type="range" aria-label={`Slide along axis ${axis}`} min={0} max={extent - 1} step={1} value={index} disabled={disabled} onInput={(event) => to(axis, Number(event.currentTarget.value))} />}
              </>
            )}
          </span>
        );
      })}
    </div>
  );
}
