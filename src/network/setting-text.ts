/** A layer's settings as short lines of text. */
import { activationName } from './kinds/core';
import { isObject } from './kinds/kind';
import type { Json, JsonObject } from './network';
import { displayName } from './order';

/** Settings that say nothing beside the rest of the view. */
const silent = new Set(['name', 'dtype', 'trainable', 'implied', 'registered_name', 'module', 'build_config', 'shared_object_id', 'batch_shape', 'seed']);

/** `[['kernel size', '5 × 5'], ['padding', 'same']]`; absent settings and long records are left out. */
export function settingLines(config: JsonObject, trainable: boolean): readonly (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [];
  if (isObject(config.batch_shape) || Array.isArray(config.batch_shape)) lines.push(['shape', settingText('batch_shape', config.batch_shape) ?? '']);
  for (const [key, value] of Object.entries(config)) {
    if (silent.has(key)) continue;
    const text = settingText(key, value);
    if (text !== null) lines.push([displayName(key.replaceAll('_', ' ')), text]);
  }
  const { dtype } = config;
  if (typeof dtype === 'string' && dtype !== 'float32') lines.push(['dtype', displayName(dtype)]);
  if (!trainable) lines.push(['trainable', 'no']);
  return lines;
}

function settingText(key: string, value: Json): string | null {
  if (value === null) return key === 'activation' ? null : key === 'batch_shape' ? '?' : null;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string') return displayName(value, 120);
  if (Array.isArray(value)) return listText(value as readonly Json[]);
  if (!isObject(value)) return null;
  const activation = key.endsWith('activation') ? activationName({ activation: value }) : null;
  if (activation !== null) return displayName(activation);
  if (typeof value.class_name === 'string') {
    const inner = isObject(value.config) ? Object.entries(value.config).flatMap(([name, item]) => (typeof item === 'number' && !name.startsWith('seed') ? [`${name} ${numberText(item)}`] : [])) : [];
    return displayName(inner.length === 0 ? value.class_name : `${value.class_name} (${inner.slice(0, 4).join(', ')})`, 120);
  }
  return displayName(JSON.stringify(value), 120);
}

function listText(items: readonly Json[]): string {
  if (items.length > 16) return `${items.length} values`;
  return items.map((item) => {
    if (Array.isArray(item)) return `(${listText(item as readonly Json[])})`;
    return item === null ? '?' : settingText('', item) ?? '';
  }).join(' × ');
}

/** At most six digits: 0.0010000000474974513 is float32's 0.001. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
