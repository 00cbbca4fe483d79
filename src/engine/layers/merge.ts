/** Layers and operations that join several tensors: sums, products, extremes, concatenation, dot products. */
import { add, all, any, broadcastTo, cast, concat, div, expandDims, logicalOr, matMul, maximum, minimum, mul, onesLike, reshape, squeeze, sub, sum, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../tensor/value';
import { Failure } from '../../tensor/failure';
import { unit } from '../losses/tfjs';
import { atOnce, inputsOf, isTensor, lazyMask } from './calls';
import type { LayerCallContext, LayerForward, Mask } from './layer';
import { toUnitLength } from './normalization';
import { axisOf, flagOf, listOf, numberOf } from './settings';

/** A binary step of a merge. */
type Join = (a: Tensor, b: Tensor) => Tensor;

/** Tensors stretched to one shape, for operations whose gradient does not sum over stretched axes. */
export function stretched(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const rank = Math.max(a.rank, b.rank);
  const extent = (tensor: Tensor, axis: number): number => tensor.shape[axis - (rank - tensor.rank)] ?? 1;
  const shape = Array.from({ length: rank }, (_, axis) => Math.max(extent(a, axis), extent(b, axis)));
  const grown = (tensor: Tensor): Tensor => (tensor.rank === rank && tensor.shape.every((size, axis) => size === shape[axis]) ? tensor : broadcastTo(tensor, shape));
  return [grown(a), grown(b)];
}

/** Inputs brought to one number of axes by axes of length 1 behind the batch, as Keras's merge layers do. */
function levelled(inputs: readonly Tensor[]): Tensor[] {
  const rank = Math.max(...inputs.map((input) => input.rank));
  return inputs.map((input) => {
    let tensor = input;
    while (tensor.rank < rank) tensor = expandDims(tensor, 1);
    return tensor;
  });
}

/** A merged output counts where any input counts; it has a mask only when all inputs have one. */
function joinedMask(call: LayerCallContext): Mask | null {
  const masks = call.masks.filter((mask) => mask !== null);
  const [first, ...rest] = masks;
  if (first === undefined || masks.length < call.masks.length) return null;
  if (call.convention === 'tfjs' || rest.length === 0) return first;
  return lazyMask(() => rest.reduce<Tensor>((mask, other) => logicalOr(mask, other.tensor()), first.tensor()));
}

const merging = (join: Join, finish: (total: Tensor, count: number, call: LayerCallContext) => Tensor = (total) => total, copies = true): LayerForward => atOnce((call) => {
  // Bare operations take their operands one by one, and numbers among them.
  const given = call.args.length > 1 && (isTensor(call.args[0]) || isTensor(call.args[1])) ? call.args.slice(0, 2) : null;
  const operands = given === null ? inputsOf(call) : given.map((operand) => operandOf(call, operand));
  const [first, ...rest] = given === null ? levelled(operands) : operands;
  if (first === undefined) throw new Failure('layer.inputs', `Layer '${call.path}' (${call.type}) is called without tensors.`);
  const start = call.convention === 'tfjs' && copies && given === null ? first.clone() : first;
  const total = rest.reduce((sumSoFar, operand) => join(sumSoFar, operand), start);
  return { outputs: [finish(total, rest.length + 1, call)], masks: [joinedMask(call)] };
});

/** A tensor, or a number as a tensor without axes. */
export function operandOf(call: LayerCallContext, value: unknown): Tensor {
  if (isTensor(value as Tensor)) return value as Tensor;
  if (typeof value === 'number') return reshape([value], []);
  if (typeof value === 'boolean') return reshape([value ? 1 : 0], []);
  if (isNumbers(value)) return tensor(value);
  throw new Failure('layer.inputs', `Operation '${call.path}' (${call.type}) has an operand that is neither tensor nor number: ${JSON.stringify(value)}.`);
}

/** A list of numbers, however deep. */
function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'number' || isNumbers(entry));
}

const concatenating = atOnce((call) => {
  const inputs = inputsOf(call);
  const [first] = inputs;
  const axis = axisOf(call, numberOf(call, 'axis', -1), first?.rank ?? 1);
  const masked = call.masks.some((mask) => mask !== null);
  return { outputs: [concat(inputs, axis)], masks: [masked ? lazyMask(() => concatenatedMask(call, inputs, axis)) : null] };
});

function concatenatedMask(call: LayerCallContext, inputs: readonly Tensor[], axis: number): Tensor {
  const tfjs = call.convention === 'tfjs';
  const masks = inputs.map((input, index) => {
    const mask = call.masks[index]?.tensor();
    if (mask === undefined) return cast(onesLike(input), 'bool');
    if (mask.rank === input.rank) return mask;
    return tfjs ? expandDims(mask, -1) : broadcastTo(cast(expandDims(mask, -1), 'bool'), input.shape);
  });
  const joined = concat(masks, axis);
  return tfjs ? all(joined, -1, false) : any(joined, -1, false);
}

/** The sum of products over one axis of each input, example by example. */
const dotting = atOnce((call) => {
  const [x, y] = inputsOf(call, 2);
  if (x === undefined || y === undefined) throw new Failure('layer.inputs', `Layer '${call.path}' (Dot) takes two inputs.`);
  const [first = -1, second = first] = listOf(call, 'axes') ?? [];
  const axes: [number, number] = [axisOf(call, first, x.rank), axisOf(call, second, y.rank)];
  const normalize = flagOf(call, 'normalize', false);
  if (call.convention === 'tfjs') {
    const [a, b] = normalize ? [unit(x, axes[0]), unit(y, axes[1])] : [x, y];
    return { outputs: [tfjsDot(a, b, axes)] };
  }
  const [a, b] = normalize ? [toUnitLength(x, [axes[0]], 1e-7), toUnitLength(y, [axes[1]], 1e-7)] : [x, y];
  return { outputs: [batchDot(a, b, axes)] };
});

function batchDot(x: Tensor, y: Tensor, [first, second]: [number, number]): Tensor {
  const batch = x.shape[0] ?? 1;
  const outer = (tensor: Tensor, axis: number): number[] => tensor.shape.map((_, index) => index).filter((index) => index !== 0 && index !== axis);
  const [rows, columns] = [outer(x, first), outer(y, second)];
  const depth = x.shape[first] ?? 1;
  const shapeOf = (tensor: Tensor, axes: number[]): number[] => axes.map((axis) => tensor.shape[axis] ?? 1);
  const left = reshape(transpose(x, [0, ...rows, first]), [batch, sizeOf(shapeOf(x, rows)), depth]);
  const right = reshape(transpose(y, [0, second, ...columns]), [batch, depth, sizeOf(shapeOf(y, columns))]);
  const shape = [batch, ...shapeOf(x, rows), ...shapeOf(y, columns)];
  return reshape(matMul(left, right), shape.length === 1 ? [batch, 1] : shape);
}

/** tfjs-layers' batchDot, for two or three axes. */
function tfjsDot(a: Tensor, b: Tensor, [first, second]: [number, number]): Tensor {
  const difference = Math.abs(a.rank - b.rank);
  const grown = (tensor: Tensor, other: Tensor): Tensor => (tensor.rank < other.rank ? reshape(tensor, [...tensor.shape, ...Array.from({ length: difference }, () => 1)]) : tensor);
  const [x, y] = [grown(a, b), grown(b, a)];
  let out: Tensor;
  if (x.rank === 2 && y.rank === 2) {
    out = first === second ? sum(mul(x, y), first) : sum(mul(transpose(x, [1, 0]), y), second);
  } else {
    out = matMul(x, y, first !== x.rank - 1, second === y.rank - 1);
  }
  if (difference > 0) {
    const from = a.rank > b.rank ? a.rank + b.rank - 3 : a.rank - 1;
    out = squeeze(out, Array.from({ length: difference }, (_, index) => from + index));
  }
  return out.rank === 1 ? expandDims(out, 1) : out;
}

export const mergeLayers: Readonly<Record<string, LayerForward>> = {
  Add: merging(add),
  Subtract: merging(sub),
  Multiply: merging(mul),
  Average: merging(add, (total, count, call) => (call.convention === 'tfjs' ? mul(1 / count, total) : div(total, count))),
  Maximum: merging((a, b) => maximum(...stretched(a, b)), undefined, false),
  Minimum: merging((a, b) => minimum(...stretched(a, b)), undefined, false),
  Concatenate: concatenating,
  Dot: dotting,
};
