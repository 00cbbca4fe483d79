/** Writes the shapes of a network into its Keras 3 configuration, where Keras itself looks for them. */
import type { Json, JsonObject, Network } from '../../network/network';

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy of `config` in which every `__keras_tensor__` states shape and dtype of the layer output that it stands for. */
export function stateShapes(config: JsonObject, network: Network): JsonObject {
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  const dtypes = new Map(network.layers.map((layer) => [layer.name, layer.type === 'InputLayer' && typeof layer.config['dtype'] === 'string' ? layer.config['dtype'] : 'float32']));
  const stated = (value: Json): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map(stated);
    if (!isObject(value)) return value;
    const inner = value['config'];
    if (value['class_name'] === '__keras_tensor__' && inner !== undefined && isObject(inner) && Array.isArray(inner['keras_history'])) {
      const [name, call, output] = inner['keras_history'] as readonly Json[];
      const shape = typeof name === 'string' ? layers.get(name)?.calls[Number(call)]?.outputShapes[Number(output)] : undefined;
      return { class_name: '__keras_tensor__', config: { shape: shape ?? null, dtype: (typeof name === 'string' ? dtypes.get(name) : undefined) ?? 'float32', keras_history: inner['keras_history'] } };
    }
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, stated(entry)]));
  };
  return stated(config) as JsonObject;
}
