/** Sparse constants of TFLite models: the values that are not zero, with the places at which they stand. `SparsityParameters` in tensorflow/lite/schema/schema.fbs */
import { Failure } from '../../tensor/failure';
import type { FlatTable } from './flat-table';

/** A level of the nested loops over a tensor, outermost first. */
interface Level {
  /** How many indices it has, where all are written. */
  readonly size: number;
  /** Where the entries of each index of the level above begin, and their indices; null where all are written. */
  readonly entries: { readonly segments: readonly number[]; readonly indices: readonly number[] } | null;
}

export interface Sparsity {
  /** The axis of each level; from the rank on, the numbers of blocks. */
  readonly order: readonly number[];
  /** The axis that each block divides. */
  readonly blocks: readonly number[];
  readonly levels: readonly Level[];
}

/** Tensors have up to eight axes, each of which may be divided. */
const deepest = 16;

/** A list of whole numbers, which the file keeps in 32, 16 or 8 bits. */
function numbersOf(kind: number, list: FlatTable | null): readonly number[] {
  if (list === null) return [];
  return kind === 1 ? list.int32s(0) : kind === 2 ? list.uint16s(0) : kind === 3 ? Array.from(list.bytes8(0)) : [];
}

/** `SparsityParameters` of a tensor; null for a dense one. */
export function sparsityFrom(table: FlatTable | null): Sparsity | null {
  if (table === null) return null;
  const levels = table.tables(2).map((level): Level => ({ size: level.int32(1), entries: level.int8(0) === 1 ? { segments: numbersOf(level.int8(2), level.table(3)), indices: numbersOf(level.int8(4), level.table(5)) } : null }));
  return { order: table.int32s(0), blocks: table.int32s(1), levels };
}

/**
 * For each stored value, its place in the dense tensor of `shape`. `what` names the tensor in errors.
 * @throws Failure `tflite.sparse` when the levels do not fit the shape or the number of values
 */
export function placesOf({ order, blocks, levels }: Sparsity, shape: readonly number[], stored: number, what: string): Int32Array {
  const damaged = (): Failure => new Failure('tflite.sparse', `${what} is sparse, but what says where its values stand does not fit its shape (${shape.join(', ')}).`);
  const rank = shape.length;
  // Blocks divide an axis: its own level counts blocks, theirs the places inside.
  const blockSizes = blocks.map((_, block) => levels[order.indexOf(rank + block)]?.size ?? 0);
  const unsorted = levels.some(({ entries }) => entries?.segments.some((at, index) => at < (entries.segments[index - 1] ?? 0)) === true);
  if (unsorted || order.length > deepest || order.length !== levels.length || order.length !== rank + blocks.length || new Set(order).size !== order.length || blockSizes.some((size) => size < 1)) throw damaged();
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const within = shape.map((_, axis) => blocks.reduce((product, divided, block) => (divided === axis ? product * (blockSizes[block] ?? 1) : product), 1));
  // How far one index of a level moves in the dense tensor.
  const steps = order.map((axis) => (axis < rank ? (strides[axis] ?? 0) * (within[axis] ?? 1) : (strides[blocks[axis - rank] ?? 0] ?? 0) * blocks.slice(axis - rank + 1).reduce((product, divided, later) => (divided === blocks[axis - rank] ? product * (blockSizes[axis - rank + 1 + later] ?? 1) : product), 1)));
  const places = new Int32Array(stored);
  const size = shape.reduce((product, extent) => product * extent, 1);
  let count = 0;
  const visit = (depth: number, parent: number, offset: number): void => {
    const level = levels[depth];
    if (level === undefined) {
      if (count >= stored || offset >= size) throw damaged();
      places[count] = offset;
      count += 1;
      return;
    }
    const step = steps[depth] ?? 0;
    if (level.entries === null) {
      for (let index = 0; index < level.size; index += 1) visit(depth + 1, parent * level.size + index, offset + index * step);
      return;
    }
    const { segments, indices } = level.entries;
    const [from = 0, to = 0] = [segments[parent], segments[parent + 1]];
    if (from < 0 || to > indices.length) throw damaged();
    for (let entry = from; entry < to; entry += 1) visit(depth + 1, entry, offset + (indices[entry] ?? 0) * step);
  };
  // Levels that are written whole and lead to nothing would take for ever.
  if (levels.reduce((most, { size: wide, entries }) => (entries === null ? most * Math.max(1, wide) : Math.max(1, entries.indices.length)), 1) > Math.max(2 * size, 1024)) throw damaged();
  visit(0, 0, 0);
  if (count !== stored) throw damaged();
  return places;
}
