/** The panel "Tensor": what an expression of a paused program holds, as pictures and numbers; pinned ones follow the stops. */
import * as vscode from 'vscode';
import { canInspect } from '../debug/inspect/inspector';
import { Looks } from '../debug/inspect/looks';
import { noExpression } from '../debug/inspect/sentences';
import { chosenExpression, pausedProgram } from '../debug/vscode/inspect-program';
import { HostChannel } from '../editors/channel';
import { fillPage, webviewOptions } from '../editors/page';
import { tensorHandlers } from '../editors/tensor-handlers';
import type { LookDesk } from '../debug/inspect/look-desk';
import type { LookKind, LookRequest } from '../protocol/inspect';

/** Commands and how they show what they are run on. */
const kinds: Readonly<Record<string, LookKind>> = {
  'backstep.viewTensor': 'tensor', 'backstep.viewAsFeatureMaps': 'maps', 'backstep.viewAsHeatMap': 'heat', 'backstep.viewAsHistogram': 'histogram',
};
const { l10n } = vscode;

export class InspectPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | null = null;
  private channel: HostChannel | null = null;
  private readonly looks = new Looks(pausedProgram, graphOf, () => { this.send(); });
  private madeDesk: Promise<LookDesk> | null = null;
  /** The frame that was read last. */
  private frame = '';
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly extension: vscode.Uri) {
    this.subscriptions = [
      ...Object.entries(kinds).map(([command, as]) => vscode.commands.registerCommand(command, (argument: unknown) => this.view(argument, as))),
      vscode.debug.onDidChangeActiveStackItem((item) => {
        if (this.panel === null || !(item instanceof vscode.DebugStackFrame) || !canInspect(item.session.type)) return;
        // VS Code may tell of one stop twice.
        const frame = `${item.session.id} ${item.frameId}`;
        if (frame === this.frame) return;
        this.frame = frame;
        void this.looks.refresh();
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
    this.panel?.dispose();
  }

  private async view(argument: unknown, as: LookKind): Promise<void> {
    const chosen = chosenExpression(argument);
    if (chosen?.kind === 'nameless') {
      void vscode.window.showErrorMessage(noExpression(chosen.name));
      return;
    }
    const expression = chosen?.expression ?? await vscode.window.showInputBox({ prompt: l10n.t('Expression of the paused program'), placeHolder: 'model.layers[0].kernel' });
    if (expression === undefined || expression.trim() === '') return;
    this.show();
    await this.looks.look(expression.trim(), as);
  }

  /** Opens the panel beside the program, or brings it to the front; the focus stays where it is. */
  private show(): void {
    if (this.panel !== null) {
      // Opened before there was a program to see, it may stand where the program is now.
      const hides = vscode.window.activeTextEditor !== undefined && vscode.window.activeTextEditor.viewColumn === this.panel.viewColumn;
      this.panel.reveal(hides ? vscode.ViewColumn.Beside : undefined, true);
      return;
    }
    const panel = vscode.window.createWebviewPanel('backstep.tensor', l10n.t('Tensor'), { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, webviewOptions(this.extension));
    panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'icon.png');
    this.channel = new HostChannel(panel.webview, {
      ...tensorHandlers(() => this.desk, () => this.beside),
      look: async (request) => { await this.answer(request); return null; },
    }, (event) => { if (event.type === 'ready') this.send(); });
    panel.onDidDispose(() => {
      this.channel?.dispose();
      this.channel = null;
      this.panel = null;
    });
    this.panel = panel;
    fillPage(panel.webview, this.extension, 'Tensor');
  }

  /** Next to which file slices are saved. */
  private get beside(): vscode.Uri {
    return vscode.Uri.joinPath(vscode.workspace.workspaceFolders?.[0]?.uri ?? this.extension, 'tensor');
  }

  /** Keeps what is pinned while the panel is closed. */
  private get desk(): Promise<LookDesk> {
    return this.madeDesk ??= (async () => {
      const { LookDesk } = await (await import('../core')).loadInspection();
      return new LookDesk(this.looks);
    })();
  }

  private send(): void {
    this.channel?.send({ type: 'inspect', inspect: this.looks.view });
  }

  private async answer(request: LookRequest): Promise<void> {
    switch (request.kind) {
      case 'slice': return this.looks.readSlice(request.id, request.slice);
      case 'as': return this.looks.showAs(request.id, request.as);
      case 'again': return this.looks.again(request.id);
      case 'shape': return this.askShape(request.id);
      case 'layer': return this.looks.openLayer(request.id, request.layer);
      case 'compute': return this.askInput(request.id);
      case 'pin': this.looks.pin(request.id, request.pinned); break;
      case 'close': this.looks.close(request.id); break;
    }
  }

  private async askInput(id: string): Promise<void> {
    const input = await vscode.window.showInputBox({
      title: l10n.t('Outputs of the layers of {0}', this.looks.expression(id)), value: this.looks.input(id) ?? '', placeHolder: 'x',
      prompt: l10n.t('Expression of the input. The layers are computed on it now, inside the program, in inference mode; its tensors, tape and counters stay as they are.'),
    });
    if (input !== undefined && input.trim() !== '') await this.looks.compute(id, input.trim());
  }

  private async askShape(id: string): Promise<void> {
    const text = await vscode.window.showInputBox({
      title: this.looks.expression(id), prompt: l10n.t('Shape to read it in, its extents separated by commas'), placeHolder: '28, 28, 1',
      validateInput: (typed) => (shapeIn(typed) === null ? l10n.t('Whole numbers separated by commas, such as 28, 28, 1') : null),
    });
    const shape = text === undefined ? null : shapeIn(text);
    if (shape !== null) await this.looks.readShape(id, shape);
  }
}

/** `28, 28, 1`, `[28, 28, 1]` or `28x28x1` as numbers; null for anything else. */
function shapeIn(text: string): readonly number[] | null {
  const parts = text.trim().replace(/^[[(]|[\])]$/g, '').split(/[\s,x×]+/).filter((part) => part !== '');
  return parts.length > 0 && parts.every((part) => /^[1-9]\d{0,9}$/.test(part)) ? parts.map(Number) : null;
}

async function graphOf(config: string, name: string) {
  const { configGraph } = await (await import('../core')).loadInspection();
  return configGraph(config, name);
}
