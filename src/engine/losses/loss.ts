/** What a loss is: a function from labels and predictions to one value an example, with the labels that it accepts. */
import type { Tensor } from '@tensorflow/tfjs-core';

/** Numbers, switches and lists of axes of a loss, by Keras's argument names: from_logits, label_smoothing, delta, alpha, gamma, axis, reduction, … */
export type LossOption = number | boolean | string | readonly number[] | null | undefined;
export type LossOptions = Readonly<Record<string, LossOption>>;

/** Labels that a loss accepts; the table of `labels.ts` says how each is checked. */
export type LabelKind =
  /** Class numbers, one an example (or a step). */
  | 'classes'
  /** One probability a class, in the shape of the predictions. */
  | 'distribution'
  /** Probabilities or 0 and 1, in the shape of the predictions. */
  | 'probabilities'
  /** -1 and 1, or 0 and 1. */
  | 'signs'
  /** Real numbers not below 0. */
  | 'counts'
  /** Any real numbers. */
  | 'reals';

export interface LossArguments {
  readonly labels: Tensor;
  readonly predictions: Tensor;
  /** The logits that `predictions` are the softmax or sigmoid of, where they are. */
  readonly logits: Tensor | null;
  readonly options: LossOptions;
}

/** A loss under one convention: one value an example, `[batch, …]`. */
export type LossFunction = (given: LossArguments) => Tensor;

export interface LossEntry {
  readonly labels: LabelKind;
  readonly keras: LossFunction;
  /** Where tfjs-layers has it and computes it otherwise. */
  readonly tfjs?: LossFunction;
  /** Where PyTorch computes it otherwise. */
  readonly pytorch?: LossFunction;
}

export function numberOption(options: LossOptions, key: string, fallback: number): number {
  const value = options[key];
  return typeof value === 'number' ? value : fallback;
}

export function isSet(options: LossOptions, key: string): boolean {
  return options[key] === true;
}

/** Axes of the setting `axis` from the front; undefined where it is absent, which means all. */
export function axesOption(options: LossOptions, rank: number): number[] | undefined {
  const value = options['axis'];
  const axes: readonly number[] | null = typeof value === 'number' ? [value] : Array.isArray(value) ? (value as readonly number[]) : null;
  return axes?.map((axis) => (axis < 0 ? axis + rank : axis));
}
