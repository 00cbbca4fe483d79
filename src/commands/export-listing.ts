/** Export Listing: writes the current iteration as a program for plain TensorFlow.js, with its tensors beside it. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { LiveSessions } from '../debug/vscode/live';
import { sentenceOf } from '../tensor/failure';

const { l10n } = vscode;

export async function exportListing(sessions: LiveSessions): Promise<void> {
  const controller = sessions.active?.controller;
  if (controller === undefined) {
    void vscode.window.showInformationMessage(l10n.t('There is no listing to export: step through a model first.'));
    return;
  }
  const { info, trace } = controller;
  // What goes into the program is what the ops get from outside; a value set behind an op is not among it.
  if ((controller.changes.get(trace.iteration) ?? []).some(({ tensor }) => (trace.tensors.get(tensor)?.writer ?? -1) >= 0)) {
    void vscode.window.showInformationMessage(l10n.t('A value that an op of this iteration made was set by hand, and no program would give it: take it back in the panel first.'));
    return;
  }
  const title = l10n.t('Export Listing');
  const target = await vscode.window.showSaveDialog({
    title, filters: { [l10n.t('JavaScript module')]: ['mjs'] },
    defaultUri: vscode.Uri.file(path.join(path.dirname(info.config.model), `${info.network.name}-iteration-${trace.iteration + 1}.mjs`)),
  });
  if (target === undefined) return;
  try {
    const core = await import('../core');
    const { exportListing: write } = await core.loadExport();
    const files = await write(trace, info, { folder: path.dirname(target.fsPath), name: path.basename(target.fsPath).replace(/\.[cm]?js$/, '') });
    const open = l10n.t('Open');
    const names = files.map((file) => path.basename(file)).join(', ');
    if (await vscode.window.showInformationMessage(l10n.t('Written: {0}. Run it with node.', names), open) === open) await vscode.window.showTextDocument(vscode.Uri.file(files[0] ?? target.fsPath));
  } catch (error) {
    void vscode.window.showErrorMessage(sentenceOf(error));
  }
}
