/** The graph of layers: lines by cytoscape, boxes as focusable DOM over them, groups that fold, search, zoom, keyboard. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LayerChange } from '../../../src/protocol/compare';
import type { GraphView } from '../../../src/protocol/graph';
import type { PhaseName } from '../../../src/protocol/run';
import { foldGraph, groupsAround, openAtFirst } from '../../render/graph/fold';
import type { ColorBy } from '../../render/graph/colors';
import { coloring, colorings, differenceColoring, numberOn, unitOf } from '../../render/graph/colors';
import type { DrawnNode } from '../../render/graph/model';
import { draftGraph, lossNode } from '../../render/graph/model';
import type { Way } from '../../render/graph/walk';
import { walkFrom } from '../../render/graph/walk';
import { hideOthers } from '../../render/graph/hide';
import { layerQuery, queryProblem } from '../../render/graph/layer-query';
import { scopesOf } from '../../render/graph/scopes';
import { currentTheme, onTheme, useTheme } from '../../theme';
import { GraphCanvas, margin, textZoom } from './canvas';
import { exportGraph } from './export';
import { useDrawing } from './layout';
import { Minimap, minimapRoom, minimapScale, wantsMap } from './minimap';
import type { Size } from './minimap';
import { Node, wordsOf } from './node';
import { PathStatus, usePaths } from './path';
import type { Filter } from './search';
import { GraphSearch, noFilter } from './search';
import type { Shown } from './shown';
import { nearby, nothing, same } from './shown';
import { GraphTools } from './tools';

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
  /** What is looked for, where others than the graph show and change it too. */
  readonly filter?: Filter;
  /** In a comparison: the layers that differ, told apart by colour and sign. */
  readonly changes?: readonly LayerChange[];
  readonly onFilter?: (filter: Filter) => void;
  /** Width in pixels that a single column of boxes should fit in. */
  readonly room?: number;
  /** Hears how wide the whole drawing is, before it is shown. */
  readonly onExtent?: (width: number) => void;
}

export function Graph({ graph: whole, run, selected, onOpen, filter: given, onFilter, onExtent, room, changes }: Props): JSX.Element {
  const [own, setOwn] = useState(noFilter);
  const [filter, setFilter] = [given ?? own, onFilter ?? setOwn];
  const text = filter.text.trim().toLowerCase();
  const found = useMemo(() => {
    const query = layerQuery(text);
    const groups = new Set(whole.nodes.map(({ parent }) => parent));
    return query === null ? [] : whole.nodes.filter((node) => !groups.has(node.id) && query(node)).map(({ id }) => id);
  }, [whole, text]);
  const foundSet = useMemo(() => new Set(found), [found]);
  const hiding = filter.hide && found.length > 0;
  const graph = useMemo(() => (hiding ? hideOthers(whole, foundSet) : whole), [whole, hiding, hiding ? foundSet : null]);
  const scopes = useMemo(() => scopesOf(graph), [graph]);
  const [chosen, setChosen] = useState<{ readonly graph: GraphView; readonly open: ReadonlySet<string> } | null>(null);
  const first = useMemo(() => openAtFirst(graph, scopes), [graph, scopes]);
  const open = chosen?.graph === graph ? chosen.open : first;
  const { graph: visible, folded, home, titles } = useMemo(() => foldGraph(graph, scopes, open, run === null), [graph, scopes, open, run === null]);
  // In steps, so that dragging the border does not lay out anew for each pixel.
  const boxRoom = room === undefined ? Infinity : 12 * Math.floor((room - 2 * margin) / 12);
  const theme = useTheme();
  const differences = useMemo(() => (changes === undefined ? null : differenceColoring(changes, home, theme.kind === 'dark' || theme.kind === 'hcDark')), [changes, home, theme.kind]);
  // Differences come in while weights are read: what they say has its room from the start.
  const marks = useMemo(() => new Map(changes === undefined ? [] : visible.nodes.map(({ id }) => [id, 8])), [changes === undefined, visible]);
  const draft = useMemo(() => draftGraph(visible, run !== null, run?.lossText, boxRoom, titles, marks), [visible, run === null, run?.lossText, boxRoom, marks]);
  const laid = useDrawing(draft);
  const drawing = laid.drawing ?? nothing;
  const [colorBy, setColorBy] = useState<ColorBy>('none');
  const { tints, legend } = useMemo(() => (differences !== null && colorBy === 'none') ? differences : coloring(colorBy, drawing.nodes.flatMap(({ view }) => view ?? []), theme.kind === 'dark' || theme.kind === 'hcDark'), [colorBy, drawing, theme.kind, differences]);
  const unit = changes !== undefined && colorBy === 'none' ? '' : unitOf(colorBy);
  /** What to look at, or to focus, once it is drawn. */
  const wanted = useRef<{ readonly id: string; readonly focus: boolean } | null>(null);
  /** A group that folds or unfolds, and where it stood on the screen: it stays there. */
  const held = useRef<{ readonly id: string; readonly x: number; readonly y: number } | null>(null);
  const fitted = useRef<{ readonly graph: GraphView; readonly boxRoom: number } | null>(null);
  const mini = useRef<HTMLDivElement>(null);
  /** The graph's room while there is a map. */
  const [overview, setOverview] = useState<Size | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const canvas = useRef<GraphCanvas | null>(null);
  const [shown, setShown] = useState<Shown>(() => nearby(drawing, null));
  const [focused, setFocused] = useState<string | null>(null);
  /** The edge that the keyboard came along: left and right go to its neighbours. */
  const way = useRef<Way | null>(null);
  const [searching, setSearching] = useState(false);
  const search = searching || filter.text !== '';
  const field = useRef<HTMLElement>(null);
  /** Where the button went down: a click at the end of a drag opens nothing. */
  const pressed = useRef({ x: 0, y: 0 });
  const least = 0.8;
  /** Brings to sight what should be, after the view has got another size. */
  const showAgain = useRef(() => undefined as void);

  const follow = (): void => {
    const target = canvas.current;
    if (target === null || layer.current === null) return;
    const { zoom, pan } = target.view();
    layer.current.style.transform = `translate(${pan.x}px, ${pan.y}px) scale(${zoom})`;
    layer.current.classList.toggle('far', zoom < textZoom);
    setShown((old) => {
      const next = nearby(drawingRef.current, target);
      return same(old.nodes, next.nodes) && same(old.labels, next.labels) && same(old.groups, next.groups) ? old : next;
    });
    const { x, y, width, height } = target.visible();
    const { size } = target;
    setOverview((old) => { const wants = wantsMap(drawingRef.current, size, zoom); return !wants ? null : old?.width === size.width && old.height === size.height ? old : size; });
    if (mini.current === null) return;
    const scale = minimapScale(drawingRef.current, size);
    for (const [name, value] of Object.entries({ left: x, top: y, width, height })) mini.current.style.setProperty(name, `${Math.round(value * scale)}px`);
  };
  const drawingRef = useRef(drawing);
  drawingRef.current = drawing;
  const besides = useRef((zoom: number): number => { const size = canvas.current?.size; return size !== undefined && wantsMap(drawingRef.current, size, zoom) ? minimapRoom(drawingRef.current, size) : 0; });

  useLayoutEffect(() => {
    if (frame.current === null) return undefined;
    const target = new GraphCanvas(frame.current, follow);
    canvas.current = target;
    target.paint(currentTheme());
    const stop = onTheme((theme) => target.paint(theme));
    const observer = new ResizeObserver(() => {
      target.resized(least, besides.current);
      showAgain.current();
    });
    observer.observe(frame.current);
    return () => {
      stop();
      observer.disconnect();
      target.destroy();
      canvas.current = null;
    };
  }, []);
  useLayoutEffect(() => { if (laid.drawing !== null) onExtent?.(drawing.width); }, [drawing]);
  useLayoutEffect(() => {
    if (laid.drawing === null) return;
    canvas.current?.draw(drawing, run !== null);
    const stays = held.current === null ? undefined : drawing.byId.get(held.current.id) ?? drawing.groups.find(({ id }) => id === held.current?.id);
    if (fitted.current?.graph !== graph || fitted.current.boxRoom !== boxRoom) canvas.current?.fit(least, besides.current);
    else if (stays !== undefined && held.current !== null) canvas.current?.hold(stays.rect, held.current);
    held.current = null;
    fitted.current = { graph, boxRoom };
    follow();
  }, [drawing]);
  useLayoutEffect(follow, [overview]);
  useEffect(() => canvas.current?.tint(tints), [tints, drawing]);
  const shownAs = (id: string | null): string | null => (id === null ? null : home.get(id) ?? id);
  const setOpen = (next: ReadonlySet<string>): void => setChosen({ graph, open: next });
  /** Opens the groups around a layer. */
  const bringOut = (id: string): void => {
    const around = groupsAround(scopes, id);
    if (around.some((group) => !open.has(group))) setOpen(new Set([...open, ...around]));
  };
  const toggle = (id: string): void => {
    const rect = drawing.byId.get(id)?.rect ?? drawing.groups.find((group) => group.id === id)?.rect;
    if (rect !== undefined && canvas.current !== null) held.current = { id, ...canvas.current.onScreen(rect) };
    wanted.current = { id, focus: true };
    setOpen(open.has(id) ? new Set([...open].filter((other) => other !== id)) : new Set([...open, id]));
  };
  const openAll = (): void => {
    fitted.current = null;
    setOpen(new Set(scopes.groups.keys()));
  };
  const foldAll = (): void => {
    fitted.current = null;
    setOpen(new Set());
  };
  const current = run?.phase === 'loss' && run.current === null ? lossNode : shownAs(run?.current ?? null);
  const chosenNode = shownAs(selected);
  // A layer that is selected elsewhere shows itself here.
  useEffect(() => { if (selected !== null) bringOut(selected); }, [selected, graph]);
  /** Layers that are done, and folded groups all of whose layers are. */
  const shownDone = (done: readonly string[] | undefined): Set<string> => {
    const result = new Set(done);
    if (folded.size === 0 || done === undefined) return result;
    const open = new Set([...home].filter(([id]) => !result.has(id) && !scopes.groups.has(id)).map(([, at]) => at));
    for (const group of folded) if (!open.has(group)) result.add(group);
    return result;
  };
  const doneForward = useMemo(() => shownDone(run?.forwardDone), [run?.forwardDone, home]);
  const doneBackward = useMemo(() => shownDone(run?.backwardDone), [run?.backwardDone, home]);
  useLayoutEffect(() => {
    if (run === null) return;
    const backwardDone = new Set(doneBackward);
    if (run.phase === 'backward' || run.phase === 'update') backwardDone.add(lossNode);
    // Inputs are there from the start.
    const inputs = drawing.nodes.filter(({ id }) => !drawing.above.has(id)).map(({ id }) => id);
    canvas.current?.mark({ forwardDone: new Set([...inputs, ...doneForward]), backwardDone });
  }, [drawing, doneForward, doneBackward, run?.phase]);

  /** Boxes that are found, or hold what is. */
  const foundBoxes = useMemo(() => new Set(found.map((id) => home.get(id) ?? id)), [found, home]);
  const paths = usePaths(graph, home, folded);
  const emphasised = paths.boxes ?? foundBoxes;
  useEffect(() => canvas.current?.emphasise(current ?? chosenNode, emphasised, paths.edges), [current, chosenNode, emphasised, paths.edges, drawing]);
  showAgain.current = () => {
    const node = wanted.current === null ? drawing.byId.get(current ?? chosenNode ?? '') : undefined;
    if (node !== undefined) canvas.current?.reveal(node.rect, selected !== null);
  };
  useLayoutEffect(() => showAgain.current(), [current, chosenNode, drawing]);

  const focus = (id: string): void => {
    const node = drawing.byId.get(id);
    if (node === undefined && !drawing.groups.some((group) => group.id === id)) return;
    if (node !== undefined) canvas.current?.reveal(node.rect, true);
    setFocused(id);
    // The box may only now come into the DOM.
    requestAnimationFrame(() => layer.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id === lossNode ? 'loss' : id)}"], [data-group="${CSS.escape(id)}"]`)?.focus({ preventScroll: true }));
  };
  useLayoutEffect(() => {
    const want = wanted.current;
    const rect = want === null ? undefined : drawing.byId.get(want.id)?.rect ?? drawing.groups.find(({ id }) => id === want.id)?.rect;
    if (want === null || rect === undefined || laid.busy) return;
    wanted.current = null;
    if (want.focus) focus(want.id);
    else canvas.current?.reveal(rect, true);
  }, [drawing, laid.busy]);
  const focusField = (): void => (field.current?.shadowRoot?.querySelector('input') ?? field.current)?.focus();
  const openSearch = (): void => {
    setSearching(true);
    if (search) focusField();
  };
  // At once, so that no key is lost.
  useLayoutEffect(() => { if (searching) focusField(); }, [searching]);
  const opener = useRef(openSearch);
  opener.current = openSearch;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const inField = event.target instanceof HTMLElement && event.target.tagName === 'VSCODE-TEXT-FIELD';
      if ((event.key === 'f' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !inField)) {
        event.preventDefault();
        opener.current();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const closeSearch = (): void => {
    setSearching(false);
    setFilter(noFilter);
    const back = shownAs(found[0] ?? focused) ?? drawing.nodes[0]?.id;
    if (back !== undefined) focus(back);
  };
  const stepFound = (step: number): void => {
    const at = found.indexOf(focused ?? '');
    const next = found[(at + step + found.length) % Math.max(1, found.length)];
    if (next === undefined) return;
    setFocused(next);
    const node = drawing.byId.get(next);
    if (node !== undefined) canvas.current?.reveal(node.rect, true);
    else {
      wanted.current = { id: next, focus: false };
      bringOut(next);
    }
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
    // In the search field `=`, `-` and `0` are text.
    if (event.altKey || event.ctrlKey || event.metaKey || (event.target instanceof HTMLElement && event.target.tagName === 'VSCODE-TEXT-FIELD')) return;
    if (event.key === '+' || event.key === '=') canvas.current?.zoomBy(1.2);
    else if (event.key === '-') canvas.current?.zoomBy(1 / 1.2);
    else if (event.key === '0') canvas.current?.fit();
    else if (event.key === 'Escape' && paths.on) paths.clear();
    else if (event.key === 'p' && focused !== null && drawing.byId.has(focused)) paths.end(focused, null);
    else if (event.key === 'f' && focused !== null && scopes.parentOf.get(focused) != null) toggle(scopes.parentOf.get(focused) ?? '');
    else if (event.key === 'b' && focused !== null && run !== null && !folded.has(focused) && drawing.byId.get(focused)?.view !== null) run.onBreakpoint(focused);
    else {
      const next = focused === null ? null : walkFrom(drawing, focused, event.key, way.current);
      if (next === null) return;
      way.current = next.way;
      focus(next.id);
    }
    event.preventDefault();
  };

  const legendTitle = changes !== undefined && colorBy === 'none' ? 'What differs' : colorings[colorBy];
  const shownUnit = drawing.nodes.some(({ view }) => view !== null && numberOn(view, tints.get(view.id) ?? null, unit === 'parameters') !== '') ? unit : '';
  const stops = useMemo(() => new Set(run?.breakpoints ?? []), [run?.breakpoints]);
  const marked = useMemo(() => (emphasised.size > 0 ? emphasised : new Set([current ?? chosenNode ?? ''])), [emphasised, current, chosenNode]);
  const roving = [focused, chosenNode, current].find((id) => id !== null && drawing.byId.has(id)) ?? drawing.nodes[0]?.id ?? null;
  const marksOf = ({ id }: DrawnNode): string[] => [
    ...(id === current ? ['current layer'] : []), ...(doneBackward.has(id) ? ['backward done'] : doneForward.has(id) ? ['forward done'] : []), ...(stops.has(id) ? ['breakpoint'] : []),
  ];
  const stateOf = ({ id, view }: DrawnNode): string => [
    id === current ? `current ${run?.phase === 'backward' || run?.phase === 'update' ? 'backward' : 'forward'}` : '',
    id === chosenNode ? 'selected' : '', doneBackward.has(id) ? 'done-backward' : doneForward.has(id) ? 'done-forward' : '',
    paths.boxes !== null ? (paths.boxes.has(id) ? 'found' : 'dimmed') : text === '' || hiding ? '' : foundBoxes.has(id) ? (id === focused ? 'found chosen' : 'found') : 'dimmed', view !== null && view.problem !== null ? 'problem' : '', view === null ? 'loss' : '',
  ].join(' ');
  return (
    <div class="graph" role="region" data-laid={laid.inWorker ? 'in worker' : 'here'} aria-label={`Graph of ${graph.title}, ${graph.totals.layers} layers`} onKeyDown={onKeyDown}>
      <div class="graph-frame" ref={frame} onMouseDownCapture={({ clientX: x, clientY: y }) => { pressed.current = { x, y }; }}
        onClickCapture={(event) => { if (event.detail > 0 && Math.hypot(event.clientX - pressed.current.x, event.clientY - pressed.current.y) > 4) event.stopPropagation(); }}>
        <div class="graph-layer" ref={layer}>
          {shown.groups.map(({ id, rect, title, view }) => (
            <div key={id} class={`group ${id === selected ? 'selected' : ''}`} style={{ left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px` }}>
              <button type="button" class="group-title" data-group={id} aria-expanded={true} title={`Fold ${view?.name ?? title}`} onFocus={() => setFocused(id)} onClick={() => toggle(id)}>▾ {title}</button>
            </div>
          ))}
          {shown.labels.map(({ id, x, y, text: label }) => <span key={id} class="edge-label" style={{ left: `${x + 11}px`, top: `${y + 4}px` }}>{label}</span>)}
          {shown.nodes.map((node) => (
            <Node key={node.id} node={node} state={stateOf(node)} words={wordsOf(node, marksOf(node))} focusable={node.id === roving} breakpoint={stops.has(node.id)}
              tint={tints.get(node.id) ?? null} counts={unit === 'parameters'} onUnfold={folded.has(node.id) && !paths.picking ? toggle : null}
              onFocus={(id, byKey) => { setFocused(id); if (byKey) canvas.current?.reveal(node.rect); }} onOpen={paths.picking ? paths.end : onOpen} onEnd={(id) => paths.end(id, chosenNode)} onBreakpoint={run?.onBreakpoint ?? null} />
          ))}
        </div>
      </div>
      <PathStatus paths={paths} />
      {overview !== null && <Minimap drawing={drawing} room={overview} tints={tints} marked={marked} frame={mini} onMove={(centre) => canvas.current?.centre(centre)} />}
      <GraphTools
        search={search ? <GraphSearch filter={filter} found={found.length} problem={found.length > 0 ? null : queryProblem(text, whole.nodes)} field={field} onFilter={(next) => { setFilter(next); setFocused(null); }} onKeyDown={onSearchKey} onClose={closeSearch} /> : null} onSearch={openSearch}
        picking={paths.picking} onPath={paths.pick}
        folding={scopes.groups.size === 0 ? null : { onFoldAll: foldAll, onOpenAll: openAll }} colorBy={colorBy} legend={legend} legendTitle={legendTitle} unit={shownUnit} onColorBy={setColorBy}
        onExport={(kind) => { void exportGraph(kind, drawing, graph.title, tints, { title: legendTitle, entries: legend, unit: shownUnit }); }} onZoom={(factor) => canvas.current?.zoomBy(factor)} onFit={() => canvas.current?.fit()} busy={laid.busy} />
    </div>
  );
}
