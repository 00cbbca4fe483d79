/** What a PyTorch pickle holds: tensors by name, modules with their classes and settings, and the names of all that was not run. */
import type { Json, JsonObject } from '../../network/network';
import { forTraining, recordsOf, trainingOnly, withoutPrefix } from './checkpoint';
import { isNumpyArray, objectsOf } from './numpy-values';
import { PickleCall, PickleGlobal, PicklePersistent, PickleTuple, itemsOf } from './pickle';
import type { PickleValue } from './pickle';
import type { ScriptRoles } from './script-roles';
import { tensorOf } from './tensors';
import type { MadeTensor, TorchTensor } from './tensors';

export interface StateTensor { readonly name: string; readonly tensor: TorchTensor; readonly buffer?: boolean; readonly trainable?: false }
export interface StateModule { readonly type: string; readonly config: JsonObject }

export interface TorchState {
  readonly tensors: readonly StateTensor[];
  readonly modules: ReadonlyMap<string, StateModule>;
  /** Names of classes and functions that the pickle refers to and Backstep does not know; none of them was run. */
  readonly foreign: readonly string[];
  /** Tensors of kinds that cannot be shown. */
  readonly unreadable: readonly string[];
}

const deepest = 48;
const harmless = /^(torch|__torch__|collections|builtins|__builtin__|numpy|_codecs|copyreg|copy_reg|argparse|pathlib|datetime|functools|typing|enum|types)(\.|$)/;
/** Of the modules that models usually name, these functions would do something else than make values. */
const harmful = /^(builtins|__builtin__)\.(eval|exec|compile|open|getattr|setattr|delattr|__import__|input|breakpoint|globals|vars)$|^torch\.(hub|utils\.cpp_extension|load|serialization\.load|jit\.load|ops)(\.|$)|^(functools\.partial|types\.(FunctionType|CodeType)|numpy\.(load|testing.*|f2py.*))$/;
/** Classes that keep weight and bias packed as a tuple: those of quantised layers and of mobile's kernels. */
const packed = /^torch\.ScriptObject$|^__torch__\.torch\.classes\.|\.quantized\./;

/** Walks the value of a pickle. `roles` tell TorchScript's parameters from its buffers. */
export function stateOf(root: PickleValue, roles: ScriptRoles = new Map()): TorchState {
  const tensors: StateTensor[] = [];
  const modules = new Map<string, StateModule>();
  const foreign = new Set<string>();
  const unreadable: string[] = [];
  const seen = new Set<PickleValue>();
  const join = (prefix: string, key: PickleValue): string => (prefix === '' ? keyText(key) : keyText(key) === '_packed_params' ? prefix : `${prefix}.${keyText(key)}`);

  const visit = (value: PickleValue, name: string, buffer: boolean | undefined, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > deepest || value instanceof Uint8Array) return;
    if (value instanceof PickleGlobal) { note(value.path); return; }
    if (value instanceof PickleCall) { visitCall(value, name, buffer, depth); return; }
    // Shared records are walked once, so that references to references cannot multiply the work.
    if (seen.has(value)) return;
    seen.add(value);
    if (value instanceof Map) for (const [key, item] of value) visit(item, join(name, key), forTraining(key, item) ? true : buffer, depth + 1);
    else if (!(value instanceof PicklePersistent)) for (const [index, item] of itemsOf(value).entries()) visit(item, join(name, index), buffer, depth + 1);
  };

  const add = (name: string, { tensor, parts, type, buffer: own, trainable }: MadeTensor, buffer: boolean | undefined, depth: number): void => {
    const state = buffer ?? own;
    if (tensor !== null) tensors.push({ name: name === '' ? 'tensor' : name, tensor, ...(state === undefined ? {} : { buffer: state }), ...(trainable === undefined ? {} : { trainable }) });
    else if (parts === undefined) unreadable.push(name);
    else {
      if (type !== undefined) modules.set(name, { type, config: {} });
      for (const [part, value] of parts) visit(value, join(name, part), buffer, depth + 1);
    }
  };

  const visitCall = (value: PickleCall, name: string, buffer: boolean | undefined, depth: number): void => {
    const found = tensorOf(value);
    if (found !== null) { add(name, found, buffer, depth); return; }
    if (seen.has(value)) return;
    seen.add(value);
    if (isNumpyArray(value)) { visit(objectsOf(value), name, buffer, depth + 1); return; }
    note(value.path);
    const state = value.state instanceof PickleTuple ? itemsOf(value.state).find((part) => part instanceof Map) ?? value.state : value.state;
    if (state instanceof Map && value.callee instanceof PickleGlobal) visitObject(value.callee, state, name, buffer, depth);
    else if (state instanceof PickleTuple && packed.test(value.path)) visitPacked(value, state, name, buffer, depth);
    visit(value.args, name, buffer, depth + 1);
    visit(value.items, name, buffer, depth + 1);
    visit(value.list, name, buffer, depth + 1);
  };

  /** A tuple of weight and bias among settings. */
  const visitPacked = (value: PickleCall, state: PickleTuple, name: string, buffer: boolean | undefined, depth: number): void => {
    if (value.callee instanceof PickleGlobal && !/^__torch__\.torch\.classes\.|ScriptObject$/.test(value.path)) modules.set(name, { type: value.callee.name, config: {} });
    let count = 0;
    const walk = (part: PickleValue, level: number): void => {
      const made = part instanceof PickleCall ? tensorOf(part) : null;
      if (made !== null) {
        add(join(name, ['weight', 'bias'][count] ?? String(count)), made, buffer, depth);
        count += 1;
      } else if (level < 4) for (const item of itemsOf(part)) walk(item, level + 1);
    };
    walk(state, 0);
  };

  /** A module: its parameters, buffers and modules; of TorchScript, all its attributes. */
  const visitObject = (callee: PickleGlobal, state: Map<PickleValue, PickleValue>, name: string, buffer: boolean | undefined, depth: number): void => {
    const inner = state.get('_modules');
    const isModule = inner instanceof Map || callee.module.startsWith('__torch__');
    // An optimizer as a whole: its tensors are none of a model.
    // Nor are tensors that a module keeps beside its parameters and buffers.
    const own = inner instanceof Map || (!isModule && trainingOnly(state)) ? true : buffer;
    const listed = roles.get(callee.path);
    const role = (key: PickleValue): boolean | undefined => (typeof key !== 'string' || listed === undefined ? own : listed.buffers.has(key) ? true : listed.parameters.has(key) ? false : own);
    if (isModule && callee.name !== 'LinearPackedParams') modules.set(name, { type: callee.name, config: settingsFrom(state) });
    for (const [key, item] of state) {
      if (isModule && (key === '_parameters' || key === '_buffers')) {
        if (item instanceof Map) for (const [weight, tensor] of item) visit(tensor, join(name, weight), key === '_buffers', depth + 1);
      } else if (isModule && key === '_modules' && item instanceof Map) {
        for (const [child, module] of item) visit(module, join(name, child), buffer, depth + 1);
      } else if (!isModule || key === '_packed_params' || !keyText(key).startsWith('_')) visit(item, join(name, key), key === '_packed_params' ? buffer : role(key), depth + 1);
    }
  };

  const note = (path: string): void => { if (path !== '' && (harmful.test(path) || !harmless.test(path))) foreign.add(path); };
  visit(root, '', root instanceof Map && trainingOnly(root) ? true : undefined, 0);
  return { ...withoutPrefix(tensors.map(unpacked), modules, recordsOf(root)), foreign: [...foreign], unreadable };
}

/** A state_dict's `fc._packed_params._packed_params`, a tuple of weight and bias (in version 1.4 `fc._packed_params.weight`), as those of `fc`. */
function unpacked(entry: StateTensor): StateTensor {
  const [, module, part = ''] = /^(.*?)_packed_params(?:\._packed_params)?\.([01]|weight|bias)$/.exec(entry.name) ?? [];
  return module === undefined ? entry : { ...entry, name: module + (part === '0' ? 'weight' : part === '1' ? 'bias' : part) };
}

/** A key of a record as a part of a name. */
export function keyText(key: PickleValue): string {
  if (key instanceof PickleTuple) return key.items.map(keyText).join(',');
  return typeof key === 'string' ? key : typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' || key === null ? String(key) : '?';
}

/** Plain attributes of a module: `kernel_size`, `stride`, `eps`; not its hooks and flags. */
function settingsFrom(state: ReadonlyMap<PickleValue, PickleValue>): JsonObject {
  const plain = (value: PickleValue): Json | undefined => {
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
    const items = itemsOf(value);
    return items.length > 0 && items.length <= 8 && items.every((item) => typeof item === 'number') ? items : undefined;
  };
  return Object.fromEntries([...state].flatMap(([key, value]): [string, Json][] => {
    const found = typeof key === 'string' && !key.startsWith('_') && key !== 'training' && key !== '__proto__' ? plain(value) : undefined;
    return found === undefined ? [] : [[keyText(key), found]];
  }).slice(0, 40));
}
