/** Element types of tensors in files, with those that Backstep shows as another type: complex numbers and 8-bit floats. */
import { bytesPerElement, decodeElements } from '../../tensor/elements';
import type { DType, NumericArray } from '../../tensor/value';

/** How elements lie in a file, and as what they are shown. */
export interface StoredType {
  readonly name: string;
  /** Bytes of an element in the file. */
  readonly bytes: number;
  readonly dtype: DType;
  /** 2 for complex numbers, which get one more axis: real and imaginary part. */
  readonly parts: 1 | 2;
  decode(bytes: Uint8Array, bigEndian: boolean): NumericArray;
}

const plain = (name: DType): StoredType => ({ name, bytes: bytesPerElement[name], dtype: name, parts: 1, decode: (bytes, bigEndian) => decodeElements(bytes, name, bigEndian) });
const complex = (name: string, part: DType): StoredType => ({ name, bytes: 2 * bytesPerElement[part], dtype: part, parts: 2, decode: (bytes, bigEndian) => decodeElements(bytes, part, bigEndian) });

/** An 8-bit float with `exponent` bits of exponent; `finite` types have no infinity and a NaN only where all bits are set. */
const eight = (name: string, exponent: number, finite: boolean): StoredType => {
  const fractionBits = 7 - exponent;
  const bias = 2 ** (exponent - 1) - 1;
  const table = Float32Array.from({ length: 256 }, (_, code) => {
    const sign = code & 0x80 ? -1 : 1;
    const power = (code >> fractionBits) & (2 ** exponent - 1);
    const fraction = (code & (2 ** fractionBits - 1)) / 2 ** fractionBits;
    if (finite ? (code & 0x7f) === 0x7f : power === 2 ** exponent - 1) return !finite && fraction === 0 ? sign * Infinity : NaN;
    return power === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (power - bias);
  });
  return { name, bytes: 1, dtype: 'float32', parts: 1, decode: (bytes) => Float32Array.from(bytes, (code) => table[code] ?? NaN) };
};

/** The kinds of other vendors: one zero, no infinity, NaN in the place of minus zero, and a bias larger by one. */
const unsigned = (name: string, exponent: number): StoredType => {
  const fractionBits = 7 - exponent;
  const bias = 2 ** (exponent - 1);
  const table = Float32Array.from({ length: 256 }, (_, code) => {
    const power = (code & 0x7f) >> fractionBits;
    const fraction = (code & (2 ** fractionBits - 1)) / 2 ** fractionBits;
    return code === 0x80 ? NaN : (code & 0x80 ? -1 : 1) * (power === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (power - bias));
  });
  return { name, bytes: 1, dtype: 'float32', parts: 1, decode: (bytes) => Float32Array.from(bytes, (code) => table[code] ?? NaN) };
};
/** Powers of two, the scales of microscaling formats (OCP MX). */
const scales: StoredType = { name: 'float8_e8m0fnu', bytes: 1, dtype: 'float32', parts: 1, decode: (bytes) => Float32Array.from(bytes, (code) => (code === 255 ? NaN : 2 ** (code - 127))) };

/** Two 4-bit floats in a byte, the lower half first (OCP MX): sign, two bits of exponent, one of fraction. */
const four: StoredType = { name: 'float4_e2m1fn_x2', bytes: 1, dtype: 'float32', parts: 2, decode: (bytes) => {
  const sizes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
  return Float32Array.from({ length: 2 * bytes.length }, (_, index) => {
    const code = ((bytes[index >> 1] ?? 0) >> (index % 2 === 0 ? 0 : 4)) & 15;
    return (code & 8 ? -1 : 1) * (sizes[code & 7] ?? 0);
  });
} };

const all = [
  ...(['float16', 'bfloat16', 'float32', 'float64', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'bool'] as const).map(plain),
  complex('complex32', 'float16'), complex('complex64', 'float32'), complex('complex128', 'float64'),
  eight('float8_e4m3fn', 4, true), eight('float8_e5m2', 5, false), unsigned('float8_e4m3fnuz', 4), unsigned('float8_e5m2fnuz', 5), scales, four,
];
const byName = new Map(all.map((type) => [type.name, type]));

/** The type of that name (NumPy's and PyTorch's names: `float32`, `bfloat16`, `float8_e4m3fn`), or undefined. */
export function storedType(name: string): StoredType | undefined {
  return byName.get(name);
}

/** The shape under which a tensor of a type is shown. */
export function shownShape(type: StoredType, shape: readonly number[]): readonly number[] {
  return type.parts === 1 ? shape : [...shape, 2];
}
