/** Small kernels that the stock wasm backend gets wrong. */
import { backend_util, broadcast_util, util } from '@tensorflow/tfjs-core';
import type { PortableKernel } from './portable';

/** Whatever is not zero is true; the stock kernel keeps the low byte of the number. */
export const castToBool: PortableKernel = (operand) => {
  const x = operand('x');
  return { shape: x.shape, dtype: 'bool', values: Uint8Array.from(x.values, (value) => (value === 0 ? 0 : 1)) };
};

/** The sum over no elements is zero; the stock kernel leaves its memory as it found it. */
export const sumOfNothing: PortableKernel = (operand, attrs) => {
  const x = operand('x');
  const { axis, keepDims } = attrs as { axis: number | number[]; keepDims?: boolean };
  const axes = util.parseAxisParam(axis, [...x.shape]);
  const [outer] = backend_util.computeOutAndReduceShapes([...x.shape], axes);
  const shape = keepDims === true ? backend_util.expandShapeToKeepDim(outer, axes) : outer;
  return { shape, dtype: x.dtype, values: x.dtype === 'int32' ? new Int32Array(util.sizeFromShape(shape)) : new Float32Array(util.sizeFromShape(shape)) };
};

/** Products over no elements are zeros, as many as the result has. */
export const productOfNothing: PortableKernel = (operand, attrs) => {
  const [a, b] = [operand('a'), operand('b')];
  const { transposeA, transposeB } = attrs as { transposeA?: boolean; transposeB?: boolean };
  const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, a.shape.at(transposeA === true ? -1 : -2) ?? 0, b.shape.at(transposeB === true ? -2 : -1) ?? 0];
  return { shape, dtype: a.dtype, values: new Float32Array(util.sizeFromShape(shape)) };
};

/** Rows of a tensor without elements; the stock kernel forgets to give them their shape. */
export const gatherOfNothing: PortableKernel = (operand, attrs) => {
  const [x, indices] = [operand('x'), operand('indices')];
  const { axis, batchDims } = attrs as { axis: number; batchDims: number };
  const [at = 0] = util.parseAxisParam(axis, [...x.shape]);
  const shape = [...x.shape.slice(0, at), ...indices.shape.slice(batchDims), ...x.shape.slice(at + 1)];
  return { shape, dtype: x.dtype, values: x.dtype === 'int32' ? new Int32Array(util.sizeFromShape(shape)) : x.dtype === 'bool' ? new Uint8Array(util.sizeFromShape(shape)) : new Float32Array(util.sizeFromShape(shape)) };
};
