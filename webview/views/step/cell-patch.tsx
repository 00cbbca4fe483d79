/** The elements that one output element reads, as they lie in the input, the kernel over them, and the products. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { CellPatch, CellView } from '../../../src/protocol/cell';
import { colorMap, colorOf, domainOf } from '../../../src/tensor/colormap';
import { shortNumber } from '../../render/numbers';
import { inkOn, patchSize } from '../../render/tensor/windows';
import { useTheme } from '../../theme';
import { useWidth } from '../size';

interface GridProps {
  readonly patch: CellPatch;
  readonly tile: number;
  readonly title: string;
  readonly values: readonly number[];
  /** Written under each value: what it is multiplied by. */
  readonly over: readonly number[] | null;
  readonly size: ReturnType<typeof patchSize>;
  readonly winner: number | null;
}

function Grid({ patch, tile, title, values, over, size, winner }: GridProps): JSX.Element {
  const { kind: theme } = useTheme();
  const shown = values.filter((value, at) => (patch.numbers[at] ?? -1) >= 0 && Number.isFinite(value));
  const [min, max] = [shown.reduce((least, value) => Math.min(least, value), Infinity), shown.reduce((most, value) => Math.max(most, value), -Infinity)];
  const kind = min < 0 ? 'diverging' : 'sequential';
  const map = colorMap(kind, theme), domain = domainOf(kind, min, max);
  const cells = patch.rows * patch.columns;
  return (
    <figure class="patch-grid">
      <figcaption title={title}>{title}</figcaption>
      <div class="patch-cells" role="img" aria-label={`${title}: ${patch.rows} by ${patch.columns}; the numbers are in the table of terms`} style={{ gridTemplateColumns: `repeat(${patch.columns}, ${size.width}px)`, gridAutoRows: `${size.height}px` }}>
        {Array.from({ length: cells }, (_, place) => {
          const at = tile * cells + place, number = patch.numbers[at] ?? -1, value = values[at] ?? NaN;
          if (number < 0) return <i key={place} class={patch.folded ? 'none' : 'padding'} title={patch.folded ? '' : 'padding: nothing to read here'} />;
          const color = colorOf(map, domain, value);
          const text = `${shortNumber(value, 4)}${over === null ? '' : ` × ${shortNumber(over[at] ?? NaN, 4)}`}`;
          return (
            <i key={place} class={number === winner ? 'winner' : ''} title={text} style={{ backgroundColor: `rgb(${color.join(' ')})`, color: inkOn(color) }}>
              {size.numbers && <><span>{shortNumber(value, 2)}</span>{over !== null && <small>×{shortNumber(over[at] ?? NaN, 2)}</small>}</>}
            </i>
          );
        })}
      </div>
    </figure>
  );
}

/** Tiles shown before one asks for all; only one where it is taller than this, in pixels. */
const tilesAtFirst = 2;
const tallest = 160;

export function Patch({ cell, patch }: { readonly cell: CellView; readonly patch: CellPatch }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [all, setAll] = useState(false);
  const [first, second] = patch.factors;
  const values = first?.values ?? [];
  const withTerms = second !== undefined || patch.terms.some((term, at) => (patch.numbers[at] ?? -1) >= 0 && term !== values[at]);
  const size = patchSize(patch.rows, patch.columns, withTerms ? 2 : 1, width);
  const shown = all ? patch.tiles.length : Math.min(patch.rows * size.height > tallest ? 1 : tilesAtFirst, patch.tiles.length);
  const name = (tensor: number | undefined): string => (tensor === undefined ? '' : cell.names[tensor] ?? 'constant');
  const hidden = patch.allTiles - shown;
  return (
    <div class="patch" ref={frame}>
      {width > 0 && patch.tiles.slice(0, shown).map((label, tile) => (
        <div class="patch-row" key={tile}>
          <Grid patch={patch} tile={tile} title={`${name(first?.tensor)}${label}${second === undefined ? '' : ` with ${name(second.tensor)} over it`}`} values={values} over={second?.values ?? null} size={size} winner={cell.winner} />
          {withTerms && <Grid patch={patch} tile={tile} title={second === undefined ? 'terms' : patch.factors.length === 2 ? 'products' : 'terms'} values={patch.terms} over={null} size={size} winner={cell.winner} />}
        </div>
      ))}
      {hidden > 0 && <p class="patch-more">{shown < patch.tiles.length
        ? <button type="button" class="link" onClick={() => setAll(true)}>Show {patch.tiles.length - shown} more of {patch.allTiles}</button>
        : `${hidden} more are summed but not drawn.`}</p>}
    </div>
  );
}
