/** Outlines over a tensor picture: the selected tile and element, the one under the keyboard's cursor, what a cell reads. */
import type { JSX } from 'preact';
import type { CellWindow } from '../../../src/protocol/cell';
import type { Arrangement, Cell, Extent } from '../../render/tensor/tiles';
import { tileRect } from '../../render/tensor/tiles';
import { windowBoxes } from '../../render/tensor/windows';
import type { Picture } from '../../tensors';

interface OutlineProps { readonly extent: Extent; readonly arrangement: Arrangement; readonly cell: Cell; readonly scale: number; readonly aimed: boolean }

export function Outline({ extent, arrangement, cell, scale, aimed }: OutlineProps): JSX.Element {
  const tile = tileRect(arrangement, extent, cell.tile);
  const box = (x: number, y: number, width: number, height: number): JSX.CSSProperties => ({
    left: `${x / scale}px`, top: `${y / scale}px`, width: `${width / scale}px`, height: `${height / scale}px`,
  });
  const { cellWidth, cellHeight } = arrangement;
  return (
    <>
      {extent.tiles > 1 && !aimed && <div class="outline tile" style={box(tile.x, tile.y, tile.width, tile.height)} />}
      {(extent.tiles === 1 || aimed || cellWidth / scale >= 3) && (
        <div class={`outline cell ${extent.tiles === 1 ? 'alone' : ''} ${aimed ? 'aimed' : ''}`} style={box(tile.x + cell.column * cellWidth, tile.y + cell.row * cellHeight, cellWidth, cellHeight)} />
      )}
    </>
  );
}

interface WindowsProps { readonly picture: Picture; readonly arrangement: Arrangement; readonly scale: number; readonly reads: CellWindow }

/** The window of a cell, in every tile that it goes through. */
export function Windows({ picture, arrangement, scale, reads }: WindowsProps): JSX.Element {
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
