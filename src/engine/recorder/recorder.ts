/**
 * Records one iteration: every kernel that runs inside its stretches becomes an op, and every tensor that a kernel reads or
 * writes is kept until the trace is released. Kernels that a registered kernel runs inside itself are part of it.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorRole } from '../trace';
import type { KernelCall, TapeNode } from './engine-state';
import { free, hold, own } from './handles';
import { OpRecord, TensorRecord } from './record';
import type { Place } from './record';
import { newScope, stretch } from './stretch';

/** Changes a tensor's data in place before anybody reads it (see `replaceData`). */
export type Overrides = ReadonlyMap<number, (tensor: Tensor) => void>;

const value: TensorRole = { kind: 'value' };
const constant: TensorRole = { kind: 'constant' };
/** Writer of a tensor that its kernel has saved for the backward pass and not yet returned. */
const pending = -2;

export class Recorder {
  readonly ops: OpRecord[] = [];
  readonly tensors = new Map<number, TensorRecord>();
  /** Nodes of the forward and loss phases, in order; `backward` walks them in reverse. */
  readonly tape: TapeNode[] = [];
  /** Where the kernels that run now belong. */
  place: Place = { phase: 'forward', layer: null, call: 0, forwardOp: null, weight: null };

  readonly #byTensor = new Map<number, TensorRecord>();
  readonly #data = new Set<object>();
  readonly #scope = newScope('backstep');
  readonly #hooks = {
    runKernelFunc: (call: KernelCall, original: (call: KernelCall) => Tensor | Tensor[]) => this.#run(call, original),
    clone: (tensor: Tensor) => this.#save(tensor),
  };
  #insideKernel = false;
  #bytes = 0;

  /** @param overrides values that take the place of recorded tensors, by the id that they will have: the same on every replay */
  constructor(readonly backend: string, private readonly overrides: Overrides = new Map()) {}

  /** Bytes of the distinct data that the recorded tensors keep alive. */
  get bytes(): number { return this.#bytes; }

  /** Runs a synchronous piece of the iteration. With `differentiate`, its steps go on the tape. */
  run<T>(differentiate: boolean, work: () => T): T {
    this.#insideKernel = false;
    return stretch({ backend: this.backend, tape: differentiate ? this.tape : null, scope: this.#scope, hooks: this.#hooks }, work);
  }

  /** Takes a tensor into the trace under a role; the trace owns it from then on. */
  adopt(tensor: Tensor, role: TensorRole): TensorRecord {
    return this.#byTensor.get(tensor.id) ?? this.#register(tensor, role, -1);
  }

  /** Takes a second handle on a tensor that lives on elsewhere (a weight, an optimizer slot) into the trace, and returns it. */
  borrow(tensor: Tensor, role: TensorRole): Tensor {
    const handle = hold(tensor, this.backend);
    this.#register(handle, role, -1);
    return handle;
  }

  /** The record of a tensor that the trace knows. */
  record(tensor: Tensor): TensorRecord | undefined { return this.#byTensor.get(tensor.id); }

  /** The record of any tensor; one that no kernel wrote is a constant. */
  idOf(tensor: Tensor): number { return (this.#byTensor.get(tensor.id) ?? this.#register(tensor, constant, -1)).id; }

  /** Frees what the iteration made and the trace does not keep, and forgets the tape. The recorded tensors stay. */
  finish(): void {
    for (const tensor of this.#scope.track) if (!this.#byTensor.has(tensor.id) && !tensor.isDisposed) free(tensor);
    this.#scope.track = [];
    this.tape.length = 0;
    this.#byTensor.clear();
    this.#data.clear();
  }

  /** Frees every tensor of the iteration. */
  release(): void {
    this.finish();
    for (const record of this.tensors.values()) record.release();
  }

  #register(tensor: Tensor, role: TensorRole, writer: number): TensorRecord {
    this.overrides.get(this.tensors.size)?.(tensor);
    own(tensor);
    const record = new TensorRecord(this.tensors.size, tensor, role, writer);
    this.tensors.set(record.id, record);
    this.#byTensor.set(tensor.id, record);
    if (!this.#data.has(tensor.dataId)) {
      this.#data.add(tensor.dataId);
      this.#bytes += tensor.size * (tensor.dtype === 'bool' ? 1 : 4);
    }
    return record;
  }

  #run(call: KernelCall, original: (call: KernelCall) => Tensor | Tensor[]): Tensor | Tensor[] {
    if (this.#insideKernel || call.kernelName === undefined) return original(call);
    const inputs: Record<string, number> = {};
    for (const name in call.inputs) {
      const input = call.inputs[name];
      if (input !== null && input !== undefined) inputs[name] = this.idOf(input);
    }
    const op = new OpRecord(this.ops.length, call.kernelName, inputs, call.attrs, this.place);
    this.#insideKernel = true;
    let result: Tensor | Tensor[];
    try {
      result = original(call);
    } finally {
      this.#insideKernel = false;
    }
    this.ops.push(op);
    op.outputs = Array.isArray(result) ? result.map((tensor) => this.#written(tensor, op.index)) : [this.#written(result, op.index)];
    return result;
  }

  /** Notes that op `writer` made `tensor`. An input that a kernel returns as it is keeps its own writer. */
  #written(tensor: Tensor, writer: number): number {
    const known = this.#byTensor.get(tensor.id);
    if (known === undefined) return this.#register(tensor, value, writer).id;
    if (known.writer === pending) known.writer = writer;
    return known.id;
  }

  /** What TensorFlow.js saves for the backward pass is kept by the trace anyway, so the tensor itself serves instead of a clone. */
  #save(tensor: Tensor): Tensor {
    if (!this.#byTensor.has(tensor.id)) this.#register(tensor, this.#insideKernel ? value : constant, this.#insideKernel ? pending : -1);
    return tensor;
  }
}
