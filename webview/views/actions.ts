/** What clicks ask of the host; a refusal is shown to the person. */
import type { JumpTarget } from '../../src/protocol/messages';
import { request } from '../channel';
import { notify } from '../store';

async function attempt(action: Promise<null>): Promise<void> {
  try {
    await action;
    notify(null);
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
  }
}

export const go = (target: JumpTarget): void => void attempt(request('jump', target));
export const toggleBreakpoint = (layer: string): void => void attempt(request('toggleBreakpoint', { layer }));
export const stepThrough = (): void => void attempt(request('stepThrough', null));
