/** Layers that join several inputs: Add, Concatenate, Dot, …. */
import { Failure } from '../../tensor/failure';
import type { SymbolicShape } from '../network';
import { describeShape, product } from './kind';
import type { CallShapes, KindTable, LayerKind, Settings } from './kind';

/** Shape of elementwise work on two shapes; an extent of 1 stretches, unknown extents stay unknown. @throws Failure when they do not fit. */
export function broadcast(first: SymbolicShape, second: SymbolicShape): SymbolicShape {
  const rank = Math.max(first.length, second.length);
  return Array.from({ length: rank }, (_, index) => {
    const one = extentFromEnd(first, rank - index);
    const other = extentFromEnd(second, rank - index);
    if (one === other || other === 1) return one;
    if (one === 1) return other;
    if (one === null) return other;
    if (other === null) return one;
    throw new Failure('layer.broadcast', `its inputs ${describeShape(first)} and ${describeShape(second)} do not fit together`);
  });
}

function extentFromEnd(shape: SymbolicShape, fromEnd: number): number | null {
  if (fromEnd > shape.length) return 1;
  return shape[shape.length - fromEnd] ?? null;
}

/** Keras's merge layers prepend axes after the batch when ranks differ; NumPy's rule gives the same where the batch is unknown. */
function merged(call: CallShapes): SymbolicShape {
  const [first, ...others] = call.inputs;
  if (first === undefined) throw new Failure('layer.input', 'it has no input');
  return others.reduce<SymbolicShape>((shape, other) => {
    if (shape.length === other.length) return broadcast(shape, other);
    const rest = broadcast(shape.slice(1), other.slice(1));
    return [shape[0] ?? other[0] ?? null, ...rest];
  }, first);
}

const merge: LayerKind = { outputs: (_, call) => [merged(call)] };

/** Joins shapes along an axis. */
export function concatenated(shapes: readonly SymbolicShape[], axis: number): SymbolicShape {
  const [first, ...others] = shapes;
  if (first === undefined) throw new Failure('layer.input', 'it has no input');
  const at = axis < 0 ? axis + first.length : axis;
  if (at < 0 || at >= first.length) throw new Failure('layer.axis', `its axis ${axis} does not exist in ${describeShape(first)}`);
  return others.reduce<SymbolicShape>((shape, other) => {
    const fits = other.length === shape.length && other.every((extent, index) => index === at || extent === null || shape[index] === null || extent === shape[index]);
    if (!fits) throw new Failure('layer.concatenate', `its inputs ${describeShape(first)} and ${describeShape(other)} differ in more than axis ${axis}`);
    return shape.map((extent, index) => {
      const more = other[index] ?? null;
      if (index !== at) return extent ?? more;
      return extent === null || more === null ? null : extent + more;
    });
  }, first);
}

function dotAxes(settings: Settings): readonly [number, number] {
  const axes = settings.list('axes');
  const [first, second] = axes;
  if (first === undefined) throw new Failure('layer.setting', 'its setting axes should be one or two whole numbers');
  return [first, second ?? first];
}

/** Dot contracts one axis of each input; the batch is shared. */
const dot: LayerKind = {
  outputs: (settings, call) => {
    const [left, right] = call.inputs;
    if (left === undefined || right === undefined) throw new Failure('layer.input', 'it needs two inputs');
    const [first, second] = dotAxes(settings);
    const i = first < 0 ? first + left.length : first;
    const j = second < 0 ? second + right.length : second;
    const one = left[i];
    const other = right[j];
    if (one === undefined || other === undefined || (one !== null && other !== null && one !== other)) {
      throw new Failure('layer.dot', `it cannot contract axes ${first} and ${second} of ${describeShape(left)} and ${describeShape(right)}`);
    }
    const shape = [...left.filter((_, index) => index !== i), ...right.filter((_, index) => index !== j && index !== 0)];
    return [shape.length === 1 ? [...shape, 1] : shape];
  },
  macs: (settings, call, [output]) => {
    const [left] = call.inputs;
    const [first] = dotAxes(settings);
    const contracted = left?.[first < 0 ? first + left.length : first] ?? null;
    return output === undefined ? null : product([...output.slice(1), contracted]);
  },
};

export const merging: KindTable = {
  Add: merge, Subtract: merge, Multiply: merge, Average: merge, Maximum: merge, Minimum: merge,
  Concatenate: {
    outputs: (settings, call) => [concatenated(call.inputs, settings.number('axis', -1))],
    detail: (settings) => (settings.number('axis', -1) === -1 ? '' : `axis ${settings.number('axis', -1)}`),
  },
  Dot: dot,
};
