/** A DAP client over streams, as an editor outside VS Code would be: requests, responses, events, and a transcript of all of it. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Phase } from '../../src/engine/trace';
import { createRun } from '../../src/engine/create-run';
import { makeListing } from '../../src/listing/listing';
import { BackstepSession } from '../../src/debug/session';
import type { SessionOptions } from '../../src/debug/session';
import { describeMessage } from './transcript';
import type { Message } from './transcript';
import { root } from './fixture';

const isResponse = (message: object): message is DebugProtocol.Response => 'type' in message && message.type === 'response';
const isEvent = (message: object): message is DebugProtocol.Event => 'type' in message && message.type === 'event';

export class Client {
  readonly session: BackstepSession;
  /** Everything that crossed, in order, one entry a message. */
  readonly transcript: string[] = [];
  readonly events: DebugProtocol.Event[] = [];
  /** Whether the transcript begins with the launch. */
  full = false;
  private readonly toAdapter = new PassThrough();
  private readonly answers = new Map<number, (response: DebugProtocol.Response) => void>();
  private readonly waiting: { readonly name: string; readonly resolve: (event: DebugProtocol.Event) => void }[] = [];
  private unread: DebugProtocol.Event[] = [];
  private seq = 0;
  private firstLine = 1;
  private rest = Buffer.alloc(0);
  private time = 0;

  constructor(options: Partial<SessionOptions> = {}) {
    this.session = new BackstepSession({
      createRun: (config, { baseFolder }) => createRun(config, { baseFolder }),
      makeListing: (trace, { network }) => makeListing(trace, network),
      baseFolder: root,
      // A clock that never lets anything be throttled, so that transcripts are the same on every machine.
      now: () => (this.time += 1000),
      ...options,
    });
    const fromAdapter = new PassThrough();
    fromAdapter.on('data', (chunk: Buffer) => { this.receive(chunk); });
    this.session.start(this.toAdapter, fromAdapter);
  }

  /** Sends a request and gives its response, whether it succeeded or not. */
  async raw(command: string, args: object = {}): Promise<DebugProtocol.Response> {
    const seq = this.seq += 1;
    const message: Message = { seq, type: 'request', command, arguments: args };
    this.transcript.push(describeMessage(message, this.lineText));
    const answer = new Promise<DebugProtocol.Response>((resolve) => { this.answers.set(seq, resolve); });
    const text = JSON.stringify(message);
    this.toAdapter.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return answer;
  }

  /** Sends a request that must succeed and gives the response's body. */
  async request<Body>(command: string, args: object = {}): Promise<Body> {
    const response = await this.raw(command, args);
    assert.ok(response.success, `${command} failed: ${response.message ?? ''}`);
    return response.body as Body; // what DAP says of the command
  }

  /** The next event of a name that has not been waited for yet. */
  async event<Body = unknown>(name: string): Promise<Body> {
    const at = this.unread.findIndex(({ event }) => event === name);
    const [known] = at < 0 ? [] : this.unread.splice(at, 1);
    const event = known ?? await new Promise<DebugProtocol.Event>((resolve) => { this.waiting.push({ name, resolve }); });
    return event.body as Body;
  }

  /** Initialize, launch, and wait until breakpoints may be set. */
  async launch(config: object, client: { readonly linesStartAt1?: boolean; readonly [key: string]: unknown } = {}): Promise<void> {
    this.firstLine = client.linesStartAt1 === false ? 0 : 1;
    await this.request('initialize', { adapterID: 'backstep', linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path', ...client });
    const launched = this.request('launch', config);
    await Promise.all([launched, this.event('initialized')]);
    if (!this.full) this.transcript.length = 0;
  }

  /** Launch and stand on the first step. */
  async start(config: object, client: Parameters<Client['launch']>[1] = {}): Promise<void> {
    await this.launch(config, client);
    await this.go('configurationDone');
  }

  /** A request that moves the cursor; gives the `stopped` event's body. */
  async go(command: string, args: object = { threadId: 1 }): Promise<DebugProtocol.StoppedEvent['body']> {
    await this.request(command, args);
    return this.event('stopped');
  }

  async frames(): Promise<readonly DebugProtocol.StackFrame[]> {
    return (await this.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId: 1 })).stackFrames;
  }

  /** `Conv2D:7 < conv2d_1:6 < forward:2 < iteration 1:1` */
  async where(): Promise<string> {
    return (await this.frames()).map(({ name, line }) => `${name}:${line}`).join(' < ');
  }

  /** The 1-based line of the listing that matches; the `nth` of them from 0, from the end when negative. */
  line(pattern: RegExp, nth = 0): number {
    const lines = (this.session.controller?.listing.text ?? '').split('\n').flatMap((text, i) => (pattern.test(text) ? [i + 1] : []));
    const line = lines.at(nth);
    assert.ok(line !== undefined, `no line ${nth} matches ${pattern.source}`);
    return line;
  }

  /** Line of a phase's header. */
  phaseLine(phase: Phase): number {
    return this.session.controller?.listing.lineOfPhase(phase) ?? 0;
  }

  /** Line of the header of a layer's group in a phase; in the update phase one a weight. */
  layerLine(layer: string | null, phase: Phase, weight: string | null = null): number {
    const { trace, listing } = this.session.controller ?? assert.fail('not launched');
    const group = trace.groups.findIndex((candidate) => candidate.layer === layer && candidate.phase === phase && candidate.weight === weight);
    assert.ok(group >= 0, `no group of ${layer} in ${phase}`);
    return listing.lineOfGroup(group);
  }

  /** Jump to Cursor. */
  async jump(line: number): Promise<void> {
    const { targets: [target] } = await this.request<DebugProtocol.GotoTargetsResponse['body']>('gotoTargets', { source: { sourceReference: 1 }, line });
    await this.go('goto', { threadId: 1, targetId: target?.id });
  }

  async evaluate(expression: string, context = 'watch'): Promise<string> {
    const { success, message, body } = (await this.raw('evaluate', { expression, context })) as DebugProtocol.EvaluateResponse;
    return success ? body.result : `! ${message ?? ''}`;
  }

  async scopes(frame = 0): Promise<ReadonlyMap<string, DebugProtocol.Scope>> {
    const { id } = (await this.frames())[frame] ?? { id: 0 };
    const { scopes } = await this.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: id });
    return new Map(scopes.map((scope) => [scope.name, scope]));
  }

  async variables(variablesReference: number, page: object = {}): Promise<readonly DebugProtocol.Variable[]> {
    return (await this.request<DebugProtocol.VariablesResponse['body']>('variables', { variablesReference, ...page })).variables;
  }

  async end(): Promise<void> {
    await this.request('disconnect');
  }

  /** What stands on a line of the listing, as this client counts. */
  private readonly lineText = (line: number): string => {
    const text = this.session.controller?.listing.text.split('\n')[line - this.firstLine];
    // Decoration of headers is the listing's own affair.
    return text === undefined ? `‹line ${line}›` : `‹${text.replace(/^\/\/[\s─-]*(#region )?|[\s─-]+$/g, '')}›`;
  };

  /** The client is gone. */
  hangUp(): void {
    this.toAdapter.destroy();
  }

  /** A line of its own in the transcript, for whoever reads it. */
  note(text: string): void {
    this.transcript.push(`\n# ${text}`);
  }

  private receive(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      const header = this.rest.indexOf('\r\n\r\n');
      if (header < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.rest.toString('utf8', 0, header))?.[1]);
      if (this.rest.length < header + 4 + length) return;
      const message = JSON.parse(this.rest.toString('utf8', header + 4, header + 4 + length)) as Message;
      this.rest = this.rest.subarray(header + 4 + length);
      this.transcript.push(describeMessage(message, this.lineText));
      if (isResponse(message)) this.answers.get(message.request_seq)?.(message);
      else if (isEvent(message)) this.take(message);
    }
  }

  private take(event: DebugProtocol.Event): void {
    this.events.push(event);
    const at = this.waiting.findIndex(({ name }) => name === event.event);
    const [waiter] = at < 0 ? [] : this.waiting.splice(at, 1);
    if (waiter === undefined) this.unread.push(event);
    else waiter.resolve(event);
  }
}
