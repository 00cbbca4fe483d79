/** Which JSON files are models: `model.json` and Keras's `to_json()` files get Visualize in their title and in the explorer. */
import { open } from 'node:fs/promises';
import * as vscode from 'vscode';

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

/** The start of a file on disk; empty when it cannot be read. */
async function startOf(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return '';
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(looked), 0, looked, 0);
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } catch {
    return '';
  } finally {
    await handle.close();
  }
}

/**
 * Keeps the context key `backstep.models` (a list of paths) in step with the open text files and with the JSON files of the workspace,
 * so that models are offered as such in the explorer too, and other JSON files are not.
 */
export function watchModels(): vscode.Disposable {
  const models = new Set<string>();
  let live = true;
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
  const lookAt = async ({ scheme, fsPath }: vscode.Uri): Promise<void> => {
    if (scheme === 'file' && note(fsPath, looksLikeModel(await startOf(fsPath)))) publish();
  };
  const lookAround = async (): Promise<void> => {
    for (const { scheme, fsPath } of await vscode.workspace.findFiles('**/*.json', elsewhere, maximalFiles)) {
      if (!live) return;
      if (scheme === 'file' && !models.has(fsPath)) note(fsPath, looksLikeModel(await startOf(fsPath)));
    }
    publish();
  };
  vscode.workspace.textDocuments.forEach(look);
  void lookAround();
  const files = vscode.workspace.createFileSystemWatcher('**/*.json');
  return vscode.Disposable.from(
    files, { dispose: () => { live = false; } },
    files.onDidCreate(lookAt), files.onDidChange(lookAt),
    files.onDidDelete(({ fsPath }) => { if (models.delete(fsPath)) publish(); }),
    vscode.workspace.onDidChangeWorkspaceFolders(lookAround),
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidSaveTextDocument(look),
  );
}
