/** Kernels that a stock backend lacks or gets wrong are replaced here by correct ones, before the backend is used. */
import type { BackendName } from '../config';

/** Tables of kernels by backend. */
const tables: Readonly<Record<BackendName, readonly (() => void)[]>> = { tensorflow: [], wasm: [], cpu: [] };

/** Registers the corrected kernels of a backend; called once for each, before its kernels are set up. */
export function makeKernelsGood(name: BackendName): void {
  for (const register of tables[name]) register();
}
