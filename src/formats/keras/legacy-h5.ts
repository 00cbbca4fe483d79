/** Legacy Keras HDF5 files (`.h5`, `.hdf5`), written by Keras 1, 2 or 3: the config in an attribute, weights by layer name. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { buildNetwork } from '../../network/build';
import type { PlacedLayer, PlacedNetwork } from '../../network/build';
import type { NetworkDraft } from '../../network/draft';
import type { CompileConfig, Network, OpenedNetwork } from '../../network/network';
import { Hdf5File } from '../containers/hdf5';
import { parseJsonObject } from '../containers/json';
import { bindWeights, checkedStore } from './bind';
import type { FindHoldings, StoredWeight } from './bind';
import { compileFrom } from './compile';
import { converting } from './conversions';
import type { Conversions } from './conversions';
import { fromCudnn } from './cudnn';
import { derived } from './derived';
import type { Dialect } from './dialect';
import { modelFrom } from './model-config';
import { optimizerState, withState } from './optimizer-state';
import type { StoredVariable } from './optimizer-state';
import { fromKeras1 } from './keras1-weights';
import { everyWeight, holdersOf } from './nested-weights';
import type { Holder } from './nested-weights';
import { precisions } from './precision';
import { sharedLayers } from './shared-layers';
import { weightsOnly } from './weights-h5';

interface Described { readonly draft: NetworkDraft; readonly network: PlacedNetwork; readonly compile: CompileConfig | null; readonly ofKeras1: boolean }

/** The layers that the root's attributes describe; null for a file of weights alone. @throws Failure */
function described(text: (attribute: string) => string | null, label: string): Described | null {
  const config = text('model_config');
  if (config === null) return null;
  const dialect: Dialect = (text('keras_version') ?? '').startsWith('3') ? 'keras3' : 'keras2';
  const draft = modelFrom(parseJsonObject(config, `${label}: model_config`), dialect, `${label}: model_config`);
  const training = text('training_config');
  const compile = training === null ? null : compileFrom(parseJsonObject(training, `${label}: training_config`));
  return { draft, network: buildNetwork(draft, { format: 'keras-h5', convention: 'keras', compile }), compile, ofKeras1: isOfKeras1(text('keras_version'), config) };
}

/** Before version 1.1 files did not say which one wrote them. */
const isOfKeras1 = (version: string | null, config: string): boolean => (version === null ? /"(nb_filter|inner_init|border_mode)"/.test(config) : version.startsWith('1.') || version.startsWith('0.'));

/** The same; for a model whose graph exists only in Python code, the reason. @throws Failure */
function describedOrWhyNot(text: (attribute: string) => string | null, label: string): Described | Failure | null {
  try {
    return described(text, label);
  } catch (error) {
    if (error instanceof Failure && error.code === 'keras.subclass') return error;
    throw error;
  }
}

/** Opens a file; weights are read from it when asked for. `onGraph` hears of the layers before the weights are found. @throws Failure */
export async function openKerasH5(file: string, onGraph?: (network: Network) => void): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const { size } = await stat(file);
  let found: Described | Failure | null = null;
  const hdf5 = await Hdf5File.open({ kind: 'file', path: file, offset: 0, size }, label, (texts) => {
    found = describedOrWhyNot((attribute) => texts.get(attribute) ?? null, label);
    if (found !== null && !(found instanceof Failure)) onGraph?.(found.network);
  });
  try {
    const model = found as Described | Failure | null; // the compiler does not see that the callback has run
    if (model === null || model instanceof Failure) {
      const network = weightsOnly(hdf5, label, model?.message);
      return { network, weights: checkedStore(new Map(), (key) => hdf5.read(key), () => hdf5.close()) };
    }
    const { draft, network, compile, ofKeras1 } = model;
    const conversions: Conversions = new Map();
    const read = converting(conversions, (key) => hdf5.read(key));
    const bound = bindWeights(draft, network, findByName(hdf5, draft, network.layers, label, conversions, ofKeras1), label);
    const variables = (names(hdf5, 'optimizer_weights', 'weight_names') ?? []).flatMap((name): readonly StoredVariable[] => {
      const found = hdf5.dataset(`optimizer_weights/${name}`);
      return found === null ? [] : [{ key: found.path, shape: found.shape, integer: found.dtype.includes('int'), name }];
    });
    const twins = await sharedLayers(bound.network, read, label);
    return {
      network: { ...bound.network, problems: [...bound.network.problems, ...twins, ...precisions(bound.network)], compile: withState(compile, optimizerState(compile?.optimizer ?? null, variables, draft, network)) },
      weights: checkedStore(bound.misfits, read, () => hdf5.close()),
    };
  } catch (error) {
    await hdf5.close();
    throw error;
  }
}

/** A list attribute; long ones are cut into `name0`, `name1`, … because HDF5 bounds the size of an attribute. */
function names(hdf5: Hdf5File, group: string, attribute: string): readonly string[] | null {
  const whole = hdf5.texts(group, attribute);
  if (whole !== null) return whole;
  const parts: string[] = [];
  for (let index = 0; ; index += 1) {
    const part = hdf5.texts(group, `${attribute}${index}`);
    if (part === null) return parts.length > 0 ? parts : null;
    for (const name of part) parts.push(name);
  }
}

/**
 * Weights stand below the group of their outermost layer and are matched by order, as Keras does: names changed between versions.
 * All trainable weights of a model inside the model come before all others.
 */
function findByName(hdf5: Hdf5File, draft: NetworkDraft, layers: readonly PlacedLayer[], label: string, conversions: Conversions, ofKeras1: boolean): FindHoldings {
  const root = hdf5.kind('model_weights') === 'group' ? 'model_weights' : '/';
  const groups = new Map<string, readonly (StoredWeight | null)[]>();
  const others = new Map<string, readonly StoredWeight[]>();
  const placed = new Map(layers.map((layer) => [layer.name, layer]));

  for (const outer of draft.layers) {
    const layer = placed.get(outer.name);
    const group = `${root === '/' ? '' : `${root}/`}${outer.name}`;
    if (layer === undefined || outer.operation || hdf5.kind(group) !== 'group') continue;
    const listed = (names(hdf5, group, 'weight_names') ?? []).map((name): StoredWeight => {
      const key = `${group}/${name}`;
      const found = hdf5.dataset(key);
      if (found === null) throw new Failure('weights.absent', `${label}: group ${group} lists a weight ${name} that is not there.`);
      return { key, name: shortName(name, outer.name), shape: found.shape, dtype: found.dtype };
    });
    const holders = holdersOf(outer, layer);
    const stored = ofKeras1 && holders.length === 1 ? fromKeras1(layer, listed, conversions) : listed;
    const declared = holders.flatMap((holder) => everyWeight(holder));
    if (declared.length === 0 && outer.network === null) { others.set(outer.name, stored); continue; }
    const order = [...declared.filter(({ weight }) => weight.trainable), ...declared.filter(({ weight }) => !weight.trainable)];
    const fits = order.length === stored.length && order.every(({ weight }, position) => sameShape(weight.shape, stored[position]?.shape ?? []));
    const named = fits ? null : byName(holders, stored);
    const found = new Map<string, (StoredWeight | null)[]>(holders.map((holder) => [holder.path, holder.layer.weights.map(() => null)]));
    for (const [position, { path: holder, index }] of order.entries()) {
      const list = found.get(holder);
      if (list !== undefined) list[index] = (named === null ? stored[position] : named.weights.get(`${holder}\n${index}`)) ?? null;
    }
    for (const { path: holder, layer: own } of holders) {
      const extras = named?.extras.get(holder) ?? [];
      groups.set(holder, derived(own, fromCudnn(own.weights, found.get(holder) ?? [], conversions), extras, conversions));
      others.set(holder, extras);
    }
  }
  return (layer, chain) => ({
    declared: groups.get(chain.map(({ name }) => name).join('/')) ?? layer.weights.map(() => null),
    others: others.get(chain.map(({ name }) => name).join('/')) ?? [],
  });
}

const sameShape = (first: readonly number[], second: readonly number[]): boolean => first.length === second.length && first.every((extent, axis) => extent === second[axis]);

interface Named { readonly weights: ReadonlyMap<string, StoredWeight>; readonly extras: ReadonlyMap<string, readonly StoredWeight[]> }

/**
 * Weights matched by name, for layers that hold more than they declare: the low-rank part of LoRA, the scales of quantised kernels. Null
 * when a declared weight is not found by its name, which is the rule among files of other versions.
 */
function byName(holders: readonly Holder[], stored: readonly StoredWeight[]): Named | null {
  const weights = new Map<string, StoredWeight>();
  const extras = new Map<string, readonly StoredWeight[]>();
  for (const holder of holders) {
    const mine = holders.length === 1 ? stored : stored.filter(({ key }) => `/${key}`.includes(`/${holder.layer.name}/`));
    const own = (name: string): string => name.slice(name.lastIndexOf(`${holder.layer.name}/`) < 0 ? 0 : name.lastIndexOf(`${holder.layer.name}/`) + holder.layer.name.length + 1);
    const left = new Map(mine.map((each) => [own(each.name), each]));
    for (const { index, weight } of everyWeight(holder)) {
      const found = left.get(weight.name);
      if (found === undefined) return null;
      weights.set(`${holder.path}\n${index}`, found);
      left.delete(weight.name);
    }
    extras.set(holder.path, [...left].map(([name, each]) => ({ ...each, name })));
  }
  return { weights, extras };
}

/** `model/dense/kernel:0` in the group of `dense` as `kernel`. */
function shortName(name: string, layer: string): string {
  const plain = name.replace(/:\d+$/, '');
  const at = plain.lastIndexOf(`${layer}/`);
  return at < 0 ? plain : plain.slice(at + layer.length + 1);
}
