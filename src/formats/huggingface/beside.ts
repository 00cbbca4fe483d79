/** What Hugging Face's layout keeps beside a file of weights: the configuration that names the network, and the index of its shards. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../../network/kinds/kind';
import type { JsonObject } from '../../network/network';
import { displayName } from '../../network/order';

const maximalConfig = 2 ** 20;
const weights = /^(model|pytorch_model|diffusion_pytorch_model|adapter_model)\b.*\.(safetensors|bin|json)$/;
const shard = /^(.*)-(\d{5})-of-(\d{5})\.(safetensors|bin)$/;

/** A small JSON record beside a file; null when there is none that can be read. */
async function recordBeside(file: string, name: string): Promise<JsonObject | null> {
  const place = path.join(path.dirname(file), name);
  try {
    const { size } = await stat(place);
    const found: unknown = size > maximalConfig ? null : JSON.parse(await readFile(place, 'utf8'));
    // Parsed JSON; its parts are looked at before they are used.
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? found as JsonObject : null;
  } catch {
    // Without it the weights are shown all the same.
    return null;
  }
}

/** What a configuration says of its network: `LlamaForCausalLM`, `LoRA of rank 8 on gpt2`; empty when it says nothing. */
export function describeConfig(config: JsonObject): string {
  if (typeof config.peft_type === 'string') {
    const on = typeof config.base_model_name_or_path === 'string' ? ` on ${displayName(config.base_model_name_or_path, 40)}` : '';
    return `${displayName(config.peft_type === 'LORA' ? 'LoRA' : config.peft_type, 20)}${typeof config.r === 'number' ? ` of rank ${config.r}` : ''}${on}`;
  }
  const [architecture] = Array.isArray(config.architectures) ? config.architectures as readonly unknown[] : [];
  const name = [architecture, config._class_name, config.model_type].find((each): each is string => typeof each === 'string') ?? '';
  const method = isObject(config.quantization_config) && typeof config.quantization_config.quant_method === 'string' ? `quantised by ${displayName(config.quantization_config.quant_method, 20)}` : '';
  return [displayName(name, 40), method].filter((part) => part !== '').join(', ');
}

/** What the configuration beside a file of weights says of the network; null when there is none. */
export async function describedBeside(file: string): Promise<string | null> {
  const name = path.basename(file);
  if (!weights.test(name)) return null;
  const config = await recordBeside(file, name.startsWith('adapter_') ? 'adapter_config.json' : 'config.json');
  const text = config === null ? '' : describeConfig(config);
  return text === '' ? null : text;
}

/** The modules that an adapter changes, with what its configuration says of the change: `W + scale B A`. */
export async function adapterModules(file: string, names: readonly string[]): Promise<ReadonlyMap<string, { readonly type: string; readonly config: JsonObject }>> {
  const config = /^adapter_model\b/.test(path.basename(file)) ? await recordBeside(file, 'adapter_config.json') : null;
  if (config === null || typeof config.r !== 'number' || typeof config.lora_alpha !== 'number' || !(config.r > 0)) return new Map();
  const plain = [config.rank_pattern, config.alpha_pattern].every((pattern) => !isObject(pattern) || Object.keys(pattern).length === 0);
  const scale = config.lora_alpha / (config.use_rslora === true ? Math.sqrt(config.r) : config.r);
  const modules = names.flatMap((name) => { const end = name.indexOf('.lora_A.'); return end < 0 ? [] : [name.slice(0, end)]; });
  return new Map(modules.map((name) => [name, { type: 'LoRA', config: { rank: config.r ?? null, alpha: config.lora_alpha ?? null, ...(plain ? { scale } : {}), fan_in_fan_out: config.fan_in_fan_out === true } }]));
}

/** A sentence for a file that is one of several shards, naming the index that opens all. */
export async function shardProblems(file: string): Promise<readonly string[]> {
  const [name, model, number, count, kind] = shard.exec(path.basename(file)) ?? [];
  if (name === undefined) return [];
  const index = `${model}.${kind}.index.json`;
  const there = await stat(path.join(path.dirname(file), index)).then((info) => info.isFile(), () => false);
  return [`${displayName(name)} is number ${Number(number)} of ${Number(count)} files that hold the model: ${there ? `open ${displayName(index)} beside it to see all of it` : 'the other layers are in the others'}.`];
}
