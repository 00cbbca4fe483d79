/** Keras's later optimizers: LAMB, Adafactor, Muon (keras/src/optimizers/*.py). */
import { add, div, expandDims, greater, matMul, maximum, mean, mul, scalar, sqrt, square, sub, sum, transpose, where } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { squares as squared } from './keras';
import type { Rule, Settings, Update, UpdateContext } from './rule';

const f = Math.fround;
const power = (base: number, exponent: number): number => f(Math.pow(f(base), exponent));
const rms = (x: Tensor): Tensor => sqrt(mean(square(x)));
/** A moving average written as an increment, as Keras does. */
const moved = (average: Tensor, value: Tensor, keep: number): Tensor => add(average, mul(sub(value, average), 1 - keep));

/** You and others 2019: Adam's step, as long as the weight itself. */
const lamb: Rule = {
  slots: () => ({ momentum: 0, velocity: 0 }),
  update: (context) => {
    const { value, gradient, slot, settings, step, scalar: named, rateTensor } = context;
    const [beta1, beta2] = [settings.number('beta1'), settings.number('beta2')];
    const momentum = moved(slot('momentum'), gradient, beta1);
    const velocity = moved(slot('velocity'), squared(context), beta2);
    const direction = div(div(momentum, named('correction_1', f(1 - power(beta1, step)))), add(sqrt(div(velocity, named('correction_2', f(1 - power(beta2, step))))), settings.number('epsilon')));
    const [length, size] = [sqrt(sum(square(value))), sqrt(sum(square(direction)))];
    const ratio = where(greater(length, 0), where(greater(size, 0), div(length, size), scalar(1)), scalar(1));
    return { value: sub(value, mul(mul(ratio, rateTensor()), direction)), slots: { momentum, velocity } };
  },
};

/** Shazeer and Stern 2018: the squares of a matrix kept as means of rows and columns. */
const adafactor: Rule = {
  slots: () => ({ row: 0, column: 0, velocity: 0 }),
  shapes: (shape) => (shape.length < 2 ? { row: [], column: [] } : { row: shape.slice(0, -1), column: [...shape.slice(0, -2), shape[shape.length - 1] ?? 1] }),
  update: (context): Update => {
    const { value, gradient, slot, settings, step, rate, scalar: named } = context;
    const slow = f(1 / Math.sqrt(step));
    const lr = settings.flag('relativestep') ? Math.min(f(rate), slow) : f(rate);
    const alpha = mul(maximum(rms(value), settings.number('epsilon2')), named('rho', Math.min(lr, slow)));
    const keep = named('beta_2', f(1 - power(step, settings.number('beta2decay'))));
    const rest = named('one_minus_beta_2', power(step, settings.number('beta2decay')));
    const squares = add(squared(context), settings.number('epsilon1'));
    const blend = (before: Tensor, now: Tensor): Tensor => add(mul(keep, before), mul(rest, now));
    const flat = value.rank < 2;
    const row = flat ? slot('row') : blend(slot('row'), mean(squares, value.rank - 1));
    const column = flat ? slot('column') : blend(slot('column'), mean(squares, value.rank - 2));
    const velocity = flat ? blend(slot('velocity'), squares) : mul(expandDims(div(row, mean(row, row.rank - 1, true)), -1), expandDims(column, -2));
    const direction = div(gradient, sqrt(velocity));
    // Of an embedding, each look-up is squared by itself.
    const size = context.rows === null ? rms(direction) : sqrt(mean(div(squared(context), velocity)));
    const clipped = div(direction, maximum(1, div(size, settings.number('clipthreshold'))));
    return { value: sub(value, mul(alpha, clipped)), slots: { row, column, velocity } };
  },
};

/** Muon moves matrices; embeddings and all else go by AdamW. */
const isMatrix = (settings: Settings, path: string, rank: number): boolean => rank === 2 && !(settings.flag('excludeembeddings') && path.toLowerCase().includes('embedding'));

/** Five steps of Newton and Schulz towards the nearest orthogonal matrix. */
function orthogonal(given: Tensor, settings: Settings): Tensor {
  const tall = (given.shape[0] ?? 1) > (given.shape[1] ?? 1);
  const [a, b, c] = [settings.number('muona'), settings.number('muonb'), settings.number('muonc')];
  let x: Tensor = tall ? transpose(given) : given;
  x = div(x, add(sqrt(sum(square(x))), 1e-7));
  for (let turn = 0; turn < settings.number('nssteps'); turn += 1) {
    const gram = matMul(x, x, false, true);
    x = add(mul(a, x), matMul(add(mul(b, gram), matMul(mul(c, gram), gram)), x));
  }
  return tall ? transpose(x) : x;
}

/** Jordan and others 2024, with the scale of Liu and others 2025. */
const muon: Rule = {
  slots: () => ({ momentum: 0, velocity: 0 }),
  decayOf: (settings, path, value) => settings.number(isMatrix(settings, path, value.rank) ? 'weightdecay' : 'adamweightdecay'),
  update: (context: UpdateContext): Update => {
    const { value, gradient, path, slot, settings, step, rate, scalar: named, rateTensor } = context;
    if (isMatrix(settings, path, value.rank)) {
      const keep = settings.number('momentum');
      const momentum = add(slot('momentum'), add(gradient, mul(slot('momentum'), keep - 1)));
      const direction = orthogonal(settings.flag('nesterov') ? add(gradient, mul(keep, momentum)) : momentum, settings);
      const size = settings.number('rmsrate') === 0 ? 1 : Math.sqrt(Math.max(...value.shape)) * settings.number('rmsrate');
      return { value: sub(value, mul(mul(rateTensor(), direction), size)), slots: { momentum, velocity: slot('velocity') } };
    }
    const [beta1, beta2] = [settings.number('adambeta1'), settings.number('adambeta2')];
    const alpha = f(f(f(f(rate) * settings.number('adamlrratio')) * f(Math.sqrt(f(1 - power(beta2, step))))) / f(1 - power(beta1, step)));
    const momentum = moved(slot('momentum'), gradient, beta1);
    const velocity = moved(slot('velocity'), squared(context), beta2);
    return { value: sub(value, div(mul(momentum, named('alpha', alpha)), add(sqrt(velocity), settings.number('epsilon')))), slots: { momentum, velocity } };
  },
};

/** Defazio and others 2024: Adam without momentum on a fast weight (the slot `momentum`); what is trained with stands between it and its average. */
const scheduleFree: Rule = {
  slots: () => ({ momentum: 0, velocity: 0 }),
  update: (context): Update => {
    const { value, gradient, slot, settings, step, rate, scalar: named } = context;
    const [beta1, beta2, warmup] = [settings.number('beta1'), settings.number('beta2'), settings.number('warmupsteps')];
    const pace = warmup > 0 ? f(f(rate) * f(Math.min(step / warmup, 1))) : f(rate);
    // The fast weight starts as the weight before its decay.
    const decay = settings.number('weightdecay');
    const before = step === 1 ? (decay === 0 ? value : div(value, 1 - rate * decay)) : slot('momentum');
    const velocity = moved(slot('velocity'), squared(context), beta2);
    const size = add(sqrt(div(velocity, named('correction_2', f(1 - power(beta2, step))))), settings.number('epsilon'));
    const momentum = sub(before, div(mul(gradient, named('pace', pace)), size));
    // On TensorFlow, Keras reads the fast weight here when it has moved already.
    const average = div(sub(value, mul(1 - beta1, momentum)), beta1);
    const share = named('share', f(1 / step));
    const next = add(mul(sub(1, share), average), mul(share, momentum));
    return { value: add(mul(1 - beta1, momentum), mul(beta1, next)), slots: { momentum, velocity } };
  },
};

export const laterRules: Readonly<Record<string, Rule>> = { lamb, adafactor, muon, schedulefreeadamw: scheduleFree };
