/** The backend `wasm`: WebAssembly with SIMD, one thread. Its binaries lie in `wasm/` beside the bundle. */
import { engine } from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Loaded } from './backend';

/** `WebAssembly.Memory`, as far as it is used (its types belong to the DOM). */
export interface WasmMemory { readonly buffer: ArrayBuffer }

/** The backend's object with its Emscripten module, which TensorFlow.js declares but does not export. */
export type WasmKernels = BackendWasm & { readonly wasm: { readonly HEAPU8: Uint8Array; _malloc(bytes: number): number; _free(address: number): void; readonly asm: { readonly memory: WasmMemory } } };

/** Folder of the binaries, ending in a separator as Emscripten's loader needs it. */
export const wasmFolder = path.join(__dirname, 'wasm') + path.sep;

export async function createWasm(): Promise<Loaded> {
  const file = path.join(wasmFolder, 'tfjs-backend-wasm-simd.wasm');
  if (!existsSync(file)) return { absent: `the file ${file} is missing (install Backstep again)` };
  const factory = engine().findBackendFactory('wasm');
  if (factory === null) return { absent: 'the WebAssembly backend is not part of this build' };
  setWasmPaths(wasmFolder);
  const before = new Set(listeners());
  const backend = (await factory()) as WasmKernels;
  removeEmscriptenListeners(before);
  return { backend, heapBytes: () => backend.wasm.HEAPU8.byteLength };
}

/** `process` as far as it is used here; its types have an overload for each event. */
interface Listeners {
  listeners(event: string): ((...args: unknown[]) => void)[];
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown;
}
const host: Listeners = process;
const events = ['uncaughtException', 'unhandledRejection'];
const listeners = (): unknown[] => events.flatMap((event) => host.listeners(event));

/**
 * Emscripten's start-up makes every unhandled rejection of the whole process fatal (`throw reason`). The host is not ours
 * alone, so these two listeners go; others, added in the meantime, stay.
 */
function removeEmscriptenListeners(before: ReadonlySet<unknown>): void {
  for (const event of events) {
    for (const listener of host.listeners(event)) {
      const text = Function.prototype.toString.call(listener);
      if (!before.has(listener) && (text.includes('ExitStatus') || /throw reason/.test(text))) host.removeListener(event, listener);
    }
  }
}
