/** The strip of pinned tensors, each with its value at the place in time where it was pinned; and two of them compared. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CompareReply, CompareRequest, PinView, TensorAddress } from '../../../src/protocol/tensor';
import { colorMap, domainOf } from '../../../src/tensor/colormap';
import { request } from '../../channel';
import { Button, Choice } from '../../controls';
import { exactNumber, shapeText, shortNumber } from '../../render/numbers';
import { paint } from '../../render/tensor/pixels';
import { layOut, sceneOf } from '../../render/tensor/scene';
import { usePicture } from '../../tensors';
import { useTheme } from '../../theme';
import type { CardProps } from './card';
import { TensorCard } from './card';
import { comparePin, dropPin, endComparison, listPins, usePins } from './pins-store';

/** A tensor on the screen that a pinned one can be compared with. */
export type Comparable = Pick<CardProps, 'id' | 'title' | 'variable' | 'settingsKey' | 'shape' | 'dtype' | 'statistics' | 'use' | 'role' | 'diverging' | 'version' | 'request'>;

const thumb = { width: 64, height: 34 };

function Thumbnail({ pin }: { readonly pin: PinView }): JSX.Element {
  const theme = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const loading = usePicture({ address: { kind: 'pin', id: pin.id }, maxElements: 4096 }, '');
  const picture = loading.state === 'ready' ? loading.picture : null;
  useLayoutEffect(() => {
    const target = canvas.current, context = target?.getContext('2d') ?? null;
    if (target === null || context === null || picture === null || picture.floats.length === 0) return;
    const scale = window.devicePixelRatio || 1;
    const layout = layOut(picture, 1, 0, { width: thumb.width, maxHeight: thumb.height, closeHeight: thumb.height, scale });
    const kind = pin.diverging ? 'diverging' : 'sequential', domain = domainOf(kind, picture.statistics.min, picture.statistics.max);
    [target.width, target.height] = [layout.width, layout.height];
    [target.style.width, target.style.height] = [`${layout.width / scale}px`, `${layout.height / scale}px`];
    context.putImageData(new ImageData(paint(sceneOf(layout, colorMap(kind, theme.kind), () => domain, null), { x: 0, y: 0, width: layout.width, height: layout.height }), layout.width, layout.height), 0, 0);
  }, [picture, theme]);
  return <span class="pin-thumb"><canvas ref={canvas} width={1} height={1} aria-hidden="true" /></span>;
}

function Pinned({ pin, compared }: { readonly pin: PinView; readonly compared: boolean }): JSX.Element {
  const { min, max, count } = pin.statistics;
  return (
    <li class="pin" data-pin={pin.id}>
      <Thumbnail pin={pin} />
      <span class="pin-words">
        <b title={pin.variable}>{pin.variable}</b>
        <span class="pin-place" title={`Pinned: its value at ${pin.place}`}>{pin.place}</span>
        <span class="pin-range">{shapeText(pin.shape)} · {count === 1 ? shortNumber(min, 3) : `${shortNumber(min, 2)} … ${shortNumber(max, 2)}`}</span>
      </span>
      <Button label={`Compare ${pin.variable}, pinned at ${pin.place}`} pressed={compared} onClick={() => (compared ? endComparison() : comparePin(pin.id, null))}>Compare</Button>
      <Button appearance="icon" label={`Unpin ${pin.variable}`} onClick={() => dropPin(pin.id)}>✕</Button>
    </li>
  );
}

/** What the host says about two tensors, or its sentence why they cannot be compared. */
function useComparison(first: TensorAddress, second: TensorAddress | null, version: string): CompareReply | string | null {
  const key = JSON.stringify([first, second, version]);
  const [answer, setAnswer] = useState<{ readonly key: string; readonly reply: CompareReply | string } | null>(null);
  useEffect(() => {
    if (second === null) return undefined;
    let alive = true;
    const argument: CompareRequest = { first, second };
    request('compare', argument).then((reply) => { if (alive) setAnswer({ key, reply }); }, (error: unknown) => { if (alive) setAnswer({ key, reply: error instanceof Error ? error.message : String(error) }); });
    return () => { alive = false; };
  }, [key]);
  return answer?.key === key ? answer.reply : null;
}

/** `max |difference| 0.012 at [2, 3, 1, 5]: 0.1 → 0.112; 2,400 of 2,400 differ`. */
export function comparisonText({ comparison: { count, different, largest, index, first, second } }: CompareReply): string {
  if (different === 0 || index === null) return `Equal in all ${count.toLocaleString('en-US')} elements.`;
  return `max |difference| ${exactNumber(largest)} at [${index.join(', ')}]: ${exactNumber(first)} → ${exactNumber(second)} · ${different.toLocaleString('en-US')} of ${count.toLocaleString('en-US')} elements differ`;
}

const plain = { example: null, usual: null, firstKind: null, mark: null, tone: null, maxHeight: 160, tall: 1, place: null } as const;

function Comparing({ pin, other, others, pins, absent }: { readonly absent: string; readonly pin: PinView; readonly other: string | null; readonly others: readonly Comparable[]; readonly pins: readonly PinView[] }): JSX.Element {
  const asCard = (one: PinView): Comparable & { readonly when: string } => ({
    id: `pin ${one.id}`, title: one.title, variable: one.variable, settingsKey: one.variable, shape: one.shape, dtype: one.dtype, statistics: one.statistics, use: one.use, role: 'value', diverging: one.diverging,
    version: '', request: { address: { kind: 'pin', id: one.id }, maxElements: 32_768 }, when: one.place,
  });
  const choices = [
    ...others.map((card) => ({ value: `card:${card.settingsKey}`, label: `${card.settingsKey} now`, card: { ...card, when: 'now' } })),
    ...pins.filter(({ id }) => id !== pin.id).map((one) => ({ value: `pin:${one.id}`, label: `${one.variable}, ${one.place}`, card: asCard(one) })),
  ];
  const chosen = choices.find(({ value }) => value === (other ?? `card:${pin.variable}`));
  const first = asCard(pin), second = chosen?.card ?? null;
  const comparison = useComparison(first.request.address, second?.request.address ?? null, second?.version ?? '');
  const reply = typeof comparison === 'string' ? null : comparison;
  const key = `compare ${pin.variable}`;
  const sameShape = second !== null && second.shape.join() === pin.shape.join();
  const range = second === null || !sameShape || first.statistics === null || second.statistics === null ? null
    : { min: Math.min(first.statistics.min, second.statistics.min), max: Math.max(first.statistics.max, second.statistics.max) };
  const diverging = (first.diverging ?? true) || (second?.diverging ?? true);
  const base = second === null ? null : { kind: 'difference', first: first.request.address, second: second.request.address } as const;
  return (
    <section class="comparison" aria-label={`Comparison of ${pin.variable}`}>
      <header>
        <h3>{pin.variable}<span class="variable">{pin.place}</span></h3>
        <span>with</span>
        <Choice label="Compare with" value={chosen?.value ?? ''} options={chosen === undefined ? [{ value: '', label: `${pin.variable}: not here now` }, ...choices] : choices} onChoose={(value) => comparePin(pin.id, value)} />
        <Button appearance="icon" label="End the comparison" onClick={endComparison}>✕</Button>
      </header>
      <p class="comparison-words" role="status">
        {second === null ? `${pin.variable} is ${absent}` : comparison === null ? ' ' : typeof comparison === 'string' ? comparison : comparisonText(comparison)}
      </p>
      {second !== null && (
        <div class="card-row three">
          <TensorCard {...plain} {...first} settingsKey={key} diverging={diverging} range={range} title={first.when} variable={null} />
          <TensorCard {...plain} {...second} id={`other ${second.id}`} settingsKey={sameShape ? key : `${key} other`} diverging={diverging} range={range} title={second.when} variable={second.settingsKey === pin.variable ? null : second.settingsKey} follows={sameShape} />
          {sameShape && base !== null && reply !== null && (
            <TensorCard {...plain} id={`difference ${pin.id}`} title="difference" variable={null} settingsKey={key} shape={pin.shape} dtype="float32" statistics={reply.statistics} use={pin.use} role="difference" diverging range={null}
              version={second.version} request={{ address: base, maxElements: 32_768 }} follows />
          )}
        </div>
      )}
    </section>
  );
}

const absentInStep = 'not among the tensors of this step. Choose another tensor, or step to where it is read or written.';

/** Pins of this panel; nothing while there are none. `absent` says why a pinned tensor has no value now, `title` what the strip is. */
export function Pins({ others, absent = absentInStep, title = 'pinned' }: { readonly others: readonly Comparable[]; readonly absent?: string; readonly title?: string }): JSX.Element | null {
  const { pins, comparing } = usePins();
  useEffect(listPins, []);
  if (pins.length === 0) return null;
  const compared = pins.find(({ id }) => id === comparing?.pin);
  return (
    <>
      <section class="pins" aria-label="Pinned tensors"><h3 class="pins-title"><span class="glyph-pin" aria-hidden="true" />{title}</h3><ul>{pins.map((pin) => <Pinned key={pin.id} pin={pin} compared={pin === compared} />)}</ul></section>
      {compared !== undefined && comparing !== null && <Comparing pin={compared} other={comparing.other} others={others} pins={pins} absent={absent} />}
    </>
  );
}
