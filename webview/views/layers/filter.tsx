/** Above the table of layers: which of them are shown, here and in the graph. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { GraphView } from '../../../src/protocol/graph';
import type { Filter } from '../graph/search';
import { noFilter } from '../graph/search';

const states = [['is:trainable', 'with trainable parameters'], ['is:frozen', 'with parameters that are not trained'], ['is:problem', 'with a problem']] as const;

interface Props { readonly graph: GraphView; readonly filter: Filter; readonly onFilter: (filter: Filter) => void }

export function LayerFilter({ graph, filter, onFilter }: Props): JSX.Element {
  const classes = useMemo(() => {
    const groups = new Set(graph.nodes.map(({ parent }) => parent));
    const counts = new Map<string, number>();
    for (const { id, type } of graph.nodes) if (type !== '' && !groups.has(id)) counts.set(type, (counts.get(type) ?? 0) + 1);
    return [...counts].sort(([a], [b]) => a.localeCompare(b));
  }, [graph]);
  const known = [...states.map(([text]) => text as string), ...classes.map(([type]) => `class=${type}`)];
  const value = filter.text === '' || known.includes(filter.text) ? filter.text : 'own';
  return (
    <header class="layer-filter">
      <h2>Layers</h2>
      <label>show <select aria-label="Layers that are shown" title="Which layers the table lists" value={value} onChange={({ currentTarget }) => { if (currentTarget.value !== 'own') onFilter(currentTarget.value === '' ? noFilter : { text: currentTarget.value, hide: true }); }}>
        <option value="">all layers</option>
        {value === 'own' && <option value="own">{filter.text}</option>}
        {states.map(([text, words]) => <option key={text} value={text}>{words}</option>)}
        <optgroup label="of class">{classes.map(([type, count]) => <option key={type} value={`class=${type}`}>{`${type} (${count.toLocaleString('en-US')})`}</option>)}</optgroup>
      </select></label>
      {filter.text !== '' && <label><input type="checkbox" checked={filter.hide} onChange={({ currentTarget }) => onFilter({ ...filter, hide: currentTarget.checked })} /> hide the others in the graph</label>}
    </header>
  );
}
