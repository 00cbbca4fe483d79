/** Layers that several models inside the model have in common. Keras's HDF5 files hold such a layer once for each model, and Keras loads them as layers apart. */
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import { flattenLayers } from '../../network/layer-path';
import type { Layer, Network } from '../../network/network';
import { quote } from '../../network/order';

/** Larger weights are not compared. */
const maximalElements = 4_000_000;

/** A sentence for each layer that stands in two models by the same name, with the same settings and the same trained values. */
export async function sharedLayers(network: Network, read: (key: string) => Promise<TensorValue>, label: string): Promise<readonly string[]> {
  const byName = new Map<string, { readonly path: string; readonly layer: Layer }[]>();
  for (const { path, layer } of flattenLayers(network)) {
    if (layer.network !== null || !path.includes('/') || layer.weights.every(({ key }) => key === null)) continue;
    const same = `${layer.name}\n${layer.type}\n${layer.weights.map(({ shape }) => shape.join()).join(';')}`;
    byName.set(same, [...byName.get(same) ?? [], { path, layer }]);
  }
  const sentences: string[] = [];
  for (const twins of byName.values()) {
    const [first, second] = twins;
    if (first === undefined || second === undefined || !await equalValues(first.layer, second.layer, read)) continue;
    sentences.push(`${label} holds the same values for ${twins.map(({ path }) => quote(path)).join(' and ')}: if they were one layer when the model was saved, the file no longer says so, and they are trained apart, as in Keras after loading it.`);
  }
  return sentences;
}

/** Whether all weights are equal, and one of them shows that this is no accident: not all of its elements are one number. */
async function equalValues(first: Layer, second: Layer, read: (key: string) => Promise<TensorValue>): Promise<boolean> {
  if (first.weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0) > maximalElements) return false;
  let telling = false;
  for (const [index, { key }] of first.weights.entries()) {
    const other = second.weights[index]?.key ?? null;
    if (key === null || other === null) return false;
    const pair = await Promise.all([read(key), read(other)]).catch(() => null);
    if (pair === null) return false;
    const [left, right] = pair;
    if (left.data.length !== right.data.length || !left.data.every((value, at) => value === right.data[at])) return false;
    telling ||= left.data.some((value) => value !== left.data[0]);
  }
  return telling;
}
