/** Where the elements that a cell's terms read lie in a picture, and how its patch is drawn. */
import type { CellWindow } from '../../../src/protocol/cell';
import type { TensorPicture } from '../../../src/protocol/tensor';

/** A box of cells of one tile. */
export interface Box { readonly tile: number; readonly row: number; readonly column: number; readonly rows: number; readonly columns: number }

/** Tiles with an outline at most: a window through more of them is seen from a few. */
const maxBoxes = 64;

/** The part of a window that a picture shows, a box a tile; empty when the picture's slice does not meet it. */
export function windowBoxes(picture: TensorPicture, { start, extent }: Pick<CellWindow, 'start' | 'extent'>): readonly Box[] {
  const { tileAxes, rowAxis, columnAxis, at } = picture.slice;
  if (start.length !== picture.shape.length) return [];
  const range = (axis: number): readonly [first: number, last: number] => [Math.max(0, start[axis] ?? 0), Math.min(picture.shape[axis] ?? 1, (start[axis] ?? 0) + (extent[axis] ?? 1)) - 1];
  for (const [axis, index] of Object.entries(at)) {
    const [first, last] = range(Number(axis));
    if (index < first || index > last) return [];
  }
  const span = (axis: number | null, count: number): readonly [first: number, size: number] => {
    if (axis === null) return [0, 1];
    const [first, last] = range(axis);
    const from = Math.floor(first / picture.reduction), to = Math.min(count - 1, Math.floor(last / picture.reduction));
    return [from, to - from + 1];
  };
  const [row, rows] = span(rowAxis, picture.rows), [column, columns] = span(columnAxis, picture.columns);
  if (rows <= 0 || columns <= 0) return [];
  let tiles = [0];
  tileAxes.forEach((axis, place) => {
    const [first, last] = range(axis), count = picture.tileExtents[place] ?? 1;
    tiles = tiles.flatMap((tile) => Array.from({ length: Math.max(0, Math.min(last, count - 1) - first + 1) }, (_, i) => tile * count + first + i));
  });
  return tiles.filter((tile) => tile < picture.tiles).slice(0, maxBoxes).map((tile) => ({ tile, row, column, rows, columns }));
}

/** How large the cells of a patch are drawn in `room` pixels, and whether numbers fit in; grids without room beside each other go below when they are small. */
export function patchSize(rows: number, columns: number, grids: number, room: number): { readonly width: number; readonly height: number; readonly numbers: boolean } {
  const [wide, gap] = [48, 18];
  const beside = Math.floor((room - (grids - 1) * gap) / (grids * columns)), alone = Math.floor(room / columns);
  const fit = beside >= wide ? beside : alone >= wide && rows <= 7 ? alone : beside;
  if (fit >= wide) return { width: Math.min(fit, 56), height: 30, numbers: true };
  const size = Math.max(3, Math.min(18, fit));
  return { width: size, height: size, numbers: false };
}

/** Black or white, whichever is read better on a colour. */
export function inkOn([red, green, blue]: readonly [number, number, number]): string {
  const linear = (byte: number): number => ((byte / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.2 ? '#000' : '#fff';
}
