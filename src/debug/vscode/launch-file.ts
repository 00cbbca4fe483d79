/** The backstep entries of launch.json: which of them are about a model, and how a new one gets in. */
import path from 'node:path';
import * as vscode from 'vscode';

export const debugType = 'backstep';

const entriesOf = (folder: vscode.WorkspaceFolder | undefined): readonly vscode.DebugConfiguration[] =>
  vscode.workspace.getConfiguration('launch', folder?.uri).get<vscode.DebugConfiguration[]>('configurations') ?? [];

/** A path of a launch configuration, absolute. Relative ones count from the workspace folder. */
export function absolute(file: string, folder: vscode.WorkspaceFolder | undefined): string {
  const base = folder?.uri.fsPath ?? '';
  const named = file.replaceAll('${workspaceFolder}', base).replaceAll('${workspaceRoot}', base);
  return path.isAbsolute(named) || base === '' ? path.normalize(named) : path.join(base, named);
}

/** Launch configurations for this model file, in the order of launch.json. */
export function entriesFor(model: vscode.Uri, folder: vscode.WorkspaceFolder | undefined): readonly vscode.DebugConfiguration[] {
  return entriesOf(folder).filter((entry) => entry.type === debugType && typeof entry.model === 'string' && absolute(entry.model, folder) === model.fsPath);
}

/** Offers, without standing in the way, to keep a configuration; paths in the workspace become relative to it. */
export async function offerToKeep(configuration: vscode.DebugConfiguration, folder: vscode.WorkspaceFolder | undefined): Promise<void> {
  if (folder === undefined) return;
  const keep = vscode.l10n.t('Save to launch.json');
  const answer = await vscode.window.showInformationMessage(vscode.l10n.t('Keep these settings for the next time?'), keep);
  if (answer !== keep) return;
  const launch = vscode.workspace.getConfiguration('launch', folder.uri);
  const kept = relative(configuration, folder.uri.fsPath) as vscode.DebugConfiguration; // a record stays a record
  await launch.update('configurations', [...entriesOf(folder), kept], vscode.ConfigurationTarget.WorkspaceFolder);
}

function relative(value: unknown, base: string): unknown {
  if (typeof value === 'string') return value.startsWith(base + path.sep) ? `\${workspaceFolder}/${value.slice(base.length + 1).split(path.sep).join('/')}` : value;
  if (Array.isArray(value)) return value.map((item) => relative(item, base));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith('__')).map(([name, entry]) => [name, relative(entry, base)]));
  return value;
}
