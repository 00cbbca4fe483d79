/** Typed reading of a layer's configuration. A setting of the wrong type is a Failure that names the layer, the setting and its value. */
import { Failure } from '../../tensor/failure';
import type { Json, JsonObject } from '../../network/network';

/** The layer whose configuration is read; its path and class name appear in messages. */
export interface Configured { readonly path: string; readonly type: string; readonly config: JsonObject }

/** A Failure about one setting of a layer. */
export function badSetting(layer: Configured, key: string, wanted: string): Failure {
  return new Failure('layer.setting', `Layer '${layer.path}' (${layer.type}): its setting '${key}' is ${JSON.stringify(layer.config[key] ?? null)}, but ${wanted} is expected. Correct the model's configuration.`);
}

export function isRecord(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** A number; `fallback` where the setting is absent or null. @throws Failure when it is something else, or absent without fallback. */
export function numberOf(layer: Configured, key: string, fallback?: number): number {
  const value = layer.config[key];
  if (typeof value === 'number') return value;
  if ((value === undefined || value === null) && fallback !== undefined) return fallback;
  throw badSetting(layer, key, 'a number');
}

/** A number, or null where the setting is absent or null. */
export function optionalNumberOf(layer: Configured, key: string): number | null {
  const value = layer.config[key];
  return value === undefined || value === null ? null : numberOf(layer, key);
}

export function flagOf(layer: Configured, key: string, fallback: boolean): boolean {
  const value = layer.config[key];
  if (typeof value === 'boolean') return value;
  if (value === undefined || value === null) return fallback;
  throw badSetting(layer, key, 'true or false');
}

/** One of the words of `choices`; the first of them where the setting is absent. */
export function choiceOf<T extends string>(layer: Configured, key: string, choices: readonly [T, ...T[]]): T {
  const value = layer.config[key];
  if (value === undefined || value === null) return choices[0];
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw badSetting(layer, key, `one of ${choices.join(', ')}`);
  return found;
}

/** `rank` integers; a single number stands for all of them. */
export function extentsOf(layer: Configured, key: string, rank: number, fallback?: readonly number[]): number[] {
  const value = layer.config[key];
  if (typeof value === 'number') return Array.from({ length: rank }, () => value);
  if (isList(value) && value.length === rank) {
    const numbers = value.filter((entry) => typeof entry === 'number');
    if (numbers.length === rank) return numbers;
  }
  if ((value === undefined || value === null) && fallback !== undefined) return [...fallback];
  throw badSetting(layer, key, rank === 1 ? 'a number' : `a number or ${rank} numbers`);
}

/** A list of numbers, or one number as a list; null where absent. */
export function listOf(layer: Configured, key: string): number[] | null {
  const value = layer.config[key];
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return [value];
  if (isList(value)) {
    const numbers = value.filter((entry) => typeof entry === 'number');
    if (numbers.length === value.length) return numbers;
  }
  throw badSetting(layer, key, 'a number or a list of numbers');
}

/** `rank` pairs [before, after]: from one number, from `rank` numbers (symmetric), or from pairs. */
export function pairsOf(layer: Configured, key: string, rank: number, fallback: number): [number, number][] {
  const value = layer.config[key] ?? fallback;
  if (typeof value === 'number') return Array.from({ length: rank }, () => [value, value]);
  if (isList(value)) {
    const [first, second] = value;
    if (rank === 1 && value.length === 2 && typeof first === 'number' && typeof second === 'number') return [[first, second]];
    const pairs = value.map((entry): [number, number] => {
      if (typeof entry === 'number') return [entry, entry];
      const [before, after] = isList(entry) ? entry : [];
      if (typeof before !== 'number' || typeof after !== 'number') throw badSetting(layer, key, 'numbers or pairs of numbers');
      return [before, after];
    });
    if (pairs.length === rank) return pairs;
  }
  throw badSetting(layer, key, `a number, ${rank} numbers or ${rank} pairs`);
}

/** True when the channels stand before the spatial axes: `[batch, channels, …]`. */
export function channelsFirst(layer: Configured): boolean {
  return choiceOf(layer, 'data_format', ['channels_last', 'channels_first']) === 'channels_first';
}

/** `axis` counted from the front of a tensor of `rank` axes. @throws Failure when there is no such axis. */
export function axisOf(layer: Configured, axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(front) || front < 0 || front >= rank) {
    throw new Failure('layer.axis', `Layer '${layer.path}' (${layer.type}) works along axis ${axis}, but its input has only ${rank} axes.`);
  }
  return front;
}

/** A nested layer or object of a configuration, `{class_name, config}`. */
export function objectOf(layer: Configured, value: Json | undefined, what: string): { type: string; config: JsonObject } {
  if (isRecord(value)) {
    const type = value['class_name'];
    const config = value['config'];
    if (typeof type === 'string') return { type, config: isRecord(config) ? config : {} };
  }
  throw badSetting(layer, what, 'an object with class_name and config');
}
