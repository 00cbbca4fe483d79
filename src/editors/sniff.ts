/** Which open text files are models: `model.json` and Keras's `to_json()` files get a Visualize button in their title. */
import * as vscode from 'vscode';

/** How much of a file is looked at; the telling attributes stand in its first lines. */
const looked = 4096;
const key = 'backstep.models';

/** TensorFlow.js layers and graph models, and Keras's configuration files, by the attributes that only they have. */
export function looksLikeModel(start: string): boolean {
  return /"modelTopology"\s*:|"weightsManifest"\s*:|"format"\s*:\s*"(layers|graph)-model"/.test(start)
    || (/"class_name"\s*:\s*"(Sequential|Functional|Model)"/.test(start) && /"config"\s*:/.test(start));
}

/** Keeps the context key `backstep.models` (a list of paths) in step with the open text files. */
export function watchModels(): vscode.Disposable {
  const models = new Set<string>();
  const publish = () => { void vscode.commands.executeCommand('setContext', key, [...models]); };
  const look = (document: vscode.TextDocument) => {
    if (document.languageId !== 'json' && document.languageId !== 'jsonc') return;
    const isModel = looksLikeModel(document.getText(new vscode.Range(document.positionAt(0), document.positionAt(looked))));
    const { fsPath } = document.uri;
    if (isModel === models.has(fsPath)) return;
    if (isModel) models.add(fsPath); else models.delete(fsPath);
    publish();
  };
  vscode.workspace.textDocuments.forEach(look);
  return vscode.Disposable.from(
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidSaveTextDocument(look),
    vscode.workspace.onDidCloseTextDocument((document) => { if (models.delete(document.uri.fsPath)) publish(); }),
  );
}
