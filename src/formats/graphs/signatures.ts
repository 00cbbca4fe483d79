/** Files with several graphs that are called by themselves (signatures): one is the network, the others stand beside it to be looked at. */
import { flattenWeights } from '../../network/layer-path';
import type { Layer, Network, Weight } from '../../network/network';
import { displayName } from '../../network/order';

export interface Signature { readonly title: string; readonly network: Network }

const shown = 6;

/** The first graph with boxes of the others beside it. A weight that several have counts once. */
export function withSignatures(main: Signature, others: readonly Signature[], label: string): Network {
  if (others.length === 0) return main.network;
  const names = new Set(main.network.layers.map(({ name }) => name));
  const counted = new Set([...flattenWeights(main.network)].map(({ weight }) => weight.key));
  const layers = others.map(({ title, network }): Layer => {
    let name = title;
    while (names.has(name)) name += '_';
    names.add(name);
    return { name, type: 'Signature', config: {}, trainable: false, calls: [], weights: [], network: atRest(network, counted), foreign: { detail: '' }, problem: null };
  });
  const titles = others.slice(0, shown).map(({ title }) => displayName(title));
  const list = others.length > shown ? `${titles.join(', ')} and ${others.length - shown} more` : [titles.slice(0, -1).join(', '), titles.at(-1) ?? ''].filter((text) => text !== '').join(' and ');
  const runs = main.network.viewOnly === undefined ? `A run steps through ${displayName(main.title)}` : `Shown in full is ${displayName(main.title)}`;
  return { ...main.network, layers: [...main.network.layers, ...layers], problems: [...main.network.problems, `${label} holds ${others.length + 1} graphs that are called by themselves. ${runs}; ${list} ${others.length === 1 ? 'stands' : 'stand'} beside it to be looked at.`] };
}

/** A network that no run touches: its weights are shown and not trained, and what it cannot run is no hindrance. */
function atRest(network: Network, counted: Set<string | null>): Network {
  const weight = (given: Weight): Weight => {
    const again = given.key !== null && counted.has(given.key);
    counted.add(given.key);
    return { ...given, trainable: false, ...(again || given.buffer === true ? { buffer: true } : {}) };
  };
  return { ...network, layers: network.layers.map((layer) => ({ ...layer, problem: null, weights: layer.weights.map(weight), network: layer.network === null ? null : atRest(layer.network, counted) })) };
}
