/** Which model file a command is about: the one under the mouse, the one in the active editor, or one that is picked. */
import * as vscode from 'vscode';

const named = /\.(keras|h5|hdf5|onnx|safetensors|pt|pth|pt2|ckpt|tflite|npz)$|\.pb$|(^|\/)(model\.json|(variables|[^/]*ckpt[^/]*)\.index)$/;
/** Glob of the files that a pick offers; node_modules and the like are left out by the user's own `files.exclude`. */
const glob = '**/{*.keras,*.h5,*.hdf5,*.onnx,*.safetensors,*.pt,*.pth,*.pt2,*.ckpt,*.tflite,*.pb,model.json}';

/** The file shown in the active tab, as text or in an editor of its own. */
function active(): vscode.Uri | null {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText ? input.uri : null;
}

/** Null when the person has picked none. @param from the argument that VS Code passes to a menu's command. */
export async function chosenModel(from: unknown, title: string): Promise<vscode.Uri | null> {
  if (from instanceof vscode.Uri) return from;
  const shown = active();
  if (shown !== null && shown.scheme === 'file' && (named.test(shown.path) || shown.path.endsWith('.json'))) return shown;
  return pickModel(title);
}

/** Asks for a model file of the workspace or another one; null when the person has picked none. @param except a file that is not offered */
export async function pickModel(title: string, except?: vscode.Uri): Promise<vscode.Uri | null> {
  const files = (await vscode.workspace.findFiles(glob, '**/node_modules/**', 200)).filter((uri) => uri.toString() !== except?.toString());
  const items = files.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri })).sort((a, b) => a.label.localeCompare(b.label));
  const other = { label: vscode.l10n.t('Choose a file …'), uri: null };
  const picked = await vscode.window.showQuickPick([...items, other], { title, placeHolder: vscode.l10n.t('A model file: .keras, .h5, .onnx, .safetensors, .pt, .tflite, model.json, saved_model.pb') });
  if (picked === undefined) return null;
  if (picked.uri !== null) return picked.uri;
  const opened = await vscode.window.showOpenDialog({ title, filters: { [vscode.l10n.t('Models')]: ['keras', 'h5', 'hdf5', 'json', 'onnx', 'tflite', 'pb', 'pt', 'pth', 'pt2', 'ckpt', 'safetensors', 'npz'] } });
  return opened?.[0] ?? null;
}
