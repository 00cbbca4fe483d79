/** The view of a tensor in its card: picture with legend, lines, distribution or numbers. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { TensorStatistics } from '../../../src/protocol/tensor';
import type { ViewKind } from '../../render/tensor/kinds';
import { colorAxis } from '../../render/tensor/kinds';
import { exactNumber, shapeText, shortNumber } from '../../render/numbers';
import { cellOf, indexOf, offsetOf, sliceText } from '../../render/tensor/tiles';
import { select, useStore } from '../../store';
import type { Loading, Picture } from '../../tensors';
import { Histogram } from './histogram';
import { Legend, legendWidth } from './legend';
import { NumbersTable, useElement } from './numbers-table';
import { useWidth } from '../size';
import { TensorCanvas } from './canvas';
import type { CardProps } from './card';
import { statisticsText } from './card';
import { TensorLines } from './lines';
import type { Colouring, ShownView } from './view';

interface Props {
  readonly card: CardProps;
  readonly view: ShownView;
  readonly loading: Loading;
  /** The picture, if it is one of this shape. */
  readonly fresh: Picture | null;
  readonly statistics: TensorStatistics | null;
  readonly colouring: Colouring | null;
  readonly onCell: (cell: number) => void;
}

export function TensorBody(props: Props): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  return <div class="card-body" ref={frame}>{width > 0 && <Content {...props} width={width} />}</div>;
}

/** What is shown; kept while the next picture is on its way, so that the canvas stays and nothing jumps. */
interface Shown { readonly picture: Picture; readonly statistics: TensorStatistics; readonly colouring: Colouring }

/** In a card narrower than this the legend stands below its picture. */
const narrow = 210;
/** Height of a line of the table of numbers, in CSS pixels. */
const lineHeight = 18;

function Content({ card, view, loading, fresh, statistics, colouring, onCell, width }: Props & { readonly width: number }): JSX.Element {
  const selection = useStore((state) => state.selection);
  const last = useRef<Shown | null>(null);
  const shape = card.shape.join(',');
  if (loading.state === 'failed') return <p class="card-problem">{loading.message}</p>;
  const label = `${card.title}${card.variable === null ? '' : ` ${card.variable}`}, shape ${shapeText(card.shape)}${statistics === null ? '' : `, ${statisticsText(statistics)}`}`;
  if (fresh !== null && statistics !== null && colouring !== null) {
    if (fresh.floats.length === 0) return <p class="card-problem">This tensor has no elements.</p>;
    if (statistics.count === 1) return <p class="scalar" tabIndex={0} aria-label={label}>{exactNumber(fresh.floats[0] ?? NaN)}</p>;
    last.current = { picture: fresh, statistics, colouring };
  }
  const shown = last.current;
  if (shown === null) return <div class="card-waiting" />;
  const { picture } = shown;
  const stale = fresh === null;
  const selected = !stale && selection !== null && selection.shape === shape ? selection.index : null;
  const height = picture.tiles === 1 ? card.maxHeight * card.tall : card.maxHeight;
  const onSelect = (index: readonly number[]): void => { select({ tensor: card.id, shape, index }); card.onChoose?.(index); };
  return <div class={`card-picture ${stale ? 'stale' : ''} ${width < narrow ? 'across' : ''}`}>{views[view.kind]({ card, view, shown, label, width, height, selected, stale, onSelect, onCell })}</div>;
}

interface Drawn {
  readonly card: CardProps;
  readonly view: ShownView;
  readonly shown: Shown;
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly selected: readonly number[] | null;
  readonly stale: boolean;
  readonly onSelect: (index: readonly number[]) => void;
  readonly onCell: (cell: number) => void;
}

function Cells({ card, view, shown: { picture, statistics, colouring }, label, width, height, selected, stale, onSelect, onCell }: Drawn): JSX.Element {
  const axis = view.kind === 'image' ? colorAxis(card.shape, card.use) : null;
  const channels = axis !== null && picture.slice.tileAxes.at(-1) === axis ? card.shape[axis] ?? 1 : 1;
  const { kind, domains, many } = colouring;
  const across = width < narrow;
  return (
    <>
      <TensorCanvas room={Math.max(40, across ? width : width - legendWidth)} picture={picture} address={card.request.address} version={card.version} channels={channels} kind={kind} domains={domains} label={label}
        maxHeight={channels === picture.tiles ? card.maxHeight * card.tall : height} cell={view.settings.cell} onCell={onCell} selected={selected} reads={stale ? null : card.reads ?? null} onSelect={onSelect} />
      {(statistics.min !== statistics.max || statistics.nan + statistics.infinite > 0) && (
        <Legend kind={kind} domain={domains[0] ?? { low: 0, high: 1 }} many={many} image={channels > 1} clip={view.colors.clip} scale={view.colors.scale} nan={statistics.nan} infinite={statistics.infinite} across={across} />
      )}
    </>
  );
}

function Lines({ card, shown: { picture }, label, width, height, selected, onSelect }: Drawn): JSX.Element {
  return <TensorLines picture={picture} label={label} room={width} height={Math.max(120, height)} tone={card.tone ?? 'accent'} selected={selected} onSelect={onSelect} />;
}

function Distribution({ card, view, shown: { picture, statistics }, width, height, selected }: Drawn): JSX.Element {
  const cell = selected === null ? null : cellOf(picture, selected);
  const value = cell === null ? null : picture.floats[offsetOf(picture, cell)] ?? null;
  return <div style={{ width: `${width}px` }}><Histogram histogram={picture.histogram} statistics={statistics} value={value} height={Math.max(104, height - 15)} color={card.tone ?? 'accent'} />{view.colors.clip > 0 && picture.clipped !== undefined && <p class="lines-note">{view.colors.clip}–{100 - view.colors.clip} % of the values</p>}</div>;
}

function Numbers({ card, shown: { picture, colouring }, width, height, selected, onSelect }: Drawn): JSX.Element {
  const index = selected !== null && cellOf(picture, selected) !== null ? selected : indexOf(picture, { tile: 0, row: 0, column: 0 });
  const source = { address: card.request.address, version: card.version };
  const cell = cellOf(picture, index), value = useElement(picture, source, index);
  const { kind, domains } = colouring;
  return (
    <div style={{ width: `${width}px` }}>
      <p class="numbers-title">{sliceText(picture, index)}{value !== null && ` · [${index.join(', ')}] = ${shortNumber(value, 5)}`}</p>
      <NumbersTable picture={picture} source={source} kind={kind} domain={domains[cell?.tile ?? 0] ?? domains[0] ?? { low: 0, high: 1 }} index={index}
        rowsShown={Math.max(4, Math.floor(height / lineHeight) - 2)} onSelect={onSelect} />
    </div>
  );
}

const views: Readonly<Record<ViewKind, (drawn: Drawn) => JSX.Element>> = {
  tiles: (drawn) => <Cells {...drawn} />, heat: (drawn) => <Cells {...drawn} />, image: (drawn) => <Cells {...drawn} />,
  lines: (drawn) => <Lines {...drawn} />, histogram: (drawn) => <Distribution {...drawn} />, numbers: (drawn) => <Numbers {...drawn} />,
};
