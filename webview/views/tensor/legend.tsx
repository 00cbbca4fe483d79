/** The colours of a tensor picture with their numbers, what is clipped, and the marks of what is no number. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Domain } from '../../../src/tensor/colormap';
import { colorMap } from '../../../src/tensor/colormap';
import { count, shortNumber } from '../../render/numbers';
import { useTheme } from '../../theme';

/** Room that the legend takes beside a picture, in CSS pixels. */
export const legendWidth = 74;

const signed = (value: number): string => (value > 0 ? `+${shortNumber(value, 2)}` : shortNumber(value, 2));

interface Props {
  readonly kind: 'diverging' | 'sequential';
  readonly domain: Domain;
  /** Each tile has its own ends. */
  readonly many: boolean;
  /** A colour image: the ends of each of its colours. */
  readonly image: boolean;
  /** Percent cut off at both ends. */
  readonly clip: number;
  readonly scale: 'tile' | 'tensor' | 'role';
  readonly nan: number;
  readonly infinite: number;
  /** Below a picture, from left to right, where there is no room beside it. */
  readonly across?: boolean;
}

export function Legend({ kind, domain, many, image, clip, scale, nan, infinite, across = false }: Props): JSX.Element {
  const { kind: theme } = useTheme();
  const bar = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = bar.current?.getContext('2d') ?? null;
    if (context === null) return;
    const lanes = image ? 3 : 1;
    const pixels = across ? new ImageData(256, lanes) : new ImageData(lanes, 256);
    const { table } = colorMap(kind, theme);
    for (let value = 0; value < 256; value++) {
      for (let lane = 0; lane < lanes; lane++) pixels.data.set(image ? [0, 1, 2].map((one) => (one === lane ? value : 0)).concat(255) : table.subarray(value * 4, value * 4 + 4), 4 * (across ? lane * 256 + value : (255 - value) * lanes + lane));
    }
    context.putImageData(pixels, 0, 0);
  }, [kind, theme, image, across]);
  const around = kind === 'diverging' && !image;
  const [top, middle, bottom] = many ? [around ? '+ tile' : 'tile max', around ? '0' : null, around ? '− tile' : 'tile min'] : [around ? signed(domain.high) : shortNumber(domain.high, 2), around ? '0' : null, shortNumber(domain.low, 2)];
  return (
    <div class={`legend ${across ? 'across' : ''}`} aria-hidden="true">
      <canvas key={`${image} ${across}`} ref={bar} width={across ? 256 : image ? 3 : 1} height={across ? (image ? 3 : 1) : 256} />
      <div class="legend-numbers"><span>{top}</span>{middle !== null && <span>{middle}</span>}<span>{bottom}</span></div>
      {clip > 0 && <span class="legend-note" title={`Values beyond the ${clip}th and ${100 - clip}th percentile have the colours of the ends`}>{clip}–{100 - clip} %</span>}
      {scale === 'role' && !many && <span class="legend-note" title="One scale for all tensors of this kind in the panel">shared</span>}
      {nan > 0 && <span class="legend-special"><i class="nan" />{count(nan)} NaN</span>}
      {infinite > 0 && <span class="legend-special"><i class="infinite" />{count(infinite)} ±∞</span>}
    </div>
  );
}
