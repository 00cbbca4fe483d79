/** The panel beside the listing: strip, graph, and the step or the training. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks';
import type { RunView } from '../../src/protocol/run';
import { emit } from '../channel';
import { Button, ProgressRing, SplitBar, Tabs } from '../controls';
import { lossNode } from '../render/graph/model';
import { arrange, useStore } from '../store';
import { go, restore, toggleBreakpoint } from './actions';
import { Look } from './insight/attribution';
import { Graph } from './graph/graph';
import { useWidth } from './size';
import { Step } from './step/step';
import { Strip } from './step/strip';
import { Training } from './step/training';

const tabs = [{ id: 'tensors', label: 'Tensors' }, { id: 'look', label: 'Look' }, { id: 'training', label: 'Training' }] as const;
/** In a panel narrower than this the graph is a tab of its own: beside the tensors neither could be read. */
const narrow = 420;
const narrowTabs = [{ id: 'graph', label: 'Graph' }, ...tabs] as const;

/** What the run is doing when it is not stopped at a step. */
function Status({ run }: { readonly run: RunView }): JSX.Element | null {
  const { status } = run;
  switch (status.kind) {
    case 'stopped': return null;
    // Over the row of tabs, so that nothing below moves.
    case 'running': return <div class="status running" role="status" title="Pause (F6) stops at the next op."><ProgressRing /><span>Running<span class="which"> iteration {status.iteration + 1} …</span></span></div>;
    case 'ended': return <div class="status" role="status">The run has ended. What it showed last stays here until the next one starts.</div>;
    case 'failed': return <div class="status failed" role="alert"><b>The run stopped.</b> {status.message}</div>;
  }
}

/** What is not as the run's settings would have it. */
function Changed({ names }: { readonly names: readonly string[] }): JSX.Element | null {
  if (names.length === 0) return null;
  return <div class="status changed" role="status"><span>Set by hand: <b>{names.join(', ')}</b>. What comes after follows from it.</span><Button appearance="secondary" label="Take back all values that were set by hand" onClick={restore}>Take back</Button></div>;
}

/** @param graph the graph, where it is one of the tabs. */
function Content({ run, graph }: { readonly run: RunView; readonly graph: JSX.Element | null }): JSX.Element {
  const chosen = useStore((state) => state.arrangement.tab);
  const tab = chosen === 'graph' && graph === null ? 'tensors' : chosen;
  const { cursor, status } = run;
  return (
    <main class={`content ${status.kind}`}>
      <Tabs tabs={graph === null ? tabs : narrowTabs} active={tab} onSelect={(id) => arrange({ tab: id })} />
      <Status run={run} />
      <Changed names={cursor?.changed ?? []} />
      <div class="tab-panel" role="tabpanel" id={`tabpanel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === 'graph' ? graph : tab === 'training' ? <Training run={run} /> : cursor === null
          ? status.kind !== 'running' && <p class="empty">{status.kind === 'stopped' ? 'Waiting for the first step.' : 'No step to show.'}</p>
          : tab === 'look' ? <Look run={run} cursor={cursor} /> : <Step run={run} cursor={cursor} />}
      </div>
    </main>
  );
}

export function Run({ run }: { readonly run: RunView }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const kept = useStore((state) => state.arrangement.graphWidth);
  const hidden = useStore((state) => state.arrangement.graphHidden);
  const { cursor, breakpoints, graph } = run;
  const [min, max] = [120, Math.max(140, Math.round(width * 0.6))];
  const graphWidth = Math.max(min, Math.min(max, kept ?? Math.min(240, Math.round(width * 0.32))));
  const open = useCallback((id: string) => {
    if (id === lossNode) go({ kind: 'phase', phase: 'loss' });
    else {
      emit({ type: 'selected', layer: id });
      go({ kind: 'layer', layer: id });
    }
  }, []);
  const inGraph = useMemo(() => ({
    current: cursor === null || cursor.depth === 'iteration' || (cursor.depth === 'phase' && cursor.layer === null) ? null : cursor.layer,
    phase: cursor?.phase ?? null, forwardDone: cursor?.forwardDone ?? [], backwardDone: cursor?.backwardDone ?? [], breakpoints, lossText: '', onBreakpoint: toggleBreakpoint,
  }), [cursor, breakpoints]);
  useEffect(() => { document.title = run.title; }, [run.title]);
  const drawn = (room: number): JSX.Element => <Graph graph={graph} run={inGraph} selected={null} onOpen={open} room={room} />;
  const isTab = width > 0 && width < narrow;
  return (
    <div class="run">
      <Strip run={run} />
      <div class="body" ref={frame}>
        {width > 0 && !hidden && !isTab && (
          <>
            <div class="graph-part" style={{ width: `${graphWidth}px` }}>{drawn(graphWidth)}</div>
            <SplitBar width={graphWidth} min={min} max={max} label="Width of the graph" onResize={(next) => arrange({ graphWidth: next })} />
          </>
        )}
        <Content run={run} graph={isTab ? drawn(width) : null} />
        {!isTab && <div class="graph-toggle"><Button appearance="icon" label={hidden ? 'Show the graph' : 'Hide the graph'} pressed={!hidden} onClick={() => arrange({ graphHidden: !hidden })}><span class="glyph sidebar" /></Button></div>}
      </div>
    </div>
  );
}
