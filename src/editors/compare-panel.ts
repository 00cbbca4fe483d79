/** Two model files compared in an editor of its own: the structure at once, weights as they are read; it can be stopped, and turned round. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { OpenedNetwork } from '../network/network';
import type { ComparedModel, Differences } from '../protocol/compare';
import type { HostEvent } from '../protocol/messages';
import { sentenceOf } from '../tensor/failure';
import { HostChannel } from './channel';
import { fillPage, webviewOptions } from './page';
import { save } from './tensor-handlers';

/** Milliseconds between two reports on the way. */
const pace = 250;
const { l10n } = vscode;

export class ComparePanel implements vscode.Disposable {
  private readonly channel: HostChannel;
  private running = new AbortController();
  /** What a view that starts anew is told. */
  private shown: HostEvent | null = null;

  private constructor(private readonly panel: vscode.WebviewPanel, extension: vscode.Uri, private before: vscode.Uri, private after: vscode.Uri) {
    this.channel = new HostChannel(panel.webview, { save: async ({ name, bytes }) => { await save(this.after, name, new Uint8Array(bytes)); return null; } }, (event) => {
      if (event.type === 'ready' && this.shown !== null) this.channel.send(this.shown);
      else if (event.type === 'stop') this.running.abort();
      else if (event.type === 'swap') {
        [this.before, this.after] = [this.after, this.before];
        void this.compare();
      }
    });
    panel.onDidDispose(() => { this.dispose(); });
    panel.webview.options = webviewOptions(extension);
    fillPage(panel.webview, extension, panel.title);
    void this.compare();
  }

  /** Opens the comparison beside nothing: an editor like any other. */
  static show(extension: vscode.Uri, before: vscode.Uri, after: vscode.Uri): ComparePanel {
    const panel = vscode.window.createWebviewPanel('backstep.compare', '', vscode.ViewColumn.Active, { retainContextWhenHidden: true });
    return new ComparePanel(panel, extension, before, after);
  }

  dispose(): void {
    this.running.abort();
    this.channel.dispose();
  }

  private async compare(): Promise<void> {
    this.running.abort();
    const { signal } = this.running = new AbortController();
    const [before, after] = [this.before, this.after];
    this.panel.title = `${path.basename(before.fsPath)} → ${path.basename(after.fsPath)}`;
    const opened: OpenedNetwork[] = [];
    try {
      const { openNetwork, graphView, comparable, diffNetworks, matchLayers, mergedGraph, differencesView } = await (await import('../core')).loadComparison();
      const open = async (uri: vscode.Uri): Promise<OpenedNetwork> => {
        const network = await openNetwork(uri.fsPath, { signal });
        opened.push(network);
        return network;
      };
      const [old, now] = comparable(await open(before), await open(after));
      const [oldView, nowView] = [graphView(old.network), graphView(now.network)];
      const model = (uri: vscode.Uri, { format, totals }: typeof oldView): ComparedModel => ({ file: vscode.workspace.asRelativePath(uri), format, layers: totals.layers, parameters: totals.parameters });
      const common = { before: model(before, oldView), after: model(after, nowView), graph: mergedGraph(oldView, nowView, matchLayers(old.network, now.network)) };
      let latest: () => Differences = () => ({ summary: '', changes: [], progress: null, stopped: null });
      let first = true, last = Date.now();
      const tell = (differences: Differences): void => {
        if (signal !== this.running.signal) return;
        this.shown = { type: 'comparison', compare: { ...common, ...differences } };
        this.channel.send(first ? this.shown : { type: 'differences', differences });
        [first, last] = [false, Date.now()];
      };
      try {
        const difference = await diffNetworks(old, now, { signal, onProgress: (done, total, known) => {
          latest = () => differencesView(known(), null, l10n.t('Stopped after {0} of {1} weights.', done, total));
          if (first || Date.now() - last > pace) tell(differencesView(known(), { done, total }));
        } });
        tell(differencesView(difference, null));
      } catch (error) {
        if (!signal.aborted) throw error;
        tell(latest());
      }
    } catch (error) {
      if (signal !== this.running.signal || (error instanceof DOMException && error.name === 'AbortError')) return;
      this.channel.send(this.shown = { type: 'failed', message: sentenceOf(error) });
    } finally {
      await Promise.all(opened.map(({ weights }) => weights.close().catch(() => undefined)));
    }
  }
}
