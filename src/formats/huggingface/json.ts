/** JSON files of Hugging Face's layout: the index of shards, and configurations, which lead to the weights beside them. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import type { OpenedNetwork } from '../../network/network';
import { displayName } from '../../network/order';
import { maximalJson, parseJsonBytes } from '../containers/json';
import { describeBytes } from '../containers/zip';
import { openSafetensors } from '../safetensors';
import { openTorch } from '../torch/torch-file';
import { describeConfig } from './beside';
import { openSharded } from './sharded';

/** Where the weights of a configuration stand, in the order in which the library looks. */
const beside = ['model.safetensors', 'model.safetensors.index.json', 'diffusion_pytorch_model.safetensors', 'diffusion_pytorch_model.safetensors.index.json', 'adapter_model.safetensors', 'pytorch_model.bin', 'pytorch_model.bin.index.json', 'diffusion_pytorch_model.bin', 'adapter_model.bin'];

/** True for the first characters of an index of shards, a model's configuration, an adapter's, or a pipeline's. */
export function looksLikeHuggingFace(start: string): boolean {
  if (!/^\uFEFF?\s*\{/.test(start) || /"(modelTopology|weightsManifest|class_name)"\s*:/.test(start)) return false;
  return /"weight_map"\s*:\s*\{/.test(start) || /"(architectures|model_type|peft_type|_diffusers_version)"\s*:/.test(start);
}

/** Opens the model that such a file belongs to. @throws Failure when its weights are not beside it */
export async function openHuggingFace(file: string): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const { size } = await stat(file);
  if (size > maximalJson) throw new Failure('json.size', `${label} has ${describeBytes(size)}, more than any description of a model; it is refused.`);
  const content = parseJsonBytes(await readFile(file), label);
  if (content.weight_map !== undefined) return openSharded(file, content);
  const folder = path.dirname(file);
  const wanted = content.peft_type === undefined ? beside.filter((name) => !name.startsWith('adapter_')) : beside.filter((name) => name.startsWith('adapter_'));
  for (const name of wanted) {
    const place = path.join(folder, name);
    if (!await stat(place).then((info) => info.isFile(), () => false)) continue;
    if (name.endsWith('.json')) return openHuggingFace(place);
    return name.endsWith('.safetensors') ? openSafetensors(place) : openTorch(place);
  }
  const parts = Object.entries(content).filter(([, value]) => Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')).map(([name]) => displayName(name, 30));
  if (label === 'model_index.json' && parts.length > 0) throw new Failure('huggingface.pipeline', `${label} describes a pipeline of several models (${parts.slice(0, 8).join(', ')}): open the config.json or the weights in the folder of one of them.`);
  const what = describeConfig(content);
  throw new Failure('huggingface.weights', `${label} describes a model${what === '' ? '' : ` (${what})`}, but its weights are not beside it: there is no ${wanted.slice(0, 2).join(', no ')} and no ${wanted.at(-1)} in its folder.`);
}
