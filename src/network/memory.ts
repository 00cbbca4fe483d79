/** Memory that layers take: of their weights, and of what they give out for one example. */
import { runsOf } from './cost';
import { dataRefsOfCall } from './arguments';
import { exampleShapes } from './example-sizes';
import type { ExampleShape } from './example-sizes';
import { product } from './kinds/kind';
import type { Layer, Network } from './network';
import { leftOut } from './network';
import { exact } from './sizes';

export interface Memory {
  /** Bytes of all weights, buffers included. */
  readonly weights: number;
  /** Bytes of the outputs of all calls for one example; null when an extent other than the batch is unknown, or they are more than can be counted. */
  readonly activations: number | null;
}

const bytesOf: Readonly<Record<string, number | undefined>> = {
  bool: 1, int8: 1, uint8: 1, float16: 2, bfloat16: 2, int16: 2, uint16: 2, float32: 4, int32: 4, uint32: 4, float64: 8, int64: 8, uint64: 8, complex64: 8,
};

/** Bytes of an element; 4 for what is not known, as most are float32. */
export const elementBytes = (dtype: string): number => bytesOf[dtype] ?? 4;

const truths = /^(Not)?Equal$|^(Less|Greater)(Or)?(Equal)?$|^Logical|^(And|Or|Xor|Not)$|^Is(NaN|Nan|Inf|Finite)$|^(NOT_)?EQUAL$|^(LESS|GREATER)(_EQUAL)?$|^LOGICAL_/;
const moving = /^(Identity|Reshape|Flatten|Squeeze|Unsqueeze|ExpandDims|EXPAND_DIMS|Transpose|Concat(V2|enation)?|Slice|StridedSlice|STRIDED_SLICE|Expand|Broadcast_?To|Tile|Pack|Unpack|Split(_?V)?)$/i;

/** Bytes of an element of each layer's output. Comparisons give booleans, and what only moves them does too. */
function bytesOfElements({ layers }: Network): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { name, type, config, calls, foreign } of layers) {
    const [source] = foreign !== undefined && moving.test(type) ? calls.flatMap(dataRefsOfCall) : [];
    const cast = foreign !== undefined && /^cast$/i.test(type) && (config.to === 9 || config.DstT === 'bool' || config.type === 'bool');
    found.set(name, truths.test(type) || cast ? 1 : (source === undefined ? undefined : found.get(source.layer)) ?? elementBytes(typeof config.dtype === 'string' ? config.dtype : 'float32'));
  }
  return found;
}

const known = new WeakMap<Network, ReadonlyMap<string, Memory>>();

/** Memory of each layer by name; of a nested model, of all its layers. */
export function memories(network: Network): ReadonlyMap<string, Memory> {
  const found = known.get(network) ?? memoriesIn(network);
  known.set(network, found);
  return found;
}

function memoriesIn(network: Network): ReadonlyMap<string, Memory> {
  const bytes = bytesOfElements(network), examples = network.layers.some(({ foreign }) => foreign !== undefined) ? exampleShapes(network) : null;
  return new Map(network.layers.map((layer) => [layer.name, memoryOf(layer, bytes.get(layer.name) ?? 4, examples)] as const));
}

function memoryOf(layer: Layer, each: number, examples: ExampleShape | null): Memory {
  const own = layer.weights.reduce((sum, { shape, dtype }) => sum + (product(shape) ?? 0) * elementBytes(dtype), 0);
  if (layer.network !== null) {
    const inner = totalMemory(layer.network);
    return { weights: own + inner.weights, activations: inner.activations === null ? null : runsOf(layer, inner.activations) };
  }
  let activations: number | null = 0;
  for (const [call, { outputShapes }] of layer.calls.entries()) {
    if (outputShapes.length === 0) return { weights: own, activations: null };
    for (const [output, shape] of outputShapes.entries()) {
      if (shape === leftOut) continue;
      const elements = product(examples === null ? shape.slice(1) : examples({ layer: layer.name, call, output }) ?? [null]);
      activations = activations === null || elements === null ? null : exact(activations + elements * each);
    }
  }
  return { weights: own, activations: layer.calls.length === 0 ? null : activations };
}

/** Sum over all layers. @param each their memory, when it is known already */
export function totalMemory(network: Network, each = memories(network)): Memory {
  return [...each.values()].reduce<Memory>((all, one) => ({
    weights: all.weights + one.weights,
    activations: all.activations === null || one.activations === null ? null : exact(all.activations + one.activations),
  }), { weights: 0, activations: 0 });
}
