/** The debug session as a DAP server: takes requests apart, answers them in order, and turns the controller's events into DAP's. */
import { DebugSession, Event, InitializedEvent, OutputEvent, Response, TerminatedEvent } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { RunConfig } from '../engine/config';
import type { Run, RunInfo } from '../engine/run';
import type { Trace } from '../engine/trace';
import type { Listing } from '../listing/listing';
import { Failure } from '../tensor/failure';
import { breakpointRequests, toDapBreakpoint } from './dap/breakpoints';
import { inspectionRequests } from './dap/inspection';
import { lifecycleRequests } from './dap/lifecycle';
import { motionRequests, stoppedBody } from './dap/motion';
import { Conversation } from './dap/conversation';
import type { Answer, Handler } from './dap/conversation';
import { asFailure } from './cancel';
import type { Controller } from './controller';
import { LossLog } from './loss-log';

export interface SessionOptions {
  /** Opens a run; the engine's createRun. */
  readonly createRun: (config: RunConfig, options: { readonly baseFolder: string; readonly signal: AbortSignal }) => Promise<Run>;
  readonly makeListing: (trace: Trace, info: RunInfo) => Listing;
  /** Relative paths of the configuration start here (the workspace folder); the working directory when absent. */
  readonly baseFolder?: string;
  /** Becomes part of the listing's address, `backstep-listing:/<id>/<network>.ts`. */
  readonly id?: string;
  /** True when the client reads the listing by its address (VS Code with our content provider) rather than by a source request. */
  readonly clientReadsListing?: boolean;
  /** Called once the controller stands on its first step, before the client learns of it. */
  readonly onLaunched?: (controller: Controller) => void;
  /** Milliseconds, for throttling; a clock of one's own makes tests repeatable. */
  readonly now?: () => number;
}

const handlers: ReadonlyMap<string, Handler> = new Map(Object.entries({ ...lifecycleRequests, ...motionRequests, ...breakpointRequests, ...inspectionRequests }));

export class BackstepSession extends DebugSession {
  private readonly conversation: Conversation;
  private readonly losses: LossLog;
  private line: Promise<void> = Promise.resolve();

  constructor(options: SessionOptions) {
    super();
    this.losses = new LossLog((text) => { this.output(text, 'console'); }, options.now ?? Date.now);
    this.conversation = new Conversation(options, {
      output: (text, category) => { this.output(text, category); },
      event: (name, body) => { this.event(name, body); },
      launched: (controller) => { this.listen(controller); },
      initialized: () => { this.sendEvent(new InitializedEvent()); },
    });
  }

  /** The debugger behind this session; null until it is launched. */
  get controller(): Controller | null {
    return this.conversation.controllerOrNull;
  }

  /** The listing's address as the client sees it, `backstep-listing:/<id>/<network>.ts`; null until launched. */
  get listingPath(): string | null {
    return this.conversation.controllerOrNull === null ? null : this.conversation.listingPath;
  }

  /** The client is gone: the run ends with it. The process belongs to somebody else and lives on. */
  override shutdown(): void {
    void this.conversation.end();
  }

  /** Ends the run, as VS Code does when it lets the adapter go. */
  override dispose(): void {
    this.shutdown();
    super.dispose();
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    const response: DebugProtocol.Response = new Response(request);
    const handler = handlers.get(request.command);
    if (handler === undefined) {
      this.refuse(response, new Failure('debug.request', `Backstep's debugger does not know the request "${request.command}".`));
      return;
    }
    const answer = (): Answer | Promise<Answer> => handler(this.conversation, (request.arguments ?? {}) as never); // each handler checks what it reads
    // Requests that take time wait for one another; Pause, Cancel and Disconnect must not wait.
    const settle = async (): Promise<void> => {
      try {
        const { body, afterwards } = await answer();
        if (body !== undefined) response.body = body;
        this.sendResponse(response);
        afterwards?.();
      } catch (error) {
        this.refuse(response, asFailure(error));
      }
    };
    this.line = urgent.has(request.command) ? Promise.all([this.line, settle()]).then(() => undefined) : this.line.then(settle);
  }

  private refuse(response: DebugProtocol.Response, failure: Failure): void {
    response.success = false;
    response.message = failure.message;
    // Braces would be taken for the names of variables.
    response.body = { error: { id: 1, format: '{sentence}', variables: { sentence: failure.message }, showUser: shownToUser.has(response.command) } };
    this.sendResponse(response);
  }

  private listen(controller: Controller): void {
    const { conversation } = this;
    controller.on('moved', (move) => {
      const { trace, last } = controller.view;
      const lossWriter = trace.tensors.get(trace.lossTensor)?.writer ?? Infinity;
      if (move.reason === 'restart') this.losses.restart();
      this.losses.reached(lossWriter <= last ? trace.iteration : trace.iteration - 1, controller.losses);
      conversation.moved(move);
      if (conversation.noDebug && (move.reason === 'end of run' || move.reason === 'exception')) {
        if (move.failure !== null) this.output(move.failure.message, 'stderr');
        void conversation.end();
        return;
      }
      if (move.text !== null) this.output(move.text, move.reason === 'exception' ? 'stderr' : 'console');
      this.event('stopped', stoppedBody(move));
    });
    controller.on('losses', ({ from, losses }) => { this.losses.passed(from + losses.length - 2, controller.losses); });
    controller.on('log', ({ text, line, important }) => { this.output(text, important ? 'stderr' : 'console', conversation.location(line)); });
    controller.on('breakpoints', (changed) => {
      for (const breakpoint of changed) this.event('breakpoint', { reason: 'changed', breakpoint: toDapBreakpoint(conversation, breakpoint) });
    });
    controller.on('listing', () => { this.event('loadedSource', { reason: 'changed', source: conversation.source }); });
    controller.on('running', (progress) => { conversation.progress(`iteration ${progress.iteration + 1}, ${progress.phase}`); });
    controller.on('ended', () => {
      conversation.closeProgress();
      this.sendEvent(new TerminatedEvent());
    });
  }

  private output(text: string, category: string, location: object = {}): void {
    const event = new OutputEvent(`${text}\n`, category);
    Object.assign(event.body, location);
    this.sendEvent(event);
  }

  private event(name: string, body: object): void {
    this.sendEvent(new Event(name, body));
  }
}

const urgent: ReadonlySet<string> = new Set(['pause', 'cancel', 'disconnect', 'terminate']);
const shownToUser: ReadonlySet<string> = new Set(['launch', 'restart', 'goto', 'gotoTargets']);
