/**
 * Where kernels run: TensorFlow's native library, WebAssembly, or plain JavaScript, behind one interface. All of them live side
 * by side in one process; `activate` makes one the engine's current backend, synchronously.
 */
import { engine } from '@tensorflow/tfjs-core';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import { Failure, sentenceOf } from '../../tensor/failure';
import type { BackendName } from '../config';
import { makeKernelsGood } from '../kernels/kernels';
import { createCpu } from './cpu';
import { runtime, setUpKernels } from './runtime';
import { createTensorflow } from './tensorflow';
import { createWasm } from './wasm';

export interface BackendMemory {
  /** Tensors alive in the engine, of all backends. */
  readonly tensors: number;
  /** Bytes of their distinct data. */
  readonly bytes: number;
  /** Data buffers that this backend holds. */
  readonly buffers: number;
  /** Size of the WebAssembly heap, which grows and never shrinks; 0 for other backends. */
  readonly heapBytes: number;
}

export interface Backend {
  readonly name: BackendName;
  /** Why this one, in a sentence for the status bar: "tfjs-node is not installed; using wasm". */
  readonly reason: string;
  /** Makes this the engine's current backend. Call it at the start of every synchronous stretch that runs kernels. */
  activate(): void;
  /** Whether this is the engine's current backend. */
  isActive(): boolean;
  memory(): BackendMemory;
  /** TensorFlow.js's own object, for reference counts and reading. */
  readonly kernels: KernelBackend;
}

/** What a way to load a backend gives: the backend's object, or the reason why it cannot be had. */
export type Loaded = { readonly backend: KernelBackend; readonly heapBytes: () => number } | { readonly absent: string };

/** In the order in which `auto` tries them. */
const loaders: Readonly<Record<BackendName, () => Promise<Loaded>>> = {
  tensorflow: createTensorflow,
  wasm: createWasm,
  cpu: createCpu,
};
const order: readonly BackendName[] = ['tensorflow', 'wasm', 'cpu'];

interface Ready { readonly name: BackendName; readonly backend: KernelBackend; readonly heapBytes: () => number; readonly profiler: unknown }
const opening = new Map<BackendName, Promise<Ready | { readonly absent: string }>>();

/** Loads a backend once in the process and sets its kernels up, leaving the current backend as it is. */
function ready(name: BackendName): Promise<Ready | { readonly absent: string }> {
  let promise = opening.get(name);
  if (promise === undefined) {
    promise = load(name);
    opening.set(name, promise);
  }
  return promise;
}

async function load(name: BackendName): Promise<Ready | { readonly absent: string }> {
  const loaded = await loaders[name]().catch((error: unknown) => ({ absent: `${name} could not be loaded: ${firstLine(error)}` }));
  if ('absent' in loaded) return loaded;
  const { backend, heapBytes } = loaded;
  makeKernelsGood(name);
  const profiler = setUpKernels(name, backend);
  return { name, backend, heapBytes, profiler };
}

const firstLine = (error: unknown): string => sentenceOf(error).split('\n')[0] ?? 'unknown reason';

/**
 * Opens a backend, or with `auto` the first that loads of tensorflow, wasm, cpu. Loading takes time once in the process.
 * @throws Failure `backend.absent` when the one asked for cannot be loaded; the message says why and what to do.
 */
export async function openBackend(wanted: BackendName | 'auto'): Promise<Backend> {
  const reasons: string[] = [];
  for (const name of wanted === 'auto' ? order : [wanted]) {
    const found = await ready(name);
    if (!('absent' in found)) return backendOf(found, wanted === 'auto' ? [...reasons, `using ${name}`].join('; ') : `${name} was asked for`);
    reasons.push(found.absent);
  }
  const remedy = wanted === 'tensorflow' ? 'Set "backend" to "auto" or "wasm", or run `npm run setup:native`.' : 'Set "backend" to "auto".';
  throw new Failure('backend.absent', `The backend "${wanted}" is not available: ${reasons.join('; ')}. ${remedy}`);
}

/** Every backend that loads on this machine; tests run on each. */
export async function presentBackends(): Promise<readonly Backend[]> {
  const found = await Promise.all(order.map((name) => ready(name)));
  return found.flatMap((entry) => ('absent' in entry ? [] : [backendOf(entry, `${entry.name} is present`)]));
}

/** Why a backend is absent, or null when it is present. */
export async function absenceOf(name: BackendName): Promise<string | null> {
  const found = await ready(name);
  return 'absent' in found ? found.absent : null;
}

function backendOf({ name, backend, heapBytes, profiler }: Ready, reason: string): Backend {
  return {
    name,
    reason,
    kernels: backend,
    activate: () => {
      const state = runtime();
      if (state.backendInstance === backend) return;
      state.backendName = name;
      state.backendInstance = backend;
      state.profiler = profiler;
    },
    isActive: () => runtime().backendInstance === backend,
    memory: () => {
      const { numTensors, numBytes } = engine().memory();
      return { tensors: numTensors, bytes: numBytes, buffers: backend.numDataIds(), heapBytes: heapBytes() };
    },
  };
}
