/** Built-in architectures: compute or size against published accuracy on ImageNet, and below all figures with their sources. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { ArchitectureView } from '../../src/protocol/architectures';
import { emit } from '../channel';
import { compact, count } from '../render/numbers';
import { useTheme } from '../theme';
import { useWidth } from './size';

type Axis = 'macs' | 'parameters';
const axes: Readonly<Record<Axis, { readonly title: string; readonly of: (view: ArchitectureView) => number }>> = {
  macs: { title: 'multiply-adds for one picture', of: ({ macs, published }) => macs ?? published?.value ?? 0 },
  parameters: { title: 'parameters', of: ({ parameters }) => parameters.value },
};
const height = 380;
const open = (name: string): void => emit({ type: 'openArchitecture', name });

/** 1, 2, 5, 10, 20, … between two numbers. */
function roundSteps(low: number, high: number): number[] {
  const steps: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) for (const digit of [1, 2, 5]) steps.push(digit * 10 ** power);
  return steps.filter((step) => step >= low && step <= high);
}

interface Point { readonly view: ArchitectureView; readonly x: number; readonly y: number; readonly radius: number }

/** Area after the quantity that is not on the axis. */
const radiusOf = (view: ArchitectureView, by: Axis, most: number): number => 4 + 10 * Math.sqrt(axes[by === 'macs' ? 'parameters' : 'macs'].of(view) / most);

/** Labels beside their points, moved up or down where two would overlap; tops of lines of text by name. */
function labelPlaces(points: readonly Point[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const taken: { x: number; y: number; width: number }[] = [];
  for (const { view, x, y, radius } of [...points].sort((a, b) => a.x - b.x)) {
    const [left, width] = [x + radius + 4, 7 * view.title.length];
    const free = (top: number): boolean => taken.every((other) => Math.abs(other.y - top) > 13 || left > other.x + other.width || other.x > left + width)
      && points.every((other) => other.view === view || Math.abs(other.y - top - 7) > other.radius + 6 || left > other.x + other.radius || left + width < other.x - other.radius);
    const top = [0, -13, 13, -20, 20, -26, 26, -32, 32, -39, 39].map((shift) => y - 7 + shift).find(free) ?? y - 7;
    taken.push({ x: left, y: top, width });
    places.set(view.name, top);
  }
  return places;
}

function Chart({ views, by }: { readonly views: readonly ArchitectureView[]; readonly by: Axis }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const theme = useTheme();
  const holder = useRef<HTMLDivElement>(null);
  const [points, setPoints] = useState<readonly Point[]>([]);
  useLayoutEffect(() => {
    if (holder.current === null || width < 120) return undefined;
    const sorted = [...views].sort((a, b) => axes[by].of(a) - axes[by].of(b));
    const most = Math.max(...sorted.map(axes[by === 'macs' ? 'parameters' : 'macs'].of));
    const xs = sorted.map(axes[by].of);
    // In high contrast the theme's borders are as strong as text.
    const grid = { stroke: theme.border, width: theme.kind === 'hcDark' || theme.kind === 'hcLight' ? 0.4 : 1 };
    const font = `11px ${theme.fontFamily}`;
    const place = (plot: uPlot): void => setPoints(sorted.map((view, index) => ({ view, x: plot.valToPos(xs[index] ?? 0, 'x') + plot.bbox.left / devicePixelRatio, y: plot.valToPos(view.accuracy?.value ?? 0, 'y') + plot.bbox.top / devicePixelRatio, radius: radiusOf(view, by, most) })));
    const plot = new uPlot({
      width, height, legend: { show: false }, cursor: { show: false }, padding: [14, 76, 0, 0],
      scales: { x: { time: false, distr: 3, range: [Math.min(...xs) / 1.6, Math.max(...xs) * 1.6] }, y: { range: [54, 80] } },
      axes: [
        { stroke: theme.muted, grid, ticks: grid, font, labelFont: font, label: axes[by].title, labelSize: 18, values: (_, splits) => splits.map(compact), filter: (_, splits) => splits, splits: (_, __, low, high) => roundSteps(low, high) },
        { stroke: theme.muted, grid, ticks: grid, font, labelFont: font, label: 'top-1 accuracy on ImageNet, %', labelSize: 18, size: 44 },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [place] },
    }, [xs, sorted.map(({ accuracy }) => accuracy?.value ?? null)], holder.current);
    return () => plot.destroy();
  }, [views, by, width, theme]);
  const places = labelPlaces(points);
  return (
    <div class="architecture-chart" ref={frame} style={{ height: `${height}px` }}>
      <div ref={holder} />
      {[...points].sort((a, b) => b.radius - a.radius).map(({ view, x, y, radius }) => (
        <button key={view.name} type="button" class="architecture-point" data-point={view.name} title={wordsOf(view)} aria-label={wordsOf(view)} style={{ left: `${x - radius}px`, top: `${y - radius}px`, width: `${2 * radius}px`, height: `${2 * radius}px` }} onClick={() => open(view.name)} />
      ))}
      {points.map(({ view, x, radius }) => <span key={view.name} class="architecture-label" aria-hidden="true" style={{ left: `${x + radius + 4}px`, top: `${places.get(view.name) ?? 0}px` }}>{view.title}</span>)}
    </div>
  );
}

function wordsOf({ title, parameters, macs, accuracy, source }: ArchitectureView): string {
  return [title, `${parameters.value.toLocaleString('en-US')} parameters (${parameters.source})`, macs === null ? '' : `${compact(macs)} multiply-adds`, accuracy === null ? '' : `${accuracy.value} % (${accuracy.source})`, source, 'Click to open.'].filter((part) => part !== '').join('\n');
}

export function Architectures({ architectures }: { readonly architectures: readonly ArchitectureView[] }): JSX.Element {
  const [by, setBy] = useState<Axis>('macs');
  const measured = architectures.filter(({ accuracy }) => accuracy !== null);
  return (
    <main class="architectures">
      <header class="strip">
        <div class="title"><h1>Architectures</h1><p class="facts-line">Networks for ImageNet by what they cost and what they reach; the area of a point is {by === 'macs' ? 'the number of its parameters' : 'the number of its multiply-adds'}. Click one to open it.</p></div>
        <label>Across <select value={by} onChange={({ currentTarget }) => setBy(currentTarget.value === 'parameters' ? 'parameters' : 'macs')}><option value="macs">multiply-adds</option><option value="parameters">parameters</option></select></label>
      </header>
      <Chart views={measured} by={by} />
      <div class="architecture-table">
        <table class="listing">
          <thead><tr><th scope="col">architecture</th><th scope="col" class="number">parameters</th><th scope="col" class="number">multiply-adds</th><th scope="col" class="number" title="Multiply-adds as published">as published</th><th scope="col" class="number" title="Share of ImageNet's validation pictures whose first answer is right">top-1 accuracy</th><th scope="col">sources</th></tr></thead>
          <tbody>{architectures.map((view) => (
            <tr key={view.name}>
              <td><button type="button" class="link" data-architecture={view.name} onClick={() => open(view.name)}>{view.title}</button></td>
              <td class="number">{view.parameters.value.toLocaleString('en-US')}</td><td class="number" title={view.macs?.toLocaleString('en-US')}>{view.macs === null ? '?' : count(view.macs)}</td>
              <td class="number">{view.published === null ? '' : compact(view.published.value)}</td><td class="number" title={view.accuracy === null ? undefined : `${view.accuracy.value} %`}>{view.accuracy === null ? '' : `${view.accuracy.value.toFixed(1)} %`}</td>
              <td class="sources">{[view.source, `parameters: ${view.parameters.source}`, view.published === null ? '' : `multiply-adds: ${view.published.source}`, view.accuracy === null ? '' : `accuracy: ${view.accuracy.source}`].filter((part) => part !== '').join('; ')}</td>
            </tr>
          ))}</tbody>
        </table>
      </div>
    </main>
  );
}
