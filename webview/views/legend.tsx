/** The colours of a tensor picture with their numbers. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Domain } from '../../src/tensor/colormap';
import { colorMap } from '../../src/tensor/colormap';
import { shortNumber } from '../render/numbers';
import { useTheme } from '../theme';

/** Room that the legend takes beside a picture, in CSS pixels. */
export const legendWidth = 74;

const signed = (value: number): string => (value > 0 ? `+${shortNumber(value, 2)}` : shortNumber(value, 2));

interface Props { readonly kind: 'diverging' | 'sequential'; readonly domain: Domain; readonly nan: number; readonly infinite: number }

export function Legend({ kind, domain, nan, infinite }: Props): JSX.Element {
  const { kind: theme } = useTheme();
  const bar = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = bar.current?.getContext('2d') ?? null;
    if (context === null) return;
    const image = new ImageData(1, 256);
    const { table } = colorMap(kind, theme);
    for (let y = 0; y < 256; y++) image.data.set(table.subarray((255 - y) * 4, (255 - y) * 4 + 4), y * 4);
    context.putImageData(image, 0, 0);
  }, [kind, theme]);
  return (
    <div class="legend" aria-hidden="true">
      <canvas ref={bar} width={1} height={256} />
      <div class="legend-numbers">
        <span>{kind === 'diverging' ? signed(domain.high) : shortNumber(domain.high, 2)}</span>
        {kind === 'diverging' && <span>0</span>}
        <span>{shortNumber(domain.low, 2)}</span>
      </div>
      {nan > 0 && <span class="legend-special"><i class="nan" />NaN</span>}
      {infinite > 0 && <span class="legend-special"><i class="infinite" />±∞</span>}
    </div>
  );
}
