/** Gradients of convolutions on wasm, in one and the same code for one, two and three spatial dimensions. */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import { convolution2, convolution3 } from '../geometry';
import type { Geometry } from '../geometry';
import { inputOf, onHeap } from './shared';

type Shape = readonly number[];
type Geometries = (kernel: string, xShape: Shape, filterShape: Shape, attrs: Parameters<typeof convolution2>[3]) => Geometry;

/** Attribute that holds a shape. */
const shapeAttribute = (attrs: object | undefined, name: string): Shape => ((attrs ?? {}) as Readonly<Record<string, Shape>>)[name] ?? [];

/** Gradient with respect to the filter; missing in the stock backend (2-D) or slow (3-D). */
function filterGradient(kernel: string, geometries: Geometries): KernelFunc {
  return onHeap((heap, parameters) => {
    const x = inputOf(parameters, 'x'), dy = inputOf(parameters, 'dy');
    const filterShape = shapeAttribute(parameters.attrs, 'filterShape');
    const geometry = heap.geometry(geometries(kernel, x.shape, filterShape, parameters.attrs));
    const scratch = heap.scratch(heap.assembly.filterGradientScratch(geometry));
    const dw = heap.output(filterShape);
    heap.assembly.filterGradient(heap.pointer(x), heap.pointer(dy), heap.pointer(dw), scratch, geometry);
    return dw;
  });
}

/** Gradient with respect to the input, which is also the forward pass of a transposed convolution. */
function inputGradient(kernel: string, geometries: Geometries): KernelFunc {
  return onHeap((heap, parameters) => {
    const dy = inputOf(parameters, 'dy'), filter = inputOf(parameters, 'filter');
    const inputShape = shapeAttribute(parameters.attrs, 'inputShape');
    const geometry = heap.geometry(geometries(kernel, inputShape, filter.shape, parameters.attrs));
    const scratch = heap.scratch(heap.assembly.inputGradientScratch(geometry));
    const dx = heap.output(inputShape);
    heap.assembly.inputGradient(heap.pointer(dy), heap.pointer(filter), heap.pointer(dx), scratch, geometry);
    return dx;
  });
}

/** Gradients of a depthwise convolution; the stock backend has neither. */
const depthwiseFilterGradient = onHeap((heap, parameters) => {
  const x = inputOf(parameters, 'x'), dy = inputOf(parameters, 'dy');
  const filterShape = shapeAttribute(parameters.attrs, 'filterShape');
  const geometry = heap.geometry(convolution2('DepthwiseConv2dNativeBackpropFilter', x.shape, filterShape, parameters.attrs, true));
  const scratch = heap.scratch(heap.assembly.depthwiseScratch(geometry));
  const dw = heap.output(filterShape);
  heap.assembly.depthwiseFilterGradient(heap.pointer(x), heap.pointer(dy), heap.pointer(dw), scratch, geometry);
  return dw;
});

const depthwiseInputGradient = onHeap((heap, parameters) => {
  const dy = inputOf(parameters, 'dy'), filter = inputOf(parameters, 'filter');
  const inputShape = shapeAttribute(parameters.attrs, 'inputShape');
  const geometry = heap.geometry(convolution2('DepthwiseConv2dNativeBackpropInput', inputShape, filter.shape, parameters.attrs, true));
  const scratch = heap.scratch(heap.assembly.depthwiseScratch(geometry));
  const dx = heap.output(inputShape);
  heap.assembly.depthwiseInputGradient(heap.pointer(dy), heap.pointer(filter), heap.pointer(dx), scratch, geometry);
  return dx;
});

export const convolutionKernels: Readonly<Record<string, KernelFunc>> = {
  Conv2DBackpropFilter: filterGradient('Conv2DBackpropFilter', convolution2),
  Conv2DBackpropInput: inputGradient('Conv2DBackpropInput', convolution2),
  Conv3DBackpropFilterV2: filterGradient('Conv3DBackpropFilterV2', convolution3),
  Conv3DBackpropInputV2: inputGradient('Conv3DBackpropInputV2', convolution3),
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGradient,
};
