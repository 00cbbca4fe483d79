/** Attributes of recorded kernels, read with their types. */
import type { AttributeValue, Op } from '../trace';

/** The attribute as numbers, one an axis: a single number stands for all. */
export function numbersOf(op: Op, name: string, axes: number, otherwise = 1): number[] {
  const value = op.attributes[name];
  if (typeof value === 'number') return new Array<number>(axes).fill(value);
  if (Array.isArray(value)) {
    const numbers = value.filter((item): item is number => typeof item === 'number');
    if (numbers.length === axes) return numbers;
    // [1, h, w, 1] is written for [h, w] by some graphs.
    if (numbers.length === axes + 2) return numbers.slice(1, -1);
  }
  return new Array<number>(axes).fill(otherwise);
}

export function numberOf(op: Op, name: string, otherwise: number): number {
  const value = op.attributes[name];
  return typeof value === 'number' ? value : otherwise;
}

export function textOf(op: Op, name: string): string | null {
  const value = op.attributes[name];
  return typeof value === 'string' ? value : null;
}

export const flagOf = (op: Op, name: string): boolean => op.attributes[name] === true;

/** Axes of a reduction, counted from the front; all of them when the attribute is absent. */
export function axesOf(value: AttributeValue, rank: number): number[] {
  const axes = typeof value === 'number' ? [value] : Array.isArray(value) ? value.filter((item): item is number => typeof item === 'number') : Array.from({ length: rank }, (_, axis) => axis);
  return axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
}
