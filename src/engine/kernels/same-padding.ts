/**
 * Padding `same` where the stride is larger than the window, so that the last elements of the input are in no window at all: the
 * padding is then zero, but some stock kernels take it for negative (the wasm convolutions in 2-D; every kernel in 3-D).
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { KernelBackend, KernelFunc, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendName } from '../config';
import { Steps } from './steps';

type Many = number | readonly number[];
const list = (value: unknown, count: number): number[] => (Array.isArray(value) ? (value as number[]) : Array<number>(count).fill(typeof value === 'number' ? value : 1));

/** Extents along the spatial dimensions. */
interface Window { readonly input: readonly number[]; readonly filter: readonly number[]; readonly strides: readonly number[] }

function windowOf(attrs: NamedAttrMap, input: readonly number[], filter: Many): Window {
  const dilations = list(attrs.dilations, input.length);
  return { input, filter: list(filter, input.length).map((extent, axis) => (extent - 1) * (dilations[axis] ?? 1) + 1), strides: list(attrs.strides, input.length) };
}

/** Extent of the input that the windows touch, where that is less than all of it. */
function touched({ input, filter, strides }: Window): number[] {
  return input.map((extent, axis) => {
    const stride = strides[axis] ?? 1;
    return Math.min(extent, (Math.ceil(extent / stride) - 1) * stride + (filter[axis] ?? 1));
  });
}

const skips = (window: Window): boolean => touched(window).some((extent, axis) => extent < (window.input[axis] ?? 0));
const spatial = (shape: readonly number[] | undefined): number[] => (shape ?? []).slice(1, -1);

/** Whether a 2-D convolution skips the end of its input with padding `same`. */
export function skipsInput2(inputs: Parameters<KernelFunc>[0]['inputs'], attrs: NamedAttrMap): boolean {
  return attrs.pad === 'same' && skips(windowOf(attrs, spatial(inputs.x?.shape), (inputs.filter?.shape ?? []).slice(0, 2)));
}

/** The same 2-D convolution with its padding in numbers. */
export const withExplicitPadding = (stock: KernelFunc, depthwise: boolean): KernelFunc => (parameters) => {
  const { x, filter } = parameters.inputs;
  const attrs = parameters.attrs ?? {};
  if (x === undefined || filter === undefined) throw new Error('A convolution needs the inputs "x" and "filter".');
  const { padInfo } = backend_util.computeConv2DInfo(x.shape as [number, number, number, number], filter.shape as [number, number, number, number], attrs.strides as [number, number], attrs.dilations as [number, number], 'same', undefined, depthwise);
  return stock({ ...parameters, attrs: { ...attrs, pad: [[0, 0], [padInfo.top, padInfo.bottom], [padInfo.left, padInfo.right], [0, 0]] } });
};

type Attributes = Readonly<Record<string, unknown>>;

/** How a 3-D kernel names what its windows run over (an input, or the attribute inputShape), their size, and whether its output has the input's shape. */
export interface Windowed { readonly over: string; readonly size: (inputs: Parameters<KernelFunc>[0]['inputs'], attrs: Attributes) => Many; readonly givesInput: boolean }

const filterOf: Windowed['size'] = (inputs) => inputs.filter?.shape.slice(0, 3) ?? 1;
const poolOf: Windowed['size'] = (_inputs, attrs) => attrs.filterSize as Many;

export const windowed3: Readonly<Record<string, Windowed>> = {
  Conv3D: { over: 'x', size: filterOf, givesInput: false },
  Conv3DBackpropFilterV2: { over: 'x', size: (_inputs, attrs) => (attrs.filterShape as number[]).slice(0, 3), givesInput: false },
  Conv3DBackpropInputV2: { over: 'inputShape', size: filterOf, givesInput: true },
  MaxPool3D: { over: 'x', size: poolOf, givesInput: false },
  AvgPool3D: { over: 'x', size: poolOf, givesInput: false },
  MaxPool3DGrad: { over: 'input', size: poolOf, givesInput: true },
  AvgPool3DGrad: { over: 'input', size: poolOf, givesInput: true },
};

/** The kernel on the touched part of its input; where its output has the input's shape, the rest is zero. */
export const onTouchedPart = (backendName: BackendName, { over, size, givesInput }: Windowed, kernel: KernelFunc): KernelFunc => (parameters) => {
  const { inputs, backend } = parameters;
  const attrs = parameters.attrs ?? {};
  const shape = over === 'inputShape' ? (attrs.inputShape as number[]) : (inputs[over]?.shape ?? []);
  const window = windowOf(attrs, spatial(shape), size(inputs, attrs));
  if (attrs.pad !== 'same' || !skips(window)) return kernel(parameters);
  const steps = new Steps(backendName, backend as KernelBackend);
  const part = [shape[0] ?? 1, ...touched(window), shape[shape.length - 1] ?? 1];
  const source = inputs[over];
  const cropped: TensorInfo | undefined = source === undefined ? undefined : steps.run('Slice', { x: source }, { begin: part.map(() => 0), size: part });
  const made = [kernel({
    backend,
    inputs: cropped === undefined ? inputs : { ...inputs, [over]: cropped },
    attrs: over === 'inputShape' ? { ...attrs, inputShape: part } : attrs,
  })].flat()[0];
  if (made === undefined) throw new Error('A kernel gave no output.');
  if (!givesInput) return steps.finish(made, []);
  const full = steps.run('PadV2', { x: made }, { paddings: shape.map((extent, axis) => [0, extent - (part[axis] ?? extent)]), constantValue: 0 });
  (backend as KernelBackend).disposeData(made.dataId);
  return steps.finish(full, []);
};
