/** A trace: every op of one iteration with its tensors, in the order in which they ran. */
import type { Shape, TensorValue } from '../tensor/value';

export const phases = ['forward', 'loss', 'backward', 'update'] as const;
export type Phase = (typeof phases)[number];

/** What a tensor of a trace is to the person who looks at it. */
export type TensorRole =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'weight'; readonly layer: string; readonly weight: string }
  /** Slot of the optimizer (`m`, `v`, `momentum`) for a weight, or of the run (`iterations`). */
  | { readonly kind: 'state'; readonly slot: string; readonly layer: string; readonly weight: string }
  /** A constant that changes from iteration to iteration (a step size, a bias correction) has a name; a scalar one without is written into the listing as a number. */
  | { readonly kind: 'constant'; readonly name?: string }
  | { readonly kind: 'value' };

/** A tensor that an op read or wrote. Reading copies it out of the backend. */
export interface TraceTensor {
  /** Unique within the trace; ops refer to it. A weight before and after the update are two tensors. */
  readonly id: number;
  readonly dtype: 'float32' | 'int32' | 'bool' | 'complex64' | 'string';
  readonly shape: Shape;
  readonly role: TensorRole;
  /** Index of the op that wrote it; -1 for inputs, weights and constants, which exist before the first op. */
  readonly writer: number;
  /** For a gradient: the tensor (activation, weight, input) whose gradient of the loss this is. Partial sums say so. */
  readonly gradientOf: { readonly tensor: number; readonly partial: boolean } | null;
  read(): TensorValue;
}

export type AttributeValue = null | undefined | boolean | number | string | readonly AttributeValue[] | { readonly [key: string]: AttributeValue };

/** One executed kernel. */
export interface Op {
  readonly index: number;
  /** TensorFlow.js's kernel name: `Conv2D`, `_FusedMatMul`, `Conv2DBackpropFilter`. */
  readonly kernel: string;
  /** Inputs by the kernel's own argument names; variadic kernels use '0', '1', … */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: readonly number[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly phase: Phase;
  /** Path of the layer (`outer/inner`), in the backward phase the layer being differentiated, in the update phase the one updated; null for the loss. */
  readonly layer: string | null;
  /** Which call of a shared layer. */
  readonly call: number;
  /** In the backward phase: the forward (or loss) op that is being differentiated. */
  readonly forwardOp: number | null;
  /** In the update phase: the weight being updated. */
  readonly weight: string | null;
}

/** Ops `first` … `last` (inclusive) that belong to one layer call in one phase, in execution order. A layer may have several in a phase. */
export interface OpGroup { readonly phase: Phase; readonly layer: string | null; readonly call: number; readonly weight: string | null; readonly first: number; readonly last: number }

/** The tensors of a layer call that have a name. Ids into the trace's tensors. */
export interface LayerTensors {
  readonly layer: string;
  readonly call: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Gradient of the loss with respect to each output, and each input; null where none flows. Known after the backward phase. */
  readonly outputGradients: readonly (number | null)[];
  readonly inputGradients: readonly (number | null)[];
}

export interface WeightTensors {
  readonly layer: string;
  readonly weight: string;
  readonly trainable: boolean;
  readonly before: number;
  readonly gradient: number | null;
  readonly after: number;
  /** Optimizer slots by name, before and after the step. */
  readonly slots: Readonly<Record<string, { readonly before: number; readonly after: number }>>;
}

export interface Trace {
  readonly iteration: number;
  readonly loss: number;
  readonly batch: { readonly epoch: number; readonly index: number; readonly size: number };
  readonly ops: readonly Op[];
  readonly groups: readonly OpGroup[];
  readonly tensors: ReadonlyMap<number, TraceTensor>;
  readonly layers: readonly LayerTensors[];
  readonly weights: readonly WeightTensors[];
  /** Model inputs and labels by name, and d loss / d input where inputs are floating point. */
  readonly inputs: Readonly<Record<string, { readonly value: number; readonly gradient: number | null }>>;
  readonly labels: Readonly<Record<string, number>>;
  readonly predictions: Readonly<Record<string, number>>;
  readonly lossTensor: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Bytes that the trace keeps alive in the backend. */
  readonly bytes: number;
  /** Two traces with the same signature have the same ops with the same shapes, so the same listing. */
  readonly signature: string;
}
