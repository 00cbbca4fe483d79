/** The entries of a trace as the recorder fills them: final when the iteration is. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Shape, TensorValue } from '../../tensor/value';
import { Failure } from '../../tensor/failure';
import type { AttributeValue, Op, Phase, TensorRole, TraceTensor } from '../trace';
import { free, readTensor } from './handles';

/** A tensor of a trace. It owns `tensor` until `release`. */
export class TensorRecord implements TraceTensor {
  gradientOf: { readonly tensor: number; readonly partial: boolean } | null = null;

  constructor(readonly id: number, readonly tensor: Tensor, public role: TensorRole, public writer: number) {}

  get dtype(): TraceTensor['dtype'] { return this.tensor.dtype; }
  get shape(): Shape { return this.tensor.shape; }

  read(): TensorValue {
    if (this.tensor.isDisposed) {
      throw new Failure('trace.released', `The values of tensor ${this.id} are no longer in memory, because the run has moved on or ended. Visit the iteration again to read them.`);
    }
    return readTensor(this.tensor);
  }

  release(): void { free(this.tensor); }
}

/** Where in an iteration a kernel runs: goes into each op. */
export interface Place { readonly phase: Phase; readonly layer: string | null; readonly call: number; readonly forwardOp: number | null; readonly weight: string | null }

/** An executed kernel. */
export class OpRecord implements Op {
  outputs: readonly number[] = [];
  #attributes: Op['attributes'] | undefined;

  constructor(
    readonly index: number, readonly kernel: string, readonly inputs: Readonly<Record<string, number>>,
    private readonly rawAttributes: Readonly<Record<string, unknown>> | undefined, public place: Place,
  ) {}

  get phase(): Phase { return this.place.phase; }
  get layer(): string | null { return this.place.layer; }
  get call(): number { return this.place.call; }
  get forwardOp(): number | null { return this.place.forwardOp; }
  get weight(): string | null { return this.place.weight; }

  /** Plain copies of the kernel's attributes, made when first asked for. */
  get attributes(): Op['attributes'] {
    return this.#attributes ??= Object.fromEntries(Object.entries(this.rawAttributes ?? {}).map(([name, value]) => [name, plain(value)]));
  }
}

/** An attribute as plain data; typed arrays become lists, functions disappear. */
function plain(value: unknown): AttributeValue {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float32Array, Number);
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plain(entry)]));
  return undefined;
}
