/** Reading a PyTorch tensor out of its storage: only the bytes between its first and last element, in row-major order whatever its strides. */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { NumericArray, TensorValue } from '../../tensor/value';
import { shownShape } from '../modules/tensor-types';
import { describeBytes } from '../containers/zip';
import type { TorchTensor } from './tensors';

/** An expanded view (stride 0) may be this much larger than its storage. */
const maximalExpanded = 64 * 2 ** 20;

/** `read` gives bytes of the storage. @throws Failure when the view reaches beyond its storage. */
export async function readView(tensor: TorchTensor, what: string, bigEndian: boolean, read: (offset: number, length: number) => Promise<Uint8Array>): Promise<TensorValue> {
  const { type, shape, strides, offset, storageSize } = tensor;
  const shown = shownShape(type, shape);
  const count = sizeOf(shape);
  if (count === 0) return { dtype: type.dtype, shape: shown, data: type.decode(new Uint8Array(0), bigEndian) };
  const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * (strides[axis] ?? 0), 0);
  const span = last + 1;
  if (!Number.isSafeInteger(offset + span) || offset + span > storageSize) {
    throw new Failure('torch.view', `${what} of shape (${shape.join(', ')}) reaches beyond its storage of ${storageSize} elements.`);
  }
  if (count > span && count * type.bytes > maximalExpanded) throw new Failure('torch.view', `${what} of shape (${shape.join(', ')}) repeats few elements up to ${describeBytes(count * type.bytes)}; it is not unrolled.`);
  const data = type.decode(await read(offset * type.bytes, span * type.bytes), bigEndian);
  return { dtype: type.dtype, shape: shown, data: gather(data, shape, strides, type.parts) };
}

/** Quantised elements with the scale and the zero of their block. */
export function byBlock({ dtype, shape, data }: TensorValue, scale: TensorValue, zero: TensorValue | null): TensorValue {
  const places = (part: TensorValue): ((index: number) => number) => {
    const sizes = shape.map((extent, axis) => extent / (part.shape[axis] ?? 1));
    return (index) => {
      let rest = index, place = 0, step = 1;
      for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
        const extent = shape[axis] ?? 1;
        place += Math.floor((rest % extent) / (sizes[axis] ?? 1)) * step;
        step *= part.shape[axis] ?? 1;
        rest = Math.floor(rest / extent);
      }
      return place;
    };
  };
  const [scaleAt, zeroAt] = [places(scale), zero === null ? null : places(zero)];
  return { dtype, shape, data: Float32Array.from({ length: data.length }, (_, index) => Number(scale.data[scaleAt(index)]) * (Number(data[index]) - (zero === null || zeroAt === null ? 0 : Number(zero.data[zeroAt(index)])))) };
}

function gather(data: NumericArray, shape: readonly number[], strides: readonly number[], parts: number): NumericArray {
  const count = sizeOf(shape);
  let expected = 1;
  let dense = true;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    if (shape[axis] !== 1 && strides[axis] !== expected) dense = false;
    expected *= shape[axis] ?? 1;
  }
  if (dense) return data;
  // All arrays of numbers are indexed alike; the cast only picks one for the compiler.
  const source = data as Float32Array;
  const target = new (source.constructor as Float32ArrayConstructor)(count * parts);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < count; to += 1) {
    for (let part = 0; part < parts; part += 1) target[to * parts + part] = source[from * parts + part] as number;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const next = (index[axis] ?? 0) + 1;
      const stride = strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) { index[axis] = next; from += stride; break; }
      index[axis] = 0;
      from -= stride * (next - 1);
    }
  }
  return target;
}
