/** Where Keras 3 keeps weights in `.keras` archives and `.weights.h5`: `layers/<class>[_n]/…/vars/<i>`, numbered per class. */
import type { LayerDraft, NetworkDraft } from '../../network/draft';
import type { PlacedLayer } from '../../network/build';
import type { Hdf5File } from '../containers/hdf5';
import type { FindHoldings, StoredWeight } from './bind';

/** Keras's to_snake_case: `Conv2D` -> `conv2d`, `PReLU` -> `p_re_lu`. */
export function snakeCase(name: string): string {
  return name.replace(/\W+/g, '').replace(/(.)([A-Z][a-z]+)/g, '$1_$2').replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
}

/** Classes that are exported under another name than their own, by which groups are called. */
const classNames: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null) as object, { GroupQueryAttention: 'GroupedQueryAttention' });

/** Name of every layer's group within its model's `layers` group. */
function groupNames(network: NetworkDraft): ReadonlyMap<LayerDraft, string> {
  const counts = new Map<string, number>();
  const names = new Map<LayerDraft, string>();
  for (const layer of network.layers) {
    if (layer.operation || layer.config.implied === true) continue;
    const base = snakeCase(classNames[layer.originalType] ?? layer.originalType);
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    names.set(layer, count === 0 ? base : `${base}_${count}`);
  }
  return names;
}

/** Finds weights below `layers/…`. */
export function findInVars(file: Hdf5File, draft: NetworkDraft): FindHoldings {
  const names = new Map<NetworkDraft, ReadonlyMap<LayerDraft, string>>();
  // TensorFlow 2.13's Keras called the list by another name.
  const list = file.kind('_layer_checkpoint_dependencies') === 'group' ? '_layer_checkpoint_dependencies' : 'layers';
  const groupOf = (path: readonly LayerDraft[]): string | null => {
    let network: NetworkDraft | null = draft;
    let group = '';
    for (const layer of path) {
      if (network === null) return null;
      let own = names.get(network);
      if (own === undefined) { own = groupNames(network); names.set(network, own); }
      const name = own.get(layer);
      if (name === undefined) return null;
      group += `${group === '' ? '' : '/'}${list}/${name}`;
      network = layer.network;
      // A wrapper keeps its model one level deeper.
      if (network !== null && layer.type === 'TimeDistributed') group += '/layer';
    }
    return group;
  };
  return (layer, path) => {
    const group = groupOf(path);
    if (group === null) return { declared: layer.weights.map(() => null), others: [] };
    if (layer.weights.length > 0) return { declared: declaredIn(file, group, layer), others: [] };
    return { declared: [], others: layer.problem === null ? [] : everythingIn(file, group) };
  };
}

/** `vars/<i>` counts within one home: trainable weights first, which is the order that layers declare them in. */
function declaredIn(file: Hdf5File, group: string, layer: PlacedLayer): readonly (StoredWeight | null)[] {
  const counts = new Map<string, number>();
  return layer.weights.map(({ home, name }) => {
    const index = counts.get(home) ?? 0;
    counts.set(home, index + 1);
    // Early versions of Keras 3 kept the sublayers of attention under their private names, `_query_dense`.
    for (const place of home === '' ? [''] : [`${home}/`, `_${home}/`]) {
      const key = `${group}/${place}vars/${index}`;
      const found = file.dataset(key);
      if (found !== null) return { key, name, shape: found.shape, dtype: found.dtype };
    }
    return null;
  });
}

/** All data sets below a group, for layers of unknown classes. */
function everythingIn(file: Hdf5File, group: string, prefix = '', depth = 0): readonly StoredWeight[] {
  if (depth > 8 || file.kind(group) !== 'group') return [];
  return file.keys(group).flatMap((name): readonly StoredWeight[] => {
    const key = `${group}/${name}`;
    if (name === 'seed_generator') return [];
    if (file.kind(key) === 'group') return everythingIn(file, key, `${prefix}${name}/`, depth + 1);
    const found = file.dataset(key);
    return found === null ? [] : [{ key, name: prefix + name, shape: found.shape, dtype: found.dtype }];
  });
}
