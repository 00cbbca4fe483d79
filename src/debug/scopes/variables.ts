/** Variables that a client can unfold: values, tensors by axis, groups of names. Handles live for a stop, and a few more for clients that ask late. */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import { numbersOf } from '../expression/arrays';
import { tensorOf } from '../expression/values';
import type { TensorResult, Value } from '../expression/values';
import { formatNumber, formatValue, typeText } from '../format';
import type { NumberFormat } from '../format';

/** One line of the Variables view. */
export interface Entry {
  readonly name: string;
  /** Made when the line is shown; a Failure becomes its sentence. */
  readonly value: (format: NumberFormat) => string;
  readonly type: string;
  /** What to write in a watch to see it again. */
  readonly evaluateName: string | null;
  /** Which menus VS Code offers for it. */
  readonly isTensor: boolean;
  /** The whole gradient of one tensor: finite differences can be set beside it. */
  readonly isGradient?: boolean;
  readonly children: Container | null;
}

/** Children by number (axis of a tensor) or by name (a group). */
export interface Container {
  readonly indexed: number;
  readonly named: number;
  /** Children `start` … `start + count`, of numbered or named ones. */
  entries(start: number, count: number): readonly Entry[];
}

/** Handles of a stop; a handle is never used twice, so an old one cannot mean something new. */
export class Handles<T> {
  private readonly items = new Map<number, { readonly item: T; readonly stop: number }>();
  private next = 1;
  private stop = 0;
  private isUsed = false;

  /** @param kept for how many stops a handle still means what it meant: a client that steps fast asks late. */
  constructor(private readonly kept = 0) {}

  create(item: T): number {
    const handle = this.next++;
    this.items.set(handle, { item, stop: this.stop });
    this.isUsed = true;
    return handle;
  }

  /** @throws Failure `debug.handle` for a handle of an earlier stop that is not kept. */
  get(handle: number): T {
    const known = this.items.get(handle);
    if (known === undefined) throw new Failure('debug.handle', 'This value belongs to an earlier stop; the run has moved on since.');
    return known.item;
  }

  /** Whether it was of an earlier stop, kept or not. */
  isPast(handle: number): boolean {
    return handle >= 1 && handle < this.next && this.items.get(handle)?.stop !== this.stop;
  }

  has(handle: number): boolean {
    return this.items.has(handle);
  }

  /** The stop is over; said twice, it is over once. */
  clear(): void {
    if (this.isUsed) this.stop += 1;
    this.isUsed = false;
    for (const [handle, { stop }] of this.items) if (stop < this.stop - this.kept) this.items.delete(handle);
  }
}

export const typeOf = (value: Value): string => (typeof value === 'object' ? typeText(value.dtype, value.shape) : typeof value);

/** A value under a name. */
export function valueEntry(name: string, value: Value, evaluateName: string | null = null): Entry {
  return {
    name, evaluateName, type: typeOf(value), isTensor: typeof value === 'object' && value.shape.length > 0,
    value: (format) => formatValue(value, format), children: childrenOf(value, evaluateName),
  };
}

/** A value that is looked up only to be shown; without one (not computed yet), the line says why. */
export function lookedUpEntry(name: string, get: () => Value, evaluateName: string | null = null): Entry {
  try {
    return valueEntry(name, get(), evaluateName);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return textEntry(name, error.code === 'expression.later' ? error.message.replace(/^.* has no value yet: it is/, 'not yet:') : error.message);
  }
}

export const textEntry = (name: string, text: string): Entry => ({ name, value: () => text, type: '', evaluateName: null, isTensor: false, children: null });

/** Names under a common heading. */
export const groupEntry = (name: string, summary: string, entries: () => readonly Entry[]): Entry =>
  ({ name, value: () => summary, type: '', evaluateName: null, isTensor: false, children: groupOf(entries) });

export function groupOf(entries: () => readonly Entry[]): Container {
  let all: readonly Entry[] | null = null;
  const known = (): readonly Entry[] => (all ??= entries());
  return { indexed: 0, get named() { return known().length; }, entries: (start, count) => known().slice(start, start + count) };
}

/** A tensor's children: its parts along the first axis, down to numbers along the last. */
function childrenOf(value: Value, evaluateName: string | null): Container | null {
  if (typeof value !== 'object' || value.shape.length === 0) return null;
  const [extent = 0, ...inner] = value.shape;
  return {
    indexed: extent, named: 0,
    entries: (start, count) => Array.from({ length: Math.max(0, Math.min(count, extent - start)) }, (_, i) => childAt(value, inner, start + i, evaluateName)),
  };
}

function childAt(tensor: TensorResult, inner: readonly number[], index: number, parent: string | null): Entry {
  const size = sizeOf(inner), data = (): TensorResult => tensorOf(tensor.dtype, inner, tensor.data().subarray(index * size, (index + 1) * size));
  const evaluateName = parent === null ? null : `${parent}[${index}]`;
  if (inner.length > 0) return valueEntry(String(index), data(), evaluateName);
  const value = (format: NumberFormat): string => formatNumber(Number(numbersOf(data().data())[0]), tensor.dtype, format);
  return { name: String(index), value, type: tensor.dtype, evaluateName, isTensor: false, children: null };
}
