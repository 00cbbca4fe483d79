/** What the request handlers share: the client's ways of counting, the controller, the handles of the present stop. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Controller, Move } from '../controller';
import { Failure } from '../../tensor/failure';
import type { SessionOptions } from '../session';
import type { View } from '../place';
import type { Frame } from '../scopes/stack';
import { Handles } from '../scopes/variables';
import type { Container } from '../scopes/variables';

/** A handler's answer: the response's body, and what to do once the response is out (events come after it). */
export interface Answer { readonly body?: object; readonly afterwards?: () => void }
export type Handler = (conversation: Conversation, args: never) => Answer | Promise<Answer>;

interface Outlets {
  readonly output: (text: string, category: string) => void;
  readonly event: (name: string, body: object) => void;
  readonly launched: (controller: Controller) => void;
  readonly initialized: () => void;
}

/** The only thread; there is one because DAP wants one. */
export const threadId = 1;
/** Number under which clients without a content provider of ours fetch the listing. */
const listingReference = 1;

/** Stops whose frames and values can still be asked for: VS Code's questions run behind when steps follow each other fast. */
const keptStops = 3;

export class Conversation {
  readonly frames = new Handles<{ readonly frame: Frame; readonly view: View }>(keptStops);
  readonly containers = new Handles<Container>(keptStops);
  readonly targets = new Handles<number>();
  /** The last stop; null while none has been. */
  lastMove: Move | null = null;
  noDebug = false;
  private client: Partial<DebugProtocol.InitializeRequestArguments> = {};
  private launching: AbortController | null = null;
  private running: Controller | null = null;
  private openProgress: string | null = null;
  private slowTitle: string | null = null;
  private progresses = 0;
  private ended = false;

  constructor(readonly options: SessionOptions, readonly outlets: Outlets) {}

  get controllerOrNull(): Controller | null { return this.running; }

  /** @throws Failure `debug.notLaunched` before the launch and after the end. */
  get controller(): Controller {
    if (this.running === null || this.running.state === 'ended') throw new Failure('debug.notLaunched', 'There is no run: it has not been launched, or it has ended.');
    return this.running;
  }

  /** The controller while it stands. @throws Failure `debug.running` while it moves. */
  get stopped(): Controller {
    const { controller } = this;
    if (controller.state === 'running') throw new Failure('debug.running', 'The run is on its way; pause it to see its values.');
    return controller;
  }

  meet(client: DebugProtocol.InitializeRequestArguments): void {
    this.client = client;
  }

  /** Launches with a way to cancel it: a client may disconnect while the model is being read. */
  async launch(start: (signal: AbortSignal) => Promise<Controller>): Promise<Controller> {
    if (this.running !== null || this.launching !== null) throw new Failure('debug.launched', 'This session has its run already; restart it or start another session.');
    const launching = this.launching = new AbortController();
    try {
      const controller = await start(launching.signal);
      if (this.ended) {
        await controller.end();
        throw new Failure('run.cancelled', 'The session ended while the run was being prepared.');
      }
      this.running = controller;
      return controller;
    } finally {
      this.launching = null;
    }
  }

  /** Cancels what has a progress: the launch, or a run on its way. */
  cancel(): void {
    this.launching?.abort();
    void this.running?.pause();
  }

  async end(): Promise<void> {
    this.ended = true;
    this.launching?.abort();
    await this.running?.end();
  }

  /** Handles of the stop before are past. */
  moved(move: Move): void {
    this.lastMove = move;
    this.depart(null);
    this.closeProgress();
  }

  /** The cursor leaves; should that take long, the client may show `title` and offer to cancel. */
  depart(title: string | null): void {
    this.forget();
    this.slowTitle = title;
  }

  private forget(): void {
    this.frames.clear();
    this.containers.clear();
    this.targets.clear();
  }

  get listingPath(): string {
    return `backstep-listing:/${this.options.id ?? 'session'}/${encodeURIComponent(this.controller.info.network.name)}.ts`;
  }

  get source(): DebugProtocol.Source {
    const name = `${this.controller.info.network.name}.ts`;
    return this.options.clientReadsListing === true ? { name, path: this.listingPath } : { name, path: this.listingPath, sourceReference: listingReference };
  }

  /** Whether a source that the client names is the listing. */
  isListing(source: DebugProtocol.Source | undefined): boolean {
    if (source === undefined) return false;
    if (source.sourceReference === listingReference) return true;
    return source.path !== undefined && decoded(source.path) === decoded(this.listingPath);
  }

  toClientLine(line: number): number { return this.client.linesStartAt1 === false ? line - 1 : line; }
  toClientColumn(column: number): number { return this.client.columnsStartAt1 === false ? column - 1 : column; }
  fromClientLine(line: number): number { return this.client.linesStartAt1 === false ? line + 1 : line; }
  fromClientColumn(column: number): number { return this.client.columnsStartAt1 === false ? column + 1 : column; }

  /** Where in the listing an output belongs. */
  location(line: number): object {
    return { source: this.source, line: this.toClientLine(line) };
  }

  /** Shows that something takes its time, where the client can. */
  beginProgress(title: string): void {
    if (this.client.supportsProgressReporting !== true || this.openProgress !== null) return;
    this.openProgress = `backstep-${this.progresses += 1}`;
    this.outlets.event('progressStart', { progressId: this.openProgress, title, cancellable: true });
  }

  /** The run is on its way and has come so far. */
  progress(message: string): void {
    if (this.slowTitle !== null) this.beginProgress(this.slowTitle);
    if (this.openProgress !== null) this.outlets.event('progressUpdate', { progressId: this.openProgress, message });
  }

  closeProgress(): void {
    if (this.openProgress === null) return;
    this.outlets.event('progressEnd', { progressId: this.openProgress });
    this.openProgress = null;
  }
}

/** Addresses come back from clients encoded in their own way. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
