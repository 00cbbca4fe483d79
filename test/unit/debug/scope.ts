/** A scope of named tensors for tests of the expression language. */
import { Failure } from '../../../src/tensor/failure';
import { tensorOf } from '../../../src/debug/expression/values';
import type { Namespace, Resolved, Scope, TensorResult, Value } from '../../../src/debug/expression/values';

let next = 0;
export const float = (shape: readonly number[], values: readonly number[]): TensorResult => tensorOf('float32', shape, Float32Array.from(values), next++);

/** a: 2×3 of 1…6; v: 3; t: 2×2×4 of 0…15; s: a scalar; n: with NaN and infinity; layer dense with output, kernel; odd: a layer with a strange name. */
export function testScope(): Scope {
  const a = float([2, 3], [1, 2, 3, 4, 5, 6]);
  const dense: Namespace = {
    kind: 'namespace', title: 'layer dense', names: () => ['output', 'kernel'],
    member: (name) => ({ output: a, kernel: float([3], [1, -2, 2]) })[name], value: () => a,
  };
  const odd: Namespace = { kind: 'namespace', title: 'layer a b/c', names: () => ['output'], member: (name) => (name === 'output' ? a : undefined), value: () => null };
  const gradient = float([2, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
  const names: Readonly<Record<string, Resolved>> = {
    a, v: float([3], [10, 20, 30]), t: float([2, 2, 4], Array.from({ length: 16 }, (_, i) => i)), s: float([], [2.5]), n: float([4], [NaN, 1, Infinity, -1]),
    b: tensorOf('bool', [3], Uint8Array.of(1, 0, 1)), empty: float([0], []), big: tensorOf('float32', [4096, 4096], new Float32Array(2 ** 24)),
    long: tensorOf('int64', [2], BigInt64Array.of(3n, -4n)), loss: 0.5, word: 'forward', dense, 'shared#1': dense,
  };
  return {
    lookup: (name) => {
      if (name === 'later') throw new Failure('expression.later', "'later' has no value yet: it is computed on line 9 of the listing, in the backward phase.");
      return Object.hasOwn(names, name) ? names[name] : undefined;
    },
    layer: (path) => (path === 'a b/c' ? odd : path === 'dense' ? dense : undefined),
    gradient: (source): Value => {
      if (source !== a.source) throw new Failure('expression.gradient', 'No gradient of the loss flows to it.');
      return gradient;
    },
    before: () => a,
    names: () => Object.keys(names),
    layers: () => ['dense', 'a b/c'],
  };
}
