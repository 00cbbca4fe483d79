/** What a canvas paints of a picture: its arrangement in the card, where the values are, and what is written over the cells. */
import type { ColorMap, Domain } from '../../../src/tensor/colormap';
import { colorOf } from '../../../src/tensor/colormap';
import { partOf } from '../../parts';
import type { Picture } from '../../tensors';
import { fitText, shortNumber } from '../numbers';
import type { Scene, Source } from './pixels';
import type { Arrangement, Cell } from './tiles';
import { arrangeTiles, indexOf, tileRect } from './tiles';
import { inkOn } from './windows';
import type { Blocks, Region } from './zoom';
import { arrangeZoomed, blockAt, blocksOf, inSight, unreduced } from './zoom';

/** A picture as it is laid out: in the card's room, or with every element so many pixels wide. */
export interface Layout {
  readonly picture: Picture;
  /** The picture whose cells are shown: as sent, or one cell an element. */
  readonly cells: Picture;
  /** The same with the channels of a colour image as one tile. */
  readonly places: Picture;
  readonly channels: number;
  readonly arrangement: Arrangement;
  /** Device pixels in sight. */
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly blocks: Blocks;
}

export interface Room { readonly width: number; readonly maxHeight: number; readonly closeHeight: number; readonly scale: number }

export function layOut(picture: Picture, channels: number, cell: number, { width, maxHeight, closeHeight, scale }: Room): Layout {
  const cells = cell === 0 ? picture : unreduced(picture);
  const places = channels === 1 ? cells : { ...cells, tiles: cells.tiles / channels, tileExtents: cells.tileExtents.slice(0, -1) };
  const arrangement = cell === 0 ? arrangeTiles(places, { width: width * scale, height: maxHeight * scale, scale }) : arrangeZoomed(places, cell * scale, width * scale, scale);
  const high = cell === 0 ? arrangement.height : Math.min(arrangement.height, Math.floor(closeHeight * scale));
  return { picture, cells, places, channels, arrangement, width: Math.min(arrangement.width, Math.ceil(width * scale)), height: high, scale, blocks: blocksOf(cells) };
}

/** Size of an element in CSS pixels. */
export const elementSize = ({ picture, cells, arrangement: { cellWidth, cellHeight }, scale }: Layout): number => Math.min(cellWidth, cellHeight) / scale / (cells === picture ? picture.reduction : 1);

/** The scene; `base` names the windows at full resolution that may be known, null where there are none. */
export function sceneOf({ picture, cells, channels, arrangement, blocks }: Layout, map: ColorMap, domain: (tile: number) => Domain, base: string | null): Scene {
  const { floats, rows, columns, reduction } = picture;
  const close = cells !== picture;
  const seen = new Map<number, Source>();
  const source = (tile: number, row: number, column: number): Source => {
    const number = (tile * Math.ceil(cells.rows / blocks.rows) + Math.floor(row / blocks.rows)) * Math.ceil(cells.columns / blocks.columns) + Math.floor(column / blocks.columns);
    const before = seen.get(number);
    if (before !== undefined) return before;
    const part = blockAt(blocks, cells, tile, row, column);
    const values = base === null ? undefined : partOf(base, part);
    // Until the window is here, each value stands for its block of elements.
    const [top, left, bottom, right] = [part.row, part.column, part.row + part.rows, part.column + part.columns];
    const found: Source = values === undefined
      ? { values: floats, at: tile * rows * columns, stride: columns, step: reduction, top: 0, left: 0, bottom, right }
      : { values, at: (tile - part.tile) * part.rows * part.columns, stride: part.columns, step: 1, top, left, bottom, right };
    seen.set(number, found);
    return found;
  };
  return {
    arrangement, extent: cells, channels, map, domain,
    source: close ? source : (tile) => ({ values: floats, at: tile * rows * columns, stride: columns, step: 1, top: 0, left: 0, bottom: rows, right: columns }),
  };
}

/** The value of a cell, and how many elements along each side it is the mean of. `tile` counts channels. */
export function valueAt({ source }: Scene, tile: number, row: number, column: number): { readonly value: number; readonly step: number } {
  const { values, at, stride, step, top, left } = source(tile, row, column);
  return { value: values[at + Math.floor((row - top) / step) * stride + Math.floor((column - left) / step)] ?? NaN, step };
}

/** What hover and screen readers hear of a cell: index and value, of a colour image all its channels. */
export function cellText({ cells, picture, channels }: Layout, scene: Scene, { tile, row, column }: Cell): string {
  const values = Array.from({ length: channels }, (_, channel) => valueAt(scene, tile * channels + channel, row, column));
  const index: (number | string)[] = indexOf(cells, { tile: tile * channels, row, column });
  const color = channels === 1 ? undefined : cells.slice.tileAxes.at(-1);
  if (color !== undefined) index[color] = ':';
  const step = cells === picture ? picture.reduction : values[0]?.step ?? 1;
  const text = values.map(({ value }) => shortNumber(value, 4)).join(', ');
  const at = index.length === 0 ? '' : `[${index.join(', ')}] `;
  return step === 1 ? `${at}= ${text}` : `${at}… mean of ${step} × ${step} = ${text}`;
}

/** Least sizes of a cell, in CSS pixels, in which its value is written, and in which what is no number is marked. */
const [numberHeight, markSize, most] = [13, 5, 4000];

/** Writes values into cells that have room for them, and marks NaN and the infinities by shape, so that colour is not all that tells them. */
export function annotate(context: CanvasRenderingContext2D, layout: Layout, scene: Scene, region: Region, fontFamily: string): void {
  const { arrangement, cells, channels, scale, picture: { statistics } } = layout;
  const { cellWidth, cellHeight } = arrangement;
  const odd = statistics.nan + statistics.infinite > 0;
  const written = channels === 1 && cellHeight >= numberHeight * scale && cellWidth >= 26 * scale;
  const marked = odd && Math.min(cellWidth, cellHeight) >= markSize * scale;
  if (!written && !marked) return;
  const sights = inSight(arrangement, cells, region, channels);
  if (sights.reduce((sum, { top, bottom, left, right }) => sum + (bottom - top + 1) * (right - left + 1), 0) > most) return;
  const size = Math.min(11, cellHeight / scale - 3) * scale;
  context.font = `${size}px ${fontFamily}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const { tile, top, bottom, left, right } of sights) {
    const { x, y } = tileRect(arrangement, cells, tile);
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const { value, step } = valueAt(scene, tile * channels, row, column);
        const [centerX, centerY] = [x + (column + 0.5) * cellWidth - region.x, y + (row + 0.5) * cellHeight - region.y];
        context.fillStyle = context.strokeStyle = inkOn(colorOf(scene.map, scene.domain(tile), value));
        if (!Number.isFinite(value) && marked) mark(context, value, centerX, centerY, Math.min(cellWidth, cellHeight) * 0.3, scale);
        else if (written && step === 1) {
          const text = fitText((text) => context.measureText(text).width <= cellWidth - 4 * scale, value, scene.domain(tile));
          if (text !== null) context.fillText(text, centerX, centerY + 0.5 * scale);
        }
      }
    }
  }
}

/** A cross for NaN, a triangle up or down for the infinities. */
function mark(context: CanvasRenderingContext2D, value: number, x: number, y: number, size: number, scale: number): void {
  context.beginPath();
  if (Number.isNaN(value)) {
    context.lineWidth = Math.max(1, size / 3, scale);
    for (const turn of [1, -1]) { context.moveTo(x - size, y - size * turn); context.lineTo(x + size, y + size * turn); }
    context.stroke();
    return;
  }
  const up = value > 0 ? -1 : 1;
  context.moveTo(x - size, y - (up * size) / 2);
  context.lineTo(x + size, y - (up * size) / 2);
  context.lineTo(x, y + up * size);
  context.fill();
}
