/** The switch between the views of a tensor: one small symbol, which opens to all that fit under the pointer or by the keyboard. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { TensorUse } from '../../../src/protocol/tensor';
import type { ViewKind } from '../../render/tensor/kinds';
import { kindName } from '../../render/tensor/kinds';

/** Symbols on a grid of 14 × 14, as filled paths. */
const glyphs: Readonly<Record<ViewKind, string>> = {
  tiles: 'M1 1h5v5h-5zM8 1h5v5h-5zM1 8h5v5h-5zM8 8h5v5h-5z',
  heat: 'M1 1h12v12h-12zM2 2v3.2h3V2zM6 6.2v3h3v-3zM10 9.8v2.2h2v-2.2zM10 2v3.2h2V2z',
  image: 'M1 2h12v10H1zM2 3v6.5l3-3 3 3 1.5-1.5L12 10.300V3zM9.500 4.200a1.100 1.100 0 1 1-.01 0z',
  lines: 'M1 1h1v11h11v1H1zM3.200 9.300l2.600-4.300 2.500 2.600 3.400-5.400.9.550-4.100 6.500-2.500-2.600-1.900 3.200z',
  histogram: 'M1 12h12v1H1zM2 8h2v3.500h-2zM5 4h2v7.500H5zM8 2h2v9.500H8zM11 6.500h2v5h-2z',
  numbers: 'M1 1h12v12H1zM2 2v3h3V2zM6 2v3h3V2zM10 2v3h2V2zM2 6v3h3V6zM6 6v3h3V6zM10 6v3h2V6zM2 10v2h3v-2zM6 10v2h3v-2zM10 10v2h2v-2z',
};

export function ViewGlyph({ kind }: { readonly kind: ViewKind }): JSX.Element {
  return <svg class="view-glyph" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true"><path d={glyphs[kind]} fill="currentColor" fill-rule="evenodd" /></svg>;
}

interface Props {
  readonly kinds: readonly ViewKind[];
  readonly kind: ViewKind;
  readonly use: TensorUse;
  readonly name: string;
  readonly onChoose: (kind: ViewKind) => void;
}

/** Arrow keys choose the view beside, as in any group of radio buttons. */
export function ViewSwitch({ kinds, kind, use, name, onChoose }: Props): JSX.Element | null {
  const row = useRef<HTMLDivElement>(null);
  if (kinds.length < 2) return null;
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = ['ArrowRight', 'ArrowDown'].includes(event.key) ? 1 : ['ArrowLeft', 'ArrowUp'].includes(event.key) ? -1 : 0;
    const next = kinds[(kinds.indexOf(kind) + step + kinds.length) % kinds.length];
    if (step === 0 || next === undefined) return;
    event.preventDefault();
    onChoose(next);
    row.current?.querySelector<HTMLElement>(`[data-view="${next}"]`)?.focus();
  };
  return (
    <div class="view-switch" role="radiogroup" aria-label={`View of ${name}`} ref={row} onKeyDown={onKeyDown}>
      {kinds.map((one) => (
        <button key={one} type="button" role="radio" data-view={one} aria-checked={one === kind} aria-label={kindName(one, use)} title={kindName(one, use)} tabIndex={one === kind ? 0 : -1} onClick={() => onChoose(one)}>
          <ViewGlyph kind={one} />
        </button>
      ))}
    </div>
  );
}
