/** The backend `cpu`: plain JavaScript, everywhere the same, slow. */
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu/dist/base';
import '@tensorflow/tfjs-backend-cpu/dist/register_all_kernels';
import type { Loaded } from './backend';

/** Makes the backend, without the banner that it prints at its first write. */
export function createCpu(): Promise<Loaded> {
  const backend = new MathBackendCPU();
  // A private flag of MathBackendCPU: true until it has printed its advice to install tfjs-node.
  Object.assign(backend, { firstUse: false });
  return Promise.resolve({ backend, heapBytes: () => 0 });
}
