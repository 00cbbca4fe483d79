/** The read-only editor of a model file: its graph, and beside it the overview or one layer. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { GraphView } from '../../src/protocol/graph';
import { emit } from '../channel';
import { Button, SplitBar } from '../controls';
import { compact, count } from '../render/numbers';
import { detailOf } from '../render/graph-model';
import { arrange, select, useStore } from '../store';
import { stepThrough } from './actions';
import { Graph } from './graph';
import { LayerDetails } from './layer-details';
import { useWidth } from './size';

/** Layers listed at first: the table of a deep network is long to lay out. */
const listed = 400;

function Overview({ graph, onOpen }: { readonly graph: GraphView; readonly onOpen: (id: string) => void }): JSX.Element {
  const [all, setAll] = useState(false);
  const rows = all ? graph.nodes : graph.nodes.slice(0, listed);
  return (
    <div class="overview">
      <p class="explanation">Select a layer, here or in the graph, to see its settings and its weights.</p>
      <table class="listing layers">
        <thead><tr><th scope="col">layer</th><th scope="col">class</th><th scope="col">output</th><th scope="col" class="number">parameters</th></tr></thead>
        <tbody>
          {rows.map((node) => (
            <tr key={node.id} class={node.problem === null ? '' : 'problem'}>
              <td><button type="button" class="link" onClick={() => onOpen(node.id)}>{node.id}</button></td>
              <td title={detailOf(node)}>{node.type}{node.problem !== null && ' ⚠'}</td>
              <td class="shape-cell">{node.outputShape || 'unknown'}</td>
              <td class="number">{node.parameters === 0 ? '' : node.parameters.toLocaleString('en-US')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < graph.nodes.length && <p class="empty"><button type="button" class="link" onClick={() => setAll(true)}>{(graph.nodes.length - rows.length).toLocaleString('en-US')} more layers</button></p>}
    </div>
  );
}

export function Model({ graph, canStep }: { readonly graph: GraphView; readonly canStep: boolean }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const kept = useStore((state) => state.arrangement.graphWidth);
  const selectedId = useStore((state) => state.arrangement.selectedLayer);
  const selected = graph.nodes.find(({ id }) => id === selectedId) ?? null;
  const [min, max] = [160, Math.max(180, width - 260)];
  const graphWidth = Math.max(min, Math.min(max, kept ?? Math.round(width * 0.5)));
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
      <div class="body" ref={frame}>
        {width > 0 && (
          <>
            <div class="graph-part" style={{ width: `${graphWidth}px` }}>
              {graph.nodes.length === 0 ? <p class="empty">This file describes no layers.</p> : <Graph graph={graph} run={null} selected={selected?.id ?? null} onOpen={open} />}
            </div>
            <SplitBar width={graphWidth} min={min} max={max} label="Width of the graph" onResize={(next) => arrange({ graphWidth: next })} />
          </>
        )}
        <main class="content">{selected === null ? <Overview graph={graph} onOpen={open} /> : <LayerDetails key={selected.id} node={selected} onClose={() => open(null)} />}</main>
      </div>
    </div>
  );
}
