/** How the tiles of a tensor picture are arranged, which element lies under a point, and which index it has. */
import type { TensorPicture } from '../../../src/protocol/tensor';

/** Sizes in device pixels. */
export interface Arrangement {
  readonly perRow: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly gap: number;
  readonly width: number;
  readonly height: number;
}

export interface Space {
  /** Room in device pixels. */
  readonly width: number;
  readonly height: number;
  /** Device pixels a CSS pixel. */
  readonly scale: number;
}

export type Extent = Pick<TensorPicture, 'tiles' | 'rows' | 'columns' | 'tileExtents'>;

/** Tiles side by side with square cells as large as fit into the space; a single row or column of numbers becomes a band. */
export function arrangeTiles({ tiles, rows, columns, tileExtents }: Extent, space: Space): Arrangement {
  // A few cells are drawn so large that their values can stand in them.
  const widest = (tiles === 1 && rows > 1 && columns > 1 && rows * columns <= 48 ? 36 : 18) * space.scale;
  const gap = tiles === 1 ? 0 : Math.max(1, Math.round((tiles > 32 ? 2 : 3) * space.scale));
  const natural = tileExtents.at(-1) ?? 1;
  let best: { perRow: number; cell: number; score: number } | null = null;
  for (const perRow of candidates(tiles, natural)) {
    const lines = Math.ceil(tiles / perRow);
    const byWidth = (space.width - (perRow - 1) * gap) / (perRow * columns);
    const byHeight = (space.height - (lines - 1) * gap) / (lines * rows);
    const fit = Math.min(byWidth, byHeight, widest);
    const cell = fit >= 1 ? Math.floor(fit) : Math.max(fit, 0.05);
    // Rows that follow the tensor's own axes, or at least come out even, are worth some size.
    const score = cell * (perRow === natural || perRow === tiles ? 1.5 : natural % perRow === 0 ? 1.35 : tiles % perRow === 0 ? 1.15 : 1);
    // Of equals, the wider one: what is below stays in sight.
    if (best === null || score > best.score + 1e-9 || (score > best.score - 1e-9 && best.perRow !== natural && perRow > best.perRow)) best = { perRow, cell, score };
  }
  const { perRow, cell } = best ?? { perRow: 1, cell: 1 };
  const band = rows === 1 && tiles === 1;
  const cellHeight = band ? Math.max(cell, 18 * space.scale) : cell;
  const column = columns === 1 && tiles === 1;
  const cellWidth = band ? Math.min(space.width / columns, 44 * space.scale) : column ? Math.max(cell, 18 * space.scale) : cell;
  const lines = Math.ceil(tiles / perRow);
  return {
    perRow, cellWidth, cellHeight, gap,
    width: Math.max(1, Math.ceil(perRow * columns * cellWidth + (perRow - 1) * gap)),
    height: Math.max(1, Math.ceil(lines * rows * cellHeight + (lines - 1) * gap)),
  };
}

/** Numbers of tiles a line worth trying. */
function candidates(tiles: number, natural: number): number[] {
  const list = new Set<number>([natural, tiles]);
  for (let perRow = 1; perRow <= Math.min(tiles, 512); perRow++) list.add(perRow);
  return [...list].filter((perRow) => perRow >= 1 && perRow <= tiles);
}

/** An element of a picture. */
export interface Cell { readonly tile: number; readonly row: number; readonly column: number }

/** Corner and size of a tile in device pixels. */
export function tileRect(arrangement: Arrangement, extent: Extent, tile: number): { x: number; y: number; width: number; height: number } {
  const [width, height] = [extent.columns * arrangement.cellWidth, extent.rows * arrangement.cellHeight];
  return { x: (tile % arrangement.perRow) * (width + arrangement.gap), y: Math.floor(tile / arrangement.perRow) * (height + arrangement.gap), width, height };
}

/** The element under a point in device pixels; null in the gaps and outside. */
export function cellAt(arrangement: Arrangement, extent: Extent, x: number, y: number): Cell | null {
  const { width, height } = tileRect(arrangement, extent, 0);
  const [across, down] = [Math.floor(x / (width + arrangement.gap)), Math.floor(y / (height + arrangement.gap))];
  const tile = down * arrangement.perRow + across;
  if (x < 0 || y < 0 || across >= arrangement.perRow || tile >= extent.tiles) return null;
  const [inX, inY] = [x - across * (width + arrangement.gap), y - down * (height + arrangement.gap)];
  if (inX >= width || inY >= height) return null;
  return { tile, row: Math.min(extent.rows - 1, Math.floor(inY / arrangement.cellHeight)), column: Math.min(extent.columns - 1, Math.floor(inX / arrangement.cellWidth)) };
}

/** Position of a cell in the picture's values. */
export function offsetOf({ rows, columns }: Pick<Extent, 'rows' | 'columns'>, { tile, row, column }: Cell): number {
  return (tile * rows + row) * columns + column;
}

/** Index of a cell in the whole tensor; of a reduced picture, of the first element of its block. */
export function indexOf(picture: TensorPicture, { tile, row, column }: Cell): number[] {
  const { tileAxes, rowAxis, columnAxis, at } = picture.slice;
  const index = picture.shape.map((_, axis) => at[axis] ?? 0);
  let rest = tile;
  for (let place = tileAxes.length - 1; place >= 0; place--) {
    const extent = picture.tileExtents[place] ?? 1;
    index[tileAxes[place] ?? 0] = rest % extent;
    rest = Math.floor(rest / extent);
  }
  if (rowAxis !== null) index[rowAxis] = row * picture.reduction;
  if (columnAxis !== null) index[columnAxis] = column * picture.reduction;
  return index;
}

/** The cell that shows the element with an index; null when the picture's slice does not hold it. */
export function cellOf(picture: TensorPicture, index: readonly number[]): Cell | null {
  const { tileAxes, rowAxis, columnAxis, at } = picture.slice;
  if (index.length !== picture.shape.length || index.some((value, axis) => value < 0 || value >= (picture.shape[axis] ?? 0))) return null;
  for (const [axis, value] of Object.entries(at)) if (index[Number(axis)] !== value) return null;
  let tile = 0;
  tileAxes.forEach((axis, place) => { tile = tile * (picture.tileExtents[place] ?? 1) + (index[axis] ?? 0); });
  const cell = {
    tile,
    row: rowAxis === null ? 0 : Math.floor((index[rowAxis] ?? 0) / picture.reduction),
    column: columnAxis === null ? 0 : Math.floor((index[columnAxis] ?? 0) / picture.reduction),
  };
  return cell.tile < picture.tiles && cell.row < picture.rows && cell.column < picture.columns ? cell : null;
}

/** `[:, :, 1, 2]`: the tile that holds an index. */
export function sliceText(picture: TensorPicture, index: readonly number[]): string {
  const { rowAxis, columnAxis } = picture.slice;
  return picture.shape.length === 0 ? '' : `[${picture.shape.map((_, axis) => (axis === rowAxis || axis === columnAxis ? ':' : String(index[axis] ?? 0))).join(', ')}]`;
}

/** The cell next to another one; over a tile's edge into the next tile. */
export function neighbourCell(arrangement: Arrangement, extent: Extent, cell: Cell, key: string): Cell {
  const { rows, columns, tiles } = extent;
  const move = (tile: number, row: number, column: number): Cell => (tile < 0 || tile >= tiles ? cell : { tile, row, column });
  const lineStart = cell.tile % arrangement.perRow === 0;
  const lineEnd = cell.tile % arrangement.perRow === arrangement.perRow - 1;
  switch (key) {
    case 'ArrowLeft': return cell.column > 0 ? { ...cell, column: cell.column - 1 } : lineStart ? cell : move(cell.tile - 1, cell.row, columns - 1);
    case 'ArrowRight': return cell.column + 1 < columns ? { ...cell, column: cell.column + 1 } : lineEnd ? cell : move(cell.tile + 1, cell.row, 0);
    case 'ArrowUp': return cell.row > 0 ? { ...cell, row: cell.row - 1 } : move(cell.tile - arrangement.perRow, rows - 1, cell.column);
    case 'ArrowDown': return cell.row + 1 < rows ? { ...cell, row: cell.row + 1 } : move(cell.tile + arrangement.perRow, 0, cell.column);
    case 'PageUp': return move(cell.tile - 1, cell.row, cell.column);
    case 'PageDown': return move(cell.tile + 1, cell.row, cell.column);
    case 'Home': return { ...cell, column: 0 };
    case 'End': return { ...cell, column: columns - 1 };
    default: return cell;
  }
}
