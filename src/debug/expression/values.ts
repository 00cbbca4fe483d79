/** What an expression evaluates to: numbers, booleans, strings and tensors; and, on the way, layers and other bearers of names. */
import type { DType, NumericArray, Shape } from '../../tensor/value';

/** A tensor whose elements are read only when needed. */
export interface TensorResult {
  readonly kind: 'tensor';
  readonly dtype: DType;
  readonly shape: Shape;
  /** Id of the trace's tensor; null for computed ones. */
  readonly source: number | null;
  data(): NumericArray;
}

/** Something with names below it: a layer, the weights below a path, a weight with its optimizer slots. */
export interface Namespace {
  readonly kind: 'namespace';
  /** `layer conv2d_1`, for messages. */
  readonly title: string;
  /** The value under a name; undefined when there is none. @throws Failure when it is not computed yet. */
  member(name: string): Resolved | undefined;
  names(): readonly string[];
  /** What it is worth where a value is needed: a layer's output, a weight's tensor. Null when nothing. */
  value(): Value | null;
}

export type Value = number | boolean | string | TensorResult;
export type Resolved = Value | Namespace;

/** Where names come from: a stop of the debugger. */
export interface Scope {
  /** The value of a name that stands at the start. @throws Failure when it exists but is not computed yet. */
  lookup(name: string): Resolved | undefined;
  /** `layer("path")`. */
  layer(path: string): Namespace | undefined;
  /** The gradient of the loss with respect to a tensor of the trace. @throws Failure when none flows or it is not computed yet. */
  gradient(source: number): Value;
  /** The value of a weight before the update. @throws Failure when the tensor is no weight. */
  before(source: number): Value;
  /** All names that lookup knows. */
  names(): readonly string[];
  /** Paths of all layers. */
  layers(): readonly string[];
}

export const isTensor = (value: Resolved): value is TensorResult => typeof value === 'object' && value.kind === 'tensor';
export const isNamespace = (value: Resolved): value is Namespace => typeof value === 'object' && value.kind === 'namespace';

/** A tensor that was computed, or is at hand. */
export const tensorOf = (dtype: DType, shape: Shape, data: NumericArray, source: number | null = null): TensorResult => ({ kind: 'tensor', dtype, shape, source, data: () => data });
