/** The numbers around the selected element, tinted like the picture: the text equivalent of a canvas. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Domain } from '../../src/tensor/colormap';
import { colorMap, colorOf } from '../../src/tensor/colormap';
import { columnNumber } from '../render/numbers';
import type { Cell } from '../render/tiles';
import { cellOf, indexOf, offsetOf } from '../render/tiles';
import type { Picture } from '../tensors';
import { useTheme } from '../theme';
import { windowAround } from '../render/numbers-window';
import { useWidth } from './size';

interface Props {
  readonly picture: Picture;
  readonly kind: 'diverging' | 'sequential';
  readonly domain: Domain;
  readonly index: readonly number[];
  readonly onSelect: (index: readonly number[]) => void;
  readonly rowsShown: number;
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, offset) => first + offset);

export function NumbersTable({ picture, kind, domain, index, onSelect, rowsShown }: Props): JSX.Element | null {
  const { kind: theme } = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const map = colorMap(kind, theme);
  const selected = cellOf(picture, index);
  if (selected === null) return null;
  const rows = windowAround(selected.row, rowsShown, picture.rows);
  const reach = Math.max(Math.abs(domain.low), Math.abs(domain.high));
  const cellWidth = 6.7 * Math.max(5, columnNumber(-reach, reach).length) + 12;
  const columns = windowAround(selected.column, Math.max(3, Math.floor((width - 26) / cellWidth)), picture.columns);
  const values = range(rows.first, rows.last).map((row) => range(columns.first, columns.last).map((column): [Cell, number] => {
    const cell = { tile: selected.tile, row, column };
    return [cell, picture.floats[offsetOf(picture, cell)] ?? NaN];
  }));
  const largest = values.flat().reduce((most, [, value]) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  const tint = (value: number): string => `rgb(${colorOf(map, domain, value).join(' ')} / ${kind === 'diverging' ? 0.55 : 0.4})`;
  const step = picture.reduction;
  return (
    <div class="numbers" ref={frame}>
      {width > 0 && (
        <table>
          <thead><tr><td />{range(columns.first, columns.last).map((column) => <th key={column} scope="col">{column * step}</th>)}</tr></thead>
          <tbody>
            {values.map((row, line) => (
              <tr key={line}>
                <th scope="row">{(rows.first + line) * step}</th>
                {row.map(([cell, value]) => {
                  const chosen = cell.row === selected.row && cell.column === selected.column;
                  return (
                    <td key={cell.column} class={chosen ? 'chosen' : ''} aria-current={chosen ? 'true' : undefined} style={{ backgroundColor: tint(value) }}
                      title={`[${indexOf(picture, cell).join(', ')}] = ${value}`} onClick={() => onSelect(indexOf(picture, cell))}>{columnNumber(value, largest)}</td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
