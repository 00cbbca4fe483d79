/** Scalar functions that elementwise kernels apply, in double precision. */

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The error function by its Maclaurin series near zero and the continued fraction of erfc elsewhere (Abramowitz and Stegun 7.1.6, 7.1.14). */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 2.5) {
    let term = size;
    let sum = size;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n += 1) {
      term *= (2 * size * size) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-size * size) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n -= 1) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)));
}

const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** Half to even, as TensorFlow rounds. */
function roundEven(x: number): number {
  const below = Math.floor(x);
  if (x - below < 0.5) return below;
  if (x - below > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}

export const functions = {
  relu: (x: number) => (Number.isNaN(x) ? NaN : Math.max(x, 0)),
  relu6: (x: number) => Math.min(Math.max(x, 0), 6),
  elu: (x: number) => (x >= 0 ? x : Math.expm1(x)),
  selu: (x: number) => (x >= 0 ? seluScale * x : seluScale * seluAlpha * Math.expm1(x)),
  sigmoid,
  softplus: (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  erf,
  reciprocal: (x: number) => 1 / x,
  rsqrt: (x: number) => 1 / Math.sqrt(x),
  square: (x: number) => x * x,
  negative: (x: number) => -x,
  round: roundEven,
} as const;
