/** Two networks compared: layers added, removed, renamed, changed; weights changed, and by how much. */
import type { TensorValue } from '../tensor/value';
import { prefixesOf, without } from './layer-names';
import type { Prefixes } from './layer-names';
import { flattenLayers } from './layer-path';
import type { PathLayer } from './layer-path';
import type { Layer, Network, OpenedNetwork, Weight } from './network';
import { settingLines } from './setting-text';
import { isTree } from './weights-tree';

export interface SettingChange { readonly setting: string; readonly before: string | null; readonly after: string | null }

export interface WeightChange {
  readonly name: string;
  /** The shape after; before for one that is gone. */
  readonly shape: readonly number[];
  /** ‖after − before‖ and ‖before‖, Euclidean; their ratio says how far the weight moved. Zero for weights that cannot be subtracted. */
  readonly distance: number;
  readonly norm: number;
  readonly largest: number;
  /** Elements that differ at all; a NaN that stays NaN does not. */
  readonly changed: number;
  /** True for what training keeps beside its parameters (running statistics, counters). */
  readonly state?: boolean;
  /** For a weight that only one has, or that has another shape: both shapes, null where there is none. */
  readonly shapes?: { readonly before: readonly number[] | null; readonly after: readonly number[] | null };
}

export type LayerDifference =
  | { readonly kind: 'added' | 'removed'; readonly path: string; readonly type: string }
  | { readonly kind: 'changed'; readonly path: string; readonly before: string; readonly type: string; readonly settings: readonly SettingChange[]; readonly weights: readonly WeightChange[] };
export type ChangedLayer = Extract<LayerDifference, { kind: 'changed' }>;

export interface NetworkDifference {
  readonly layers: readonly LayerDifference[];
  readonly same: number;
  /** What stands before the names of one network and not of the other; layers that differ only in it are not renamed. */
  readonly prefixes?: Prefixes;
}

/** Layers of both networks that belong together, and those that have no other. */
export interface Matching { readonly both: readonly (readonly [before: PathLayer, after: PathLayer])[]; readonly removed: readonly PathLayer[]; readonly added: readonly PathLayer[]; readonly prefixes: Prefixes }

export interface DiffOptions {
  /** Ends the comparison between two weights. */
  readonly signal?: AbortSignal;
  /** Called after each weight that was read, with what is known so far. */
  readonly onProgress?: (done: number, total: number, known: () => NetworkDifference) => void;
}

/** Elements compared before others get their turn. */
const stretch = 2 ** 20;

const signature = (layer: Layer): string => JSON.stringify([layer.type, layer.weights.map(({ name, shape }) => [name, shape]), layer.calls.map(({ outputShapes }) => outputShapes)]);

/** Pairs layers of the same path (without what wraps one of the networks) and class, else in order those alike in class, weights and shapes. Classes of modules that a file only has weights of are guessed, and need not agree. */
export function matchLayers(before: Network, after: Network): Matching {
  const now = [...flattenLayers(after)];
  const old = [...flattenLayers(before)];
  const prefixes = prefixesOf(old.map(({ path }) => path), now.map(({ path }) => path));
  const guessed = isTree(before) && isTree(after);
  const byPath = new Map(now.map((each) => [without(each.path, prefixes.after), each]));
  const both: (readonly [PathLayer, PathLayer])[] = [];
  const lonely: PathLayer[] = [];
  const taken = new Set<PathLayer>();
  for (const each of old) {
    const match = byPath.get(without(each.path, prefixes.before));
    if (match === undefined || taken.has(match) || (!guessed && match.layer.type !== each.layer.type)) lonely.push(each);
    else {
      both.push([each, match]);
      taken.add(match);
    }
  }
  const waiting = new Map<string, PathLayer[]>();
  for (const each of now) if (!taken.has(each)) waiting.set(signature(each.layer), [...(waiting.get(signature(each.layer)) ?? []), each]);
  const place = new Map(now.map((each, index) => [each, index]));
  const removed: PathLayer[] = [];
  let next = 0;
  for (const each of lonely) {
    // In order: a renamed layer comes behind the renamed ones before it.
    // A module around others is like any other; only its name tells.
    const match = guessed && each.layer.weights.length === 0 ? undefined : waiting.get(signature(each.layer))?.find((candidate) => !taken.has(candidate) && (place.get(candidate) ?? 0) >= next);
    if (match === undefined) removed.push(each);
    else {
      both.push([each, match]);
      taken.add(match);
      next = (place.get(match) ?? 0) + 1;
    }
  }
  const added = now.filter((each) => !taken.has(each));
  if (!guessed) return { both, removed, added, prefixes };
  const counts = [old, now].map(onlyWeights);
  const tells = ({ layer }: PathLayer): boolean => layer.network === null && !(counts.includes(true) && layer.weights.length === 0) && !isTied(layer);
  return { both, removed: removed.filter(tells), added: added.filter(tells), prefixes };
}

/** True for modules that only their weights tell of: what has none is not among them. */
const onlyWeights = (layers: readonly PathLayer[]): boolean => layers.every(({ layer }) => layer.network !== null || layer.weights.length > 0);
/** True when all weights are those of another layer, which some formats do not write twice. */
const isTied = ({ weights, config }: Layer): boolean => weights.length > 0 && weights.every(({ name }) => config[`${name} is tied to`] !== undefined);

function settingChanges(before: Layer, after: Layer): SettingChange[] {
  // A file of weights knows no settings.
  if (isBare(before) || isBare(after)) return [];
  const old = new Map(settingLines(before.config, before.trainable));
  const now = new Map(settingLines(after.config, after.trainable));
  const changes = [...new Set([...old.keys(), ...now.keys()])].filter((setting) => old.get(setting) !== now.get(setting))
    .map((setting) => ({ setting, before: old.get(setting) ?? null, after: now.get(setting) ?? null }));
  const shape = ({ calls }: Layer): string => calls.map(({ outputShapes }) => outputShapes.map((extents) => `[${extents.map((extent) => extent ?? 'batch').join(', ')}]`).join(', ')).join('; ');
  if (shape(before) !== shape(after)) changes.push({ setting: 'output shape', before: shape(before), after: shape(after) });
  return changes;
}

const isBare = ({ foreign, calls, config }: Layer): boolean => foreign !== undefined && calls.length === 0 && Object.keys(config).every((setting) => setting.includes(' '));

const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((extent, axis) => extent === b[axis]);

/** Sums over the elements of two values, a part at a time. */
class Sums {
  private squares = 0;
  private own = 0;
  private largest = 0;
  private changed = 0;

  add(before: TensorValue['data'], after: TensorValue['data'], from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const old = Number(before[i]), now = Number(after[i]);
      if (Number.isFinite(old)) this.own += old * old;
      if (old === now || (Number.isNaN(old) && Number.isNaN(now))) continue;
      const difference = now - old;
      this.changed += 1;
      this.squares += difference * difference;
      const size = Math.abs(difference);
      // A value that became NaN is farther away than any.
      if (!(size <= this.largest)) this.largest = Number.isNaN(size) ? Infinity : size;
    }
  }

  result(name: string, shape: readonly number[]): WeightChange | null {
    const distance = Number.isNaN(this.squares) ? Infinity : Math.sqrt(this.squares);
    return this.changed === 0 ? null : { name, shape, distance, norm: Math.sqrt(this.own), largest: this.largest, changed: this.changed };
  }
}

/** How far one value is from another of the same shape; null when shapes differ or nothing changed. */
export function weightChange(name: string, before: TensorValue, after: TensorValue): WeightChange | null {
  if (!sameShape(before.shape, after.shape)) return null;
  const sums = new Sums();
  sums.add(before.data, after.data, 0, before.data.length);
  return sums.result(name, before.shape);
}

/** The same, giving others their turn in between. */
async function weightChangeInTurns(name: string, before: TensorValue, after: TensorValue, signal: AbortSignal | undefined): Promise<WeightChange | null> {
  const sums = new Sums();
  for (let from = 0; from < before.data.length; from += stretch) {
    sums.add(before.data, after.data, from, Math.min(before.data.length, from + stretch));
    await new Promise((resolve) => { setImmediate(resolve); });
    signal?.throwIfAborted();
  }
  return sums.result(name, before.shape);
}

/** Weights of two layers that belong together: of one name, else the only ones of their shape that are left. */
function pairedWeights(old: Layer, now: Layer): readonly (readonly [Weight, Weight])[] {
  const pairs = old.weights.flatMap((weight) => { const other = now.weights.find(({ name }) => name === weight.name); return other === undefined ? [] : [[weight, other] as const]; });
  const taken = new Set(pairs.flat());
  const [left, right] = [old.weights.filter((weight) => !taken.has(weight)), now.weights.filter((weight) => !taken.has(weight))];
  const alone = (list: readonly Weight[], shape: readonly number[]): Weight | undefined => { const found = list.filter((weight) => sameShape(weight.shape, shape)); return found.length === 1 ? found[0] : undefined; };
  return [...pairs, ...left.flatMap((weight) => { const [own, other] = [alone(left, weight.shape), alone(right, weight.shape)]; return own === undefined || other === undefined ? [] : [[weight, other] as const]; })];
}

/** Counters of training, which exports leave out. */
const isCounter = ({ buffer, dtype }: Weight): boolean => buffer === true && dtype.includes('int');

/** Weights that only one of two layers has, or in another shape; these need no reading. */
function reshaped(old: Layer, now: Layer, pairs: readonly (readonly [Weight, Weight])[]): WeightChange[] {
  const change = (name: string, before: readonly number[] | null, after: readonly number[] | null): WeightChange => ({ name, shape: after ?? before ?? [], distance: 0, norm: 0, largest: 0, changed: 0, shapes: { before, after } });
  const taken = new Set(pairs.flat());
  return [
    ...pairs.filter(([before, after]) => !sameShape(before.shape, after.shape)).map(([before, after]) => change(after.name, before.shape, after.shape)),
    ...old.weights.filter((weight) => !taken.has(weight) && !isCounter(weight)).map(({ name, shape }) => change(name, shape, null)), ...now.weights.filter((weight) => !taken.has(weight) && !isCounter(weight)).map(({ name, shape }) => change(name, null, shape)),
  ];
}

/**
 * Compares two opened networks. Weights are read one at a time, both of a pair, and forgotten again.
 * @throws DOMException `AbortError` when the signal says so; Failure when a weight cannot be read
 */
export async function diffNetworks(before: OpenedNetwork, after: OpenedNetwork, { signal, onProgress }: DiffOptions = {}): Promise<NetworkDifference> {
  const { both, removed, added, prefixes } = matchLayers(before.network, after.network);
  const renamed = (old: PathLayer, now: PathLayer): boolean => without(old.path, prefixes.before) !== without(now.path, prefixes.after);
  const pairs = both.map(([old, now]) => {
    const paired = pairedWeights(old.layer, now.layer);
    return {
      old, now, settings: settingChanges(old.layer, now.layer), weights: reshaped(old.layer, now.layer, paired),
      todo: paired.flatMap(([weight, other]) => (weight.key === null || other.key === null || !sameShape(weight.shape, other.shape) ? [] : [{ name: other.name, before: weight.key, after: other.key, state: other.buffer === true }])),
    };
  });
  const known = (): NetworkDifference => {
    const changed = pairs.filter(({ old, now, settings, weights }) => settings.length > 0 || weights.length > 0 || renamed(old, now))
      .map(({ old, now, settings, weights }): LayerDifference => ({ kind: 'changed', path: now.path, before: renamed(old, now) ? old.path : now.path, type: now.layer.type, settings, weights: [...weights] }));
    return {
      layers: [
        ...removed.map(({ path, layer }): LayerDifference => ({ kind: 'removed', path, type: layer.type })),
        ...added.map(({ path, layer }): LayerDifference => ({ kind: 'added', path, type: layer.type })), ...changed,
      ],
      same: pairs.length - changed.length, ...(prefixes.before === prefixes.after ? {} : { prefixes }),
    };
  };
  const total = pairs.reduce((all, { todo }) => all + todo.length, 0);
  let done = 0;
  onProgress?.(done, total, known);
  for (const { todo, weights } of pairs) {
    for (const each of todo) {
      signal?.throwIfAborted();
      const change = await weightChangeInTurns(each.name, await before.weights.read(each.before), await after.weights.read(each.after), signal);
      if (change !== null) weights.push(each.state ? { ...change, state: true } : change);
      done += 1;
      onProgress?.(done, total, known);
    }
  }
  return known();
}

/** How far a weight moved in relation to itself; infinite from nothing, or to another shape. */
export const relativeChange = ({ distance, norm, shapes }: WeightChange): number => (shapes !== undefined ? Infinity : norm === 0 ? Infinity : distance / norm);

/** How much differs in a layer: all of one that came or went, else how far its farthest weight moved; settings alone count little. */
export function amountOf(layer: LayerDifference): number {
  if (layer.kind !== 'changed') return Infinity;
  return layer.weights.reduce((most, weight) => Math.max(most, relativeChange(weight)), layer.settings.length > 0 ? 1e-12 : 0);
}

const many = (count: number, one: string, several = `${one}s`): string => `${count.toLocaleString('en-US')} ${count === 1 ? one : several}`;

/** `12 %`, `0.03 %`. */
export const percent = (share: number): string => (share === Infinity ? 'from zero' : `${Number((100 * share).toPrecision(share < 0.1 ? 2 : 3)).toLocaleString('en-US', { maximumSignificantDigits: 3 })} %`);

/** One sentence on what differs. */
export function differenceSentence({ layers, same, prefixes }: NetworkDifference): string {
  const wrapped = prefixes === undefined ? '' : ` Names are compared without ${[prefixes.before === '' ? '' : `${prefixes.before} before`, prefixes.after === '' ? '' : `${prefixes.after} after`].filter((part) => part !== '').join(' and ')}.`;
  const count = (kind: LayerDifference['kind']): number => layers.filter((layer) => layer.kind === kind).length;
  const changed = layers.filter((layer): layer is ChangedLayer => layer.kind === 'changed');
  const moved = changed.flatMap(({ path, weights }) => weights.filter(({ shapes }) => shapes === undefined).map((weight) => ({ path, weight })));
  const other = changed.flatMap(({ weights }) => weights.filter(({ shapes }) => shapes !== undefined)).length;
  const own = moved.filter(({ weight }) => weight.state !== true);
  const farthest = (own.length > 0 ? own : moved).reduce<typeof moved[number] | null>((most, each) => (most === null || relativeChange(each.weight) > relativeChange(most.weight) ? each : most), null);
  const renamed = changed.filter(({ path, before }) => path !== before).length;
  const parts = [
    count('added') > 0 ? `${many(count('added'), 'layer')} added` : '', count('removed') > 0 ? `${many(count('removed'), 'layer')} removed` : '',
    renamed > 0 ? `${many(renamed, 'layer')} renamed` : '', changed.some(({ settings }) => settings.length > 0) ? `${many(changed.filter(({ settings }) => settings.length > 0).length, 'layer')} with other settings` : '',
    other > 0 ? `${many(other, 'weight')} of another shape` : '',
    farthest === null ? '' : `${many(moved.length, 'weight')} moved, farthest ${farthest.path}/${farthest.weight.name} by ${percent(relativeChange(farthest.weight))} of its norm`,
  ].filter((part) => part !== '');
  if (parts.length === 0) return `No difference in ${many(same, 'layer')}.${wrapped}`;
  return `${parts.join(', ')}; ${same === 0 ? 'no layer is' : many(same, 'layer is', 'layers are')} the same.${wrapped}`;
}
