/** onnxruntime's ops on integers: weights in blocks of few bits, and networks of 8 bits, computed in float32 and put on their grids. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md */
import { add, concat, div, floor, gather, leakyRelu, matMul, mean, mod, mul, reshape, sigmoid, slice, softmax, stack, sub, tensor1d, transpose, where } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../../tensor/value';
import { atOnce } from '../../calls';
import type { LayerCallContext, LayerForward } from '../../layer';
import { along, dynamic, onGrid } from '../integers';
import { axisIn, bools, floats, ints, misfit, numberOf, op, operand, optional } from '../operands';
import { averaged } from '../pooling';
import { product } from '../products';
import { runtimeAttentionOps } from './attention';

/** The numbers of `bits` bits in bytes, the lowest bits first: the last axis grows. */
function unpacked(bytes: Tensor, bits: number): Tensor {
  const x = floats(bytes);
  if (bits === 8) return x;
  const each = 8 / bits;
  const parts = Array.from({ length: each }, (_, index) => mod(floor(div(x, 2 ** (bits * index))), 2 ** bits));
  return reshape(stack(parts, x.rank), [...x.shape.slice(0, -1), (x.shape[x.rank - 1] ?? 0) * each]);
}

/** `[rows, blocks]` zero points: numbers, or packed in bytes with each row filled up to a whole byte; the middle where there are none. */
function zeros(zero: Tensor | null, rows: number, blocks: number, bits: number): Tensor | number {
  if (zero === null) return 2 ** (bits - 1);
  if (zero.dtype === 'float32') return reshape(zero, [rows, blocks, 1]);
  return reshape(slice(unpacked(reshape(zero, [rows, zero.size / rows]), bits), [0, 0], [rows, blocks]), [rows, blocks, 1]);
}

/** `x` times weights `[N, blocks, bytes]` of 2, 4 or 8 bits, each block with a scale and a zero point of its own. */
function productOfBits(call: LayerCallContext): Tensor {
  const [x, bytes, scales, bias] = [floats(operand(call, 0)), operand(call, 1), floats(operand(call, 2)), optional(call, 5)];
  const [width, rows, bits, block] = [numberOf(call, 'K', 0), numberOf(call, 'N', 0), numberOf(call, 'bits', 4), numberOf(call, 'block_size', 32)];
  const blocks = Math.ceil(width / block);
  if (bytes.size * (8 / bits) !== rows * blocks * block || x.shape[x.rank - 1] !== width) throw misfit(call, `multiplies [${x.shape.join(', ')}] by ${rows} rows of ${width} numbers of ${bits} bits, which its ${bytes.size} bytes do not hold`);
  const numbers = unpacked(reshape(bytes, [rows, blocks, block * bits / 8]), bits);
  const groups = optional(call, 4);
  const [zero, scale] = [zeros(optional(call, 3), rows, blocks, bits), reshape(scales, [rows, blocks, 1])];
  // Columns may say which block they belong to.
  const spread = (one: Tensor): Tensor => (groups === null ? one : gather(reshape(one, [rows, blocks]), ints(groups), 1));
  const centred = sub(groups === null ? numbers : slice(reshape(numbers, [rows, blocks * block]), [0, 0], [rows, width]), typeof zero === 'number' ? zero : spread(zero));
  const weights = slice(reshape(mul(centred, spread(scale)), [rows, groups === null ? blocks * block : width]), [0, 0], [rows, width]);
  const y = reshape(matMul(reshape(x, [x.size / width, width]), weights, false, true), [...x.shape.slice(0, -1), rows]);
  return bias === null ? y : add(y, bias);
}

/** Rows of a table whose numbers have a scale for each block along an axis. */
function gatheredBlocks(call: LayerCallContext): Tensor {
  const [data, indices, scales, zero] = [operand(call, 0), ints(operand(call, 1)), floats(operand(call, 2)), optional(call, 3)];
  const [bits, block] = [numberOf(call, 'bits', 4), numberOf(call, 'block_size', 128)];
  // Bytes that hold several numbers have fewer elements than the scales ask for.
  const inBytes = data.size * block < scales.size * block * block && bits < 8 && (data.shape[data.rank - 1] ?? 0) * (8 / bits) <= (scales.shape[scales.rank - 1] ?? 0) * block;
  const numbers = inBytes ? unpacked(data, bits) : floats(data);
  const [axis, chosen] = [axisIn(call, numberOf(call, 'quantize_axis', 1), numbers.rank), axisIn(call, numberOf(call, 'gather_axis', 0), numbers.rank)];
  const blocks = tensor1d(Int32Array.from({ length: numbers.shape[axis] ?? 1 }, (_, index) => Math.floor(index / block)), 'int32');
  const spread = (one: Tensor): Tensor => gather(floats(one), blocks, axis);
  const zeroPoints = zero === null ? null : inBytes ? slice(unpacked(zero, bits), scales.shape.map(() => 0), scales.shape) : floats(zero);
  const centred = zeroPoints === null ? (inBytes ? sub(numbers, 2 ** (bits - 1)) : numbers) : sub(numbers, spread(zeroPoints));
  return gather(mul(centred, spread(scales)), indices, chosen);
}

/** What integers at a place stand for, by the scale and the zero point behind them. */
function valueOf(call: LayerCallContext, position: number, scaleAt = position + 1, zeroAt = position + 2, axis = -1): Tensor {
  const [x, scale, zero] = [floats(operand(call, position)), floats(operand(call, scaleAt)), optional(call, zeroAt)];
  const place = axis < 0 ? axis + x.rank : axis;
  return mul(zero === null ? x : sub(x, along(floats(zero), x, place)), along(scale, x, place));
}
/** An op of real numbers between grids; the result's scale is the input number `at`. */
const between = (at: number, run: (call: LayerCallContext) => Tensor): LayerForward => op((call) => onGrid(call, run(call), operand(call, at), optional(call, at + 1)));
const one = (run: (x: Tensor, call: LayerCallContext) => Tensor): LayerForward => between(3, (call) => run(valueOf(call, 0), call));

function channelsFirst(call: LayerCallContext, x: Tensor, run: (x: Tensor) => Tensor): Tensor {
  if (numberOf(call, 'channels_last', 0) !== 1) return run(x);
  const axes = x.shape.map((_, axis) => axis);
  return transpose(run(transpose(x, [0, x.rank - 1, ...axes.slice(1, -1)])), [0, ...axes.slice(2), 1]);
}

function joined(call: LayerCallContext): Tensor {
  const parts = Array.from({ length: Math.floor((call.args.length - 2) / 3) }, (_, index) => valueOf(call, 2 + 3 * index));
  return concat(parts, axisIn(call, numberOf(call, 'axis', 0), parts[0]?.rank ?? 1));
}

/** alpha A B + C, where C counts in steps of both scales; real numbers where no scale of the result is given. */
function quantizedGemm(call: LayerCallContext): Tensor {
  const turnedB = numberOf(call, 'transB', 0) === 1;
  const [a, b, c, alpha] = [valueOf(call, 0), valueOf(call, 3, 4, 5, turnedB ? 0 : 1), optional(call, 6), numberOf(call, 'alpha', 1)];
  const y = mul(matMul(a, b, numberOf(call, 'transA', 0) === 1, turnedB), alpha);
  const total = c === null ? y : add(y, mul(mul(floats(c), mul(floats(operand(call, 1)), floats(operand(call, 4)))), alpha));
  return optional(call, 7) === null ? total : onGrid(call, total, operand(call, 7), optional(call, 8));
}

const withBias = (y: Tensor, bias: Tensor | null): Tensor => (bias === null ? y : add(y, bias));

/** `x` on 8 bits by its range, then as a product of integers. */
function dynamicProduct(call: LayerCallContext): Tensor {
  const [numbers, scale, zero] = dynamic(floats(operand(call, 0)));
  const x = mul(sub(floats(numbers), floats(zero)), scale);
  return withBias(product(call, x, valueOf(call, 1)), optional(call, 4));
}

const toFloat = (call: LayerCallContext): Tensor => withBias(product(call, valueOf(call, 0, 2, 4), valueOf(call, 1, 3, 5)), optional(call, 6));

/** Attention of integers: inputs are x, weights, bias, their scales, the mask, their zero points, and the cache. */
const attention: LayerForward = atOnce((call) => {
  const args = [valueOf(call, 0, 3, 6), valueOf(call, 1, 4, 7), call.args[2] ?? null, call.args[5] ?? null, call.args[8] ?? null];
  const step = runtimeAttentionOps['com.microsoft.Attention']({ ...call, args }).next();
  if (step.done !== true) throw misfit(call, 'does not end');
  return step.value;
});

export const runtimeQuantizedOps = {
  'com.microsoft.MatMulNBits': op(productOfBits), 'com.microsoft.GatherBlockQuantized': op(gatheredBlocks), 'com.microsoft.DynamicQuantizeMatMul': op(dynamicProduct), 'com.microsoft.MatMulIntegerToFloat': op(toFloat),
  'com.microsoft.QLinearAdd': between(6, (call) => add(valueOf(call, 0), valueOf(call, 3))), 'com.microsoft.QLinearMul': between(6, (call) => mul(valueOf(call, 0), valueOf(call, 3))),
  'com.microsoft.QLinearLeakyRelu': one((x, call) => leakyRelu(x, numberOf(call, 'alpha', 0.01))), 'com.microsoft.QLinearSigmoid': one(sigmoid),
  'com.microsoft.QLinearSoftmax': one((x, call) => {
    const axis = axisIn(call, numberOf(call, 'axis', -1), x.rank);
    if (numberOf(call, 'opset', 13) < 13) return reshape(softmax(reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))])), x.shape);
    const order = x.shape.map((_, index) => (index === axis ? x.rank - 1 : index === x.rank - 1 ? axis : index));
    return transpose(softmax(transpose(x, order)), order);
  }),
  'com.microsoft.QLinearAveragePool': one((x, call) => channelsFirst(call, x, (y) => averaged(call, y))),
  'com.microsoft.QLinearGlobalAveragePool': one((x, call) => channelsFirst(call, x, (y) => mean(y, y.shape.map((_, axis) => axis).slice(2), true))),
  'com.microsoft.QLinearConcat': op((call) => onGrid(call, joined(call), operand(call, 0), optional(call, 1))), 'com.microsoft.QGemm': op(quantizedGemm),
  'com.microsoft.QLinearWhere': between(7, (call) => where(bools(operand(call, 0)), valueOf(call, 1), valueOf(call, 4))), 'com.microsoft.QAttention': attention,
} satisfies Readonly<Record<string, LayerForward>>;
