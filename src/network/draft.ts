/** A network as a file describes it, in Keras 3's spelling, before shapes and weights are known. */
import type { Argument, JsonObject, SymbolicShape, TensorRef } from './network';

export interface CallDraft { readonly args: readonly Argument[]; readonly kwargs: Readonly<Record<string, Argument>> }

export interface LayerDraft {
  readonly name: string;
  readonly type: string;
  /** The class as the file names it, without its package. */
  readonly originalType: string;
  readonly config: JsonObject;
  readonly trainable: boolean;
  /** A bare operation (`Subtract`, `NotEqual`), not a layer. */
  readonly operation: boolean;
  readonly calls: readonly CallDraft[];
  readonly network: NetworkDraft | null;
  /** Output shapes that the file itself states, by `call/output`: used where a layer's own rule is unknown. */
  readonly stated: ReadonlyMap<string, SymbolicShape>;
}

export interface NetworkDraft {
  readonly name: string;
  readonly layers: readonly LayerDraft[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}
