/** Which part of a tensor becomes a picture: default slices by shape and use, and reading a slice without copying the rest. */
import { Failure } from './failure';
import { sizeOf } from './value';
import type { NumericArray, Shape } from './value';

/**
 * Which part of a tensor to show: two axes become a tile, further ones a grid of tiles, the rest stand at one index.
 * Absent `slice` means the default for its shape and use: a conv kernel `[h, w, in, out]` as tiles `[in × out]`, an
 * activation `[batch, h, w, channels]` as a tile a channel of one example, a matrix as one heat map, a vector as one row.
 */
export interface SliceSpec {
  /** Axes that number the tiles, outermost first (none: a single tile). */
  readonly tileAxes: readonly number[];
  /** Axis that runs downwards, null for a single row. */
  readonly rowAxis: number | null;
  readonly columnAxis: number | null;
  /** Index of every other axis, by axis number. */
  readonly at: Readonly<Record<number, number>>;
}

/** A weight `[…, in, out]` or an activation `[batch, …, channels]`; `-first` as PyTorch and ONNX lay them out, `[out, in, …]` and `[batch, channels, …]`. */
export type TensorUse = 'weight' | 'activation' | 'weight-first' | 'activation-first';

const slice = (tileAxes: readonly number[], rowAxis: number | null, columnAxis: number | null, at: Readonly<Record<number, number>> = {}): SliceSpec =>
  ({ tileAxes, rowAxis, columnAxis, at });

/** The slice shown when none was asked for; `example` is the index along an activation's batch axis (clamped to it). */
export function defaultSlice(shape: Shape, use: TensorUse, example = 0): SliceSpec {
  const rank = shape.length;
  if (rank === 0) return slice([], null, null);
  if (rank === 1) return slice([], null, 0);
  if (rank === 2) return slice([], 0, 1);
  const shown = Math.max(0, Math.min(Math.trunc(example), (shape[0] ?? 1) - 1));
  if (use === 'activation-first' && rank >= 4 && rank <= 5) return slice(rank === 4 ? [1] : [1, 2], rank - 2, rank - 1, { 0: shown });
  if (use === 'weight-first' && rank >= 4 && rank <= 5) return slice([1, 0], rank - 2, rank - 1, rank === 4 ? {} : { 2: 0 });
  if (use === 'activation' || use === 'activation-first') {
    if (rank === 3) return slice([], 1, 2, { 0: shown });
    if (rank === 4) return slice([3], 1, 2, { 0: shown });
    if (rank === 5) return slice([1, 4], 2, 3, { 0: shown });
    return slice([], rank - 2, rank - 1, Object.fromEntries(shape.slice(0, -2).map((_, axis) => [axis, axis === 0 ? shown : 0])));
  }
  // [taps, in, out] of Conv1D, [width, heads, key width] of attention: a tile a tap or a head, whichever are fewer.
  if (rank === 3) return (shape[1] ?? 0) < (shape[0] ?? 0) ? slice([1], 0, 2) : slice([0], 1, 2);
  if (rank === 4) return slice([2, 3], 0, 1);
  if (rank === 5) return slice([3, 4], 1, 2, { 0: 0 });
  return slice([], rank - 2, rank - 1, Object.fromEntries(shape.slice(0, -2).map((_, axis) => [axis, 0])));
}

/** @throws Failure `slice.axis` or `slice.index` when an axis is missing, named twice or unknown, or an index lies outside. */
export function checkSlice(shape: Shape, { tileAxes, rowAxis, columnAxis, at }: SliceSpec): void {
  const fixed = Object.keys(at).map(Number);
  const axes = [...tileAxes, ...[rowAxis, columnAxis].filter((axis) => axis !== null), ...fixed];
  const once = new Set(axes);
  if (once.size !== axes.length || axes.length !== shape.length || axes.some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= shape.length)) {
    throw new Failure('slice.axis', `The slice must name each of the ${shape.length} axes of [${shape.join(', ')}] once; it names ${axes.join(', ') || 'none'}.`);
  }
  for (const axis of fixed) {
    const index = at[axis] ?? -1, extent = shape[axis] ?? 0;
    if (!Number.isInteger(index) || index < 0 || index >= Math.max(1, extent)) {
      throw new Failure('slice.index', `Index ${index} of axis ${axis} lies outside [${shape.join(', ')}]: 0 to ${extent - 1} are possible.`);
    }
  }
}

export interface SlicedValues {
  readonly slice: SliceSpec;
  readonly tiles: number;
  readonly rows: number;
  readonly columns: number;
  readonly tileExtents: readonly number[];
  /** 1 when every element is there, n when each value is the mean of an n × n block (smaller at the edges). */
  readonly reduction: number;
  /** tiles × rows × columns values, in that order; its buffer is exactly as long. */
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * Reads a slice as float32. When it has more than `maxElements`, tiles are reduced by the smallest whole factor that fits; when
 * even one value a tile is too much, the outermost tile axes stand at index 0. NaN and infinity survive the reduction.
 */
export function readSlice(tensor: { readonly shape: Shape; readonly data: NumericArray }, wanted: SliceSpec, maxElements: number): SlicedValues {
  checkSlice(tensor.shape, wanted);
  const fitted = fitTiles(tensor.shape, wanted, Math.max(1, maxElements));
  const extent = (axis: number | null): number => (axis === null ? 1 : tensor.shape[axis] ?? 1);
  const strides = stridesOf(tensor.shape);
  const stride = (axis: number | null): number => (axis === null ? 0 : strides[axis] ?? 0);
  const tileExtents = fitted.tileAxes.map(extent);
  const tiles = sizeOf(tileExtents), rows = extent(fitted.rowAxis), columns = extent(fitted.columnAxis);
  const reduction = factorFor(tiles, rows, columns, Math.max(1, maxElements));
  const base = Object.entries(fitted.at).reduce((offset, [axis, index]) => offset + index * stride(Number(axis)), 0);
  const layout: Layout = {
    offsets: tileOffsets(tileExtents, fitted.tileAxes.map(stride), base),
    rows, columns, rowStride: stride(fitted.rowAxis), columnStride: stride(fitted.columnAxis), reduction,
  };
  return {
    slice: fitted, tiles, tileExtents, reduction,
    rows: Math.ceil(rows / reduction), columns: Math.ceil(columns / reduction),
    values: reduction === 1 ? copy(tensor.data, layout) : reduce(tensor.data, layout),
  };
}

interface Layout { readonly offsets: readonly number[]; readonly rows: number; readonly columns: number; readonly rowStride: number; readonly columnStride: number; readonly reduction: number }

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis -= 1) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return strides;
}

/** Index of the element at a row-major place. */
export function indexAt(shape: Shape, place: number): number[] {
  let rest = place;
  return stridesOf(shape).map((stride) => { const at = Math.floor(rest / stride); rest -= at * stride; return at; });
}

/** Row-major place of the element at an index. */
export function placeAt(shape: Shape, index: readonly number[]): number {
  return stridesOf(shape).reduce((sum, stride, axis) => sum + stride * (index[axis] ?? 0), 0);
}

function fitTiles(shape: Shape, wanted: SliceSpec, maxElements: number): SliceSpec {
  const at: Record<number, number> = { ...wanted.at };
  const tileAxes = [...wanted.tileAxes];
  while (tileAxes.length > 0 && sizeOf(tileAxes.map((axis) => shape[axis] ?? 1)) > maxElements) {
    const dropped = tileAxes.shift();
    if (dropped !== undefined) at[dropped] = 0;
  }
  return { ...wanted, tileAxes, at };
}

function factorFor(tiles: number, rows: number, columns: number, maxElements: number): number {
  let factor = Math.max(1, Math.floor(Math.sqrt((tiles * rows * columns) / maxElements)));
  while (factor < Math.max(rows, columns) && tiles * Math.ceil(rows / factor) * Math.ceil(columns / factor) > maxElements) factor += 1;
  return factor;
}

function tileOffsets(extents: readonly number[], strides: readonly number[], base: number): number[] {
  return extents.reduce<number[]>((offsets, extent, axis) =>
    offsets.flatMap((offset) => Array.from({ length: extent }, (_, index) => offset + index * (strides[axis] ?? 0))), [base]);
}

function copy(data: NumericArray, { offsets, rows, columns, rowStride, columnStride }: Layout): Float32Array<ArrayBuffer> {
  const values = new Float32Array(offsets.length * rows * columns);
  let to = 0;
  for (const offset of offsets) {
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0, from = offset + row * rowStride; column < columns; column += 1, from += columnStride) values[to++] = Number(data[from]);
    }
  }
  return values;
}

/** Means of blocks, summed in double precision one output row at a time. */
function reduce(data: NumericArray, { offsets, rows, columns, rowStride, columnStride, reduction }: Layout): Float32Array<ArrayBuffer> {
  const outRows = Math.ceil(rows / reduction), outColumns = Math.ceil(columns / reduction);
  const values = new Float32Array(offsets.length * outRows * outColumns);
  const sums = new Float64Array(outColumns);
  let to = 0;
  for (const offset of offsets) {
    for (let top = 0; top < rows; top += reduction) {
      const bottom = Math.min(rows, top + reduction);
      sums.fill(0);
      for (let row = top; row < bottom; row += 1) addRow(sums, data, offset + row * rowStride, columns, columnStride, reduction);
      for (let block = 0; block < outColumns; block += 1) {
        const width = Math.min(reduction, columns - block * reduction);
        values[to++] = (sums[block] ?? 0) / ((bottom - top) * width);
      }
    }
  }
  return values;
}

/** Adds a row's elements to the sums of their blocks. By itself it is compiled sooner than within the loops over rows. */
function addRow(sums: Float64Array, data: NumericArray, start: number, columns: number, stride: number, reduction: number): void {
  for (let block = 0, column = 0, from = start; block < sums.length; block += 1) {
    let sum = 0;
    for (const end = Math.min(columns, column + reduction); column < end; column += 1, from += stride) sum += Number(data[from]);
    sums[block] = (sums[block] ?? 0) + sum;
  }
}
