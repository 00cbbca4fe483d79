/** Gradients of image resizing on tensorflow: tfjs-node leaves out half-pixel centres, which the native kernels know. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { withConstant } from './native';
import type { Native } from './native';

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
  ResizeNearestNeighborGrad: gradient('ResizeNearestNeighborGrad', ({ shape }, native, run) => withConstant(native, Int32Array.from(shape.slice(1, 3)), [2], run)),
};
