/** Holding tensors without copying: a handle is a second tensor on the same data, counted by the backend. */
import { Tensor, tensor as makeTensor } from '@tensorflow/tfjs-core';
import type { TensorValue } from '../../tensor/value';
import { internals } from './engine-state';

/** A new tensor on the data of `tensor`, in no scope and on no tape. Free it with `free`. */
export function hold(tensor: Tensor, backendName: string): Tensor {
  const engine = internals();
  const backend = engine.registry[backendName];
  if (backend === undefined) throw new Error(`The backend '${backendName}' has not been initialised.`);
  const { state } = engine;
  const { activeScope } = state;
  state.activeScope = null;
  try {
    backend.incRef(tensor.dataId);
    return engine.makeTensorFromDataId(tensor.dataId, tensor.shape, tensor.dtype, backend);
  } finally {
    state.activeScope = activeScope;
  }
}

/** Gives `tensor` other values of the same type and shape; whoever shares its old data keeps that. */
export function replaceData(tensor: Tensor, change: (values: Float32Array | Int32Array | Uint8Array) => void): void {
  const values = tensor.dataSync().slice();
  change(values);
  const fresh = makeTensor(values, tensor.shape, tensor.dtype);
  const held = tensor.dataId;
  tensor.dataId = fresh.dataId;
  fresh.dataId = held;
  free(fresh);
}

function ignore(): void { /* The owner frees it. */ }

/** Makes every `dispose` and `tidy` but the owner's `free` pass the tensor by. */
export function own(tensor: Tensor): void {
  tensor.dispose = ignore;
}

/** Disposes a tensor, owned or not; a second time does nothing. */
export function free(tensor: Tensor): void {
  Tensor.prototype.dispose.call(tensor);
}

/** Copies a tensor's values out of its backend. */
export function readTensor(tensor: Tensor): TensorValue {
  const values = internals().readSync(tensor.dataId);
  const shape = tensor.shape.slice();
  switch (tensor.dtype) {
    case 'int32': return { dtype: 'int32', shape, data: Int32Array.from(values) };
    case 'bool': return { dtype: 'bool', shape, data: Uint8Array.from(values) };
    default: return { dtype: 'float32', shape, data: values instanceof Float32Array ? values.slice() : Float32Array.from(values) };
  }
}
