/** Compare Models: two files chosen in the explorer, or one and another that is picked, or two that are picked. */
import * as vscode from 'vscode';
import { ComparePanel } from '../editors/compare-panel';
import { pickModel } from './chosen';

const { l10n } = vscode;

/** @param from the file under the mouse, and `selection` all that are selected in the explorer, as VS Code passes them; both are asked for otherwise. */
export async function compareModels(extension: vscode.Uri, from?: unknown, selection?: unknown): Promise<void> {
  const chosen = Array.isArray(selection) ? selection.filter((each): each is vscode.Uri => each instanceof vscode.Uri) : [];
  const clicked = from instanceof vscode.Uri ? from : null;
  if (chosen.length > 2) {
    await vscode.window.showInformationMessage(l10n.t('Select two model files to compare; {0} are selected.', chosen.length));
    return;
  }
  const before = chosen[0] ?? clicked ?? await pickModel(l10n.t('Compare Models: before'));
  if (before === null) return;
  const after = chosen[1] ?? (selection instanceof vscode.Uri ? selection : await pickModel(l10n.t('Compare {0} with', vscode.workspace.asRelativePath(before)), before));
  if (after !== null) ComparePanel.show(extension, before, after);
}
