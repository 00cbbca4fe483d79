/** Kernels that a stock backend lacks or gets wrong are replaced here by correct ones, before the backend is used. */
import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { KernelFunc } from '@tensorflow/tfjs-core';
import type { BackendName } from '../config';
import { convolutionKernels } from './wasm/convolution';
import { poolingKernels } from './wasm/pooling';

/** Kernel functions by kernel name. */
export type KernelTable = Readonly<Record<string, KernelFunc>>;

/** Tables of kernels by backend. */
const tables: Readonly<Record<BackendName, readonly KernelTable[]>> = {
  tensorflow: [],
  wasm: [convolutionKernels, poolingKernels],
  cpu: [],
};

/** Registers the corrected kernels of a backend; called once for each, before its kernels are set up. */
export function makeKernelsGood(backendName: BackendName): void {
  for (const [kernelName, kernelFunc] of tables[backendName].flatMap((table) => Object.entries(table))) {
    if (getKernel(kernelName, backendName) !== undefined) unregisterKernel(kernelName, backendName);
    registerKernel({ kernelName, backendName, kernelFunc });
  }
}
