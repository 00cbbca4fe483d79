/** Pooling: windows of one to three spatial axes, global and adaptive. */
import { avgPool, avgPool3d, cast, concat, customGrad, div, equal, expandDims, max, maxPool, maxPool3d, mean, mul, reshape, slice, squeeze, sum } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import { atOnce, checkRank, inputOf, maskOf, plain } from './calls';
import type { LayerCallContext, LayerForward } from './layer';
import { toChannelsFirst, toChannelsLast } from './layout';
import { channelsFirst, choiceOf, extentsOf, flagOf } from './settings';

type Kind = 'max' | 'average';

/** The greatest element along axes. Its gradient is shared evenly among equal maxima, as in TensorFlow. */
export function greatest(x: Tensor, axes: number[], keepDims: boolean): Tensor {
  const run = customGrad((...args: (Tensor | ((tensors: Tensor[]) => void))[]) => {
    const [input, save] = args;
    if (!(typeof save === 'function') || input === undefined || typeof input === 'function') throw new Error('customGrad calls with a tensor and save.');
    const value = max(input, axes, true);
    save([input, value]);
    const shape = keepDims ? value.shape : value.shape.filter((_, axis) => !axes.includes(axis));
    return {
      value: reshape(value, shape),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [source, top] = saved;
        if (source === undefined || top === undefined) throw new Error('The maximum was recorded without its tensors.');
        const chosen = cast(equal(source, top), 'float32');
        return mul(div(chosen, sum(chosen, axes, true)), reshape(dy, top.shape));
      },
    };
  });
  return run(x);
}

function pool(call: LayerCallContext, rank: number, kind: Kind): Tensor {
  const given = inputOf(call);
  checkRank(call, given, rank + 2);
  const size = extentsOf(call, 'pool_size', rank, Array.from({ length: rank }, () => 2));
  const strides = extentsOf(call, 'strides', rank, size);
  const padding = choiceOf(call, 'padding', ['valid', 'same']);
  const first = channelsFirst(call);
  const x = first ? toChannelsLast(given) : given;
  const [sizeA = 1, sizeB = 1, sizeC = 1] = size;
  const [strideA = 1, strideB = 1, strideC = 1] = strides;
  const planar = kind === 'max' ? maxPool<Tensor4D> : avgPool<Tensor4D>;
  const solid = kind === 'max' ? maxPool3d<Tensor5D> : avgPool3d<Tensor5D>;
  let y: Tensor;
  if (rank === 1) y = squeeze(planar(expandDims<Tensor4D>(x, 2), [sizeA, 1], [strideA, 1], padding), [2]);
  else if (rank === 2) y = planar(x as Tensor4D, [sizeA, sizeB], [strideA, strideB], padding);
  else y = solid(x as Tensor5D, [sizeA, sizeB, sizeC], [strideA, strideB, strideC], padding);
  return first ? toChannelsFirst(y) : y;
}

const window = (rank: number, kind: Kind): LayerForward => plain((_x, call) => pool(call, rank, kind));

const global = (rank: number, kind: Kind): LayerForward => atOnce((call) => {
  const x = inputOf(call);
  checkRank(call, x, rank + 2);
  const start = channelsFirst(call) ? 2 : 1;
  const axes = Array.from({ length: rank }, (_, axis) => axis + start);
  const keepDims = flagOf(call, 'keepdims', false);
  const mask = maskOf(call);
  if (kind === 'average' && rank === 1 && mask && call.convention !== 'tfjs') {
    // The mean over the steps that count.
    const weight = expandDims(cast(mask, 'float32'), start === 1 ? 2 : 1);
    const total = sum(mul(x, weight), axes, keepDims);
    return { outputs: [div(total, sum(weight, axes, keepDims))] };
  }
  if (call.convention === 'tfjs') return { outputs: [kind === 'max' ? max(x, axes, keepDims) : mean(x, axes, keepDims)] };
  return { outputs: [kind === 'max' ? greatest(x, axes, keepDims) : mean(x, axes, keepDims)] };
});

/** Windows that together cover each axis evenly: number i reaches from floor(i n / m) to ceil((i + 1) n / m). */
const adaptive = (rank: number, kind: Kind): LayerForward => plain((x, call) => {
  checkRank(call, x, rank + 2);
  const sizes = extentsOf(call, 'output_size', rank);
  const start = channelsFirst(call) ? 2 : 1;
  return sizes.reduce((tensor, size, index) => {
    const axis = start + index;
    const extent = tensor.shape[axis] ?? 1;
    if (size === extent) return tensor;
    const parts = Array.from({ length: size }, (_, part) => {
      const from = Math.floor((part * extent) / size);
      const to = Math.ceil(((part + 1) * extent) / size);
      const begin = tensor.shape.map((_extent, other) => (other === axis ? from : 0));
      const piece = slice(tensor, begin, tensor.shape.map((length, other) => (other === axis ? to - from : length)));
      return kind === 'max' ? greatest(piece, [axis], true) : mean(piece, [axis], true);
    });
    return concat(parts, axis);
  }, x);
});

/** Entries for one to three axes: `MaxPooling1D`, … */
function family(names: readonly string[], kind: Kind, make: (rank: number, kind: Kind) => LayerForward): [string, LayerForward][] {
  return names.flatMap((name) => [1, 2, 3].map((rank): [string, LayerForward] => [`${name}${rank}D`, make(rank, kind)]));
}

export const poolingLayers: Readonly<Record<string, LayerForward>> = Object.fromEntries([
  ...family(['MaxPooling', 'MaxPool'], 'max', window),
  ...family(['AveragePooling', 'AvgPool'], 'average', window),
  ...family(['GlobalMaxPooling', 'GlobalMaxPool'], 'max', global),
  ...family(['GlobalAveragePooling', 'GlobalAvgPool'], 'average', global),
  ...family(['AdaptiveMaxPooling'], 'max', adaptive),
  ...family(['AdaptiveAveragePooling'], 'average', adaptive),
]);
