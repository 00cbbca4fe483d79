/** Loss over iterations by uPlot, with a marker at the cursor; a click or the keyboard goes to an iteration. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { shortNumber } from '../../render/numbers';
import { iterationTicks, tickTexts } from '../../render/ticks';
import type { Theme } from '../../theme';
import { useTheme } from '../../theme';
import { useWidth } from '../size';

interface Props {
  readonly losses: readonly number[];
  readonly iteration: number | null;
  readonly marker: 'forward' | 'backward';
  readonly height: number;
  /** With axes, for the Training tab. */
  readonly axes: boolean;
  readonly onJump: (iteration: number) => void;
}

function optionsFor(theme: Theme, width: number, height: number, axes: boolean, markerAt: () => number | null, markerColor: () => string): uPlot.Options {
  const axis: uPlot.Axis = {
    show: axes, stroke: theme.muted, font: `11px ${theme.fontFamily}`, grid: { stroke: theme.border, width: 1 }, ticks: { show: false }, size: 34, gap: 6,
  };
  return {
    width, height, padding: axes ? [10, 14, 0, 4] : [3, 3, 3, 3], legend: { show: false }, cursor: { show: false }, select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: { x: { time: false, range: (_, min, max) => (max > min ? [min, max] : [min - 0.5, min + 0.5]) }, y: { range: (_, min, max) => (max > min ? [min - (max - min) * 0.06, max + (max - min) * 0.06] : [min - 0.5, max + 0.5]) } },
    axes: [{ ...axis, size: 24, label: 'iteration', labelSize: 18, labelGap: 0, labelFont: axis.font, splits: (_, __, min, max) => iterationTicks(min, max), values: (_, splits) => splits.map((value) => String(value + 1)) }, { ...axis, size: 52, values: (_, splits) => tickTexts(splits) }],
    series: [{}, { stroke: theme.accent, width: 1.5, points: { show: (plot) => plot.data[0].length < 2, fill: theme.accent, size: 5 } }],
    hooks: {
      draw: [(plot) => {
        const at = markerAt();
        if (at === null) return;
        const x = Math.round(plot.valToPos(at, 'x', true));
        plot.ctx.fillStyle = markerColor();
        plot.ctx.fillRect(x - devicePixelRatio, plot.bbox.top, 2 * devicePixelRatio, plot.bbox.height);
      }],
    },
  };
}

export function LossCurve({ losses, iteration, marker, height, axes, onJump }: Props): JSX.Element {
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const width = useWidth(frame);
  const [aim, setAim] = useState<number | null>(null);
  const at = useRef<number | null>(null);
  at.current = aim ?? iteration;
  const color = useRef('');
  color.current = theme[marker];
  useLayoutEffect(() => {
    if (frame.current === null || width === 0) return undefined;
    const made = new uPlot(optionsFor(theme, width, height, axes, () => at.current, () => color.current), [[], []], frame.current);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [theme, width, height, axes]);
  useLayoutEffect(() => {
    plot.current?.setData([losses.map((_, index) => index), losses.map((loss) => (Number.isFinite(loss) ? loss : null))]);
  }, [losses, theme, width, height, axes]);
  useLayoutEffect(() => plot.current?.redraw(false), [iteration, aim, marker]);

  const last = losses.length - 1;
  const near = (event: MouseEvent): number | null => {
    const made = plot.current;
    if (made === null || last < 0) return null;
    const left = event.clientX - made.over.getBoundingClientRect().left;
    return Math.max(0, Math.min(last, Math.round(made.posToVal(left, 'x'))));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = aim ?? iteration ?? last;
    const steps: Readonly<Record<string, number>> = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from + 10, PageDown: from - 10, Home: 0, End: last };
    const to = steps[event.key];
    if (to !== undefined) setAim(Math.max(0, Math.min(last, to)));
    else if (event.key === 'Enter' && aim !== null) {
      onJump(aim);
      setAim(null);
    } else if (event.key === 'Escape') setAim(null);
    else return;
    event.preventDefault();
  };
  const shown = aim ?? iteration;
  const words = (index: number | null): string => (index === null || losses[index] === undefined ? `${losses.length} iterations` : `iteration ${index + 1}, loss ${shortNumber(losses[index] ?? NaN, 4)}`);
  return (
    <div class={`loss-curve ${axes ? 'with-axes' : ''}`} ref={frame} role="slider" tabIndex={0} aria-label="Loss over iterations" aria-valuemin={1} aria-valuemax={Math.max(1, last + 1)}
      aria-valuenow={(shown ?? 0) + 1} aria-valuetext={words(shown)} title={`${words(shown)} — click to go to an iteration`} onKeyDown={onKeyDown} onBlur={() => setAim(null)}
      onMouseMove={(event) => setAim(near(event))} onMouseLeave={() => setAim(null)} onClick={(event) => { const to = near(event); if (to !== null) onJump(to); }}>
      {aim !== null && aim !== iteration && <span class="aim">{words(aim)}</span>}
    </div>
  );
}
