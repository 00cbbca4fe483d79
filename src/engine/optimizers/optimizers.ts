/** The table of optimizers: names, defaults by convention, and the rule that runs them. */
import type { Convention, Json, JsonObject } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { OptimizerConfig } from '../config';
import { kerasRules as earlier } from './keras';
import { laterRules } from './keras-later';
import { pytorchRules } from './pytorch';
import type { Rule, Settings } from './rule';
import { scheduleOf } from './schedules';
import type { Schedule } from './schedules';
import { tfjsRules } from './tfjs';

/** An optimizer with every setting filled in. */
export interface Optimizer {
  readonly type: string;
  readonly rule: Rule;
  readonly settings: Settings;
  /** Learning rate of an iteration, counted from 0. */
  readonly rate: Schedule;
  /** The rate is the same in every iteration. */
  readonly constantRate: boolean;
  /** Keras's decoupled weight decay; PyTorch's rules apply their own. */
  readonly decays: boolean;
  /** Steps that the optimizer had taken when the file was saved. */
  readonly start: number;
}

/** The slots that every weight has, with their first values: the rule's, and those of Keras's moving averages and accumulated gradients. */
export function slotsOf({ rule, settings, decays }: Optimizer): Readonly<Record<string, number>> {
  return {
    ...rule.slots(settings),
    ...(decays && settings.flag('useema') ? { average: 0 } : {}), ...(decays && settings.number('gradientaccumulationsteps') > 1 ? { gradient_accumulator: 0 } : {}),
  };
}

type Values = Readonly<Record<string, number | boolean>>;

/** Keras 3's defaults; they hold for TensorFlow.js's rules too. */
const kerasDefaults: Readonly<Record<string, Values>> = {
  sgd: { learningrate: 0.01, momentum: 0, nesterov: false },
  momentum: { learningrate: 0.01, momentum: 0.9, nesterov: false },
  rmsprop: { learningrate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
  adam: { learningrate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false },
  adamw: { learningrate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false, weightdecay: 0.004 },
  nadam: { learningrate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  adamax: { learningrate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  adagrad: { learningrate: 0.001, initialaccumulatorvalue: 0.1, epsilon: 1e-7 },
  adadelta: { learningrate: 0.001, rho: 0.95, epsilon: 1e-7 },
  lion: { learningrate: 0.001, beta1: 0.9, beta2: 0.99 },
  schedulefreeadamw: { learningrate: 0.0025, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, warmupsteps: 0 },
  lamb: { learningrate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  adafactor: { learningrate: 0.001, beta2decay: -0.8, epsilon1: 1e-30, epsilon2: 1e-3, clipthreshold: 1, relativestep: true },
  muon: { learningrate: 0.001, adambeta1: 0.9, adambeta2: 0.999, adamweightdecay: 0.004, weightdecay: 0.004, epsilon: 1e-7, muona: 3.4445, muonb: -4.775, muonc: 2.0315, adamlrratio: 1, momentum: 0.95, nssteps: 5, nesterov: true, rmsrate: 0.2, excludeembeddings: true },
  ftrl: { learningrate: 0.001, learningratepower: -0.5, initialaccumulatorvalue: 0.1, l1regularizationstrength: 0, l2regularizationstrength: 0, l2shrinkageregularizationstrength: 0, beta: 0 },
};

/** Where PyTorch 2's defaults differ. */
const pytorchDefaults: Readonly<Record<string, Values>> = {
  sgd: { learningrate: 0.001 },
  momentum: { learningrate: 0.001 },
  rmsprop: { learningrate: 0.01, rho: 0.99, epsilon: 1e-8 },
  adam: { epsilon: 1e-8 },
  adamw: { epsilon: 1e-8, weightdecay: 0.01 },
  nadam: { learningrate: 0.002, epsilon: 1e-8, momentumdecay: 0.004 },
  adamax: { learningrate: 0.002, epsilon: 1e-8 },
  adagrad: { learningrate: 0.01, initialaccumulatorvalue: 0, epsilon: 1e-10 },
  adadelta: { learningrate: 1, rho: 0.9, epsilon: 1e-6 },
};

const kerasRules = { ...earlier, ...laterRules };
const rulesOf: Readonly<Record<Convention, Readonly<Record<string, Rule>>>> = {
  keras: kerasRules,
  tfjs: { ...kerasRules, ...tfjsRules },
  pytorch: { ...kerasRules, ...pytorchRules },
};

export const optimizerNames: readonly string[] = Object.keys(kerasDefaults);

const plainName = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/**
 * The optimizer of a configuration (a run's, or the one a model file was compiled with) under a convention.
 * @throws Failure `optimizer.unknown`, `optimizer.setting`, `optimizer.schedule`
 */
export function optimizerOf(config: string | OptimizerConfig | { readonly type: string; readonly config: JsonObject }, convention: Convention): Optimizer {
  const given = typeof config === 'string' ? { type: config } : config;
  const type = plainName(given.type).replace(/optimizer$/, '');
  const rule = rulesOf[convention][type];
  const defaults = kerasDefaults[type];
  if (rule === undefined || defaults === undefined) {
    throw new Failure('optimizer.unknown', `The optimizer "${given.type}" is not one that Backstep has; set "optimizer" in the run's settings to one of ${optimizerNames.join(', ')}.`);
  }
  const values: Record<string, Json> = {};
  const source: Readonly<Record<string, Json | undefined>> = isNested(given) ? given.config : given;
  for (const [name, value] of Object.entries(source)) {
    if (name !== 'type' && value !== undefined && value !== null) values[plainName(name)] = value;
  }
  rename(values, type, convention, isNested(given));
  const settings = settingsOf(given.type, { ...defaults, ...(convention === 'pytorch' ? pytorchDefaults[type] : {}) }, values);
  const { rate, constantRate } = rateOf(values, settings, rule === tfjsRules['adamax']);
  return { type, rule, settings, rate, constantRate, decays: !(convention === 'pytorch' && pytorchRules[type] !== undefined), start: 0 };
}

function isNested(config: object): config is { readonly type: string; readonly config: JsonObject } {
  return 'config' in config && typeof config.config === 'object' && config.config !== null;
}

/** Older and foreign names of settings. */
function rename(values: Record<string, Json>, type: string, convention: Convention, fromFile: boolean): void {
  const aliases: Record<string, string> = { lr: 'learningrate', alpha: 'rho', usenesterov: 'nesterov', l1: 'l1regularizationstrength', l2: 'l2regularizationstrength' };
  // TensorFlow.js's RMSProp calls rho `decay`.
  if (fromFile && convention === 'tfjs' && type === 'rmsprop') aliases['decay'] = 'rho';
  for (const [from, to] of Object.entries(aliases)) {
    if (from in values && !(to in values)) values[to] = values[from] ?? null;
    if (from !== 'alpha') delete values[from];
  }
}

function settingsOf(type: string, defaults: Values, values: Readonly<Record<string, Json>>): Settings {
  const numbers = new Map<string, number>();
  const flags = new Map<string, boolean>();
  for (const [name, value] of [...Object.entries(defaults), ...Object.entries(values)]) {
    const kind = typeof defaults[name];
    if (typeof value === 'number' && kind !== 'boolean') numbers.set(name, value);
    else if (typeof value === 'boolean') flags.set(name, value);
    else if (kind === 'boolean' || (kind === 'number' && name !== 'learningrate')) {
      throw new Failure('optimizer.setting', `The optimizer "${type}" takes a ${kind} for "${name}", not ${JSON.stringify(value)}.`);
    }
  }
  return { number: (name) => numbers.get(name) ?? 0, flag: (name) => flags.get(name) ?? false };
}

/** A plain rate, a schedule, or a rate that decays as in Keras 2 (`rate / (1 + decay x iterations)`). */
function rateOf(values: Readonly<Record<string, Json>>, settings: Settings, decaysItself: boolean): { rate: Schedule; constantRate: boolean } {
  const given = values['learningrate'];
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { rate: scheduleOf(given as JsonObject), constantRate: false };
  const base = settings.number('learningrate');
  const decay = decaysItself ? 0 : settings.number('decay');
  return decay === 0 ? { rate: () => base, constantRate: true } : { rate: (step) => base / (1 + decay * step), constantRate: false };
}
