/** Values to RGBA pixels: the part of an arrangement that is in sight, coloured by a map or, three or four tiles at a time, as red, green, blue. */
import type { ColorMap, Domain, Rgb } from '../../../src/tensor/colormap';
import { colorOf } from '../../../src/tensor/colormap';
import type { Arrangement } from './tiles';
import type { Region, Sight } from './zoom';
import { inSight } from './zoom';

/** Where the values of some cells of one tile are: those from `top`, `left` to before `bottom`, `right`. */
export interface Source {
  readonly values: Float32Array;
  /** Place of the value at `top`, `left`; from there one row of values to the next. */
  readonly at: number;
  readonly stride: number;
  /** Cells that one value stands for, down and across. */
  readonly step: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export interface Scene {
  readonly arrangement: Arrangement;
  /** `tiles` as they lie in memory; `channels` of them make one tile on the screen. */
  readonly extent: { readonly tiles: number; readonly rows: number; readonly columns: number };
  readonly channels: number;
  readonly source: (tile: number, row: number, column: number) => Source;
  readonly map: ColorMap;
  /** Ends of the colours of a tile. */
  readonly domain: (tile: number) => Domain;
}

/** The values of a picture as they were sent: each tile one source. */
export const wholeTiles = (values: Float32Array, { rows, columns }: { readonly rows: number; readonly columns: number }, step = 1, extent = { rows, columns }) =>
  (tile: number): Source => ({ values, at: tile * rows * columns, stride: columns, step, top: 0, left: 0, bottom: extent.rows, right: extent.columns });

const packed = ([red, green, blue]: Rgb): number => (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;

/**
 * Paints what of a scene lies in a region (device pixels); gaps stay transparent. Cells smaller than a pixel show the value nearest to
 * the pixel's centre.
 */
export function paint(scene: Scene, region: Region): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint32Array(region.width * region.height);
  for (const sight of inSight(scene.arrangement, scene.extent, region, scene.channels)) paintTile(scene, region, sight, pixels);
  return new Uint8ClampedArray(pixels.buffer);
}

function paintTile(scene: Scene, region: Region, { tile }: Sight, pixels: Uint32Array): void {
  const { arrangement: { perRow, cellWidth, cellHeight, gap, width, height }, extent: { rows, columns }, channels } = scene;
  const [tileWidth, tileHeight] = [columns * cellWidth, rows * cellHeight];
  const left = Math.round((tile % perRow) * (tileWidth + gap)), top = Math.round(Math.floor(tile / perRow) * (tileHeight + gap));
  const [x0, x1] = [Math.max(region.x, left), Math.min(region.x + region.width, left + Math.ceil(tileWidth), width)];
  const [y0, y1] = [Math.max(region.y, top), Math.min(region.y + region.height, top + Math.ceil(tileHeight), height)];
  if (x1 <= x0) return;
  const cellsAcross = new Int32Array(x1 - x0);
  for (let x = x0; x < x1; x++) cellsAcross[x - x0] = Math.min(columns - 1, Math.floor((x - left + 0.5) / cellWidth));
  const color = channels === 1 ? colorRun(scene, tile) : mixRun(scene, tile);
  for (let y = y0; y < y1; y++) {
    const row = Math.min(rows - 1, Math.floor((y - top + 0.5) / cellHeight));
    const at = (y - region.y) * region.width - region.x;
    // Neighbouring lines of one row of cells are alike.
    if (y > y0 && row === Math.min(rows - 1, Math.floor((y - 1 - top + 0.5) / cellHeight))) {
      pixels.copyWithin(at + x0, at + x0 - region.width, at + x1 - region.width);
      continue;
    }
    for (let x = x0; x < x1;) x = color(row, cellsAcross, x - x0, x1 - x0, pixels, at + x0) + x0;
  }
}

/** Paints pixels of a row from one place as far as a source reaches; returns the next place. */
type Run = (row: number, cells: Int32Array, from: number, to: number, pixels: Uint32Array, at: number) => number;

function colorRun({ map, domain: domainFor, source: find }: Scene, tile: number): Run {
  const domain = domainFor(tile);
  const colors = new Uint32Array(map.table.buffer, map.table.byteOffset, 256);
  const scale = 255 / (domain.high - domain.low);
  return (row, cells, from, to, pixels, at) => {
    const { values, at: start, stride, step, top, left, right } = find(tile, row, cells[from] ?? 0);
    const line = start + Math.floor((row - top) / step) * stride;
    let x = from;
    for (; x < to; x++) {
      const cell = cells[x] ?? 0;
      if (cell >= right) break;
      const value = values[line + (step === 1 ? cell - left : Math.floor((cell - left) / step))] ?? NaN;
      const position = (value - domain.low) * scale;
      pixels[at + x] = position >= 0 && position <= 255 ? colors[Math.round(position)] ?? 0 : packed(colorOf(map, domain, value));
    }
    return x;
  };
}

/** Red, green, blue and, where there are four, opacity of each cell, from as many tiles. */
function mixRun({ map, domain: domainFor, source: find, channels }: Scene, place: number): Run {
  const domain = domainFor(place * channels);
  const byte = (value: number): number => Math.max(0, Math.min(255, Math.round((255 * (value - domain.low)) / (domain.high - domain.low))));
  return (row, cells, from, to, pixels, at) => {
    const sources = Array.from({ length: channels }, (_, channel) => find(place * channels + channel, row, cells[from] ?? 0));
    const right = Math.min(...sources.map((source) => source.right));
    const value = (channel: number, cell: number): number => {
      const source = sources[channel];
      return source === undefined ? NaN : source.values[source.at + Math.floor((row - source.top) / source.step) * source.stride + Math.floor((cell - source.left) / source.step)] ?? NaN;
    };
    let x = from;
    for (; x < to; x++) {
      const cell = cells[x] ?? 0;
      if (cell >= right) break;
      const [red, green, blue] = [value(0, cell), value(1, cell), value(2, cell)];
      const odd = [red, green, blue].find((part) => !Number.isFinite(part));
      if (odd !== undefined) pixels[at + x] = packed(colorOf(map, domain, odd));
      else pixels[at + x] = ((channels === 4 ? byte(value(3, cell)) : 255) << 24 | byte(blue) << 16 | byte(green) << 8 | byte(red)) >>> 0;
    }
    return x;
  };
}
