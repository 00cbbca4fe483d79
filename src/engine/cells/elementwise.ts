/** Elementwise kernels: one term, a function of one element of each input, with broadcasting. */
import type { CellQuestion, CellRule, Factor, Values } from './arithmetic';
import { factor } from './arithmetic';
import { numberOf } from './attributes';
import { functions } from './functions';

/** The element of a broadcast input that meets output element `index`: axes align at the end, extent 1 stretches. */
export function broadcast(values: Values, index: readonly number[]): Factor {
  const missing = index.length - values.shape.length;
  return factor(values, values.shape.map((extent, axis) => (extent === 1 ? 0 : index[axis + missing] ?? 0)));
}

type Unary = readonly [text: string, apply: (x: number, question: CellQuestion) => number];
type Binary = readonly [text: string, apply: (a: number, b: number, question: CellQuestion) => number];

const unary: Readonly<Record<string, Unary>> = {
  Abs: ['|x|', Math.abs], Acos: ['acos x', Math.acos], Acosh: ['acosh x', Math.acosh], Asin: ['asin x', Math.asin], Asinh: ['asinh x', Math.asinh],
  Atan: ['atan x', Math.atan], Atanh: ['atanh x', Math.atanh], Ceil: ['⌈x⌉', Math.ceil], Cos: ['cos x', Math.cos], Cosh: ['cosh x', Math.cosh],
  Elu: ['elu x', functions.elu], Erf: ['erf x', functions.erf], Exp: ['exp x', Math.exp], Expm1: ['exp x − 1', Math.expm1], Floor: ['⌊x⌋', Math.floor],
  IsFinite: ['x is finite', (x) => Number(Number.isFinite(x))], IsInf: ['x is infinite', (x) => Number(Math.abs(x) === Infinity)], IsNan: ['x is NaN', (x) => Number(Number.isNaN(x))],
  LeakyRelu: ['leaky relu x', (x, { op }) => (x < 0 ? numberOf(op, 'alpha', 0.2) * x : x)], Log: ['ln x', Math.log], Log1p: ['ln(1 + x)', Math.log1p],
  LogicalNot: ['not x', (x) => Number(x === 0)], Neg: ['−x', functions.negative], Reciprocal: ['1 / x', functions.reciprocal], Relu: ['max(x, 0)', functions.relu],
  Relu6: ['min(max(x, 0), 6)', functions.relu6], Round: ['round x', functions.round], Rsqrt: ['1 / √x', functions.rsqrt], Selu: ['selu x', functions.selu],
  Sigmoid: ['1 / (1 + exp(−x))', functions.sigmoid], Sign: ['sign x', Math.sign], Sin: ['sin x', Math.sin], Sinh: ['sinh x', Math.sinh],
  Softplus: ['ln(1 + exp x)', functions.softplus], Sqrt: ['√x', Math.sqrt], Square: ['x²', functions.square],
  Step: ['1 where x > 0', (x, { op }) => (Number.isNaN(x) ? NaN : x > 0 ? 1 : numberOf(op, 'alpha', 0))], Tan: ['tan x', Math.tan], Tanh: ['tanh x', Math.tanh],
  ClipByValue: ['x, clipped', (x, { op }) => Math.min(Math.max(x, numberOf(op, 'clipValueMin', -Infinity)), numberOf(op, 'clipValueMax', Infinity))],
  Cast: ['x', (x, { op }) => (op.attributes['dtype'] === 'int32' ? Math.trunc(x) : op.attributes['dtype'] === 'bool' ? Number(x !== 0) : x)],
};

const binary: Readonly<Record<string, Binary>> = {
  Add: ['a + b', (a, b) => a + b], Sub: ['a − b', (a, b) => a - b], Multiply: ['a · b', (a, b) => a * b], RealDiv: ['a / b', (a, b) => a / b],
  FloorDiv: ['⌊a / b⌋', (a, b) => Math.floor(a / b)], Mod: ['a mod b', (a, b) => a - b * Math.floor(a / b)], Pow: ['a^b', (a, b) => a ** b],
  Maximum: ['max(a, b)', (a, b) => Math.max(a, b)], Minimum: ['min(a, b)', (a, b) => Math.min(a, b)], SquaredDifference: ['(a − b)²', (a, b) => (a - b) ** 2], Atan2: ['atan2(a, b)', Math.atan2],
  Equal: ['a = b', (a, b) => Number(a === b)], NotEqual: ['a ≠ b', (a, b) => Number(a !== b)], Greater: ['a > b', (a, b) => Number(a > b)], GreaterEqual: ['a ≥ b', (a, b) => Number(a >= b)],
  Less: ['a < b', (a, b) => Number(a < b)], LessEqual: ['a ≤ b', (a, b) => Number(a <= b)],
  LogicalAnd: ['a and b', (a, b) => Number(a !== 0 && b !== 0)], LogicalOr: ['a or b', (a, b) => Number(a !== 0 || b !== 0)],
};

const ofUnary = ([text, apply]: Unary): CellRule => (question) => {
  const x = factor(question.input('x'), question.index);
  return { combine: 'sum', terms: [{ factors: [x], value: apply(x.value, question), text }] };
};

const ofBinary = (names: readonly [string, string], [text, apply]: Binary): CellRule => (question) => {
  const [a, b] = names.map((name) => broadcast(question.input(name), question.index));
  return { combine: 'sum', terms: a === undefined || b === undefined ? [] : [{ factors: [a, b], value: apply(a.value, b.value, question), text }] };
};

export const elementwiseRules: Readonly<Record<string, CellRule>> = {
  ...Object.fromEntries(Object.entries(unary).map(([kernel, entry]) => [kernel, ofUnary(entry)])),
  ...Object.fromEntries(Object.entries(binary).map(([kernel, entry]) => [kernel, ofBinary(['a', 'b'], entry)])),
  /** ∂L/∂x = ∂L/∂y where y > 0, ∂L/∂y · (y + 1) elsewhere. */
  EluGrad: ofBinary(['dy', 'y'], ['dy · elu′', (dy, y) => (y >= 0 ? dy : dy * (y + 1))]),
  Prelu: ofBinary(['x', 'alpha'], ['x, or α · x below 0', (x, alpha) => (x < 0 ? alpha * x : x)]),
  AddN: (question) => ({ combine: 'sum', terms: question.list().map((values) => { const each = factor(values, question.index); return { factors: [each], value: each.value }; }) }),
  Select: (question) => {
    const condition = question.input('condition');
    const chosen = broadcast(condition, condition.shape.length === 1 ? question.index.slice(0, 1) : question.index);
    const taken = factor(question.input(chosen.value !== 0 ? 't' : 'e'), question.index);
    return { combine: 'sum', terms: [{ factors: [chosen, taken], value: taken.value, text: chosen.value !== 0 ? 'condition holds: first' : 'condition fails: second' }] };
  },
};
