/** The chart of the built-in architectures in an editor of its own. */
import * as vscode from 'vscode';
import { sentenceOf } from '../tensor/failure';
import { HostChannel } from './channel';
import { fillPage, webviewOptions } from './page';

export class ArchitecturesPanel {
  private static panel: vscode.WebviewPanel | null = null;

  /** Shows the chart, or brings it to the front. @param open shows an architecture as a graph */
  static show(extension: vscode.Uri, open: (name: string) => Promise<void>): void {
    if (ArchitecturesPanel.panel !== null) {
      ArchitecturesPanel.panel.reveal();
      return;
    }
    const panel = ArchitecturesPanel.panel = vscode.window.createWebviewPanel('backstep.architectures', vscode.l10n.t('Architectures'), vscode.ViewColumn.Active, { retainContextWhenHidden: true });
    const tell = async (): Promise<void> => {
      try {
        const { views } = await (await import('../core')).loadArchitectures();
        channel.send({ type: 'architectures', architectures: await views() });
      } catch (error) {
        channel.send({ type: 'failed', message: sentenceOf(error) });
      }
    };
    const channel = new HostChannel(panel.webview, {}, (event) => {
      if (event.type === 'ready') void tell();
      else if (event.type === 'openArchitecture') open(event.name).catch((error: unknown) => { void vscode.window.showErrorMessage(sentenceOf(error)); });
    });
    panel.onDidDispose(() => { ArchitecturesPanel.panel = null; channel.dispose(); });
    panel.webview.options = webviewOptions(extension);
    fillPage(panel.webview, extension, panel.title);
  }
}
