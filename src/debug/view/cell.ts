/** The element under the cursor for the panel: the first of its terms, the patch of the input that they read, and the windows to outline. */
import { runningTotals } from '../../engine/cells/arithmetic';
import type { Arithmetic, Factor, Term } from '../../engine/cells/arithmetic';
import type { CellPatch, CellView, CellWindow } from '../../protocol/cell';
import { Failure } from '../../tensor/failure';
import { arithmeticAt } from '../cells';
import type { View } from '../place';

const maxTerms = 200;
/** Cells of a patch that are sent; whole tiles, at least one. */
const maxPatch = 1200;

/** Null at other depths, and for an element whose terms cannot be had. */
export function cellView(view: View): CellView | null {
  let arithmetic: Arithmetic | null;
  try {
    arithmetic = arithmeticAt(view);
  } catch (error) {
    if (error instanceof Failure) return null; // the debugger's own scope says the sentence
    throw error;
  }
  if (arithmetic === null) return null;
  const { output, index, terms, combine, winner, total, finish, value, shown } = arithmetic;
  const totals = runningTotals({ combine, terms: terms.slice(0, maxTerms) });
  const windows = windowsOf(arithmetic);
  return {
    tensor: output, index, element: view.cursor.cell ?? 0, elements: view.steps.cells(view.cursor.op), combine, count: terms.length, winner, total, finish, value, shown,
    terms: terms.slice(0, maxTerms).map(({ factors, value: product, text }, at) => ({ factors, value: product, text: text ?? null, total: totals[at] ?? NaN })),
    windows, patch: patchOf(terms, windows),
    names: Object.fromEntries([output, ...windows.map(({ tensor }) => tensor)].map((tensor) => [tensor, view.listing.names.get(tensor) ?? 'constant'])),
  };
}

/** The windows that the rule names, and for all other tensors the box around the elements that the terms read. */
function windowsOf({ windows, terms }: Arithmetic): readonly CellWindow[] {
  const boxes = new Map<number, { readonly low: number[]; readonly high: number[] }>();
  for (const { factors } of terms) {
    for (const { tensor, index } of factors) {
      const box = boxes.get(tensor);
      if (box === undefined) boxes.set(tensor, { low: [...index], high: [...index] });
      else index.forEach((at, axis) => { box.low[axis] = Math.min(box.low[axis] ?? at, at); box.high[axis] = Math.max(box.high[axis] ?? at, at); });
    }
  }
  const found = [...boxes].filter(([tensor]) => windows.every((window) => window.tensor !== tensor));
  return [...windows, ...found.map(([tensor, { low, high }]) => ({ tensor, start: low, extent: high.map((at, axis) => at - (low[axis] ?? 0) + 1), step: low.map(() => 1) }))];
}

/** Where a term lies in the patch. */
interface Spot { readonly tile: number; readonly row: number; readonly column: number }
interface Layout { readonly rows: number; readonly columns: number; readonly tiles: readonly string[]; readonly folded: boolean; readonly spot: (factor: Factor, at: number) => Spot }

/** Values along an axis that the elements take, in order; the window's own where it says so, so that padding has its place. */
function positions(terms: readonly Term[], which: number, axis: number, window: CellWindow | undefined): number[] {
  if (window !== undefined) {
    const start = window.start[axis] ?? 0, step = Math.max(1, window.step[axis] ?? 1);
    return Array.from({ length: Math.ceil((window.extent[axis] ?? 1) / step) }, (_, i) => start + i * step);
  }
  return [...new Set(terms.map(({ factors }) => factors[which]?.index[axis] ?? 0))].sort((a, b) => a - b);
}

/** Rows and columns of a list that is folded. */
const foldAt = (count: number): number => (count <= 8 ? count : count <= 64 ? 8 : 20);

function layoutOf(terms: readonly Term[], windows: readonly CellWindow[]): Layout {
  const first = terms[0]?.factors[0];
  const window = windows.find(({ tensor }) => tensor === first?.tensor);
  const axes = (first?.index ?? []).map((_, axis) => positions(terms, 0, axis, window));
  const varying = axes.flatMap((values, axis) => (values.length > 1 ? [axis] : []));
  const rank = axes.length, cells = axes.reduce((product, { length }) => product * length, 1);
  // Elements of images: spatial axes become rows and columns, the others (channels or examples) tiles.
  const spatial = varying.filter((axis) => axis > 0 && axis < rank - 1).slice(-2);
  const [rowAxis, columnAxis] = rank >= 4 && spatial.length === 2 ? spatial : varying.length === 2 ? varying : [];
  // A list, or terms that do not lie on a grid (the same element twice).
  if (rowAxis === undefined || columnAxis === undefined || cells < terms.length) {
    const columns = foldAt(terms.length);
    return { rows: Math.ceil(terms.length / columns), columns, tiles: [''], folded: true, spot: (_, at) => ({ tile: 0, row: Math.floor(at / columns), column: at % columns }) };
  }
  const tileAxes = varying.filter((axis) => axis !== rowAxis && axis !== columnAxis);
  const places = axes.map((values) => new Map(values.map((value, place) => [value, place])));
  const at = (axis: number, index: readonly number[]): number => places[axis]?.get(index[axis] ?? 0) ?? 0;
  let names: number[][] = [[]];
  for (const axis of tileAxes) names = names.flatMap((name) => (axes[axis] ?? []).map((value) => [...name, value]));
  const label = (name: readonly number[]): string => `[${axes.map((values, axis) => (axis === rowAxis || axis === columnAxis ? ':' : String(name[tileAxes.indexOf(axis)] ?? values[0] ?? 0))).join(', ')}]`;
  return {
    rows: axes[rowAxis]?.length ?? 1, columns: axes[columnAxis]?.length ?? 1, tiles: names.map(label), folded: false,
    spot: ({ index }) => ({ tile: tileAxes.reduce((tile, axis) => tile * (axes[axis]?.length ?? 1) + at(axis, index), 0), row: at(rowAxis, index), column: at(columnAxis, index) }),
  };
}

/** The terms as a picture; null when there is just one, or when they read different numbers of elements. */
export function patchOf(terms: readonly Term[], windows: readonly CellWindow[]): CellPatch | null {
  const [first] = terms;
  if (first === undefined || terms.length < 2 || first.factors.length === 0 || terms.some(({ factors }) => factors.length !== first.factors.length)) return null;
  const { rows, columns, tiles, folded, spot } = layoutOf(terms, windows);
  const shown = Math.max(1, Math.min(tiles.length, Math.floor(maxPatch / (rows * columns))));
  const size = Math.min(shown * rows * columns, 2 * maxPatch);
  const numbers = new Array<number>(size).fill(-1);
  terms.forEach((term, number) => {
    const [factor] = term.factors;
    if (factor === undefined) return;
    const { tile, row, column } = spot(factor, number), at = (tile * rows + row) * columns + column;
    if (at < size) numbers[at] = number;
  });
  const sent = folded ? Math.ceil(Math.min(rows, size / columns)) : rows;
  const cells = <T>(values: readonly T[]): readonly T[] => values.slice(0, shown * sent * columns);
  const each = (value: (term: Term) => number): readonly number[] => cells(numbers.map((number) => { const term = terms[number]; return term === undefined ? 0 : value(term); }));
  return {
    rows: sent, columns, tiles: tiles.slice(0, shown), allTiles: tiles.length, folded,
    // A tensor of its own for each factor: what differs from term to term (a list of tensors) goes by its first.
    factors: first.factors.map(({ tensor }, which) => ({ tensor, values: each(({ factors }) => factors[which]?.value ?? 0) })),
    terms: each(({ value }) => value), numbers: cells(numbers),
  };
}
