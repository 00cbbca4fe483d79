/** A tensor as lines by uPlot: a vector along its index, a sequence along its time with a line a feature. Hover and keys read, a click and Enter select. */
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { colorMap } from '../../../src/tensor/colormap';
import { shortNumber } from '../../render/numbers';
import type { Series } from '../../render/tensor/series';
import { cellOfPoint, nearestLine, pointOfCell, seriesOf } from '../../render/tensor/series';
import type { Cell } from '../../render/tensor/tiles';
import { cellOf, indexOf, offsetOf } from '../../render/tensor/tiles';
import type { Picture } from '../../tensors';
import type { Theme } from '../../theme';
import { useTheme } from '../../theme';

interface Props {
  readonly picture: Picture;
  readonly label: string;
  readonly room: number;
  readonly height: number;
  readonly tone: 'forward' | 'backward' | 'accent';
  readonly selected: readonly number[] | null;
  readonly onSelect: (index: readonly number[]) => void;
}

/** One line in the tone of the card, several from dark to light. */
function strokeOf(theme: Theme, tone: Props['tone'], line: number, lines: number): string {
  if (lines === 1) return theme[tone];
  const { table } = colorMap('sequential', theme.kind);
  // One end of the map comes close to the background.
  const from = theme.kind === 'dark' || theme.kind === 'hcDark' ? 0.35 : 0;
  const at = 4 * Math.round(255 * (from + (0.65 * line) / Math.max(1, lines - 1)));
  return `rgb(${table[at]}, ${table[at + 1]}, ${table[at + 2]})`;
}

function optionsFor(theme: Theme, { series, width, height, tone, marker }: { series: Series; width: number; height: number; tone: Props['tone']; marker: () => { place: number; line: number | null } | null }): uPlot.Options {
  const axis: uPlot.Axis = { stroke: theme.muted, font: `10px ${theme.fontFamily}`, grid: { stroke: theme.foreground.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.14)'), width: 1 }, ticks: { show: false }, gap: 4 };
  const count = series.lines.length;
  return {
    width, height, padding: [6, 8, 0, 0], legend: { show: false }, cursor: { show: false }, select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: { x: { time: false, range: (_, min, max) => (max > min ? [min, max] : [min - 0.5, min + 0.5]) }, y: { range: (_, min, max) => (max > min ? [min - (max - min) * 0.06, max + (max - min) * 0.06] : [(min ?? 0) - 0.5, (max ?? 0) + 0.5]) } },
    axes: [{ ...axis, size: 20, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? String(value) : '')) }, { ...axis, size: 44, values: (_, splits) => splits.map((value) => shortNumber(value, 2)) }],
    series: [{}, ...series.lines.map(({ values }, line): uPlot.Series => ({ stroke: strokeOf(theme, tone, line, count), width: count > 12 ? 1 : 1.5, points: { show: values.length < 2, size: 5 } }))],
    hooks: {
      draw: [(plot) => {
        const at = marker();
        if (at === null) return;
        const { ctx, bbox } = plot;
        const x = plot.valToPos(series.x[at.place] ?? 0, 'x', true), value = at.line === null ? null : series.lines[at.line]?.values[at.place] ?? null;
        ctx.fillStyle = theme.line;
        ctx.fillRect(Math.round(x), bbox.top, devicePixelRatio, bbox.height);
        if (value === null) return;
        ctx.beginPath();
        ctx.arc(x, plot.valToPos(value, 'y', true), 3.5 * devicePixelRatio, 0, 2 * Math.PI);
        ctx.fillStyle = theme.background;
        ctx.strokeStyle = theme.foreground;
        ctx.lineWidth = 1.5 * devicePixelRatio;
        ctx.fill();
        ctx.stroke();
      }],
    },
  };
}

export function TensorLines({ picture, label, room, height, tone, selected, onSelect }: Props): JSX.Element {
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const own = selected === null ? null : cellOf(picture, selected);
  const series = useMemo(() => seriesOf(picture, own?.tile ?? 0), [picture, own?.tile]);
  const [aim, setAim] = useState<{ readonly place: number; readonly line: number | null } | null>(null);
  const lineOf = (feature: number): number | null => { const line = series.lines.findIndex((one) => one.feature === feature); return line < 0 ? null : line; };
  const chosen = own === null ? null : pointOfCell(series, own);
  const marked = aim ?? (chosen === null ? null : { place: chosen.place, line: lineOf(chosen.feature) });
  const marker = useRef(marked);
  marker.current = marked;
  useLayoutEffect(() => {
    if (frame.current === null) return undefined;
    const made = new uPlot(optionsFor(theme, { series, width: room, height, tone, marker: () => marker.current }), [[...series.x], ...series.lines.map(({ values }) => [...values])], frame.current);
    plot.current = made;
    return () => { made.destroy(); plot.current = null; };
  }, [theme, series, room, height, tone]);
  useLayoutEffect(() => plot.current?.redraw(false), [marked?.place, marked?.line]);

  const cellAim = ({ place, line }: { readonly place: number; readonly line: number | null }): Cell => cellOfPoint(series, place, series.lines[line ?? 0]?.feature ?? 0);
  const text = (cell: Cell): string => `[${indexOf(picture, cell).join(', ')}] ${picture.reduction > 1 ? `… mean of ${picture.reduction}` : ''}= ${shortNumber(picture.floats[offsetOf(picture, cell)] ?? NaN, 4)}`;
  const near = (event: MouseEvent): typeof aim => {
    const made = plot.current;
    if (made === null) return null;
    const box = made.over.getBoundingClientRect();
    const place = Math.max(0, Math.min(series.x.length - 1, Math.round(made.posToVal(event.clientX - box.left, 'x') / picture.reduction)));
    return { place, line: nearestLine(series, place, made.posToVal(event.clientY - box.top, 'y')) };
  };
  const choose = (at: NonNullable<typeof aim>): void => {
    setAim(null);
    onSelect(indexOf(picture, cellAim(at)));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const from = marked ?? { place: 0, line: 0 };
    const [last, lines] = [series.x.length - 1, series.lines.length];
    const places: Readonly<Record<string, number>> = { ArrowLeft: from.place - 1, ArrowRight: from.place + 1, PageUp: from.place - 10, PageDown: from.place + 10, Home: 0, End: last };
    const turns: Readonly<Record<string, number>> = { ArrowUp: (from.line ?? 0) - 1, ArrowDown: (from.line ?? 0) + 1 };
    const [place, line] = [places[event.key], turns[event.key]];
    if (place !== undefined) setAim({ place: Math.max(0, Math.min(last, place)), line: from.line ?? 0 });
    else if (line !== undefined) setAim({ place: from.place, line: Math.max(0, Math.min(lines - 1, line)) });
    else if (event.key === 'Enter' || event.key === ' ') choose(from);
    else if (event.key === 'Escape' && aim !== null) setAim(null);
    else return;
    event.preventDefault();
  };
  return (
    <div class="tensor-lines">
      <div class="lines-plot" ref={frame} tabIndex={0} role="application" aria-roledescription="tensor as lines"
        aria-label={`${label}. ${series.lines.length} line${series.lines.length === 1 ? '' : 's'} of ${series.x.length} values. Arrow keys move, Enter selects. ${own === null ? '' : `Selected ${text(own)}`}`}
        onMouseMove={(event) => setAim(near(event))} onMouseLeave={() => setAim(null)} onBlur={() => setAim(null)} onClick={(event) => { const at = near(event); if (at !== null) choose(at); }} onKeyDown={onKeyDown} />
      {aim !== null && <div class="lines-reading">{text(cellAim(aim))}</div>}
      {series.lines.length < series.features && <p class="lines-note">{series.lines.length} of {series.features.toLocaleString('en-US')} features, every {Math.ceil(series.features / series.lines.length)}th</p>}
      <span class="unseen" aria-live="polite">{aim === null ? '' : text(cellAim(aim))}</span>
    </div>
  );
}
