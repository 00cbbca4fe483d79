/** Work that is cancelled or fails: what is told of it, and how it lets others have their turn. */
import { Failure, sentenceOf } from '../tensor/failure';

/** Whether an error only says that somebody did not want the work any more. */
export const isCancelled = (error: unknown): boolean => error instanceof Failure && error.code === 'run.cancelled';

/** A failure as it is; anything else with a sentence around it. */
export const asFailure = (error: unknown): Failure =>
  (error instanceof Failure ? error : new Failure('internal', `Backstep met an error of its own: ${sentenceOf(error)}.`, { cause: error }));

/** Gives waiting requests (Pause above all) their turn. @throws Failure `run.cancelled` when one of them was Pause. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => { setImmediate(resolve); });
  if (signal.aborted) throw new Failure('run.cancelled', 'The run was paused.');
}
