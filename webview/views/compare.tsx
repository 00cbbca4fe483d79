/** Two models compared: one graph of both, and the layers that differ, the most first, with their settings and weights. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { CompareView, LayerChange } from '../../src/protocol/compare';
import { emit } from '../channel';
import { Button, SplitBar } from '../controls';
import { markStyles, shareText } from '../render/graph/colors';
import { shortNumber } from '../render/numbers';
import { arrange, useStore } from '../store';
import { Graph } from './graph/graph';
import { useWidth } from './size';

/** Layers listed at first: a row has many parts. */
const listed = 300;

function Amount({ share }: { readonly share: number | null }): JSX.Element {
  // The bar tells orders of magnitude: from a ten-thousandth to all of the norm.
  const filled = share === null || share === 0 ? 0 : Math.max(0.03, Math.min(1, 1 + Math.log10(share) / 4));
  return <span class="amount" aria-hidden="true"><i style={{ width: `${Math.round(100 * filled)}%` }} /></span>;
}

function Change({ change, open, onOpen }: { readonly change: LayerChange; readonly open: boolean; readonly onOpen: () => void }): JSX.Element {
  const { mark, name, type, renamedFrom, settings, weights, amount } = change;
  const style = markStyles[mark];
  const words = [
    renamedFrom === null ? '' : `was ${renamedFrom}`, ...settings.slice(0, 2).map(([setting, before, after]) => `${setting} ${before ?? 'not set'} → ${after ?? 'not set'}`), settings.length > 2 ? `${settings.length - 2} more settings` : '',
    weights.length > 0 ? `${weights.length} weight${weights.length === 1 ? '' : 's'}` : '',
  ].filter((part) => part !== '').join(' · ');
  return (
    <li class={`change change-${mark} ${open ? 'chosen' : ''}`}>
      <button type="button" class="change-head" data-change={change.id} aria-expanded={open} onClick={onOpen}>
        <i class="sign" title={style.words}>{style.sign}</i><b>{name}</b><span class="where">{type}</span>
        <span class="change-words">{mark === 'added' || mark === 'removed' ? style.words : words}</span>
        {weights.length > 0 && <Amount share={amount} />}<span class="number">{weights.length === 0 ? '' : amount === null ? '—' : shareText(amount)}</span>
      </button>
      {open && (settings.length > 0 || weights.length > 0) && (
        <div class="change-details">
          {settings.length > 0 && <table class="listing"><thead><tr><th scope="col">setting</th><th scope="col">before</th><th scope="col">after</th></tr></thead>
            <tbody>{settings.map(([setting, before, after]) => <tr key={setting}><td>{setting}</td><td>{before ?? 'not set'}</td><td>{after ?? 'not set'}</td></tr>)}</tbody></table>}
          {weights.length > 0 && <table class="listing"><thead><tr><th scope="col">weight</th><th scope="col">shape</th><th scope="col" class="number">elements that differ</th><th scope="col" class="number">at most</th><th scope="col" class="number">of its norm</th></tr></thead>
            <tbody>{weights.map((weight) => <tr key={weight.name}><td>{weight.name}</td><td>{weight.shape}</td><td class="number">{weight.largest === null && weight.relative === null ? '' : weight.changed.toLocaleString('en-US')}</td>
              <td class="number">{weight.largest === null ? '' : shortNumber(weight.largest)}</td><td class="number">{weight.relative === null ? '' : shareText(weight.relative)}</td></tr>)}</tbody></table>}
        </div>
      )}
    </li>
  );
}

export function Compare({ compare }: { readonly compare: CompareView }): JSX.Element {
  const { before, after, graph, changes, summary, progress, stopped } = compare;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const kept = useStore((state) => state.arrangement.graphWidth);
  const [selected, setSelected] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const [min, max] = [160, Math.max(180, width - 300)];
  const graphWidth = Math.max(min, Math.min(max, kept ?? Math.round(width * 0.48)));
  const choose = (id: string | null): void => {
    setSelected(id);
    if (id !== null) document.querySelector(`[data-change="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const model = ({ file, format, layers, parameters }: CompareView['before']): string => `${file}: ${format}, ${layers.toLocaleString('en-US')} layers, ${parameters.toLocaleString('en-US')} parameters`;
  return (
    <div class="model compare">
      <header class="strip">
        <div class="title"><h1 title={`${model(before)}\n${model(after)}`}>{before.file} → {after.file}</h1><p class="facts-line" role="status">{stopped === null ? '' : `${stopped} `}{summary}</p></div>
        {progress !== null && (
          <div class="compare-progress">
            <progress max={Math.max(1, progress.total)} value={progress.done} aria-label="Weights compared" /><span>{progress.done.toLocaleString('en-US')} of {progress.total.toLocaleString('en-US')} weights</span>
            <Button label="Stop reading weights" onClick={() => emit({ type: 'stop' })}>Stop</Button>
          </div>
        )}
        <Button label="Compare the other way round" onClick={() => emit({ type: 'swap' })}>⇄ Swap</Button>
      </header>
      <div class="body" ref={frame}>
        {width > 0 && (
          <>
            <div class="graph-part" style={{ width: `${graphWidth}px` }}><Graph graph={graph} run={null} selected={selected} onOpen={choose} changes={changes} /></div>
            <SplitBar width={graphWidth} min={min} max={max} label="Width of the graph" onResize={(next) => arrange({ graphWidth: next })} />
          </>
        )}
        <main class="content">
          {changes.length === 0 && progress === null && <p class="empty">The two models have the same layers, settings and weights.</p>}
          <ul class="changes" aria-label="Layers that differ, the most first">
            {(all ? changes : changes.slice(0, listed)).map((change) => <Change key={change.id} change={change} open={change.id === selected} onOpen={() => choose(change.id === selected ? null : change.id)} />)}
          </ul>
          {!all && changes.length > listed && <p class="empty"><button type="button" class="link" onClick={() => setAll(true)}>{(changes.length - listed).toLocaleString('en-US')} more layers</button></p>}
        </main>
      </div>
    </div>
  );
}
