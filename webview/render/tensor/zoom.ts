/** A tensor looked at closely: every element so many pixels wide, a part of it in sight, read in windows at full resolution. Pure. */
import type { Part, SliceSpec, TensorPicture } from '../../../src/protocol/tensor';
import type { Arrangement, Extent } from './tiles';

/** CSS pixels an element, after the picture that fits its card (0). */
export const zoomSteps = [0, 1, 2, 4, 8, 16, 32, 48] as const;

/** The next step closer (1) or farther (-1); `fit` is how large an element is in the picture that fits. */
export function nextZoom(cell: number, fit: number, direction: 1 | -1): number {
  if (direction > 0) return zoomSteps.find((step) => step > (cell === 0 ? fit : cell)) ?? cell;
  const closer = zoomSteps.filter((step) => step < cell && step > fit);
  return cell === 0 ? 0 : closer.at(-1) ?? 0;
}

/** The picture as if every element had been sent: what a cell is when it is looked at closely. */
export function unreduced<Reduced extends Pick<TensorPicture, 'shape' | 'slice' | 'rows' | 'columns' | 'reduction'>>(picture: Reduced): Reduced {
  if (picture.reduction === 1) return picture;
  const { shape, slice: { rowAxis, columnAxis } } = picture;
  return { ...picture, reduction: 1, rows: rowAxis === null ? 1 : shape[rowAxis] ?? 1, columns: columnAxis === null ? 1 : shape[columnAxis] ?? 1 };
}

/** Browsers lay out no more than this many pixels. */
const widest = 8_000_000;

/** Tiles with cells of a given size (device pixels), as many a line as the room holds; taller or wider than the room as need be. */
export function arrangeZoomed({ tiles, rows, columns, tileExtents }: Extent, cell: number, room: number, scale: number): Arrangement {
  const gap = tiles === 1 ? 0 : Math.round(3 * scale);
  const size = Math.max(1 / 16, Math.min(cell, widest / Math.max(1, columns), widest / Math.max(1, rows)));
  const holds = Math.max(1, Math.floor((room + gap) / (columns * size + gap)));
  const natural = tileExtents.at(-1) ?? 1;
  const perRow = Math.min(tiles, natural > 1 && natural <= holds && natural * 2 > holds ? natural : holds);
  const lines = Math.ceil(tiles / perRow);
  return { perRow, cellWidth: size, cellHeight: size, gap, width: Math.ceil(perRow * columns * size + (perRow - 1) * gap), height: Math.ceil(lines * rows * size + (lines - 1) * gap) };
}

/** A rectangle of device pixels. */
export interface Region { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** Cells of tiles that lie in a region: first and last of each, inclusive. */
export interface Sight { readonly tile: number; readonly top: number; readonly bottom: number; readonly left: number; readonly right: number }

/** What is in sight, tile by tile. `channels` tiles lie over each other (colour images). */
export function inSight({ perRow, cellWidth, cellHeight, gap }: Arrangement, { tiles, rows, columns }: Pick<Extent, 'tiles' | 'rows' | 'columns'>, region: Region, channels = 1): readonly Sight[] {
  const [tileWidth, tileHeight] = [columns * cellWidth + gap, rows * cellHeight + gap];
  const places = tiles / channels;
  const firstLine = Math.max(0, Math.floor(region.y / tileHeight)), lastLine = Math.min(Math.ceil(places / perRow) - 1, Math.floor((region.y + region.height - 1) / tileHeight));
  const firstPlace = Math.max(0, Math.floor(region.x / tileWidth)), lastPlace = Math.min(perRow - 1, Math.floor((region.x + region.width - 1) / tileWidth));
  const sights: Sight[] = [];
  for (let line = firstLine; line <= lastLine; line++) {
    for (let place = firstPlace; place <= lastPlace; place++) {
      const tile = line * perRow + place;
      if (tile >= places) break;
      const [x, y] = [place * tileWidth, line * tileHeight];
      const top = Math.max(0, Math.floor((region.y - y) / cellHeight)), bottom = Math.min(rows - 1, Math.floor((region.y + region.height - 1 - y) / cellHeight));
      const left = Math.max(0, Math.floor((region.x - x) / cellWidth)), right = Math.min(columns - 1, Math.floor((region.x + region.width - 1 - x) / cellWidth));
      if (top <= bottom && left <= right) sights.push({ tile, top, bottom, left, right });
    }
  }
  return sights;
}

/** Elements along each side of a window at most; small tiles share a window. */
const blockSide = 128;
const blockElements = 32_768;

/** How a slice is divided into windows. */
export interface Blocks { readonly tiles: number; readonly rows: number; readonly columns: number }
export function blocksOf({ tiles, rows, columns }: Pick<Extent, 'tiles' | 'rows' | 'columns'>): Blocks {
  const across = rows === 1 ? Math.min(columns, blockElements) : Math.min(columns, blockSide), down = columns === 1 ? Math.min(rows, blockElements) : Math.min(rows, blockSide);
  return { rows: down, columns: across, tiles: Math.max(1, Math.min(tiles, Math.floor(blockElements / (down * across)))) };
}

/** The window that holds an element. */
export function blockAt(blocks: Blocks, { tiles, rows, columns }: Pick<Extent, 'tiles' | 'rows' | 'columns'>, tile: number, row: number, column: number): Part {
  const from = (place: number, size: number): number => Math.floor(place / size) * size;
  const [firstTile, firstRow, firstColumn] = [from(tile, blocks.tiles), from(row, blocks.rows), from(column, blocks.columns)];
  return {
    tile: firstTile, tiles: Math.min(blocks.tiles, tiles - firstTile), row: firstRow, rows: Math.min(blocks.rows, rows - firstRow),
    column: firstColumn, columns: Math.min(blocks.columns, columns - firstColumn),
  };
}

/** Windows that cover what is in sight, each once. */
export function blocksInSight(blocks: Blocks, extent: Pick<Extent, 'tiles' | 'rows' | 'columns'>, sights: readonly Sight[], channels = 1): readonly Part[] {
  const found = new Map<string, Part>();
  for (const { tile, top, bottom, left, right } of sights) {
    for (let channel = 0; channel < channels; channel++) {
      for (let row = Math.floor(top / blocks.rows) * blocks.rows; row <= bottom; row += blocks.rows) {
        for (let column = Math.floor(left / blocks.columns) * blocks.columns; column <= right; column += blocks.columns) {
          const part = blockAt(blocks, extent, tile * channels + channel, row, column);
          found.set(partKey(part), part);
        }
      }
    }
  }
  return [...found.values()];
}

export const partKey = ({ tile, row, column }: Part): string => `${tile} ${row} ${column}`;
export const sliceKey = ({ tileAxes, rowAxis, columnAxis, at }: SliceSpec): string => `${tileAxes.join()} ${rowAxis} ${columnAxis} ${JSON.stringify(at)}`;
