/** The status bar: what computes and why, and where the run stands. Seen only while a session of ours is alive. */
import * as vscode from 'vscode';
import { cellName } from '../debug/cells';
import type { LiveSession, LiveSessions } from '../debug/vscode/live';
import { Pace } from './pace';

const { l10n } = vscode;

export class Status implements vscode.Disposable {
  private readonly place = vscode.window.createStatusBarItem('backstep.place', vscode.StatusBarAlignment.Left, 50);
  private readonly backend = vscode.window.createStatusBarItem('backstep.backend', vscode.StatusBarAlignment.Right, 50);
  private readonly pace = new Pace(100, () => { this.update(); });
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly sessions: LiveSessions) {
    this.place.name = l10n.t('Backstep: Where the Run Stands');
    this.place.command = 'backstep.showPanel';
    this.backend.name = l10n.t('Backstep: Backend');
    this.subscriptions = [
      sessions.onDidStart((live) => { this.follow(live); }),
      sessions.onDidEnd(() => { this.pace.request(); }),
      vscode.debug.onDidChangeActiveDebugSession(() => { this.pace.request(); }),
    ];
  }

  dispose(): void {
    this.pace.dispose();
    vscode.Disposable.from(...this.subscriptions, this.place, this.backend).dispose();
  }

  private follow({ controller }: LiveSession): void {
    controller.on('moved', () => { this.pace.request(); });
    controller.on('running', () => { this.pace.request(); });
    this.pace.request();
  }

  private update(): void {
    const live = this.sessions.active;
    if (live === null || live.controller.state === 'ended') {
      this.place.hide();
      this.backend.hide();
      return;
    }
    const { controller } = live;
    const { backend, convention } = controller.info;
    this.backend.text = `Backstep: ${backend.name}`;
    this.backend.tooltip = new vscode.MarkdownString(`${backend.reason}\n\n${l10n.t('Convention: {0}', convention)}`);
    this.backend.show();
    this.place.text = controller.state === 'running' ? `$(sync~spin) ${l10n.t('iteration {0}', String(controller.losses.length + 1))}` : placeText(live);
    this.place.tooltip = l10n.t('Show the Backstep panel');
    this.place.show();
  }
}

/** `iteration 3 · backward · conv2d_2 · Conv2DBackpropFilter`, as deep as the cursor is; iterations count from 1 for people. */
function placeText({ controller }: LiveSession): string {
  const { cursor, trace } = controller;
  const op = trace.ops[cursor.op];
  const icon = op?.phase === 'backward' ? '$(arrow-up)' : '$(arrow-down)';
  const parts = [l10n.t('iteration {0}', String(cursor.iteration + 1))];
  if (cursor.depth !== 'iteration') parts.push(op?.phase ?? '');
  if (cursor.depth !== 'iteration' && cursor.depth !== 'phase' && op?.layer != null) parts.push(op.layer);
  if (cursor.depth === 'op') parts.push(op?.kernel ?? '');
  if (cursor.depth === 'cell') parts.push(cellName(controller.view) ?? '');
  return `${icon} ${parts.filter((part) => part !== '').join(' · ')}`;
}
