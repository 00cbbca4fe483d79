/** An opened model file: its graph and weights, read once and again when the file changes on disk. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { TensorDesk } from '../debug/view/desk';
import type { Network, OpenedNetwork } from '../network/network';
import type { GraphView } from '../protocol/graph';
import type { HostEvent } from '../protocol/messages';
import { Failure, sentenceOf } from '../tensor/failure';
import type { TensorValue } from '../tensor/value';

/** How many weights stay in memory after they were looked at. */
const keptWeights = 4;

/** A file that is being written is read when nothing has changed for so long (ms). */
const settled = 200;

/** How long (ms) the whole of a file is awaited before its layers are shown without it. */
const patience = 40;

interface Loaded { readonly opened: OpenedNetwork; readonly graph: GraphView }
/** `layers` come first where finding the weights takes longer; null where they do not. */
interface Loading { readonly version: string; readonly stop: () => void; readonly layers: Promise<HostEvent | null>; readonly whole: Promise<Loaded> }

export class ModelDocument implements vscode.CustomDocument {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Fires when the file on disk has changed and was read again. */
  readonly onDidChange = this.changed.event;
  private readonly watcher: vscode.FileSystemWatcher;
  private readings = 0;
  private loading: Loading;
  private settling: NodeJS.Timeout | undefined;
  private readonly recent = new Map<string, Promise<TensorValue>>();
  private disposed = false;
  private madeDesk: Promise<TensorDesk> | null = null;

  constructor(readonly uri: vscode.Uri) {
    this.loading = this.load();
    const folder = path.dirname(uri.fsPath);
    this.watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(folder), path.basename(uri.fsPath)));
    const changes = (): void => {
      clearTimeout(this.settling);
      this.settling = setTimeout(() => { this.reload(); }, settled);
    };
    this.watcher.onDidChange(changes);
    this.watcher.onDidCreate(changes);
    this.watcher.onDidDelete(changes);
  }

  /**
   * What a view that starts empty has to be told: the graph, or why there is none. Of a large file the layers come first, and all of it once more
   * when that says something else. Ends early when the file has changed meanwhile.
   */
  async* snapshots(): AsyncGenerator<HostEvent, void, void> {
    const { loading } = this;
    yield { type: 'opening', name: this.name };
    const layers = await loading.layers;
    if (layers !== null) yield layers;
    const whole = await loading.whole.then(({ opened, graph }): HostEvent => ({ type: 'model', graph, canStep: canStep(opened.network), version: loading.version }), (error: unknown): HostEvent => ({ type: 'failed', message: sentenceOf(error), again: true }));
    if (this.loading === loading && (layers === null || JSON.stringify(layers) !== JSON.stringify(whole))) yield whole;
  }

  async network(): Promise<Network> {
    return (await this.loading.whole).opened.network;
  }

  /** What answers for the weights of the file; it holds what is pinned, also when the file changes. */
  get desk(): Promise<TensorDesk> {
    return this.madeDesk ??= this.makeDesk();
  }

  private async makeDesk(): Promise<TensorDesk> {
    const { TensorDesk, findTensor } = await (await import('../core')).loadFormats();
    return new TensorDesk(async (address) => {
      const { opened } = await this.loading.whole;
      const weights = { read: (key: string) => this.read(opened, key), close: () => opened.weights.close() };
      return findTensor(address, { trace: () => null, names: () => new Map(), network: opened.network, weights });
    });
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.settling);
    this.watcher.dispose();
    this.changed.dispose();
    this.loading.stop();
    this.close(this.loading.whole);
  }

  private get name(): string {
    return path.basename(this.uri.fsPath);
  }

  private load(): Loading {
    const version = String(this.readings += 1);
    let tell: (layers: HostEvent | null) => void = () => undefined;
    const layers = new Promise<HostEvent | null>((resolve) => { tell = resolve; });
    const stopping = new AbortController();
    const stopped = new Promise<never>((_, reject) => {
      stopping.signal.addEventListener('abort', () => { reject(new Failure('editor.stopped', `${this.name} is not shown: its opening was stopped.`)); });
    });
    const whole = Promise.race([stopped, this.open(stopping.signal, (network, graph) => { setTimeout(() => { tell({ type: 'model', graph: graph(), canStep: canStep(network), version }); }, patience); })]);
    whole.then(() => { tell(null); }, () => { tell(null); });
    return { version, stop: () => { stopping.abort(); }, layers, whole };
  }

  private async open(signal: AbortSignal, onLayers: (network: Network, graph: () => GraphView) => void): Promise<Loaded> {
    if (this.uri.scheme !== 'file') throw new Failure('editor.scheme', `${this.name} cannot be read through "${this.uri.scheme}:"; Backstep opens files on disk.`);
    const { openNetwork, graphView } = await (await import('../core')).loadFormats();
    const opened = await openNetwork(this.uri.fsPath, { signal, onGraph: (network) => { onLayers(network, () => graphView(network)); } });
    return { opened, graph: graphView(opened.network) };
  }

  /** Ends the opening that is under way; a file that is open already stays so. */
  stop(): void {
    this.loading.stop();
  }

  /** Reads the file once more. */
  reload(): void {
    const old = this.loading;
    this.loading = this.load();
    this.recent.clear();
    old.stop();
    this.close(old.whole);
    this.loading.whole.catch(() => undefined).then(() => { if (!this.disposed) this.changed.fire(); }, () => undefined);
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
