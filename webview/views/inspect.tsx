/** The panel "Tensor": each expression that is looked at in a paused program, the newest on top. */
import type { JSX } from 'preact';
import type { BlockChange, ChangeView, LookKind, LookResult, LookView } from '../../src/protocol/inspect';
import type { TensorAddress, TensorRequest } from '../../src/protocol/tensor';
import { domainOf } from '../../src/tensor/colormap';
import { Button } from '../controls';
import { hasParts } from '../parts';
import type { ViewKind } from '../render/tensor/kinds';
import { count, exactNumber, shapeText, shortNumber } from '../render/numbers';
import { cellOf, indexOf, sliceText } from '../render/tensor/tiles';
import { select, useStore } from '../store';
import { usePicture } from '../tensors';
import { look as ask } from './actions';
import { Graph } from './graph/graph';
import { Histogram } from './tensor/histogram';
import { NumbersTable, useElement } from './tensor/numbers-table';
import { TensorCard } from './tensor/card';
import { Pins } from './tensor/pins';
import type { Comparable } from './tensor/pins';
import type { Subject } from './tensor/view';
import { useView } from './tensor/view';

/** The view that a command asked for. */
const firstKinds: Readonly<Record<LookKind, ViewKind | null>> = { tensor: null, maps: 'tiles', heat: 'heat', histogram: 'histogram' };
type Tensor = Extract<LookResult, { kind: 'tensor' }>;
type Network = Extract<LookResult, { kind: 'network' }>;

function blocksText({ changed, of, length, sampled, first }: BlockChange): string {
  const extent = length * sampled;
  const what = extent === 1 ? 'elements' : `blocks of ${extent.toLocaleString('en-US')} elements`;
  const where = extent === 1 ? `first at [${first.join(', ')}]` : `the first from [${first.join(', ')}] on`;
  return `${changed.toLocaleString('en-US')} of ${of.toLocaleString('en-US')} ${what}, ${where}${sampled > 1 ? ` (every ${sampled}th element is compared)` : ''}`;
}

/** What changed, in words. */
export function changeText(change: ChangeView): string {
  switch (change.kind) {
    case 'none': return change.sampled === 1 ? 'unchanged since it was shown before' : `unchanged since it was shown before, in every ${change.sampled}th element`;
    case 'elsewhere': return `changed since it was shown before${change.compared ? ', but not in this part' : ''}: ${blocksText(change.blocks)}`;
    case 'shape': return `changed: its shape was ${shapeText(change.before)}`;
    case 'values': {
      const { count: shown, index, before, after, difference, blocks } = change;
      const rest = blocks === null || (blocks.length * blocks.sampled === 1 && blocks.changed === shown) ? '' : `; in all ${blocksText(blocks)}`;
      return `changed: ${shown.toLocaleString('en-US')} of the shown values; most at [${index.join(', ')}], ${exactNumber(before)} → ${exactNumber(after)}, max |difference| ${exactNumber(difference)}${rest}`;
    }
  }
}

/** The whole tensor in one line. */
export function factsText({ type, dtype, shape, statistics: { count: elements, min, max, mean, standardDeviation, norm, zeros, nan, infinite }, sampled, counting }: Tensor): string {
  if (counting) return [type, dtype, shapeText(shape) || 'scalar', 'counting …'].join(' · ');
  return [
    type, dtype, shapeText(shape) || 'scalar', `${elements.toLocaleString('en-US')} element${elements === 1 ? '' : 's'}${sampled > 1 ? ` counted, every ${sampled}th` : ''}`,
    `min ${shortNumber(min, 4)}`, `max ${shortNumber(max, 4)}`, `mean ${shortNumber(mean, 4)}`, `deviation ${shortNumber(standardDeviation, 4)}`, `norm ${shortNumber(norm, 4)}`,
    ...(zeros > 0 ? [`${zeros.toLocaleString('en-US')} zero${zeros === 1 ? '' : 's'}`] : []), ...(nan > 0 ? [`${nan.toLocaleString('en-US')} NaN`] : []), ...(infinite > 0 ? [`${infinite.toLocaleString('en-US')} infinite`] : []),
  ].join(' · ');
}

function Head({ look }: { readonly look: LookView }): JSX.Element {
  const { id, expression, pinned, stale, result } = look;
  const tensor = result.kind === 'tensor' ? result : null;
  return (
    <header class="look-head">
      <div class="look-line">
        <h2 title={expression}>{expression}</h2>
        {result.kind === 'network' && result.computes && (
          <Button label="Compute the outputs of all layers for an input, inside the paused program" disabled={stale} onClick={() => ask({ kind: 'compute', id })}>Outputs …</Button>
        )}
        {tensor !== null && <Button label="Read it in another shape" disabled={stale} onClick={() => ask({ kind: 'shape', id })}>Shape …</Button>}
        <Button label="Read it again" onClick={() => ask({ kind: 'again', id })}>Refresh</Button>
        <Button label={pinned ? 'Pinned: read again at each stop' : 'Pin: read again at each stop'} pressed={pinned} appearance={pinned ? 'primary' : 'secondary'} onClick={() => ask({ kind: 'pin', id, pinned: !pinned })}>{pinned ? 'Pinned' : 'Pin'}</Button>
        <Button appearance="icon" label="Close" onClick={() => ask({ kind: 'close', id })}>✕</Button>
      </div>
      {tensor !== null && <p class="explanation look-facts">{factsText(tensor)}</p>}
      {stale && <p class="look-change">The program has moved on since this was read; pin it to follow, or refresh it.</p>}
      {!stale && tensor?.change != null && <p class={`look-change ${tensor.change.kind === 'none' ? '' : 'changed'}`} role="status">{changeText(tensor.change)}</p>}
    </header>
  );
}

/** Windows of it are read in the program, as long as it stands where it was read. */
const addressOf = ({ id, stale }: LookView): TensorAddress => ({ kind: 'look', id, windows: !stale });

/** What pinned tensors can be compared with: the tensors that are looked at, as they are now. */
function comparables(looks: readonly LookView[]): readonly Comparable[] {
  return looks.flatMap((look) => [look, ...look.parts]).flatMap((look): readonly Comparable[] => {
    const { id, title, version, stale, result } = look;
    if (result.kind !== 'tensor' || stale || result.counting) return [];
    const { type, shape, dtype, statistics } = result;
    return [{ id, title, variable: null, settingsKey: title, shape, dtype, statistics, use: type.startsWith('torch.') ? 'activation-first' : 'activation', role: 'look', diverging: statistics.min < 0, version: String(version), request: { address: addressOf(look), maxElements: 32_768 } }];
  });
}

function TensorLook({ look, tensor }: { readonly look: LookView; readonly tensor: Tensor }): JSX.Element {
  const { id, title, as, version } = look;
  const { shape, dtype, statistics, slice, change } = tensor;
  const request: TensorRequest = { address: addressOf(look) }, source = { address: request.address, version: String(version) };
  const subject: Subject = {
    settingsKey: `look ${as} ${title}`, shape, use: 'activation', role: 'look', example: null, usual: slice, firstKind: firstKinds[as] ?? (dtype === 'uint8' && shape.length === 4 ? 'image' : null), request,
    onSlice: (wanted) => ask({ kind: 'slice', id, slice: wanted }),
  };
  // What the card shows large is not shown again below it.
  const { kind: shown } = useView(subject);
  const loading = usePicture(request, String(version));
  const selection = useStore((state) => state.selection);
  const key = shape.join(',');
  const picture = loading.state === 'ready' && loading.picture.shape.join(',') === key ? loading.picture : null;
  const kind = statistics.min < 0 ? 'diverging' : 'sequential';
  const own = selection !== null && selection.tensor === id && selection.shape === key ? selection.index : null;
  const first = picture === null || picture.floats.length === 0 ? null : indexOf(picture, { tile: 0, row: 0, column: 0 });
  const place = [own, change?.kind === 'values' ? change.index : null, first].find((index) => index !== null && picture !== null && cellOf(picture, index) !== null) ?? null;
  const value = useElement(picture, source, place);
  const card = (
    <TensorCard id={id} {...subject} title={title} variable={null} dtype={dtype} statistics={statistics} diverging={null} range={null} version={String(version)}
      place={look.stale || tensor.counting ? null : look.place} pinName={title} opens disabled={look.stale} mark={null} tone={null} maxHeight={360} tall={1.4} />
  );
  const distribution = picture !== null && shown !== 'histogram' && statistics.count > 1 && picture.histogram.counts.length > 0 && (
    <section class="card" aria-label={`Distribution of ${title}`}>
      <header><h3>distribution</h3><span class="shape">{count(statistics.count)} values</span></header>
      <p class="statistics">deviation {shortNumber(statistics.standardDeviation)}</p>
      <Histogram histogram={picture.histogram} statistics={statistics} value={value} height={104} color="accent" />
    </section>
  );
  return (
    <div class="cards">
      {card}
      <div class="card-row">
        {picture !== null && place !== null && statistics.count > 1 && shown !== 'numbers' && (
          <section class="card numbers-card" aria-label={`Numbers of ${title}`}>
            <header><h3>{title}{sliceText(picture, place)}</h3><span class="shape">numbers</span></header>
            <p class="statistics">[{place.join(', ')}] = {value === null ? '' : exactNumber(value)}{picture.reduction > 1 && !hasParts(request.address) && ` · each the mean of ${picture.reduction} × ${picture.reduction}`}</p>
            <NumbersTable picture={picture} source={source} kind={kind} domain={domainOf(kind, statistics.min, statistics.max)} index={place} rowsShown={9} onSelect={(index) => select({ tensor: id, shape: key, index })} />
          </section>
        )}
        {distribution}
      </div>
    </div>
  );
}

/** An output or a weight of the layer that is opened. */
function Part({ part }: { readonly part: LookView }): JSX.Element {
  const { title, result, stale } = part;
  return (
    <section class={`look-part ${stale ? 'stale' : ''}`} data-part={title} aria-label={title}>
      <h3>{title}</h3>
      {result.kind === 'tensor' && <p class="explanation look-facts">{factsText(result)}</p>}
      {result.kind === 'tensor' && !stale && result.change !== null && <p class={`look-change ${result.change.kind === 'none' ? '' : 'changed'}`} role="status">{changeText(result.change)}</p>}
      {result.kind === 'waiting' && <p class="empty" role="status">Reading …</p>}
      {result.kind === 'problem' && <p class="problem-line" role="alert">{result.message}</p>}
      {result.kind === 'tensor' && <TensorLook look={part} tensor={result} />}
    </section>
  );
}

function NetworkLook({ look, network: { type, graph, computes, computed, problem } }: { readonly look: LookView; readonly network: Network }): JSX.Element {
  const { id, layer, parts } = look;
  return (
    <>
      <p class="empty">{type} · {graph.totals.layers.toLocaleString('en-US')} layers · {graph.totals.parameters.toLocaleString('en-US')} parameters</p>
      {graph.problems.map((sentence) => <p class="banner" key={sentence}>{sentence}</p>)}
      {problem !== null && <p class="problem-line" role="alert">{problem}</p>}
      {computed !== null && (
        <p class="look-change" role="status">
          Outputs computed now for <code>{computed.input}</code> ({computed.examples} example{computed.examples === 1 ? '' : 's'}), in inference mode, inside the paused program: not those that the program itself has computed.
        </p>
      )}
      <div class="look-graph"><Graph graph={graph} run={null} selected={layer} onOpen={(opened) => ask({ kind: 'layer', id, layer: opened })} /></div>
      {parts.length === 0 && <p class="empty">{layer === null ? `Click a layer to see its weights${computes && computed === null ? '; “Outputs …” computes what all layers give for an input' : ''}.` : 'This layer has no weights.'}</p>}
      {parts.map((part) => <Part key={part.id} part={part} />)}
    </>
  );
}

function Look({ look }: { readonly look: LookView }): JSX.Element {
  const { result } = look;
  return (
    <article class={`look ${look.stale ? 'stale' : ''}`} data-look={look.expression} data-as={look.as} aria-label={look.expression}>
      <Head look={look} />
      {result.kind === 'waiting' && <p class="empty" role="status">Reading …</p>}
      {result.kind === 'problem' && <p class="problem-line" role="alert">{result.message}</p>}
      {result.kind === 'tensor' && <TensorLook look={look} tensor={result} />}
      {result.kind === 'network' && <NetworkLook look={look} network={result} />}
    </article>
  );
}

export function Inspect({ looks }: { readonly looks: readonly LookView[] }): JSX.Element {
  return (
    <main class="inspect">
      {looks.length === 0 && <p class="empty">Select an expression of a paused program and run “View Tensor”.</p>}
      <Pins others={comparables(looks)} absent="not looked at now. Choose another tensor, or look at it again." title="kept" />
      {looks.map((look) => <Look key={look.id} look={look} />)}
    </main>
  );
}
