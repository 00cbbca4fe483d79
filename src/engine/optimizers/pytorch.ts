/** PyTorch's optimizers (torch/optim, single tensor): epsilon after the bias correction, scalars in double precision, weight decay as L2. */
import { abs, add, div, maximum, mul, sqrt, square, sub } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Rule, Settings, StepContext, Update } from './rule';

/** The gradient with PyTorch's `weight_decay` added. */
function decayed(value: Tensor, gradient: Tensor, settings: Settings): Tensor {
  const decay = settings.number('weightdecay');
  return decay === 0 ? gradient : add(gradient, mul(value, decay));
}

const sgd: Rule = {
  slots: (settings): Record<string, number> => (settings.number('momentum') === 0 ? {} : { momentum: 0 }),
  update: ({ value, gradient: raw, slot, settings, step, rateTensor }): Update => {
    const m = settings.number('momentum');
    const gradient = decayed(value, raw, settings);
    if (m === 0) return { value: add(value, mul(gradient, rateTensor(-1))), slots: {} };
    // The first step takes the gradient as it is, without dampening.
    const dampened = step === 1 || settings.number('dampening') === 0 ? gradient : mul(gradient, 1 - settings.number('dampening'));
    const momentum = add(mul(slot('momentum'), m), dampened);
    const direction = settings.flag('nesterov') ? add(gradient, mul(momentum, m)) : momentum;
    return { value: add(value, mul(direction, rateTensor(-1))), slots: { momentum } };
  },
};

const lerp = (from: Tensor, to: Tensor, weight: number): Tensor => add(from, mul(sub(to, from), weight));
const average = (slot: Tensor, beta: number, gradient: Tensor): Tensor => add(mul(slot, beta), mul(square(gradient), 1 - beta));

const adamWith = (decoupled: boolean): Rule => ({
  slots: (settings) => ({ momentum: 0, velocity: 0, ...(settings.flag('amsgrad') ? { velocity_hat: 0 } : {}) }),
  update: ({ value, gradient: raw, slot, settings, step, rate, scalar }) => {
    const beta1 = settings.number('beta1');
    const beta2 = settings.number('beta2');
    const shrink = decoupled && settings.number('weightdecay') !== 0;
    const start = shrink ? mul(value, scalar('shrink', 1 - rate * settings.number('weightdecay'))) : value;
    const gradient = decoupled ? raw : decayed(value, raw, settings);
    const momentum = lerp(slot('momentum'), gradient, 1 - beta1);
    const velocity = average(slot('velocity'), beta2, gradient);
    const slots: Record<string, Tensor> = { momentum, velocity };
    const largest = settings.flag('amsgrad') ? (slots['velocity_hat'] = maximum(slot('velocity_hat'), velocity)) : velocity;
    const denominator = add(div(sqrt(largest), scalar('root_correction_2', Math.sqrt(1 - beta2 ** step))), settings.number('epsilon'));
    return { value: add(start, mul(scalar('minus_step_size', -rate / (1 - beta1 ** step)), div(momentum, denominator))), slots };
  },
});

const nadamMomentum = (settings: Settings, step: number): number => settings.number('beta1') * (1 - 0.5 * 0.96 ** (step * settings.number('momentumdecay')));
/** Product of Nadam's momenta up to a step. */
function nadamProduct({ settings, step }: StepContext): number {
  let product = 1;
  for (let i = 1; i <= step; i += 1) product *= nadamMomentum(settings, i);
  return product;
}

const nadam: Rule = {
  slots: () => ({ momentum: 0, velocity: 0 }),
  update: (context) => {
    const { value, slot, settings, step, rate, scalar } = context;
    const gradient = decayed(value, context.gradient, settings);
    const beta2 = settings.number('beta2');
    const now = nadamMomentum(settings, step);
    const next = nadamMomentum(settings, step + 1);
    const product = nadamProduct(context);
    const momentum = lerp(slot('momentum'), gradient, 1 - settings.number('beta1'));
    const velocity = average(slot('velocity'), beta2, gradient);
    const denominator = add(sqrt(div(velocity, scalar('correction_2', 1 - beta2 ** step))), settings.number('epsilon'));
    const byGradient = add(value, mul(scalar('gradient_step', (-rate * (1 - now)) / (1 - product)), div(gradient, denominator)));
    return { value: add(byGradient, mul(scalar('momentum_step', (-rate * next) / (1 - product * next)), div(momentum, denominator))), slots: { momentum, velocity } };
  },
};

const adamax: Rule = {
  slots: () => ({ momentum: 0, norm: 0 }),
  update: ({ value, gradient: raw, slot, settings, step, rate, scalar }) => {
    const beta1 = settings.number('beta1');
    const gradient = decayed(value, raw, settings);
    const momentum = lerp(slot('momentum'), gradient, 1 - beta1);
    const norm = maximum(mul(slot('norm'), settings.number('beta2')), add(abs(gradient), settings.number('epsilon')));
    return { value: add(value, mul(scalar('minus_step_size', -rate / (1 - beta1 ** step)), div(momentum, norm))), slots: { momentum, norm } };
  },
};

const rmsprop: Rule = {
  slots: (settings) => ({ velocity: 0, ...(settings.number('momentum') > 0 ? { momentum: 0 } : {}), ...(settings.flag('centered') ? { average_gradient: 0 } : {}) }),
  update: ({ value, gradient: raw, slot, settings, rateTensor }) => {
    const rho = settings.number('rho');
    const gradient = decayed(value, raw, settings);
    const velocity = average(slot('velocity'), rho, gradient);
    const slots: Record<string, Tensor> = { velocity };
    let variance: Tensor = velocity;
    if (settings.flag('centered')) {
      const mean = lerp(slot('average_gradient'), gradient, 1 - rho);
      slots['average_gradient'] = mean;
      variance = sub(velocity, square(mean));
    }
    const quotient = div(gradient, add(sqrt(variance), settings.number('epsilon')));
    if (settings.number('momentum') <= 0) return { value: add(value, mul(rateTensor(-1), quotient)), slots };
    const momentum = add(mul(slot('momentum'), settings.number('momentum')), quotient);
    slots['momentum'] = momentum;
    return { value: add(value, mul(momentum, rateTensor(-1))), slots };
  },
};

const adagrad: Rule = {
  slots: (settings) => ({ accumulator: settings.number('initialaccumulatorvalue') }),
  update: ({ value, gradient: raw, slot, settings, step, rate, scalar, rateTensor }) => {
    const gradient = decayed(value, raw, settings);
    const decay = settings.number('learningratedecay');
    const factor = decay === 0 ? rateTensor(-1) : scalar('minus_rate', -rate / (1 + (step - 1) * decay));
    const accumulator = add(slot('accumulator'), square(gradient));
    return { value: add(value, mul(factor, div(gradient, add(sqrt(accumulator), settings.number('epsilon'))))), slots: { accumulator } };
  },
};

const adadelta: Rule = {
  slots: () => ({ accumulated_grad: 0, accumulated_delta_var: 0 }),
  update: ({ value, gradient: raw, slot, settings, rateTensor }) => {
    const rho = settings.number('rho');
    const gradient = decayed(value, raw, settings);
    const root = (tensor: Tensor): Tensor => sqrt(add(tensor, settings.number('epsilon')));
    const grad = average(slot('accumulated_grad'), rho, gradient);
    const delta = mul(div(root(slot('accumulated_delta_var')), root(grad)), gradient);
    return { value: add(value, mul(delta, rateTensor(-1))), slots: { accumulated_grad: grad, accumulated_delta_var: average(slot('accumulated_delta_var'), rho, delta) } };
  },
};

export const pytorchRules: Readonly<Record<string, Rule>> = { sgd, momentum: sgd, rmsprop, adam: adamWith(false), adamw: adamWith(true), nadam, adamax, adagrad, adadelta };
