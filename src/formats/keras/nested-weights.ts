/** The weights of a layer, and of all layers inside it, in the order in which Keras lists them. */
import type { LayerDraft } from '../../network/draft';
import type { PlacedLayer, PlacedWeight } from '../../network/build';

/** A layer that owns weights itself, by its path. */
export interface Holder { readonly path: string; readonly layer: PlacedLayer }

/** The layer itself, or the layers inside a model, in the order of the file. */
export function holdersOf(draft: LayerDraft, layer: PlacedLayer, path = layer.name): readonly Holder[] {
  if (draft.network === null || layer.network === null) return [{ path, layer }];
  const inner = new Map(layer.network.layers.map((each) => [each.name, each]));
  return draft.network.layers.flatMap((each) => {
    const placed = inner.get(each.name);
    return placed === undefined ? [] : holdersOf(each, placed, `${path}/${each.name}`);
  });
}

/** Each weight of a holder that a file holds, with its index; kept states are in none. */
export function everyWeight(holder: Holder): readonly { readonly path: string; readonly index: number; readonly weight: PlacedWeight }[] {
  return holder.layer.weights.flatMap((weight, index) => (weight.buffer === true ? [] : [{ path: holder.path, index, weight }]));
}
