/** Finds a weight by the path of its layer (`outer/inner`) and its own name. */
import type { Layer, Network, Weight } from '../network/network';

/** The layer at a path, also inside nested networks; a layer's own name may hold slashes. Null when there is none. */
export function layerAt(network: Network, path: string): Layer | null {
  for (const layer of network.layers) {
    if (layer.name === path) return layer;
    if (layer.network !== null && path.startsWith(`${layer.name}/`)) {
      const inner = layerAt(layer.network, path.slice(layer.name.length + 1));
      if (inner !== null) return inner;
    }
  }
  return null;
}

export function weightAt(network: Network, layer: string, weight: string): Weight | null {
  return layerAt(network, layer)?.weights.find(({ name }) => name === weight) ?? null;
}
