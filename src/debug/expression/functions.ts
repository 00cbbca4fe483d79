/** The functions of the expression language: a table of name, parameters, one line of explanation, and what it does. */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { Shape } from '../../tensor/value';
import { broadcastShape, mapElements, numbersOf, reduceElements, shapeText, zipElements } from './arrays';
import type { Budget, Reduction } from './arrays';
import { isTensor, tensorOf } from './values';
import type { Scope, TensorResult, Value } from './values';

export interface Call { readonly args: readonly Value[]; readonly axis: number | null; readonly scope: Scope; readonly budget: Budget }
export interface Entry {
  readonly signature: string;
  readonly explanation: string;
  readonly arity: readonly [least: number, most: number];
  /** Takes `axis=`. */
  readonly axis?: true;
  apply(call: Call): Value;
}

/** A number as a tensor without axes. */
export function asTensor(value: Value): TensorResult {
  if (typeof value === 'string') throw new Failure('expression.type', `A number or a tensor is needed here, not the text "${value}".`);
  return isTensor(value) ? value : tensorOf(typeof value === 'boolean' ? 'bool' : 'float64', [], Float64Array.of(Number(value)));
}

/** A tensor without axes as its number (or boolean); others as they are. */
export function plain(value: Value): Value {
  if (typeof value === 'string' || !isTensor(value) || value.shape.length > 0) return value;
  const number = Number(numbersOf(value.data())[0]);
  return value.dtype === 'bool' ? number !== 0 : number;
}

const first = ({ args }: Call): Value => args[0] ?? 0;

const elementwise = (name: string, explanation: string, f: (x: number) => number, logical = false): [string, Entry] => [name, {
  signature: `${name}(x)`, explanation, arity: [1, 1],
  apply: (call) => plain(mapElements(asTensor(first(call)), f, logical, call.budget)),
}];

const reduction = (name: string, explanation: string, f: Reduction, logical = false): [string, Entry] => [name, {
  signature: `${name}(x, axis=…)`, explanation, arity: [1, 1], axis: true,
  apply: (call) => {
    const result = reduceElements(asTensor(first(call)), call.axis, f, call.budget);
    if (!logical) return result;
    return isTensor(result) ? mapElements(result, (x) => x, true, call.budget) : result !== 0;
  },
}];

/** Reductions that also compare two arguments element by element: min, max. */
const extreme = (name: string, explanation: string, better: (x: number, best: number) => boolean): [string, Entry] => {
  const all: Reduction = (data, start, stride, count) => {
    let best = NaN;
    for (let k = 0; k < count; k += 1) {
      const value = data[start + k * stride] ?? NaN;
      if (value !== value) return NaN;
      if (k === 0 || better(value, best)) best = value;
    }
    return best;
  };
  return [name, {
    signature: `${name}(x, axis=…) or ${name}(x, y)`, explanation, arity: [1, 2], axis: true,
    apply: (call) => (call.args.length === 1
      ? reduceElements(asTensor(first(call)), call.axis, all, call.budget)
      : plain(zipElements(asTensor(first(call)), asTensor(call.args[1] ?? 0), (x, y) => (x !== x || y !== y ? NaN : better(x, y) ? x : y), false, call.budget))),
  }];
};

const total = (g: (x: number) => number): Reduction => (data, start, stride, count) => {
  let sum = 0;
  for (let k = 0; k < count; k += 1) sum += g(data[start + k * stride] ?? NaN);
  return sum;
};
const sum = total((x) => x);
const squares = total((x) => x * x);
const variance: Reduction = (data, start, stride, count) => {
  const mean = sum(data, start, stride, count) / count;
  return total((x) => (x - mean) ** 2)(data, start, stride, count) / count;
};
const position = (better: (x: number, best: number) => boolean): Reduction => (data, start, stride, count) => {
  let best = -1;
  for (let k = 0; k < count; k += 1) {
    const value = data[start + k * stride] ?? NaN;
    if (value === value && (best < 0 || better(value, data[start + best * stride] ?? NaN))) best = k;
  }
  return best;
};

const source = (value: Value, name: string): number => {
  if (typeof value === 'string' || !isTensor(value) || value.source === null) {
    throw new Failure('expression.type', `${name}() needs a tensor of the network as it is, such as ${name}(x): not a number, a slice or a computed value.`);
  }
  return value.source;
};

export const functions: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ['grad', { signature: 'grad(x)', explanation: 'gradient of the loss with respect to a tensor or weight', arity: [1, 1], apply: (call) => call.scope.gradient(source(first(call), 'grad')) }],
  ['before', { signature: 'before(weight)', explanation: 'value of a weight before this iteration\'s update', arity: [1, 1], apply: (call) => call.scope.before(source(first(call), 'before')) }],
  reduction('norm', 'Euclidean norm', (...group) => Math.sqrt(squares(...group))),
  reduction('mean', 'mean', (...group) => sum(...group) / group[3]),
  reduction('sum', 'sum', sum),
  extreme('min', 'smallest element, or the smaller of two', (x, best) => x < best),
  extreme('max', 'largest element, or the larger of two', (x, best) => x > best),
  reduction('var', 'variance (divided by the count)', variance),
  reduction('std', 'standard deviation (of the population)', (...group) => Math.sqrt(variance(...group))),
  reduction('argmin', 'position of the smallest element', position((x, best) => x < best)),
  reduction('argmax', 'position of the largest element', position((x, best) => x > best)),
  reduction('count', 'how many elements are not zero, or true', total((x) => (x === 0 ? 0 : 1))),
  reduction('any', 'whether some element is true', (...group) => (total((x) => (x === 0 ? 0 : 1))(...group) > 0 ? 1 : 0), true),
  reduction('all', 'whether all elements are true', (...group) => (total((x) => (x === 0 ? 0 : 1))(...group) === group[3] ? 1 : 0), true),
  elementwise('abs', 'absolute value', Math.abs),
  elementwise('sqrt', 'square root', Math.sqrt),
  elementwise('exp', 'e to the power', Math.exp),
  elementwise('log', 'natural logarithm', Math.log),
  elementwise('sign', '-1, 0 or 1', Math.sign),
  elementwise('round', 'nearest whole number', Math.round),
  elementwise('floor', 'next whole number below', Math.floor),
  elementwise('ceil', 'next whole number above', Math.ceil),
  elementwise('isnan', 'which elements are not a number', (x) => (Number.isNaN(x) ? 1 : 0), true),
  elementwise('isinf', 'which elements are infinite', (x) => (Math.abs(x) === Infinity ? 1 : 0), true),
  elementwise('isfinite', 'which elements are neither NaN nor infinite', (x) => (Number.isFinite(x) ? 1 : 0), true),
  ['where', {
    signature: 'where(condition, x, y)', explanation: 'x where the condition holds, else y', arity: [3, 3],
    apply: ({ args: [condition = 0, x = 0, y = 0], budget }) => {
      const parts = [condition, x, y].map(asTensor);
      const shape = parts.reduce<Shape>((common, part) => broadcastShape(common, part.shape), []);
      const template = tensorOf('float64', shape, new Float64Array(sizeOf(shape)));
      const [flags, yes, no] = parts.map((part) => numbersOf(zipElements(part, template, (value) => value, false, budget).data()));
      return plain(tensorOf('float64', shape, Float64Array.from({ length: sizeOf(shape) }, (_, i) => Number((flags?.[i] === 0 ? no : yes)?.[i]))));
    },
  }],
  ['shape', { signature: 'shape(x)', explanation: 'extents of the axes', arity: [1, 1], apply: (call) => { const { shape } = asTensor(first(call)); return tensorOf('int32', [shape.length], Int32Array.from(shape)); } }],
  ['size', { signature: 'size(x)', explanation: 'number of elements', arity: [1, 1], apply: (call) => sizeOf(asTensor(first(call)).shape) }],
  ['rank', { signature: 'rank(x)', explanation: 'number of axes', arity: [1, 1], apply: (call) => asTensor(first(call)).shape.length }],
  ['reshape', {
    signature: 'reshape(x, d1, d2, …)', explanation: 'the same elements with other axes', arity: [2, 9],
    apply: ({ args: [x = 0, ...extents] }) => {
      const a = asTensor(x), shape = extents.map((extent) => Number(plain(extent)));
      const valid = shape.every((extent) => Number.isInteger(extent) && extent >= 0) && sizeOf(shape) === sizeOf(a.shape);
      if (!valid) throw new Failure('expression.shape', `A tensor of shape ${shapeText(a.shape)} cannot become ${shapeText(shape)}.`);
      return tensorOf(a.dtype, shape, a.data());
    },
  }],
]);
