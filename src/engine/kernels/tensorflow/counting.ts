/** DenseBincount on tensorflow: the native kernel, for which tfjs-node has no entry. */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import { withConstant } from './native';
import type { Native } from './native';

export const denseBincount: KernelFunc = ({ inputs, backend, attrs }) => {
  const { x, weights } = inputs;
  if (x === undefined || weights === undefined) throw new Error('DenseBincount needs the inputs "x" and "weights".');
  const native = backend as Native;
  const { TF_ATTR_TYPE: type, TF_ATTR_BOOL: bool, TF_FLOAT, TF_INT32 } = native.binding;
  const { size, binaryOutput = false } = (attrs ?? {}) as { size?: number; binaryOutput?: boolean };
  const attributes = [{ name: 'Tidx', type, value: TF_INT32 }, { name: 'T', type, value: weights.dtype === 'int32' ? TF_INT32 : TF_FLOAT }, { name: 'binary_output', type: bool, value: binaryOutput }];
  return withConstant(native, Int32Array.of(size ?? 0), [], (count) => native.executeSingleOutput('DenseBincount', attributes, [x, count, weights]));
};
