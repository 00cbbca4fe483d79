/** TensorFlow's elementwise ops: arithmetic, functions, activations, comparisons, choice. */
import {
  abs, acos, acosh, add, addN, asin, asinh, atan, atan2, atanh, cast, ceil, clipByValue, cos, cosh, div, divNoNan, elu, equal, erf, exp, expm1, floor, floorDiv, greater, greaterEqual,
  isFinite, isInf, isNaN as isNan, leakyRelu, less, lessEqual, log, log1p, logSoftmax, logicalAnd, logicalNot, logicalOr, maximum, minimum, mod, mul, neg, notEqual, onesLike, pow, prelu, reciprocal, relu,
  relu6, reshape, round, rsqrt, selu, sigmoid, sign, sin, sinh, softmax, softplus, sqrt, square, squaredDifference, sub, sum, tan, tanh, where, zerosLike,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { atOnce } from '../calls';
import type { LayerForward } from '../layer';
import { binary, numeric, op, operand, operands, text, truths, unary } from './operands';

/** Adds along the channels: the last axis, or the second where the file says NCHW. */
export function biasAdd(x: Tensor, bias: Tensor, channelsFirst: boolean): Tensor {
  return add(x, channelsFirst && x.rank > 2 ? reshape(bias, [1, bias.size, ...x.shape.slice(2).map(() => 1)]) : bias);
}

const ofLogits = (run: (x: Tensor) => Tensor): LayerForward => atOnce((call) => {
  const x = operand(call, 0);
  return { outputs: [run(x)], logits: x };
});

const types: Readonly<Record<string, 'float32' | 'int32' | 'bool'>> = { bool: 'bool', ...Object.fromEntries(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'].map((name) => [name, 'int32'])) };

/** `Select` takes a condition for each row, `SelectV2` stretches it as any other operand. */
const select = (byRow: boolean): LayerForward => op((call) => {
  const [condition, yes, no] = [truths(operand(call, 0)), operand(call, 1), operand(call, 2)];
  const rows = byRow && condition.rank === 1 && yes.rank > 1 ? reshape(condition, [condition.size, ...yes.shape.slice(1).map(() => 1)]) : condition;
  return where(rows, yes, no);
});

/** The second operand where the first is not zero, else one; the product with what a function makes of it is zero there. */
const safe = (a: Tensor, b: Tensor): Tensor => where(notEqual(add(a, zerosLike(b)), 0), add(b, zerosLike(a)), onesLike(add(a, b)));

export const arithmetic: Readonly<Record<string, LayerForward>> = {
  Abs: unary(abs), Acos: unary(acos), Acosh: unary(acosh), Asin: unary(asin), Asinh: unary(asinh), Atan: unary(atan), Atanh: unary(atanh), Ceil: unary(ceil), Cos: unary(cos), Cosh: unary(cosh), Erf: unary(erf), Erfc: unary((x) => sub(1, erf(x))),
  Exp: unary(exp), Expm1: unary(expm1), Floor: unary(floor), IsFinite: unary(isFinite), IsInf: unary(isInf), IsNan: unary(isNan), Log: unary(log), Log1p: unary(log1p), Neg: unary(neg), Reciprocal: unary(reciprocal), Inv: unary(reciprocal),
  Round: unary(round), Rint: unary(round), Rsqrt: unary(rsqrt), Sign: unary(sign), Sin: unary(sin), Sinh: unary(sinh), Sqrt: unary(sqrt), Square: unary(square), Tan: unary(tan), OnesLike: unary(onesLike), ZerosLike: unary(zerosLike),
  LogicalNot: unary((x) => logicalNot(truths(x))),
  Add: binary(add), AddV2: binary(add), Sub: binary(sub), Mul: binary(mul), RealDiv: binary(div), Div: binary(div), DivNoNan: binary(divNoNan), FloorDiv: binary(floorDiv), Mod: binary(mod), FloorMod: binary(mod), Pow: binary(pow),
  Xlogy: binary((a, b) => mul(a, log(safe(a, b)))), Xdivy: binary((a, b) => mul(a, reciprocal(safe(a, b)))), MulNoNan: binary((a, b) => where(notEqual(b, 0), mul(a, b), zerosLike(mul(a, b)))),
  L2Loss: unary((x) => mul(sum(square(x)), 0.5)), Maximum: binary(maximum), Minimum: binary(minimum), SquaredDifference: binary(squaredDifference), Atan2: binary(atan2),
  Equal: binary(equal), NotEqual: binary(notEqual), Greater: binary(greater), GreaterEqual: binary(greaterEqual), Less: binary(less), LessEqual: binary(lessEqual),
  LogicalAnd: binary((a, b) => logicalAnd(truths(a), truths(b))), LogicalOr: binary((a, b) => logicalOr(truths(a), truths(b))),
  AddN: op((call) => addN(operands(call))),
  BiasAdd: op((call) => biasAdd(operand(call, 0), operand(call, 1), text(call, 'data_format', 'NHWC') === 'NCHW')), BiasAddV1: op((call) => add(operand(call, 0), operand(call, 1))),
  Select: select(true), SelectV2: select(false),
  Cast: op((call) => { const x = operand(call, 0); const type = types[text(call, 'DstT', 'float32')] ?? 'float32'; return x.dtype === type ? x : cast(x, type); }),
  Relu: unary(relu), Relu6: unary(relu6), Elu: unary(elu), Softsign: unary((x) => div(x, add(1, abs(x)))), Selu: unary(selu), Softplus: unary(softplus), Tanh: unary(tanh), Sigmoid: ofLogits(sigmoid), Softmax: ofLogits((x) => softmax(x)), LogSoftmax: unary((x) => logSoftmax(x)),
  LeakyRelu: op((call) => leakyRelu(operand(call, 0), numeric(call, 'alpha', 0.2))), Prelu: op((call) => prelu(operand(call, 0), operand(call, 1))),
  ClipByValue: op((call) => clipByValue(operand(call, 0), Number(operand(call, 1).dataSync()[0]), Number(operand(call, 2).dataSync()[0]))),
};

/** An activation as fused ops name it, on a tensor; `alpha` is Prelu's weight. */
export function fusedActivation(name: string, x: Tensor, alpha: Tensor | null, slope: number): Tensor | null {
  if (name === 'Prelu') return alpha === null ? null : prelu(x, alpha);
  if (name === 'LeakyRelu') return leakyRelu(x, slope);
  const run = ({ Relu: relu, Relu6: relu6, Elu: elu, Tanh: tanh, Sigmoid: sigmoid } as Readonly<Record<string, ((x: Tensor) => Tensor) | undefined>>)[name];
  return run?.(x) ?? null;
}

