/** The numbers around the selected element, tinted like the picture: the text equivalent of a canvas. Arrow keys move the selection. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Part, TensorAddress } from '../../../src/protocol/tensor';
import type { Domain } from '../../../src/tensor/colormap';
import { colorMap, colorOf } from '../../../src/tensor/colormap';
import { hasParts, partOf, wantParts } from '../../parts';
import { columnNumber, shortNumber } from '../../render/numbers';
import { windowAround } from '../../render/tensor/numbers-window';
import type { Cell } from '../../render/tensor/tiles';
import { cellOf, indexOf, offsetOf } from '../../render/tensor/tiles';
import { sliceKey, unreduced } from '../../render/tensor/zoom';
import type { Picture } from '../../tensors';
import { useTheme } from '../../theme';
import { useWidth } from '../size';

interface Props {
  readonly picture: Picture;
  /** Where single elements can be read when the picture has only means of blocks; absent where they cannot. */
  readonly source?: { readonly address: TensorAddress; readonly version: string } | undefined;
  readonly kind: 'diverging' | 'sequential';
  readonly domain: Domain;
  readonly index: readonly number[];
  readonly onSelect: (index: readonly number[]) => void;
  readonly rowsShown: number;
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, offset) => first + offset);

/** The value of one element; of a picture of means it is asked for by itself. Null while it is on its way. */
export function useElement(picture: Picture | null, source: Props['source'], index: readonly number[] | null): number | null {
  const exact = picture !== null && picture.reduction > 1 && source !== undefined && hasParts(source.address);
  const cell = picture === null || index === null ? null : cellOf(exact ? unreduced(picture) : picture, index);
  const part = usePart(picture, source, exact && cell !== null ? { ...cell, tiles: 1, rows: 1, columns: 1 } : null);
  if (picture === null || cell === null) return null;
  return exact ? part?.[0] ?? null : picture.floats[offsetOf(picture, cell)] ?? null;
}

/** The values of a window of elements; null while they are on their way, or where they cannot be read. */
function usePart(picture: Picture | null, source: Props['source'], part: Part | null): Float32Array | null {
  const [, redraw] = useState(0);
  const wanted = picture === null || source === undefined || part === null || !hasParts(source.address) ? null : part;
  const base = picture === null || source === undefined ? '' : `numbers ${JSON.stringify(source.address)} ${source.version} ${sliceKey(picture.slice)} ${wanted?.rows} ${wanted?.columns}`;
  const values = wanted === null ? null : partOf(base, wanted) ?? null;
  useEffect(() => {
    if (picture !== null && wanted !== null && values === null && source !== undefined) wantParts(base, [wanted], { address: source.address, slice: picture.slice }, () => redraw((count) => count + 1));
  }, [base, wanted?.tile, wanted?.row, wanted?.column, values === null]);
  return values;
}

/** Whether nearly all values lie in the middle of a range that a few span. */
function isUneven({ histogram: { counts }, statistics: { count, min, max }, clipped }: Picture): boolean {
  if (clipped !== undefined) return Math.max(-min, max) > 20 * Math.max(-clipped.low, clipped.high);
  return count > 8 && counts.length > 1 && counts.filter((number) => number > 0).length <= 4 && counts.some((number) => number >= 0.9 * count);
}

export function NumbersTable({ picture, source, kind, domain, index, onSelect, rowsShown }: Props): JSX.Element | null {
  const { kind: theme } = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const map = colorMap(kind, theme);
  // Single elements where they can be had, else what was sent.
  const exact = picture.reduction > 1 && source !== undefined && hasParts(source.address);
  const cells = exact ? unreduced(picture) : picture;
  const selected = cellOf(cells, index);
  const rows = windowAround(selected?.row ?? 0, rowsShown, cells.rows);
  const reach = Math.max(Math.abs(picture.statistics.min), Math.abs(picture.statistics.max)) || 0;
  // One value that is far off would take the decimals from all others: then each has its own, and more room.
  const uneven = isUneven(picture);
  const cellWidth = 6.7 * Math.max(uneven ? 7 : 5, columnNumber(-reach, reach).length) + 12;
  const columns = windowAround(selected?.column ?? 0, Math.max(3, Math.floor((width - 26) / cellWidth)), cells.columns);
  const part = usePart(picture, source, exact && selected !== null && width > 0 ? { tile: selected.tile, tiles: 1, row: rows.first, rows: rows.last - rows.first + 1, column: columns.first, columns: columns.last - columns.first + 1 } : null);
  if (selected === null) return null;
  const valueOf = (cell: Cell): number | null => {
    if (!exact) return picture.floats[offsetOf(picture, cell)] ?? NaN;
    return part === null ? null : part[(cell.row - rows.first) * (columns.last - columns.first + 1) + cell.column - columns.first] ?? NaN;
  };
  const values = range(rows.first, rows.last).map((row) => range(columns.first, columns.last).map((column): [Cell, number | null] => {
    const cell = { tile: selected.tile, row, column };
    return [cell, valueOf(cell)];
  }));
  const largest = values.flat().reduce((most, [, value]) => (value !== null && Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  // Whole numbers need no decimals, unless they are means.
  const isWhole = /^(u?int|bool)/.test(picture.dtype) && cells.reduction === 1 && largest < 1e5;
  const written = (value: number): string => (isWhole ? String(value).replace('-', '−') : uneven ? shortNumber(value, 3) : columnNumber(value, largest));
  const tint = (value: number): string => `rgb(${colorOf(map, domain, value).join(' ')} / ${kind === 'diverging' ? 0.55 : 0.4})`;
  const step = cells.reduction;
  const onKeyDown = (event: KeyboardEvent): void => {
    const { tile, row, column } = selected;
    const moves: Readonly<Record<string, Cell>> = {
      ArrowLeft: { tile, row, column: column - 1 }, ArrowRight: { tile, row, column: column + 1 }, ArrowUp: { tile, row: row - 1, column }, ArrowDown: { tile, row: row + 1, column },
      Home: { tile, row, column: 0 }, End: { tile, row, column: cells.columns - 1 }, PageUp: { tile: tile - 1, row, column }, PageDown: { tile: tile + 1, row, column },
    };
    const next = moves[event.key];
    if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (next.row >= 0 && next.row < cells.rows && next.column >= 0 && next.column < cells.columns && next.tile >= 0 && next.tile < cells.tiles) onSelect(indexOf(cells, next));
  };
  return (
    <div class="numbers" ref={frame} tabIndex={0} role="group" aria-label={`Numbers around [${index.join(', ')}]. Arrow keys move the selection`} onKeyDown={onKeyDown}>
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
                    <td key={cell.column} class={chosen ? 'chosen' : ''} aria-current={chosen ? 'true' : undefined} style={value === null ? undefined : { backgroundColor: tint(value) }}
                      title={value === null ? undefined : `[${indexOf(cells, cell).join(', ')}] = ${value}`} onClick={() => onSelect(indexOf(cells, cell))}>{value === null ? '·' : written(value)}</td>
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
