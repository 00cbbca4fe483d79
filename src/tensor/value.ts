/** Tensor values apart from any backend: what files hold, what the panel shows, what .npy files keep. */

export type DType =
  | 'float16' | 'bfloat16' | 'float32' | 'float64'
  | 'int8' | 'int16' | 'int32' | 'int64'
  | 'uint8' | 'uint16' | 'uint32' | 'uint64'
  | 'bool';

/** Element storage. float16 and bfloat16 are widened to Float32Array when read; bool is one byte an element. */
export type NumericArray =
  | Float32Array | Float64Array
  | Int8Array | Int16Array | Int32Array | BigInt64Array
  | Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

export type Shape = readonly number[];

/** A dense tensor in row-major order; `data.length` equals the product of `shape`. */
export interface TensorValue {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: NumericArray;
}

/** Number of elements of a shape; a scalar's shape `[]` has one. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
