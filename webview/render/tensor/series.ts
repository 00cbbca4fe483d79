/** A picture as lines: along its rows when it has several, a line a column; else along its columns. Pure. */
import type { Picture } from '../../tensors';
import type { Cell } from './tiles';

/** Lines drawn at most; of more features every n-th is drawn. */
const most = 48;

export interface Series {
  /** Index along the axis that runs from left to right. */
  readonly x: readonly number[];
  readonly lines: readonly { readonly feature: number; readonly values: readonly (number | null)[] }[];
  /** Features there are. */
  readonly features: number;
  /** Whether x runs along the rows. */
  readonly alongRows: boolean;
  readonly tile: number;
}

export function seriesOf(picture: Picture, tile: number): Series {
  const { rows, columns, floats, reduction } = picture;
  const alongRows = rows > 1;
  const [length, features] = alongRows ? [rows, columns] : [columns, 1];
  const every = Math.ceil(features / most);
  const at = (place: number, feature: number): number | null => {
    const value = floats[tile * rows * columns + (alongRows ? place * columns + feature : place)] ?? NaN;
    return Number.isFinite(value) ? value : null;
  };
  return {
    x: Array.from({ length }, (_, place) => place * reduction), features, alongRows, tile,
    lines: Array.from({ length: Math.ceil(features / every) }, (_, line) => ({ feature: line * every, values: Array.from({ length }, (_unused, place) => at(place, line * every)) })),
  };
}

/** The cell of a point. */
export const cellOfPoint = ({ alongRows, tile }: Series, place: number, feature: number): Cell => (alongRows ? { tile, row: place, column: feature } : { tile, row: 0, column: place });
/** The point of a cell: its place along x and its feature. */
export const pointOfCell = ({ alongRows }: Series, { row, column }: Cell): { readonly place: number; readonly feature: number } => (alongRows ? { place: row, feature: column } : { place: column, feature: 0 });

/** The line nearest to a value at a place; null where all have a gap. */
export function nearestLine({ lines }: Series, place: number, value: number): number | null {
  let best: number | null = null, least = Infinity;
  lines.forEach(({ values }, line) => {
    const own = values[place];
    if (own === null || own === undefined || Math.abs(own - value) >= least) return;
    least = Math.abs(own - value);
    best = line;
  });
  return best;
}
