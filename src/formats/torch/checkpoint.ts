/** Parts of a checkpoint: the model's record, copies of it that average its weights, and what only training needs. */
import { PickleCall } from './pickle';
import type { PickleValue } from './pickle';

interface Named { readonly name: string; readonly buffer?: boolean }

/** Keys under which training keeps what is no part of the model. */
export const beside = /^(optim|lr_sched|sched|scaler|amp|loss_scale|grad_scal|callbacks$|loops$|(\w+_)?rng|random|args$|hparams|hyper_parameters|config$|cfg|opt$|opts$|train_args|(train|val|test)_|metrics?$|history$|log|epoch|step|global_step|best|iter|loss(es)?$|datamodule|dataset|sampler)/i;
/** Keys under which the model's record usually stands. */
const model = /^(model|net|network|module|state_dict|model_state|model_state_dict|.*_state_dict|weights|params|generator|netG|G|ema|params_ema|model_ema|ema_model|.*state)$/;
const averaged = /(^|_)(ema|swa|averaged|teacher)(_|$)/i;

/** True for the record of an optimizer as a whole: `{state, param_groups}`. */
export function trainingOnly(record: ReadonlyMap<PickleValue, PickleValue>): boolean {
  return record.has('param_groups') && record.has('state');
}

/** True for an entry of a record that holds no parameters: an optimizer's state, a scheduler's. */
export function forTraining(key: PickleValue, value: PickleValue): boolean {
  return (value instanceof Map && value.has('param_groups')) || (typeof key === 'string' && /^(optimizer|scheduler)/.test(key));
}

/** Keys of the records that a file keeps beside each other: `state_dict`, `optimizer`, …; names of a bare state_dict are none. */
export function recordsOf(root: PickleValue): ReadonlySet<string> {
  if (!(root instanceof Map)) return new Set();
  return new Set([...root].flatMap(([key, value]) => (typeof key === 'string' && typeof value === 'object' && value !== null && (value instanceof Map || Array.isArray(value) || (value instanceof PickleCall && value.state instanceof Map)) ? [key] : [])));
}

/**
 * In a checkpoint the model's record stands under a key of its own (`model_state_dict`), beside others: what is only for training, and
 * averages of the weights, count as state. When one record is left, names begin below it.
 */
export function withoutPrefix<T extends Named, M>(tensors: readonly T[], modules: ReadonlyMap<string, M>, records: ReadonlySet<string>): { readonly tensors: readonly T[]; readonly modules: ReadonlyMap<string, M> } {
  const headOf = ({ name }: Named): string => name.split('.')[0] ?? '';
  const heads = new Set(tensors.filter((entry) => entry.buffer !== true && records.has(headOf(entry))).map(headOf));
  const models = [...heads].filter((head) => model.test(head) && !beside.test(head));
  if (models.length === 0) return { tensors, modules };
  const others = models.some((head) => !averaged.test(head));
  const isState = (entry: T): boolean => {
    const head = headOf(entry);
    return !records.has(head) || beside.test(head) || (others && averaged.test(head));
  };
  const marked = tensors.map((entry) => (entry.buffer !== true && isState(entry) ? { ...entry, buffer: true } : entry));
  const left = new Set(marked.filter(({ buffer }) => buffer !== true).map(headOf));
  const [head = ''] = left;
  if (left.size !== 1 || !model.test(head)) return { tensors: marked, modules };
  const inner = new Set(marked.filter(({ name }) => name.startsWith(`${head}.`)).map(({ name }) => name.slice(head.length + 1)));
  const renamed = (name: string): string => (name === head ? '' : name.startsWith(`${head}.`) ? name.slice(head.length + 1) : inner.has(name) ? `${name}'` : name);
  return { tensors: marked.map((entry) => ({ ...entry, name: renamed(entry.name) })), modules: new Map([...modules].map(([name, module]) => [renamed(name), module])) };
}
