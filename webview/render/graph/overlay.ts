/** An example of the input in grey or colour, and over it a map of what matters: which pixel gets which colour. */
import type { TensorPicture } from '../../../src/protocol/tensor';
import type { ThemeKind } from '../../../src/tensor/colormap';
import { colorMap, colorOf } from '../../../src/tensor/colormap';

/** A picture with one example: `tiles` are its channels. */
export interface Plane { readonly rows: number; readonly columns: number; readonly tiles: number; readonly reduction: number; readonly floats: Float32Array }

export const planeOf = (picture: TensorPicture): Plane => ({ rows: picture.rows, columns: picture.columns, tiles: picture.tiles, reduction: picture.reduction, floats: new Float32Array(picture.values) });

/** The finite value that is largest in absolute value, and where. */
export function peakOf({ floats, rows, columns }: Plane): { readonly value: number; readonly row: number; readonly column: number } {
  let best = 0, place = 0;
  floats.forEach((value, at) => { if (Number.isFinite(value) && Math.abs(value) > Math.abs(best)) { best = value; place = at; } });
  return { value: best, row: Math.floor(place / columns) % rows, column: place % columns };
}

/** Value at a place given in shares of the height and the width, so that pictures of different sizes lie over each other. */
function at({ floats, rows, columns }: Plane, channel: number, down: number, across: number): number {
  const row = Math.min(rows - 1, Math.floor(down * rows)), column = Math.min(columns - 1, Math.floor(across * columns));
  return floats[(channel * rows + row) * columns + column] ?? NaN;
}

type Rgb = readonly [number, number, number];

function rangeOf(floats: Float32Array): readonly [number, number] {
  let low = Infinity, high = -Infinity;
  for (const value of floats) if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  return low < high ? [low, high] : [low === Infinity ? 0 : low, (low === Infinity ? 0 : low) + 1];
}

/** Grey for one channel, red, green and blue for three or four, the mean for others; NaN stays visible. */
function baseColor(plane: Plane, [low, high]: readonly [number, number], down: number, across: number): Rgb {
  const level = (value: number): number => (255 * (value - low)) / (high - low);
  if (plane.tiles === 3 || plane.tiles === 4) {
    const rgb = [0, 1, 2].map((channel) => level(at(plane, channel, down, across)));
    return rgb.some(Number.isNaN) ? [255, 0, 200] : [rgb[0] ?? 0, rgb[1] ?? 0, rgb[2] ?? 0];
  }
  let sum = 0;
  for (let channel = 0; channel < plane.tiles; channel += 1) sum += at(plane, channel, down, across);
  const grey = level(sum / plane.tiles);
  return Number.isNaN(grey) ? [255, 0, 200] : [grey, grey, grey];
}

export interface Painting {
  readonly input: Plane | null;
  readonly map: Plane | null;
  /** Largest absolute value of the map's colours. */
  readonly reach: number;
  readonly width: number;
  readonly height: number;
  readonly theme: ThemeKind;
}

/** RGBA pixels: the input alone, the map alone, or the map's colours over a pale input, the stronger the larger the value. */
export function paintOverlay({ input, map, reach, width, height, theme }: Painting): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(width * height * 4);
  const colors = colorMap('diverging', theme), domain = { low: -reach, high: reach };
  const range = input === null ? null : rangeOf(input.floats);
  const light = theme === 'light' || theme === 'hcLight';
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const down = (y + 0.5) / height, across = (x + 0.5) / width;
      const value = map === null ? NaN : at(map, 0, down, across);
      let color: Rgb;
      if (input === null || range === null) color = colorOf(colors, domain, value);
      else {
        color = baseColor(input, range, down, across);
        if (map !== null) {
          const strength = Number.isFinite(value) ? Math.min(1, Math.abs(value) / reach) ** 0.7 : 1;
          const over = colorOf(colors, domain, Number.isFinite(value) && value !== 0 ? Math.sign(value) * reach : value);
          // The input steps back, so that only the map has colour and strength.
          const ground = light ? 255 : 20;
          const mixed = (channel: 0 | 1 | 2): number => { const pale = ground + (color[channel] - ground) * 0.55; return pale + (over[channel] - pale) * 0.92 * strength; };
          color = [mixed(0), mixed(1), mixed(2)];
        }
      }
      pixels.set([color[0], color[1], color[2], 255], 4 * (y * width + x));
    }
  }
  return pixels;
}
