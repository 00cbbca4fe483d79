/** Bare operations of `keras.ops.nn` and `keras.ops.image`: the layers' mathematics with kernels and statistics that the graph itself supplies. */
import { add, cast, concat, mean, mul, pad, reshape, rsqrt, softmax, square, sub, sum, matMul, transpose, where, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { argument, numberArgument, numbersArgument, operand, operation, part } from './bare';
import { inputOf, isTensor } from '../calls';
import { convolve, convolveDepthwise } from '../convolution/ops';
import type { Window } from '../convolution/ops';
import type { LayerCallContext, LayerForward } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { poolingLayers } from '../pooling';
import { resizedTo } from '../resizing';
import { axisOf, channelsFirst } from '../settings';

const optionalOperand = (call: LayerCallContext, position: number, name: string): Tensor | null => {
  const given = call.args[position] ?? call.kwargs[name];
  return isTensor(given) ? given : null;
};

/** Window settings of an operation: numbers stand for all spatial axes. */
function windowOf(call: LayerCallContext, rank: number): Window {
  const each = (name: string): number[] => {
    const [first = 1, ...rest] = numbersArgument(call, name, 9) ?? [1];
    return rest.length === 0 ? Array.from({ length: rank }, () => first) : [first, ...rest];
  };
  const padding = argument(call, 'padding', 9);
  return { strides: each('strides'), dilations: each('dilation_rate'), padding: padding === 'same' ? 'same' : 'valid' };
}

/** Runs a convolution of channels last whatever the operation's layout. */
function laidOut(call: LayerCallContext, run: (x: Tensor) => Tensor): Tensor {
  const x = inputOf(call);
  return channelsFirst(call) ? toChannelsFirst(run(toChannelsLast(x))) : run(x);
}

const convolution = operation((call) => laidOut(call, (x) => {
  const kernel = operand(call, 1, 'kernel');
  return convolve(x, kernel, windowOf(call, x.rank - 2), (x.shape[x.rank - 1] ?? 1) / (kernel.shape[kernel.rank - 2] ?? 1));
}));
const depthwise = operation((call) => laidOut(call, (x) => convolveDepthwise(x, operand(call, 1, 'kernel'), windowOf(call, x.rank - 2))));
const separable = operation((call) => laidOut(call, (x) => {
  const rank = x.rank - 2;
  const ones = Array.from({ length: rank }, () => 1);
  return convolve(convolveDepthwise(x, operand(call, 1, 'depthwise_kernel'), windowOf(call, rank)), operand(call, 2, 'pointwise_kernel'), { strides: ones, dilations: ones, padding: 'valid' });
}));

/** The pooling layer of as many spatial axes as the input has. */
const pooling = (name: string): LayerForward => function* (call) {
  const run = poolingLayers[`${name}${inputOf(call).rank - 2}D`];
  if (run === undefined) throw new Failure('layer.rank', `Operation '${call.path}' (${call.type}) pools one to three spatial axes.`);
  return yield* run(call);
};

function axesOf(call: LayerCallContext, x: Tensor, name: string): number[] {
  return (numbersArgument(call, name, 9) ?? [-1]).map((axis) => axisOf(call, axis, x.rank)).sort((a, b) => a - b);
}

/** A vector of the listed axes in a shape that stretches over `x`. */
const over = (x: Tensor, vector: Tensor, axes: readonly number[]): Tensor =>
  (vector.rank === x.rank || (axes.length === 1 && axes[0] === x.rank - 1) ? vector : reshape(vector, x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1))));

const batchNorm = operation((call) => {
  const x = inputOf(call);
  const axes = axesOf(call, x, 'axis');
  const [average, variance] = [operand(call, 1, 'mean'), operand(call, 2, 'variance')];
  const [offset, scale] = [optionalOperand(call, 3, 'offset'), optionalOperand(call, 4, 'scale')];
  const inverse = rsqrt(add(over(x, variance, axes), numberArgument(call, 'epsilon', 9, 1e-3)));
  const y = mul(sub(x, over(x, average, axes)), scale === null ? inverse : mul(inverse, over(x, scale, axes)));
  return offset === null ? y : add(y, over(x, offset, axes));
});

const layerNorm = operation((call) => {
  const x = inputOf(call);
  const axes = axesOf(call, x, 'axis');
  const [gamma, beta] = [optionalOperand(call, 1, 'gamma'), optionalOperand(call, 2, 'beta')];
  const centred = sub(x, mean(x, axes, true));
  const inverse = rsqrt(add(mean(square(centred), axes, true), numberArgument(call, 'epsilon', 9, 1e-7)));
  const scaled = gamma === null ? mul(centred, inverse) : mul(mul(centred, inverse), over(x, gamma, axes));
  return beta === null ? scaled : add(scaled, over(x, beta, axes));
});

const rmsNorm = operation((call) => {
  const x = inputOf(call);
  const y = mul(x, rsqrt(add(mean(square(x), axesOf(call, x, 'axis'), true), numberArgument(call, 'epsilon', 9, 1e-7))));
  const scale = optionalOperand(call, 1, 'scale');
  return scale === null ? y : mul(y, scale);
});

const momentsOf = operation((call) => {
  const x = inputOf(call);
  const axes = axesOf(call, x, 'axes');
  const keep = argument(call, 'keepdims', 9) === true;
  const average = mean(x, axes, true);
  const variance = mean(square(sub(x, average)), axes, keep);
  return [keep ? average : reshape(average, variance.shape), variance];
});

/** softmax(scale q kᵀ + bias) v by head: `[batch, steps, heads, size]`, as in Vaswani and others 2017. */
const attention = operation((call) => {
  const [query, key, value] = [operand(call, 0, 'query'), operand(call, 1, 'key'), operand(call, 2, 'value')];
  const turn = (x: Tensor): Tensor => transpose(x, [0, 2, 1, 3]);
  const scale = argument(call, 'scale', 5);
  let scores = matMul(mul(turn(query), typeof scale === 'number' ? scale : 1 / Math.sqrt(query.shape[3] ?? 1)), turn(key), false, true);
  const [bias, mask] = [optionalOperand(call, 3, 'bias'), optionalOperand(call, 4, 'mask')];
  if (bias !== null) scores = add(scores, bias);
  const low = add(zerosLike(scores), -0.7 * 3.4028234663852886e38);
  if (mask !== null) scores = where(mul(cast(mask, 'int32'), add(zerosLike(cast(scores, 'int32')), 1)).cast('bool'), scores, low);
  if (argument(call, 'is_causal', 9) === true) throw new Failure('layer.setting', `Operation '${call.path}' (DotProductAttention) is causal, which Backstep runs in layers of attention alone.`);
  return turn(matMul(softmax(scores), turn(value)));
});

const resize = operation((call) => laidOut(call, (x) => {
  const [height = 1, width = 1] = numbersArgument(call, 'size', 1) ?? [];
  const how = argument(call, 'interpolation', 2);
  if (argument(call, 'antialias', 3) === true || argument(call, 'crop_to_aspect_ratio', 4) === true || argument(call, 'pad_to_aspect_ratio', 5) === true) {
    throw new Failure('layer.setting', `Operation '${call.path}' (Resize) smooths, crops or pads while it resizes, which Backstep does not run.`);
  }
  return resizedTo(call, x, [height, width], typeof how === 'string' ? how : 'bilinear');
}));

/** Windows of pictures, each as a vector: rows and columns of the window, then channels. */
const patches = operation((call) => laidOut(call, (x) => {
  const [high = 1, wide = high] = numbersArgument(call, 'size', 1) ?? [];
  const [down = high, across = down] = numbersArgument(call, 'strides', 2) ?? [high, wide];
  if (argument(call, 'padding', 4) === 'same' || numberArgument(call, 'dilation_rate', 3, 1) !== 1) throw new Failure('layer.setting', `Operation '${call.path}' (ExtractPatches) pads or dilates, which Backstep does not run.`);
  const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
  const [rows, columns] = [Math.floor((height - high) / down) + 1, Math.floor((width - wide) / across) + 1];
  const windows: Tensor[] = [];
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) windows.push(reshape(part(part(x, 1, row * down, high), 2, column * across, wide), [batch, 1, high * wide * channels]));
  }
  return reshape(concat(windows, 1), [batch, rows, columns, high * wide * channels]);
}));

const grey = operation((call) => laidOut(call, (x) => sum(mul(x, [0.2989, 0.587, 0.114]), -1, true)));

/** Rows and columns added around pictures, or taken away. */
const framing = (sign: 1 | -1, word: string): LayerForward => operation((call) => laidOut(call, (x) => {
  const at = (side: string): number | null => { const value = call.config[`${side}_${word}`]; return typeof value === 'number' ? value : null; };
  const [, height = 1, width = 1] = x.shape;
  const pair = (first: string, second: string, target: string, extent: number): [number, number] => {
    const wanted = call.config[`target_${target}`];
    const total = typeof wanted === 'number' ? sign * (wanted - extent) : null;
    const before = at(first) ?? (total ?? 0) - (at(second) ?? 0);
    return [before, at(second) ?? (total ?? before) - before];
  };
  const [vertical, horizontal] = [pair('top', 'bottom', 'height', height), pair('left', 'right', 'width', width)];
  if (sign === 1) return pad(x as Tensor4D, [[0, 0], vertical, horizontal, [0, 0]]);
  return part(part(x, 1, vertical[0], height - vertical[0] - vertical[1]), 2, horizontal[0], width - horizontal[0] - horizontal[1]);
}));

export const neuralOperations: Readonly<Record<string, LayerForward>> = {
  Conv: convolution, DepthwiseConv: depthwise, SeparableConv: separable,
  MaxPool: pooling('MaxPooling'), AveragePool: pooling('AveragePooling'),
  BatchNorm: batchNorm, LayerNorm: layerNorm, RMSNorm: rmsNorm, Moments: momentsOf, DotProductAttention: attention,
  Resize: resize, ExtractPatches: patches, RGBToGrayscale: grey, PadImages: framing(1, 'padding'), CropImages: framing(-1, 'cropping'),
};
