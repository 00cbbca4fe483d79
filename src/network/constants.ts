/** Constants among the arguments of a Keras 3 graph (`__tensor__`, `__numpy__`): numbers that a program has put into `x * table` or `matmul(x, basis)`. */
import type { Argument, Json, SymbolicShape } from './network';

export interface Constant { readonly values: readonly number[]; readonly shape: readonly number[]; readonly dtype: string }

/** A constant as Keras writes it, or null for any other value. */
export function constantOf(value: unknown): Constant | null {
  if (typeof value !== 'object' || value === null || !('class_name' in value) || !('config' in value)) return null;
  const { class_name: type, config } = value;
  if ((type !== '__tensor__' && type !== '__numpy__') || typeof config !== 'object' || config === null || !('value' in config)) return null;
  const shape = listShape(config.value);
  const values = shape === null ? null : numbersIn(config.value);
  return shape === null || values === null ? null : { values, shape, dtype: 'dtype' in config && typeof config.dtype === 'string' ? config.dtype : 'float32' };
}

/** Extents of numbers in nested lists of equal lengths; null for anything else. */
export function listShape(value: unknown): readonly number[] | null {
  if (typeof value === 'number' || typeof value === 'boolean') return [];
  if (!Array.isArray(value)) return null;
  const [first] = value as readonly unknown[];
  const inner = value.length === 0 ? [] : listShape(first);
  return inner === null ? null : [value.length, ...inner];
}

/** All numbers of nested lists; null when they are not all as deep and as long as the first. */
function numbersIn(value: unknown): number[] | null {
  const shape = listShape(value);
  if (shape === null) return null;
  const found = [value].flat(32).map(Number);
  return found.length === shape.reduce((all, extent) => all * extent, 1) && found.every((item) => !Number.isNaN(item)) ? found : null;
}

/** The shape of an operand: of its tensor, of a constant, of a list of numbers, or [] for a number; null for what is none of them. */
export function operandShape(argument: Argument | undefined, shapesIn: (argument: Argument) => readonly SymbolicShape[]): SymbolicShape | null {
  if (argument === undefined) return null;
  if (argument.kind !== 'value') return shapesIn(argument)[0] ?? null;
  const value: Json = argument.value;
  return constantOf(value)?.shape ?? listShape(value);
}
