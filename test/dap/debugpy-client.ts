/** A client of a real debug adapter on its standard input and output: requests, and events waited for. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';

interface Message { readonly type: string; readonly command?: string; readonly event?: string; readonly request_seq?: number; readonly success?: boolean; readonly message?: string; readonly body?: unknown }

export class AdapterClient {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly replies = new Map<number, { readonly resolve: (body: unknown) => void; readonly reject: (error: Error) => void }>();
  private readonly events: Message[] = [];
  private readonly listeners = new Set<() => void>();
  private received = Buffer.alloc(0);
  private last = 0;

  constructor(command: string, args: readonly string[]) {
    this.process = spawn(command, args);
    this.process.stdout.on('data', (chunk: Buffer) => { this.receive(chunk); });
    this.process.on('exit', () => { for (const { reject } of this.replies.values()) reject(new Error('The adapter has ended.')); });
  }

  request(command: string, args: object = {}): Promise<unknown> {
    const seq = ++this.last;
    const text = JSON.stringify({ seq, type: 'request', command, arguments: args });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return new Promise((resolve, reject) => { this.replies.set(seq, { resolve, reject }); });
  }

  /** The next event of this name that was not taken yet. */
  async event(name: string): Promise<unknown> {
    for (;;) {
      const at = this.events.findIndex(({ event }) => event === name);
      if (at >= 0) return this.events.splice(at, 1)[0]?.body;
      await new Promise<void>((resolve) => {
        const tell = (): void => { this.listeners.delete(tell); resolve(); };
        this.listeners.add(tell);
      });
    }
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.process.once('exit', () => { resolve(); });
      this.process.kill();
    });
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(this.received.subarray(0, Math.max(0, end)).toString())?.[1] ?? NaN);
      if (end < 0 || !(this.received.length >= end + 4 + length)) return;
      const message = JSON.parse(this.received.subarray(end + 4, end + 4 + length).toString()) as Message; // as the protocol says
      this.received = this.received.subarray(end + 4 + length);
      this.take(message);
    }
  }

  private take(message: Message): void {
    if (message.type === 'event') {
      this.events.push(message);
      for (const tell of [...this.listeners]) tell();
      return;
    }
    const waiting = this.replies.get(message.request_seq ?? -1);
    this.replies.delete(message.request_seq ?? -1);
    if (message.success === true) waiting?.resolve(message.body);
    else waiting?.reject(new Error(message.message ?? `${message.command ?? 'the request'} failed`));
  }
}
