/** Step Through: starts a debug session on a model file, with its launch configuration where there is one. */
import * as vscode from 'vscode';
import { debugType, entriesFor } from '../debug/vscode/launch-file';
import { chosenModel } from './chosen';

const { l10n } = vscode;

/** @param from what the menu or the editor passed: the model file, or nothing when chosen from the command palette. */
export async function stepThrough(from?: unknown): Promise<void> {
  const model = await chosenModel(from, l10n.t('Step Through'));
  if (model === null) return;
  const folder = vscode.workspace.getWorkspaceFolder(model);
  const known = entriesFor(model, folder);
  const picked = known.length > 1 ? await pickEntry(known) : known[0] ?? null;
  if (picked === undefined) return;
  // By name, so that VS Code fills in the variables of launch.json.
  await vscode.debug.startDebugging(folder, picked === null ? { type: debugType, request: 'launch', name: '', model: model.fsPath } : picked.name);
}

/** One of several configurations; null for new settings, undefined when the person left. */
async function pickEntry(known: readonly vscode.DebugConfiguration[]): Promise<vscode.DebugConfiguration | null | undefined> {
  const items = [...known.map((entry) => ({ label: entry.name, entry })), { label: l10n.t('Other settings …'), entry: null }];
  return (await vscode.window.showQuickPick(items, { title: l10n.t('Step Through') }))?.entry;
}
