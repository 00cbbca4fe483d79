/**
 * Convolutions with unequal strides and an output of extent 1 on tensorflow: the native kernel reads beyond its input there. Here the
 * convolution is done with stride 1, and the wanted outputs are taken out of it.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { KernelBackend, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { Steps } from '../steps';

type Inputs = Parameters<KernelFunc>[0]['inputs'];
type Attributes = NonNullable<Parameters<KernelFunc>[0]['attrs']>;

interface Plan { readonly outShape: readonly number[]; readonly paddings: readonly (readonly [number, number])[]; readonly strides: readonly number[] }

function plan({ x, filter }: Inputs, attrs: Attributes): Plan | null {
  if (x === undefined || filter === undefined || (attrs.dataFormat !== 'NHWC' && attrs.dataFormat !== 'NDHWC')) return null;
  if (x.shape.length === 4) {
    const info = backend_util.computeConv2DInfo(x.shape as [number, number, number, number], filter.shape as [number, number, number, number], attrs.strides as [number, number], attrs.dilations as [number, number], attrs.pad as 'same');
    const { top, bottom, left, right } = info.padInfo;
    return { outShape: info.outShape, strides: [info.strideHeight, info.strideWidth], paddings: [[top, bottom], [left, right]] };
  }
  const info = backend_util.computeConv3DInfo(x.shape as [number, number, number, number, number], filter.shape as [number, number, number, number, number], attrs.strides as [number, number, number], attrs.dilations as [number, number, number], attrs.pad as 'same');
  const { front, back, top, bottom, left, right } = info.padInfo;
  return { outShape: info.outShape, strides: [info.strideDepth, info.strideHeight, info.strideWidth], paddings: [[front, back], [top, bottom], [left, right]] };
}

/** Whether the native kernel is wrong for this convolution. */
export function isWrong(inputs: Inputs, attrs: Attributes): boolean {
  const found = plan(inputs, attrs);
  return found !== null && new Set(found.strides).size > 1 && found.outShape.slice(1, -1).includes(1);
}

export const convolutionByUnitStride = (kernelName: 'Conv2D' | 'Conv3D', stock: KernelFunc): KernelFunc => (parameters) => {
  const { inputs, backend } = parameters;
  const attrs = parameters.attrs ?? {};
  const found = plan(inputs, attrs);
  const { x, filter } = inputs;
  if (found === null || x === undefined || filter === undefined) return stock(parameters);
  const steps = new Steps('tensorflow', backend as KernelBackend);
  const paddings = [[0, 0], ...found.paddings.map(([before, after]) => [Math.max(0, before), Math.max(0, after)]), [0, 0]];
  const padded: TensorInfo = steps.run('PadV2', { x }, { paddings, constantValue: 0 });
  const unit = [stock({ inputs: { ...inputs, x: padded }, backend, attrs: { ...attrs, pad: 'valid', strides: found.strides.map(() => 1) } })].flat()[0];
  if (unit === undefined) throw new Error(`${kernelName} gave no output.`);
  const strides = [1, ...found.strides, 1];
  const taken = steps.run('StridedSlice', { x: unit }, {
    begin: strides.map(() => 0), end: found.outShape.map((extent, axis) => (extent - 1) * (strides[axis] ?? 1) + 1), strides, beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0,
  });
  (backend as KernelBackend).disposeData(unit.dataId);
  return steps.finish(taken, []);
};
