/** Which examples an iteration sees, and their tensors. A function of the seed and the iteration, so that replay needs no memory. */
import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorValue } from '../tensor/value';
import { sizeOf } from '../tensor/value';
import type { Dataset } from './data/dataset';
import { createRandom } from './data/random';

export interface Batch { readonly epoch: number; readonly index: number; readonly size: number; readonly rows: Int32Array }

export class Batches {
  readonly perEpoch: number;
  #order: { readonly epoch: number; readonly rows: Int32Array } | null = null;

  /** The last batch of an epoch is smaller when the examples do not divide, as in Keras. */
  constructor(readonly examples: number, readonly size: number, private readonly shuffle: boolean, private readonly seed: number) {
    this.perEpoch = Math.ceil(examples / size);
  }

  at(iteration: number): Batch {
    const epoch = Math.floor(iteration / this.perEpoch);
    const index = iteration % this.perEpoch;
    if (this.#order?.epoch !== epoch) this.#order = { epoch, rows: this.#orderOf(epoch) };
    const rows = this.#order.rows.subarray(index * this.size, Math.min((index + 1) * this.size, this.examples));
    return { epoch, index, size: rows.length, rows };
  }

  /** The examples in order, or shuffled by Fisher and Yates from the seed and the epoch. */
  #orderOf(epoch: number): Int32Array {
    const rows = Int32Array.from({ length: this.examples }, (_, row) => row);
    if (!this.shuffle) return rows;
    const random = createRandom(this.seed, 'shuffle', epoch);
    for (let i = rows.length - 1; i > 0; i -= 1) {
      const j = random.integer(i + 1);
      const kept = rows[i] ?? 0;
      rows[i] = rows[j] ?? 0;
      rows[j] = kept;
    }
    return rows;
  }
}

/** The rows of a batch as a tensor of the current backend: int32 stays int32, everything else is float32. */
export function batchTensor(value: TensorValue, { rows }: Batch): Tensor {
  const shape = [rows.length, ...value.shape.slice(1)];
  const stride = sizeOf(value.shape.slice(1));
  const integer = value.dtype === 'int32';
  const data = integer ? new Int32Array(rows.length * stride) : new Float32Array(rows.length * stride);
  const source = value.data;
  if (source instanceof BigInt64Array || source instanceof BigUint64Array) throw new Error('A data set holds 64-bit integers.');
  rows.forEach((row, i) => data.set(source.subarray(row * stride, (row + 1) * stride), i * stride));
  return tensor(data, shape, integer ? 'int32' : 'float32');
}

/** All examples of a data set by name, of one batch. */
export function batchOf(dataset: Pick<Dataset, 'inputs' | 'labels'>, batch: Batch): { inputs: Record<string, Tensor>; labels: Record<string, Tensor> } {
  const gather = (values: Readonly<Record<string, TensorValue>>): Record<string, Tensor> => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, batchTensor(value, batch)]));
  return { inputs: gather(dataset.inputs), labels: gather(dataset.labels) };
}
