/** Set Value: `place = value` as elements of one tensor of the trace. Both sides are expressions; nothing of the user's is executed. */
import type { TensorChange } from '../engine/changes';
import { Failure } from '../tensor/failure';
import { sizeOf } from '../tensor/value';
import { shapeText } from './expression/arrays';
import { evaluate } from './expression/evaluate';
import { asTensor } from './expression/functions';
import { parseExpression } from './expression/syntax';
import type { Node } from './expression/syntax';
import { isTensor, tensorOf } from './expression/values';
import type { Scope, TensorResult, Value } from './expression/values';
import type { View } from './place';
import { TraceScope } from './scope';

/** Stands for the numbered elements; no expression can name it. */
const numbered = '\u0000';

/**
 * What `place = value` changes, such as `conv_1.kernel[0, 0, 0, 3] = 0` or `dense.bias = dense.bias * 2`. One number serves for all elements of the place.
 * @throws Failure `expression.…`, `debug.set` for a place that is no tensor of the network, and values that do not fit it
 */
export function assignment(view: View, place: string, value: string): TensorChange {
  const scope = new TraceScope(view), { text, root } = parseExpression(place);
  const base = baseOf(root), tensor = evaluate({ text, root: base }, scope);
  const recorded = typeof tensor === 'object' && isTensor(tensor) && tensor.source !== null ? view.trace.tensors.get(tensor.source) : undefined;
  if (recorded === undefined) throw new Failure('debug.set', `'${place}' cannot be set: only a tensor of the network can, or a part of one, such as name[0, 3].`);
  if (recorded.role.kind === 'constant') throw new Failure('debug.set', `'${place}' cannot be set: it is a constant of its op.`);
  const { shape } = recorded, all = tensorOf('float64', shape, Float64Array.from({ length: sizeOf(shape) }, (_, element) => element));
  const numbers: Scope = {
    lookup: (name) => (name === numbered ? all : scope.lookup(name)), layer: (path) => scope.layer(path), gradient: (source) => scope.gradient(source),
    before: (source) => scope.before(source), names: () => scope.names(), layers: () => scope.layers(),
  };
  const chosen = asTensor(evaluate({ text, root: replaced(root, base) }, numbers)), elements = Uint32Array.from(chosen.data() as Float64Array);
  return { tensor: recorded.id, elements, values: valuesFor(chosen, evaluate(parseExpression(value), scope), recorded.dtype, place) };
}

/** What the brackets at the end of an expression are set behind. */
const baseOf = (node: Node): Node => (node.type === 'index' ? baseOf(node.object) : node);

const replaced = (node: Node, base: Node): Node => (node === base || node.type !== 'index' ? { type: 'name', name: numbered, at: node.at } : { ...node, object: replaced(node.object, base) });

/** Types whose numbers are whole, with what they hold. */
const wholeTypes: Readonly<Record<string, { readonly holds: (value: number) => boolean; readonly words: string }>> = {
  int32: { holds: (value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 31 - 1, words: 'whole numbers' },
  bool: { holds: (value) => value === 0 || value === 1, words: 'true and false' },
};

function valuesFor({ shape }: TensorResult, value: Value, dtype: string, place: string): Float64Array {
  if (typeof value === 'string') throw new Failure('debug.set', `'${place}' takes numbers, not text.`);
  const size = sizeOf(shape);
  const given = typeof value === 'object' ? Float64Array.from(asTensor(value).data() as Float32Array, Number) : Float64Array.of(Number(value));
  if (given.length !== 1 && given.length !== size) {
    throw new Failure('debug.set', `'${place}' has the shape ${shapeText(shape)}, the value ${shapeText(typeof value === 'object' ? value.shape : [])}: give one number, or one for each of its ${size} elements.`);
  }
  const whole = wholeTypes[dtype], wrong = whole === undefined ? undefined : given.find((number) => !whole.holds(number));
  if (whole !== undefined && wrong !== undefined) throw new Failure('debug.set', `'${place}' holds ${whole.words} (${dtype}), so it cannot be ${wrong}.`);
  return given.length === size ? given : new Float64Array(size).fill(given[0] ?? 0);
}
