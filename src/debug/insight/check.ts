/** A gradient of the iteration under the cursor beside finite differences of the loss. */
import { allowed, allowedOfLargest, checkedBy, checkGradient, worstFirst } from '../../engine/check/gradient-check';
import type { CheckedElement } from '../../engine/check/gradient-check';
import type { Run } from '../../engine/run';
import type { CheckRequest, CheckView } from '../../protocol/insight';
import { Failure } from '../../tensor/failure';
import { indexAt } from '../../tensor/slice';
import { sizeOf } from '../../tensor/value';
import type { View } from '../place';
import type { Asking } from './questions';

/** Elements that are listed. */
const listed = 6;

const size = (recorded: number, numeric: number): number => Math.max(Math.abs(recorded), Math.abs(numeric));
const errorOf = ({ recorded, numeric }: CheckedElement): number => (recorded === numeric ? 0 : Math.abs(recorded - numeric) / size(recorded, numeric));

/** @throws Failure `check.gradient` for a tensor that is not a whole recorded gradient */
export async function checkView(run: Run, { trace, listing }: View, { gradient, sample, seed }: CheckRequest, { signal, onProgress }: Asking): Promise<CheckView> {
  const by = checkedBy(trace, gradient), shape = trace.tensors.get(gradient)?.shape ?? [];
  const name = listing.names.get(gradient) ?? 'This tensor';
  if (by === null) throw new Failure('check.gradient', `${name} is not the whole gradient of the loss by one tensor, so there is nothing to compare it with.`);
  const { elements, verdict } = await checkGradient(run, trace, by, { sample: sample ?? Infinity, seed, signal, onProgress });
  return {
    gradient, by: listing.names.get(by) ?? 'value', checked: elements.length, elements: sizeOf(shape), verdict,
    largestError: elements.filter(({ recorded, numeric, noise }) => size(recorded, numeric) > 2 * noise).reduce<number | null>((most, each) => Math.max(most ?? 0, errorOf(each)), null),
    worst: worstFirst(elements).slice(0, listed).map((each) => ({
      index: indexAt(shape, each.element), recorded: each.recorded, numeric: each.numeric, noise: each.noise,
      relativeError: errorOf(each), withinNoise: Math.abs(each.recorded - each.numeric) <= each.noise,
    })),
    method: 'n: central differences of the loss, the forward pass run again with one element moved by ± h and ± 2h, h = 0.01 · max(1, |value|), extrapolated to h = 0 (Richardson); where they do not agree with g, again with ever smaller h, until rounding rules.',
    tolerance: `${run.info.backend.name} computes in float32: g and n agree when they differ by less than ${100 * allowed} % of the larger, plus ${100 * allowedOfLargest} % of the largest gradient checked, plus the rounding and the bend of the loss at each element.`,
  };
}
