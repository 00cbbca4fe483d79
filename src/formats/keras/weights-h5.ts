/** HDF5 files of weights only: Keras 3's `.weights.h5` and the older `save_weights`; the layers are known by name, not how they connect. */
import { Failure } from '../../tensor/failure';
import type { Layer, Network, Weight } from '../../network/network';
import { knownTypes } from '../../network/kinds/table';
import type { Hdf5File } from '../containers/hdf5';
import { snakeCase } from './vars';

const types = new Map(knownTypes.map((type) => [snakeCase(type), type]));
/** The class that groups or layers of such a name belong to: `conv2d_3` is a Conv2D. */
const typeNamed = (name: string): string | undefined => types.get(name) ?? types.get(name.replace(/_\d+$/, ''));

/**
 * A network of unconnected layers, one for each that the file holds weights of. `reason` says why they are all that can be shown, where
 * it is not that the file holds nothing else. @throws Failure when there is none.
 */
export function weightsOnly(file: Hdf5File, label: string, reason?: string): Network {
  const legacy = ['model_weights', '/'].find((root) => file.texts(root, 'layer_names') !== null);
  const layers = legacy !== undefined ? legacyLayers(file, legacy) : keras3Layers(file);
  if (layers.length === 0) throw new Failure('keras.weights-only', `${label} is an HDF5 file but holds no Keras model: neither a model_config nor weights of layers.`);
  const viewOnly = reason ?? `${label} holds weights only: it does not say how its layers are set up and connected. Open the model that it belongs to in order to run it.`;
  return { name: label, format: 'keras-weights', convention: 'keras', layers, inputs: [], outputs: [], compile: null, viewOnly, problems: [viewOnly] };
}

function layer(name: string, type: string, weights: readonly Weight[]): Layer {
  return { name, type, config: { name }, trainable: true, calls: [], weights, network: null, foreign: { detail: '' }, problem: null };
}

/** Groups that list layers; TensorFlow 2.13's Keras called them by another name. */
const lists = ['layers', '_layer_checkpoint_dependencies'];
/** Groups that are no layers: the optimizer, random states, variables of the model itself. */
const others = new Set(['optimizer', 'seed_generator', 'metrics', 'vars', ...lists]);

/**
 * `layers/sequential/layers/conv2d/cell/vars/0` is weight `cell/vars/0` of layer `sequential/conv2d`. A model of a class of its own
 * has its layers under the names of their attributes, `encoder/vars/0`.
 */
function keras3Layers(file: Hdf5File): readonly Layer[] {
  const found: Layer[] = [];
  const at = (group: string, key: string): string => (group === '' ? key : `${group}/${key}`);
  // A list of layers that a model of its own class keeps: no variables of its own, and layers by the names of their classes.
  const isList = (group: string): boolean => file.kind(`${group}/vars`) !== 'group' && file.keys(group).length > 0 && file.keys(group).every((key) => typeNamed(key) !== undefined && file.kind(`${group}/${key}`) === 'group');
  const visit = (list: string, outer: string): void => {
    for (const key of file.keys(list === '' ? '/' : list)) {
      const group = at(list, key);
      if (file.kind(group) !== 'group' || (list === '' && others.has(key))) continue;
      // Keras 3 keeps the layer's own name beside its variables.
      const name = outer + (file.text(`${group}/vars`, 'name') ?? key);
      if (isList(group)) { visit(group, `${name}/`); continue; }
      const weights = weightsBelow(file, group, '');
      if (weights.length > 0) found.push(layer(name, typeNamed(key) ?? typeNamed(name.slice(outer.length)) ?? key.replace(/_\d+$/, ''), weights));
      for (const inner of lists) if (file.kind(at(group, inner)) === 'group') visit(at(group, inner), `${name}/`);
    }
  };
  for (const list of lists) if (file.kind(list) === 'group') visit(list, '');
  visit('', '');
  return found;
}

function weightsBelow(file: Hdf5File, group: string, prefix: string): readonly Weight[] {
  return file.keys(group).flatMap((key): readonly Weight[] => {
    const at = `${group}/${key}`;
    if (key === 'seed_generator' || (prefix === '' && lists.includes(key))) return [];
    return file.kind(at) === 'group' ? weightsBelow(file, at, `${prefix}${key}/`) : weightAt(file, at, prefix + key);
  });
}

function weightAt(file: Hdf5File, key: string, name: string): readonly Weight[] {
  const found = file.dataset(key);
  return found === null ? [] : [{ name, shape: found.shape, dtype: found.dtype, trainable: true, key, initializer: null }];
}

function legacyLayers(file: Hdf5File, root: string): readonly Layer[] {
  return (file.texts(root, 'layer_names') ?? []).flatMap((name) => {
    const group = root === '/' ? name : `${root}/${name}`;
    const weights = (file.texts(group, 'weight_names') ?? []).flatMap((weight) => weightAt(file, `${group}/${weight}`, weight.replace(/:\d+$/, '').replace(new RegExp(`^.*?${escaped(name)}/`), '')));
    return weights.length === 0 ? [] : [layer(name, typeNamed(name) ?? 'Weights', weights)];
  });
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
