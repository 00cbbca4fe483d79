/** How large tensors can be: what a file claims beyond that is shown and named, but never taken for a number to compute with. */
import { sizeOf } from '../tensor/value';
import { describeShape, product } from './kinds/kind';
import type { WeightSpec } from './kinds/kind';
import type { SymbolicShape } from './network';

/** Bytes of the largest tensor that can be computed with: WebAssembly's memory, and what JavaScript reads in one piece. */
const largest = 2 ** 32;
/** Elements of a weight that no model has; sums over layers of larger ones would no longer be exact. */
const countless = 2 ** 35;

/** A number that arithmetic has kept exact, or null. */
export const exact = (value: number | null): number | null => (value !== null && value <= Number.MAX_SAFE_INTEGER ? value : null);

/** True for an output of which one example does not fit into any tensor; unknown extents count as 1, elements as 4 bytes. */
export function tooLarge(shape: SymbolicShape | undefined): boolean {
  return shape !== undefined && (product(shape.slice(1).map((extent) => extent ?? 1)) ?? 0) * 4 > largest;
}

/** True for a weight's shape whose elements can be counted, and summed with those of other weights. */
export const countable = (shape: readonly number[]): boolean => sizeOf(shape) <= countless;

/** Why a layer with these outputs cannot run, or null. */
export function outputProblem(shapes: readonly SymbolicShape[]): string | null {
  const shape = shapes.find(tooLarge);
  return shape === undefined ? null : `its output ${describeShape(shape)} takes more than the 4 GiB for each example that a tensor can have, so it can be shown but not run`;
}

/** Why a layer with these weights cannot run, or null; not `countable` when their sizes are no numbers of elements. */
export function weightProblem(specs: readonly WeightSpec[]): { readonly problem: string | null; readonly countable: boolean } {
  const spec = specs.reduce<WeightSpec | null>((worst, one) => (sizeOf(one.shape) * 4 > largest && (worst === null || sizeOf(one.shape) > sizeOf(worst.shape)) ? one : worst), null);
  if (spec === null) return { problem: null, countable: true };
  const counts = countable(spec.shape);
  return { problem: `its weight ${spec.name} ${describeShape(spec.shape)} takes more than the 4 GiB that a tensor can have, so it can be shown but not run${counts ? '' : ', and is left out of all sums'}`, countable: counts };
}
