/** What a layer's forward pass gets and gives. A layer's file registers its class names in the table of `registry.ts`. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Convention, Json, JsonObject, SymbolicShape } from '../../network/network';

/** A call's argument with its tensors filled in; the same tree as `Argument` in the network. */
export type CallValue = Tensor | Json | readonly CallValue[] | { readonly [key: string]: CallValue };

/** An implicit Keras mask (`mask_zero`, Masking): true where a step counts. Its kernels run when a layer first asks for it. */
export interface Mask { tensor(): Tensor }

export interface LayerCallContext {
  /** Path of the layer (`outer/inner`), for messages. */
  readonly path: string;
  /** Class name of the layer, `Conv2D`. */
  readonly type: string;
  readonly config: JsonObject;
  readonly convention: Convention;
  readonly training: boolean;
  /** false for a frozen layer: batch normalisation then keeps to its moving statistics. */
  readonly trainable: boolean;
  /** false turns dropout and noise off even in training. */
  readonly dropout: boolean;
  readonly args: readonly CallValue[];
  readonly kwargs: Readonly<Record<string, CallValue>>;
  /** Implicit masks of the input tensors, flattened in order; null where a tensor has none. */
  readonly masks: readonly (Mask | null)[];
  /** The implicit mask of any tensor of the call. */
  implicitMask(tensor: Tensor): Mask | null;
  readonly outputShapes: readonly SymbolicShape[];
  /** How many outputs the network's file uses; absent where all that the layer makes are. */
  readonly outputCount?: number;
  /** Value of a weight by its name below the layer (`kernel`, `lstm_cell/kernel`). @throws Failure when the layer has no such weight. */
  weight(name: string): Tensor;
  hasWeight(name: string): boolean;
  /** All weight names of the layer, in Keras's order. */
  readonly weightNames: readonly string[];
  /** New value for a non-trainable weight (moving statistics), applied in the update phase. */
  assign(name: string, value: Tensor): void;
  /** A seed derived from the run's seed, the iteration, the layer's path and call, and `purpose`; the same on every replay. */
  seed(purpose: string): number;
}

export interface LayerResult {
  readonly outputs: readonly Tensor[];
  /** Mask of each output; absent means none. */
  readonly masks?: readonly (Mask | null)[];
  /** Pre-activation of a final softmax or sigmoid, from which Keras takes the loss. */
  readonly logits?: Tensor;
  /** Tensors inside the layer that have a name: `query`, `scores`, `forward`; one a time step where it is a list (`h`, `c`). */
  readonly parts?: Readonly<Record<string, Tensor | readonly Tensor[]>>;
}

/**
 * Runs the layer with TensorFlow.js ops. Yields between kernels wherever it may take long (a time step of an RNN), so that the
 * host stays responsive; each stretch between yields runs under the recorder with the tape on. Nothing is disposed by the layer.
 */
export type LayerForward = (call: LayerCallContext) => Generator<void, LayerResult, void>;
