/** One tensor: title, shape, statistics in words, picture with legend. */
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { CellWindow } from '../../src/protocol/cell';
import type { TensorRequest, TensorStatistics } from '../../src/protocol/tensor';
import type { Domain } from '../../src/tensor/colormap';
import { domainOf } from '../../src/tensor/colormap';
import { exactNumber, shapeText, shortNumber } from '../render/numbers';
import { select, useStore } from '../store';
import type { Loading, Picture } from '../tensors';
import { usePicture } from '../tensors';
import { Legend, legendWidth } from './legend';
import { useSeen, useWidth } from './size';
import { TensorCanvas } from './tensor-canvas';

export interface CardProps {
  /** Stable name of the tensor among the cards of this view. */
  readonly id: string;
  readonly title: string;
  readonly variable: string | null;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Null while only the picture's reply knows them. */
  readonly statistics: TensorStatistics | null;
  readonly diverging: boolean | null;
  /** Range of the colours where it is not the tensor's own. */
  readonly range: { readonly min: number; readonly max: number } | null;
  readonly request: TensorRequest;
  readonly version: string;
  /** What the arrow before the title means: this tensor is the step's result. Null: no arrow. */
  readonly mark: string | null;
  readonly tone: 'forward' | 'backward' | null;
  /** Height of a picture in CSS pixels, and how many times that a single heat map may take. */
  readonly maxHeight: number;
  readonly tall: number;
  /** The elements that the cell under the cursor reads, to be outlined. */
  readonly reads?: CellWindow | null;
  /** Hears of a selection by hand. */
  readonly onChoose?: ((index: readonly number[]) => void) | undefined;
  /** What stands below the picture. */
  readonly children?: ComponentChildren;
}

/** `min −0.91  max 0.97  mean 0.08  norm 3.1`, with zeros and what is not finite where there are any. */
export function statisticsText(statistics: TensorStatistics, digits = 2): string {
  const { count, min, max, mean, norm, zeros, nan, infinite } = statistics;
  if (count === 0) return 'no elements';
  const parts = count === 1
    ? ['one value']
    : [`min ${shortNumber(min, digits)}`, `max ${shortNumber(max, digits)}`, `mean ${shortNumber(mean, digits)}`, `norm ${shortNumber(norm, digits)}`];
  if (zeros * 200 >= count && count > 1) parts.push(`zeros ${Math.round((100 * zeros) / count)} %`);
  if (nan > 0) parts.push(`${nan.toLocaleString('en-US')} NaN`);
  if (infinite > 0) parts.push(`${infinite.toLocaleString('en-US')} infinite`);
  return parts.join('  ');
}

interface BodyProps { readonly card: CardProps; readonly loading: Loading; readonly statistics: TensorStatistics | null; readonly kind: 'diverging' | 'sequential' }

function Body({ card, loading, statistics, kind }: BodyProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  return <div class="card-body" ref={frame}>{width > 0 && <Content card={card} loading={loading} statistics={statistics} kind={kind} width={width} />}</div>;
}

/** What a canvas shows; kept while the next picture is on its way, so that the canvas stays and nothing jumps. */
interface Shown { readonly picture: Picture; readonly kind: 'diverging' | 'sequential'; readonly domain: Domain; readonly statistics: TensorStatistics }

function Content({ card, loading, statistics, kind, width }: BodyProps & { readonly width: number }): JSX.Element {
  const selection = useStore((state) => state.selection);
  const last = useRef<Shown | null>(null);
  const shape = card.shape.join(',');
  const fresh = loading.state === 'ready' && loading.picture.shape.join(',') === shape ? loading.picture : null;
  if (loading.state === 'failed') return <p class="card-problem">{loading.message}</p>;
  const label = `${card.title}${card.variable === null ? '' : ` ${card.variable}`}, shape ${shapeText(card.shape)}${statistics === null ? '' : `, ${statisticsText(statistics)}`}`;
  if (fresh !== null && statistics !== null) {
    if (fresh.floats.length === 0) return <p class="card-problem">This tensor has no elements.</p>;
    if (statistics.count === 1) return <p class="scalar" tabIndex={0} aria-label={label}>{exactNumber(fresh.floats[0] ?? NaN)}</p>;
    const { min, max } = card.range ?? statistics;
    last.current = { picture: fresh, kind, domain: domainOf(kind, min, max), statistics };
  }
  const shown = last.current;
  if (shown === null) return <div class="card-waiting" />;
  const { picture, domain } = shown;
  const stale = fresh === null;
  return (
    <div class={`card-picture ${stale ? 'stale' : ''}`}>
      <TensorCanvas room={Math.max(40, width - legendWidth)} picture={picture} kind={shown.kind} domain={domain} label={label} maxHeight={picture.tiles === 1 ? card.maxHeight * card.tall : card.maxHeight}
        selected={!stale && selection !== null && selection.shape === shape ? selection.index : null}
        reads={stale ? null : card.reads ?? null} onSelect={(index) => { select({ tensor: card.id, shape, index }); card.onChoose?.(index); }} />
      {shown.statistics.min !== shown.statistics.max && <Legend kind={shown.kind} domain={domain} nan={shown.statistics.nan} infinite={shown.statistics.infinite} />}
    </div>
  );
}

export function TensorCard(card: CardProps): JSX.Element {
  const section = useRef<HTMLElement>(null);
  const seen = useSeen(section);
  const loading = usePicture(card.request, card.version, seen);
  const picture = loading.state === 'ready' && loading.picture.shape.join(',') === card.shape.join(',') ? loading.picture : null;
  const statistics = card.statistics ?? picture?.statistics ?? null;
  const kind = card.diverging ?? (statistics === null || statistics.min < 0) ? 'diverging' : 'sequential';
  return (
    <section ref={section} class={`card ${card.tone ?? ''}`} aria-label={`${card.title} ${card.variable ?? ''}`} data-card={card.id}>
      <header>
        <h3>{card.mark !== null && <span class="mark" title={card.mark} aria-label={card.mark}>→ </span>}{card.title}{card.variable !== null && card.variable !== card.title && <span class="variable" title={card.variable}>{card.variable}</span>}</h3>
        <span class="shape" title={card.dtype}>{shapeText(card.shape)}</span>
      </header>
      <p class="statistics" title={statistics === null ? undefined : statisticsText(statistics, 6)}>{statistics === null ? ' ' : statisticsText(statistics)}{picture !== null && picture.reduction > 1 && ` · each cell the mean of ${picture.reduction} × ${picture.reduction}`}</p>
      <Body card={card} loading={loading} statistics={statistics} kind={kind} />
      {card.children}
    </section>
  );
}
