/** Keras 3's optimizers (keras/src/optimizers/*.py): Adam's epsilon stands before the bias correction. Scalars are float32, as there. */
import { abs, add, clipByValue, div, maximum, mul, neg, pow, reshape, sign, sqrt, square, sub, unsortedSegmentSum } from '@tensorflow/tfjs-core';
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import type { Rule, StepContext, Update, UpdateContext } from './rule';

const f = Math.fround;
/** base ** exponent in float32. */
const power = (base: number, exponent: number): number => f(Math.pow(f(base), exponent));

/**
 * `apply` of the gradient, element by element. Keras on TensorFlow keeps the gradient of an embedding as one slice a look-up
 * (IndexedSlices), and what it squares are the slices: a word that occurs twice adds two squares, not the square of a sum.
 */
function eachSlice({ gradient, rows, value }: UpdateContext, apply: (tensor: Tensor) => Tensor): Tensor {
  if (rows === null) return apply(gradient);
  const [count = 1, ...row] = value.shape;
  return rows.map(({ indices, values }) => unsortedSegmentSum(apply(reshape(values, [indices.size, ...row])), reshape<Rank.R1>(indices, [indices.size]), count)).reduce((total, part) => add(total, part));
}
export const squares = (context: UpdateContext): Tensor => eachSlice(context, square);

const sgd: Rule = {
  slots: (settings): Record<string, number> => (settings.number('momentum') === 0 ? {} : { momentum: 0 }),
  update: ({ value, gradient, slot, settings, rateTensor }): Update => {
    const m = settings.number('momentum');
    if (m === 0) return { value: sub(value, mul(gradient, rateTensor())), slots: {} };
    const velocity = sub(mul(slot('momentum'), m), mul(gradient, rateTensor()));
    const step = settings.flag('nesterov') ? sub(mul(velocity, m), mul(gradient, rateTensor())) : velocity;
    return { value: add(value, step), slots: { momentum: velocity } };
  },
};

const rmsprop: Rule = {
  slots: (settings) => ({ velocity: 0, ...(settings.number('momentum') > 0 ? { momentum: 0 } : {}), ...(settings.flag('centered') ? { average_gradient: 0 } : {}) }),
  update: (context) => {
    const { value, gradient, slot, settings, rateTensor } = context;
    const rho = settings.number('rho');
    const slots: Record<string, Tensor> = {};
    const velocity = add(mul(rho, slot('velocity')), mul(1 - rho, squares(context)));
    slots['velocity'] = velocity;
    let denominator: Tensor = velocity;
    if (settings.flag('centered')) {
      const average = add(mul(rho, slot('average_gradient')), mul(1 - rho, gradient));
      slots['average_gradient'] = average;
      denominator = sub(velocity, square(average));
    }
    const increment = div(mul(rateTensor(), gradient), sqrt(add(denominator, settings.number('epsilon'))));
    if (settings.number('momentum') <= 0) return { value: sub(value, increment), slots };
    const moment = add(mul(settings.number('momentum'), slot('momentum')), increment);
    slots['momentum'] = moment;
    return { value: sub(value, moment), slots };
  },
};

/** Exponential averages of gradient and squared gradient, written as increments like Keras does. */
function moments(context: UpdateContext): [Tensor, Tensor] {
  const { gradient, slot, settings } = context;
  const first = slot('momentum');
  const second = slot('velocity');
  return [add(first, mul(sub(gradient, first), 1 - settings.number('beta1'))), add(second, mul(sub(squares(context), second), 1 - settings.number('beta2')))];
}

const adam: Rule = {
  slots: (settings) => ({ momentum: 0, velocity: 0, ...(settings.flag('amsgrad') ? { velocity_hat: 0 } : {}) }),
  update: (context) => {
    const { value, slot, settings, step, rate, scalar } = context;
    const beta1 = settings.number('beta1');
    const beta2 = settings.number('beta2');
    const alpha = f(f(f(rate) * f(Math.sqrt(f(1 - power(beta2, step))))) / f(1 - power(beta1, step)));
    const [momentum, velocity] = moments(context);
    const slots: Record<string, Tensor> = { momentum, velocity };
    const largest = settings.flag('amsgrad') ? (slots['velocity_hat'] = maximum(slot('velocity_hat'), velocity)) : velocity;
    return { value: sub(value, div(mul(momentum, scalar('alpha', alpha)), add(sqrt(largest), settings.number('epsilon')))), slots };
  },
};

const nadamDecay = 0.96;
const nadamMomentum = (beta1: number, step: number): number => f(f(beta1) * f(1 - f(0.5 * power(nadamDecay, step))));

const nadam: Rule = {
  slots: () => ({ momentum: 0, velocity: 0 }),
  counters: () => ({ u_product: 1 }),
  prepare: ({ counter, settings, step, scalar }) => ({ product: mul(counter('u_product'), scalar('u', nadamMomentum(settings.number('beta1'), step))) }),
  update: (context) => {
    const { value, gradient, settings, step, scalar, prepared, rateTensor } = context;
    const beta1 = settings.number('beta1');
    const beta2 = settings.number('beta2');
    const now = nadamMomentum(beta1, step);
    const next = scalar('u_next', nadamMomentum(beta1, step + 1));
    const product = productOf(prepared);
    const [momentum, velocity] = moments(context);
    const hat = add(div(mul(next, momentum), sub(1, mul(product, next))), div(mul(scalar('one_minus_u', f(1 - now)), gradient), sub(1, product)));
    const velocityHat = div(velocity, scalar('correction_2', f(1 - power(beta2, step))));
    return { value: sub(value, div(mul(hat, rateTensor()), add(sqrt(velocityHat), settings.number('epsilon')))), slots: { momentum, velocity } };
  },
  advance: ({ prepared }) => ({ u_product: productOf(prepared) }),
};

function productOf(prepared: StepContext['prepared']): Tensor {
  const { product } = prepared;
  if (product === undefined) throw new Error('Nadam was not prepared.');
  return product;
}

const adamax: Rule = {
  slots: () => ({ momentum: 0, norm: 0 }),
  update: (context) => {
    const { value, gradient, slot, settings, step, scalar, rateTensor } = context;
    const beta1 = settings.number('beta1');
    const momentum = add(slot('momentum'), mul(sub(gradient, slot('momentum')), 1 - beta1));
    const norm = maximum(mul(settings.number('beta2'), slot('norm')), eachSlice(context, abs));
    const correction = scalar('correction_1', f(1 - power(beta1, step)));
    return { value: sub(value, div(mul(rateTensor(), momentum), mul(correction, add(norm, settings.number('epsilon'))))), slots: { momentum, norm } };
  },
};

const adagrad: Rule = {
  slots: (settings) => ({ accumulator: settings.number('initialaccumulatorvalue') }),
  update: (context) => {
    const { value, gradient, slot, settings, rateTensor } = context;
    const accumulator = add(slot('accumulator'), squares(context));
    return { value: sub(value, div(mul(rateTensor(), gradient), sqrt(add(accumulator, settings.number('epsilon'))))), slots: { accumulator } };
  },
};

const adadelta: Rule = {
  slots: () => ({ accumulated_grad: 0, accumulated_delta_var: 0 }),
  update: (context) => {
    const { value, gradient, rows, slot, settings, rateTensor } = context;
    const rho = settings.number('rho');
    const rms = (tensor: Tensor): Tensor => sqrt(add(tensor, settings.number('epsilon')));
    const grad = add(mul(rho, slot('accumulated_grad')), mul(1 - rho, squares(context)));
    const delta = neg(div(mul(rms(slot('accumulated_delta_var')), gradient), rms(grad)));
    const squaredDelta = rows === null ? square(delta) : mul(square(div(rms(slot('accumulated_delta_var')), rms(grad))), squares(context));
    const deltas = add(mul(rho, slot('accumulated_delta_var')), mul(1 - rho, squaredDelta));
    return { value: add(value, mul(rateTensor(), delta)), slots: { accumulated_grad: grad, accumulated_delta_var: deltas } };
  },
};

/** Chen and others, 2023: the sign of an average of gradients. */
const lion: Rule = {
  slots: () => ({ momentum: 0 }),
  update: ({ value, gradient, slot, settings, rateTensor }) => {
    const beta1 = settings.number('beta1');
    const beta2 = settings.number('beta2');
    const direction = sign(add(mul(slot('momentum'), beta1), mul(gradient, 1 - beta1)));
    return { value: sub(value, mul(rateTensor(), direction)), slots: { momentum: add(mul(slot('momentum'), beta2), mul(gradient, 1 - beta2)) } };
  },
};

/** McMahan and others, 2013: follow the regularised leader. */
const ftrl: Rule = {
  slots: (settings) => ({ accumulator: settings.number('initialaccumulatorvalue'), linear: 0 }),
  update: (context) => {
    const { value, gradient, slot, settings, rate, rateTensor } = context;
    const l1 = settings.number('l1regularizationstrength');
    const l2 = settings.number('l2regularizationstrength') + settings.number('beta') / (2 * rate);
    const exponent = -settings.number('learningratepower');
    const shrinkage = settings.number('l2shrinkageregularizationstrength');
    const shrunk = shrinkage === 0 ? gradient : add(gradient, mul(2 * shrinkage, value));
    const accumulator = add(slot('accumulator'), squares(context));
    const powered = pow(accumulator, exponent);
    const linear = add(slot('linear'), sub(shrunk, mul(div(sub(powered, pow(slot('accumulator'), exponent)), rateTensor()), value)));
    const quadratic = add(div(powered, rateTensor()), 2 * l2);
    return { value: div(sub(clipByValue(linear, -l1, l1), linear), quadratic), slots: { accumulator, linear } };
  },
};

export const kerasRules: Readonly<Record<string, Rule>> = { sgd, momentum: sgd, rmsprop, adam, adamw: adam, nadam, adamax, adagrad, adadelta, lion, ftrl };
