/**
 * Is a recorded gradient right? Central finite differences of the loss, taken by running the iteration's forward pass and loss again
 * with one element changed (Nocedal and Wright, Numerical Optimization, 8.1), beside the gradient that backpropagation recorded.
 */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import { createRandom } from '../data/random';
import type { Run } from '../run';
import type { Trace } from '../trace';

export interface CheckedElement {
  /** Place in row-major order. */
  readonly element: number;
  readonly recorded: number;
  readonly numeric: number;
  /** |recorded − numeric| / max(|recorded|, |numeric|), 0 where both are lost in rounding noise. */
  readonly relativeError: number;
  /** How far the numeric value may be off by float32's rounding of the loss, and by the bend of the loss. */
  readonly noise: number;
}

/** `not a number`: neither the recorded nor the numeric gradient is a finite number, because the loss is none. */
export type Verdict = 'agrees' | 'differs' | 'too small to tell' | 'not a number';

export interface GradientCheck {
  readonly tensor: number;
  /** In order of their places. */
  readonly elements: readonly CheckedElement[];
  /** The element with the largest error beyond its noise. */
  readonly worst: CheckedElement | null;
  readonly verdict: Verdict;
}

export interface CheckOptions {
  /** How many elements, drawn at random with `seed`; all when there are no more than that. 24 when absent. */
  readonly sample?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

/** Errors up to this share of the gradient count as agreement; float32 gives no more. */
export const allowed = 0.02;
/** … and up to this share of the largest gradient among the elements checked. */
export const allowedOfLargest = 1e-3;

/** The tensor by which `gradient` is the whole recorded gradient of the loss; null for parts of one, and for everything else. */
export function checkedBy(trace: Trace, gradient: number): number | null {
  const of = trace.tensors.get(gradient)?.gradientOf;
  return of === null || of === undefined || of.partial || gradientOf(trace, of.tensor) !== gradient || trace.tensors.get(of.tensor)?.dtype !== 'float32' ? null : of.tensor;
}

/**
 * Checks the gradient of the loss by `tensor` (a weight before the update, an input, or what a forward or loss op made).
 * @throws Failure `check.gradient` when no gradient by it was recorded
 */
export async function checkGradient(run: Run, trace: Trace, tensor: number, options: CheckOptions = {}): Promise<GradientCheck> {
  const { sample = 24, seed = 0, signal, onProgress } = options;
  const subject = trace.tensors.get(tensor);
  const gradient = gradientOf(trace, tensor);
  if (subject === undefined || gradient === null) throw new Failure('check.gradient', `No gradient of the loss by this tensor was recorded in iteration ${trace.iteration + 1}: the loss does not depend on it, or it has no gradient.`);
  const values = subject.read().data;
  const recorded = trace.tensors.get(gradient)?.read().data ?? [];
  const elements: CheckedElement[] = [];
  const chosen = choose(recorded, sizeOf(subject.shape), sample, seed);
  for (const [number, element] of chosen.entries()) {
    const value = Number(values[element]);
    elements.push(await checkElement(element, Number(recorded[element]), value, trace.loss, (changed) => run.lossWith(trace, [{ tensor, element, value: changed }], signal === undefined ? {} : { signal })));
    onProgress?.((number + 1) / chosen.length);
    // Small networks never work long enough at a stretch to give the event loop its turn themselves.
    await new Promise((resolve) => { setImmediate(resolve); });
    if (signal?.aborted === true) throw new Failure('check.cancelled', 'The check was stopped.');
  }
  const [worst = null] = worstFirst(elements);
  return { tensor, elements, worst, verdict: verdictOf(elements) };
}

/** Elements with the largest error beyond their noise first; what is not a number is worst of all. */
export function worstFirst(elements: readonly CheckedElement[]): CheckedElement[] {
  const beyond = (each: CheckedElement): number => { const error = Math.abs(each.recorded - each.numeric) - each.noise; return Number.isNaN(error) ? Infinity : error; };
  return [...elements].sort((a, b) => (beyond(a) === beyond(b) ? a.element - b.element : beyond(b) - beyond(a)));
}

const found = new WeakMap<Trace, ReadonlyMap<number, number>>();

/** The tensor that holds the whole gradient by `tensor`: the last one recorded as such. */
function gradientOf(trace: Trace, tensor: number): number | null {
  let gradients = found.get(trace);
  if (gradients === undefined) found.set(trace, gradients = gradientsIn(trace));
  return gradients.get(tensor) ?? null;
}

/** Whole gradients by the tensor that they are the gradient of. */
function gradientsIn(trace: Trace): ReadonlyMap<number, number> {
  const gradients = new Map<number, number>();
  for (const { id, gradientOf: of } of trace.tensors.values()) if (of !== null && !of.partial) gradients.set(of.tensor, id);
  const named = [...trace.weights.map(({ before, gradient }) => [before, gradient] as const), ...Object.values(trace.inputs).map(({ value, gradient }) => [value, gradient] as const)];
  for (const [value, gradient] of named) {
    if (gradient === null) gradients.delete(value);
    else gradients.set(value, gradient);
  }
  return gradients;
}

/** Steps are tried from wide ones, in which float32's rounding of the loss drowns, to ever smaller ones, in which its bends and kinks do. */
const widest = 1e-2, shrink = 4, levels = 6;

async function checkElement(element: number, recorded: number, value: number, loss: number, lossAt: (value: number) => Promise<number>): Promise<CheckedElement> {
  const slopeAt = async (h: number): Promise<{ slope: number; rounding: number; lopsided: number }> => {
    // What float32 stores is not exactly value ± h.
    const [above, below] = [Math.fround(value + h), Math.fround(value - h)];
    const [up, down] = [await lossAt(above), await lossAt(below)];
    const rounding = (4 * 2 ** -23 * Math.max(Math.abs(up), Math.abs(down))) / (above - below);
    // Half the difference of the slopes on both sides: a kink between them puts the slope off by that much at most.
    return { slope: (up - down) / (above - below), rounding, lopsided: Math.abs(up + down - 2 * loss) / (above - below) };
  };
  let step = widest * Math.max(1, Math.abs(value)), ratio = 2;
  let far = await slopeAt(ratio * step);
  let best: { readonly numeric: number; readonly noise: number } | null = null;
  for (let level = 0, tries = 0; level < levels && tries < 2 * levels; tries += 1, step /= shrink) {
    const near = await slopeAt(step);
    // Richardson's extrapolation of the two; their distance says how much the loss bends.
    const numeric = near.slope + (near.slope - far.slope) / (ratio ** 2 - 1), bend = 2 * near.rounding + Math.abs(near.slope - far.slope);
    // Steps that lead to no number do not count.
    if (!Number.isNaN(numeric)) level += 1;
    const error = Math.abs(recorded - numeric), size = Math.max(Math.abs(recorded), Math.abs(numeric)), agrees = error <= bend + allowed * size;
    const noise = bend + (agrees ? 0 : near.lopsided);
    if (best === null || agrees || !(noise >= best.noise)) best = { numeric, noise };
    // What agrees, agrees; and where rounding rules, smaller steps say less. A wide step may have left what a root or logarithm is defined for.
    if (agrees || (Number.isNaN(error) && !Number.isFinite(loss)) || 2 * near.rounding > Math.abs(near.slope - far.slope) + near.lopsided + allowed * size) break;
    far = near;
    ratio = shrink;
  }
  const { numeric, noise } = best ?? { numeric: NaN, noise: NaN }, error = Math.abs(recorded - numeric);
  return { element, recorded, numeric, noise, relativeError: error <= noise ? 0 : error / Math.max(Math.abs(recorded), Math.abs(numeric)) };
}

function verdictOf(all: readonly CheckedElement[]): Verdict {
  if (all.some(({ recorded, numeric }) => Number.isFinite(recorded) !== Number.isFinite(numeric))) return 'differs';
  const elements = all.filter(({ recorded }) => Number.isFinite(recorded));
  if (elements.length === 0 && all.length > 0) return 'not a number';
  const largest = elements.reduce((most, { recorded, numeric }) => Math.max(most, Math.abs(recorded), Math.abs(numeric)), 0);
  const wrong = elements.some(({ recorded, numeric, noise }) => Math.abs(recorded - numeric) > noise + allowed * Math.max(Math.abs(recorded), Math.abs(numeric)) + allowedOfLargest * largest);
  if (wrong) return 'differs';
  return elements.some(({ recorded, numeric, noise }) => Math.max(Math.abs(recorded), Math.abs(numeric)) > 2 * noise) ? 'agrees' : 'too small to tell';
}

/** All elements, or a random sample that holds the one with the largest gradient. */
function choose(recorded: ArrayLike<number | bigint>, count: number, sample: number, seed: number): number[] {
  if (count <= sample) return Array.from({ length: count }, (_, i) => i);
  const random = createRandom(seed, 'gradient check', count);
  let largest = 0;
  for (let i = 1; i < count; i += 1) if (Math.abs(Number(recorded[i])) > Math.abs(Number(recorded[largest]))) largest = i;
  const chosen = new Set<number>([largest]);
  while (chosen.size < sample) chosen.add(random.integer(count));
  return [...chosen].sort((a, b) => a - b);
}
