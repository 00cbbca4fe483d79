/** Which JSON files are models: `model.json` and Keras's `to_json()` files get Visualize in their title and in the explorer. */
import * as vscode from 'vscode';
import { startOf } from './start-of-file';

/** How much of a file is looked at; the telling attributes stand in its first lines. */
const looked = 4096;
const key = 'backstep.models';

/** TensorFlow.js layers and graph models, Keras's configuration files, Hugging Face's index of shards, and TensorFlow.js's lists of weights, by the attributes that only they have. */
export function looksLikeModel(start: string): boolean {
  return /"modelTopology"\s*:|"weightsManifest"\s*:|"format"\s*:\s*"(layers|graph)-model"/.test(start) || /"weight_map"\s*:\s*\{/.test(start)
    || (/^\s*\[\s*\{/.test(start) && /"weights"\s*:/.test(start) && /"shape"\s*:/.test(start))
    || (/"class_name"\s*:\s*"(Sequential|Functional|Model)"/.test(start) && /"config"\s*:/.test(start));
}

/** At most this many JSON files of the workspace are looked at; those that come later are looked at when they change or are opened. */
const maximalFiles = 1000;
const elsewhere = '**/{node_modules,.git,.venv,venv,__pycache__}/**';
const isElsewhere = /[\\/](node_modules|\.git|\.venv|venv|__pycache__)[\\/]/;
/** Of more files that change at once, as with another branch, the rest is looked at when it is opened. */
const mostWaiting = 1000;

/**
 * Keeps the context key `backstep.models` (a list of paths) in step with the open text files and with the JSON files of the workspace,
 * so that models are offered as such in the explorer too, and other JSON files are not.
 */
export function watchModels(): vscode.Disposable {
  const models = new Set<string>();
  const searching = new vscode.CancellationTokenSource();
  let live = true;
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  const publish = () => { if (live) void vscode.commands.executeCommand('setContext', key, [...models]); };
  const note = (file: string, isModel: boolean): boolean => {
    if (isModel === models.has(file)) return false;
    if (isModel) models.add(file); else models.delete(file);
    return true;
  };
  const look = (document: vscode.TextDocument) => {
    if (document.languageId !== 'json' && document.languageId !== 'jsonc') return;
    if (note(document.uri.fsPath, looksLikeModel(document.getText(new vscode.Range(document.positionAt(0), document.positionAt(looked)))))) publish();
  };
  /** Files that change are looked at one after the other. */
  const lookAt = ({ scheme, fsPath }: vscode.Uri): void => {
    if (scheme !== 'file' || isElsewhere.test(fsPath) || waiting >= mostWaiting) return;
    waiting += 1;
    last = last.then(async () => {
      waiting -= 1;
      if (live && note(fsPath, looksLikeModel(await startOf(fsPath, looked)))) publish();
    });
  };
  const lookAround = async (): Promise<void> => {
    // A search that is cancelled, or that the workspace refuses, finds nothing.
    for (const { scheme, fsPath } of await vscode.workspace.findFiles('**/*.json', elsewhere, maximalFiles, searching.token).then((found) => found, () => [])) {
      if (!live) return;
      if (scheme === 'file' && !models.has(fsPath)) note(fsPath, looksLikeModel(await startOf(fsPath, looked)));
    }
    publish();
  };
  vscode.workspace.textDocuments.forEach(look);
  void lookAround();
  const files = vscode.workspace.createFileSystemWatcher('**/*.json');
  return vscode.Disposable.from(
    { dispose: () => { live = false; searching.cancel(); } }, files, searching,
    files.onDidCreate(lookAt), files.onDidChange(lookAt),
    files.onDidDelete(({ fsPath }) => { if (models.delete(fsPath)) publish(); }),
    vscode.workspace.onDidChangeWorkspaceFolders(lookAround),
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidSaveTextDocument(look),
  );
}
