/** A tensor as tiles of coloured cells on a canvas: hover reads, click and arrow keys select, the selected tile and element are outlined. */
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CellWindow } from '../../src/protocol/cell';
import type { Domain } from '../../src/tensor/colormap';
import { colorMap } from '../../src/tensor/colormap';
import { shortNumber } from '../render/numbers';
import { paintTiles } from '../render/pixels';
import type { Arrangement, Cell } from '../render/tiles';
import { arrangeTiles, cellAt, cellOf, indexOf, neighbourCell, offsetOf, tileRect } from '../render/tiles';
import { windowBoxes } from '../render/windows';
import type { Picture } from '../tensors';
import { useTheme } from '../theme';

interface Props {
  readonly picture: Picture;
  readonly kind: 'diverging' | 'sequential';
  readonly domain: Domain;
  readonly label: string;
  /** Room in CSS pixels. */
  readonly room: number;
  readonly maxHeight: number;
  readonly selected: readonly number[] | null;
  readonly onSelect: (index: readonly number[]) => void;
  /** The elements that the cell under the cursor reads. */
  readonly reads?: CellWindow | null;
}

/** What hover and screen readers hear of a cell. */
export function cellText(picture: Picture, cell: Cell): string {
  const index = indexOf(picture, cell);
  const value = shortNumber(picture.floats[offsetOf(picture, cell)] ?? NaN, 4);
  const at = index.length === 0 ? '' : `[${index.join(', ')}] `;
  return picture.reduction === 1 ? `${at}= ${value}` : `${at}… mean of ${picture.reduction} × ${picture.reduction} = ${value}`;
}

function Outline({ picture, arrangement, cell, scale }: { picture: Picture; arrangement: Arrangement; cell: Cell; scale: number }): JSX.Element {
  const tile = tileRect(arrangement, picture, cell.tile);
  const box = (x: number, y: number, width: number, height: number): JSX.CSSProperties => ({
    left: `${x / scale}px`, top: `${y / scale}px`, width: `${width / scale}px`, height: `${height / scale}px`,
  });
  const { cellWidth, cellHeight } = arrangement;
  return (
    <>
      {picture.tiles > 1 && <div class="outline tile" style={box(tile.x, tile.y, tile.width, tile.height)} />}
      {(picture.tiles === 1 || cellWidth / scale >= 3) && (
        <div class={`outline cell ${picture.tiles === 1 ? 'alone' : ''}`} style={box(tile.x + cell.column * cellWidth, tile.y + cell.row * cellHeight, cellWidth, cellHeight)} />
      )}
    </>
  );
}

/** The window of a cell, in every tile that it goes through. */
function Windows({ picture, arrangement, scale, reads }: { picture: Picture; arrangement: Arrangement; scale: number; reads: CellWindow }): JSX.Element {
  const boxes = windowBoxes(picture, reads);
  const { cellWidth, cellHeight } = arrangement;
  return (
    <>
      {boxes.map(({ tile, row, column, rows, columns }) => {
        const { x, y } = tileRect(arrangement, picture, tile);
        return <div key={tile} class={`outline window ${boxes.length > 1 ? 'many' : ''}`} style={{ left: `${(x + column * cellWidth) / scale}px`, top: `${(y + row * cellHeight) / scale}px`, width: `${(columns * cellWidth) / scale}px`, height: `${(rows * cellHeight) / scale}px` }} />;
      })}
    </>
  );
}

export function TensorCanvas({ room, picture, kind, domain, label, maxHeight, selected, onSelect, reads = null }: Props): JSX.Element {
  const { kind: theme } = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState<{ cell: Cell; x: number; y: number } | null>(null);
  const scale = window.devicePixelRatio || 1;
  const arrangement = useMemo(
    () => arrangeTiles(picture, { width: room * scale, height: maxHeight * scale, scale }), [picture, room, maxHeight, scale],
  );
  useLayoutEffect(() => {
    const target = canvas.current;
    const context = target?.getContext('2d') ?? null;
    if (target === null || context === null) return;
    if (target.width !== arrangement.width || target.height !== arrangement.height) {
      target.width = arrangement.width;
      target.height = arrangement.height;
      target.style.width = `${arrangement.width / scale}px`;
      target.style.height = `${arrangement.height / scale}px`;
    }
    const pixels = paintTiles(picture.floats, picture, arrangement, colorMap(kind, theme), domain);
    context.putImageData(new ImageData(pixels, arrangement.width, arrangement.height), 0, 0);
  }, [picture, arrangement, kind, theme, domain.low, domain.high]);

  const cellUnder = (event: MouseEvent): Cell | null => {
    const box = canvas.current?.getBoundingClientRect();
    return box === undefined ? null : cellAt(arrangement, picture, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
  };
  const onMove = (event: MouseEvent): void => {
    const [cell, box] = [cellUnder(event), frame.current?.getBoundingClientRect()];
    setHover(cell === null || box === undefined ? null : { cell, x: event.clientX - box.left, y: event.clientY - box.top });
  };
  const own = selected === null ? null : cellOf(picture, selected);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const start = own ?? { tile: 0, row: 0, column: 0 };
    const next = neighbourCell(arrangement, picture, start, event.key);
    if (!/^(Arrow|Page|Home|End)/.test(event.key) && event.key !== 'Enter') return;
    event.preventDefault();
    setHover(null);
    onSelect(indexOf(picture, own === null ? start : next));
  };
  return (
    <div class="tensor-canvas" ref={frame}>
      <canvas ref={canvas} tabIndex={0} role="application" aria-roledescription="tensor picture"
        aria-label={`${label}. Arrow keys select an element. ${own === null ? '' : `Selected ${cellText(picture, own)}`}`}
        onMouseMove={onMove} onMouseLeave={() => setHover(null)} onKeyDown={onKeyDown}
        onClick={(event) => { const cell = cellUnder(event); if (cell !== null) onSelect(indexOf(picture, cell)); }} />
      {reads !== null && <Windows picture={picture} arrangement={arrangement} scale={scale} reads={reads} />}
      {own !== null && <Outline picture={picture} arrangement={arrangement} cell={own} scale={scale} />}
      {hover !== null && (
        <div class="hover" style={{ left: `${Math.min(hover.x + 12, Math.max(0, room - 90))}px`, top: `${hover.y + 16}px` }}>{cellText(picture, hover.cell)}</div>
      )}
    </div>
  );
}
