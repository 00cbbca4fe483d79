/** What of a network is looked for: the text, and whether the rest is dimmed or hidden; and the field for it in the graph's tools. */
import type { JSX, Ref } from 'preact';
import { Button, SearchField } from '../../controls';

export interface Filter {
  readonly text: string;
  /** Whether all that is not found is left out instead of dimmed. */
  readonly hide: boolean;
}
export const noFilter: Filter = { text: '', hide: false };

interface Props {
  readonly filter: Filter;
  readonly found: number;
  /** Why nothing can be found by the text. */
  readonly problem: string | null;
  readonly field: Ref<HTMLElement>;
  readonly onFilter: (filter: Filter) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onClose: () => void;
}

export function GraphSearch({ filter, found, problem, field, onFilter, onKeyDown, onClose }: Props): JSX.Element {
  return (
    <div class="graph-search">
      {problem !== null && <p class="search-problem" role="status">{problem}</p>}
      <SearchField label="Name, class, relu, kernel_size=3, parameters>1M" value={filter.text} inputRef={field} onInput={(text) => onFilter({ ...filter, text })} onKeyDown={onKeyDown} />
      <span class="search-count" aria-live="polite">{filter.text.trim() === '' ? '' : found === 0 ? 'none found' : `${found.toLocaleString('en-US')} found`}</span>
      <Button appearance="icon" label="Hide what is not found" pressed={filter.hide} onClick={() => onFilter({ ...filter, hide: !filter.hide })}><span class="glyph funnel" /></Button>
      <Button appearance="icon" label="Close search (Escape)" onClick={onClose}>✕</Button>
    </div>
  );
}
