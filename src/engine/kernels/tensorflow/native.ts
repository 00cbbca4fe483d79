/** tfjs-node's backend as kernels of our own use it. */
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

/** tfjs-node's backend, as far as it is used here. */
export interface Native {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_ATTR_BOOL: number; readonly TF_FLOAT: number; readonly TF_INT32: number };
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly TensorInfo[]): TensorInfo;
  write(values: backend_util.BackendValues, shape: number[], dtype: TensorInfo['dtype']): object;
  disposeData(dataId: object): boolean;
}

/** Runs with an int32 tensor that exists for this long. */
export function withConstant(native: Native, values: Int32Array, shape: number[], run: (constant: TensorInfo) => TensorInfo): TensorInfo {
  const dataId = native.write(values, shape, 'int32');
  try {
    return run({ dataId, shape, dtype: 'int32' });
  } finally {
    native.disposeData(dataId);
  }
}
