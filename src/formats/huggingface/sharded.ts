/** Models in several files: the index (`model.safetensors.index.json`) says which weight lies in which file; opened as one tree, each weight read from its file. */
import path from 'node:path';
import { Failure, sentenceOf } from '../../tensor/failure';
import { isObject } from '../../network/kinds/kind';
import type { JsonObject, OpenedNetwork } from '../../network/network';
import { displayName } from '../../network/order';
import { fileBeside } from '../containers/beside';
import { openRanges } from '../containers/range-file';
import { openModuleTree } from '../modules/module-tree';
import type { NamedTensor } from '../modules/module-tree';
import { readSafetensors } from '../safetensors';
import { readTorch } from '../torch/torch-file';
import { describedBeside } from './beside';

/** No model is split into more files. */
const maximalShards = 4000;

interface Shard { readonly tensors: readonly NamedTensor[]; readonly problems: readonly string[]; close(): Promise<void> }

async function openShard(index: string, name: string): Promise<Shard> {
  const file = await fileBeside(index, name);
  if (!/\.safetensors$/i.test(name)) return readTorch(file);
  const ranges = await openRanges(file);
  try {
    return { ...await readSafetensors(ranges), close: () => ranges.close() };
  } catch (error) {
    await ranges.close();
    throw error;
  }
}

/** Opens an index whose JSON is `content`. A shard that is missing or damaged is named; the others are shown. @throws Failure when none can be read */
export async function openSharded(file: string, content: JsonObject): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const places = new Map(Object.entries(isObject(content.weight_map) ? content.weight_map : {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  const names = [...new Set(places.values())].sort();
  if (names.length === 0) throw new Failure('sharded.empty', `${label} lists no weights: its weight_map is empty.`);
  if (names.length > maximalShards) throw new Failure('sharded.many', `${label} spreads its weights over ${names.length} files, more than the ${maximalShards} that are opened.`);
  const shards = new Map<string, Shard>();
  const problems: string[] = [];
  const close = async (): Promise<void> => { await Promise.all([...shards.values()].map((shard) => shard.close())); };
  try {
    for (const name of names) {
      try {
        shards.set(name, await openShard(file, name));
      } catch (error) {
        const count = [...places.values()].filter((place) => place === name).length;
        problems.push(`${sentenceOf(error)} Its ${count === 1 ? 'weight is' : `${count} weights are`} not shown.`);
      }
    }
    if (shards.size === 0) throw new Failure('sharded.absent', problems[0] ?? `${label}: none of its files can be read.`);
    for (const shard of shards.values()) problems.push(...shard.problems);
    const found = new Map([...shards].map(([name, shard]) => [name, new Map(shard.tensors.map((tensor) => [tensor.name, tensor.memory === undefined ? tensor : { ...tensor, memory: `${name}: ${tensor.memory}` }]))] as const));
    const tensors: NamedTensor[] = [];
    const modules = new Map<string, { readonly type: string; readonly config: JsonObject }>();
    const lost: string[] = [];
    for (const [weight, name] of places) {
      const tensor = found.get(name)?.get(weight);
      if (tensor !== undefined) { tensors.push(tensor); continue; }
      if (shards.has(name)) lost.push(weight);
      else modules.set(weight.split('.').slice(0, -1).join('.'), { type: 'Module', config: { 'weights in': `${name} (not read)` } });
    }
    if (lost.length > 0) problems.push(`${lost.length === 1 ? 'One weight' : `${lost.length} weights`} that ${label} lists ${lost.length === 1 ? 'is' : 'are'} not in the file that it names, the first of them ${displayName(lost[0] ?? '')}.`);
    return openModuleTree({
      name: label, format: names.every((name) => /\.safetensors$/i.test(name)) ? 'safetensors' : 'pytorch', convention: 'pytorch', tensors, modules,
      formatDetail: [await describedBeside(file) ?? '', names.length === 1 ? 'one file' : `${names.length} files`].filter((part) => part !== '').join(', '),
      viewOnly: `${label} leads to weights only: how the modules are connected is Python code, so the model can be looked at but not run.`,
      problems: problems.length > 4 ? [...problems.slice(0, 4), `${problems.length - 4} more of its files have problems.`] : problems,
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}
