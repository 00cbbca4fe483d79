/** Regularizers by Keras's names: L1, L2, L1L2, OrthogonalRegularizer, as functions from a tensor to a scalar penalty. */
import { abs, add, div, eye, matMul, maximum, mul, reshape, rsqrt, square, sub, sum, zeros } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Convention, Json, JsonObject } from '../../network/network';
import { Failure } from '../../tensor/failure';
import { isRecord } from '../layers/settings';

export type Regularizer = (x: Tensor) => Tensor;

function factor(config: JsonObject, key: string, fallback: number): number {
  const value = config[key];
  return typeof value === 'number' ? value : fallback;
}

/** l1 Σ|x| + l2 Σx² */
function l1l2(l1: number, l2: number): Regularizer {
  return (x) => {
    const terms = [...(l1 !== 0 ? [mul(l1, sum(abs(x)))] : []), ...(l2 !== 0 ? [mul(l2, sum(square(x)))] : [])];
    const [first, second] = terms;
    if (first === undefined) return zeros([]);
    return second === undefined ? first : add(first, second);
  };
}

/** tfjs-layers multiplies before it sums. */
function tfjsL1l2(l1: number, l2: number): Regularizer {
  return (x) => {
    let penalty: Tensor = zeros([1]);
    if (l1 !== 0) penalty = add(penalty, sum(mul(l1, abs(x))));
    if (l2 !== 0) penalty = add(penalty, sum(mul(l2, mul(x, x))));
    return reshape(penalty, []);
  };
}

/** Keras's: half the mean size of the products of different rows (or columns) of length one. */
function orthogonal(strength: number, rows: boolean): Regularizer {
  return (x) => {
    const axis = rows ? 1 : 0;
    const size = x.shape[rows ? 0 : 1] ?? 1;
    const unit = mul(x, rsqrt(maximum(sum(square(x), axis, true), 1e-12)));
    const products = matMul(unit, unit, !rows, rows);
    const apart = mul(products, sub(1, eye(size)));
    return div(mul(strength * 0.5, sum(abs(apart))), (size * (size - 1)) / 2);
  };
}

const table: Readonly<Record<string, (config: JsonObject, convention: Convention) => Regularizer>> = {
  l1: (config, convention) => (convention === 'tfjs' ? tfjsL1l2 : l1l2)(factor(config, 'l1', factor(config, 'l', 0.01)), 0),
  l2: (config, convention) => (convention === 'tfjs' ? tfjsL1l2 : l1l2)(0, factor(config, 'l2', factor(config, 'l', 0.01))),
  l1l2: (config, convention) => {
    const missing = convention === 'tfjs' || Object.keys(config).length === 0 ? 0.01 : 0;
    return (convention === 'tfjs' ? tfjsL1l2 : l1l2)(factor(config, 'l1', missing), factor(config, 'l2', missing));
  },
  orthogonalregularizer: (config) => orthogonal(factor(config, 'factor', 0.01), config['mode'] !== 'columns'),
};

/** The regularizer that a configuration names, by string or `{class_name, config}`; null for null. @throws Failure `layer.regularizer` when it is unknown. */
export function regularizerOf(value: Json, convention: Convention): Regularizer | null {
  if (value === null) return null;
  const name = typeof value === 'string' ? value : isRecord(value) && typeof value['class_name'] === 'string' ? value['class_name'] : '';
  const config = isRecord(value) && isRecord(value['config']) ? value['config'] : {};
  const make = table[name.toLowerCase().replaceAll('_', '')];
  if (make === undefined) throw new Failure('layer.regularizer', `The regularizer ${JSON.stringify(value)} is unknown; known are L1, L2, L1L2 and OrthogonalRegularizer.`);
  return make(config, convention);
}
