/** The network as every other folder sees it: a graph of layers, whichever file or program it came from. */
import type { DType, TensorValue } from '../tensor/value';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject { readonly [key: string]: Json }

/** Whose rules a run follows; `shared conventions` are listed in the README (Adam's epsilon, logits, biased variance, …). */
export type Convention = 'keras' | 'tfjs' | 'pytorch';

/** Output shape with the batch (and other unknown extents) as null. */
export type SymbolicShape = readonly (number | null)[];

/** Output number `output` of call number `call` of the layer named `layer` in the same network. */
export interface TensorRef { readonly layer: string; readonly call: number; readonly output: number }

/** An argument of a call: a tensor of the graph, a plain value, or a list or record that holds such. */
export type Argument =
  | { readonly kind: 'tensor'; readonly ref: TensorRef }
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'list'; readonly items: readonly Argument[] }
  | { readonly kind: 'record'; readonly entries: Readonly<Record<string, Argument>> };

/** Stands in `outputShapes` for an output that an op has and a file leaves out, so that those behind it keep their positions. */
export const leftOut: SymbolicShape = [0];

/** One use of a layer. A shared layer has several. `args[0]` holds the inputs (a list for merge layers). */
export interface LayerCall {
  readonly args: readonly Argument[];
  readonly kwargs: Readonly<Record<string, Argument>>;
  /** One shape an output; empty when it could not be inferred. */
  readonly outputShapes: readonly SymbolicShape[];
}

/** A weight of a layer: its name below the layer (`kernel`, `forward_gru/gru_cell/kernel`), and the key to read it by. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly trainable: boolean;
  /** True for state that the framework does not count as a parameter (PyTorch's running statistics, indices). */
  readonly buffer?: boolean;
  /** Key into the network's `WeightStore`; null when the file holds no value and the initializer supplies it. */
  readonly key: string | null;
  /** Initializer of a weight that no file supplies, as in Keras: {class_name, config}. */
  readonly initializer: JsonObject | null;
}

export interface Layer {
  readonly name: string;
  /** Class name in Keras 3's spelling: `Conv2D`, `Dense`, `Subtract` (a bare operation), `Functional` (nested). */
  readonly type: string;
  /** Settings in Keras 3's spelling and meaning, snake_case, whatever the file's dialect was. */
  readonly config: JsonObject;
  readonly trainable: boolean;
  /** True for a bare operation of Keras (`x + y`, `keras.ops.matmul`), which may carry the name of a layer and does not hand masks on. */
  readonly operation?: boolean;
  readonly calls: readonly LayerCall[];
  readonly weights: readonly Weight[];
  /** The network inside a nested model; its layers' paths are `outer/inner`. */
  readonly network: Network | null;
  /** Facts of a layer whose class is none of Keras's (ONNX, TFLite, PyTorch); they stand in place of what the table of kinds knows. */
  readonly foreign?: ForeignFacts;
  /** Path of the module that an op was written for, `layer1.0.conv1`, where the file says it apart from names. */
  readonly scope?: string;
  /** One sentence on why this layer cannot be run or its shape is unknown; null when all is well. */
  readonly problem: string | null;
}

/** `detail` is a few words such as `8@3×3`; `outputs` how many of its outputs the file uses; `values` are the elements of small operands that say how an op works (axes, paddings), by the name of the weight. */
export interface ForeignFacts { readonly detail: string; readonly outputs?: number; readonly values?: Readonly<Record<string, readonly number[]>> }

/** Values of the weights, read when asked for and by range; never the whole file at once. */
export interface WeightStore {
  read(key: string): Promise<TensorValue>;
  close(): Promise<void>;
}

/** What the file says of training: the compiled loss and optimizer. */
export interface CompileConfig {
  readonly loss: Json;
  /** Factors of the outputs' losses: a list in the outputs' order, or a record by name. */
  readonly lossWeights?: Json;
  /** Keras's name in lower case, its settings in Keras 3's spelling, and its saved state where the file has it. */
  readonly optimizer: { readonly type: string; readonly config: JsonObject; readonly state?: OptimizerState } | null;
}

/** State of an optimizer that a file holds: keys into the `WeightStore`. */
export interface OptimizerState {
  /** Number of steps taken. */
  readonly iterations: string | null;
  /** Slots by weight path (`dense/kernel`) and Keras's name of the slot (`momentum`, `velocity`, `accumulator`). */
  readonly slots: readonly { readonly weight: string; readonly slot: string; readonly key: string }[];
  /** Counters of the run by name (Nadam's `u_product`). */
  readonly counters?: Readonly<Record<string, string>>;
}

export interface Network {
  readonly name: string;
  /** Id of the format in the registry: `keras`, `keras-h5`, `tfjs-layers`, … */
  readonly format: string;
  readonly convention: Convention;
  /** In topological order of first call. */
  readonly layers: readonly Layer[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
  readonly compile: CompileConfig | null;
  /** One sentence on why networks of this format can be looked at but not run; absent when they can be run. */
  readonly viewOnly?: string;
  /** More about the format than its title: `opset 20, pytorch 2.13.0`. */
  readonly formatDetail?: string;
  /** Sentences for the user: unknown layers, weights that do not fit. Empty when all is well. */
  readonly problems: readonly string[];
}

/** An opened model file: its graph at once, its weights when asked. */
export interface OpenedNetwork { readonly network: Network; readonly weights: WeightStore }
