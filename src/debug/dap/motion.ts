/** Requests that move the cursor. The response goes out first; the `stopped` event follows when the cursor has come to rest. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Controller, Move, MoveReason } from '../controller';
import { anchorOf, lineOfAnchor } from '../breakpoints/anchor';
import { Failure } from '../../tensor/failure';
import { threadId } from './conversation';
import type { Answer, Conversation, Handler } from './conversation';

/** DAP's word for each reason, and what a person reads. */
const reasons: Readonly<Record<MoveReason, { readonly reason: string; readonly description: string }>> = {
  entry: { reason: 'entry', description: 'Paused on the first step' },
  step: { reason: 'step', description: 'Paused on step' },
  breakpoint: { reason: 'breakpoint', description: 'Paused on breakpoint' },
  'function breakpoint': { reason: 'function breakpoint', description: 'Paused on a layer\'s breakpoint' },
  pause: { reason: 'pause', description: 'Paused' },
  goto: { reason: 'goto', description: 'Paused after a jump' },
  change: { reason: 'step', description: 'Paused with a value set' },
  restart: { reason: 'entry', description: 'Paused on the first step, after a restart' },
  exception: { reason: 'exception', description: 'Paused on an error' },
  'end of run': { reason: 'step', description: 'Paused at the end of the run' },
  'start of run': { reason: 'step', description: 'Paused at the start of the run' },
};

/** Body of the `stopped` event. */
export function stoppedBody({ reason, text, breakpoints }: Move): DebugProtocol.StoppedEvent['body'] {
  const ids = breakpoints.map(({ id }) => id);
  return { ...reasons[reason], threadId, allThreadsStopped: true, ...(text === null ? {} : { text }), ...(ids.length === 0 ? {} : { hitBreakpointIds: ids }) };
}

/** Steps say what takes them so long when they do; Continue is expected to go on. */
const motion = (go: (controller: Controller) => Promise<void>, { body, title }: { readonly body?: object; readonly title?: string } = {}) => (conversation: Conversation): Answer => {
  const { controller } = conversation;
  return { ...(body === undefined ? {} : { body }), afterwards: () => { conversation.depart(title ?? null); void go(controller); } };
};

const step = (go: (controller: Controller) => Promise<void>): ((conversation: Conversation) => Answer) => motion(go, { title: 'Running an iteration' });

export const motionRequests = {
  next: step((controller) => controller.stepOver()),
  stepIn: step((controller) => controller.stepInto()),
  stepOut: step((controller) => controller.stepOut()),
  stepBack: step((controller) => controller.stepBack()),
  continue: motion((controller) => controller.continue(), { body: { allThreadsContinued: true } }),
  reverseContinue: motion((controller) => controller.reverseContinue(), { title: 'Running backwards' }),
  pause: ({ controller }: Conversation): Answer => ({ afterwards: () => { void controller.pause(); } }),
  // VS Code also cancels requests whose answers it no longer wants (a hover, variables of the stop before): they are answered already.
  cancel: (conversation: Conversation, { progressId }: DebugProtocol.CancelArguments): Answer => ({ afterwards: () => { if (progressId !== undefined) conversation.cancel(); } }),
  gotoTargets: (conversation: Conversation, args: DebugProtocol.GotoTargetsArguments): Answer => {
    const { view } = conversation.stopped;
    if (!conversation.isListing(args.source)) throw new Failure('debug.source', 'One can only jump within the listing of this session.');
    const anchor = anchorOf(view, conversation.fromClientLine(args.line)), line = anchor === null ? null : lineOfAnchor(view, anchor);
    if (line === null) throw new Failure('jump.line', 'There is no step on this line or below it.');
    const label = view.listing.text.split('\n')[line - 1]?.trim() ?? '';
    return { body: { targets: [{ id: conversation.targets.create(line), label, line: conversation.toClientLine(line) }] } };
  },
  goto: (conversation: Conversation, args: DebugProtocol.GotoArguments): Answer => {
    const controller = conversation.stopped, line = conversation.targets.get(args.targetId);
    return { afterwards: () => { conversation.depart(null); void controller.jumpTo({ kind: 'line', line }); } };
  },
} satisfies Record<string, Handler>;
