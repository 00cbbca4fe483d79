/** Two tensors of one shape beside each other: their difference, and where it is largest. */
import { Failure } from './failure';
import { indexAt } from './slice';
import type { Shape, TensorValue } from './value';

export interface Comparison {
  /** Elements, and how many of them differ. */
  readonly count: number;
  readonly different: number;
  /** The largest |second − first|; infinite where one is NaN and the other is not. 0 and no place when all are equal. */
  readonly largest: number;
  readonly index: readonly number[] | null;
  readonly first: number;
  readonly second: number;
}

/** @throws Failure `compare.shape` when the shapes differ. */
function checkShapes(first: Shape, second: Shape): void {
  if (first.length === second.length && first.every((extent, axis) => extent === second[axis])) return;
  throw new Failure('compare.shape', `They cannot be compared element by element: the shapes are [${first.join(', ')}] and [${second.join(', ')}].`);
}

/** Equal numbers are equal; NaN equals NaN. @throws Failure `compare.shape` */
export function compareTensors(first: TensorValue, second: TensorValue): Comparison {
  checkShapes(first.shape, second.shape);
  const { data: a } = first, { data: b } = second;
  let largest = 0, place = -1, different = 0;
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (x === y || (x !== x && y !== y)) continue;
    different += 1;
    const apart = Math.abs(y - x);
    const measured = apart === apart ? apart : Infinity;
    if (measured > largest) { largest = measured; place = i; }
  }
  const index = place < 0 ? null : indexAt(first.shape, place);
  return { count: a.length, different, largest, index, first: place < 0 ? NaN : Number(a[place]), second: place < 0 ? NaN : Number(b[place]) };
}

/** `second − first`, in float64 where one of them is wider than float32. @throws Failure `compare.shape` */
export function differenceOf(first: TensorValue, second: TensorValue): TensorValue {
  checkShapes(first.shape, second.shape);
  const wide = [first, second].some(({ dtype }) => ['float64', 'int32', 'uint32', 'int64', 'uint64'].includes(dtype));
  const length = first.data.length;
  const data = wide ? new Float64Array(length) : new Float32Array(length);
  // NaN on both sides, or the same infinity, is no difference.
  for (let i = 0; i < length; i += 1) {
    const [x, y] = [Number(first.data[i]), Number(second.data[i])];
    data[i] = x === y || (x !== x && y !== y) ? 0 : y - x;
  }
  return { dtype: wide ? 'float64' : 'float32', shape: first.shape, data };
}
