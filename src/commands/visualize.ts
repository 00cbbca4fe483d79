/** Visualize: opens a model file, whatever it is shown as now, in Backstep's own editor. */
import * as vscode from 'vscode';
import { modelEditorType } from '../editors/model-editor';
import { chosenModel } from './chosen';

/** @param from what the menu passed: the file under the mouse, or nothing when chosen from the command palette. */
export async function visualize(from?: unknown): Promise<void> {
  const model = await chosenModel(from, vscode.l10n.t('Visualize'));
  if (model !== null) await vscode.commands.executeCommand('vscode.openWith', model, modelEditorType, vscode.ViewColumn.Active);
}
