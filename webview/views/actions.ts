/** What clicks ask of the host; a refusal is shown to the person. */
import type { LookRequest } from '../../src/protocol/inspect';
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
/** Tells where Step Into shall go; a session that has ended has no use for it. */
export const selectElement = (tensor: number, index: readonly number[]): void => void request('selectElement', { tensor, index }).catch(() => null);
/** Step Over or Step Back in the debug session; false when it was refused, which the person is told. */
export async function stepRun(back: boolean): Promise<boolean> {
  try {
    await request('step', { back });
    return true;
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
    return false;
  }
}
export const toggleBreakpoint = (layer: string): void => void attempt(request('toggleBreakpoint', { layer }));
/** Takes back all values that were set by hand. */
export const restore = (): void => void attempt(request('restore', null));
export const stepThrough = (): void => void attempt(request('stepThrough', null));
export const look = (wanted: LookRequest): void => void attempt(request('look', wanted));
