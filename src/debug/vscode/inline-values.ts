/** Inline values: at the end of each line that has run, the shape of what it made and its size. */
import * as vscode from 'vscode';
import type { TraceTensor } from '../../engine/trace';
import { statisticsOf } from '../../tensor/statistics';
import type { View } from '../place';
import { debugType } from './launch-file';
import { listingScheme } from './listing-document';
import type { LiveSessions } from './live';

/** How long one request may spend on reading tensors, in milliseconds; lines beyond get only their shape. */
const budget = 25;

export class InlineValues implements vscode.InlineValuesProvider, vscode.Disposable {
  private readonly known = new WeakMap<TraceTensor, string>();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeInlineValues = this.changed.event;
  private readonly subscriptions: vscode.Disposable;

  constructor(private readonly sessions: LiveSessions) {
    this.subscriptions = vscode.Disposable.from(
      vscode.languages.registerInlineValuesProvider({ scheme: listingScheme }, this),
      // At the first stop VS Code asks before it knows the frame, and does not ask again by itself.
      vscode.debug.onDidChangeActiveStackItem((item) => { if (item instanceof vscode.DebugStackFrame && item.session.type === debugType) this.changed.fire(); }),
      this.changed,
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  provideInlineValues(document: vscode.TextDocument, viewPort: vscode.Range): vscode.InlineValue[] {
    const controller = this.sessions.withListing(document.uri)?.controller;
    if (controller === undefined || controller.state === 'ended') return [];
    const { view } = controller;
    const until = performance.now() + budget;
    const values: vscode.InlineValue[] = [];
    for (let index = viewPort.start.line; index <= Math.min(viewPort.end.line, document.lineCount - 1); index += 1) {
      const line = view.listing.lines[index];
      if (line?.kind !== 'op' || line.op > view.last) continue;
      const tensors = (view.trace.ops[line.op]?.outputs ?? []).map((id) => view.trace.tensors.get(id)).filter((tensor) => tensor !== undefined);
      const text = tensors.map((tensor) => this.textOf(tensor, view, until)).join('  ');
      if (text !== '') values.push(new vscode.InlineValueText(document.lineAt(index).range, text));
    }
    return values;
  }

  private textOf(tensor: TraceTensor, { reader }: View, until: number): string {
    const known = this.known.get(tensor);
    if (known !== undefined) return known;
    const shape = `[${tensor.shape.join(', ')}]`;
    if (tensor.dtype === 'string' || tensor.dtype === 'complex64' || performance.now() > until) return shape;
    const { data } = reader.read(tensor);
    const text = data.length === 1 ? brief(Number(data[0])) : `${shape} ‖·‖ ${brief(statisticsOf(data).norm)}`;
    this.known.set(tensor, text);
    return text;
  }
}

const brief = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value));
