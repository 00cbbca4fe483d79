/** The graph of layers: lines by cytoscape, boxes as focusable DOM over them, search, zoom, keyboard. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { GraphView, NodeView } from '../../src/protocol/graph';
import type { PhaseName } from '../../src/protocol/run';
import { Button, SearchField } from '../controls';
import type { Drawing, DrawnLabel, DrawnNode } from '../render/graph-model';
import { drawGraph, lossNode, neighbourNode } from '../render/graph-model';
import { compact } from '../render/numbers';
import { currentTheme, onTheme } from '../theme';
import { GraphCanvas, textZoom } from './graph-canvas';

interface Props {
  readonly graph: GraphView;
  /** Present in a run: two lines an edge, the loss as a node, progress in colour. */
  readonly run: {
    readonly current: string | null;
    readonly phase: PhaseName | null;
    readonly forwardDone: readonly string[];
    readonly backwardDone: readonly string[];
    readonly breakpoints: readonly string[];
    readonly lossText: string;
    readonly onBreakpoint: (id: string) => void;
  } | null;
  readonly selected: string | null;
  readonly onOpen: (id: string) => void;
}

interface NodeProps {
  readonly node: DrawnNode;
  readonly state: string;
  readonly words: string;
  readonly focusable: boolean;
  readonly breakpoint: boolean;
  readonly onFocus: (id: string) => void;
  readonly onOpen: (id: string) => void;
  readonly onBreakpoint: ((id: string) => void) | null;
}

function Node({ node, state, words, focusable, breakpoint, onFocus, onOpen, onBreakpoint }: NodeProps): JSX.Element {
  const { view, rect } = node;
  return (
    <button type="button" class={`node ${state}`} data-node={node.id === lossNode ? 'loss' : node.id} tabIndex={focusable ? 0 : -1} title={words} aria-label={words}
      style={{ left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px` }}
      onFocus={() => onFocus(node.id)} onClick={(event) => { if (event.detail <= 1) onOpen(node.id); }}
      onDblClick={() => { if (view !== null) onBreakpoint?.(node.id); }}>
      {breakpoint && <span class="breakpoint" aria-hidden="true" />}
      <span class="node-title"><span class="node-name">{node.title}</span>{view !== null && view.parameters > 0 && <span class="node-count">{compact(view.parameters)}</span>}</span>
      <span class="node-detail">{view?.problem !== null && view !== null ? `⚠ ${node.detail}` : node.detail}</span>
    </button>
  );
}

/** All that is known of a node, for tooltip and screen reader. */
function wordsOf(node: DrawnNode, marks: readonly string[]): string {
  const { view } = node;
  if (view === null) return `loss, ${node.detail}`;
  const parts = [`${view.name}, ${node.detail}`, `output ${view.outputShape || 'unknown'}`];
  if (view.activation !== null && !node.detail.includes(view.activation)) parts.push(`activation ${view.activation}`);
  if (view.parameters > 0) parts.push(`${view.parameters.toLocaleString('en-US')} parameters`);
  if (view.problem !== null) parts.push(view.problem);
  return [...parts, ...marks].join(' · ');
}

const matches = (view: NodeView | null, text: string): boolean => view !== null && `${view.name} ${view.type} ${view.detail} ${view.activation ?? ''}`.toLowerCase().includes(text);

/** What of the drawing is in the DOM. */
interface Shown { readonly nodes: readonly DrawnNode[]; readonly labels: readonly DrawnLabel[] }

/** Boxes and labels near the visible part of the drawing; all of a small one, none of one that is too small to read. */
function nearby({ nodes, labels }: Drawing, canvas: GraphCanvas | null): Shown {
  if (nodes.length <= 300) return { nodes, labels };
  if (canvas === null || canvas.view().zoom < textZoom) return { nodes: [], labels: [] };
  const { x, y, width, height } = canvas.visible();
  const [left, right, top, bottom] = [x - width / 2, x + 1.5 * width, y - height / 2, y + 1.5 * height];
  return {
    nodes: nodes.filter(({ rect }) => rect.x + rect.width > left && rect.x < right && rect.y + rect.height > top && rect.y < bottom),
    labels: labels.filter((label) => label.x > left && label.x < right && label.y > top && label.y < bottom),
  };
}

const same = <Item,>(a: readonly Item[], b: readonly Item[]): boolean => a.length === b.length && a.every((item, index) => item === b[index]);

export function Graph({ graph, run, selected, onOpen }: Props): JSX.Element {
  const drawing = useMemo(() => drawGraph(graph, run !== null, run?.lossText), [graph, run === null, run?.lossText]);
  const frame = useRef<HTMLDivElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const canvas = useRef<GraphCanvas | null>(null);
  const [shown, setShown] = useState<Shown>(() => nearby(drawing, null));
  const [focused, setFocused] = useState<string | null>(null);
  const [search, setSearch] = useState<string | null>(null);
  const field = useRef<HTMLElement>(null);
  /** Where the button went down: a click at the end of a drag opens nothing. */
  const pressed = useRef({ x: 0, y: 0 });
  const least = 0.8;

  const follow = (): void => {
    const target = canvas.current;
    if (target === null || layer.current === null) return;
    const { zoom, pan } = target.view();
    layer.current.style.transform = `translate(${pan.x}px, ${pan.y}px) scale(${zoom})`;
    layer.current.classList.toggle('far', zoom < textZoom);
    setShown((old) => {
      const next = nearby(drawingRef.current, target);
      return same(old.nodes, next.nodes) && same(old.labels, next.labels) ? old : next;
    });
  };
  const drawingRef = useRef(drawing);
  drawingRef.current = drawing;

  useLayoutEffect(() => {
    if (frame.current === null) return undefined;
    const target = new GraphCanvas(frame.current, follow);
    canvas.current = target;
    target.paint(currentTheme());
    const stop = onTheme((theme) => target.paint(theme));
    const observer = new ResizeObserver(() => target.resized(least));
    observer.observe(frame.current);
    return () => {
      stop();
      observer.disconnect();
      target.destroy();
      canvas.current = null;
    };
  }, []);
  useLayoutEffect(() => {
    canvas.current?.draw(drawing, run !== null);
    canvas.current?.fit(least);
    follow();
  }, [drawing]);
  const current = run?.phase === 'loss' && run.current === null ? lossNode : run?.current ?? null;
  useLayoutEffect(() => {
    if (run === null) return;
    const backwardDone = new Set(run.backwardDone);
    if (run.phase === 'backward' || run.phase === 'update') backwardDone.add(lossNode);
    // Inputs are there from the start.
    const inputs = drawing.nodes.filter(({ id }) => !drawing.above.has(id)).map(({ id }) => id);
    canvas.current?.mark({ forwardDone: new Set([...inputs, ...run.forwardDone]), backwardDone });
  }, [drawing, run?.forwardDone, run?.backwardDone, run?.phase]);

  const text = (search ?? '').trim().toLowerCase();
  const found = useMemo(() => (text === '' ? [] : drawing.nodes.filter(({ view }) => matches(view, text)).map(({ id }) => id)), [drawing, text]);
  const foundSet = useMemo(() => new Set(found), [found]);
  useEffect(() => canvas.current?.emphasise(current ?? selected, foundSet), [current, selected, foundSet, drawing]);
  useLayoutEffect(() => {
    const node = drawing.byId.get(current ?? selected ?? '');
    if (node !== undefined) canvas.current?.reveal(node.rect, selected !== null);
  }, [current, selected, drawing]);

  const focus = (id: string): void => {
    const node = drawing.byId.get(id);
    if (node === undefined) return;
    canvas.current?.reveal(node.rect, true);
    setFocused(id);
    // The box may only now come into the DOM.
    requestAnimationFrame(() => layer.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id === lossNode ? 'loss' : id)}"]`)?.focus({ preventScroll: true }));
  };
  const focusField = (): void => (field.current?.shadowRoot?.querySelector('input') ?? field.current)?.focus();
  const openSearch = (): void => {
    setSearch((old) => old ?? '');
    if (search !== null) focusField();
  };
  // At once, so that no key is lost.
  useLayoutEffect(() => { if (search !== null) focusField(); }, [search === null]);
  const open = useRef(openSearch);
  open.current = openSearch;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const inField = event.target instanceof HTMLElement && event.target.tagName === 'VSCODE-TEXT-FIELD';
      if ((event.key === 'f' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !inField)) {
        event.preventDefault();
        open.current();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const closeSearch = (): void => {
    setSearch(null);
    const back = found[0] ?? focused ?? drawing.nodes[0]?.id;
    if (back !== undefined) focus(back);
  };
  const stepFound = (step: number): void => {
    const at = found.indexOf(focused ?? '');
    const next = found[(at + step + found.length) % Math.max(1, found.length)];
    const node = drawing.byId.get(next ?? '');
    if (next === undefined || node === undefined) return;
    canvas.current?.reveal(node.rect, true);
    setFocused(next);
  };
  const onSearchKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') closeSearch();
    else if (event.key === 'Enter' && found.length > 0) {
      const at = foundSet.has(focused ?? '') ? focused : found[0];
      if (event.shiftKey || (at !== null && at !== undefined && at === selected)) stepFound(event.shiftKey ? -1 : 1);
      else if (at !== undefined && at !== null) {
        setFocused(at);
        onOpen(at);
      }
    } else if (event.key === 'ArrowDown') stepFound(1);
    else if (event.key === 'ArrowUp') stepFound(-1);
    else return;
    event.preventDefault();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === '+' || event.key === '=') canvas.current?.zoomBy(1.2);
    else if (event.key === '-') canvas.current?.zoomBy(1 / 1.2);
    else if (event.key === '0') canvas.current?.fit();
    else if (event.key === 'b' && focused !== null && run !== null && drawing.byId.get(focused)?.view !== null) run.onBreakpoint(focused);
    else {
      const next = focused === null ? null : neighbourNode(drawing, focused, event.key);
      if (next === null) return;
      focus(next);
    }
    event.preventDefault();
  };

  const doneForward = useMemo(() => new Set(run?.forwardDone ?? []), [run?.forwardDone]);
  const doneBackward = useMemo(() => new Set(run?.backwardDone ?? []), [run?.backwardDone]);
  const stops = useMemo(() => new Set(run?.breakpoints ?? []), [run?.breakpoints]);
  const roving = focused ?? selected ?? current ?? drawing.nodes[0]?.id ?? null;
  const marksOf = ({ id }: DrawnNode): string[] => [
    ...(id === current ? ['current layer'] : []), ...(doneBackward.has(id) ? ['backward done'] : doneForward.has(id) ? ['forward done'] : []), ...(stops.has(id) ? ['breakpoint'] : []),
  ];
  const stateOf = ({ id, view }: DrawnNode): string => [
    id === current ? `current ${run?.phase === 'backward' || run?.phase === 'update' ? 'backward' : 'forward'}` : '',
    id === selected ? 'selected' : '', doneBackward.has(id) ? 'done-backward' : doneForward.has(id) ? 'done-forward' : '',
    text === '' ? '' : foundSet.has(id) ? (id === focused ? 'found chosen' : 'found') : 'dimmed', view !== null && view.problem !== null ? 'problem' : '', view === null ? 'loss' : '',
  ].join(' ');
  return (
    <div class="graph" role="region" aria-label={`Graph of ${graph.title}, ${graph.totals.layers} layers`} onKeyDown={onKeyDown}>
      <div class="graph-frame" ref={frame} onMouseDownCapture={({ clientX: x, clientY: y }) => { pressed.current = { x, y }; }}
        onClickCapture={(event) => { if (event.detail > 0 && Math.hypot(event.clientX - pressed.current.x, event.clientY - pressed.current.y) > 4) event.stopPropagation(); }}>
        <div class="graph-layer" ref={layer}>
          {drawing.groups.map(({ id, rect, title }) => (
            <div key={id} class={`group ${id === selected ? 'selected' : ''}`} style={{ left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px` }}><span>{title}</span></div>
          ))}
          {shown.labels.map(({ id, x, y, text: label }) => <span key={id} class="edge-label" style={{ left: `${x + 11}px`, top: `${y + 4}px` }}>{label}</span>)}
          {shown.nodes.map((node) => (
            <Node key={node.id} node={node} state={stateOf(node)} words={wordsOf(node, marksOf(node))} focusable={node.id === roving} breakpoint={stops.has(node.id)}
              onFocus={setFocused} onOpen={onOpen} onBreakpoint={run?.onBreakpoint ?? null} />
          ))}
        </div>
      </div>
      <div class="graph-tools" role="toolbar" aria-label="Graph">
        {search === null ? <Button appearance="icon" label="Search layers (Ctrl+F)" onClick={openSearch}><span class="glyph search" /></Button> : (
          <div class="graph-search">
            <SearchField label="Search name or class" value={search} inputRef={field} onInput={(value) => { setSearch(value); setFocused(null); }} onKeyDown={onSearchKey} />
            <span class="search-count" aria-live="polite">{text === '' ? '' : `${found.length} found`}</span>
            <Button appearance="icon" label="Close search (Escape)" onClick={closeSearch}>✕</Button>
          </div>
        )}
        <Button appearance="icon" label="Zoom in (+)" onClick={() => canvas.current?.zoomBy(1.25)}>+</Button>
        <Button appearance="icon" label="Zoom out (−)" onClick={() => canvas.current?.zoomBy(0.8)}>−</Button>
        <Button appearance="icon" label="Fit to view (0)" onClick={() => canvas.current?.fit()}><span class="glyph fit" /></Button>
      </div>
    </div>
  );
}
