/** What every panel answers about tensors, by its desk; slices leave through the save dialog or the clipboard. */
import * as vscode from 'vscode';
import type { Exported, TensorDesk } from '../debug/view/desk';
import type { ExportRequest } from '../protocol/tensor';
import type { Handlers } from './channel';

type Answered = 'tensor' | 'tensorPart' | 'pins' | 'compare' | 'exportTensor' | 'save';
const { l10n } = vscode;

/**
 * Handlers over the desk of what is shown now.
 * @param beside names the file next to which slices are saved.
 */
export function tensorHandlers(desk: () => Promise<TensorDesk>, beside: () => vscode.Uri): Pick<Required<Handlers>, Answered> {
  return {
    tensor: async (request) => (await desk()).picture(request),
    tensorPart: async (request) => (await desk()).part(request),
    pins: async (request) => (await desk()).pinned(request),
    compare: async (request) => (await desk()).compare(request),
    exportTensor: async (request) => deliver(await (await desk()).exported(request), request, beside()),
    save: async ({ name, bytes }) => { await save(beside(), name, new Uint8Array(bytes)); return null; },
  };
}

/** Puts a slice where it was asked for; says what was done, null when the person left the dialog. */
export async function deliver({ file, text, elements }: Exported, { name }: ExportRequest, beside: vscode.Uri): Promise<string | null> {
  const numbers = elements === 1 ? l10n.t('1 number') : l10n.t('{0} numbers', elements.toLocaleString('en-US'));
  if (text !== null) {
    await vscode.env.clipboard.writeText(text);
    return l10n.t('Copied {0} of {1}.', numbers, name);
  }
  const target = file === null ? undefined : await save(beside, file.name, file.bytes);
  return target === undefined ? null : l10n.t('Saved {0} to {1}.', numbers, vscode.workspace.asRelativePath(target));
}

/** Asks where to, then writes what a view wants to keep; the place, or undefined when the person left the dialog. */
export async function save(beside: vscode.Uri, name: string, bytes: Uint8Array): Promise<vscode.Uri | undefined> {
  const safe = name.replace(/[^\w.-]+/g, '_').replace(/_+(?=\.|$)/g, '').replace(/^_+/, '');
  const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(beside, '..', safe) });
  if (target !== undefined) await vscode.workspace.fs.writeFile(target, bytes);
  return target;
}
