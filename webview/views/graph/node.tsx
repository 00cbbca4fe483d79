/** One box of the graph: a layer, a folded group or the loss. */
import type { JSX } from 'preact';
import { numberOn } from '../../render/graph/colors';
import type { Tint } from '../../render/graph/colors';
import type { DrawnNode } from '../../render/graph/model';
import { lossNode } from '../../render/graph/model';
import { fieldWords } from '../../render/graph/layer-rows';

interface NodeProps {
  readonly node: DrawnNode;
  readonly state: string;
  readonly words: string;
  readonly focusable: boolean;
  readonly breakpoint: boolean;
  readonly tint: Tint | null;
  /** Whether the number on a box counts parameters. */
  readonly counts: boolean;
  /** For a folded group: opens it. */
  readonly onUnfold: ((id: string) => void) | null;
  readonly onFocus: (id: string, byKey: boolean) => void;
  readonly onOpen: (id: string) => void;
  /** A click with Shift: an end of a path. */
  readonly onEnd: (id: string) => void;
  readonly onBreakpoint: ((id: string) => void) | null;
}

export function Node({ node, state, words, focusable, breakpoint, tint, counts, onUnfold, onFocus, onOpen, onEnd, onBreakpoint }: NodeProps): JSX.Element {
  const { view, rect } = node;
  const open = onUnfold ?? onOpen;
  const number = numberOn(view, tint, counts);
  return (
    <button type="button" class={`node ${state} ${onUnfold === null ? '' : 'folded'}`} aria-expanded={onUnfold === null ? undefined : false} data-node={node.id === lossNode ? 'loss' : node.id} tabIndex={focusable ? 0 : -1} title={words} aria-label={words}
      style={{ left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px` }}
      onFocus={({ currentTarget }) => onFocus(node.id, currentTarget.matches(':focus-visible'))} onClick={(event) => { if (event.shiftKey) onEnd(node.id); else if (event.detail <= 1) open(node.id); }}
      onDblClick={() => { if (view !== null && onUnfold === null) onBreakpoint?.(node.id); }}>
      {tint !== null && <i class="tint" aria-hidden="true" style={{ background: tint.color, width: `${tint.stripe}px` }} />}
      {breakpoint && <span class="breakpoint" aria-hidden="true" />}
      <span class="node-title"><span class="node-name">{onUnfold === null ? '' : '▸ '}{node.title}</span>{number !== '' && <span class="node-count">{number}</span>}</span>
      <span class="node-detail">{view?.problem !== null && view !== null ? `⚠ ${node.detail}` : node.detail}</span>
    </button>
  );
}

/** All that is known of a node, for tooltip and screen reader. */
export function wordsOf(node: DrawnNode, marks: readonly string[]): string {
  const { view } = node;
  if (view === null) return `loss, ${node.detail}`;
  const parts = [`${view.name}, ${node.detail}`, ...(view.scope === undefined ? [] : [`of ${view.scope}`]), `output ${view.outputShape || 'unknown'}`];
  if (view.activation !== null && !node.detail.includes(view.activation)) parts.push(`activation ${view.activation}`);
  if (view.parameters > 0) parts.push(`${view.parameters.toLocaleString('en-US')} parameters`);
  if (view.receptiveField != null) parts.push(fieldWords(view.receptiveField));
  if (view.problem !== null) parts.push(view.problem);
  return [...parts, ...marks].join(' · ');
}
