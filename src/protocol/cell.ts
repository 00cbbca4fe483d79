/** One output element of an op as the panel shows it: its terms, how they add up, and which elements of the inputs they read. */

export interface CellFactor { readonly tensor: number; readonly index: readonly number[]; readonly value: number }

export interface CellTerm {
  readonly factors: readonly CellFactor[];
  readonly value: number;
  /** What is done with the factors where it is not their product: `exp(x − max)`. */
  readonly text: string | null;
  /** The terms up to this one, combined. */
  readonly total: number;
}

/** A box of elements that the terms read; parts outside the tensor are padding. */
export interface CellWindow {
  readonly tensor: number;
  readonly start: readonly number[];
  readonly extent: readonly number[];
  /** Distance between the elements read: 1 without dilation. */
  readonly step: readonly number[];
}

/** The terms laid out as the elements of the first factor lie in its tensor; a tile a channel, or an example. */
export interface CellPatch {
  readonly rows: number;
  readonly columns: number;
  /** What the tiles are called (`[…, 3]`), as many as are sent; and how many there are. */
  readonly tiles: readonly string[];
  readonly allTiles: number;
  /** True when the terms are a plain list, folded into rows. */
  readonly folded: boolean;
  /** The factors' tensors, and their values a cell: `tiles × rows × columns`. */
  readonly factors: readonly { readonly tensor: number; readonly values: readonly number[] }[];
  readonly terms: readonly number[];
  /** Number of the term in each cell; -1 where the kernel lies on padding. */
  readonly numbers: readonly number[];
}

export interface CellView {
  readonly tensor: number;
  readonly index: readonly number[];
  /** Number of the element among those of the op's outputs, row-major, and how many there are. */
  readonly element: number;
  readonly elements: number;
  readonly combine: 'sum' | 'product' | 'max' | 'min' | 'any' | 'all';
  /** All terms; those sent are the first ones. */
  readonly count: number;
  readonly terms: readonly CellTerm[];
  /** Number of the term that won a maximum or minimum. */
  readonly winner: number | null;
  readonly total: number;
  readonly finish: readonly { readonly text: string; readonly value: number }[];
  /** What the arithmetic gives at its end, and what the kernel gave. */
  readonly value: number;
  readonly shown: number;
  readonly windows: readonly CellWindow[];
  readonly patch: CellPatch | null;
  /** Names of the factors' tensors and of the output in the listing. */
  readonly names: Readonly<Record<number, string>>;
}
