/** What the calls of a PyTorch pickle that make tensors would make: views of storages, NumPy's arrays, and tensors made of several. */
import { isNumpyArray, numpyArray } from './numpy-values';
import { PickleCall, PickleGlobal, PicklePersistent, itemsOf } from './pickle';
import type { PickleValue } from './pickle';
import { savedStorage } from './saved-storage';
import { storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';

/** A tensor as PyTorch keeps it: a view of a storage, offset and strides in elements. */
export interface TorchTensor {
  /** Key of its storage in the file; null for a tensor that is only described (device `meta`) or stands in the pickle itself. */
  readonly storage: string | null; readonly type: StoredType; readonly storageSize: number;
  readonly offset: number; readonly shape: readonly number[]; readonly strides: readonly number[];
  /** Bytes of a storage that stands in the pickle itself, and their order where it is their own. */
  readonly bytes?: Uint8Array;
  readonly bigEndian?: boolean;
  /** Quantised with a scale and a zero for each block of elements: extents of both divide those of the tensor. */
  readonly blocks?: { readonly scale: TorchTensor; readonly zero: TorchTensor | null };
}

/** What a call makes: a tensor; or several that together stand for one (sparse, subclasses), by name, with the class; neither for one that cannot be shown. */
export interface MadeTensor {
  readonly tensor: TorchTensor | null;
  readonly buffer?: boolean;
  /** False for a parameter that does not ask for its gradient. */
  readonly trainable?: false;
  readonly parts?: ReadonlyMap<string, PickleValue>;
  readonly type?: string;
}

const storages: Readonly<Record<string, string>> = {
  FloatStorage: 'float32', DoubleStorage: 'float64', HalfStorage: 'float16', BFloat16Storage: 'bfloat16', LongStorage: 'int64', IntStorage: 'int32', ShortStorage: 'int16',
  CharStorage: 'int8', ByteStorage: 'uint8', BoolStorage: 'bool', ComplexFloatStorage: 'complex64', ComplexDoubleStorage: 'complex128', UntypedStorage: 'uint8',
  QInt8Storage: 'int8', QUInt8Storage: 'uint8', QInt32Storage: 'int32',
};

const storageType = (kind: PickleValue | undefined): StoredType | undefined => (kind instanceof PickleGlobal && Object.hasOwn(storages, kind.name) ? storedType(storages[kind.name] ?? '') : undefined);

/** The key and the bytes an element of the storage that a reference names; null when it names none. */
export function storageOf(reference: PicklePersistent): { readonly key: string; readonly width: number } | null {
  const [tag, kind, key] = itemsOf(reference.id);
  const type = storageType(kind);
  return tag !== 'storage' || typeof key !== 'string' || type === undefined ? null : { key, width: type.bytes };
}

const rebuilds = new Set(['torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor', 'torch._utils._rebuild_tensor_v3']);
const parameters = new Set(['torch._utils._rebuild_parameter', 'torch._utils._rebuild_parameter_with_state', 'torch.nn.parameter.Parameter', 'torch.Tensor']);
const partNames: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^torch\.sparse_coo$/, ['indices', 'values']], [/^torch\.sparse_(csr|bsr)$/, ['crow_indices', 'col_indices', 'values']], [/^torch\.sparse_(csc|bsc)$/, ['ccol_indices', 'row_indices', 'values']],
  [/_rebuild_nested_tensor$/, ['values', 'sizes', 'strides', 'offsets']],
];

/** The tensor that a call would make; null when it makes none. */
export function tensorOf(value: PickleCall, depth = 0): MadeTensor | null {
  const { path } = value;
  const args = itemsOf(value.args);
  if (rebuilds.has(path)) return { tensor: turned(viewOf(args, path.endsWith('v3')), args.find((arg, index) => index > 5 && arg instanceof Map)) };
  if (isNumpyArray(value)) {
    const tensor = numpyArray(value);
    return tensor === null ? null : { tensor };
  }
  if (path === 'torch._utils._rebuild_qtensor') return { tensor: dequantised(viewOf(args, false), itemsOf(args[4])) };
  if (path.startsWith('torch._utils._rebuild_meta_tensor')) return { tensor: described(args) };
  if (depth < 4 && (path === 'torch._tensor._rebuild_from_type_v2' || path === 'torch._tensor._rebuild_from_type')) return subclass(args, depth);
  if (depth < 4 && parameters.has(path)) {
    const inner = args[0] instanceof PickleCall ? tensorOf(args[0], depth + 1) : null;
    return inner === null ? null : { ...inner, buffer: false, ...(args[1] === false ? { trainable: false as const } : {}) };
  }
  if (!path.startsWith('torch._utils._rebuild')) return null;
  const sparse = path.endsWith('_rebuild_sparse_tensor') && args[0] instanceof PickleCall;
  const kind = sparse && args[0] instanceof PickleCall ? itemsOf(args[0].args)[0] : path;
  const names = partNames.find(([pattern]) => typeof kind === 'string' && pattern.test(kind))?.[1];
  return names === undefined ? { tensor: null } : { tensor: null, type: sparse ? 'Sparse' : 'Nested', parts: new Map(itemsOf(sparse ? args[1] : value.args).slice(0, names.length).map((part, index) => [names[index] ?? '', part])) };
}

/** `(function, class, arguments, state)`: a plain tensor of a class of its own, or one that holds others in its attributes. */
function subclass([rebuild, named, given, state]: readonly PickleValue[], depth: number): MadeTensor {
  if (!(rebuild instanceof PickleGlobal) || given === undefined) return { tensor: null };
  const plain = tensorOf(new PickleCall(rebuild, given), depth + 1);
  if (plain !== null && (plain.tensor !== null || plain.parts !== undefined)) return state instanceof Map && state.get('_is_buffer') === true ? { ...plain, buffer: true } : plain;
  if (!(state instanceof Map)) return { tensor: null };
  const parts = new Map([...state].filter((entry): entry is [string, PickleCall] => typeof entry[0] === 'string' && entry[1] instanceof PickleCall && tensorOf(entry[1], depth + 1) !== null));
  const size = extents(itemsOf(given)[2]);
  const [data, scale, zero] = ['qdata', 'scale', 'zero_point'].map((name) => { const part = parts.get(name); return part === undefined ? null : tensorOf(part, depth + 1)?.tensor ?? null; });
  if (data != null && scale != null && size !== null && sameExtents(data.shape, size) && divides(scale.shape, size) && (zero == null || divides(zero.shape, size))) {
    return { tensor: { ...meaning(data, 'float32', (numbers) => numbers), blocks: { scale, zero: zero ?? null } } };
  }
  return parts.size === 0 ? { tensor: null } : { tensor: null, parts, ...(named instanceof PickleGlobal ? { type: named.name } : {}) };
}

const sameExtents = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((extent, axis) => extent === b[axis]);
const divides = (part: readonly number[], whole: readonly number[]): boolean => part.length === whole.length && part.every((extent, axis) => extent > 0 && (whole[axis] ?? 0) % extent === 0);

/** `(dtype, size, stride, …)` of a tensor without elements. */
function described([dtype, size, stride]: readonly PickleValue[]): TorchTensor | null {
  const type = dtype instanceof PickleGlobal ? storedType(dtype.name) : undefined;
  const shape = extents(size);
  const strides = extents(stride);
  return type === undefined || shape === null || strides === null ? null : { storage: null, type, storageSize: 0, offset: 0, shape, strides };
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
  const along = (part: TorchTensor): TorchTensor | null => (part.shape.length === 1 && part.shape[0] === tensor.shape[axis]
    ? { ...part, shape: tensor.shape.map((extent, at) => (at === axis ? extent : 1)), strides: tensor.shape.map((_, at) => (at === axis ? part.strides[0] ?? 1 : 1)) } : null);
  const [ownScale, ownZero] = [along(scales), along(zeros)];
  return ownScale === null || ownZero === null ? null : { ...meaning(tensor, 'float32', (numbers) => numbers), blocks: { scale: ownScale, zero: ownZero } };
}

/** `(storage, offset, size, stride, …)`; storages are `('storage', class, key, place, elements)`, or stand in the pickle as bytes. */
function viewOf(args: readonly PickleValue[], typed: boolean): TorchTensor | null {
  const [storage, offset, size, stride] = args;
  const saved = storage instanceof PickleCall ? savedStorage(storage) : storage instanceof PicklePersistent ? { id: storage.id } : null;
  if (saved === null || typeof offset !== 'number') return null;
  const [tag, kind, key, , count] = itemsOf(saved.id);
  if (tag !== 'storage' || typeof key !== 'string') return null;
  const type = typed ? (args[6] instanceof PickleGlobal ? storedType(args[6].name) : undefined) : storageType(kind);
  const shape = extents(size);
  const strides = extents(stride);
  if (type === undefined || shape === null || strides === null || shape.length !== strides.length || !Number.isSafeInteger(offset) || offset < 0) return null;
  const storageSize = typeof count === 'number' ? count : 0;
  const view = { storage: key, type, storageSize: typed ? Math.floor(storageSize / type.bytes) : storageSize, offset, shape, strides };
  return saved.bytes === undefined ? view : { ...view, storage: null, bytes: saved.bytes, storageSize: Math.min(view.storageSize, Math.floor(saved.bytes.length / type.bytes)) };
}

function extents(value: PickleValue | undefined): readonly number[] | null {
  const list = itemsOf(value).filter((extent): extent is number => typeof extent === 'number' && Number.isSafeInteger(extent) && extent >= 0);
  return list.length === itemsOf(value).length ? list : null;
}
