/** Prelu with a slope for each channel, or any other shape that broadcasts: the stock wasm kernel takes the wrong slope there. */
import { util } from '@tensorflow/tfjs-core';
import type { PortableKernel } from './portable';

export const prelu: PortableKernel = (operand) => {
  const x = operand('x'), alpha = operand('alpha');
  const strides = util.computeStrides([...x.shape]);
  const own = util.computeStrides([...alpha.shape]);
  const offset = x.shape.length - alpha.shape.length;
  const values = new Float32Array(x.values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = x.values[index] ?? 0;
    if (value >= 0 || Number.isNaN(value)) {
      values[index] = value;
      continue;
    }
    let rest = index, place = 0;
    for (let axis = 0; axis < x.shape.length; axis += 1) {
      const stride = strides[axis] ?? 1;
      const position = Math.floor(rest / stride);
      rest -= position * stride;
      if (axis >= offset && alpha.shape[axis - offset] !== 1) place += position * (own[axis - offset] ?? 1);
    }
    values[index] = Math.fround(value * (alpha.values[place] ?? 0));
  }
  return { shape: x.shape, dtype: 'float32', values };
};
