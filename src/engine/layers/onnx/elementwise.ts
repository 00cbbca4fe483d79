/** Ops that work element by element: functions of one tensor, arithmetic with broadcasting, comparisons, logic, choice. */
import {
  abs, acos, acosh, add, asin, asinh, atan, atanh, ceil, cos, cosh, div, equal, erf, exp, floor, floorDiv, greater, greaterEqual, isInf, isNaN as isNan, less, lessEqual, log,
  logicalAnd, logicalNot, logicalOr, logicalXor, maximum, minimum, mod, mul, neg, pow, prelu, reciprocal, reshape, round, sign, sin, sinh, sqrt, sub, tan, tanh, where,
} from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerCallContext, LayerForward } from '../layer';
import { bools, floats, ints, like, numberOf, op as atOnce, operand, operands } from './operands';
import { anyAxes } from './wide';

const op = (run: (call: LayerCallContext) => Tensor): LayerForward => anyAxes(atOnce(run));

/** A function of one tensor; integers go through floats and back. */
const one = (run: (x: Tensor) => Tensor): LayerForward => op((call) => { const x = operand(call, 0); return like(run(floats(x)), x.dtype); });
/** A function with a truth value for each element. */
const asked = (run: (x: Tensor) => Tensor): LayerForward => op((call) => run(floats(operand(call, 0))));
/** Both operands. Until opset 6 the second stands at an axis of the first, or at its end. */
function both(call: LayerCallContext): [Tensor, Tensor] {
  const [a, b] = [operand(call, 0), operand(call, 1)];
  const axis = numberOf(call, 'axis', a.rank - b.rank);
  if (numberOf(call, 'broadcast', 0) !== 1 || axis < 0) return [a, b];
  return [a, reshape(b, [...b.shape, ...Array<number>(Math.max(0, a.rank - axis - b.rank)).fill(1)])];
}
/** Arithmetic of two tensors of one type. */
const two = (run: (a: Tensor, b: Tensor) => Tensor): LayerForward => op((call) => { const [a, b] = both(call); return a.dtype === b.dtype ? run(a, b) : run(floats(a), floats(b)); });
/** Arithmetic of any number of tensors. */
const many = (run: (a: Tensor, b: Tensor) => Tensor, finish: (total: Tensor, count: number) => Tensor = (total) => total): LayerForward => op((call) => {
  const [first = operand(call, 0), ...rest] = operands(call);
  return finish(rest.reduce((total, next) => run(total, next), first), rest.length + 1);
});
/** Comparisons; truth values are compared as numbers. */
const compared = (run: (a: Tensor, b: Tensor) => Tensor): LayerForward => op((call) => {
  const [a, b] = both(call);
  return a.dtype === 'bool' ? run(ints(a), ints(b)) : run(a, like(b, a.dtype));
});
const logic = (run: (a: Tensor, b: Tensor) => Tensor): LayerForward => op((call) => { const [a, b] = both(call); return run(bools(a), bools(b)); });

/** Integers are divided towards zero. */
function divided(a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== 'int32') return div(a, b);
  return mul(ints(mul(sign(floats(a)), sign(floats(b)))), floorDiv(ints(abs(floats(a))), ints(abs(floats(b)))));
}

export const elementwiseOps = {
  Abs: one(abs), Acos: one(acos), Acosh: one(acosh), Asin: one(asin), Asinh: one(asinh), Atan: one(atan), Atanh: one(atanh), Ceil: one(ceil), Cos: one(cos), Cosh: one(cosh), Erf: one(erf), Exp: one(exp),
  Floor: one(floor), Log: one(log), Neg: one(neg), Reciprocal: one(reciprocal), Round: one(round), Sign: one(sign), Sin: one(sin), Sinh: one(sinh), Sqrt: one(sqrt), Tan: one(tan), Tanh: one(tanh),
  IsNaN: asked(isNan), Not: op((call) => logicalNot(bools(operand(call, 0)))),
  IsInf: op((call) => {
    const x = floats(operand(call, 0));
    const [negative, positive] = [numberOf(call, 'detect_negative', 1) === 1, numberOf(call, 'detect_positive', 1) === 1];
    if (negative && positive) return isInf(x);
    return logicalAnd(isInf(x), negative ? less(x, 0) : positive ? greater(x, 0) : isNan(x));
  }),
  Add: two(add), Sub: two(sub), Mul: two(mul), Div: two(divided), Max: many(maximum), Min: many(minimum), Sum: many(add), Mean: many(add, (total, count) => div(total, count)),
  Pow: op((call) => { const [a, b] = both(call); return a.dtype === 'int32' ? ints(round(pow(floats(a), floats(b)))) : pow(a, floats(b)); }),
  Mod: op((call) => {
    const [a, b] = [operand(call, 0), operand(call, 1)];
    // fmod takes the sign of what is divided, the other of what it is divided by.
    return numberOf(call, 'fmod', 0) === 1 ? like(mul(sign(floats(a)), mod(abs(floats(a)), abs(floats(b)))), a.dtype) : like(mod(floats(a), floats(b)), a.dtype);
  }),
  Equal: compared(equal), Greater: compared(greater), GreaterOrEqual: compared(greaterEqual), Less: compared(less), LessOrEqual: compared(lessEqual),
  And: logic(logicalAnd), Or: logic(logicalOr), Xor: logic(logicalXor),
  Where: op((call) => { const a = operand(call, 1); return where(bools(operand(call, 0)), a, like(operand(call, 2), a.dtype)); }),
  // Older exporters write one slope a channel as a plain vector.
  PRelu: op((call) => { const [x, slope] = [operand(call, 0), operand(call, 1)]; const perChannel = slope.rank === 1 && x.rank > 2 && slope.size === x.shape[1] && slope.size !== x.shape[x.rank - 1]; return prelu(x, perChannel ? reshape(slope, [slope.size, ...x.shape.slice(2).map(() => 1)]) : slope); }),
} satisfies Readonly<Record<string, LayerForward>>;
