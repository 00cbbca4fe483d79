/** What `model.to_json()` writes: the architecture without weights, which the initializers supply. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { buildNetwork } from '../../network/build';
import type { Json, JsonObject, OpenedNetwork } from '../../network/network';
import { maximalJson, parseJson } from '../containers/json';
import { describeBytes } from '../containers/zip';
import { compileFrom } from './compile';
import type { Dialect } from './dialect';
import { modelFrom } from './model-config';
import { precisions } from './precision';
import { isObject } from '../../network/kinds/kind';

/** Reads a JSON file of bounded size. @throws Failure */
export async function readJsonFile(file: string): Promise<JsonObject> {
  const value = await readJson(file);
  if (!isObject(value)) throw new Failure('json.kind', `${path.basename(file)} holds no JSON record.`);
  return value;
}

/** Reads a JSON file of bounded size, whatever it holds. @throws Failure */
export async function readJson(file: string): Promise<Json> {
  const label = path.basename(file);
  const { size } = await stat(file);
  if (size > maximalJson) throw new Failure('json.size', `${label} has ${describeBytes(size)}, more than any model description (${describeBytes(maximalJson)}).`);
  return parseJson(new TextDecoder().decode(await readFile(file)), label);
}

/** Who wrote a configuration: Keras 3 names modules, Keras 2 and TensorFlow.js their version. */
export function dialectOf(config: JsonObject): Dialect {
  const version = typeof config.keras_version === 'string' ? config.keras_version : '';
  if (version.startsWith('tfjs')) return 'tfjs';
  return version.startsWith('3') || typeof config.module === 'string' ? 'keras3' : 'keras2';
}

/** True for a record that describes a Keras model. */
export function isModelConfig(config: JsonObject): boolean {
  return typeof config.class_name === 'string' && (isObject(config.config) || Array.isArray(config.config));
}

/** Opens a file of `to_json()`. @throws Failure */
export async function openKerasConfig(file: string, config?: JsonObject): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const source = config ?? await readJsonFile(file);
  const dialect = dialectOf(source);
  const draft = modelFrom(source, dialect, label);
  const network = buildNetwork(draft, { format: 'keras-config', convention: dialect === 'tfjs' ? 'tfjs' : 'keras', compile: compileFrom(source.compile_config) });
  return {
    network: { ...network, problems: [...network.problems, ...precisions(network)] },
    weights: { read: (key) => Promise.reject(new Failure('weights.absent', `${label} describes the architecture only and holds no weight ${key}.`)), close: () => Promise.resolve() },
  };
}
