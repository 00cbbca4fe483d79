/** Elements of less than a byte: several to a byte, the first in its lowest bits. https://onnx.ai/onnx/technical/int4.html */
import type { StoredType } from '../modules/tensor-types';

/** `values` by code. Decoding gives all elements of the bytes; what fills up the last byte is for the reader to leave out. */
const packed = (name: string, bits: 2 | 4, dtype: 'int8' | 'uint8' | 'float32', values: readonly number[]): StoredType => ({
  name, bytes: bits / 8, dtype, parts: 1,
  decode(bytes) {
    const each = 8 / bits, length = bytes.length * each;
    const data = dtype === 'int8' ? new Int8Array(length) : dtype === 'uint8' ? new Uint8Array(length) : new Float32Array(length);
    for (let index = 0; index < length; index += 1) data[index] = values[((bytes[Math.floor(index / each)] ?? 0) >> (bits * (index % each))) & (2 ** bits - 1)] ?? 0;
    return data;
  },
});
const codes = (bits: number, signed: boolean): number[] => Array.from({ length: 2 ** bits }, (_, code) => (signed && code >= 2 ** (bits - 1) ? code - 2 ** bits : code));
const small = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

export const packedTypes: ReadonlyMap<string, StoredType> = new Map([
  packed('uint4', 4, 'uint8', codes(4, false)), packed('int4', 4, 'int8', codes(4, true)), packed('uint2', 2, 'uint8', codes(2, false)), packed('int2', 2, 'int8', codes(2, true)),
  packed('float4_e2m1', 4, 'float32', [...small, ...small.map((value) => -value)]),
].map((type) => [type.name, type] as const));
