/** The graph's toolbar: search, folding, zoom, and behind a button colours with their legend, and export. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../../controls';
import type { ColorBy, LegendEntry } from '../../render/graph/colors';
import { colorings } from '../../render/graph/colors';

interface Props {
  /** The search field when it is open. */
  readonly search: JSX.Element | null;
  readonly onSearch: () => void;
  /** Whether the ends of a path are being chosen. */
  readonly picking: boolean;
  readonly onPath: () => void;
  /** Null when the network has no groups. */
  readonly folding: { readonly onFoldAll: () => void; readonly onOpenAll: () => void } | null;
  readonly colorBy: ColorBy;
  readonly legend: readonly LegendEntry[];
  readonly legendTitle: string;
  /** What the numbers on the boxes count; empty when there are none. */
  readonly unit: string;
  readonly onColorBy: (by: ColorBy) => void;
  readonly onExport: (kind: 'svg' | 'png') => void;
  readonly onZoom: (factor: number) => void;
  readonly onFit: () => void;
  readonly busy: boolean;
}

export function Legend({ title, entries }: { readonly title: string; readonly entries: readonly LegendEntry[] }): JSX.Element {
  return (
    <ul class="graph-legend" aria-label={`Colours: ${title}`}>
      <li class="legend-title">{title}</li>
      {entries.map(({ color, stripe, text }) => <li key={text}><i style={{ background: color, width: `${2 * stripe}px` }} />{text}</li>)}
    </ul>
  );
}

export function GraphTools({ search, onSearch, picking, onPath, folding, colorBy, legend, legendTitle, unit, onColorBy, onExport, onZoom, onFit, busy }: Props): JSX.Element {
  const [more, setMore] = useState(false);
  return (
    <div class="graph-corner">
      {legend.length > 0 && <Legend title={legendTitle} entries={legend} />}
      {more && (
        <div class="graph-more">
          <label>Colour by <select value={colorBy} onChange={({ currentTarget }) => onColorBy(currentTarget.value as ColorBy)}>
            {Object.entries(colorings).map(([id, title]) => <option key={id} value={id}>{title}</option>)}
          </select></label>
          <Button appearance="secondary" label="Save the graph as SVG" onClick={() => onExport('svg')}>SVG</Button>
          <Button appearance="secondary" label="Save the graph as PNG" onClick={() => onExport('png')}>PNG</Button>
        </div>
      )}
      <div class="graph-tools" role="toolbar" aria-label="Graph">
        {search === null && unit !== '' && <span class="graph-unit" title="What the number on a box counts">number: {unit}</span>}
        {busy && <span class="search-count" role="status">Arranging …</span>}
        {search}
        <span class="graph-icons">
          {search === null && <Button appearance="icon" label="Search layers (Ctrl+F)" onClick={onSearch}><span class="glyph search" /></Button>}
          <Button appearance="icon" label="Path between two layers (Shift+click)" pressed={picking} onClick={onPath}><span class="glyph path" /></Button>
          {folding !== null && <Button appearance="icon" label="Open all groups" onClick={folding.onOpenAll}>⊞</Button>}
          {folding !== null && <Button appearance="icon" label="Fold all groups (F: the one around a box)" onClick={folding.onFoldAll}>⊟</Button>}
          <Button appearance="icon" label="Colours and export" pressed={more} onClick={() => setMore(!more)}>⋯</Button>
          <Button appearance="icon" label="Zoom in (+)" onClick={() => onZoom(1.25)}>+</Button>
          <Button appearance="icon" label="Zoom out (−)" onClick={() => onZoom(0.8)}>−</Button>
          <Button appearance="icon" label="Fit to view (0)" onClick={onFit}><span class="glyph fit" /></Button>
        </span>
      </div>
    </div>
  );
}
