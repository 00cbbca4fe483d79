/** Kernels composed of other kernels of the same backend. */
import { getKernel } from '@tensorflow/tfjs-core';
import type { KernelBackend, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendName } from '../config';

/** Runs kernels of a backend one after the other, outside the engine's sight, and frees what is not the result. */
export class Steps {
  private readonly made: TensorInfo[] = [];

  constructor(private readonly backendName: BackendName, private readonly backend: KernelBackend) {}

  run(name: string, inputs: Readonly<Record<string, TensorInfo>>, attrs: object): TensorInfo {
    const result = getKernel(name, this.backendName).kernelFunc({ inputs: { ...inputs }, backend: this.backend, attrs: attrs as NamedAttrMap });
    const [info] = [result].flat();
    if (info === undefined) throw new Error(`${name} gave no output.`);
    this.made.push(info);
    return info;
  }

  /** The result stays; everything else that was made goes. Data shared by a reshape and its input are counted, and stay with the result. */
  finish(result: TensorInfo, inputs: readonly TensorInfo[]): TensorInfo {
    const kept = inputs.includes(result) ? this.run('Identity', { x: result }, {}) : result;
    for (const info of this.made) if (info !== kept) this.backend.disposeData(info.dataId);
    return kept;
  }
}
