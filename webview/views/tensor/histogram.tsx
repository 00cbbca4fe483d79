/** The distribution of a tensor's values as bars; the bar of the selected value is marked. Hover and arrow keys read a bar. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Histogram as Counts, TensorStatistics } from '../../../src/protocol/tensor';
import { count, shortNumber } from '../../render/numbers';
import { useTheme } from '../../theme';
import { useWidth } from '../size';

interface Props { readonly histogram: Counts; readonly statistics: TensorStatistics; readonly value: number | null; readonly height: number; readonly color: 'forward' | 'backward' | 'accent' }

export function Histogram({ histogram, statistics, value, height, color }: Props): JSX.Element {
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(frame);
  const { min, max, counts } = histogram;
  const span = max - min || 1;
  const bins = counts.length;
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  const [aim, setAim] = useState<number | null>(null);
  const aimed = aim === null || aim >= bins ? null : aim;
  useLayoutEffect(() => {
    const [target, scale] = [canvas.current, window.devicePixelRatio || 1];
    const context = target?.getContext('2d') ?? null;
    if (target === null || context === null || width === 0) return;
    target.width = Math.round(width * scale);
    target.height = Math.round(height * scale);
    target.style.width = `${width}px`;
    target.style.height = `${height}px`;
    context.scale(scale, scale);
    const bar = width / bins;
    const chosen = value === null || !Number.isFinite(value) ? -1 : Math.min(bins - 1, Math.max(0, Math.floor(((value - min) / span) * bins)));
    counts.forEach((number, index) => {
      // Every bin that holds anything is seen.
      const tall = number === 0 ? 0 : Math.max(1.5, (number / most) * (height - 6));
      context.fillStyle = index === chosen || index === aimed ? theme.foreground : theme[color];
      context.fillRect(index * bar + 0.5, height - 1 - tall, Math.max(1, bar - 1), tall);
    });
    context.fillStyle = theme.line;
    context.fillRect(0, height - 1, width, 1);
  }, [histogram, value, width, height, theme, color, aimed]);
  const zero = min < 0 && max > 0 ? (-min / span) * 100 : null;
  const busiest = counts.indexOf(most);
  const words = `Distribution of ${count(statistics.count)} values from ${shortNumber(min)} to ${shortNumber(max)}, most of them near ${shortNumber(min + ((busiest + 0.5) / bins) * span)}`;
  const edge = (bin: number): string => shortNumber(min + (bin / bins) * span);
  const reading = aimed === null ? '' : `${edge(aimed)} … ${edge(aimed + 1)}: ${count(counts[aimed] ?? 0)}`;
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = aimed ?? busiest;
    const moves: Readonly<Record<string, number>> = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - 8, PageDown: from + 8, Home: 0, End: bins - 1 };
    const next = moves[event.key];
    if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    setAim(aimed === null ? from : Math.max(0, Math.min(bins - 1, next)));
  };
  return (
    <div class="histogram" ref={frame} role="application" aria-roledescription="distribution" tabIndex={0} aria-label={words} onKeyDown={onKeyDown} onBlur={() => setAim(null)}>
      <canvas ref={canvas} onMouseMove={(event) => setAim(Math.max(0, Math.min(bins - 1, Math.floor((event.offsetX / Math.max(1, width)) * bins))))} onMouseLeave={() => setAim(null)} />
      {reading !== '' && <div class="lines-reading">{reading}</div>}
      <span class="unseen" aria-live="polite">{reading}</span>
      <div class="axis" aria-hidden="true">
        <span>{shortNumber(min, 2)}</span>
        {zero !== null && zero > 16 && zero < 84 && <span class="zero" style={{ left: `${zero}%` }}>0</span>}
        <span>{shortNumber(max, 2)}</span>
      </div>
    </div>
  );
}
