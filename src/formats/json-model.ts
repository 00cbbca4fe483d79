/** JSON files: what kind of model a `.json` describes. */
import path from 'node:path';
import { Failure } from '../tensor/failure';
import type { JsonObject, OpenedNetwork } from '../network/network';
import { isObject } from '../network/kinds/kind';
import { isModelConfig, openKerasConfig, readJson } from './keras/config-file';
import { openTfjsGraph } from './tfjs/graph-model';
import { openTfjsLayers, topologyOf } from './tfjs/layers-model';
import { looksLikeManifest, openTfjsWeights } from './tfjs/weights';

/** True when the first characters of a file are those of a JSON record, or of a list of weights of TensorFlow.js. */
export function looksLikeJson(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head.subarray(0, 64)).replace(/^\uFEFF/, '').trimStart();
  return text.startsWith('{') || looksLikeManifest(new TextDecoder().decode(head.subarray(0, 4096)).replace(/^\uFEFF/, ''));
}

/** Opens a `model.json` of TensorFlow.js or a file of Keras's `to_json()`. @throws Failure */
export async function openJsonModel(file: string): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const whole = await readJson(file);
  if (Array.isArray(whole)) return openTfjsWeights(file, whole);
  if (!isObject(whole)) throw new Failure('json.kind', `${label} holds no JSON record.`);
  const content: JsonObject = whole;
  if (content.modelTopology == null && Array.isArray(content.weightsManifest)) return openTfjsWeights(file, content.weightsManifest);
  if (content.modelTopology !== undefined) {
    const topology = topologyOf(content, label);
    if (topology !== null && (content.format === 'graph-model' || topology.node !== undefined)) return openTfjsGraph(file, content, topology);
    return openTfjsLayers(file, content);
  }
  if (isModelConfig(content)) return openKerasConfig(file, content);
  throw new Failure('json.kind', `${label} is JSON but describes no model: it has neither modelTopology (TensorFlow.js) nor class_name and config (Keras).`);
}
