/** The debug sessions that are alive, each with its controller: what panel, listing, status bar and commands follow. */
import * as vscode from 'vscode';
import type { Controller } from '../controller';

export interface LiveSession {
  readonly session: vscode.DebugSession;
  readonly controller: Controller;
  /** Where its listing stands, as a document. */
  readonly listing: vscode.Uri;
}

export class LiveSessions implements vscode.Disposable {
  private readonly sessions = new Map<string, LiveSession>();
  private readonly started = new vscode.EventEmitter<LiveSession>();
  private readonly ended = new vscode.EventEmitter<LiveSession>();
  private readonly failed = new vscode.EventEmitter<{ readonly name: string; readonly message: string }>();
  readonly onDidStart = this.started.event;
  readonly onDidEnd = this.ended.event;
  /** A session that could not start, with the sentence that says why. */
  readonly onDidFail = this.failed.event;

  add(live: LiveSession): void {
    this.sessions.set(live.session.id, live);
    live.controller.on('ended', () => { this.remove(live); });
    this.started.fire(live);
  }

  fail({ name }: vscode.DebugSession, message: string): void {
    this.failed.fire({ name, message });
  }

  /** The session that the debug toolbar acts on, if it is one of ours; else the newest of ours. */
  get active(): LiveSession | null {
    const { activeDebugSession } = vscode.debug;
    const own = activeDebugSession === undefined ? undefined : this.sessions.get(activeDebugSession.id);
    return own ?? [...this.sessions.values()].at(-1) ?? null;
  }

  get all(): readonly LiveSession[] {
    return [...this.sessions.values()];
  }

  withListing(uri: vscode.Uri): LiveSession | null {
    const wanted = uri.toString();
    return [...this.sessions.values()].filter(({ listing }) => listing.toString() === wanted).at(-1) ?? null;
  }

  dispose(): void {
    for (const emitter of [this.started, this.ended, this.failed]) emitter.dispose();
  }

  private remove(live: LiveSession): void {
    if (this.sessions.delete(live.session.id)) this.ended.fire(live);
  }
}
