/** The panel beside the listing: follows the controller of the active session, and takes the person where they click. */
import * as vscode from 'vscode';
import { Ahead } from '../debug/view/ahead';
import { layersWithBreakpoint, toggleLayerBreakpoint } from '../debug/vscode/layer-breakpoints';
import type { LiveSession, LiveSessions } from '../debug/vscode/live';
import { HostChannel } from '../editors/channel';
import { fillPage, webviewOptions } from '../editors/page';
import { tensorHandlers } from '../editors/tensor-handlers';
import type { CursorView, RunStatus } from '../protocol/run';
import { Failure } from '../tensor/failure';
import { PanelInsight } from './insight';
import { Pace } from './pace';
import { cursorOf, deskOf, runViewOf } from './run-view';

/** Least time between two updates, in milliseconds. */
const interval = 100;

export class RunPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | null = null;
  private channel: HostChannel | null = null;
  private live: LiveSession | null = null;
  private status: RunStatus = { kind: 'stopped' };
  private sentLosses = 0;
  /** The cursor that the panel shows. */
  private cursor: CursorView | null = null;
  private readonly ahead = new Ahead();
  private readonly insight = new PanelInsight(() => this.current(), (event) => { this.channel?.send(event); });
  private readonly pace = new Pace(interval, () => { this.update(); });
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly extension: vscode.Uri, sessions: LiveSessions) {
    this.subscriptions = [
      sessions.onDidStart((live) => { void this.begin(live); }),
      sessions.onDidEnd((live) => { if (live === this.live) this.report({ kind: 'ended' }); }),
      sessions.onDidFail(({ message }) => { this.channel?.send({ type: 'failed', message }); }),
      vscode.debug.onDidChangeActiveDebugSession(() => { const { active } = sessions; if (active !== null && active !== this.live) this.follow(active); }),
      vscode.debug.onDidChangeBreakpoints(() => { this.channel?.send({ type: 'breakpoints', layers: layersWithBreakpoint() }); }),
    ];
  }

  /** Opens the panel beside the active editor, or brings it to the front; the focus stays where it is. */
  show(): void {
    if (this.live === null) return;
    if (this.panel === null) this.create();
    else this.panel.reveal(undefined, true);
  }

  /** Listing and panel side by side: where VS Code would open the listing on the panel's place, it is opened elsewhere first. */
  private async begin(live: LiveSession): Promise<void> {
    this.follow(live);
    const { all, activeTabGroup } = vscode.window.tabGroups;
    const isEmpty = all.every(({ tabs }) => tabs.length === 0);
    const covers = this.panel !== null && this.panel.viewColumn === activeTabGroup.viewColumn;
    try {
      if (isEmpty || covers) await vscode.window.showTextDocument(live.listing, { viewColumn: this.panel?.viewColumn === vscode.ViewColumn.One ? vscode.ViewColumn.Two : vscode.ViewColumn.One });
    } finally {
      this.show();
    }
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
    this.pace.dispose();
    this.panel?.dispose();
  }

  /** Shows how a gradient of the iteration under the cursor is checked, on its card. */
  check(gradient: number): void {
    this.show();
    this.channel?.send({ type: 'check', gradient });
  }

  /** Whether a tensor has its card in the step under the cursor. */
  async shows(tensor: number): Promise<boolean> {
    return this.panel !== null && this.live !== null && (await cursorOf(this.live.controller)).cards.some((card) => card.tensor === tensor);
  }

  private current(): LiveSession {
    if (this.live === null || this.live.controller.state === 'ended') throw new Failure('panel.ended', 'This session has ended; start it again to go on.');
    return this.live;
  }

  private create(): void {
    const panel = vscode.window.createWebviewPanel('backstep.run', 'Backstep', { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, webviewOptions(this.extension));
    panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'icon.png');
    const current = (): LiveSession => this.current();
    const tensors = tensorHandlers(async () => deskOf(current().controller), () => vscode.Uri.file(current().controller.info.config.model));
    this.channel = new HostChannel(panel.webview, {
      ...tensors,
      tensor: (request) => {
        this.ahead.note(request, this.cursor);
        return tensors.tensor(request);
      },
      jump: async (target) => { await current().controller.jumpTo(target); return null; },
      selectElement: (element) => { current().controller.selectElement(element); return null; },
      step: async ({ back }) => { const { controller } = current(); await (back ? controller.stepBack() : controller.stepOver()); return null; },
      ...this.insight.handlers,
      restore: async () => { await current().controller.restore(); return null; },
      toggleBreakpoint: ({ layer }) => { toggleLayerBreakpoint(layer); return null; },
    }, (event) => { if (event.type === 'ready') void this.sendAll(); });
    panel.onDidDispose(() => {
      this.channel?.dispose();
      this.channel = null;
      this.panel = null;
    });
    this.panel = panel;
    fillPage(panel.webview, this.extension, 'Backstep');
  }

  private follow(live: LiveSession): void {
    this.live = live;
    this.status = { kind: 'stopped' };
    const mine = (act: () => void) => () => { if (this.live === live) act(); };
    const { controller } = live;
    controller.on('moved', mine(() => { this.status = { kind: 'stopped' }; this.pace.request(); }));
    // A value that was set changes the losses from there on.
    controller.on('losses', ({ from }) => { if (this.live === live) { this.sentLosses = Math.min(this.sentLosses, from); this.pace.request(); } });
    controller.on('running', ({ iteration }) => { if (this.live === live) this.report({ kind: 'running', iteration }); });
    controller.on('failed', ({ message }) => { if (this.live === live) this.report({ kind: 'failed', message }); });
    void this.sendAll();
  }

  private report(status: RunStatus): void {
    this.status = status;
    this.channel?.send({ type: 'status', status });
  }

  /** Everything, for a webview that starts empty. */
  private async sendAll(): Promise<void> {
    const { channel, live } = this;
    if (channel === null || live === null) return;
    const run = await runViewOf(live.controller, layersWithBreakpoint(), this.status);
    if (this.channel !== channel || this.live !== live) return;
    this.sentLosses = run.losses.length;
    this.cursor = run.cursor;
    this.ahead.forget();
    channel.send({ type: 'run', run });
  }

  /** What has changed since the last update. */
  private update(): void {
    const { channel, live } = this;
    if (channel === null || live === null || live.controller.state === 'ended') return;
    const { losses } = live.controller;
    if (losses.length !== this.sentLosses) {
      const from = Math.min(this.sentLosses, losses.length);
      channel.send({ type: 'losses', from, losses: losses.slice(from) });
      this.sentLosses = losses.length;
    }
    if (live.controller.state === 'stopped') void this.sendCursor(live);
  }

  private async sendCursor(live: LiveSession): Promise<void> {
    const { controller } = live;
    const cursor = await cursorOf(controller);
    const desk = deskOf(controller);
    const pictures = await this.ahead.pictures(cursor, async (request) => (await desk).picture(request));
    if (this.live !== live || controller.state !== 'stopped') return;
    this.cursor = cursor;
    this.channel?.send({ type: 'cursor', cursor, pictures });
  }
}
