/** What a PyTorch pickle holds: tensors by name, modules with their classes and settings, and the names of all that was not run. */
import type { Json, JsonObject } from '../../network/network';
import { PickleCall, PickleGlobal, PicklePersistent, PickleTuple, itemsOf } from './pickle';
import type { PickleValue } from './pickle';
import { storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';

/** A tensor as PyTorch keeps it: a view of a storage, offset and strides in elements. */
export interface TorchTensor {
  readonly storage: string; readonly type: StoredType; readonly storageSize: number;
  readonly offset: number; readonly shape: readonly number[]; readonly strides: readonly number[];
  /** Quantised with a scale and a zero for each place along an axis. */
  readonly channels?: { readonly scale: TorchTensor; readonly zero: TorchTensor; readonly axis: number };
}

export interface TorchState {
  readonly tensors: readonly { readonly name: string; readonly tensor: TorchTensor; readonly buffer?: boolean }[];
  readonly modules: ReadonlyMap<string, { readonly type: string; readonly config: JsonObject }>;
  /** Names of classes and functions that the pickle refers to and Backstep does not know; none of them was run. */
  readonly foreign: readonly string[];
  /** Tensors of kinds that cannot be shown (sparse, without elements). */
  readonly unreadable: readonly string[];
}

const storages: Readonly<Record<string, string>> = {
  FloatStorage: 'float32', DoubleStorage: 'float64', HalfStorage: 'float16', BFloat16Storage: 'bfloat16', LongStorage: 'int64', IntStorage: 'int32', ShortStorage: 'int16',
  CharStorage: 'int8', ByteStorage: 'uint8', BoolStorage: 'bool', ComplexFloatStorage: 'complex64', ComplexDoubleStorage: 'complex128', UntypedStorage: 'uint8',
  QInt8Storage: 'int8', QUInt8Storage: 'uint8', QInt32Storage: 'int32',
};

/** The key and the bytes an element of the storage that a reference names; null when it names none. */
export function storageOf(reference: PicklePersistent): { readonly key: string; readonly width: number } | null {
  const [tag, kind, key] = itemsOf(reference.id);
  const type = kind instanceof PickleGlobal && Object.hasOwn(storages, kind.name) ? storedType(storages[kind.name] ?? '') : undefined;
  return tag !== 'storage' || typeof key !== 'string' || type === undefined ? null : { key, width: type.bytes };
}
const deepest = 48;
const harmless = /^(torch|__torch__|collections|builtins|__builtin__|numpy|_codecs|copyreg|copy_reg|argparse|pathlib|datetime|functools|typing|enum|types)(\.|$)/;
/** Of the modules that models usually name, these functions would do something else than make values. */
const harmful = /^(builtins|__builtin__)\.(eval|exec|compile|open|getattr|setattr|delattr|__import__|input|breakpoint|globals|vars)$|^torch\.(hub|utils\.cpp_extension|load|serialization\.load|jit\.load|ops)(\.|$)|^(functools\.partial|types\.(FunctionType|CodeType)|numpy\.(load|testing.*|f2py.*))$/;

/** Walks the value of a pickle. `dtypeOf` names the type of untyped storages. */
export function stateOf(root: PickleValue): TorchState {
  const tensors: { name: string; tensor: TorchTensor; buffer?: boolean }[] = [];
  const modules = new Map<string, { type: string; config: JsonObject }>();
  const foreign = new Set<string>();
  const unreadable: string[] = [];
  const seen = new Set<PickleValue>();
  const join = (prefix: string, key: PickleValue): string => (prefix === '' ? keyText(key) : `${prefix}.${keyText(key)}`);

  const visit = (value: PickleValue, name: string, buffer: boolean | undefined, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > deepest || value instanceof Uint8Array) return;
    if (value instanceof PickleGlobal) { note(value.path); return; }
    if (value instanceof PickleCall) { visitCall(value, name, buffer, depth); return; }
    // Shared records are walked once, so that references to references cannot multiply the work.
    if (seen.has(value)) return;
    seen.add(value);
    if (value instanceof Map) for (const [key, item] of value) visit(item, join(name, key), isOptimizer(key, item) ? true : buffer, depth + 1);
    else if (!(value instanceof PicklePersistent)) for (const [index, item] of itemsOf(value).entries()) visit(item, join(name, index), buffer, depth + 1);
  };

  const visitCall = (value: PickleCall, name: string, buffer: boolean | undefined, depth: number): void => {
    const found = tensorOf(value);
    if (found !== null) {
      if (found.tensor === null) unreadable.push(name);
      else tensors.push({ name, tensor: found.tensor, ...(buffer ?? found.buffer) === undefined ? {} : { buffer: buffer ?? found.buffer === true } });
      return;
    }
    if (seen.has(value)) return;
    seen.add(value);
    note(value.path);
    const state = value.state instanceof PickleTuple ? itemsOf(value.state).find((part) => part instanceof Map) : value.state;
    if (state instanceof Map && value.callee instanceof PickleGlobal) visitObject(value.callee, state, name, buffer, depth);
    visit(value.args, name, buffer, depth + 1);
    visit(value.items, name, buffer, depth + 1);
    visit(value.list, name, buffer, depth + 1);
  };

  /** A module: its parameters, buffers and modules; of TorchScript, all its attributes. */
  const visitObject = (callee: PickleGlobal, state: Map<PickleValue, PickleValue>, name: string, buffer: boolean | undefined, depth: number): void => {
    const inner = state.get('_modules');
    const isModule = inner instanceof Map || callee.module.startsWith('__torch__');
    if (isModule) modules.set(name, { type: callee.name, config: settingsFrom(state) });
    for (const [key, item] of state) {
      if (isModule && (key === '_parameters' || key === '_buffers')) {
        if (item instanceof Map) for (const [weight, tensor] of item) visit(tensor, join(name, weight), key === '_buffers', depth + 1);
      } else if (isModule && key === '_modules' && item instanceof Map) {
        for (const [child, module] of item) visit(module, join(name, child), buffer, depth + 1);
      } else if (!isModule || !keyText(key).startsWith('_')) visit(item, join(name, key), buffer, depth + 1);
    }
  };

  const note = (path: string): void => { if (path !== '' && (harmful.test(path) || !harmless.test(path))) foreign.add(path); };
  visit(root, '', undefined, 0);
  return { tensors: withoutPrefix(tensors, modules), modules, foreign: [...foreign], unreadable };
}

function keyText(key: PickleValue): string {
  return typeof key === 'string' ? key : typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' ? String(key) : '?';
}

/** An optimizer's `state_dict`: `{state, param_groups}`; its tensors are no parameters. */
function isOptimizer(key: PickleValue, value: PickleValue): boolean {
  return (value instanceof Map && value.has('param_groups')) || (typeof key === 'string' && /^(optimizer|scheduler)/.test(key));
}

/** In a checkpoint the model's record stands under a key of its own (`model_state_dict`); when there is only one, names begin below it. */
function withoutPrefix<T extends { readonly name: string; readonly buffer?: boolean }>(tensors: readonly T[], modules: ReadonlyMap<string, unknown>): readonly T[] {
  const heads = new Set(tensors.filter(({ buffer }) => buffer !== true).map(({ name }) => name.split('.')[0] ?? ''));
  const [head = ''] = heads;
  if (heads.size !== 1 || modules.size > 0 || !/^(model|net|network|module|state_dict|model_state|model_state_dict|.*_state_dict|weights|params|ema)$/.test(head)) return tensors;
  const inner = new Set(tensors.filter(({ name }) => name.startsWith(`${head}.`)).map(({ name }) => name.slice(head.length + 1)));
  // A bare state_dict whose names all begin with `model.` keeps them: only a record beside others is a checkpoint's.
  const others = tensors.some(({ name }) => !name.startsWith(`${head}.`));
  if (!others && !/state/.test(head)) return tensors;
  return tensors.map((entry) => (entry.name.startsWith(`${head}.`) ? { ...entry, name: entry.name.slice(head.length + 1) } : inner.has(entry.name) ? { ...entry, name: `${entry.name}'` } : entry));
}

const rebuilds = new Set(['torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor', 'torch._utils._rebuild_tensor_v3']);
const wrappers = new Set(['torch._utils._rebuild_parameter', 'torch._utils._rebuild_parameter_with_state', 'torch.nn.parameter.Parameter', 'torch.Tensor', 'torch._tensor._rebuild_from_type_v2', 'torch._tensor._rebuild_from_type']);

/** The tensor that a call would make: null when the call makes none; `{tensor: null}` when it makes one that cannot be read. */
function tensorOf(value: PickleCall, depth = 0): { tensor: TorchTensor | null; buffer?: boolean } | null {
  const { path } = value;
  const args = itemsOf(value.args);
  if (rebuilds.has(path)) return { tensor: turned(viewOf(args, path.endsWith('v3')), args.find((arg, index) => index > 5 && arg instanceof Map)) };
  if (path === 'torch._utils._rebuild_qtensor') return { tensor: dequantised(viewOf(args, false), itemsOf(args[4])) };
  if (wrappers.has(path) && depth < 4) {
    if (path.includes('_rebuild_from_type')) return args[0] instanceof PickleGlobal && args[2] !== undefined ? tensorOf(new PickleCall(args[0], args[2]), depth + 1) : { tensor: null };
    const inner = args[0] instanceof PickleCall ? tensorOf(args[0], depth + 1) : null;
    return inner === null ? null : { ...inner, buffer: false };
  }
  return path.startsWith('torch._utils._rebuild') ? { tensor: null } : null;
}

/** A type whose elements stand for others, of which the file says how. */
const meaning = (tensor: TorchTensor, dtype: StoredType['dtype'], change: (numbers: readonly number[]) => readonly number[]): TorchTensor => ({
  ...tensor, type: { ...tensor.type, dtype, decode: (bytes, bigEndian) => { const stored = tensor.type.decode(bytes, bigEndian); return dtype === 'float32' ? Float32Array.from(change(Array.from(stored, Number))) : Float64Array.from(change(Array.from(stored, Number))); } },
});

/** Conjugated and negated views keep the elements that they are views of, and say so in a record. */
function turned(tensor: TorchTensor | null, said: PickleValue | undefined): TorchTensor | null {
  if (tensor === null || !(said instanceof Map) || (tensor.type.dtype !== 'float32' && tensor.type.dtype !== 'float64')) return tensor;
  const [conjugated, negated] = [said.get('conj') === true, said.get('neg') === true];
  if (!conjugated && !negated) return tensor;
  return meaning(tensor, tensor.type.dtype, (numbers) => numbers.map((value, index) => ((conjugated && index % 2 === 1) !== negated ? -value : value)));
}

/** Quantised elements as the numbers that they stand for, `scale (q - zero)`; `(scheme, scale, zero)` or `(scheme, scales, zeros, axis)`. */
function dequantised(tensor: TorchTensor | null, [scheme, scale, zero, axis]: readonly PickleValue[]): TorchTensor | null {
  if (tensor === null || !(scheme instanceof PickleGlobal)) return null;
  if (typeof scale === 'number' && typeof zero === 'number') return meaning(tensor, 'float32', (numbers) => numbers.map((value) => scale * (value - zero)));
  const [scales, zeros] = [scale, zero].map((value) => (value instanceof PickleCall ? tensorOf(value)?.tensor ?? null : null));
  if (scales == null || zeros == null || typeof axis !== 'number' || !Number.isInteger(axis) || axis < 0 || axis >= tensor.shape.length) return null;
  return { ...meaning(tensor, 'float32', (numbers) => numbers), channels: { scale: scales, zero: zeros, axis } };
}

/** `(storage, offset, size, stride, …)`; storages are `('storage', class, key, place, elements)`. */
function viewOf(args: readonly PickleValue[], typed: boolean): TorchTensor | null {
  const [storage, offset, size, stride] = args;
  if (!(storage instanceof PicklePersistent)) return null;
  const [tag, kind, key, , count] = itemsOf(storage.id);
  if (tag !== 'storage' || typeof key !== 'string' || typeof offset !== 'number' || !(kind instanceof PickleGlobal)) return null;
  const named = typed && args[6] instanceof PickleGlobal ? args[6].name : Object.hasOwn(storages, kind.name) ? storages[kind.name] ?? '' : '';
  const type = storedType(named);
  const shape = extents(size);
  const strides = extents(stride);
  if (type === undefined || shape === null || strides === null || shape.length !== strides.length || !Number.isSafeInteger(offset) || offset < 0) return null;
  const storageSize = typeof count === 'number' ? count : 0;
  return { storage: key, type, storageSize: typed ? Math.floor(storageSize / type.bytes) : storageSize, offset, shape, strides };
}

function extents(value: PickleValue | undefined): readonly number[] | null {
  const list = itemsOf(value).filter((extent): extent is number => typeof extent === 'number' && Number.isSafeInteger(extent) && extent >= 0);
  return list.length === itemsOf(value).length ? list : null;
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
