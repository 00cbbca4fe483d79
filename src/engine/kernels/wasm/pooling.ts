/** Pooling kernels that the stock wasm backend gets wrong: MaxPoolGrad where a window has no positive value, MaxPool3D, averages with padding. */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import { outputExtents, pooling2, pooling3 } from '../geometry';
import type { Geometry } from '../geometry';
import { inputOf, onHeap } from './shared';

type Geometries = (shape: readonly number[], attrs: Parameters<typeof pooling2>[1]) => Geometry;

const threeD = (kernel: string): Geometries => (shape, attrs) => pooling3(kernel, shape, attrs);

const maxPool3 = onHeap((heap, parameters) => {
  const x = inputOf(parameters, 'x');
  const geometry = pooling3('MaxPool3D', x.shape, parameters.attrs);
  const { batch, depth, height, width } = outputExtents(geometry);
  const record = heap.geometry(geometry);
  const y = heap.output([batch, depth, height, width, x.shape[4] ?? 1]);
  heap.assembly.maxPool(heap.pointer(x), heap.pointer(y), record);
  return y;
});

/** The gradient of a window goes to its first largest element. */
function maxPoolGradient(geometries: Geometries): KernelFunc {
  return onHeap((heap, parameters) => {
    const dy = inputOf(parameters, 'dy'), x = inputOf(parameters, 'input');
    const geometry = heap.geometry(geometries(x.shape, parameters.attrs));
    const dx = heap.output(x.shape);
    heap.assembly.maxPoolGradient(heap.pointer(x), heap.pointer(dy), heap.pointer(dx), geometry);
    return dx;
  });
}

/** The gradient of a window is shared by its elements inside the image; padding takes no part, as in the forward pass. */
function averagePoolGradient(geometries: Geometries): KernelFunc {
  return onHeap((heap, parameters) => {
    const dy = inputOf(parameters, 'dy'), x = inputOf(parameters, 'input');
    const geometry = heap.geometry(geometries(x.shape, parameters.attrs));
    const dx = heap.output(x.shape);
    heap.assembly.averagePoolGradient(heap.pointer(dy), heap.pointer(dx), geometry);
    return dx;
  });
}

export const poolingKernels: Readonly<Record<string, KernelFunc>> = {
  MaxPool3D: maxPool3,
  MaxPoolGrad: maxPoolGradient(pooling2),
  MaxPool3DGrad: maxPoolGradient(threeD('MaxPool3DGrad')),
  AvgPoolGrad: averagePoolGradient(pooling2),
  AvgPool3DGrad: averagePoolGradient(threeD('AvgPool3DGrad')),
};
