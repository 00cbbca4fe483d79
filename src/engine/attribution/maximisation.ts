/** Activation maximisation: the input that a unit or filter answers to most, found by gradient ascent from seeded noise (Erhan et al. 2009). */
import { Failure } from '../../tensor/failure';
import type { TensorValue } from '../../tensor/value';
import { createRandom } from '../data/random';
import { score, valueFrom } from './subject';
import type { Subject, Target } from './subject';

export interface MaximisationOptions {
  readonly seed?: number;
  /** Ascent steps; 128 when absent. */
  readonly steps?: number;
  /** Length of a step, of the gradient scaled to root mean square 1; 0.1 when absent. */
  readonly rate?: number;
  /** Share by which the input shrinks each step, which keeps it from growing without bound; 0.02 when absent. */
  readonly decay?: number;
  /** What the network's other inputs hold, `[1, …]` each. */
  readonly others?: readonly TensorValue[];
  readonly onProgress?: (done: number, score: number) => void;
  readonly signal?: AbortSignal;
}

export interface Maximised { readonly input: TensorValue; readonly scores: readonly number[] }

/** What it does and whose idea it is, as the panel says it. */
export const maximisation = {
  title: 'Activation maximisation', statement: 'The input that the unit answers to most, found by gradient ascent from noise.',
  source: 'Visualizing Higher-Layer Features of a Deep Network; Erhan, Bengio, Courville, Vincent, 2009',
} as const;

/** Ascends for one example of this input shape (batch of 1 first). @throws Failure `attribution.cancelled` once the signal is aborted. */
export async function maximise(subject: Subject, shape: readonly number[], target: Target, options: MaximisationOptions = {}): Promise<Maximised> {
  const { seed = 0, steps = 128, rate = 0.1, decay = 0.02, others = [], onProgress, signal } = options;
  const random = createRandom(seed, 'maximisation');
  let input = valueFrom(shape, () => 0.1 * random.normal());
  const scores: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const before = input;
    const { score: value, inputGradient } = await score(subject, [before, ...others], { target, gradient: true, signal });
    scores.push(value);
    const gradient = inputGradient?.data ?? [];
    let squares = 0;
    for (let i = 0; i < gradient.length; i += 1) squares += Number(gradient[i]) ** 2;
    const scale = rate / (Math.sqrt(squares / Math.max(1, gradient.length)) + 1e-8);
    input = valueFrom(shape, (i) => (1 - decay) * Number(before.data[i]) + scale * Number(gradient[i] ?? 0));
    onProgress?.((step + 1) / steps, value);
    await new Promise((resolve) => { setImmediate(resolve); });
    if (signal?.aborted === true) throw new Failure('attribution.cancelled', 'The search was stopped.');
  }
  scores.push((await score(subject, [input, ...others], { target, gradient: false, signal })).score);
  return { input, scores };
}
