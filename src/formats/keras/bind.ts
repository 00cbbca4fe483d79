/** Joins the weights that layers declare with those that a file holds, and compares their shapes. */
import { Failure } from '../../tensor/failure';
import type { DType, TensorValue } from '../../tensor/value';
import type { PlacedLayer, PlacedNetwork } from '../../network/build';
import { describeShape } from '../../network/kinds/kind';
import type { LayerDraft, NetworkDraft } from '../../network/draft';
import type { Layer, Network, Weight, WeightStore } from '../../network/network';
import { displayName } from '../../network/order';

/** A weight as a file holds it: the key to read it by, what it is called there, its shape; `still` where training leaves it as it is. */
export interface StoredWeight { readonly key: string; readonly name: string; readonly shape: readonly number[]; readonly dtype: DType; readonly still?: boolean }

/** What a file holds for one layer: a value for each declared weight (null when it has none), and what it has beyond them: all, for a layer that declares none. */
export interface Holdings { readonly declared: readonly (StoredWeight | null)[]; readonly others: readonly StoredWeight[] }

/** Finds the holdings of a layer. `position` is the layer's place among the layers of its own model, in the file's order. */
export type FindHoldings = (layer: PlacedLayer, path: readonly LayerDraft[]) => Holdings;

export interface Bound { readonly network: Network; readonly misfits: ReadonlyMap<string, Failure> }

/** Gives every weight its key. Weights that are missing or of another shape become problems; reading them is refused. */
export function bindWeights(draft: NetworkDraft, network: PlacedNetwork, find: FindHoldings, label: string): Bound {
  const misfits = new Map<string, Failure>();
  const bindNetwork = (inner: NetworkDraft, placed: PlacedNetwork, outer: readonly LayerDraft[]): Network => {
    const drafts = new Map(inner.layers.map((layer) => [layer.name, layer]));
    const problems: string[] = [];
    const layers = placed.layers.map((layer): Layer => {
      const own = drafts.get(layer.name);
      if (own === undefined) return layer;
      const path = [...outer, own];
      if (own.network !== null && layer.network !== null) {
        const nested = bindNetwork(own.network, layer.network, path);
        problems.push(...nested.problems);
        return { ...layer, network: nested };
      }
      const bound = bindLayer(layer, find(layer, path), path.map(({ name }) => name).join('/'), label, misfits);
      if (layer.problem !== null) problems.push(layer.problem);
      if (bound.problem !== null && bound.problem !== layer.problem) problems.push(bound.problem);
      return bound;
    });
    return { ...placed, layers, problems };
  };
  const bound = bindNetwork(draft, network, []);
  return { network: bound, misfits };
}

function bindLayer(layer: PlacedLayer, holdings: Holdings, path: string, label: string, misfits: Map<string, Failure>): Layer {
  const sentences: string[] = [];
  const weights = layer.weights.map((weight, index): Weight => {
    const declared: Weight = { name: weight.name, shape: weight.shape, dtype: weight.dtype, trainable: weight.trainable, key: null, initializer: weight.initializer };
    // Kept states are no part of a file.
    if (weight.buffer === true) return { ...weight, key: null };
    const held = holdings.declared[index] ?? null;
    const name = `${displayName(path)}/${weight.name}`;
    if (held === null) {
      sentences.push(`${label} holds no value for weight ${name}.`);
      return declared;
    }
    if (held.shape.length !== weight.shape.length || held.shape.some((extent, axis) => extent !== weight.shape[axis])) {
      const sentence = `Weight ${name} does not fit: the layer expects ${describeShape(weight.shape)}, ${label} holds ${describeShape(held.shape)}.`;
      sentences.push(sentence);
      misfits.set(held.key, new Failure('weights.shape', sentence));
    }
    return { ...declared, dtype: held.dtype, trainable: declared.trainable && held.still !== true, key: held.key };
  });
  const others = holdings.others.map((held): Weight => ({ name: held.name, shape: held.shape, dtype: held.dtype, trainable: layer.trainable && layer.weights.length === 0, key: held.key, initializer: null }));
  const problem = layer.problem ?? (sentences.length === 0 ? null : summary(sentences));
  return { ...layer, weights: [...weights, ...others], network: null, problem };
}

/** The first sentence, and how many more there are. */
function summary(sentences: readonly string[]): string {
  const [first = ''] = sentences;
  return sentences.length === 1 ? first : `${first} (${sentences.length - 1} more like this.)`;
}

/** A store that refuses to read weights whose shape does not fit. */
export function checkedStore(misfits: ReadonlyMap<string, Failure>, read: (key: string) => Promise<TensorValue>, close: () => Promise<void>): WeightStore {
  return {
    async read(key) {
      const misfit = misfits.get(key);
      if (misfit !== undefined) throw misfit;
      return read(key);
    },
    close,
  };
}
