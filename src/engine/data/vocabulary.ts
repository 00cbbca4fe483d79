/** How many tokens an input of a network tells apart, from the embedding that it leads to. */
import { refsOfCall } from '../../network/arguments';
import type { Layer, Network, TensorRef } from '../../network/network';

/** Layers that only pass numbers on, so that an embedding behind them still takes the input's tokens. */
const movers = new Set(['Identity', 'Cast', 'CAST', 'Reshape', 'RESHAPE', 'Dropout', 'Masking', 'ExpandDims', 'Unsqueeze', 'Squeeze', 'InputLayer']);
const gathers = new Set(['Gather', 'GatherV2', 'ResourceGather', 'GATHER', 'EMBEDDING_LOOKUP']);

/** How many tokens a layer tells apart, or null for a layer that takes any numbers. */
function vocabularyOf(layer: Layer): number | null {
  const declared = layer.type === 'Embedding' ? layer.config['input_dim'] : layer.type === 'CategoryEncoding' ? layer.config['num_tokens'] : gathers.has(layer.type) ? layer.weights[0]?.shape[0] : undefined;
  return typeof declared === 'number' ? declared : null;
}

/** The size of the vocabulary that a tensor's numbers are looked up in, also within nested models; null where they are looked up nowhere. */
export function vocabularyBehind(network: Network, ref: TensorRef, depth = 0): number | null {
  if (depth > 16) return null;
  for (const layer of network.layers) {
    for (const [call, given] of layer.calls.entries()) {
      const place = refsOfCall(given).findIndex((other) => other.layer === ref.layer && other.output === ref.output && other.call === ref.call);
      if (place < 0) continue;
      const inner = layer.network?.inputs[place];
      const found = layer.network !== null && inner !== undefined ? vocabularyBehind(layer.network, inner, depth + 1)
        : vocabularyOf(layer) ?? (movers.has(layer.type) ? vocabularyBehind(network, { layer: layer.name, call, output: 0 }, depth + 1) : null);
      if (found !== null) return found;
    }
  }
  return null;
}
