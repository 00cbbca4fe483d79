/** The read-only editor of model files: a thin provider over ModelDocument and the webview. */
import * as vscode from 'vscode';
import { HostChannel } from './channel';
import { ModelDocument } from './model-document';
import { fillPage, webviewOptions } from './page';
import { tensorHandlers } from './tensor-handlers';

export const modelEditorType = 'backstep.model';
/** The same editor, as the second choice for `model.json`, which opens as text. */
const jsonEditorType = 'backstep.modelJson';

export class ModelEditorProvider implements vscode.CustomReadonlyEditorProvider<ModelDocument> {
  constructor(private readonly extension: vscode.Uri) {}

  static register(extension: vscode.Uri): vscode.Disposable[] {
    const provider = new ModelEditorProvider(extension);
    return [modelEditorType, jsonEditorType].map((type) => vscode.window.registerCustomEditorProvider(type, provider, { supportsMultipleEditorsPerDocument: true }));
  }

  openCustomDocument(uri: vscode.Uri): ModelDocument {
    return new ModelDocument(uri);
  }

  resolveCustomEditor(document: ModelDocument, panel: vscode.WebviewPanel): void {
    const show = async () => { for await (const event of document.snapshots()) channel.send(event); };
    const channel = new HostChannel(panel.webview, {
      ...tensorHandlers(() => document.desk, () => document.uri),
      stepThrough: async () => { await vscode.commands.executeCommand('backstep.stepThrough', document.uri); return null; },
    }, (event) => {
      if (event.type === 'ready') void show();
      else if (event.type === 'stop') document.stop();
      else if (event.type === 'reload') document.reload();
    });
    const changes = document.onDidChange(() => { void show(); });
    panel.onDidDispose(() => { changes.dispose(); channel.dispose(); });
    panel.webview.options = webviewOptions(this.extension);
    fillPage(panel.webview, this.extension, document.uri.path);
  }
}
