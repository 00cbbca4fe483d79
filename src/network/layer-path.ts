/** Layers by path: `outer/inner`. Names may hold slashes themselves (Keras 2), so paths are matched, never split blindly. */
import type { Layer, Network, SymbolicShape, TensorRef, Weight } from './network';

/** A layer with its path; `network` is the one that holds it. */
export interface PathLayer { readonly path: string; readonly layer: Layer; readonly network: Network }

/** All layers in topological order, those of nested models behind the model that holds them. */
export function* flattenLayers(network: Network, outer = ''): Generator<PathLayer, void, void> {
  for (const layer of network.layers) {
    const path = outer + layer.name;
    yield { path, layer, network };
    if (layer.network !== null) yield* flattenLayers(layer.network, `${path}/`);
  }
}

/** The layer at `path`, or undefined. */
export function findLayer(network: Network, path: string): Layer | undefined {
  for (const layer of network.layers) {
    if (layer.name === path) return layer;
    if (layer.network !== null && path.startsWith(`${layer.name}/`)) {
      const inner = findLayer(layer.network, path.slice(layer.name.length + 1));
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

/** A weight with its path `layer/weight` and the layer that owns it. */
export interface PathWeight { readonly path: string; readonly layerPath: string; readonly layer: Layer; readonly weight: Weight }

/** All weights, in the order of layers. A shared layer's weights come once. */
export function* flattenWeights(network: Network): Generator<PathWeight, void, void> {
  for (const { path, layer } of flattenLayers(network)) {
    for (const weight of layer.weights) yield { path: `${path}/${weight.name}`, layerPath: path, layer, weight };
  }
}

/** The weight at `layer/weight`, or undefined. */
export function findWeight(network: Network, path: string): PathWeight | undefined {
  for (const found of flattenWeights(network)) {
    if (found.path === path) return found;
  }
  return undefined;
}

/** Key of one call's output as in dumps and reference files: `name`, or `name#1` for a layer that is called more than once. */
export function callPath(path: string, layer: Layer, call: number): string {
  return layer.calls.length > 1 ? `${path}#${call}` : path;
}

/** Looks shapes of tensors up by reference; undefined when a shape is not known. */
export function shapesOf(network: Network): (ref: TensorRef) => SymbolicShape | undefined {
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  return (ref) => layers.get(ref.layer)?.calls[ref.call]?.outputShapes[ref.output];
}
