/** HDF5 files of weights only: Keras 3's `.weights.h5` and the older `save_weights`; the layers are known by name, not how they connect. */
import { Failure } from '../../tensor/failure';
import type { Layer, Network, Weight } from '../../network/network';
import { quote } from '../../network/order';
import { knownTypes } from '../../network/kinds/table';
import type { Hdf5File } from '../containers/hdf5';
import { snakeCase } from './vars';

const types = new Map(knownTypes.map((type) => [snakeCase(type), type]));

/** A network of unconnected layers, one for each that the file holds weights of. @throws Failure when there is none. */
export function weightsOnly(file: Hdf5File, label: string): Network {
  const layers = file.kind('layers') === 'group' ? keras3Layers(file) : file.texts('/', 'layer_names') === null ? [] : legacyLayers(file);
  if (layers.length === 0) throw new Failure('keras.weights-only', `${label} is an HDF5 file but holds no Keras model: neither a model_config nor weights of layers.`);
  return {
    name: label, format: 'keras-weights', convention: 'keras', layers, inputs: [], outputs: [], compile: null,
    problems: [`${label} holds weights only: it does not say how its layers are set up and connected. Open the model that it belongs to in order to run it.`],
  };
}

function layer(name: string, type: string, weights: readonly Weight[]): Layer {
  return { name, type, config: { name }, trainable: true, calls: [], weights, network: null, problem: `The settings of ${type} ${quote(name)} are not in this file.` };
}

/** `layers/sequential/layers/conv2d/cell/vars/0` is weight `cell/vars/0` of layer `sequential/conv2d`. */
function keras3Layers(file: Hdf5File): readonly Layer[] {
  const found: Layer[] = [];
  const visit = (list: string, outer: string): void => {
    for (const key of file.keys(list)) {
      const group = `${list}/${key}`;
      if (file.kind(group) !== 'group') continue;
      // Keras 3 keeps the layer's own name beside its variables.
      const name = outer + (file.text(`${group}/vars`, 'name') ?? key);
      const weights = weightsBelow(file, group, '');
      const base = key.replace(/_\d+$/, '');
      if (weights.length > 0) found.push(layer(name, types.get(key) ?? types.get(base) ?? base, weights));
      if (file.kind(`${group}/layers`) === 'group') visit(`${group}/layers`, `${name}/`);
    }
  };
  visit('layers', '');
  return found;
}

function weightsBelow(file: Hdf5File, group: string, prefix: string): readonly Weight[] {
  return file.keys(group).flatMap((key): readonly Weight[] => {
    const at = `${group}/${key}`;
    if (prefix === '' && (key === 'layers' || key === 'seed_generator')) return [];
    return file.kind(at) === 'group' ? weightsBelow(file, at, `${prefix}${key}/`) : weightAt(file, at, prefix + key);
  });
}

function weightAt(file: Hdf5File, key: string, name: string): readonly Weight[] {
  const found = file.dataset(key);
  return found === null ? [] : [{ name, shape: found.shape, dtype: found.dtype, trainable: true, key, initializer: null }];
}

function legacyLayers(file: Hdf5File): readonly Layer[] {
  return (file.texts('/', 'layer_names') ?? []).flatMap((name) => {
    const weights = (file.texts(name, 'weight_names') ?? []).flatMap((weight) => weightAt(file, `${name}/${weight}`, weight.replace(/:\d+$/, '').replace(`${name}/`, '')));
    return weights.length === 0 ? [] : [layer(name, 'Weights', weights)];
  });
}
