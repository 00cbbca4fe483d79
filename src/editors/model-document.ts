/** An opened model file: its graph and weights, read once and again when the file changes on disk. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { Network, OpenedNetwork } from '../network/network';
import type { GraphView } from '../protocol/graph';
import type { HostEvent } from '../protocol/messages';
import type { TensorPicture, TensorRequest } from '../protocol/tensor';
import { Failure, sentenceOf } from '../tensor/failure';
import type { TensorValue } from '../tensor/value';

/** How many weights stay in memory after they were looked at. */
const keptWeights = 4;

interface Loaded { readonly opened: OpenedNetwork; readonly graph: GraphView }

export class ModelDocument implements vscode.CustomDocument {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Fires when the file on disk has changed and was read again. */
  readonly onDidChange = this.changed.event;
  private readonly watcher: vscode.FileSystemWatcher;
  private loading: Promise<Loaded>;
  private readonly recent = new Map<string, Promise<TensorValue>>();
  private disposed = false;

  constructor(readonly uri: vscode.Uri) {
    this.loading = this.load();
    const folder = path.dirname(uri.fsPath);
    this.watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(folder), path.basename(uri.fsPath)));
    this.watcher.onDidChange(() => { this.reload(); });
    this.watcher.onDidCreate(() => { this.reload(); });
    this.watcher.onDidDelete(() => { this.reload(); });
  }

  /** What a view that starts empty has to be told: the graph, or why there is none. */
  async snapshot(): Promise<HostEvent> {
    try {
      const { opened, graph } = await this.loading;
      return { type: 'model', graph, canStep: canStep(opened.network) };
    } catch (error) {
      return { type: 'failed', message: sentenceOf(error) };
    }
  }

  async network(): Promise<Network> {
    return (await this.loading).opened.network;
  }

  /** The part of a weight that a view asked for. @throws Failure when the file has no such weight or holds no value for it. */
  async picture(request: TensorRequest): Promise<TensorPicture> {
    const { opened } = await this.loading;
    const { tensorPicture } = await (await import('../core')).loadFormats();
    const weights = { read: (key: string) => this.read(opened, key), close: () => opened.weights.close() };
    return tensorPicture(request, { trace: () => null, names: () => new Map(), network: opened.network, weights });
  }

  dispose(): void {
    this.disposed = true;
    this.watcher.dispose();
    this.changed.dispose();
    this.close(this.loading);
  }

  private get name(): string {
    return path.basename(this.uri.fsPath);
  }

  private async load(): Promise<Loaded> {
    if (this.uri.scheme !== 'file') throw new Failure('editor.scheme', `${this.name} cannot be read through "${this.uri.scheme}:"; Backstep opens files on disk.`);
    const { openNetwork, graphView } = await (await import('../core')).loadFormats();
    const opened = await openNetwork(this.uri.fsPath);
    return { opened, graph: graphView(opened.network) };
  }

  private reload(): void {
    const old = this.loading;
    this.loading = this.load();
    this.recent.clear();
    this.close(old);
    this.loading.catch(() => undefined).then(() => { if (!this.disposed) this.changed.fire(); }, () => undefined);
  }

  /** Closes a file that is no longer shown; one that could not be opened has nothing to close. */
  private close(loading: Promise<Loaded>): void {
    loading.then(({ opened }) => opened.weights.close(), () => undefined).catch((error: unknown) => { console.error('Backstep: closing a model file failed:', error); });
  }

  private read(opened: OpenedNetwork, key: string): Promise<TensorValue> {
    const value = this.recent.get(key) ?? opened.weights.read(key);
    this.recent.delete(key);
    this.recent.set(key, value);
    value.catch(() => { this.recent.delete(key); });
    for (const oldest of this.recent.keys()) {
      if (this.recent.size <= keptWeights) break;
      this.recent.delete(oldest);
    }
    return value;
  }
}

/** A network can be stepped through when it has layers, and all of them can be run. */
function canStep(network: Network): boolean {
  return network.viewOnly === undefined && network.layers.length > 0 && network.layers.every((layer) => layer.problem === null && (layer.network === null || canStep(layer.network)));
}
