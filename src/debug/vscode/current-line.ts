/** Colours the line under the cursor by its direction: the colour of the forward pass, or that of the backward pass. */
import * as vscode from 'vscode';
import type { LiveSession, LiveSessions } from './live';

type Direction = 'forward' | 'backward';

function lineIn(direction: Direction): vscode.TextEditorDecorationType {
  const color = new vscode.ThemeColor(`backstep.${direction}`);
  return vscode.window.createTextEditorDecorationType({
    isWholeLine: true, borderStyle: 'solid', borderWidth: '0 0 0 3px', borderColor: color, overviewRulerColor: color, overviewRulerLane: vscode.OverviewRulerLane.Full,
  });
}

export class CurrentLine implements vscode.Disposable {
  private readonly lines: Readonly<Record<Direction, vscode.TextEditorDecorationType>> = { forward: lineIn('forward'), backward: lineIn('backward') };
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly sessions: LiveSessions) {
    this.subscriptions = [
      sessions.onDidStart((live) => { live.controller.on('moved', () => { this.draw(live, false); }); }),
      sessions.onDidEnd((live) => { this.draw(live, true); }),
      vscode.window.onDidChangeVisibleTextEditors(() => { for (const live of this.sessions.all) this.draw(live, false); }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions, this.lines.forward, this.lines.backward).dispose();
  }

  private draw({ controller, listing }: LiveSession, ended: boolean): void {
    const phase = ended ? null : controller.trace.ops[controller.cursor.op]?.phase;
    const direction: Direction = phase === 'forward' || phase === 'loss' ? 'forward' : 'backward';
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document.uri.toString() !== listing.toString()) continue;
      for (const [name, decoration] of Object.entries(this.lines)) {
        const here = !ended && name === direction;
        const line = here ? controller.view.line - 1 : 0;
        editor.setDecorations(decoration, here ? [new vscode.Range(line, 0, line, 0)] : []);
      }
    }
  }
}
