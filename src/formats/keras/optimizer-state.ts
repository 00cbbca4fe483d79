/** The optimizer's variables in a file, joined with the weights that they belong to. */
import type { NetworkDraft } from '../../network/draft';
import type { PlacedLayer, PlacedNetwork } from '../../network/build';
import type { CompileConfig, JsonObject, OptimizerState } from '../../network/network';
import { everyWeight, holdersOf } from './nested-weights';

/** A variable in the file, in the file's order; `name` where the file names it. */
export interface StoredVariable { readonly key: string; readonly shape: readonly number[]; readonly integer: boolean; readonly name?: string }

type Group = readonly string[];
const flag = (config: JsonObject, name: string): boolean => config[name] === true;
const positive = (config: JsonObject, name: string): boolean => typeof config[name] === 'number' && config[name] > 0;

/** Slots in the order in which Keras makes them: those of a group together, weight by weight, one group after the other. */
const groups: Readonly<Record<string, (config: JsonObject) => readonly Group[]>> = {
  sgd: (config) => (config.momentum === 0 ? [] : [['momentum']]),
  adam: (config) => [['momentum', 'velocity'], ...(flag(config, 'amsgrad') ? [['velocity_hat']] : [])],
  adamw: (config) => [['momentum', 'velocity'], ...(flag(config, 'amsgrad') ? [['velocity_hat']] : [])],
  nadam: () => [['momentum', 'velocity']], lamb: () => [['momentum', 'velocity']], adamax: () => [['momentum', 'norm']], lion: () => [['momentum']],
  rmsprop: (config) => [['velocity'], ...(positive(config, 'momentum') ? [['momentum']] : []), ...(flag(config, 'centered') ? [['average_gradient']] : [])],
  schedulefreeadamw: () => [['momentum', 'velocity']], adafactor: () => [['row', 'column', 'velocity']], muon: () => [['momentum', 'velocity']],
  adagrad: () => [['accumulator']], adadelta: () => [['accumulated_grad', 'accumulated_delta_var']], ftrl: () => [['accumulator', 'linear']],
};

/** What Keras 2 calls its slots. */
const older: Readonly<Record<string, string>> = { m: 'momentum', v: 'velocity', vhat: 'velocity_hat', u: 'norm', rms: 'velocity', mg: 'average_gradient', accum_grad: 'accumulated_grad', accum_var: 'accumulated_delta_var' };

/** The slot that a variable's name tells, or null: `adam/dense_kernel_velocity`, `Adam/m/dense/kernel:0`, `Adam/dense/kernel/m:0`. */
function slotInName(name: string | undefined, slots: readonly string[]): string | null {
  if (name === undefined) return null;
  const plain = name.replace(/:\d+$/, '');
  const parts = plain.split('/');
  for (const part of [parts[1], parts[parts.length - 1]]) if (part !== undefined && Object.hasOwn(older, part)) return older[part] ?? null;
  return [...slots].sort((first, second) => second.length - first.length).find((slot) => plain.endsWith(`_${slot}`)) ?? null;
}

/** Whether a weight has a slot: Muon keeps no velocity of the matrices that it moves itself. */
function hasSlot(type: string, config: JsonObject, slot: string, { path, shape }: Target): boolean {
  if (type !== 'muon' || slot !== 'velocity') return true;
  return shape.length !== 2 || (config.exclude_embeddings !== false && path.toLowerCase().includes('embedding'));
}

/** Shape of a slot: Adafactor keeps rows and columns of matrices, and nothing in their place for vectors. */
function slotShape(type: string, slot: string, { shape }: Target): readonly number[] {
  if (type !== 'adafactor' || slot === 'velocity' || slot === 'average' || slot === 'gradient_accumulator') return shape;
  return shape.length < 2 ? [] : slot === 'row' ? shape.slice(0, -1) : [...shape.slice(0, -2), shape[shape.length - 1] ?? 1];
}

interface Target { readonly path: string; readonly shape: readonly number[] }
interface Place { readonly target: Target; readonly slot: string }

/** Trainable weights in the order of Keras's `trainable_variables`. */
function trainableWeights(draft: NetworkDraft, network: PlacedNetwork): readonly Target[] {
  const placed = new Map(network.layers.map((layer): [string, PlacedLayer] => [layer.name, layer]));
  return draft.layers.flatMap((layer) => {
    const own = placed.get(layer.name);
    return own === undefined || layer.operation ? [] : holdersOf(layer, own).flatMap((holder) => everyWeight(holder))
      .filter(({ weight }) => weight.trainable).map(({ path, weight }) => ({ path: `${path}/${weight.name}`, shape: weight.shape }));
  });
}

const sameShape = (first: readonly number[], second: readonly number[]): boolean => first.length === second.length && first.every((extent, axis) => extent === second[axis]);

/** Joins variables with weights; null when the file holds none, or they do not fit the weights. */
export function optimizerState(optimizer: CompileConfig['optimizer'], variables: readonly StoredVariable[], draft: NetworkDraft, network: PlacedNetwork): OptimizerState | null {
  if (optimizer === null || variables.length === 0) return null;
  const { type, config } = optimizer;
  const iterations = (scalars: readonly StoredVariable[]): string | null => scalars.filter(({ integer, shape }) => integer && shape.length === 0).at(-1)?.key ?? null;
  const own = Object.hasOwn(groups, type) ? groups[type]?.(config) : undefined;
  if (own === undefined) return iterations(variables) === null ? null : { iterations: null, slots: [] };
  const list: readonly Group[] = [...(flag(config, 'use_ema') ? [['average']] : []), ...(positive(config, 'gradient_accumulation_steps') ? [['gradient_accumulator']] : []), ...own];
  const targets = trainableWeights(draft, network);
  const together = list.flatMap((group) => targets.flatMap((target) => group.filter((slot) => hasSlot(type, config, slot, target)).map((slot): Place => ({ target, slot }))));
  // Keras 2's older optimizers make one slot of all weights after the other.
  const apart = list.flatMap((group) => group.flatMap((slot) => targets.map((target): Place => ({ target, slot }))));
  const last = type === 'nadam' && variables.at(-1)?.shape.length === 0 && variables.length > together.length ? 1 : 0;
  const start = variables.length - last - together.length;
  const stored = start < 0 ? [] : variables.slice(start, variables.length - last);
  const known = list.flat();
  const layout = [together, apart].find((places) => stored.length === places.length && stored.every(({ shape, name }, index) => {
    const place = places[index];
    const told = slotInName(name, known);
    return place !== undefined && sameShape(shape, slotShape(type, place.slot, place.target)) && (told === null || told === place.slot);
  }));
  const counted = iterations(variables.slice(0, Math.max(1, start)));
  if (layout === undefined) return counted === null ? null : { iterations: null, slots: [] };
  const product = last === 1 ? variables.at(-1) : undefined;
  return {
    iterations: counted,
    slots: stored.map(({ key }, index) => ({ weight: layout[index]?.target.path ?? '', slot: layout[index]?.slot ?? '', key })),
    ...(product === undefined ? {} : { counters: { u_product: product.key } }),
  };
}

/** The compiled settings with the state, where there is one. */
export function withState(compile: CompileConfig | null, state: OptimizerState | null): CompileConfig | null {
  return compile === null || compile.optimizer === null || state === null ? compile : { ...compile, optimizer: { ...compile.optimizer, state } };
}
