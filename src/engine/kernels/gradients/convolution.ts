/** Gradients of dilated convolutions, which TensorFlow.js refuses, and of the transposed 3-D convolution. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradFunc, NamedAttrMap, NamedTensorMap, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { one, saved } from './gradient';
import type { GradientTable } from './gradient';

type Two = [number, number];
type Pad = 'same' | 'valid' | number;
type Shape4 = [number, number, number, number];

const both = (value: number | Two | null | undefined): Two => (Array.isArray(value) ? value : [value ?? 1, value ?? 1]);

/**
 * A dilated convolution is an undilated one whose filter has zeros between its taps: the gradients are those of that filter,
 * taken at the taps. Taps as row numbers of the stuffed filter [height * width, channels …].
 */
function stuffed(shape: Shape4, [dilationH, dilationW]: Two): { readonly shape: Shape4; readonly rows: Int32Array } {
  const [height, width, inChannels, outChannels] = shape;
  const wide = (width - 1) * dilationW + 1;
  const rows = Int32Array.from({ length: height * width }, (_, tap) => Math.floor(tap / width) * dilationH * wide + (tap % width) * dilationW);
  return { shape: [(height - 1) * dilationH + 1, wide, inChannels, outChannels], rows };
}

function stuff(filter: Tensor4D, dilations: Two): Tensor4D {
  const [height, width, inChannels, outChannels] = filter.shape;
  const { shape, rows } = stuffed(filter.shape, dilations);
  const taps = tf.reshape(filter, [height * width, inChannels * outChannels]);
  return tf.reshape(tf.scatterND(tf.tensor2d(rows, [rows.length, 1], 'int32'), taps, [shape[0] * shape[1], inChannels * outChannels]), shape);
}

function takeTaps(gradient: Tensor, filterShape: Shape4, dilations: Two): Tensor {
  const { shape, rows } = stuffed(filterShape, dilations);
  return tf.reshape(tf.gather(tf.reshape(gradient, [shape[0] * shape[1], shape[2] * shape[3]]), tf.tensor1d(rows, 'int32')), filterShape);
}

interface ConvolutionAttributes { readonly strides: number | Two; readonly pad: Pad; readonly dataFormat: 'NHWC' | 'NCHW'; readonly dilations?: number | Two; readonly dimRoundingMode?: 'floor' | 'round' | 'ceil' }

/** Runs a gradient kernel, which TensorFlow.js exports no op for. */
const run = (kernel: string, inputs: NamedTensorMap, attributes: object): Tensor => tf.engine().runKernel<Tensor>(kernel, inputs, attributes as NamedAttrMap);

const ownConvolution = tf.getGradient('Conv2D');

/** Filters that would grow by more than this are never stuffed: 3 × 3 taps at a rate of 36 would be 73 × 73. */
const mostStuffed = 4;

/**
 * Gradients tap by tap. By the filter: each tap has met the input moved by its place. By the input: the gradient of the output,
 * with room around it, convolved by the filter turned round with its channels exchanged.
 */
function tapByTap(dy: Tensor4D, x: Tensor4D, filter: Tensor4D, dilations: Two, pad: Pad): { x: () => Tensor; filter: () => Tensor } | null {
  const { padInfo: { top, bottom, left, right }, outHeight, outWidth } = tf.backend_util.computeConv2DInfo(x.shape, filter.shape, 1, dilations, pad);
  const [height, width, inChannels, outChannels] = filter.shape;
  const [down, along] = [(height - 1) * dilations[0], (width - 1) * dilations[1]];
  if (Math.max(top, bottom) > down || Math.max(left, right) > along) return null;
  return {
    x: () => {
      const room = tf.pad(dy, [[0, 0], [down - top, down - bottom], [along - left, along - right], [0, 0]]);
      return tf.conv2d(room, tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]), 1, 'valid', 'NHWC', dilations);
    },
    filter: () => {
      const framed = tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]]);
      const rows = x.shape[0] * outHeight * outWidth;
      const given = tf.reshape(dy, [rows, outChannels]);
      const taps = Array.from({ length: height * width }, (_, tap) => {
        const met = tf.slice(framed, [0, Math.floor(tap / width) * dilations[0], (tap % width) * dilations[1], 0], [x.shape[0], outHeight, outWidth, inChannels]);
        return tf.matMul(tf.reshape(met, [rows, inChannels]), given, true, false);
      });
      return tf.reshape(tf.stack(taps), filter.shape);
    },
  };
}

const convolution: GradFunc = (dy, kept, attrs) => {
  const { dilations: given, strides, pad, dataFormat, dimRoundingMode } = attrs as unknown as ConvolutionAttributes;
  const dilations = both(given);
  if (dilations[0] === 1 && dilations[1] === 1 && ownConvolution) return ownConvolution.gradFunc(dy, kept, attrs);
  const [x, filter] = saved(kept, 2) as [Tensor4D, Tensor4D];
  const attributes = { strides, pad, dataFormat, dimRoundingMode };
  const { shape } = stuffed(filter.shape, dilations);
  const large = shape[0] * shape[1] > mostStuffed * filter.shape[0] * filter.shape[1] && dataFormat === 'NHWC' && both(strides).every((stride) => stride === 1);
  const taps = large ? tapByTap(one(dy) as Tensor4D, x, filter, dilations, pad) : null;
  if (taps !== null) return taps;
  return {
    x: () => run('Conv2DBackpropInput', { dy: one(dy), filter: stuff(filter, dilations) }, { ...attributes, inputShape: x.shape }),
    filter: () => takeTaps(run('Conv2DBackpropFilter', { x, dy: one(dy) }, { ...attributes, filterShape: stuffed(filter.shape, dilations).shape }), filter.shape, dilations),
  };
};

const ownDepthwise = tf.getGradient('DepthwiseConv2dNative');

const depthwise: GradFunc = (dy, kept, attrs) => {
  const { dilations: given, strides, pad, dimRoundingMode } = attrs as unknown as ConvolutionAttributes;
  const dilations = both(given);
  if (dilations[0] === 1 && dilations[1] === 1 && ownDepthwise) return ownDepthwise.gradFunc(dy, kept, attrs);
  const [x, filter] = saved(kept, 2) as [Tensor4D, Tensor4D];
  const attributes = { strides, pad, dimRoundingMode, dilations: [1, 1] };
  return {
    x: () => run('DepthwiseConv2dNativeBackpropInput', { dy: one(dy), filter: stuff(filter, dilations) }, { ...attributes, inputShape: x.shape }),
    filter: () => takeTaps(run('DepthwiseConv2dNativeBackpropFilter', { x, dy: one(dy) }, { ...attributes, filterShape: stuffed(filter.shape, dilations).shape }), filter.shape, dilations),
  };
};

/** The transposed 3-D convolution maps dy to dx; its own gradients are the convolution and the filter gradient with the roles swapped. */
const transposed3: GradFunc = (ddx, kept, attrs) => {
  const [dy, filter] = saved(kept, 2);
  const { strides, pad } = attrs as unknown as { strides: [number, number, number]; pad: Pad };
  return {
    dy: () => run('Conv3D', { x: one(ddx), filter }, { strides, pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] }),
    filter: () => run('Conv3DBackpropFilterV2', { x: one(ddx), dy }, { strides, pad, filterShape: filter.shape }),
  };
};

export const convolutionGradients: GradientTable = {
  Conv2D: { inputs: ['x', 'filter'], gradient: convolution },
  DepthwiseConv2dNative: { inputs: ['x', 'filter'], gradient: depthwise },
  Conv3DBackpropInputV2: { inputs: ['dy', 'filter'], gradient: transposed3 },
};
