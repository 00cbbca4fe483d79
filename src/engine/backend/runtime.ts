/** The parts of TensorFlow.js's engine that hold the current backend, so that it can be switched without waiting. */
import { engine } from '@tensorflow/tfjs-core';
import type { KernelBackend } from '@tensorflow/tfjs-core';

interface Runtime {
  backendName: string;
  backendInstance: KernelBackend | null;
  profiler: unknown;
  registry: Record<string, KernelBackend>;
}

/** The engine with the fields that its types call private; TensorFlow.js 4.22.0 is pinned, and a test watches them. */
export function runtime(): Runtime {
  return engine() as unknown as Runtime;
}

/**
 * Puts a backend into the engine and runs the setup of its kernels, once; the current backend stays as it was. Gives the
 * profiler that the engine wants beside the backend.
 */
export function setUpKernels(name: string, backend: KernelBackend): unknown {
  const state = runtime();
  const { backendName, backendInstance, profiler } = state;
  if (engine().findBackendFactory(name) === null) engine().registerBackend(name, () => backend);
  state.registry[name] = backend;
  // The backend is in the registry, so this runs to its end before it returns; what it would wait for does not arise.
  void engine().setBackend(name);
  const own = state.profiler;
  if (backendInstance) Object.assign(state, { backendName, backendInstance, profiler });
  return own;
}
