/** Requests at the start and the end of a session: initialize, launch, configurationDone, restart, terminate, disconnect. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { validateRunConfig } from '../../engine/config-validation';
import type { RunConfig } from '../../engine/config';
import type { Run } from '../../engine/run';
import { Controller } from '../controller';
import { Failure } from '../../tensor/failure';
import { threadId } from './conversation';
import type { Answer, Conversation, Handler } from './conversation';

const capabilities: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsBreakpointLocationsRequest: true,
  supportsStepBack: true,
  supportsRestartRequest: true,
  supportsGotoTargetsRequest: true,
  supportsEvaluateForHovers: true,
  supportsClipboardContext: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: ['.', '('],
  supportsValueFormattingOptions: true,
  supportsLoadedSourcesRequest: true,
  supportsExceptionInfoRequest: true,
  supportsTerminateRequest: true,
  supportsCancelRequest: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsDelayedStackTraceLoading: false,
  exceptionBreakpointFilters: [],
};

type LaunchArguments = DebugProtocol.LaunchRequestArguments & { readonly __baseFolder?: unknown };

/** How to open the run that a launch configuration describes. @throws Failure `config` */
function opener(conversation: Conversation, args: LaunchArguments): (signal: AbortSignal) => Promise<Run> {
  const config: RunConfig = validateRunConfig(args);
  const { options } = conversation;
  const baseFolder = typeof args.__baseFolder === 'string' ? args.__baseFolder : options.baseFolder ?? process.cwd();
  return (signal) => options.createRun(config, { baseFolder, signal });
}

async function launch(conversation: Conversation, args: LaunchArguments): Promise<Answer> {
  const open = opener(conversation, args);
  const { options, outlets } = conversation;
  conversation.noDebug = args.noDebug === true;
  conversation.beginProgress(`Opening ${String((args as { model?: unknown }).model)}`);
  try {
    const controller = await conversation.launch((signal) => Controller.launch({ open, makeListing: options.makeListing, ...(options.now === undefined ? {} : { now: options.now }) }, signal));
    options.onLaunched?.(controller);
    outlets.launched(controller);
    const { info } = controller;
    for (const problem of info.network.problems) outlets.output(problem, 'console');
    outlets.output(
      `${info.network.name}: ${info.examples} examples in batches of ${info.batchSize}, ${info.iterationsPerEpoch} iterations an epoch; `
      + `backend ${info.backend.name} (${info.backend.reason}); convention ${info.convention}.`, 'console');
  } finally {
    conversation.closeProgress();
  }
  return { afterwards: () => { outlets.initialized(); } };
}

export const lifecycleRequests = {
  initialize: (conversation: Conversation, args: DebugProtocol.InitializeRequestArguments): Answer => {
    conversation.meet(args);
    return { body: capabilities };
  },
  launch,
  attach: (): Answer => {
    throw new Failure('debug.attach', 'Backstep cannot attach to a program: use a launch configuration with "model" and "data".');
  },
  configurationDone: (conversation: Conversation): Answer => {
    const { controller } = conversation;
    return {
      afterwards: () => {
        if (conversation.noDebug) {
          conversation.outlets.event('continued', { threadId, allThreadsContinued: true });
          void controller.runToEnd();
        } else {
          controller.announce('entry');
        }
      },
    };
  },
  restart: (conversation: Conversation, args: DebugProtocol.RestartArguments): Answer => {
    const { controller } = conversation;
    const anew = args.arguments;
    const open = anew === undefined || Object.keys(anew).length === 0 ? undefined : opener(conversation, anew);
    return { afterwards: () => { conversation.depart('Starting anew'); void controller.restart(open); } };
  },
  terminate: (conversation: Conversation): Answer => ({ afterwards: () => { void conversation.end(); } }),
  disconnect: async (conversation: Conversation): Promise<Answer> => {
    await conversation.end();
    return {};
  },
} satisfies Record<string, Handler>;
