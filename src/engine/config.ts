/** Settings of a run: the same object in launch.json, in a run file for the command line, and in the engine. */
import type { Convention } from '../network/network';

export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

/** Points in the plane, digits of 28 × 28, and `patterns`, which fit any network. */
export type GeneratorName = 'clusters' | 'circles' | 'xor' | 'spiral' | 'digits' | 'patterns';

/** Where examples come from. Paths are relative to the run file or the workspace folder. */
export type DataConfig =
  /** Arrays by file (`.npy`, or `.npz` with `file.npz#key`); records by input or output name where there are several. */
  | { readonly x: string | Readonly<Record<string, string>>; readonly y: string | Readonly<Record<string, string>> }
  | { readonly csv: string; readonly features: readonly string[]; readonly label: string | readonly string[] }
  | { readonly idx: string; readonly labels: string }
  | { readonly generator: GeneratorName; readonly examples?: number; readonly noise?: number; readonly seed?: number; readonly oneHot?: boolean };

export interface LossConfig {
  /** Keras's name: `binary_crossentropy`, `sparse_categorical_crossentropy`, `mean_squared_error`, … */
  readonly type: string;
  readonly fromLogits?: boolean;
  readonly labelSmoothing?: number;
  /** Where Huber's loss turns from square to line. */
  readonly delta?: number;
  /** Factor of this output's loss in the sum. */
  readonly weight?: number;
}

export interface OptimizerConfig {
  /** Keras's name in lower case: `sgd`, `momentum`, `rmsprop`, `adam`, `adagrad`, … */
  readonly type: string;
  readonly learningRate?: number;
  /** Further settings in camelCase: momentum, nesterov, rho, beta1, beta2, epsilon, decay, weightDecay, centered, initialAccumulatorValue. */
  readonly [setting: string]: string | number | boolean | undefined;
}

export interface RunConfig {
  /** Path of the model file. */
  readonly model: string;
  readonly data: DataConfig;
  /** May be absent where the model file was compiled with a loss and an optimizer. */
  readonly loss?: string | LossConfig | Readonly<Record<string, string | LossConfig>>;
  readonly optimizer?: string | OptimizerConfig;
  readonly batchSize?: number;
  readonly shuffle?: boolean;
  /** false turns off all randomness of layers (dropout, noise). */
  readonly dropout?: boolean;
  readonly seed?: number;
  readonly backend?: BackendName | 'auto';
  readonly convention?: Convention;
  /** Stop after this many iterations; endless when absent. */
  readonly iterations?: number;
}
