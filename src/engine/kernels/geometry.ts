/** Geometry of convolutions and poolings in the layout that the WebAssembly kernels read (assembly/geometry.ts). */
import { backend_util } from '@tensorflow/tfjs-core';
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import { Failure } from '../../tensor/failure';

/** 21 whole numbers: batch, input [D, H, W, C], output [D, H, W, C], filter, strides, dilations and leading padding [D, H, W]. */
export type Geometry = readonly number[];

type Info2 = backend_util.Conv2DInfo;
type Info3 = backend_util.Conv3DInfo;
type Pad2 = Parameters<typeof backend_util.computeConv2DInfo>[4];
type Pad3 = Parameters<typeof backend_util.computeConv3DInfo>[4];
type Rounding = 'floor' | 'round' | 'ceil';

/** Attributes of convolution and pooling kernels, as TensorFlow.js writes them. */
interface WindowAttributes {
  readonly strides: number | [number, number] | [number, number, number];
  readonly pad: Pad2;
  readonly dilations?: number | [number, number] | [number, number, number];
  readonly dimRoundingMode?: Rounding;
  readonly dataFormat?: string;
  readonly filterSize: number | [number, number] | [number, number, number];
}

/** A kernel's attributes arrive untyped; TensorFlow.js's ops have checked them. */
const windowOf = (attrs: NamedAttrMap | undefined): WindowAttributes => (attrs ?? {}) as unknown as WindowAttributes;

function channelsLast(attributes: WindowAttributes, kernel: string): void {
  if (attributes.dataFormat !== undefined && attributes.dataFormat !== 'NHWC' && attributes.dataFormat !== 'NDHWC') {
    throw new Failure('kernel.data-format', `${kernel} on wasm works with channels last only, not with ${attributes.dataFormat}; transpose the tensor.`);
  }
}

export function convolution2(kernel: string, xShape: readonly number[], filterShape: readonly number[], attrs: NamedAttrMap | undefined, depthwise = false): Geometry {
  const attributes = windowOf(attrs);
  channelsLast(attributes, kernel);
  const dilations = (attributes.dilations ?? 1) as number | [number, number];
  return fromInfo2(backend_util.computeConv2DInfo(shape4(xShape), shape4(filterShape), attributes.strides as number | [number, number], dilations, attributes.pad, attributes.dimRoundingMode, depthwise));
}

export function pooling2(xShape: readonly number[], attrs: NamedAttrMap | undefined): Geometry {
  const attributes = windowOf(attrs);
  return fromInfo2(backend_util.computePool2DInfo(shape4(xShape), attributes.filterSize as [number, number], attributes.strides as [number, number], (attributes.dilations ?? 1) as number, attributes.pad, attributes.dimRoundingMode));
}

export function convolution3(kernel: string, xShape: readonly number[], filterShape: readonly number[], attrs: NamedAttrMap | undefined): Geometry {
  const attributes = windowOf(attrs);
  channelsLast(attributes, kernel);
  const dilations = (attributes.dilations ?? 1) as number | [number, number, number];
  return fromInfo3(backend_util.computeConv3DInfo(shape5(xShape), shape5(filterShape), attributes.strides as number | [number, number, number], dilations, attributes.pad as Pad3));
}

export function pooling3(kernel: string, xShape: readonly number[], attrs: NamedAttrMap | undefined): Geometry {
  const attributes = windowOf(attrs);
  channelsLast(attributes, kernel);
  return fromInfo3(backend_util.computePool3DInfo(shape5(xShape), attributes.filterSize as [number, number, number], attributes.strides as [number, number, number], 1, attributes.pad as Pad3, attributes.dimRoundingMode));
}

const shape4 = (shape: readonly number[]): [number, number, number, number] => [shape[0] ?? 1, shape[1] ?? 1, shape[2] ?? 1, shape[3] ?? 1];
const shape5 = (shape: readonly number[]): [number, number, number, number, number] => [shape[0] ?? 1, shape[1] ?? 1, shape[2] ?? 1, shape[3] ?? 1, shape[4] ?? 1];

function fromInfo2(info: Info2): Geometry {
  return [
    info.batchSize, 1, info.inHeight, info.inWidth, info.inChannels, 1, info.outHeight, info.outWidth, info.outChannels,
    1, info.filterHeight, info.filterWidth, 1, info.strideHeight, info.strideWidth, 1, info.dilationHeight, info.dilationWidth,
    0, info.padInfo.top, info.padInfo.left,
  ];
}

function fromInfo3(info: Info3): Geometry {
  return [
    info.batchSize, info.inDepth, info.inHeight, info.inWidth, info.inChannels, info.outDepth, info.outHeight, info.outWidth, info.outChannels,
    info.filterDepth, info.filterHeight, info.filterWidth, info.strideDepth, info.strideHeight, info.strideWidth,
    info.dilationDepth, info.dilationHeight, info.dilationWidth, info.padInfo.front, info.padInfo.top, info.padInfo.left,
  ];
}

/** Shape of the output, without the batch and channels for which the caller may have his own. */
export function outputExtents(geometry: Geometry): { readonly batch: number; readonly depth: number; readonly height: number; readonly width: number; readonly channels: number } {
  const [batch = 0, , , , , depth = 0, height = 0, width = 0, channels = 0] = geometry;
  return { batch, depth, height, width, channels };
}
