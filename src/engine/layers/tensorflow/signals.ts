/** TensorFlow's Fourier transforms, and what is read off complex numbers. */
import { add, atan2, greater, mul, onesLike, pad, reshape, slice, sqrt, square, tensor, transpose, where, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { transformed } from '../fourier';
import type { LayerCallContext, LayerForward } from '../layer';
import { joinedParts, partsOf } from './complex';
import type { Complex } from './complex';
import { numbers, op, operand } from './operands';

/** The tensor with `length` elements along an axis: cut, or filled up with zeros. */
function fitted(x: Tensor, axis: number, length: number): Tensor {
  const extent = x.shape[axis] ?? 1;
  if (extent > length) return slice(x, x.shape.map(() => 0), x.shape.map((given, at) => (at === axis ? length : given)));
  return extent === length ? x : pad(x, x.shape.map((_, at): [number, number] => [0, at === axis ? length - extent : 0]));
}

/** The transform along the last axis, of so many frequencies. */
function along(call: LayerCallContext, { real, imaginary }: { readonly real: Tensor; readonly imaginary: Tensor | null }, length: number, frequencies: number, inverse: boolean): Complex {
  const rows = (x: Tensor): Tensor => reshape(x, [-1, x.shape[x.rank - 1] ?? 1]);
  const made = transformed(call, rows(real), imaginary === null ? null : rows(imaginary), length, frequencies, inverse);
  const back = (x: Tensor): Tensor => reshape(x, [...real.shape.slice(0, -1), frequencies]);
  return { real: back(made.real), imaginary: back(made.imaginary) };
}

const whole = (inverse: boolean): LayerForward => op((call) => {
  const given = partsOf(operand(call, 0));
  const length = given.real.shape[given.real.rank - 1] ?? 1;
  return joinedParts(along(call, given, length, length, inverse));
});

/** The lower half of the frequencies of real rows; of pictures `[…, height, width]` where two lengths are given. */
export function halfTransform(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const lengths = numbers(call, 1);
  const width = lengths.at(-1) ?? x.shape[x.rank - 1] ?? 1;
  const cut = lengths.length === 2 ? fitted(x, x.rank - 2, lengths[0] ?? 1) : x;
  const rows = along(call, { real: fitted(cut, x.rank - 1, width), imaginary: null }, width, Math.floor(width / 2) + 1, false);
  if (lengths.length !== 2 || lengths[0] === 1) return joinedParts(rows);
  const turn = (y: Tensor): Tensor => transpose(y, y.shape.map((_, axis) => (axis < y.rank - 2 ? axis : axis === y.rank - 1 ? axis - 1 : axis + 1)));
  const height = lengths[0] ?? 1;
  const columns = along(call, { real: turn(rows.real), imaginary: turn(rows.imaginary) }, height, height, false);
  return joinedParts({ real: turn(columns.real), imaginary: turn(columns.imaginary) });
}

/** Real rows from the lower half of their frequencies: all but the first, and the middle one of an even length, stand for two. */
function fromHalf(call: LayerCallContext): Tensor {
  const [length = 1] = numbers(call, 1);
  const half = Math.floor(length / 2) + 1;
  const { real, imaginary } = partsOf(operand(call, 0));
  const weights = tensor(Float32Array.from({ length: half }, (_, index) => (index === 0 || 2 * index === length ? 1 : 2)), [half]);
  const of = (x: Tensor): Tensor => mul(fitted(x, x.rank - 1, half), weights);
  return along(call, { real: of(real), imaginary: of(imaginary) }, length, length, true).real;
}

/** Its gradient at zero is zero, as TensorFlow's. */
export function magnitude(x: Tensor): Tensor {
  const { real, imaginary } = partsOf(x);
  const squares = add(square(real), square(imaginary));
  const some = greater(squares, 0);
  return where(some, sqrt(where(some, squares, onesLike(squares))), zerosLike(squares));
}

export const realPart = (x: Tensor): Tensor => partsOf(x).real;
export const imaginaryPart = (x: Tensor): Tensor => partsOf(x).imaginary;

export const signals: Readonly<Record<string, LayerForward>> = {
  FFT: whole(false), IFFT: whole(true), RFFT: op(halfTransform), RFFT2D: op(halfTransform), IRFFT: op(fromHalf),
  Complex: op((call) => joinedParts({ real: operand(call, 0), imaginary: operand(call, 1) })), Real: op((call) => realPart(operand(call, 0))), Imag: op((call) => imaginaryPart(operand(call, 0))),
  ComplexAbs: op((call) => magnitude(operand(call, 0))), Angle: op((call) => { const { real, imaginary } = partsOf(operand(call, 0)); return atan2(imaginary, real); }),
};
