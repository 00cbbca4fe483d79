/** Values to RGBA pixels. */
import type { ColorMap, Domain } from '../../src/tensor/colormap';
import { colorOf } from '../../src/tensor/colormap';
import type { Arrangement } from './tiles';

/**
 * Paints the tiles of a picture (`tiles × rows × columns` values) as an arrangement says; gaps stay transparent.
 * Cells smaller than a pixel show the value nearest to the pixel's centre.
 */
export function paintTiles(
  values: Float32Array, extent: { readonly tiles: number; readonly rows: number; readonly columns: number }, arrangement: Arrangement, map: ColorMap, domain: Domain,
): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, perRow, cellWidth, cellHeight, gap } = arrangement;
  const { tiles, rows, columns } = extent;
  const pixels = new Uint32Array(width * height);
  const colors = new Uint32Array(map.table.buffer, map.table.byteOffset, 256);
  const word = (value: number): number => {
    const [red, green, blue] = colorOf(map, domain, value);
    return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  };
  const scale = 255 / (domain.high - domain.low);
  const [tileWidth, tileHeight] = [columns * cellWidth, rows * cellHeight];
  const columnOfPixel = Array.from({ length: Math.ceil(tileWidth) }, (_, x) => Math.min(columns - 1, Math.floor((x + 0.5) / cellWidth)));
  for (let tile = 0; tile < tiles; tile++) {
    const left = Math.round((tile % perRow) * (tileWidth + gap));
    const top = Math.round(Math.floor(tile / perRow) * (tileHeight + gap));
    const pixelRows = Math.min(Math.ceil(tileHeight), height - top);
    const pixelColumns = Math.min(columnOfPixel.length, width - left);
    for (let y = 0; y < pixelRows; y++) {
      const row = Math.min(rows - 1, Math.floor((y + 0.5) / cellHeight));
      const start = (tile * rows + row) * columns;
      const at = (top + y) * width + left;
      for (let x = 0; x < pixelColumns; x++) {
        const value = values[start + (columnOfPixel[x] ?? 0)] ?? NaN;
        const color = (value - domain.low) * scale;
        pixels[at + x] = color >= 0 && color <= 255 ? colors[Math.round(color)] ?? 0 : word(value);
      }
    }
  }
  return new Uint8ClampedArray(pixels.buffer);
}
