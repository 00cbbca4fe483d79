/** The listing as a read-only document of the scheme `backstep-listing:`, with folding and exact hovers. */
import * as vscode from 'vscode';
import type { Listing } from '../../listing/listing';
import type { LiveSession, LiveSessions } from './live';

export const listingScheme = 'backstep-listing';

/**
 * The part of a listing's address that tells models apart: the same for every run of a model, so that breakpoints outlive a
 * session; numbered when several sessions of one model are alive. The ending gives the document its language (package.json).
 */
export function listingIdentity(model: string, sessions: LiveSessions): string {
  const place = vscode.workspace.asRelativePath(model, false).split(/[\\/]+/).filter((part) => part !== '').map(encodeURIComponent).join('/');
  const taken = new Set(sessions.all.map(({ listing }) => listing.path.split('/').slice(1, -1).map(encodeURIComponent).join('/')));
  for (let count = 1; ; count += 1) {
    const identity = `${place}${count === 1 ? '' : `~${count}`}.listing`;
    if (!taken.has(identity)) return identity;
  }
}

export class ListingDocuments implements vscode.TextDocumentContentProvider, vscode.FoldingRangeProvider, vscode.EvaluatableExpressionProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  /** The last text of each listing, which stays readable when its session has ended. */
  private readonly texts = new Map<string, string>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly sessions: LiveSessions) {
    this.subscriptions = [
      sessions.onDidStart((live) => { this.follow(live); }),
      vscode.workspace.registerTextDocumentContentProvider(listingScheme, this),
      vscode.languages.registerFoldingRangeProvider({ scheme: listingScheme }, this),
      vscode.languages.registerEvaluatableExpressionProvider({ scheme: listingScheme }, this),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? `// ${vscode.l10n.t('This listing belongs to a session that has ended.')}\n`;
  }

  /** One region a phase and one a layer. */
  provideFoldingRanges(document: vscode.TextDocument): vscode.FoldingRange[] {
    const listing = this.sessions.withListing(document.uri)?.controller.listing;
    if (listing === undefined) return [];
    const lastLines = new Map<number, number>();
    listing.lines.forEach((line, index) => { if (line.kind === 'op') lastLines.set(line.op, index); });
    return listing.lines.flatMap((line, index) => {
      if (line.kind !== 'phase' && line.kind !== 'group') return [];
      const end = lastLines.get(line.last);
      return end === undefined || end <= index ? [] : [new vscode.FoldingRange(index, end, vscode.FoldingRangeKind.Region)];
    });
  }

  /** The variable under the mouse, whole. */
  provideEvaluatableExpression(document: vscode.TextDocument, { line, character }: vscode.Position): vscode.EvaluatableExpression | undefined {
    const listing = this.sessions.withListing(document.uri)?.controller.listing;
    const found = listing?.variables.find((variable) => variable.line === line + 1 && variable.start <= character && character <= variable.end);
    const name = found === undefined ? undefined : listing?.names.get(found.tensor);
    return found === undefined || name === undefined ? undefined : new vscode.EvaluatableExpression(new vscode.Range(line, found.start, line, found.end), name);
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions, this.changed).dispose();
  }

  private follow({ controller, listing }: LiveSession): void {
    const show = (current: Listing): void => {
      this.texts.set(listing.toString(), current.text);
      this.changed.fire(listing);
    };
    show(controller.listing);
    controller.on('listing', show);
  }
}
