/** The update phase: gradients clipped, each weight moved by the optimizer's rule, moving statistics taken over. */
import { add, div, mul, scalar, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Constraint } from './constraints';
import { clip, decay, globalScale } from './optimizers/clipping';
import type { Optimizer } from './optimizers/optimizers';
import type { RowGradient, StepContext } from './optimizers/rule';
import type { Recorder } from './recorder/recorder';
import type { WeightState } from './state';

export interface UpdateInput {
  readonly recorder: Recorder;
  readonly optimizer: Optimizer;
  readonly iteration: number;
  /** Weights and slots as the trace holds them. */
  readonly weights: readonly WeightState[];
  readonly counters: Readonly<Record<string, Tensor>>;
  gradient(weight: WeightState): Tensor | null;
  /** The gradients of the rows that were looked up, for a weight that is only a table of rows. */
  rows?(weight: WeightState): readonly RowGradient[] | null;
  /** New value of a weight that the forward pass computed (moving statistics), or null. */
  assigned(weight: WeightState): Tensor | null;
  /** What brings a weight back after its step, or null. */
  constraint?(weight: WeightState): Constraint | null;
}

/** Moves every weight; yields after each. @returns the weights and counters after the step */
export function* update(input: UpdateInput): Generator<void, { readonly weights: readonly WeightState[]; readonly counters: Readonly<Record<string, Tensor>> }, void> {
  const { recorder, optimizer, iteration, counters } = input;
  const { rule, settings } = optimizer;
  const pace = paceOf(optimizer, iteration);
  recorder.place = { phase: 'update', layer: null, call: 0, forwardOp: null, weight: null };
  const rate = optimizer.rate(pace.taken);
  const named = (name: string, value: number): Tensor => {
    const tensor = scalar(value);
    recorder.adopt(tensor, { kind: 'constant', name });
    return tensor;
  };
  const context: Omit<StepContext, 'prepared'> = {
    settings, rate, step: pace.updates + 1, scalar: named,
    rateTensor: (factor = 1) => (optimizer.constantRate ? scalar(rate * factor) : named('learning_rate', rate * factor)),
    counter: (name) => required(counters, name),
  };
  const summed = new Map<WeightState, Tensor>();
  for (const weight of input.weights) {
    const own = weight.trainable ? input.gradient(weight) : null;
    if (own !== null) summed.set(weight, accumulated(weight, own, pace));
  }
  const scale = pace.moves ? globalScale([...summed.values()], settings) : null;
  const prepared = pace.moves ? rule.prepare?.({ ...context, prepared: {} }) ?? {} : {};
  const step: StepContext = { ...context, prepared };
  const weights: WeightState[] = [];
  for (const weight of input.weights) {
    recorder.place = { phase: 'update', layer: weight.layer, call: 0, forwardOp: null, weight: weight.weight };
    weights.push(updated(input, weight, step, { pace, scale, gradient: summed.get(weight) ?? null }));
    yield;
  }
  recorder.place = { phase: 'update', layer: null, call: 0, forwardOp: null, weight: null };
  const advanced = pace.moves ? rule.advance?.(step) ?? {} : {};
  return { weights, counters: { ...counters, ...advanced } };
}

/** Where a step stands: how many batches the optimizer has seen before it, how often it has moved the weights, and whether it moves them now. */
interface Pace { readonly taken: number; readonly updates: number; readonly moves: boolean; readonly every: number }

/** Keras's `gradient_accumulation_steps`: the weights move after every so many batches, by the mean of their gradients. */
function paceOf({ settings, start, decays }: Optimizer, iteration: number): Pace {
  const taken = start + iteration;
  const every = decays ? Math.max(1, settings.number('gradientaccumulationsteps')) : 1;
  return { taken, updates: Math.floor(taken / every), moves: (taken + 1) % every === 0, every };
}

/** The gradient to move by: with those that were put aside, their mean; while no step is due, their sum so far. */
function accumulated(weight: WeightState, gradient: Tensor, { moves, every }: Pace): Tensor {
  if (every === 1) return gradient;
  const total = add(gradient, required(weight.slots, 'gradient_accumulator'));
  return moves ? div(total, every) : total;
}

interface Own { readonly pace: Pace; readonly scale: Tensor | null; readonly gradient: Tensor | null }

function updated(input: UpdateInput, weight: WeightState, step: StepContext, { pace, scale, gradient: raw }: Own): WeightState {
  const { rule, settings } = input.optimizer;
  const assigned = input.assigned(weight);
  // A trained weight that the forward pass has replaced (spectral normalisation) is moved from there.
  if (assigned !== null && raw === null) return { ...weight, value: assigned.clone() };
  if (raw === null) return weight;
  const slots: Record<string, Tensor> = {};
  let value = assigned ?? weight.value;
  if (pace.every > 1) slots['gradient_accumulator'] = pace.moves ? zerosLike(raw) : raw;
  if (pace.moves) {
    const gradient = clip(raw, settings, scale);
    const path = `${weight.layer}/${weight.weight}`;
    if (input.optimizer.decays) value = decay(value, step, rule.decayOf?.(settings, path, value));
    const rows = gradient === raw && pace.every === 1 ? input.rows?.(weight) ?? null : null;
    const result = rule.update({ ...step, value, gradient, rows, path, slot: (name) => required(weight.slots, name) });
    value = result.value;
    Object.assign(slots, result.slots);
  }
  if (settings.flag('useema') && 'average' in weight.slots) {
    // The first step takes the weight itself.
    const momentum = pace.updates === 0 ? 0 : settings.number('emamomentum') || 0.99;
    const average = momentum === 0 ? mul(value, 1) : add(mul(required(weight.slots, 'average'), momentum), mul(value, 1 - momentum));
    slots['average'] = average;
    const frequency = settings.number('emaoverwritefrequency');
    if (frequency > 0 && (pace.updates + 1) % frequency === 0) value = average;
  }
  const constrained = input.constraint?.(weight)?.(value) ?? value;
  return { ...weight, value: constrained, slots: { ...weight.slots, ...slots } };
}

function required(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`The optimizer has no tensor '${name}'.`);
  return tensor;
}
