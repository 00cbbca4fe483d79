/** Our WebAssembly module beside the backend's: one instance for each backend, on the backend's own memory. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { wasmFolder } from '../../backend/wasm';
import type { WasmKernels } from '../../backend/wasm';
import type { Geometry } from '../geometry';

/** Functions of backstep-kernels.wasm (assembly/): pointers into the shared memory, and a pointer to the geometry record last. */
export interface Assembly {
  filterGradientScratch(geometry: number): number;
  filterGradient(x: number, dy: number, dw: number, scratch: number, geometry: number): void;
  inputGradientScratch(geometry: number): number;
  inputGradient(dy: number, filter: number, dx: number, scratch: number, geometry: number): void;
  depthwiseScratch(geometry: number): number;
  depthwise(x: number, filter: number, y: number, scratch: number, geometry: number): void;
  depthwiseFilterGradient(x: number, dy: number, dw: number, scratch: number, geometry: number): void;
  depthwiseInputGradient(dy: number, filter: number, dx: number, scratch: number, geometry: number): void;
  matMulScratch(sizes: number): number;
  matMul(a: number, b: number, y: number, scratch: number, sizes: number): void;
  maxPool(x: number, y: number, geometry: number): void;
  maxPoolGradient(x: number, dy: number, dx: number, geometry: number): void;
  averagePoolGradient(dy: number, dx: number, geometry: number): void;
}

/** The global `WebAssembly`, as far as it is used (its types belong to the DOM). */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
}
const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

const instances = new WeakMap<WasmKernels, Assembly>();

/** The instance on this backend's memory. The memory object stays the same when it grows; only its views go stale. */
export function assemblyOf(backend: WasmKernels): Assembly {
  let assembly = instances.get(backend);
  if (assembly === undefined) {
    const module = new api.Module(readFileSync(path.join(wasmFolder, 'backstep-kernels.wasm')));
    assembly = new api.Instance(module, { env: { memory: backend.wasm.asm.memory } }).exports as Assembly;
    instances.set(backend, assembly);
  }
  return assembly;
}

/** What a kernel on wasm works with; pointers stay valid while it runs, views of the heap only until the next allocation. */
export class Heap {
  private readonly blocks: number[] = [];
  readonly assembly: Assembly;

  constructor(readonly backend: WasmKernels) {
    this.assembly = assemblyOf(backend);
  }

  pointer(info: TensorInfo): number {
    return this.backend.getMemoryOffset(info.dataId);
  }

  /** A new tensor, its memory not yet written. */
  output(shape: readonly number[], dtype: TensorInfo['dtype'] = 'float32'): TensorInfo {
    return this.backend.makeOutput([...shape], dtype);
  }

  /** Memory until the kernel ends. */
  scratch(bytes: number): number {
    const block = this.backend.wasm._malloc(bytes) >>> 0;
    if (block === 0) throw new Error('WebAssembly memory is exhausted.');
    this.blocks.push(block);
    return block;
  }

  geometry(geometry: Geometry): number {
    const block = this.scratch(geometry.length * 4);
    new Int32Array(this.backend.wasm.HEAPU8.buffer, block, geometry.length).set(geometry);
    return block;
  }

  /** The tensor's elements, until the next allocation. */
  float32(info: TensorInfo): Float32Array {
    return new Float32Array(this.backend.wasm.HEAPU8.buffer, this.pointer(info), info.shape.reduce((product, extent) => product * extent, 1));
  }

  release(): void {
    for (const block of this.blocks) this.backend.wasm._free(block);
  }
}

type Arguments = Parameters<KernelFunc>[0];

/** A kernel that gets a heap and gives its scratch memory back however it ends. */
export function onHeap(kernel: (heap: Heap, parameters: Arguments) => TensorInfo | TensorInfo[]): KernelFunc {
  return (parameters) => {
    const heap = new Heap(parameters.backend as WasmKernels);
    try {
      return kernel(heap, parameters);
    } finally {
      heap.release();
    }
  };
}

/** An input of a kernel by its name. */
export function inputOf(parameters: Arguments, name: string): TensorInfo {
  const info = parameters.inputs[name];
  if (info === undefined) throw new Error(`The kernel needs an input "${name}".`);
  return info;
}
