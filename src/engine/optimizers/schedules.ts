/** Learning rates that change with the iteration: Keras 3's schedules (keras/src/optimizers/schedules). */
import type { Json, JsonObject } from '../../network/network';
import { Failure } from '../../tensor/failure';

/** The learning rate of iteration `step`, counted from 0. */
export type Schedule = (step: number) => number;

const numberOf = (config: JsonObject, name: string, fallback: number): number => (typeof config[name] === 'number' ? config[name] : fallback);
const numbersOf = (value: Json | undefined): number[] => (Array.isArray(value) ? (value as readonly Json[]).filter((entry) => typeof entry === 'number') : []);

const schedules: Readonly<Record<string, (config: JsonObject) => Schedule>> = {
  ExponentialDecay: (config) => (step) => {
    const progress = step / numberOf(config, 'decay_steps', 1);
    return numberOf(config, 'initial_learning_rate', 0) * numberOf(config, 'decay_rate', 1) ** (config['staircase'] === true ? Math.floor(progress) : progress);
  },
  InverseTimeDecay: (config) => (step) => {
    const progress = step / numberOf(config, 'decay_steps', 1);
    return numberOf(config, 'initial_learning_rate', 0) / (1 + numberOf(config, 'decay_rate', 0) * (config['staircase'] === true ? Math.floor(progress) : progress));
  },
  PiecewiseConstantDecay: (config) => {
    const boundaries = numbersOf(config['boundaries']);
    const values = numbersOf(config['values']);
    return (step) => {
      const at = boundaries.findIndex((boundary) => step <= boundary);
      return values[at < 0 ? values.length - 1 : at] ?? 0;
    };
  },
  PolynomialDecay: (config) => (step) => {
    const initial = numberOf(config, 'initial_learning_rate', 0);
    const end = numberOf(config, 'end_learning_rate', 0.0001);
    const span = numberOf(config, 'decay_steps', 1);
    const steps = config['cycle'] === true ? span * Math.max(1, Math.ceil(step / span)) : span;
    return (initial - end) * (1 - Math.min(step, steps) / steps) ** numberOf(config, 'power', 1) + end;
  },
  CosineDecay: (config) => (step) => {
    const initial = numberOf(config, 'initial_learning_rate', 0);
    const target = config['warmup_target'];
    const warmup = numberOf(config, 'warmup_steps', 0);
    const top = typeof target === 'number' ? target : initial;
    if (typeof target === 'number' && step < warmup) return initial + ((target - initial) * step) / warmup;
    const after = typeof target === 'number' ? step - warmup : step;
    const alpha = numberOf(config, 'alpha', 0);
    const cosine = 0.5 * (1 + Math.cos((Math.PI * Math.min(after, numberOf(config, 'decay_steps', 1))) / numberOf(config, 'decay_steps', 1)));
    return top * ((1 - alpha) * cosine + alpha);
  },
  /** Loshchilov and Hutter 2017: each run of the cosine `t_mul` times as long as the last, from `m_mul` times its rate. */
  CosineDecayRestarts: (config) => (step) => {
    const [factor, alpha] = [numberOf(config, 't_mul', 2), numberOf(config, 'alpha', 0)];
    const completed = step / numberOf(config, 'first_decay_steps', 1);
    const restarts = factor === 1 ? Math.floor(completed) : Math.floor(Math.log(1 - completed * (1 - factor)) / Math.log(factor));
    const fraction = factor === 1 ? completed - restarts : (completed - (1 - factor ** restarts) / (1 - factor)) / factor ** restarts;
    const cosine = 0.5 * numberOf(config, 'm_mul', 1) ** restarts * (1 + Math.cos(Math.PI * fraction));
    return numberOf(config, 'initial_learning_rate', 0) * ((1 - alpha) * cosine + alpha);
  },
};

/** The schedule of a configuration `{class_name, config}`. @throws Failure for one that is not known. */
export function scheduleOf(value: JsonObject): Schedule {
  const name = value['class_name'];
  const config = value['config'];
  const make = typeof name === 'string' ? schedules[name] : undefined;
  if (make === undefined || typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new Failure('optimizer.schedule', `The learning rate schedule ${JSON.stringify(name ?? null)} is not known; give "learningRate" as a number, or use one of ${Object.keys(schedules).join(', ')}.`);
  }
  return make(config as JsonObject);
}
