/** NumPy's arrays and scalars in pickles, whose bytes stand in the pickle itself. */
import { PickleCall, itemsOf } from './pickle';
import type { PickleValue } from './pickle';
import { bytesOf } from './saved-storage';
import { storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';
import type { TorchTensor } from './tensors';

const makers = /^numpy\.(_?core)\.(multiarray\._reconstruct|numeric\._frombuffer)$/;
const types: Readonly<Record<string, string>> = {
  f2: 'float16', f4: 'float32', f8: 'float64', i1: 'int8', i2: 'int16', i4: 'int32', i8: 'int64', u1: 'uint8', u2: 'uint16', u4: 'uint32', u8: 'uint64', b1: 'bool', c8: 'complex64', c16: 'complex128',
};

/** True for a call that makes an array. */
export const isNumpyArray = ({ path }: PickleCall): boolean => makers.test(path);

/** The array that a call makes; null when its elements are no numbers (see `objectsOf`). */
export function numpyArray(call: PickleCall): TorchTensor | null {
  // _frombuffer(bytes, dtype, shape, 'C'), of protocol 5; else __setstate__((version, shape, dtype, is Fortran, bytes)).
  const args = itemsOf(call.args);
  const [data, dtype, size, fortran] = call.path.endsWith('_frombuffer') ? [args[0], args[1], args[2], args[3] === 'F'] : (([, shape, type, order, bytes]) => [bytes, type, shape, order === true])(itemsOf(call.state));
  const element = dtype instanceof PickleCall ? elementOf(dtype) : null;
  const bytes = bytesOf(data);
  const shape = itemsOf(size).filter((extent): extent is number => typeof extent === 'number' && Number.isSafeInteger(extent) && extent >= 0);
  if (element === null || bytes === null || shape.length !== itemsOf(size).length) return null;
  const strides = shape.map((_, axis) => (fortran === true ? shape.slice(0, axis) : shape.slice(axis + 1)).reduce((all, extent) => all * extent, 1));
  return { storage: null, type: element.type, storageSize: Math.floor(bytes.length / element.type.bytes), offset: 0, shape, strides, bytes, bigEndian: element.bigEndian };
}

/** Elements of an array of Python objects: a list; of one without axes, the object itself. */
export function objectsOf(call: PickleCall): PickleValue {
  const [, shape, , , list] = itemsOf(call.state);
  return Array.isArray(list) ? (itemsOf(shape).length === 0 ? list[0] ?? null : list) : null;
}

/** `numpy.dtype('f4', …)` with the state `(3, '<', …)`. */
function elementOf(dtype: PickleCall): { readonly type: StoredType; readonly bigEndian: boolean } | null {
  const [name] = itemsOf(dtype.args);
  const type = dtype.path === 'numpy.dtype' && typeof name === 'string' && Object.hasOwn(types, name) ? storedType(types[name] ?? '') : undefined;
  return type === undefined ? null : { type, bigEndian: itemsOf(dtype.state)[1] === '>' };
}
