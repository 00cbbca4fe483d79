/** Gradients of image resizing on tensorflow: tfjs-node leaves out half-pixel centres, which the native kernels know. */
import type { backend_util } from '@tensorflow/tfjs-core';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

/** tfjs-node's backend, as far as it is used here. */
interface Native {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_ATTR_BOOL: number; readonly TF_FLOAT: number };
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly TensorInfo[]): TensorInfo;
  write(values: backend_util.BackendValues, shape: number[], dtype: TensorInfo['dtype']): object;
  disposeData(dataId: object): boolean;
}

const gradient = (name: string, second: (images: TensorInfo, native: Native, run: (input: TensorInfo) => TensorInfo) => TensorInfo): KernelFunc => ({ inputs, backend, attrs }) => {
  const { images, dy } = inputs;
  if (images === undefined || dy === undefined) throw new Error(`${name} needs the inputs "images" and "dy".`);
  const native = backend as Native;
  const { TF_ATTR_TYPE: type, TF_ATTR_BOOL: bool, TF_FLOAT: value } = native.binding;
  const { alignCorners = false, halfPixelCenters = false } = (attrs ?? {}) as { alignCorners?: boolean; halfPixelCenters?: boolean };
  const attributes = [{ name: 'T', type, value }, { name: 'align_corners', type: bool, value: alignCorners }, { name: 'half_pixel_centers', type: bool, value: halfPixelCenters }];
  return second(images, native, (input) => native.executeSingleOutput(name, attributes, [dy, input]));
};

export const resizingKernels: Readonly<Record<string, KernelFunc>> = {
  ResizeBilinearGrad: gradient('ResizeBilinearGrad', (images, _native, run) => run(images)),
  ResizeNearestNeighborGrad: gradient('ResizeNearestNeighborGrad', ({ shape }, native, run) => {
    const size = native.write(Int32Array.from(shape.slice(1, 3)), [2], 'int32');
    try {
      return run({ dataId: size, shape: [2], dtype: 'int32' });
    } finally {
      native.disposeData(size);
    }
  }),
};
