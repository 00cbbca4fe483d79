/** The state of the webview in one place: what the host says (snapshot, then deltas) and how the person has arranged the view. */
import { useLayoutEffect, useState } from 'preact/hooks';
import type { ArchitecturesView } from '../src/protocol/architectures';
import type { CompareView } from '../src/protocol/compare';
import type { GraphView } from '../src/protocol/graph';
import type { InspectView } from '../src/protocol/inspect';
import type { HostEvent } from '../src/protocol/messages';
import type { RunView } from '../src/protocol/run';
import { emit, keep, kept } from './channel';
import { versionOf } from './render/tensor/cards';
import type { RoleColors, Views } from './render/tensor/settings';
import { readRoles, readViews } from './render/tensor/settings';
import { takeAhead } from './tensors';

/** Kept over reloads. */
export interface Arrangement {
  readonly graphWidth: number | null;
  readonly graphHidden: boolean;
  readonly tab: 'graph' | 'tensors' | 'look' | 'training';
  readonly selectedLayer: string | null;
  readonly example: number;
  /** Whether the origin of the selected element is shown. */
  readonly originOpen: boolean;
  /** How each tensor variable is looked at, by its name; and the colours that tensors of a role share. */
  readonly views: Views;
  readonly roles: RoleColors;
}

/** An element looked at: the same index in all tensors of this shape. */
export interface Selection { readonly tensor: string; readonly shape: string; readonly index: readonly number[] }

export type Content =
  /** `name` of the file that is being opened, which can be stopped. */
  | { readonly mode: 'waiting'; readonly name: string | null }
  /** `again`: it can be tried once more. */
  | { readonly mode: 'failed'; readonly message: string; readonly again: boolean }
  | { readonly mode: 'model'; readonly graph: GraphView; readonly canStep: boolean; /** Which reading of the file it is. */ readonly version: string }
  | { readonly mode: 'run'; readonly run: RunView }
  | { readonly mode: 'inspect'; readonly inspect: InspectView }
  | { readonly mode: 'comparison'; readonly compare: CompareView }
  | { readonly mode: 'architectures'; readonly architectures: ArchitecturesView };

export interface State {
  readonly content: Content;
  readonly arrangement: Arrangement;
  readonly selection: Selection | null;
  /** The gradient that was asked to be checked, until its card takes it up. */
  readonly checking: number | null;
  /** What a request answered that a person should read. */
  readonly notice: string | null;
}

const initial: Arrangement = { graphWidth: null, graphHidden: false, tab: 'tensors', selectedLayer: null, example: 0, originOpen: false, views: {}, roles: {} };

/** The arrangement that was kept, as far as it is well formed. */
export function readArrangement(value: unknown): Arrangement {
  if (typeof value !== 'object' || value === null) return initial;
  const record = value as Readonly<Record<string, unknown>>;
  return {
    graphWidth: typeof record.graphWidth === 'number' ? record.graphWidth : null,
    graphHidden: record.graphHidden === true,
    tab: record.tab === 'training' || record.tab === 'look' || record.tab === 'graph' ? record.tab : 'tensors',
    selectedLayer: typeof record.selectedLayer === 'string' ? record.selectedLayer : null,
    example: typeof record.example === 'number' && record.example >= 0 ? Math.floor(record.example) : 0,
    originOpen: record.originOpen === true,
    views: readViews(record.views), roles: readRoles(record.roles),
  };
}

const sameGraph = (a: GraphView, b: GraphView): boolean => a.nodes.length === b.nodes.length && JSON.stringify(a) === JSON.stringify(b);

/** The content after an event of the host. Deltas without a run to apply to change nothing. */
export function afterEvent(content: Content, event: HostEvent): Content {
  // The same layers again, with other weights, keep their groups, their place and what is selected.
  if (event.type === 'model') return { mode: 'model', graph: content.mode === 'model' && sameGraph(content.graph, event.graph) ? content.graph : event.graph, canStep: event.canStep, version: event.version ?? '' };
  // What is shown stays while its file is read again.
  if (event.type === 'opening') return content.mode === 'model' ? content : { mode: 'waiting', name: event.name };
  if (event.type === 'failed') return { mode: 'failed', message: event.message, again: event.again === true };
  if (event.type === 'run') return { mode: 'run', run: event.run };
  if (event.type === 'comparison') return { mode: 'comparison', compare: event.compare };
  if (event.type === 'differences') return content.mode === 'comparison' ? { mode: 'comparison', compare: { ...content.compare, ...event.differences } } : content;
  if (event.type === 'architectures') return { mode: 'architectures', architectures: event.architectures };
  if (event.type === 'inspect') return { mode: 'inspect', inspect: event.inspect };
  if (content.mode !== 'run') return content;
  const { run } = content;
  switch (event.type) {
    case 'cursor': return { mode: 'run', run: { ...run, cursor: event.cursor, status: { kind: 'stopped' } } };
    case 'status': return { mode: 'run', run: { ...run, status: event.status } };
    case 'losses': return { mode: 'run', run: { ...run, losses: [...run.losses.slice(0, event.from), ...event.losses] } };
    case 'breakpoints': return { mode: 'run', run: { ...run, breakpoints: event.layers } };
    case 'progress': case 'check': return content;
  }
}

let state: State = { content: { mode: 'waiting', name: null }, arrangement: readArrangement(kept()), selection: null, checking: null, notice: null };
const listeners = new Set<() => void>();

export const current = (): State => state;

function set(next: State): void {
  state = next;
  for (const listener of [...listeners]) listener();
}

export function receive(event: HostEvent): void {
  if (event.type === 'cursor') {
    for (const ahead of event.pictures ?? []) {
      const { address } = ahead.request;
      const card = event.cursor.cards.find(({ tensor }) => address.kind === 'trace' && tensor === address.tensor);
      if (card !== undefined) takeAhead(ahead, versionOf(card));
    }
  }
  if (event.type === 'check') arrange({ tab: 'tensors' });
  set({ ...state, content: afterEvent(state.content, event), checking: event.type === 'check' ? event.gradient : state.checking });
}

/** A card has taken up the check that was asked for. */
export function takeCheck(): void {
  set({ ...state, checking: null });
}

/** Waits for the file to be read once more. */
export function openAgain(): void {
  set({ ...state, content: { mode: 'waiting', name: '' } });
  emit({ type: 'reload' });
}

export function arrange(change: Partial<Arrangement>): void {
  set({ ...state, arrangement: { ...state.arrangement, ...change } });
  keep(state.arrangement);
}

export function select(selection: Selection | null): void {
  set({ ...state, selection });
}

export function notify(notice: string | null): void {
  set({ ...state, notice });
}

/** A part of the state, followed by the component that asks. Parts are compared by identity. */
export function useStore<Part>(part: (state: State) => Part): Part {
  const [value, setValue] = useState(() => part(state));
  useLayoutEffect(() => {
    const follow = (): void => setValue(() => part(state));
    follow();
    listeners.add(follow);
    return () => { listeners.delete(follow); };
  }, []);
  return value;
}
