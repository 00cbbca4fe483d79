/** TensorFlow.js's weights without a model: a manifest of its own (`…-weights_manifest.json`), whose network is in the program that loads it. */
import path from 'node:path';
import type { Json, OpenedNetwork } from '../../network/network';
import { openModuleTree } from '../modules/module-tree';
import { layerTypes } from '../tensorflow/layer-types';
import { openManifest } from './manifest';

/** True for the beginning of a list of groups of weights. */
export function looksLikeManifest(head: string): boolean {
  return /^\s*\[\s*\{/.test(head) && /"weights"\s*:/.test(head) && /"(shape|paths)"\s*:/.test(head);
}

/** @throws Failure `tfjs.manifest`, `modules.empty` */
export async function openTfjsWeights(file: string, manifest: Json): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const opened = await openManifest(file, manifest);
  const { weights, problems } = opened;
  return openModuleTree({
    name: label, format: 'tfjs-weights', convention: 'tfjs', separator: '/', problems, close: () => Promise.resolve(), modules: layerTypes([...weights.values()]),
    tensors: [...weights.values()].map(({ name, shape, dtype }) => ({ name, shape, dtype, read: () => opened.read(name) })),
    viewOnly: `${label} holds weights only: the network that they belong to is in the program that loads them, so they can be looked at but not run.`,
  });
}
