/** Which elements of a network's input an element of a layer depends on: by its gradient, beside what the tables of receptive fields say. */
import assert from 'node:assert/strict';
import { openBackend } from '../../../src/engine/backend/backend';
import { createRandom } from '../../../src/engine/data/random';
import { score, valueFrom } from '../../../src/engine/attribution/subject';
import type { Subject } from '../../../src/engine/attribution/subject';
import { seen, sightsOf } from '../../../src/network/receptive-field';
import type { Sight } from '../../../src/network/receptive-field';
import type { Layer, Network } from '../../../src/network/network';
import { indexAt } from '../../../src/tensor/slice';
import { sizeOf } from '../../../src/tensor/value';
import type { TensorValue } from '../../../src/tensor/value';

/** First and last index along each axis. */
export type Box = readonly (readonly [number, number])[];

/** Steps that cut gradients off become steps that let all through: so no element of the field has the gradient 0 by chance. */
const linear: Readonly<Record<string, string>> = { Relu: 'Identity', MaxPool: 'AveragePool', RELU: 'ABS', MAX_POOL_2D: 'AVERAGE_POOL_2D', GlobalMaxPool: 'GlobalAveragePool', Relu6: 'Identity', Clip: 'Identity', MaxPool3D: 'AvgPool3D', MaxPooling2D: 'AveragePooling2D', ReLU: 'Identity' };
export const linearised = (network: Network): Network => ({
  ...network, layers: network.layers.map((layer): Layer => {
    const type = network.format === 'tfjs-graph' && layer.type === 'MaxPool' ? 'AvgPool' : linear[layer.type] ?? layer.type;
    const { activation, fused_ops: fused, ...config } = layer.config;
    return { ...layer, type, config: { ...config, ...(fused === undefined ? {} : { fused_ops: Array.isArray(fused) ? fused.filter((op) => op === 'BiasAdd') : fused }), ...(typeof activation === 'string' && !activation.startsWith('relu') ? { activation } : {}) } };
  }),
});

/** A network of whose first input the others' values are known. */
export interface Studied { readonly network: Network; readonly weights: ReadonlyMap<string, TensorValue>; readonly inputs: readonly TensorValue[] }

export const normal = (seed: number, shape: readonly number[]): TensorValue => { const random = createRandom(seed, 'dependence'); return valueFrom(shape, () => random.normal()); };

/** The smallest box around the input's elements by which the element has a gradient; null when there are none. */
export async function dependence({ network, weights, inputs }: Studied, layer: string, index: readonly number[]): Promise<Box | null> {
  const subject: Subject = { network, convention: network.convention, backend: await openBackend('wasm'), weights };
  const { inputGradient } = await score(subject, inputs, { target: { layer, index, whole: true }, gradient: true });
  const { data, shape } = inputGradient ?? assert.fail('no gradient');
  let box: [number, number][] | null = null;
  for (let i = 0; i < data.length; i += 1) {
    // What has no number there, says nothing.
    if (!(Number(data[i]) !== 0 && Number.isFinite(Number(data[i])))) continue;
    const at = indexAt(shape, i);
    box = box === null ? at.map((place) => [place, place]) : box.map(([first, last], axis) => [Math.min(first, at[axis] ?? 0), Math.max(last, at[axis] ?? 0)]);
  }
  return box;
}

/** What the sight of a tensor says that an element of it sees. */
export const theory = (sight: Sight, index: readonly number[], shape: readonly number[]): Box =>
  shape.map((extent, axis) => { const own = sight[axis] ?? null; return seen(own, own === null ? 0 : index[own.along] ?? 0, extent); });

/** Sights of a network's first input, by key of the layer's call. */
export function sightsIn(network: Network): ReadonlyMap<string, Sight> {
  const [first] = network.inputs;
  return sightsOf(network, first ?? assert.fail('no input')).found;
}

/** A few places of a shape: its corners, its middle and some at random. */
export function places(shape: readonly number[], seed: number, count = 4): number[][] {
  const size = sizeOf(shape), random = createRandom(seed, 'places');
  return [...new Set([0, size - 1, Math.floor(size / 2), ...Array.from({ length: count }, () => random.integer(size))])].map((place) => indexAt(shape, place));
}
