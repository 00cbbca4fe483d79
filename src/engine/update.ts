/** The update phase: gradients clipped, each weight moved by the optimizer's rule, moving statistics taken over. */
import { scalar } from '@tensorflow/tfjs-core';
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
  recorder.place = { phase: 'update', layer: null, call: 0, forwardOp: null, weight: null };
  const rate = optimizer.rate(iteration);
  const named = (name: string, value: number): Tensor => {
    const tensor = scalar(value);
    recorder.adopt(tensor, { kind: 'constant', name });
    return tensor;
  };
  const context: Omit<StepContext, 'prepared'> = {
    settings, rate, step: iteration + 1, scalar: named,
    rateTensor: (factor = 1) => (optimizer.constantRate ? scalar(rate * factor) : named('learning_rate', rate * factor)),
    counter: (name) => required(counters, name),
  };
  const gradients = input.weights.flatMap((weight) => (weight.trainable ? [input.gradient(weight)] : [])).filter((gradient) => gradient !== null);
  const scale = globalScale(gradients, settings);
  const prepared = rule.prepare?.({ ...context, prepared: {} }) ?? {};
  const step: StepContext = { ...context, prepared };
  const weights: WeightState[] = [];
  for (const weight of input.weights) {
    recorder.place = { phase: 'update', layer: weight.layer, call: 0, forwardOp: null, weight: weight.weight };
    weights.push(updated(input, weight, step, scale));
    yield;
  }
  recorder.place = { phase: 'update', layer: null, call: 0, forwardOp: null, weight: null };
  const advanced = rule.advance?.(step) ?? {};
  return { weights, counters: { ...counters, ...advanced } };
}

function updated(input: UpdateInput, weight: WeightState, step: StepContext, scale: Tensor | null): WeightState {
  const { settings, rule, decays } = input.optimizer;
  const assigned = input.assigned(weight);
  if (assigned !== null) return { ...weight, value: assigned.clone() };
  const raw = weight.trainable ? input.gradient(weight) : null;
  if (raw === null) return weight;
  const gradient = clip(raw, settings, scale);
  const value = decays ? decay(weight.value, step) : weight.value;
  const rows = gradient === raw ? input.rows?.(weight) ?? null : null;
  const result = rule.update({ ...step, value, gradient, rows, slot: (name) => required(weight.slots, name) });
  const constrained = input.constraint?.(weight)?.(result.value) ?? result.value;
  return { ...weight, value: constrained, slots: { ...weight.slots, ...result.slots } };
}

function required(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`The optimizer has no tensor '${name}'.`);
  return tensor;
}
