/** Reads tensors out of the backend once a stop: values stay at hand within a byte budget, the least recently used go first. */
import type { TraceTensor } from '../engine/trace';
import { Failure } from '../tensor/failure';
import type { TensorValue } from '../tensor/value';

export class TensorReader {
  private readonly values = new Map<TraceTensor, TensorValue>();
  private bytes = 0;

  constructor(private readonly budget = 64 * 2 ** 20) {}

  /** Forgets all values. */
  clear(): void {
    this.values.clear();
    this.bytes = 0;
  }

  /** @throws Failure `tensor.unreadable` for text and complex numbers, which have no picture and no arithmetic here. */
  read(tensor: TraceTensor): TensorValue {
    const known = this.values.get(tensor);
    if (known !== undefined) {
      this.values.delete(tensor);
      this.values.set(tensor, known);
      return known;
    }
    if (tensor.dtype === 'string' || tensor.dtype === 'complex64') {
      throw new Failure('tensor.unreadable', `A tensor of type ${tensor.dtype} cannot be shown as numbers.`);
    }
    const value = tensor.read();
    this.values.set(tensor, value);
    this.bytes += value.data.byteLength;
    for (const [oldest, { data }] of this.values) {
      if (this.bytes <= this.budget || oldest === tensor) break;
      this.values.delete(oldest);
      this.bytes -= data.byteLength;
    }
    return value;
  }
}
