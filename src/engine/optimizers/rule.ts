/** What an optimizer is: slots beside each weight, and one rule that turns value, gradient and slots into new ones. */
import type { Tensor } from '@tensorflow/tfjs-core';

/** Settings of a resolved optimizer, by one spelling: lower case without separators (`learningrate`, `beta1`, `clipnorm`). */
export interface Settings {
  number(name: string): number;
  flag(name: string): boolean;
}

/** What every part of a step sees. */
export interface StepContext {
  readonly settings: Settings;
  /** Learning rate of this step. */
  readonly rate: number;
  /** 1 for the first step. */
  readonly step: number;
  /** A scalar that changes from step to step, named in the listing. */
  readonly scalar: (name: string, value: number) => Tensor;
  /** The learning rate times `factor` (default 1) as a scalar; a plain number in the listing while the rate is constant. */
  readonly rateTensor: (factor?: number) => Tensor;
  /** A counter of the run (`beta_1_power`) as it was before this step. */
  readonly counter: (name: string) => Tensor;
  /** What `prepare` returned. */
  readonly prepared: Readonly<Record<string, Tensor>>;
}

/** Part of the gradient of a table whose rows were looked up: `values` `[…indices, …row]`, one row gradient a look-up. */
export interface RowGradient { readonly indices: Tensor; readonly values: Tensor }

export interface UpdateContext extends StepContext {
  readonly value: Tensor;
  readonly gradient: Tensor;
  /** Path of the weight, `dense/kernel`. */
  readonly path: string;
  /** The parts of which `gradient` is the sum, when the weight is only a table of rows; else null. */
  readonly rows: readonly RowGradient[] | null;
  readonly slot: (name: string) => Tensor;
}

export interface Update { readonly value: Tensor; readonly slots: Readonly<Record<string, Tensor>> }

export interface Rule {
  /** Slots of each weight and the value that fills them at the start, by Keras's names. */
  slots(settings: Settings): Readonly<Record<string, number>>;
  /** Shapes of slots that are not the weight's. */
  shapes?(shape: readonly number[]): Readonly<Record<string, readonly number[]>>;
  /** Weight decay of one weight, where it is not the setting's. */
  decayOf?(settings: Settings, path: string, value: Tensor): number;
  /** Counters of the run and their first values. */
  counters?(settings: Settings): Readonly<Record<string, number>>;
  /** Work done once a step before the weights; its tensors are `prepared`. */
  prepare?(context: StepContext): Record<string, Tensor>;
  update(context: UpdateContext): Update;
  /** New values of the counters, computed after the weights. */
  advance?(context: StepContext): Record<string, Tensor>;
}

/** The slot or prepared tensor of a name that the rule itself declared. */
export function named(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`The optimizer's rule has no tensor '${name}'.`);
  return tensor;
}
