/** Parts of a tensor at full resolution: a window of a slice for the screen, or a whole slice to be kept. */
import { Failure } from './failure';
import type { SliceSpec } from './slice';
import { checkSlice, stridesOf } from './slice';
import { sizeOf } from './value';
import type { NumericArray, Shape, TensorValue } from './value';

/** A window of a slice: consecutive tiles, and of each the same rows and columns. */
export interface Part {
  readonly tile: number;
  readonly tiles: number;
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** Elements of a part at most: 256 KiB. */
export const maxPart = 65_536;

/**
 * The values of a window, `tiles × rows × columns`, each element as it is.
 * @throws Failure `slice.*` as `readSlice`, `slice.part` when the window lies outside or has more than `maxPart` elements.
 */
export function readPart(tensor: { readonly shape: Shape; readonly data: NumericArray }, slice: SliceSpec, part: Part): Float32Array<ArrayBuffer> {
  checkSlice(tensor.shape, slice);
  const extent = (axis: number | null): number => (axis === null ? 1 : tensor.shape[axis] ?? 1);
  const tileExtents = slice.tileAxes.map(extent);
  const inside = (from: number, count: number, all: number): boolean => Number.isInteger(from) && Number.isInteger(count) && from >= 0 && count >= 1 && from + count <= all;
  const { tile, tiles, row, rows, column, columns } = part;
  if (!inside(tile, tiles, sizeOf(tileExtents)) || !inside(row, rows, extent(slice.rowAxis)) || !inside(column, columns, extent(slice.columnAxis)) || tiles * rows * columns > maxPart) {
    throw new Failure('slice.part', `The window of ${tiles} × ${rows} × ${columns} elements from ${tile}, ${row}, ${column} does not fit the slice, or has more than ${maxPart} elements.`);
  }
  const strides = stridesOf(tensor.shape);
  const stride = (axis: number | null): number => (axis === null ? 0 : strides[axis] ?? 0);
  const base = Object.entries(slice.at).reduce((offset, [axis, index]) => offset + index * stride(Number(axis)), 0);
  const [rowStride, columnStride] = [stride(slice.rowAxis), stride(slice.columnAxis)];
  const values = new Float32Array(tiles * rows * columns);
  let to = 0;
  for (let at = tile; at < tile + tiles; at += 1) {
    let offset = base + row * rowStride + column * columnStride;
    for (let place = slice.tileAxes.length - 1, rest = at; place >= 0; place -= 1) {
      const count = tileExtents[place] ?? 1;
      offset += (rest % count) * stride(slice.tileAxes[place] ?? null);
      rest = Math.floor(rest / count);
    }
    for (let line = 0; line < rows; line += 1, offset += rowStride) {
      for (let place = 0, from = offset; place < columns; place += 1, from += columnStride) values[to++] = Number(tensor.data[from]);
    }
  }
  return values;
}

/** The tensor with the axes of `at` standing at an index and gone from its shape, as NumPy's `x[0, :, :, 3]`; its dtype stays. */
export function cutSlice(tensor: TensorValue, at: SliceSpec['at']): TensorValue {
  const strides = stridesOf(tensor.shape);
  const free = tensor.shape.map((_, axis) => axis).filter((axis) => at[axis] === undefined);
  const shape = free.map((axis) => tensor.shape[axis] ?? 1);
  const size = sizeOf(shape);
  const base = Object.entries(at).reduce((offset, [axis, index]) => offset + index * (strides[Number(axis)] ?? 0), 0);
  // Axes that stand are all in front: the elements lie side by side.
  if (free.every((axis, place) => place === 0 || axis === (free[place - 1] ?? 0) + 1) && (free.length === 0 || free.at(-1) === tensor.shape.length - 1)) {
    return { dtype: tensor.dtype, shape, data: tensor.data.slice(base, base + size) };
  }
  const data = tensor.data.slice(0, size);
  const index = shape.map(() => 0);
  for (let to = 0, from = base; to < size; to += 1) {
    const value = tensor.data[from];
    if (value !== undefined) data[to] = value;
    for (let place = free.length - 1; place >= 0; place -= 1) {
      const stride = strides[free[place] ?? 0] ?? 0, next = (index[place] ?? 0) + 1;
      if (next < (shape[place] ?? 0)) { index[place] = next; from += stride; break; }
      index[place] = 0;
      from -= stride * (next - 1);
    }
  }
  return { dtype: tensor.dtype, shape, data };
}
