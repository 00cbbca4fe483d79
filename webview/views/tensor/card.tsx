/** One tensor: title, shape, switch of views, statistics in words, and the view; the settings open below the title. */
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { CellWindow } from '../../../src/protocol/cell';
import type { TensorStatistics } from '../../../src/protocol/tensor';
import { kindsFor } from '../../render/tensor/kinds';
import { shapeText, shortNumber } from '../../render/numbers';
import { usePicture } from '../../tensors';
import { useSeen } from '../size';
import { exportSlice, savePicture } from './actions';
import { TensorBody } from './body';
import { comparePin, keepPin, pinOf, usePins } from './pins-store';
import { TensorSettings } from './settings';
import { ViewSwitch } from './switch';
import type { Subject } from './view';
import { changesOf, useColouring, useView } from './view';

export interface CardProps extends Subject {
  /** Stable name of the tensor among the cards of this view. */
  readonly id: string;
  readonly title: string;
  readonly variable: string | null;
  readonly dtype: string;
  /** Null while only the picture's reply knows them. */
  readonly statistics: TensorStatistics | null;
  readonly diverging: boolean | null;
  /** Range of the colours where it is not the tensor's own. */
  readonly range: { readonly min: number; readonly max: number } | null;
  readonly version: string;
  /** What the arrow before the title means: this tensor is the step's result. Null: no arrow. */
  readonly mark: string | null;
  readonly tone: 'forward' | 'backward' | null;
  /** Height of a picture in CSS pixels, and how many times that a single heat map may take. */
  readonly maxHeight: number;
  readonly tall: number;
  /** The place in time to note when it is pinned; null where nothing is pinned. */
  readonly place: string | null;
  /** Its name among the pinned ones, where it is not that of its settings. */
  readonly pinName?: string;
  /** Whether the settings are open until a person closes them. */
  readonly opens?: boolean;
  /** Shown in the way of another card beside it, which has the switch and the settings. */
  readonly follows?: boolean;
  /** What is shown is from before, and cannot be read in another part. */
  readonly disabled?: boolean;
  /** The elements that the cell under the cursor reads, to be outlined. */
  readonly reads?: CellWindow | null;
  /** Hears of a selection by hand. */
  readonly onChoose?: ((index: readonly number[]) => void) | undefined;
  /** What stands below the picture. */
  readonly children?: ComponentChildren;
}

/** Names of the tensors that share a scale. */
const roleNames: Readonly<Record<string, string>> = { weight: 'all weights', gradient: 'all gradients', value: 'all values', look: 'all tensors' };

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

/** Each figure stays with its name where the line breaks. */
const unbroken = (text: string): ComponentChildren[] => text.split('  ').flatMap((part, index) => [index === 0 ? '' : '  ', <span key={index} class="figure">{part}</span>]);

export function TensorCard(card: CardProps): JSX.Element {
  const section = useRef<HTMLElement>(null);
  const seen = useSeen(section);
  const view = useView(card);
  const loading = usePicture(view.request, card.version, seen);
  const shape = card.shape.join(',');
  const picture = loading.state === 'ready' && loading.picture.shape.join(',') === shape ? loading.picture : null;
  const statistics = card.statistics ?? picture?.statistics ?? null;
  const colouring = useColouring(picture, view, card);
  const pins = usePins();
  const { change, chooseKind, chooseSlice } = changesOf(card);
  const kinds = kindsFor(card.shape, card.use);
  const name = card.variable ?? (card.request.address.kind === 'weight' ? card.settingsKey : card.title);
  const own = kinds.length > 0 && card.follows !== true;
  const open = own && (view.settings.open ?? card.opens ?? false);
  const { address } = card.request, { place } = card, pinName = card.pinName ?? card.settingsKey, pin = pinOf(pins, pinName, card.shape);
  const pinned = address.kind === 'pin';
  const actions = {
    copy: (format: 'tabs' | 'json' | 'numpy') => exportSlice(address, card.shape, view.slice, name, format),
    saveNpy: () => exportSlice(address, card.shape, view.slice, name, 'npy'),
    savePng: () => { const canvas = section.current?.querySelector<HTMLCanvasElement>('.card-body canvas'); if (canvas != null) savePicture(canvas, view.slice, name); },
    pin: place === null || pinned ? null : () => keepPin({ address, title: card.title, variable: pinName, place, diverging: card.diverging ?? (statistics?.min ?? -1) < 0 }),
    pinWord: card.role === 'look' ? 'Keep' : 'Pin',
    compare: pin === null || pinned ? null : () => comparePin(pin.id, null),
  };
  // The batch is stepped through for all cards at once; what has none steps along the first axis that stands at an index.
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === ']' ? 1 : event.key === '[' ? -1 : 0;
    const axis = Object.keys(view.slice.at).map(Number).sort((a, b) => a - b)[0];
    if (step === 0 || axis === undefined || card.example !== null || card.disabled === true || (event.target instanceof HTMLElement && /^(INPUT|VSCODE-TEXT-FIELD)$/.test(event.target.tagName))) return;
    event.preventDefault();
    event.stopPropagation();
    const extent = card.shape[axis] ?? 1;
    chooseSlice({ ...view.slice, at: { ...view.slice.at, [axis]: ((view.slice.at[axis] ?? 0) + step + extent) % extent } }, view.kind);
  };
  return (
    <section ref={section} onKeyDown={onKeyDown} class={`card ${card.tone ?? ''}`} aria-label={`${card.title} ${card.variable ?? ''}`} data-card={card.id} data-kind={view.kind}>
      <header>
        <h3>{card.mark !== null && <span class="mark" title={card.mark} aria-label={card.mark}>→ </span>}{card.title}{card.variable !== null && card.variable !== card.title && <span class="variable" title={card.variable}>{card.variable}</span>}</h3>
        <span class="shape" title={card.dtype}>{shapeText(card.shape)}</span>
        {own && (
          <span class="card-tools">
            <ViewSwitch kinds={kinds} kind={view.kind} use={card.use} name={name} onChoose={chooseKind} />
            <button type="button" class="card-more" aria-expanded={open} aria-label={`Settings of ${name}: part, colours, copy, save${place === null ? '' : ', pin'}`} title="Part, colours, copy, save …" onClick={() => change({ open: !open })}><span aria-hidden="true">⋯</span></button>
          </span>
        )}
      </header>
      <p class="statistics" title={statistics === null ? undefined : statisticsText(statistics, 6)}><span class="shape-here" aria-hidden="true">{shapeText(card.shape)}{'  '}</span>{statistics === null ? ' ' : unbroken(statisticsText(statistics))}{picture !== null && picture.reduction > 1 && view.settings.cell === 0 && ['tiles', 'heat', 'image'].includes(view.kind) && ` · means of ${picture.reduction}×${picture.reduction}`}</p>
      {open && (
        <TensorSettings subject={card} view={view} name={name} disabled={card.disabled ?? false} tiles={picture?.tiles ?? 1} roleName={roleNames[card.role] ?? 'all of its kind'} actions={actions} />
      )}
      <TensorBody card={card} view={view} loading={loading} fresh={picture} statistics={statistics} colouring={colouring} onCell={(cell) => change({ cell })} />
      {card.children}
    </section>
  );
}
