/** The parts of TensorFlow.js's global engine that recording touches. They are not in its public types, so they are named here once. */
import { engine } from '@tensorflow/tfjs-core';
import type { DataType, KernelBackend, Tensor } from '@tensorflow/tfjs-core';

export type TensorMap = Readonly<Record<string, Tensor>>;

/** One differentiable step on TensorFlow.js's tape. `gradient` runs the backward kernels of one input when its function is called. */
export interface TapeNode {
  readonly id: number;
  readonly kernelName: string;
  readonly inputs: TensorMap;
  readonly outputs: readonly Tensor[];
  readonly gradient?: (dys: (Tensor | null)[]) => Readonly<Record<string, () => Tensor>>;
}

export interface Scope { track: Tensor[]; name: string; id: number }

/** A call of a registered kernel (`kernelName` given) or of an op with a gradient of its own. */
export interface KernelCall {
  readonly kernelName?: string;
  readonly inputs: Readonly<Record<string, Tensor | null | undefined>>;
  readonly attrs?: Readonly<Record<string, unknown>>;
}

export interface EngineInternals {
  backendName: string;
  backendInstance: KernelBackend | null;
  readonly registry: Readonly<Record<string, KernelBackend>>;
  readonly state: {
    gradientDepth: number;
    kernelDepth: number;
    activeTape: TapeNode[];
    activeScope: Scope | null;
    scopeStack: Scope[];
    nextScopeId: number;
    numTensors: number;
  };
  runKernelFunc(call: KernelCall): Tensor | Tensor[];
  clone(tensor: Tensor): Tensor;
  makeTensorFromDataId(dataId: object, shape: number[], dtype: DataType, backend: KernelBackend): Tensor;
  readSync(dataId: object): ArrayLike<number>;
}

/** TensorFlow.js's one engine of this process. The cast is the boundary: the fields are private in its types, and pinned by version. */
export function internals(): EngineInternals {
  return engine() as unknown as EngineInternals;
}
