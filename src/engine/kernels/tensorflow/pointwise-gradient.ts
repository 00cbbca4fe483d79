/**
 * The filter gradient of a 1x1 convolution with strides on tensorflow: oneDNN's kernel writes beyond its memory when the strides leave
 * the last row or column out (TensorFlow 2.21, `corrupted size vs. prev_size`). Only every stride-th pixel counts for such a
 * convolution, so they are taken out first, and the stock kernel sees strides of 1.
 */
import type { KernelBackend, KernelFunc, NamedAttrMap } from '@tensorflow/tfjs-core';
import { Steps } from '../steps';

const shapeOf = (attrs: NamedAttrMap, name: string): readonly number[] => {
  const value = attrs[name];
  return Array.isArray(value) ? value.map(Number) : [];
};

/** Whether this is the filter gradient of a 1x1 convolution with strides, channels last. */
export function isStridedPointwise(attrs: NamedAttrMap): boolean {
  const [height, width] = shapeOf(attrs, 'filterShape');
  return height === 1 && width === 1 && attrs.dataFormat !== 'NCHW' && shapeOf(attrs, 'strides').some((stride) => stride > 1);
}

export const stridedPointwiseGradient = (stock: KernelFunc): KernelFunc => (parameters) => {
  const { inputs: { x, dy }, backend } = parameters;
  const attrs = parameters.attrs ?? {};
  if (x === undefined || dy === undefined) return stock(parameters);
  const [batch = 0, , , channels = 0] = x.shape;
  const [, height = 0, width = 0] = dy.shape;
  const [down = 1, across = 1] = shapeOf(attrs, 'strides');
  const steps = new Steps('tensorflow', backend as KernelBackend);
  const pixels = steps.run('StridedSlice', { x }, {
    begin: [0, 0, 0, 0], end: [batch, (height - 1) * down + 1, (width - 1) * across + 1, channels], strides: [1, down, across, 1],
    beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0,
  });
  const [gradient] = [stock({ inputs: { x: pixels, dy }, backend, attrs: { ...attrs, strides: [1, 1], pad: 'valid' } })].flat();
  if (gradient === undefined) throw new Error('Conv2DBackpropFilter gave no output.');
  return steps.finish(gradient, []);
};
