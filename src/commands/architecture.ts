/** New Network from Architecture: writes a built-in architecture as a Keras configuration where the user wants it, and shows it. */
import * as vscode from 'vscode';
import { visualize } from './visualize';

/** Networks of fewer parameters train while one watches. */
const small = 200_000;

/** @param name of the architecture and `target` file, when called by a program; both are asked for otherwise */
export async function newFromArchitecture(name?: unknown, target?: unknown): Promise<void> {
  const { loadArchitectures } = await import('../core');
  const { architectures, writtenArchitecture } = await loadArchitectures();
  const chosen = typeof name === 'string' ? name : await pick(architectures);
  if (chosen === undefined) return;
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const uri = target instanceof vscode.Uri ? target : await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Save the network as'),
    filters: { [vscode.l10n.t('Keras configuration')]: ['json'] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder.uri, `${chosen}.json`) }),
  });
  if (uri === undefined) return;
  try {
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(`${JSON.stringify(await writtenArchitecture(chosen), null, 1)}\n`));
  } catch (error) {
    await vscode.window.showErrorMessage(vscode.l10n.t('{0} could not be written: {1}', uri.fsPath, error instanceof Error ? error.message : String(error)));
    return;
  }
  await visualize(uri);
}

/** Shows a built-in architecture as a graph, without asking where to keep it: its file stands in the extension's own folder. */
export async function openArchitecture(storage: vscode.Uri, name: string): Promise<void> {
  const { writtenArchitecture } = await (await import('../core')).loadArchitectures();
  const folder = vscode.Uri.joinPath(storage, 'architectures');
  const uri = vscode.Uri.joinPath(folder, `${name}.json`);
  await vscode.workspace.fs.createDirectory(folder);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(`${JSON.stringify(await writtenArchitecture(name), null, 1)}\n`));
  await visualize(uri);
}

async function pick(architectures: Readonly<Record<string, { readonly title: string; readonly source: string; readonly parameters: number; readonly accuracy: unknown }>>): Promise<string | undefined> {
  const chart = { id: '', label: `$(graph-scatter) ${vscode.l10n.t('Compare them …')}`, description: vscode.l10n.t('size and compute against accuracy'), detail: '' };
  const items = Object.entries(architectures).map(([id, { title, source, parameters, accuracy }]) => ({
    id, label: title, description: vscode.l10n.t('{0} parameters', parameters.toLocaleString('en-US')), detail: source,
    family: accuracy !== null ? vscode.l10n.t('classify the pictures of ImageNet') : parameters < small ? vscode.l10n.t('small: train in seconds') : vscode.l10n.t('deeper, and for other tasks'),
  }));
  const families = [...new Set(items.map(({ family }) => family))].flatMap((family) => [
    { id: '', label: family, description: '', detail: '', kind: vscode.QuickPickItemKind.Separator }, ...items.filter((item) => item.family === family),
  ]);
  const picked = (await vscode.window.showQuickPick([...families, { ...chart, kind: vscode.QuickPickItemKind.Default }], { title: vscode.l10n.t('New network'), placeHolder: vscode.l10n.t('Choose an architecture: it is written as a file with fresh weights'), matchOnDetail: true }))?.id;
  if (picked !== '') return picked;
  await vscode.commands.executeCommand('backstep.compareArchitectures');
  return undefined;
}
