/** Evaluates a parsed expression in a scope. Nothing is executed but the nodes below; every error is a Failure with its position. */
import { Failure } from '../../tensor/failure';
import { Budget, mapElements, sliceElements, shapeText, zipElements } from './arrays';
import type { AxisRange } from './arrays';
import { asTensor, functions, plain } from './functions';
import { suggestion } from '../../engine/nearest';
import { failureAt } from './syntax';
import type { BinaryOp, Expression, Item, Node } from './syntax';
import { isNamespace, isTensor, tensorOf } from './values';
import type { Resolved, Scope, TensorResult, Value } from './values';

const arithmetic: Readonly<Record<Exclude<BinaryOp, '||' | '&&'>, { readonly f: (x: number, y: number) => number; readonly logical: boolean }>> = {
  '+': { f: (x, y) => x + y, logical: false },
  '-': { f: (x, y) => x - y, logical: false },
  '*': { f: (x, y) => x * y, logical: false },
  '/': { f: (x, y) => x / y, logical: false },
  '%': { f: (x, y) => x % y, logical: false },
  '**': { f: (x, y) => x ** y, logical: false },
  '==': { f: (x, y) => (x === y ? 1 : 0), logical: true },
  '!=': { f: (x, y) => (x !== y ? 1 : 0), logical: true },
  '<': { f: (x, y) => (x < y ? 1 : 0), logical: true },
  '<=': { f: (x, y) => (x <= y ? 1 : 0), logical: true },
  '>': { f: (x, y) => (x > y ? 1 : 0), logical: true },
  '>=': { f: (x, y) => (x >= y ? 1 : 0), logical: true },
};

/** Numbers that have a name. */
const constants: ReadonlyMap<string, number> = new Map(Object.entries({ nan: NaN, inf: Infinity, pi: Math.PI, NaN, Infinity }));

/** @throws Failure `expression.…`; nothing else, whatever the expression. */
export function evaluate(expression: Expression, scope: Scope): Value {
  return new Evaluation(expression.text, scope).value(expression.root);
}

/** As evaluate, but a layer or weight stays what it is. For completions. @throws Failure */
export function evaluateName(expression: Expression, scope: Scope): Resolved {
  return new Evaluation(expression.text, scope).resolve(expression.root);
}

/** Whether a condition holds. @throws Failure when the value is neither true nor false. */
export function truth(value: Value): boolean {
  const single = plain(value);
  if (typeof single === 'string') throw new Failure('expression.type', 'A condition must be true, false or a number, not text.');
  if (typeof single === 'object') throw new Failure('expression.type', `A condition must be true or false; this is a tensor of shape ${shapeText(single.shape)}: use any(…) or all(…).`);
  return Boolean(single);
}

class Evaluation {
  private readonly budget = new Budget();

  constructor(private readonly text: string, private readonly scope: Scope) {}

  value(node: Node): Value {
    const resolved = this.resolve(node);
    if (!isNamespace(resolved)) return resolved;
    const value = this.placed(node, () => resolved.value());
    if (value === null) throw failureAt('value', `The ${resolved.title} is no value by itself; it has ${resolved.names().slice(0, 8).join(', ')}.`, this.text, node.at);
    return value;
  }

  /** Runs a step and gives its Failure the node's position, once. */
  private placed<T>(node: { readonly at: number }, step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (error instanceof Failure && !error.message.includes('(position ')) {
        throw failureAt(error.code.replace(/^expression\./, ''), error.message, this.text, node.at);
      }
      throw error;
    }
  }

  resolve(node: Node): Resolved {
    switch (node.type) {
      case 'number':
      case 'string':
      case 'boolean': return node.value;
      case 'name': return this.name(node.name, node.at);
      case 'member': return this.member(this.resolve(node.object), node.name, node.at);
      case 'index': return this.placed(node, () => this.index(this.value(node.object), node.items, node.at));
      case 'call': return this.placed(node, () => this.call(node));
      case 'unary': return this.placed(node, () => this.unary(node.op, this.value(node.operand)));
      case 'binary': return this.placed(node, () => this.binary(node.op, node.left, node.right));
    }
  }

  private name(name: string, at: number): Resolved {
    const found = this.placed({ at }, () => this.scope.lookup(name)) ?? constants.get(name);
    if (found === undefined) {
      const known = [...this.scope.names(), ...functions.keys()];
      throw failureAt('name', `'${name}' is not a tensor, layer or weight of this network${suggestion(name, known)}`, this.text, at);
    }
    return found;
  }

  private member(object: Resolved, name: string, at: number): Resolved {
    if (isNamespace(object)) {
      const found = this.placed({ at }, () => object.member(name));
      if (found !== undefined) return found;
      const value = this.placed({ at }, () => object.value());
      if (value !== null && isTensor(value) && tensorMembers.has(name)) return this.member(value, name, at);
      throw failureAt('member', `The ${object.title} has no '${name}'${suggestion(name, object.names())}`, this.text, at);
    }
    const tensor = this.placed({ at }, () => asTensor(object)), get = tensorMembers.get(name);
    if (get === undefined) throw failureAt('member', `A tensor has no '${name}'; it has ${[...tensorMembers.keys()].join(', ')}.`, this.text, at);
    return this.placed({ at }, () => get(tensor, this.scope));
  }

  private index(object: Value, items: readonly Item[], at: number): Value {
    const tensor = asTensor(object), rank = tensor.shape.length;
    const rests = items.filter(({ kind }) => kind === 'rest').length, named = items.length - rests;
    if (rests > 1) throw failureAt('index', 'Only one "..." can stand in the brackets.', this.text, at);
    if (named > rank) throw failureAt('index', `The tensor has the shape ${shapeText(tensor.shape)}: at most ${rank} indices can be given, not ${named}.`, this.text, at);
    const whole = (axis: number): AxisRange => ({ start: 0, step: 1, count: tensor.shape[axis] ?? 0, drop: false });
    const ranges: AxisRange[] = [];
    for (const item of items) {
      if (item.kind === 'rest') for (let k = named; k < rank; k += 1) ranges.push(whole(ranges.length));
      else ranges.push(this.range(item, ranges.length, tensor.shape[ranges.length] ?? 0));
    }
    while (ranges.length < rank) ranges.push(whole(ranges.length));
    return plain(sliceElements(tensor, ranges, this.budget));
  }

  private range(item: Exclude<Item, { kind: 'rest' }>, axis: number, extent: number): AxisRange {
    if (item.kind === 'at') {
      const index = this.whole(item.value), start = index < 0 ? index + extent : index;
      if (start < 0 || start >= extent) {
        throw failureAt('index', `Index ${index} lies outside axis ${axis}, which has ${extent} elements (${-extent} to ${extent - 1})`, this.text, item.at);
      }
      return { start, step: 1, count: 1, drop: true };
    }
    const step = item.step === null ? 1 : this.whole(item.step);
    if (step === 0) throw failureAt('index', 'A slice cannot go in steps of 0', this.text, item.at);
    // As in Python: bounds count from the end when negative, and are then kept within the axis.
    const bound = (node: Node | null, otherwise: number): number => {
      if (node === null) return otherwise;
      const value = this.whole(node), positive = value < 0 ? value + extent : value;
      return step > 0 ? Math.min(Math.max(positive, 0), extent) : Math.min(Math.max(positive, -1), extent - 1);
    };
    const start = bound(item.start, step > 0 ? 0 : extent - 1), stop = bound(item.stop, step > 0 ? extent : -1);
    return { start, step, count: Math.max(0, Math.ceil((stop - start) / step)), drop: false };
  }

  private whole(node: Node): number {
    const value = plain(this.value(node));
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw failureAt('index', 'An index must be a whole number', this.text, node.at);
    return value;
  }

  private call(node: Extract<Node, { type: 'call' }>): Resolved {
    if (node.name === 'layer') return this.layer(node);
    const entry = functions.get(node.name);
    if (entry === undefined) throw failureAt('function', `There is no function '${node.name}'${suggestion(node.name, [...functions.keys(), 'layer'])}`, this.text, node.at);
    const args: Value[] = [];
    let axis: number | null = null;
    for (const { name, value } of node.args) {
      if (name === null) args.push(this.value(value));
      else if (name === 'axis' && entry.axis === true) axis = this.whole(value);
      else throw failureAt('argument', `${node.name}() has no parameter '${name}'; it is ${entry.signature}`, this.text, node.at);
    }
    if (args.length < entry.arity[0] || args.length > entry.arity[1]) {
      throw failureAt('argument', `${node.name}() takes ${entry.arity[0] === entry.arity[1] ? entry.arity[0] : entry.arity.join(' to ')} value${entry.arity[1] === 1 ? '' : 's'}, not ${args.length}: ${entry.signature}`, this.text, node.at);
    }
    return entry.apply({ args, axis, scope: this.scope, budget: this.budget });
  }

  private layer({ args, at }: Extract<Node, { type: 'call' }>): Resolved {
    const path = args.length === 1 && args[0]?.name === null ? this.value(args[0].value) : null;
    if (typeof path !== 'string') throw failureAt('argument', 'layer() takes the path of a layer in quotes, such as layer("encoder/dense_1")', this.text, at);
    const found = this.scope.layer(path);
    if (found === undefined) throw failureAt('name', `This network has no layer '${path}'${suggestion(path, this.scope.layers())}`, this.text, at);
    return found;
  }

  private unary(op: '!' | '-' | '+', operand: Value): Value {
    const value = plain(operand);
    if (op === '!') return typeof value === 'object' ? mapElements(value, (x) => (x === 0 ? 1 : 0), true, this.budget) : !truth(value);
    const sign = op === '-' ? -1 : 1;
    return typeof value === 'number' ? sign * value : plain(mapElements(asTensor(value), (x) => sign * x, false, this.budget));
  }

  private binary(op: BinaryOp, leftNode: Node, rightNode: Node): Value {
    const left = plain(this.value(leftNode));
    if (op === '&&' || op === '||') {
      if (truth(left) === (op === '||')) return op === '||';
      return truth(this.value(rightNode));
    }
    const right = plain(this.value(rightNode)), { f, logical } = arithmetic[op];
    if (typeof left === 'string' && typeof right === 'string' && (op === '==' || op === '!=')) return (left === right) === (op === '==');
    if (typeof left !== 'object' && typeof right !== 'object' && typeof left !== 'string' && typeof right !== 'string') {
      const result = f(Number(left), Number(right));
      return logical ? result !== 0 : result;
    }
    return plain(zipElements(asTensor(left), asTensor(right), f, logical, this.budget));
  }
}

/** What can follow a tensor after a dot. */
const tensorMembers: ReadonlyMap<string, (tensor: TensorResult, scope: Scope) => Value> = new Map(Object.entries<(tensor: TensorResult, scope: Scope) => Value>({
  shape: ({ shape }) => tensorOf('int32', [shape.length], Int32Array.from(shape)),
  size: ({ shape }) => shape.reduce((product, extent) => product * extent, 1),
  rank: ({ shape }) => shape.length,
  dtype: ({ dtype }) => dtype,
  grad: (tensor, scope) => {
    if (tensor.source === null) throw new Failure('expression.type', 'Only tensors of the network have a gradient, not slices or computed values');
    return scope.gradient(tensor.source);
  },
}));
