/** Memory that layers take: of their weights, and of what they give out for one example. */
import { product } from './kinds/kind';
import type { Layer, Network } from './network';

export interface Memory {
  /** Bytes of all weights, buffers included. */
  readonly weights: number;
  /** Bytes of the outputs of all calls for one example; null when an extent other than the batch is unknown. */
  readonly activations: number | null;
}

const bytesOf: Readonly<Record<string, number | undefined>> = {
  bool: 1, int8: 1, uint8: 1, float16: 2, bfloat16: 2, int16: 2, uint16: 2, float32: 4, int32: 4, uint32: 4, float64: 8, int64: 8, uint64: 8, complex64: 8,
};

/** Bytes of an element; 4 for what is not known, as most are float32. */
export const elementBytes = (dtype: string): number => bytesOf[dtype] ?? 4;

/** Memory of one layer; of a nested model, of all its layers. A bare comparison gives booleans. */
export function memoryOf(layer: Layer): Memory {
  const own = layer.weights.reduce((sum, { shape, dtype }) => sum + (product(shape) ?? 0) * elementBytes(dtype), 0);
  if (layer.network !== null) {
    const inner = totalMemory(layer.network);
    return { weights: own + inner.weights, activations: inner.activations === null ? null : inner.activations * Math.max(1, layer.calls.length) };
  }
  const { dtype } = layer.config;
  const each = /^(Not)?Equal$|^(Less|Greater)(Equal)?$|^Logical/.test(layer.type) ? 1 : elementBytes(typeof dtype === 'string' ? dtype : 'float32');
  let activations: number | null = 0;
  for (const { outputShapes } of layer.calls) {
    if (outputShapes.length === 0) return { weights: own, activations: null };
    for (const shape of outputShapes) {
      const elements = product(shape.slice(1));
      activations = activations === null || elements === null ? null : activations + elements * each;
    }
  }
  return { weights: own, activations: layer.calls.length === 0 ? null : activations };
}

/** Sum over all layers. */
export function totalMemory(network: Network): Memory {
  return network.layers.map(memoryOf).reduce<Memory>((all, one) => ({
    weights: all.weights + one.weights,
    activations: all.activations === null || one.activations === null ? null : all.activations + one.activations,
  }), { weights: 0, activations: 0 });
}
