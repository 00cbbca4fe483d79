/** Networks made alike for comparison: a graph of ops becomes modules by the names of its weights, an adapter (LoRA) the network that it adapts. */
import { sizeOf } from '../tensor/value';
import type { TensorValue } from '../tensor/value';
import { prefixesOf, without } from './layer-names';
import { findLayer, flattenLayers } from './layer-path';
import type { PathLayer } from './layer-path';
import type { Layer, Network, OpenedNetwork, Weight } from './network';

/** True for modules of a file that does not say how they connect. */
export const isTree = ({ layers }: Network): boolean => layers.length > 0 && layers.every((layer) => layer.calls.length === 0 && layer.foreign !== undefined);

/** The two networks as they can be compared layer by layer; themselves where they can be already. */
export function comparable(before: OpenedNetwork, after: OpenedNetwork): readonly [OpenedNetwork, OpenedNetwork] {
  if (isTree(before.network) && isTree(after.network)) {
    const [adaptedAfter, adaptedBefore] = [adapted(before, after), adapted(after, before)];
    return adaptedAfter !== null ? [before, adaptedAfter] : adaptedBefore !== null ? [adaptedBefore, after] : [before, after];
  }
  if (isTree(before.network) && foreign(after.network)) return [before, byWeights(after)];
  if (isTree(after.network) && foreign(before.network)) return [byWeights(before), after];
  return [before, after];
}

const foreign = ({ layers }: Network): boolean => layers.some((layer) => layer.foreign !== undefined);

/** A name that a program gave (`layer1.conv1.weight`), not one that an exporter made up (`onnx::MatMul_194`, `val_2`). */
const given = /^(?:[A-Za-z_]\w*|\d+)(?:\.\w+)*$/;
const madeUp = /^(onnx::|val_\d|_val_|const_|\d+$)/;

interface Place { readonly path: string; readonly name: string; readonly transposed: boolean }

function placeOf({ path, layer }: PathLayer, weight: Weight, key: string): Place {
  const parts = key.split('.');
  if (given.test(key) && !madeUp.test(key)) return { path: parts.length === 1 ? 'parameters' : parts.slice(0, -1).join('/'), name: parts.at(-1) ?? key, transposed: false };
  const scope = layer.scope ?? path.split('/').slice(0, -1).join('/');
  // Exporters turn a linear layer's weight round for MatMul, and for a Gemm that does not transpose it.
  const product = layer.type === 'MatMul' || (layer.type === 'Gemm' && layer.config.transB !== 1);
  return { path: scope === '' ? path : scope.replaceAll('.', '/'), name: weight.name.split('/').at(-1) ?? weight.name, transposed: product && weight.shape.length === 2 };
}

/** The weights of a graph as those of modules, by their names in the file or the modules that their ops were written for. */
function byWeights(opened: OpenedNetwork): OpenedNetwork {
  const modules = new Map<string, { readonly type: string; readonly weights: Weight[] }>();
  const turned = new Set<string>();
  for (const each of flattenLayers(opened.network)) {
    for (const weight of each.layer.weights) {
      if (weight.key === null || !weight.dtype.includes('float')) continue;
      const { path, name, transposed } = placeOf(each, weight, weight.key);
      const module = modules.get(path) ?? { type: each.layer.type, weights: [] };
      modules.set(path, module);
      if (module.weights.some((other) => other.name === name)) continue;
      if (transposed) turned.add(weight.key);
      module.weights.push({ ...weight, name, shape: transposed ? [...weight.shape].reverse() : weight.shape });
    }
  }
  const layers = [...modules].map(([name, { type, weights }]): Layer => ({ name, type, config: {}, trainable: true, calls: [], weights, network: null, foreign: { detail: '' }, problem: null }));
  return {
    network: { ...opened.network, layers, inputs: [], outputs: [] },
    weights: {
      read: async (key) => { const value = await opened.weights.read(key); return turned.has(key) ? transpose(value) : value; },
      close: () => opened.weights.close(),
    },
  };
}

function transpose({ dtype, shape, data }: TensorValue): TensorValue {
  const [rows = 0, columns = 0] = shape;
  return { dtype, shape: [columns, rows], data: Float32Array.from({ length: data.length }, (_, index) => Number(data[(index % rows) * columns + Math.floor(index / rows)])) };
}

/** The base with what an adapter adds to it, `W + scale B A`; null when `adapter` is none, or none for this base. */
function adapted(base: OpenedNetwork, adapter: OpenedNetwork): OpenedNetwork | null {
  const found = [...flattenLayers(adapter.network)];
  const loras = found.filter(({ layer }) => layer.type === 'LoRA' && typeof layer.config.scale === 'number');
  if (loras.length === 0 || [...flattenLayers(base.network)].some(({ layer }) => layer.type === 'LoRA')) return null;
  const prefixes = prefixesOf([...flattenLayers(base.network)].map(({ path }) => path), found.map(({ path }) => path));
  const changes = new Map<string, { readonly a: string; readonly b: string; readonly scale: number; readonly turned: boolean }>();
  for (const { path, layer } of loras) {
    const weight = findLayer(base.network, prefixes.before + without(path, prefixes.after))?.weights.find(({ name }) => name === 'weight');
    const [a, b] = ['lora_A', 'lora_B'].map((name) => layer.network?.layers.find((inner) => inner.name === name)?.weights.find((inner) => inner.name === 'weight'));
    if (weight?.key == null || a?.key == null || b?.key == null || a.shape.length !== 2 || b.shape.length !== 2 || weight.shape.length !== 2) continue;
    const [out, within] = [b.shape[0], a.shape[1]];
    const straight = weight.shape[0] === out && weight.shape[1] === within;
    if (straight || (weight.shape[0] === within && weight.shape[1] === out)) changes.set(weight.key, { a: a.key, b: b.key, scale: Number(layer.config.scale), turned: !straight || layer.config.fan_in_fan_out === true });
  }
  if (changes.size === 0) return null;
  return {
    network: { ...base.network, name: adapter.network.name, format: adapter.network.format },
    weights: {
      async read(key) {
        const value = await base.weights.read(key);
        const change = changes.get(key);
        if (change === undefined) return value;
        const delta = product(await adapter.weights.read(change.b), await adapter.weights.read(change.a), change.scale);
        const { data } = change.turned ? transpose(delta) : delta;
        return { dtype: 'float32', shape: value.shape, data: Float32Array.from({ length: sizeOf(value.shape) }, (_, index) => Number(value.data[index]) + Number(data[index])) };
      },
      close: () => adapter.weights.close(),
    },
  };
}

/** `scale B A` for B of shape [out, rank] and A of shape [rank, in]. */
function product(b: TensorValue, a: TensorValue, scale: number): TensorValue {
  const [out = 0, rank = 0] = b.shape;
  const columns = a.shape[1] ?? 0;
  const data = new Float32Array(out * columns);
  for (let row = 0; row < out; row += 1) {
    for (let inner = 0; inner < rank; inner += 1) {
      const factor = scale * Number(b.data[row * rank + inner]);
      for (let column = 0; column < columns; column += 1) data[row * columns + column] = (data[row * columns + column] ?? 0) + factor * Number(a.data[inner * columns + column]);
    }
  }
  return { dtype: 'float32', shape: [out, columns], data };
}
