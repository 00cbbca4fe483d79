/** Runs an iteration in stretches of a few milliseconds, giving the event loop its turn in between. */
import { memory } from '@tensorflow/tfjs-core';
import { Failure, sentenceOf } from '../tensor/failure';
import type { Differentiate } from './iteration';
import { memorySentence } from './memory-failure';
import type { Recorder } from './recorder/recorder';
import type { Progress } from './run';
import type { Phase } from './trace';

/** Longest stretch of work before the event loop has its turn, unless a single kernel takes longer. */
const sliceMilliseconds = 8;

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

export interface DriveOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Throws when the work is no longer wanted. */
  readonly alive?: () => void;
}

/** @throws Failure `run.cancelled` once the signal is aborted; what was recorded is then the caller's to release. */
export async function drive<T>(iteration: number, work: Generator<Differentiate, T, void>, recorder: Recorder, { signal, onProgress, alive }: DriveOptions): Promise<T> {
  let differentiate: Differentiate = true;
  let done: { readonly value: T } | null = null;
  const slice = (): void => {
    const end = performance.now() + sliceMilliseconds;
    const started = differentiate;
    let phase: Phase | null = null;
    do {
      const step = work.next();
      if (step.done) {
        done = { value: step.value };
        return;
      }
      differentiate = step.value;
      phase ??= recorder.place.phase;
    } while (differentiate === started && recorder.place.phase === phase && performance.now() < end);
  };
  let last = performance.now();
  for (;;) {
    if (signal?.aborted) throw new Failure('run.cancelled', `Iteration ${iteration + 1} was stopped.`);
    alive?.();
    try {
      recorder.run(differentiate, slice);
    } catch (error) {
      throw asFailure(error, iteration, recorder);
    }
    if (done !== null) return (done as { readonly value: T }).value;
    const { phase, layer } = recorder.place;
    onProgress?.({ iteration, phase, layer, ops: recorder.ops.length });
    if (performance.now() - last >= sliceMilliseconds) {
      await turn();
      last = performance.now();
    }
  }
}

const phaseNames = { forward: 'forward pass', loss: 'loss', backward: 'backward pass', update: 'weight update' } as const;

/** What a kernel throws, with the place where it happened. */
function asFailure(error: unknown, iteration: number, { place: { phase, layer } }: Recorder): Failure {
  if (error instanceof Failure) return error;
  const where = layer === null ? phaseNames[phase] : `${phaseNames[phase]} of layer '${layer}'`;
  const full = memorySentence(error, memory().numBytes);
  const sentence = full ?? (sentenceOf(error).split('\n')[0] ?? '').replace(/\.*$/, '.');
  return new Failure('run.kernel', `Iteration ${iteration + 1} failed in the ${where}: ${sentence}`, { cause: error });
}
