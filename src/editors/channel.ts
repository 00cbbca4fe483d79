/** The host's end of the typed channel to a webview: events without reply, requests with a reply or an error. */
import type * as vscode from 'vscode';
import type { Envelope, HostEvent, RequestName, Requests, WebviewEvent } from '../protocol/messages';
import { sentenceOf } from '../tensor/failure';

/** What answers a request; a thrown error's sentence rejects the call in the webview. */
export type Handlers = { readonly [Name in RequestName]?: (argument: Requests[Name][0]) => Promise<Requests[Name][1]> | Requests[Name][1] };

/** Graphs of more nodes than this cross as bytes. */
const large = 500;

export class HostChannel implements vscode.Disposable {
  private readonly subscription: vscode.Disposable;
  private closed = false;

  /** @param onEvent is called for every event of the webview, `ready` first and again whenever the webview was rebuilt. */
  constructor(private readonly webview: vscode.Webview, private readonly handlers: Handlers, private readonly onEvent: (event: WebviewEvent) => void) {
    // The only sender of these messages is our own webview script, which shares the Envelope type.
    this.subscription = webview.onDidReceiveMessage((message: Envelope) => this.receive(message));
  }

  /** Sends an event; one that a hidden or closed webview misses is made good by its next `ready`. */
  send(event: HostEvent): void {
    // A graph holds only what JSON can say; losses may be infinite.
    if (event.type !== 'model' || event.graph.nodes.length <= large) this.post({ kind: 'event', event });
    else this.post({ kind: 'encoded', bytes: new TextEncoder().encode(JSON.stringify(event)).buffer });
  }

  dispose(): void {
    this.closed = true;
    this.subscription.dispose();
  }

  private receive(message: Envelope): void {
    if (message.kind === 'request') void this.answer(message.id, message.name, message.argument);
    else if (message.kind === 'event') this.onEvent(message.event as WebviewEvent); // what arrives here was sent by the webview
  }

  private async answer(id: number, name: RequestName, argument: unknown): Promise<void> {
    try {
      const handler = this.handlers[name] as ((argument: unknown) => unknown) | undefined; // the table pairs names and argument types
      if (handler === undefined) throw new Error(`This view does not answer "${name}".`);
      this.post({ kind: 'reply', id, result: await handler(argument) });
    } catch (error) {
      this.post({ kind: 'error', id, message: sentenceOf(error) });
    }
  }

  private post(message: Envelope): void {
    if (!this.closed) void this.webview.postMessage(message);
  }
}
