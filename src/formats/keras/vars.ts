/** Where Keras 3 keeps weights in `.keras` archives and `.weights.h5`: `layers/<class>[_n]/…/vars/<i>`, numbered per class. */
import type { LayerDraft, NetworkDraft } from '../../network/draft';
import type { PlacedLayer, PlacedNetwork } from '../../network/build';
import type { Hdf5File } from '../containers/hdf5';
import type { FindHoldings, StoredWeight } from './bind';
import type { Conversions } from './conversions';
import { derived } from './derived';

/** Keras's to_snake_case: `Conv2D` -> `conv2d`, `PReLU` -> `p_re_lu`. */
export function snakeCase(name: string): string {
  return name.replace(/\W+/g, '').replace(/(.)([A-Z][a-z]+)/g, '$1_$2').replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
}

/** Classes that are exported under another name than their own, by which groups are called. */
const classNames: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null) as object, { GroupQueryAttention: 'GroupedQueryAttention' });

/** Name of every layer's group within its model's `layers` group; `step` tells how far a layer moves the count of its class. */
function groupNames(network: NetworkDraft, step: (layer: LayerDraft, group: string) => number): ReadonlyMap<LayerDraft, string> {
  const counts = new Map<string, number>();
  const names = new Map<LayerDraft, string>();
  for (const layer of network.layers) {
    if (layer.operation || layer.config.implied === true) continue;
    const base = snakeCase(classNames[layer.originalType] ?? layer.originalType);
    const count = counts.get(base) ?? 0;
    const name = count === 0 ? base : `${base}_${count}`;
    counts.set(base, count + step(layer, name));
    names.set(layer, name);
  }
  return names;
}

/** Finds weights below `layers/…`. */
export function findInVars(file: Hdf5File, draft: NetworkDraft, network: PlacedNetwork, conversions: Conversions): FindHoldings {
  const names = new Map<NetworkDraft, ReadonlyMap<LayerDraft, string>>();
  // TensorFlow 2.13's Keras called the list by another name, and had layers with weights in it twice.
  const twice = file.kind('_layer_checkpoint_dependencies') === 'group';
  const list = twice ? '_layer_checkpoint_dependencies' : 'layers';
  const weighted = twice ? weightedLayers(draft, network) : null;
  const step = (layer: LayerDraft, group: string): number => (weighted !== null && (weighted.has(layer) || file.keys(group).length > 0) ? 2 : 1);
  const groupOf = (path: readonly LayerDraft[]): string | null => {
    let network: NetworkDraft | null = draft;
    let group = '';
    for (const layer of path) {
      const outer = group === '' ? list : `${group}/${list}`;
      if (network === null) return null;
      let own = names.get(network);
      if (own === undefined) { own = groupNames(network, (each, at) => step(each, `${outer}/${at}`)); names.set(network, own); }
      const name = own.get(layer);
      if (name === undefined) return null;
      group = `${outer}/${name}`;
      network = layer.network;
      // A wrapper keeps its model one level deeper.
      if (network !== null && layer.type === 'TimeDistributed') group += '/layer';
    }
    return group;
  };
  return (layer, path) => {
    const group = groupOf(path);
    if (group === null) return { declared: layer.weights.map(() => null), others: [] };
    if (layer.weights.length > 0) {
      const { declared, others } = declaredIn(file, group, layer);
      return { declared: derived(layer, declared, others, conversions), others };
    }
    return { declared: [], others: layer.problem === null ? [] : everythingIn(file, group) };
  };
}

/** The layers and models that have weights. */
function weightedLayers(draft: NetworkDraft, network: PlacedNetwork): ReadonlySet<LayerDraft> {
  const placed = new Map(network.layers.map((layer) => [layer.name, layer]));
  const found = new Set<LayerDraft>();
  for (const layer of draft.layers) {
    const own = placed.get(layer.name);
    const inner = layer.network !== null && own?.network ? weightedLayers(layer.network, own.network) : null;
    for (const each of inner ?? []) found.add(each);
    if ((inner?.size ?? 0) > 0 || (own?.weights.length ?? 0) > 0) found.add(layer);
  }
  return found;
}

/** What a quantised layer keeps behind its own weights (keras/src/layers/core/dense.py, variable_serialization_spec). */
const behind: Readonly<Record<string, readonly string[]>> = {
  int8: ['kernel_scale'], int4: ['kernel_scale', 'kernel_zero', 'g_idx'],
  float8: ['inputs_scale', 'inputs_amax_history', 'kernel_scale', 'kernel_amax_history', 'outputs_grad_scale', 'outputs_grad_amax_history'],
};

/** `vars/<i>` counts within one home: trainable weights first, which is the order that layers declare them in; others stand behind. */
function declaredIn(file: Hdf5File, group: string, layer: PlacedLayer): { declared: readonly (StoredWeight | null)[]; others: readonly StoredWeight[] } {
  const counts = new Map<string, number>();
  const at = (home: string, index: number, name: string): StoredWeight | null => {
    // Early versions of Keras 3 kept the sublayers of attention under their private names, `_query_dense`.
    for (const place of home === '' ? [''] : [`${home}/`, `_${home}/`]) {
      const key = `${group}/${place}vars/${index}`;
      const found = file.dataset(key);
      if (found !== null) return { key, name, shape: found.shape, dtype: found.dtype };
    }
    return null;
  };
  const folders = new Map<string, string>();
  const declared = layer.weights.map(({ home, name, buffer, behind: before = 0 }) => {
    if (buffer === true) return null;
    const index = (counts.get(home) ?? 0) + before;
    counts.set(home, index + 1);
    folders.set(home, name.slice(0, name.lastIndexOf('/') + 1));
    return at(home, index, name);
  });
  const quantised = declared.flatMap((held, index) => (held?.dtype === 'int8' && layer.weights[index]?.dtype === 'float32' ? [layer.weights[index]?.name ?? ''] : []));
  const others = [...counts].flatMap(([home, count]) => {
    const found: StoredWeight[] = [];
    for (let index = count; found.length < 64; index += 1) {
      const stored = at(home, index, '');
      if (stored === null) break;
      found.push(stored);
    }
    const leaf = quantised.some((name) => name.endsWith('embeddings')) ? 'embeddings' : 'kernel';
    const names = Object.values(behind).find((list) => list.length === found.length && (list.length === 6 || quantised.length > 0)) ?? [];
    return found.map((stored, index): StoredWeight => ({ ...stored, name: (folders.get(home) ?? '') + (names[index]?.replace('kernel', leaf) ?? `vars/${count + index}`) }));
  });
  return { declared, others };
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
