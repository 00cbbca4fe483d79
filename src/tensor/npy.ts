/** NumPy's .npy files: reading (versions 1 to 3, both byte orders, Fortran order) and writing. */
import { bytesPerElement, decodeElements, encodeElements } from './elements';
import { Failure } from './failure';
import { sizeOf } from './value';
import type { DType, NumericArray, Shape, TensorValue } from './value';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const maximalHeader = 1 << 20;

/** dtype by NumPy's kind and width: `f4`, `i8`, `b1`. */
const kinds: Readonly<Record<string, DType>> = {
  f2: 'float16', f4: 'float32', f8: 'float64',
  i1: 'int8', i2: 'int16', i4: 'int32', i8: 'int64',
  u1: 'uint8', u2: 'uint16', u4: 'uint32', u8: 'uint64',
  b1: 'bool',
};
const descriptors: Readonly<Record<DType, string>> = {
  float16: '<f2', bfloat16: '<f4', float32: '<f4', float64: '<f8',
  int8: '|i1', int16: '<i2', int32: '<i4', int64: '<i8',
  uint8: '|u1', uint16: '<u2', uint32: '<u4', uint64: '<u8',
  bool: '|b1',
};

export interface NpyHeader { readonly dtype: DType; readonly bigEndian: boolean; readonly fortranOrder: boolean; readonly shape: Shape; readonly dataStart: number }

/** Reads the header of a .npy file from its first bytes. `what` names the file in errors. @throws Failure `npy.*` */
export function readNpyHeader(bytes: Uint8Array, what: string): NpyHeader {
  if (bytes.length < 10 || magic.some((byte, index) => bytes[index] !== byte)) {
    throw new Failure('npy.kind', `${what} is not a NumPy array file: it does not begin with the .npy signature.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) throw new Failure('npy.version', `${what} is a .npy file of version ${version}; versions 1 to 3 can be read.`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw new Failure('npy.truncated', `${what} ends inside its .npy header.`);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maximalHeader) throw new Failure('npy.header', `${what} claims a .npy header of ${length} bytes, more than ${maximalHeader}.`);
  if (bytes.length < start + length) throw new Failure('npy.truncated', `${what} ends inside its .npy header (${bytes.length} of ${start + length} bytes).`);
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(start, start + length));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const extents = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  if (descr === undefined) throw new Failure('npy.dtype', `${what} holds records or objects; only arrays of numbers can be read.`);
  if (order === undefined || extents === undefined) throw new Failure('npy.header', `${what} has a .npy header that cannot be understood.`);
  const dtype = kinds[descr.slice(1)];
  if (dtype === undefined || !'<>|='.includes(descr.charAt(0))) throw new Failure('npy.dtype', `${what} holds elements of NumPy type ${descr}; only numbers and booleans can be read.`);
  const shape = extents.split(',').map((part) => part.trim().replace(/L$/, '')).filter((part) => part !== '').map(Number);
  if (shape.some((extent) => !Number.isSafeInteger(extent))) throw new Failure('npy.header', `${what} has a shape with an extent that is not a number: (${extents}).`);
  return { dtype, bigEndian: descr.startsWith('>'), fortranOrder: order === 'True', shape, dataStart: start + length };
}

/** Reads a .npy file; the value is in row-major order whatever the file's order. `what` names the file in errors. @throws Failure `npy.*` */
export function readNpy(bytes: Uint8Array, what = 'The array'): TensorValue {
  const header = readNpyHeader(bytes, what);
  const size = sizeOf(header.shape) * bytesPerElement[header.dtype];
  const present = bytes.length - header.dataStart;
  if (!(size <= present)) {
    throw new Failure('npy.truncated', `${what} is incomplete: shape (${header.shape.join(', ')}) of ${header.dtype} needs ${size} bytes, the file has ${present}.`);
  }
  const data = decodeElements(bytes.subarray(header.dataStart, header.dataStart + size), header.dtype, header.bigEndian);
  return { dtype: header.dtype, shape: header.shape, data: header.fortranOrder ? toRowMajor(data, header.shape) : data };
}

/** The .npy file (version 1, little endian, row-major) of a value; bfloat16, which NumPy lacks, is written as float32. */
export function writeNpy(value: TensorValue): Uint8Array {
  const shape = value.shape.length === 1 ? `(${value.shape[0]},)` : `(${value.shape.join(', ')})`;
  const text = `{'descr': '${descriptors[value.dtype]}', 'fortran_order': False, 'shape': ${shape}, }`;
  // The data must begin at a multiple of 64 bytes; the header ends with a line feed.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = new TextEncoder().encode(text.padEnd(length - 1) + '\n');
  const data = encodeElements(value.data, value.dtype === 'bfloat16' ? 'float32' : value.dtype);
  const file = new Uint8Array(10 + length + data.length);
  file.set(magic, 0);
  file.set([1, 0, length & 0xff, length >> 8], 6);
  file.set(header, 10);
  file.set(data, 10 + length);
  return file;
}

/** Copies an array whose first axis runs fastest into one whose last axis runs fastest. */
function toRowMajor(data: NumericArray, shape: Shape): NumericArray {
  if (shape.length < 2 || data.length === 0) return data;
  const source = data as Float32Array;
  const target = source.slice();
  const index = new Array<number>(shape.length).fill(0);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  let from = 0;
  for (let to = 0; to < target.length; to += 1) {
    target[to] = source[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const extent = shape[axis] as number;
      const stride = strides[axis] as number;
      const next = (index[axis] as number) + 1;
      if (next < extent) { index[axis] = next; from += stride; break; }
      index[axis] = 0;
      from -= stride * (extent - 1);
    }
  }
  return target;
}
