/** Elements of tensors as raw bytes: every dtype, both byte orders, half precision widened to float32. */
import type { DType, NumericArray } from './value';

/** Bytes that one element takes in a file. */
export const bytesPerElement: Readonly<Record<DType, number>> = {
  float16: 2, bfloat16: 2, float32: 4, float64: 8,
  int8: 1, int16: 2, int32: 4, int64: 8,
  uint8: 1, uint16: 2, uint32: 4, uint64: 8,
  bool: 1,
};

type Make = (source: ArrayBuffer | number) => NumericArray;
const arrays: Readonly<Record<DType, Make>> = {
  float16: (source) => new Uint16Array(source as ArrayBuffer), bfloat16: (source) => new Uint16Array(source as ArrayBuffer),
  float32: (source) => new Float32Array(source as ArrayBuffer), float64: (source) => new Float64Array(source as ArrayBuffer),
  int8: (source) => new Int8Array(source as ArrayBuffer), int16: (source) => new Int16Array(source as ArrayBuffer),
  int32: (source) => new Int32Array(source as ArrayBuffer), int64: (source) => new BigInt64Array(source as ArrayBuffer),
  uint8: (source) => new Uint8Array(source as ArrayBuffer), uint16: (source) => new Uint16Array(source as ArrayBuffer),
  uint32: (source) => new Uint32Array(source as ArrayBuffer), uint64: (source) => new BigUint64Array(source as ArrayBuffer),
  bool: (source) => new Uint8Array(source as ArrayBuffer),
};

const bits = new DataView(new ArrayBuffer(4));

/** The number that IEEE 754 half-precision `half` (16 bits) stands for. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest half-precision number, ties to even, as 16 bits. */
export function toHalf(value: number): number {
  bits.setFloat32(0, value);
  const sign = (bits.getUint32(0) >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below the smallest normal number the step is 2^-24; above, it is 2^-10 of the power of two below.
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent -= 1;
  return sign | (((exponent + 15) << 10) + roundToEven((magnitude / 2 ** exponent - 1) * 1024));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function fromBfloat16(half: number): number {
  bits.setUint32(0, half << 16);
  return bits.getFloat32(0);
}

function toBfloat16(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  if (Number.isNaN(value)) return 0x7fc0;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Copies `bytes` into a typed array of `dtype` (half precision as float32). `bytes.length` must be a multiple of the element size. */
export function decodeElements(bytes: Uint8Array, dtype: DType, bigEndian = false): NumericArray {
  const width = bytesPerElement[dtype];
  // Not `bytes.slice()`: a Node Buffer would give a view of the same memory.
  const copy = new Uint8Array(bytes);
  if (bigEndian) reverseElements(copy, width);
  const raw = arrays[dtype](copy.buffer);
  if (dtype === 'float16') return Float32Array.from(raw as Uint16Array, fromHalf);
  if (dtype === 'bfloat16') return Float32Array.from(raw as Uint16Array, fromBfloat16);
  return raw;
}

/** The little-endian bytes of `data` stored as `dtype`; a view where the memory is right already. */
export function encodeElements(data: NumericArray, dtype: DType): Uint8Array {
  if (dtype === 'float16') return encodeElements(Uint16Array.from(data as Float32Array, toHalf), 'uint16');
  if (dtype === 'bfloat16') return encodeElements(Uint16Array.from(data as Float32Array, toBfloat16), 'uint16');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function reverseElements(bytes: Uint8Array, width: number): void {
  if (width === 1) return;
  for (let start = 0; start + width <= bytes.length; start += width) bytes.subarray(start, start + width).reverse();
}
