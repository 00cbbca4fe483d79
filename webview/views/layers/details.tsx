/** A layer of an opened file: its settings, and its weights as pictures with their distribution. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { NodeView, WeightView } from '../../../src/protocol/graph';
import { domainOf } from '../../../src/tensor/colormap';
import { Button } from '../../controls';
import { fieldWords } from '../../render/graph/layer-rows';
import { count, shortNumber } from '../../render/numbers';
import { cellOf, sliceText } from '../../render/tensor/tiles';
import { select, useStore } from '../../store';
import { usePicture } from '../../tensors';
import { Histogram } from '../tensor/histogram';
import { NumbersTable, useElement } from '../tensor/numbers-table';
import { TensorCard } from '../tensor/card';
import { Pins } from '../tensor/pins';
import type { Subject } from '../tensor/view';
import { useView } from '../tensor/view';

const maxElements = 65_536;

const subjectOf = (layer: string, weight: WeightView): Subject => ({
  settingsKey: `${layer}/${weight.name}`, shape: weight.shape, use: weight.layout ?? 'weight', role: 'weight', example: null, usual: null, firstKind: null,
  request: { address: { kind: 'weight', layer, weight: weight.name }, maxElements },
});
/** What a pinned weight notes: the file may be written again. */
const readAt = (): string => `the file at ${new Date().toLocaleTimeString()}`;

function Weight({ layer, weight, version }: { readonly layer: string; readonly weight: WeightView; readonly version: string }): JSX.Element {
  const subject = subjectOf(layer, weight);
  const id = subject.settingsKey;
  const selection = useStore((state) => state.selection);
  const { request } = useView(subject);
  const loading = usePicture(request, version);
  const picture = loading.state === 'ready' ? loading.picture : null;
  const own = selection !== null && selection.tensor === id ? selection : null;
  const cell = picture === null || own === null ? null : cellOf(picture, own.index);
  const value = useElement(picture, { address: request.address, version }, own?.index ?? null);
  const kind = picture !== null && picture.statistics.min >= 0 ? 'sequential' : 'diverging';
  return (
    <div class="weight">
      <TensorCard id={id} {...subject} title={weight.trainable ? weight.name : `${weight.name} (not trained)`} variable={null} dtype={weight.dtype} statistics={null} diverging={null} range={null} version={version}
        place={readAt()} mark={null} tone={null} maxHeight={220} tall={1.8} />
      {picture !== null && picture.statistics.count > 1 && (
        <section class="card" aria-label={`Distribution of ${weight.name}`}>
          <header><h3>distribution</h3><span class="shape">{count(picture.statistics.count)} values</span></header>
          <p class="statistics">standard deviation {shortNumber(picture.statistics.standardDeviation)}</p>
          <Histogram histogram={picture.histogram} statistics={picture.statistics} value={value} height={72} color="accent" />
        </section>
      )}
      {picture !== null && own !== null && cell !== null && (
        <section class="card numbers-card" aria-label={`Numbers of ${weight.name}`}>
          <header><h3>{weight.name}{sliceText(picture, own.index)}</h3><span class="shape">numbers</span></header>
          <p class="statistics">[{own.index.join(', ')}] = {value === null ? '' : shortNumber(value, 5)}</p>
          <NumbersTable picture={picture} source={{ address: request.address, version }} kind={kind} domain={domainOf(kind, picture.statistics.min, picture.statistics.max)} index={own.index} rowsShown={7}
            onSelect={(index) => select({ tensor: id, shape: weight.shape.join(','), index })} />
        </section>
      )}
    </div>
  );
}

export function LayerDetails({ node, version, onClose }: { readonly node: NodeView; readonly version: string; readonly onClose: () => void }): JSX.Element {
  const [all, setAll] = useState(false);
  const few = 8;
  const settings = all ? node.settings : node.settings.slice(0, few);
  return (
    <div class="layer-details">
      <header class="details-head">
        <h2 aria-live="polite">{node.name} <span class="where">{node.type}</span></h2>
        <Button appearance="icon" label="Back to the overview (Escape)" onClick={onClose}>✕</Button>
      </header>
      <p class="explanation">{[
        // A file of weights tells no outputs, but sizes.
        node.outputShape === '' && node.macs === null && node.problem === null ? node.detail || null : `output ${node.outputShape || 'unknown'}`, node.activation === null ? null : `activation ${node.activation}`,
        node.parameters === 0 ? 'no parameters' : `${node.parameters.toLocaleString('en-US')} parameters${node.trainable === node.parameters ? '' : `, ${node.trainable.toLocaleString('en-US')} trainable`}`,
        node.macs === null || node.macs === 0 ? null : `${count(node.macs)} multiply-adds`,
        node.receptiveField == null ? null : `one element ${fieldWords(node.receptiveField)}`,
      ].filter((part) => part !== null).join(' · ')}</p>
      {node.problem !== null && <p class="banner" role="alert">{node.problem}</p>}
      {node.settings.length > 0 && (
        <section class="settings" aria-label="Settings">
          <dl>{settings.map(([name, value]) => <div key={name}><dt>{name}</dt><dd title={value}>{value}</dd></div>)}</dl>
          {node.settings.length > few && <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>{all ? 'fewer settings' : `${node.settings.length - few} more settings`}</button>}
        </section>
      )}
      <div class="cards">
        <Pins others={node.weights.map((weight) => ({ ...subjectOf(node.id, weight), id: `${node.id}/${weight.name}`, title: weight.name, variable: null, dtype: weight.dtype, statistics: null, diverging: null, version }))} />
        {node.weights.length === 0 && <p class="empty">{(node.weightBytes ?? 0) > 0 ? 'Its weights are in the layers inside it.' : 'This layer has no weights.'}</p>}
        {node.weights.map((weight) => <Weight key={`${node.id}/${weight.name}`} layer={node.id} weight={weight} version={version} />)}
      </div>
    </div>
  );
}
