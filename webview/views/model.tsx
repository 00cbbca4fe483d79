/** The read-only editor of a model file: its graph, and beside it the table of its layers and the one that is selected. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { GraphView } from '../../src/protocol/graph';
import { emit } from '../channel';
import { Button, SplitBar } from '../controls';
import { columnWidths } from '../render/graph/layer-columns';
import { layerTree } from '../render/graph/layer-rows';
import { compact, count } from '../render/numbers';
import { scopesOf } from '../render/graph/scopes';
import { arrange, select, useStore } from '../store';
import { stepThrough } from './actions';
import { Graph } from './graph/graph';
import { noFilter } from './graph/search';
import { LayerDetails } from './layers/details';
import { LayerFilter } from './layers/filter';
import { LayerTable } from './layers/table';
import { tableMeasure } from './layers/measure';
import { useWidth } from './size';

/** In an editor narrower than this the graph stands above the table. */
const narrow = 540;

export function Model({ graph, canStep, version }: { readonly graph: GraphView; readonly canStep: boolean; readonly version: string }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const kept = useStore((state) => state.arrangement.graphWidth);
  const selectedId = useStore((state) => state.arrangement.selectedLayer);
  const [filter, setFilter] = useState(noFilter);
  const selected = graph.nodes.find(({ id }) => id === selectedId) ?? null;
  const [min, max] = [160, Math.max(180, width - 260)];
  const [extent, setExtent] = useState(0);
  // The graph gets what the table does not need, and what its boxes need to be read, within bounds.
  const tableWidth = useMemo(() => columnWidths(layerTree(graph, scopesOf(graph)), tableMeasure()).total + 10, [graph]);
  const graphWidth = Math.max(min, Math.min(max, kept ?? Math.round(Math.max(width * 0.36, Math.min(width * 0.6, Math.max(width - tableWidth, extent * 0.85 + 32))))));
  const isStacked = width > 0 && width < narrow;
  const open = useCallback((id: string | null) => {
    arrange({ selectedLayer: id });
    select(null);
    emit({ type: 'selected', layer: id });
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented) open(null);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const { layers, parameters, trainable, macs } = graph.totals;
  const facts = [
    graph.format, `${layers.toLocaleString('en-US')} layer${layers === 1 ? '' : 's'}`, `${parameters.toLocaleString('en-US')} parameters`,
    trainable === parameters ? null : `${trainable.toLocaleString('en-US')} trainable`, macs === null ? null : `${macs < 100_000 ? count(macs) : compact(macs)} multiply-adds an example`,
  ].filter((part) => part !== null);
  return (
    <div class="model">
      <header class="strip">
        <div class="title"><h1>{graph.title}</h1><p class="facts-line">{facts.join(' · ')}</p></div>
        {canStep && <Button appearance="primary" label="Step through a training run of this network" onClick={stepThrough}>Step Through</Button>}
      </header>
      {graph.problems.length > 0 && <div class="banner" role="alert">{graph.problems.length === 1 ? graph.problems[0] : <ul>{graph.problems.map((problem) => <li key={problem}>{problem}</li>)}</ul>}</div>}
      <div class={`body ${isStacked ? 'stacked' : ''}`} ref={frame}>
        {width > 0 && (
          <>
            <div class="graph-part" style={isStacked ? {} : { width: `${graphWidth}px` }}>
              {graph.nodes.length === 0 ? <p class="empty">This file describes no layers.</p> : <Graph graph={graph} run={null} selected={selected?.id ?? null} onOpen={open} filter={filter} onFilter={setFilter} onExtent={setExtent} />}
            </div>
            {!isStacked && <SplitBar width={graphWidth} min={min} max={max} label="Width of the graph" onResize={(next) => arrange({ graphWidth: next })} />}
          </>
        )}
        <main class="content">
          <section class="layers-part" aria-label="Layers">
            <LayerFilter graph={graph} filter={filter} onFilter={setFilter} />
            <LayerTable graph={graph} selected={selected?.id ?? null} filter={filter} onSelect={open} />
          </section>
          {selected === null && graph.nodes.length > 0 && <p class="empty">Click a layer, here or in the graph, to see its settings, and its weights as pictures and numbers.</p>}
          {selected !== null && <section class="details-part" aria-label={selected.name}><LayerDetails key={selected.id} node={selected} version={version} onClose={() => open(null)} /></section>}
        </main>
      </div>
    </div>
  );
}
