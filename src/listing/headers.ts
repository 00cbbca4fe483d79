/** The comment lines of the listing: title, and what each group of ops belongs to. */
import type { OpGroup, Trace } from '../engine/trace';
import { findLayer } from '../network/layer-path';
import type { Network } from '../network/network';
import { commentText } from './identifier';
import type { ListingOptions } from './listing';

export function titleLine(trace: Trace, network: Network): string {
  return `// ${commentText(network.name)} · one training iteration · batch of ${trace.batch.size}`;
}

/** Headers of a trace's groups: `conv2d_1 · Conv2D · 28×28×1 → 28×28×6`; in the update phase `conv2d_1/kernel · 5×5×1×6`. */
export function groupHeaders(trace: Trace, network: Network, options: ListingOptions): (group: OpGroup) => string {
  const layers = new Map(trace.layers.map((entry) => [`${entry.layer}#${entry.call}`, entry]));
  const shared = new Set(trace.layers.filter(({ call }) => call > 0).map(({ layer }) => layer));
  const weights = new Map(trace.weights.map((entry) => [`${entry.layer}/${entry.weight}`, entry.before]));
  const types = new Map<string, string | undefined>();
  const typeOf = (layer: string): string | undefined => {
    if (!types.has(layer)) types.set(layer, findLayer(network, layer)?.type);
    return types.get(layer);
  };
  const shapes = (ids: readonly number[]): string => ids.map((id) => shapeText((trace.tensors.get(id)?.shape ?? []).slice(1))).join(', ');

  return ({ layer, call, weight, phase }) => {
    if (layer === null) return commentText(unlayered(phase, trace, options));
    if (weight !== null) return commentText(`${layer}/${weight} · ${shapeText(trace.tensors.get(weights.get(`${layer}/${weight}`) ?? -1)?.shape ?? [])}`);
    const tensors = layers.get(`${layer}#${call}`);
    const inputs = tensors === undefined ? '' : shapes(tensors.inputs), outputs = tensors === undefined ? '' : shapes(tensors.outputs);
    const flow = inputs === '' || outputs === '' ? inputs + outputs : phase === 'backward' ? `gradient ${outputs} → ${inputs}` : `${inputs} → ${outputs}`;
    return commentText([shared.has(layer) ? `${layer}#${call}` : layer, typeOf(layer), flow].filter((part) => part !== undefined && part !== '').join(' · '));
  };
}

function unlayered(phase: OpGroup['phase'], trace: Trace, options: ListingOptions): string {
  const predictions = Object.keys(trace.predictions).join(', ') || 'predictions';
  if (phase === 'update') return `optimizer${options.optimizer === undefined ? '' : ` · ${options.optimizer}`}`;
  if (phase === 'backward') return `loss → gradient of ${predictions}`;
  return `${options.loss === undefined ? '' : `${options.loss} · `}${predictions}, labels → loss`;
}

/** `28×28×6`; a scalar is called that. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}
