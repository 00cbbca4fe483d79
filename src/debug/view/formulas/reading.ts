/** One op as the formula tables see it: names in TeX, shapes and attributes of its arguments. */
import type { AttributeValue, Op } from '../../../engine/trace';
import { texName, texNumber } from '../tex';
import type { TraceIndex } from '../trace-index';

/** KaTeX source, and one sentence on what it sums over or does. */
export interface Explained { readonly formula: string; readonly explanation: string }
export type FormulaTable = Readonly<Record<string, (reading: Reading) => Explained>>;

export class Reading {
  constructor(readonly op: Op, readonly index: TraceIndex) {}

  /** The op's first output. */
  get out(): string { return this.name(this.op.outputs[0]); }
  get outShape(): readonly number[] { return this.index.shape(this.op.outputs[0]); }

  /** A tensor by its name in the listing; a scalar constant by its value. */
  name(id: number | undefined): string {
    const tensor = this.index.tensor(id);
    if (id === undefined || tensor === undefined) return '\\cdot';
    const name = this.index.names.get(id);
    if (name !== undefined) return texName(name);
    return tensor.shape.length === 0 ? texNumber(Number(tensor.read().data[0])) : '\\cdot';
  }

  input(argument: string): string { return this.name(this.op.inputs[argument]); }
  has(argument: string): boolean { return this.op.inputs[argument] !== undefined; }
  shape(argument: string): readonly number[] { return this.index.shape(this.op.inputs[argument]); }
  /** All inputs in order. */
  get inputs(): readonly string[] { return Object.values(this.op.inputs).map((id) => this.name(id)); }

  attribute(name: string): AttributeValue { return this.op.attributes[name]; }
  number(name: string, otherwise = 0): number {
    const value = this.op.attributes[name];
    return typeof value === 'number' ? value : otherwise;
  }

  /** An attribute that is a list of numbers, or one number for all of `length` places. */
  numbers(name: string, length: number, otherwise = 1): number[] {
    const value = this.op.attributes[name];
    if (Array.isArray(value)) return value.filter((entry): entry is number => typeof entry === 'number');
    return new Array<number>(length).fill(typeof value === 'number' ? value : otherwise);
  }
}
