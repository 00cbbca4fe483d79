/** Two networks compared: layers added, removed, renamed, changed; weights changed, and by how much. */
import type { TensorValue } from '../tensor/value';
import { flattenLayers } from './layer-path';
import type { PathLayer } from './layer-path';
import type { Layer, Network, OpenedNetwork } from './network';
import { settingLines } from './setting-text';

export interface SettingChange { readonly setting: string; readonly before: string | null; readonly after: string | null }

export interface WeightChange {
  readonly name: string;
  readonly shape: readonly number[];
  /** ‖after − before‖ and ‖before‖, Euclidean; their ratio says how far the weight moved. */
  readonly distance: number;
  readonly norm: number;
  readonly largest: number;
  /** Elements that differ at all. */
  readonly changed: number;
}

export type LayerDifference =
  | { readonly kind: 'added' | 'removed'; readonly path: string; readonly type: string }
  | { readonly kind: 'changed'; readonly path: string; readonly before: string; readonly type: string; readonly settings: readonly SettingChange[]; readonly weights: readonly WeightChange[] };

export interface NetworkDifference { readonly layers: readonly LayerDifference[]; readonly same: number }

const signature = (layer: Layer): string => JSON.stringify([layer.type, layer.weights.map(({ name, shape }) => [name, shape]), layer.calls.map(({ outputShapes }) => outputShapes)]);

/** Layers of both networks that belong together: of the same path, else in order those alike in class, weights and shapes. */
function pairs(before: readonly PathLayer[], after: readonly PathLayer[]): { both: [PathLayer, PathLayer][]; removed: PathLayer[]; added: PathLayer[] } {
  const byPath = new Map(after.map((each) => [each.path, each]));
  const both: [PathLayer, PathLayer][] = [];
  const lonely: PathLayer[] = [];
  const taken = new Set<PathLayer>();
  for (const each of before) {
    const match = byPath.get(each.path);
    if (match === undefined || match.layer.type !== each.layer.type) lonely.push(each);
    else {
      both.push([each, match]);
      taken.add(match);
    }
  }
  const waiting = after.filter((each) => !taken.has(each));
  const removed: PathLayer[] = [];
  let next = 0;
  for (const each of lonely) {
    const wanted = signature(each.layer);
    const found = waiting.findIndex((candidate, i) => i >= next && signature(candidate.layer) === wanted);
    const match = waiting[found];
    if (match === undefined) removed.push(each);
    else {
      both.push([each, match]);
      taken.add(match);
      next = found + 1;
    }
  }
  return { both, removed, added: after.filter((each) => !taken.has(each)) };
}

function settingChanges(before: Layer, after: Layer): SettingChange[] {
  const old = new Map(settingLines(before.config, before.trainable));
  const now = new Map(settingLines(after.config, after.trainable));
  const changes = [...new Set([...old.keys(), ...now.keys()])].filter((setting) => old.get(setting) !== now.get(setting))
    .map((setting) => ({ setting, before: old.get(setting) ?? null, after: now.get(setting) ?? null }));
  const shape = ({ calls }: Layer): string => calls.map(({ outputShapes }) => outputShapes.map((extents) => `[${extents.map((extent) => extent ?? 'batch').join(', ')}]`).join(', ')).join('; ');
  if (shape(before) !== shape(after)) changes.push({ setting: 'output shape', before: shape(before), after: shape(after) });
  return changes;
}

/** How far one value is from another of the same shape; null when shapes differ or nothing changed. */
export function weightChange(name: string, before: TensorValue, after: TensorValue): WeightChange | null {
  if (before.shape.length !== after.shape.length || before.shape.some((extent, axis) => extent !== after.shape[axis])) return null;
  let squares = 0, own = 0, largest = 0, changed = 0;
  for (let i = 0; i < before.data.length; i += 1) {
    const old = Number(before.data[i]), difference = Number(after.data[i]) - old;
    own += old * old;
    squares += difference * difference;
    if (difference !== 0) changed += 1;
    if (Math.abs(difference) > largest) largest = Math.abs(difference);
  }
  return changed === 0 ? null : { name, shape: before.shape, distance: Math.sqrt(squares), norm: Math.sqrt(own), largest, changed };
}

async function weightChanges(before: OpenedNetwork, after: OpenedNetwork, old: Layer, now: Layer): Promise<WeightChange[]> {
  const changes: WeightChange[] = [];
  for (const weight of old.weights) {
    const other = now.weights.find(({ name }) => name === weight.name);
    if (other === undefined || weight.key === null || other.key === null) continue;
    const change = weightChange(weight.name, await before.weights.read(weight.key), await after.weights.read(other.key));
    if (change !== null) changes.push(change);
  }
  return changes;
}

const flat = (network: Network): PathLayer[] => [...flattenLayers(network)];

/** Compares two opened networks; weights are read one at a time. */
export async function diffNetworks(before: OpenedNetwork, after: OpenedNetwork): Promise<NetworkDifference> {
  const { both, removed, added } = pairs(flat(before.network), flat(after.network));
  const changed: LayerDifference[] = [];
  for (const [old, now] of both) {
    const settings = settingChanges(old.layer, now.layer);
    const weights = await weightChanges(before, after, old.layer, now.layer);
    if (settings.length > 0 || weights.length > 0 || old.path !== now.path) changed.push({ kind: 'changed', path: now.path, before: old.path, type: now.layer.type, settings, weights });
  }
  const gone = removed.map(({ path, layer }): LayerDifference => ({ kind: 'removed', path, type: layer.type }));
  const come = added.map(({ path, layer }): LayerDifference => ({ kind: 'added', path, type: layer.type }));
  return { layers: [...gone, ...come, ...changed], same: both.length - changed.length };
}
