/** The table of layers: outline and figures of a network, nested by group, sortable, walked by keyboard; only the rows in sight are made. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { GraphView } from '../../../src/protocol/graph';
import { groupsAround, openAtFirst } from '../../render/graph/fold';
import { detailOf } from '../../render/graph/model';
import { layerQuery } from '../../render/graph/layer-query';
import { columnWidths, indent, outputText } from '../../render/graph/layer-columns';
import type { Column, LayerRow, Sorting } from '../../render/graph/layer-rows';
import { bytesText, fieldText, fieldWords, layerRows, layerTree } from '../../render/graph/layer-rows';
import { count } from '../../render/numbers';
import { scopesOf } from '../../render/graph/scopes';
import type { Filter } from '../graph/search';
import { tableMeasure } from './measure';

const rowHeight = 22;
/** Rows made beyond those in sight, so that scrolling shows no gaps. */
const spare = 12;

const number = (value: number | null): string => (value === null ? '?' : value === 0 ? '' : value.toLocaleString('en-US'));
/** Short where the digits would not fit: the tooltip has them all. */
const macsText = (macs: number | null): string => (macs === null || macs === 0 ? number(macs) : count(macs));

interface ColumnView { readonly id: Column; readonly title: string; readonly words: string; readonly text: (row: LayerRow) => string; readonly hint?: (row: LayerRow) => string; readonly number: boolean }

const sizes: ColumnView = { id: 'output', title: 'size', words: 'What goes in and comes out, as the weights tell', number: false, text: ({ view }) => outputText('sizes', view) };
const everyColumn: readonly ColumnView[] = [
  { id: 'type', title: 'class', words: 'Class of the layer', number: false, text: ({ view, facts, open }) => (open === null || (view !== null && view.type !== '') ? view?.type ?? '' : `${facts.layers.toLocaleString('en-US')} layers`), hint: ({ view }) => (view === null ? '' : detailOf(view)) },
  { id: 'output', title: 'output', words: 'Shape of the output; None is the batch', number: false, text: ({ view }) => outputText('shapes', view) },
  { id: 'parameters', title: 'parameters', words: 'Parameters; those that training changes in the tooltip', number: true, text: ({ facts }) => number(facts.parameters), hint: ({ facts }) => (facts.parameters === 0 ? '' : `${number(facts.trainable) || 'none'} trainable, ${number(facts.parameters - facts.trainable) || 'none'} not`) },
  { id: 'macs', title: 'multiply-adds', words: 'Multiply-adds for one example', number: true, text: ({ facts }) => macsText(facts.macs), hint: ({ facts }) => (facts.macs === null ? 'not known' : number(facts.macs)) },
  { id: 'activations', title: 'activations', words: 'Memory of the outputs for one example', number: true, text: ({ facts }) => bytesText(facts.activations) },
  { id: 'weights', title: 'weights', words: 'Memory of the weights', number: true, text: ({ facts }) => bytesText(facts.weights) },
  { id: 'field', title: 'sees', words: 'Receptive field: positions of the input that one element sees', number: true, text: ({ view }) => fieldText(view?.receptiveField), hint: ({ view }) => (view?.receptiveField == null ? '' : fieldWords(view.receptiveField)) },
];

interface Props {
  readonly graph: GraphView;
  readonly selected: string | null;
  readonly filter: Filter;
  readonly onSelect: (id: string | null) => void;
}

function Row({ row, columns, index, marks, active, selected, onClick, onToggle }: { readonly row: LayerRow; readonly columns: readonly ColumnView[]; readonly index: number; readonly marks: boolean; readonly active: boolean; readonly selected: boolean; readonly onClick: () => void; readonly onToggle: () => void }): JSX.Element {
  return (
    <div role="row" id={`layer-row-${index}`} data-row={row.id} aria-level={row.depth + 1} aria-rowindex={index + 2} aria-selected={selected} aria-expanded={row.open ?? undefined}
      class={`layer-row ${selected ? 'chosen' : ''} ${active ? 'active' : ''} ${row.facts.problem === null ? '' : 'problem'} ${row.open === null ? '' : 'group-row'}`} style={{ top: `${index * rowHeight}px` }} onClick={onClick}>
      <span role="rowheader" class="layer-name" title={row.facts.problem ?? row.id} style={{ paddingLeft: `${indent.edge + indent.level * row.depth}px` }}>
        {row.open === null ? marks && <i class="twistie" /> : <i class="twistie" aria-hidden="true" onClick={(event) => { event.stopPropagation(); onToggle(); }}>{row.open ? '▾' : '▸'}</i>}
        {row.title}{row.facts.problem !== null && ' ⚠'}
      </span>
      {columns.map(({ id, text, hint, number: right }) => <span key={id} role="gridcell" class={right ? 'number' : ''} title={hint?.(row) ?? text(row)}>{text(row)}</span>)}
    </div>
  );
}

export function LayerTable({ graph, selected, filter, onSelect }: Props): JSX.Element {
  const scopes = useMemo(() => scopesOf(graph), [graph]);
  const tree = useMemo(() => layerTree(graph, scopes), [graph, scopes]);
  const widths = useMemo(() => columnWidths(tree, tableMeasure()), [tree]);
  const columns = useMemo(() => everyColumn.filter(({ id }) => widths.columns.includes(id)).map((column) => (column.id === 'output' && widths.outputs === 'sizes' ? sizes : column)), [widths]);
  const marks = scopes.groups.size > 0;
  const [open, setOpen] = useState<ReadonlySet<string>>(() => openAtFirst(graph, scopes));
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const [active, setActive] = useState<string | null>(null);
  const only = useMemo(() => {
    const query = layerQuery(filter.text);
    return query === null ? null : new Set(graph.nodes.filter((node) => !scopes.groups.has(node.id) && query(node)).map(({ id }) => id));
  }, [graph, scopes, filter.text]);
  const rows = useMemo(() => layerRows(tree, open, only, sorting), [tree, open, only, sorting]);
  const places = useMemo(() => new Map(rows.map(({ id }, index) => [id, index])), [rows]);
  const body = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  useLayoutEffect(() => { setOpen(openAtFirst(graph, scopes)); setSorting(null); }, [graph]);
  useLayoutEffect(() => {
    const element = body.current;
    if (element === null) return undefined;
    const look = (): void => setView((old) => (old.top === element.scrollTop && old.height === element.clientHeight ? old : { top: element.scrollTop, height: element.clientHeight }));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => { observer.disconnect(); element.removeEventListener('scroll', look); };
  }, []);
  const show = (id: string): void => {
    const [element, index] = [body.current, places.get(id)];
    if (element === null || index === undefined) return;
    const [top, height] = [index * rowHeight, element.clientHeight - 2 * rowHeight];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + height - rowHeight) element.scrollTop = top - height + rowHeight;
  };
  // A layer that is selected in the graph is brought to sight here.
  useEffect(() => {
    if (selected === null) return;
    setActive(selected);
    const around = groupsAround(scopes, selected).filter((group) => !open.has(group));
    if (around.length > 0) setOpen(new Set([...open, ...around]));
  }, [selected, scopes]);
  useLayoutEffect(() => { if (active !== null) show(active); }, [active, rows, view.height]);

  const at = active === null ? -1 : places.get(active) ?? -1;
  const current = rows[at];
  const toggle = (id: string): void => setOpen(open.has(id) ? new Set([...open].filter((other) => other !== id)) : new Set([...open, id]));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 3);
    const steps: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: rows.length - 1 };
    const step = steps[event.key];
    if (step !== undefined) setActive(rows[Math.max(0, Math.min(rows.length - 1, step))]?.id ?? null);
    else if (event.key === 'ArrowRight' && current?.open === false) toggle(current.id);
    else if (event.key === 'ArrowRight' && current?.open === true) setActive(rows[at + 1]?.id ?? current.id);
    else if (event.key === 'ArrowLeft' && current?.open === true && only === null) toggle(current.id);
    else if (event.key === 'ArrowLeft' && current !== undefined) setActive(scopes.parentOf.get(current.id) ?? current.id);
    else if (event.key === '*') setOpen(new Set(scopes.groups.keys()));
    else if ((event.key === 'Enter' || event.key === ' ') && current !== undefined) {
      if (current.view === null) toggle(current.id);
      else onSelect(current.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const sortBy = (column: Column): void => {
    // Quantities from the largest, then the smallest, then the network's order again.
    const first = column !== 'name' && column !== 'type';
    setSorting(sorting?.column !== column ? { column, down: first } : sorting.down === first ? { column, down: !first } : null);
    body.current?.scrollTo({ top: 0 });
  };
  const from = Math.max(0, Math.floor(view.top / rowHeight) - spare);
  const until = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + spare);
  const { totals } = graph;
  const sums: Readonly<Partial<Record<Column, { readonly text: string; readonly hint?: string }>>> = {
    type: { text: `${totals.layers.toLocaleString('en-US')} layers` },
    parameters: { text: number(totals.parameters) || '0', hint: `${number(totals.trainable) || 'none'} trainable, ${number(totals.parameters - totals.trainable) || 'none'} not` },
    macs: { text: macsText(totals.macs), hint: number(totals.macs) }, activations: { text: bytesText(totals.activationBytes ?? null) }, weights: { text: bytesText(totals.weightBytes ?? 0) },
  };
  const head = (id: Column, title: string, words: string, right: boolean): JSX.Element => (
    <span key={id} role="columnheader" class={right ? 'number' : ''} aria-sort={sorting?.column !== id ? 'none' : sorting.down ? 'descending' : 'ascending'}>
      <button type="button" title={`${words}. Click to sort.`} onClick={() => sortBy(id)}>{title}{sorting?.column === id ? (sorting.down ? ' ↓' : ' ↑') : ''}</button>
    </span>
  );
  return (
    <div class="layer-table" role="treegrid" aria-label={`Layers of ${graph.title}`} aria-rowcount={rows.length + 2} aria-colcount={columns.length + 1} tabIndex={0} ref={body} style={{ '--columns': widths.template, '--row': `${widths.total}px`, '--name': `${indent.edge + (marks ? indent.mark : 0)}px` }}
      aria-activedescendant={at < 0 ? undefined : `layer-row-${at}`} onKeyDown={onKeyDown} onFocus={() => { if (active === null || !places.has(active)) setActive(rows[0]?.id ?? null); }}>
      <div role="row" class="layer-row layer-head">{head('name', 'layer', 'Name of the layer', false)}{columns.map(({ id, title, words, number: right }) => head(id, title, words, right))}</div>
      <div class="layer-rows" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.slice(from, until).map((row, index) => (
          <Row key={row.id} row={row} columns={columns} index={from + index} marks={marks} active={row.id === active} selected={row.id === selected} onToggle={() => toggle(row.id)}
            onClick={() => { setActive(row.id); if (row.view === null) toggle(row.id); else onSelect(row.id); }} />
        ))}
      </div>
      <div role="row" class="layer-row layer-total">
        <span role="rowheader" class="layer-name">{only === null ? 'all' : `all, ${only.size.toLocaleString('en-US')} of them listed`}</span>
        {columns.map(({ id, number: right }) => <span key={id} role="gridcell" class={right ? 'number' : ''} title={sums[id]?.hint}>{sums[id]?.text}</span>)}
      </div>
    </div>
  );
}
