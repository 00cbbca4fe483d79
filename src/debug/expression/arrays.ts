/** Arithmetic over tensors for expressions: element by element with broadcasting, reductions, slices. All in double precision. */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { NumericArray, Shape } from '../../tensor/value';
import { tensorOf } from './values';
import type { TensorResult } from './values';

/** How many elements one evaluation may touch, so that no expression can stall its host. */
export class Budget {
  private left = 2 ** 27;

  /** @throws Failure `expression.large` when the evaluation as a whole becomes too much work. */
  spend(elements: number): void {
    this.left -= elements;
    if (this.left < 0) throw new Failure('expression.large', 'The expression works on more elements than is reasonable at a stop; take a slice of the tensor first.');
  }
}

const maxElements = 2 ** 24;

/** Elements as numbers; 64-bit integers become the nearest double. */
export function numbersOf(data: NumericArray): Exclude<NumericArray, BigInt64Array | BigUint64Array> {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? Float64Array.from(data, Number) : data;
}

export const shapeText = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Row-major strides; 0 along axes of extent 1, so that they broadcast. */
function broadcastStrides(shape: Shape, rank: number): number[] {
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    const extent = shape[axis] ?? 1;
    if (extent !== 1) strides[axis + rank - shape.length] = stride;
    stride *= extent;
  }
  return strides;
}

/** The shape of a and b together, as in NumPy. @throws Failure `expression.shape`. */
export function broadcastShape(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1, right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) throw new Failure('expression.shape', `Shapes ${shapeText(a)} and ${shapeText(b)} do not fit together.`);
    return left === 1 ? right : left;
  });
}

function allocate(shape: Shape, logical: boolean, budget: Budget): Float64Array | Uint8Array {
  const size = sizeOf(shape);
  if (size > maxElements) throw new Failure('expression.large', `The result would have ${size} elements; at most ${maxElements} are computed. Take a slice first.`);
  budget.spend(size);
  return logical ? new Uint8Array(size) : new Float64Array(size);
}

export function mapElements(a: TensorResult, f: (x: number) => number, logical: boolean, budget: Budget): TensorResult {
  const out = allocate(a.shape, logical, budget), data = numbersOf(a.data());
  for (let i = 0; i < out.length; i += 1) out[i] = f(data[i] ?? NaN);
  return tensorOf(logical ? 'bool' : 'float64', a.shape, out);
}

export function zipElements(a: TensorResult, b: TensorResult, f: (x: number, y: number) => number, logical: boolean, budget: Budget): TensorResult {
  const shape = broadcastShape(a.shape, b.shape), rank = shape.length;
  const out = allocate(shape, logical, budget), left = numbersOf(a.data()), right = numbersOf(b.data());
  const leftStrides = broadcastStrides(a.shape, rank), rightStrides = broadcastStrides(b.shape, rank);
  const index = new Array<number>(rank).fill(0);
  let i = 0, j = 0;
  for (let k = 0; k < out.length; k += 1) {
    out[k] = f(left[i] ?? NaN, right[j] ?? NaN);
    for (let axis = rank - 1; axis >= 0; axis -= 1) {
      const extent = shape[axis] ?? 1, next = (index[axis] ?? 0) + 1;
      i += leftStrides[axis] ?? 0;
      j += rightStrides[axis] ?? 0;
      index[axis] = next;
      if (next < extent) break;
      i -= (leftStrides[axis] ?? 0) * extent;
      j -= (rightStrides[axis] ?? 0) * extent;
      index[axis] = 0;
    }
  }
  return tensorOf(logical ? 'bool' : 'float64', shape, out);
}

/** A reduction sees the elements of one group, `count` of them from `start` in steps of `stride`. */
export type Reduction = (data: ArrayLike<number>, start: number, stride: number, count: number) => number;

/** Over all elements (a number), or along one axis, which may count from the end (a tensor of one rank less). */
export function reduceElements(a: TensorResult, axis: number | null, f: Reduction, budget: Budget): number | TensorResult {
  budget.spend(sizeOf(a.shape));
  const data = numbersOf(a.data());
  if (axis === null) return f(data, 0, 1, sizeOf(a.shape));
  const rank = a.shape.length, at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= rank) throw new Failure('expression.axis', `Axis ${axis} does not exist; the tensor has the shape ${shapeText(a.shape)}.`);
  const count = a.shape[at] ?? 0, inner = sizeOf(a.shape.slice(at + 1)), outer = sizeOf(a.shape.slice(0, at));
  const shape = a.shape.filter((_, i) => i !== at), out = allocate(shape, false, budget);
  for (let o = 0; o < outer; o += 1) {
    for (let i = 0; i < inner; i += 1) out[o * inner + i] = f(data, o * count * inner + i, inner, count);
  }
  return tensorOf('float64', shape, out);
}

/** One axis of a slice: `count` indices from `start` in steps of `step`; `drop` when a single index takes the axis away. */
export interface AxisRange { readonly start: number; readonly step: number; readonly count: number; readonly drop: boolean }

/** Elements of a slice, copied unless they lie side by side. */
export function sliceElements(a: TensorResult, ranges: readonly AxisRange[], budget: Budget): TensorResult {
  const counts = ranges.map(({ count }) => count);
  const shape = counts.filter((_, axis) => ranges[axis]?.drop === false);
  const size = sizeOf(counts), data = a.data();
  const strides = a.shape.map((_, axis) => sizeOf(a.shape.slice(axis + 1)));
  const origin = ranges.reduce((sum, { start }, axis) => sum + start * (strides[axis] ?? 0), 0);
  const firstWhole = ranges.findIndex(({ count, step }, axis) => count === a.shape[axis] && step === 1 && ranges.slice(0, axis).every((range) => range.count === 1));
  const tail = firstWhole < 0 ? ranges.length : firstWhole;
  const sideBySide = ranges.every(({ count, step }, axis) => (axis < tail ? count === 1 || (axis === tail - 1 && step === 1) : count === a.shape[axis] && step === 1));
  if (sideBySide && size > 0) return tensorOf(a.dtype, shape, data.subarray(origin, origin + size));
  budget.spend(size);
  const out = data.slice(0, size), index = new Array<number>(ranges.length).fill(0);
  let from = origin;
  for (let k = 0; k < size; k += 1) {
    out[k] = data[from] ?? 0;
    for (let axis = ranges.length - 1; axis >= 0; axis -= 1) {
      const stride = (strides[axis] ?? 0) * (ranges[axis]?.step ?? 1), next = (index[axis] ?? 0) + 1;
      from += stride;
      index[axis] = next;
      if (next < (counts[axis] ?? 1)) break;
      from -= stride * (counts[axis] ?? 1);
      index[axis] = 0;
    }
  }
  return tensorOf(a.dtype, shape, out);
}
