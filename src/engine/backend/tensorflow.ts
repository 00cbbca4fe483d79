/**
 * The backend `tensorflow`: TensorFlow's native library through the optional package @tensorflow/tfjs-node, found at run time.
 * Only its kernels and its binding are loaded, against the tfjs-core of this bundle.
 */
import * as core from '@tensorflow/tfjs-core';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import util from 'node:util';
import { Failure, sentenceOf } from '../../tensor/failure';
import type { Loaded } from './backend';

interface Binding { readonly TF_Version: string }
interface KernelModule { readonly NodeJSKernelBackend: new (binding: Binding, packageName: string) => KernelBackend }

let explicitFolder: string | undefined;

/** Uses the tfjs-node package in `folder` (a setting) before any other place. Call it before the first `openBackend`. */
export function useTensorflowFrom(folder: string | undefined): void {
  explicitFolder = folder;
}

/** Folders that may hold the package, best first: the setting, the environment, node_modules beside and above the bundle. */
function candidates(): string[] {
  const name = path.join('@tensorflow', 'tfjs-node');
  const explicit = [explicitFolder, process.env.BACKSTEP_TFJS_NODE].filter((folder) => folder !== undefined && folder !== '') as string[];
  const above: string[] = [];
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    above.push(path.join(folder, 'node_modules', name));
    if (path.dirname(folder) === folder) break;
  }
  const checkout = process.env.BACKSTEP_CHECKOUT;
  if (checkout) above.push(path.join(checkout, 'node_modules', name));
  return [...explicit.flatMap((folder) => [folder, path.join(folder, 'node_modules', name), path.join(folder, name)]), ...above];
}

/** The binding built for the newest Node-API that this Node knows. */
function bindingOf(folder: string): string | undefined {
  const library = path.join(folder, 'lib');
  if (!existsSync(library)) return undefined;
  const known = Number(process.versions.napi);
  return readdirSync(library)
    .map((name) => ({ name, version: Number(/^napi-v(\d+)$/.exec(name)?.[1]) }))
    .filter(({ version }) => version <= known)
    .sort((a, b) => b.version - a.version)
    .map(({ name }) => path.join(library, name, 'tfjs_binding.node'))
    .find((file) => existsSync(file));
}

export function createTensorflow(): Promise<Loaded> {
  const folder = candidates().find((candidate) => existsSync(path.join(candidate, 'dist', 'nodejs_kernel_backend.js')));
  if (folder === undefined) return Promise.resolve({ absent: 'tfjs-node is not installed' });
  const file = bindingOf(folder);
  if (file === undefined) return Promise.resolve({ absent: 'tfjs-node is installed without its native library (`npm run setup:native` builds it)' });
  try {
    return Promise.resolve({ backend: quietly(() => load(folder, file)), heapBytes: () => 0 });
  } catch (error) {
    return Promise.resolve({ absent: `tfjs-node's native library does not load (${sentenceOf(error).split('\n')[0]})` });
  }
}

/** TensorFlow reads this once, when its library writes its first log line. */
function quietly<T>(action: () => T): T {
  const before = process.env.TF_CPP_MIN_LOG_LEVEL;
  process.env.TF_CPP_MIN_LOG_LEVEL = before ?? '2';
  try {
    return action();
  } finally {
    if (before === undefined) delete process.env.TF_CPP_MIN_LOG_LEVEL;
  }
}

function load(folder: string, file: string): KernelBackend {
  const require = createRequire(path.join(folder, 'package.json'));
  // Built beside the binding by `npm run setup:native`: turns the library's log down before the library starts to write.
  const quiet = path.join(path.dirname(file), 'backstep-quiet.node');
  if (existsSync(quiet)) require(quiet);
  const binding = require(file) as Binding;
  const { NodeJSKernelBackend } = withOwnCore(folder, () => {
    const module = require('./dist/nodejs_kernel_backend.js') as KernelModule;
    require('./dist/register_all_kernels.js');
    return module;
  });
  return new NodeJSKernelBackend(binding, 'tfjs-node');
}

/** tfjs-node is compiled to functions, and a function cannot extend a class: its base, which does nothing when constructed, as a function. */
function OlderKernelBackend(): void {
  // KernelBackend has no constructor.
}
OlderKernelBackend.prototype = core.KernelBackend.prototype;
const olderCore = { ...core, KernelBackend: OlderKernelBackend };

/** Node's loader as far as it is used here. */
interface Loader { _load: (request: string, parent: { readonly filename?: string } | undefined, isMain: boolean) => unknown }

/**
 * While `action` runs, the package's own modules get this bundle's tfjs-core for `@tensorflow/tfjs`, and a `util` with the two
 * functions that Node 23 removed. Everything else loads as always.
 */
function withOwnCore<T>(folder: string, action: () => T): T {
  const loader = Module as unknown as Loader;
  const original = loader._load;
  const olderUtil = { ...util, isArray: Array.isArray, isNullOrUndefined: (value: unknown) => value === null || value === undefined };
  // Node names modules by their real path, whatever links lead there.
  const dist = path.join(realpathSync(folder), 'dist') + path.sep;
  loader._load = function (request, parent, isMain) {
    if (parent?.filename?.startsWith(dist)) {
      if (request === '@tensorflow/tfjs' || request === '@tensorflow/tfjs-core') return olderCore;
      if (request === 'util') return olderUtil;
      // Messages of TensorBoard summaries and saved models: not used by any kernel, and slow to load.
      if (request === './proto/api_pb') return {};
      if (!/^\.{1,2}\//.test(request) && !request.startsWith('node:') && !Module.builtinModules.includes(request)) {
        throw new Failure('backend.tensorflow.module', `tfjs-node asks for the unexpected module "${request}"`);
      }
    }
    return original.call(loader, request, parent, isMain);
  };
  try {
    return action();
  } finally {
    loader._load = original;
  }
}
