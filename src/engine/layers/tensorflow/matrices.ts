/** TensorFlow's matrix products, normalisations and reductions. */
import { all, any, argMax, argMin, batchNorm, cumprod, cumsum, einsum as wholeEinsum, fused, linalg, localResponseNormalization, matMul, max, mean, min, moments, neg, prod, reshape, sqrt, square, sum, topk } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { einsum } from '../operations/einsum';
import type { LayerCallContext, LayerForward } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { greatest } from '../pooling';
import { axes, flag, floats, number, numbers, numeric, op, operand, operands, text, truths } from './operands';
import { afterwards, fusion } from './windows';

const product = (first: string, second: string): LayerForward => op((call) => matMul(operand(call, 0), operand(call, 1), flag(call, first), flag(call, second)));

/** As TensorFlow.js under its tape: product and bias in one kernel where no activation follows. */
const fusedProduct = op((call) => {
  const { bias, activation, alpha } = fusion(call);
  const options = { a: operand(call, 0), b: operand(call, 1), transposeA: flag(call, 'transpose_a'), transposeB: flag(call, 'transpose_b') };
  // The converter fuses sums with whole matrices too, which kernels do not take for a bias.
  if (bias?.rank === 1 && activation === null) return fused.matMul({ ...options, bias });
  return afterwards(call, matMul(options.a, options.b, options.transposeA, options.transposeB), bias, activation, alpha);
});

/** Inputs: x, scale, offset, mean, variance; statistics of the batch itself when the op trains. */
const batchNormalization = op((call) => {
  const [x, scale, offset] = [operand(call, 0), operand(call, 1), operand(call, 2)];
  const first = text(call, 'data_format', 'NHWC') === 'NCHW';
  const image = first ? toChannelsLast(x) : x;
  const own = call.config.is_training === true ? moments(image, image.shape.slice(0, -1).map((_, axis) => axis)) : { mean: operand(call, 3), variance: operand(call, 4) };
  const y = batchNorm(image as Tensor4D, own.mean as Tensor1D, own.variance as Tensor1D, offset as Tensor1D, scale as Tensor1D, numeric(call, 'epsilon', 0.0001));
  return [first ? toChannelsFirst(y) : y, own.mean, own.variance, own.mean, own.variance, own.variance];
});

/** The axes of a reduction: its second input. An empty list leaves the tensor as it is. */
const reduction = (run: (x: Tensor, along: number[], keep: boolean, call: LayerCallContext) => Tensor): LayerForward => op((call) => {
  const x = operand(call, 0);
  const along = axes(call, numbers(call, 1), x.rank);
  return along.length === 0 && x.rank > 0 ? reshape(x, x.shape) : run(x, along, flag(call, 'keep_dims'), call);
});

/** The greatest element; equal ones share the gradient as in TensorFlow, unless the run follows TensorFlow.js. */
export const extreme = (call: LayerCallContext, x: Tensor, along: number[], keep: boolean): Tensor => (call.convention === 'tfjs' || x.dtype !== 'float32' ? max(x, along, keep) : greatest(x, along, keep));
export const least = (call: LayerCallContext, x: Tensor, along: number[], keep: boolean): Tensor => (call.convention === 'tfjs' || x.dtype !== 'float32' ? min(x, along, keep) : neg(greatest(neg(x), along, keep)));

const index = (run: typeof argMax): LayerForward => op((call) => { const x = operand(call, 0); return run(x, axes(call, [number(call, 1)], x.rank)[0]); });
const running = (run: typeof cumsum): LayerForward => op((call) => { const x = operand(call, 0); return run(x, axes(call, [number(call, 1)], x.rank)[0], flag(call, 'exclusive'), flag(call, 'reverse')); });

export const matrices: Readonly<Record<string, LayerForward>> = {
  MatMul: product('transpose_a', 'transpose_b'), BatchMatMul: product('adj_x', 'adj_y'), BatchMatMulV2: product('adj_x', 'adj_y'), BatchMatMulV3: product('adj_x', 'adj_y'), _FusedMatMul: fusedProduct,
  Einsum: op((call) => {
    const [equation, [a, b, ...more]] = [text(call, 'equation', '').replaceAll(' ', ''), operands(call)];
    if (a !== undefined && b !== undefined && more.length === 0 && equation.includes('->')) return einsum(equation, a, b);
    return wholeEinsum(equation, ...operands(call));
  }),
  MatrixBandPart: op((call) => linalg.bandPart(operand(call, 0) as Tensor2D, number(call, 1), number(call, 2))),
  FusedBatchNorm: batchNormalization, FusedBatchNormV2: batchNormalization, FusedBatchNormV3: batchNormalization,
  LRN: op((call) => localResponseNormalization(operand(call, 0) as Tensor4D, numeric(call, 'depth_radius', 5), numeric(call, 'bias', 1), numeric(call, 'alpha', 1), numeric(call, 'beta', 0.5))),
  Sum: reduction(sum), Mean: reduction((x, along, keep) => mean(floats(x), along, keep)), Prod: reduction(prod), Max: reduction((x, along, keep, call) => extreme(call, x, along, keep)),
  Min: reduction((x, along, keep, call) => least(call, x, along, keep)), All: reduction((x, along, keep) => all(truths(x), along, keep)), Any: reduction((x, along, keep) => any(truths(x), along, keep)),
  EuclideanNorm: reduction((x, along, keep) => sqrt(sum(square(x), along, keep))),
  ArgMax: index(argMax), ArgMin: index(argMin), Cumsum: running(cumsum), Cumprod: running(cumprod),
  TopKV2: op((call) => { const { values, indices } = topk(operand(call, 0), number(call, 1), call.config.sorted !== false); return [values, indices]; }),
};

