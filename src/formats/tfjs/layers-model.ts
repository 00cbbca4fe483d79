/** TensorFlow.js layers models: `model.json` with a Keras topology and a manifest of weights. */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { buildNetwork } from '../../network/build';
import type { PlacedLayer } from '../../network/build';
import { isObject } from '../../network/kinds/kind';
import { flattenWeights } from '../../network/layer-path';
import type { Json, JsonObject, Network, OpenedNetwork, OptimizerState } from '../../network/network';
import { parseJsonObject } from '../containers/json';
import { bindWeights, checkedStore } from '../keras/bind';
import type { FindHoldings, Holdings, StoredWeight } from '../keras/bind';
import { compileFrom } from '../keras/compile';
import { readJsonFile } from '../keras/config-file';
import { modelFrom } from '../keras/model-config';
import { withState } from '../keras/optimizer-state';
import { openManifest } from './manifest';
import type { ManifestWeight } from './manifest';

/** The record of the model's layers: `modelTopology`, in it perhaps `model_config` (Keras's own wrapping), perhaps as text. */
export function topologyOf(model: JsonObject, label: string): JsonObject | null {
  const unwrap = (value: Json | undefined): JsonObject | null => {
    const record = typeof value === 'string' ? parseJsonObject(value, `${label}: modelTopology`) : value;
    if (!isObject(record)) return null;
    return record.model_config === undefined ? record : unwrap(record.model_config);
  };
  return unwrap(model.modelTopology);
}

/** Opens `model.json`; weights are read from its shards when asked for. @throws Failure */
export async function openTfjsLayers(file: string, source?: JsonObject): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const model = source ?? await readJsonFile(file);
  const topology = topologyOf(model, label);
  if (topology === null || typeof topology.class_name !== 'string') throw new Failure('tfjs.topology', `${label}: its modelTopology holds no layers.`);
  const draft = modelFrom(topology, 'tfjs', `${label}: modelTopology`);
  const wrapped = isObject(model.modelTopology) ? model.modelTopology.training_config : undefined;
  const network = buildNetwork(draft, { format: 'tfjs-layers', convention: 'tfjs', compile: compileFrom(model.trainingConfig ?? wrapped) });
  const manifest = await openManifest(file, model.weightsManifest);
  const bound = bindWeights(draft, network, findInManifest(manifest.weights), label);
  const compile = withState(network.compile, stateFrom(manifest.weights, bound.network));
  return {
    network: { ...bound.network, compile, problems: [...manifest.problems, ...bound.network.problems] },
    weights: checkedStore(bound.misfits, (key) => manifest.read(key), () => Promise.resolve()),
  };
}

const slotNames: Readonly<Record<string, string>> = { m: 'momentum', v: 'velocity', momentum: 'momentum', accumulator: 'accumulator', rms: 'velocity' };

/** Optimizer state is named by weight and slot: `dense/kernel/m`; TensorFlow.js may have numbered the weight (`dense/kernel_3/m`). */
function stateFrom(all: ReadonlyMap<string, ManifestWeight>, network: Network): OptimizerState | null {
  const state = [...all.values()].filter(({ group }) => group === 'optimizer');
  if (state.length === 0) return null;
  const paths = new Map([...flattenWeights(network)].map(({ path: weight, weight: { key } }) => [key, weight]));
  return {
    iterations: state.find(({ name, shape }) => name === 'iter' && shape.length === 0)?.name ?? null,
    slots: state.flatMap(({ name }) => {
      const at = name.lastIndexOf('/');
      const [owner, slot] = [name.slice(0, Math.max(0, at)), name.slice(at + 1)];
      const weight = paths.get(owner) ?? paths.get(owner.replace(/_\d+$/, ''));
      return weight === undefined ? [] : [{ weight, slot: Object.hasOwn(slotNames, slot) ? slotNames[slot] ?? slot : slot, key: name }];
    }),
  };
}

/**
 * TensorFlow.js names weights `layer/kernel` without the models and cells between, Keras's converter with them. Exact names win;
 * else the weights below the layer's name are taken by their last part, in order (`forward_lstm/kernel` before `backward_lstm/kernel`).
 */
function findInManifest(all: ReadonlyMap<string, ManifestWeight>): FindHoldings {
  const byLayer = new Map<string, ManifestWeight[]>();
  for (const weight of all.values()) {
    if (weight.group === 'optimizer') continue;
    // Names of layers may hold slashes, so a weight stands under every prefix.
    const parts = weight.name.split('/');
    for (let count = 1; count < parts.length && count <= 8; count += 1) {
      const prefix = parts.slice(0, count).join('/');
      const list = byLayer.get(prefix);
      if (list === undefined) byLayer.set(prefix, [weight]);
      else list.push(weight);
    }
  }
  return (layer, chain) => {
    const path_ = chain.map(({ name }) => name).join('/');
    const prefix = byLayer.has(path_) ? path_ : layer.name;
    const present = byLayer.get(prefix) ?? [];
    return layer.weights.length === 0 ? { declared: [], others: layer.problem === null ? [] : present.map((weight) => stored(weight, prefix)) } : match(layer, present, prefix);
  };
}

function stored(weight: ManifestWeight, prefix: string): StoredWeight {
  return { key: weight.name, name: weight.name.slice(prefix.length + 1), shape: weight.shape, dtype: weight.dtype };
}

/** Other names for the same weight in TensorFlow.js: DepthwiseConv2D's kernel is `depthwise_kernel`. */
const alternatives: Readonly<Record<string, readonly string[]>> = { kernel: ['depthwise_kernel'] };

function match(layer: PlacedLayer, present: readonly ManifestWeight[], prefix: string): Holdings {
  const rest = new Set(present);
  const take = (found: ManifestWeight | undefined): StoredWeight | null => {
    if (found === undefined) return null;
    rest.delete(found);
    return stored(found, prefix);
  };
  const exact = layer.weights.map(({ name }) => take(present.find((weight) => weight.name === `${prefix}/${name}`)));
  const declared = exact.map((found, index) => {
    if (found !== null) return found;
    const last = layer.weights[index]?.name.split('/').at(-1) ?? '';
    const names = [last, ...(Object.hasOwn(alternatives, last) ? alternatives[last] ?? [] : [])];
    const sameName = [...rest].find((weight) => names.includes(weight.name.split('/').at(-1)?.replace(/_\d+$/, '') ?? ''));
    return take(sameName);
  });
  return { declared, others: [] };
}
