/**
 * TensorFlow.js's optimizers, kernel for kernel as in tfjs-core 4.22's src/optimizers, so that weights agree bit for bit with
 * tf.train.*. Its Adam adds epsilon after the bias correction.
 */
import { abs, add, div, maximum, mul, sqrt, square, sub } from '@tensorflow/tfjs-core';
import { named } from './rule';
import type { Rule, Update } from './rule';

const sgd: Rule = {
  slots: () => ({}),
  update: ({ value, gradient, rateTensor }) => ({ value: add(mul(rateTensor(-1), gradient), value), slots: {} }),
};

const momentum: Rule = {
  slots: () => ({ momentum: 0 }),
  update: ({ value, gradient, slot, settings, rateTensor }) => {
    const m = settings.number('momentum');
    const accumulation = add(mul(m, slot('momentum')), gradient);
    const direction = settings.flag('nesterov') ? add(gradient, mul(accumulation, m)) : accumulation;
    return { value: add(mul(rateTensor(-1), direction), value), slots: { momentum: accumulation } };
  },
};

/** SGD as Keras names it: with momentum it is TensorFlow.js's MomentumOptimizer. */
const sgdOrMomentum: Rule = {
  slots: (settings) => (settings.number('momentum') === 0 ? sgd : momentum).slots(settings),
  update: (context) => (context.settings.number('momentum') === 0 ? sgd : momentum).update(context),
};

const rmsprop: Rule = {
  slots: (settings) => ({ velocity: 0, momentum: 0, ...(settings.flag('centered') ? { average_gradient: 0 } : {}) }),
  update: ({ value, gradient, slot, settings, rateTensor }): Update => {
    const decay = settings.number('rho');
    const epsilon = settings.number('epsilon');
    const meanSquare = () => add(mul(slot('velocity'), decay), mul(square(gradient), 1 - decay));
    if (settings.flag('centered')) {
      const velocity = meanSquare();
      const meanGradient = add(mul(slot('average_gradient'), decay), mul(gradient, 1 - decay));
      const contribution = div(mul(gradient, rateTensor()), sqrt(sub(velocity, add(square(meanGradient), epsilon))));
      const moments = add(mul(slot('momentum'), settings.number('momentum')), contribution);
      return { value: sub(value, moments), slots: { velocity, momentum: moments, average_gradient: meanGradient } };
    }
    const velocity = meanSquare();
    const moments = add(mul(slot('momentum'), settings.number('momentum')), div(mul(gradient, rateTensor()), sqrt(add(velocity, epsilon))));
    return { value: sub(value, moments), slots: { velocity, momentum: moments } };
  },
};

const adam: Rule = {
  slots: () => ({ momentum: 0, velocity: 0 }),
  counters: (settings) => ({ beta_1_power: settings.number('beta1'), beta_2_power: settings.number('beta2') }),
  prepare: ({ counter }) => ({ correction1: sub(1, counter('beta_1_power')), correction2: sub(1, counter('beta_2_power')) }),
  update: ({ value, gradient, slot, settings, prepared, rateTensor }) => {
    const beta1 = settings.number('beta1');
    const beta2 = settings.number('beta2');
    const first = add(mul(slot('momentum'), beta1), mul(gradient, 1 - beta1));
    const second = add(mul(slot('velocity'), beta2), mul(square(gradient), 1 - beta2));
    const correctedFirst = div(first, named(prepared, 'correction1'));
    const correctedSecond = div(second, named(prepared, 'correction2'));
    const step = div(correctedFirst, add(sqrt(correctedSecond), settings.number('epsilon')));
    return { value: add(mul(step, rateTensor(-1)), value), slots: { momentum: first, velocity: second } };
  },
  advance: ({ counter, settings }) => ({ beta_1_power: mul(counter('beta_1_power'), settings.number('beta1')), beta_2_power: mul(counter('beta_2_power'), settings.number('beta2')) }),
};

const adamax: Rule = {
  slots: () => ({ momentum: 0, norm: 0 }),
  counters: (settings) => ({ iterations: 0, beta_1_power: settings.number('beta1') }),
  prepare: ({ counter, settings, rateTensor }) => ({
    correction: sub(1, counter('beta_1_power')),
    rate: div(rateTensor(-1), add(mul(counter('iterations'), settings.number('decay')), 1)),
  }),
  update: ({ value, gradient, slot, settings, prepared }) => {
    const beta1 = settings.number('beta1');
    const first = add(mul(slot('momentum'), beta1), mul(gradient, 1 - beta1));
    const norm = maximum(mul(slot('norm'), settings.number('beta2')), abs(gradient));
    const step = div(named(prepared, 'rate'), named(prepared, 'correction'));
    return { value: add(mul(step, div(first, add(norm, settings.number('epsilon')))), value), slots: { momentum: first, norm } };
  },
  advance: ({ counter, settings }) => ({ iterations: add(counter('iterations'), 1), beta_1_power: mul(counter('beta_1_power'), settings.number('beta1')) }),
};

const adagrad: Rule = {
  slots: (settings) => ({ accumulator: settings.number('initialaccumulatorvalue') }),
  update: ({ value, gradient, slot, settings, rateTensor }) => {
    const accumulator = add(slot('accumulator'), square(gradient));
    return { value: add(mul(div(gradient, sqrt(add(accumulator, settings.number('epsilon')))), rateTensor(-1)), value), slots: { accumulator } };
  },
};

const adadelta: Rule = {
  slots: () => ({ accumulated_grad: 0, accumulated_delta_var: 0 }),
  update: ({ value, gradient, slot, settings, rateTensor }) => {
    const rho = settings.number('rho');
    const epsilon = settings.number('epsilon');
    const grad = add(mul(slot('accumulated_grad'), rho), mul(square(gradient), 1 - rho));
    const updates = mul(div(sqrt(add(slot('accumulated_delta_var'), epsilon)), sqrt(add(slot('accumulated_grad'), epsilon))), gradient);
    const delta = add(mul(slot('accumulated_delta_var'), rho), mul(square(updates), 1 - rho));
    return { value: add(mul(updates, rateTensor(-1)), value), slots: { accumulated_grad: grad, accumulated_delta_var: delta } };
  },
};

export const tfjsRules: Readonly<Record<string, Rule>> = { sgd: sgdOrMomentum, momentum, rmsprop, adam, adamax, adagrad, adadelta };
