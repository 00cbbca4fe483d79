/** TensorFlow's checkpoints without a graph (`model.ckpt-1000.index` with its `.data-…`): variables by their names, as a tree. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import type { OpenedNetwork } from '../../network/network';
import { displayName } from '../../network/order';
import { openModuleTree } from '../modules/module-tree';
import { shownShape } from '../modules/tensor-types';
import { openBundle } from './bundle';
import { layerTypes } from './layer-types';

const parts = /\.(index|data-\d{5}-of-\d{5})$/;
/** What optimizers and counters keep. */
const state = /(^|\/)(\.OPTIMIZER_SLOT|optimizer|_?optimizer_variables|save_counter|global_step|iterations?)(\/|$)|\/(Adam(_1)?|Momentum|RMSProp(_1)?|Adagrad|Ftrl(_1)?|ExponentialMovingAverage)$|(^|\/)beta[12]_power(_\d+)?$/;

export const isCheckpoint = (file: string): boolean => parts.test(file);

const isFile = (file: string): Promise<boolean> => stat(file).then((info) => info.isFile(), () => false);

/**
 * The file that says most about what is given: of a folder its `saved_model.pb`, or the checkpoint that its file `checkpoint` names; of a SavedModel's variables
 * the SavedModel, of a shard of TensorFlow.js the model; the file itself where there is no such.
 */
export async function mainFile(given: string): Promise<string> {
  const own = path.resolve(given);
  const folder = parts.test(own) ? path.dirname(own) : own;
  const candidates = [path.join(own, 'saved_model.pb'), ...(path.basename(folder) === 'variables' ? [path.join(path.dirname(folder), 'saved_model.pb')] : [])];
  // A shard, or the manifest of a graph of TensorFlow.js, leads to the model beside it.
  if (/shard\d+of\d+(\.bin)?$/.test(own)) candidates.push(path.join(path.dirname(own), 'model.json'));
  if (/shard\d+of\d+(\.bin)?$|^weights_manifest\.json$/.test(path.basename(own))) candidates.push(path.join(path.dirname(own), 'tensorflowjs_model.pb'));
  for (const candidate of candidates) if (await isFile(candidate)) return candidate;
  const list = path.basename(own) === 'checkpoint' ? own : path.join(own, 'checkpoint');
  return await latest(list) ?? given;
}

/** The index of the checkpoint that a file `checkpoint` names as the latest, when it lies beside it. */
async function latest(list: string): Promise<string | null> {
  const size = await stat(list).then((info) => (info.isFile() ? info.size : null), () => null);
  if (size === null || size > 65536) return null;
  const named = /^model_checkpoint_path:\s*"([^"\\]+)"/m.exec(await readFile(list, 'utf8'))?.[1];
  if (named === undefined) return null;
  // The path may be that of the machine that trained it; the checkpoint lies beside the list all the same.
  const index = path.join(path.dirname(list), `${path.basename(named)}.index`);
  return await isFile(index) ? index : null;
}

/** Opens a checkpoint by its index or one of its shards. @throws Failure `bundle.*`, `modules.empty` */
export async function openCheckpoint(file: string): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const prefix = file.replace(parts, '');
  if (!await isFile(`${prefix}.index`)) throw new Failure('bundle.index', `${label} is a part of a TensorFlow checkpoint that cannot be read without ${path.basename(prefix)}.index, which is not beside it.`);
  const entries = await openBundle(prefix);
  const tensors = entries.filter(({ key }) => !key.startsWith('_CHECKPOINTABLE')).map((entry) => {
    const name = entry.key.replace(/\/\.ATTRIBUTES\/VARIABLE_VALUE$/, '');
    return { name, shape: shownShape(entry.type, entry.shape), dtype: entry.type.dtype, ...(state.test(name) ? { buffer: true } : {}), ...(/(^|\/)moving_(mean|variance)$/.test(name) ? { trainable: false } : {}), read: () => entry.read() };
  });
  const shards = new Set(await Promise.all(entries.map(async ({ shard }) => (await isFile(shard) ? '' : path.basename(shard)))));
  shards.delete('');
  return openModuleTree({
    name: label, format: 'tensorflow-checkpoint', convention: 'keras', separator: '/', tensors, modules: layerTypes(tensors), close: () => Promise.resolve(),
    problems: shards.size === 0 ? [] : [`The weights of ${label} are incomplete: ${displayName([...shards].slice(0, 3).join(', '))} ${shards.size === 1 ? 'is' : 'are'} missing from its folder.`],
    viewOnly: `${label} holds variables only: the network that they belong to is in the program that saved them, so they can be looked at but not run.`,
  });
}
