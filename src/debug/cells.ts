/** Output elements of an op, numbered row-major through its outputs one after the other, and the arithmetic of the one under the cursor. */
import type { Arithmetic, Values } from '../engine/cells/arithmetic';
import { arithmeticOf, hasCells } from '../engine/cells/cells';
import type { Op, Trace } from '../engine/trace';
import { Failure } from '../tensor/failure';
import { stridesOf } from '../tensor/slice';
import { sizeOf } from '../tensor/value';
import type { Place, View } from './place';

/** An element of an output: the output's number and tensor, and the index in it. */
export interface CellPlace { readonly which: number; readonly tensor: number; readonly index: readonly number[] }

/** Elements of an output; 0 for what has no arithmetic (text, complex numbers). */
function elementsOf(trace: Trace, output: number): number {
  const tensor = trace.tensors.get(output);
  return tensor === undefined || tensor.dtype === 'string' || tensor.dtype === 'complex64' ? 0 : sizeOf(tensor.shape);
}

/** How many output elements Step Into can go to; 0 for an op that cannot be taken apart. */
export function cellCount(trace: Trace, op: Op | undefined): number {
  return op === undefined || !hasCells(op) ? 0 : op.outputs.reduce((sum, output) => sum + elementsOf(trace, output), 0);
}

/** The element with this number; the nearest one when there are fewer. Null for an op without any. */
export function cellPlace(trace: Trace, op: Op | undefined, cell: number): CellPlace | null {
  const count = cellCount(trace, op);
  if (op === undefined || count === 0) return null;
  let rest = Math.max(0, Math.min(count - 1, cell));
  for (const [which, tensor] of op.outputs.entries()) {
    const size = elementsOf(trace, tensor);
    if (rest < size) {
      const index = stridesOf(trace.tensors.get(tensor)?.shape ?? []).map((stride) => { const at = Math.floor(rest / stride); rest %= stride; return at; });
      return { which, tensor, index };
    }
    rest -= size;
  }
  return null;
}

/** Number of the element with this index in the first output that `accepts`; null when no such output has it. */
export function cellNumber(trace: Trace, op: Op | undefined, index: readonly number[], accepts: (tensor: number, shape: readonly number[]) => boolean): number | null {
  if (cellCount(trace, op) === 0) return null;
  let before = 0;
  for (const tensor of op?.outputs ?? []) {
    const shape = trace.tensors.get(tensor)?.shape ?? [], size = elementsOf(trace, tensor);
    const holds = index.length === shape.length && index.every((at, axis) => Number.isInteger(at) && at >= 0 && at < (shape[axis] ?? 0));
    if (size > 0 && holds && accepts(tensor, shape)) return before + stridesOf(shape).reduce((sum, stride, axis) => sum + stride * (index[axis] ?? 0), 0);
    before += size;
  }
  return null;
}

/** Number of the element that is largest in absolute value; the first one of a tie. */
export function largestCell({ trace, reader }: Place, op: Op | undefined): number {
  let best = -1, cell = 0, before = 0;
  for (const output of op?.outputs ?? []) {
    const tensor = trace.tensors.get(output), size = elementsOf(trace, output);
    if (tensor === undefined || size === 0) continue;
    const { data } = reader.read(tensor);
    for (let at = 0; at < size; at += 1) {
      const value = Math.abs(Number(data[at]));
      if (value > best) { best = value; cell = before + at; }
    }
    before += size;
  }
  return cell;
}

const known = new WeakMap<Trace, { readonly op: number; readonly cell: number; readonly arithmetic: Arithmetic }>();

/** The arithmetic of the element under the cursor, kept until another is asked for; null at other depths. @throws Failure `cell.…` */
export function arithmeticAt({ trace, cursor, reader }: View): Arithmetic | null {
  const op = trace.ops[cursor.op];
  if (cursor.depth !== 'cell' || op === undefined) return null;
  const cell = cursor.cell ?? 0, last = known.get(trace);
  if (last?.op === cursor.op && last.cell === cell) return last.arithmetic;
  const place = cellPlace(trace, op, cell);
  if (place === null) return null;
  const values = new Map<number, Values>();
  const read = (id: number): Values => {
    const found = values.get(id), tensor = trace.tensors.get(id);
    if (found !== undefined) return found;
    if (tensor === undefined) throw new Failure('cell.tensor', `Tensor ${id} was not kept by the run, so this element cannot be taken apart.`);
    const { data, shape } = reader.read(tensor);
    const made: Values = { tensor: id, shape, strides: stridesOf(shape), data };
    values.set(id, made);
    return made;
  };
  const arithmetic = arithmeticOf(op, place.index, read, place.which);
  known.set(trace, { op: cursor.op, cell, arithmetic });
  return arithmetic;
}

/** `conv_1[0, 3, 4, 2]`; a scalar is its name alone. */
export const elementText = (name: string, index: readonly number[]): string => (index.length === 0 ? name : `${name}[${index.join(', ')}]`);

/** The element under the cursor by its name in the listing; null at other depths. */
export function cellName({ trace, cursor, listing }: View): string | null {
  const op = trace.ops[cursor.op], place = cursor.depth === 'cell' ? cellPlace(trace, op, cursor.cell ?? 0) : null;
  return place === null ? null : elementText(listing.names.get(place.tensor) ?? op?.kernel ?? 'op', place.index);
}
