/**
 * A stretch: a synchronous piece of work for which TensorFlow.js's global engine is set up (backend, tape, scope, hooks)
 * and put back afterwards, also when the work throws. Between stretches nobody can tell that a run exists.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { internals } from './engine-state';
import type { KernelCall, Scope, TapeNode } from './engine-state';

export interface StretchSetup {
  /** Registered name of an initialised backend. */
  readonly backend: string;
  /** Collects the tape's nodes; null turns the tape off. */
  readonly tape: TapeNode[] | null;
  /** Owns the tensors that the work makes and nobody else disposes. */
  readonly scope: Scope;
  /** Called instead of the engine's own, when given. */
  readonly hooks?: {
    runKernelFunc(call: KernelCall, original: (call: KernelCall) => Tensor | Tensor[]): Tensor | Tensor[];
    clone(tensor: Tensor): Tensor;
  };
}

/** A new scope for the tensors of several stretches; `dispose` every tensor in `track` when they are no longer needed. */
export function newScope(name: string): Scope {
  return { track: [], name, id: internals().state.nextScopeId++ };
}

/** Runs `work` under the setup. Not reentrant across an `await`: `work` is synchronous. */
export function stretch<T>(setup: StretchSetup, work: () => T): T {
  const engine = internals();
  const { state } = engine;
  const saved = {
    backendName: engine.backendName, backendInstance: engine.backendInstance, gradientDepth: state.gradientDepth, kernelDepth: state.kernelDepth,
    activeTape: state.activeTape, activeScope: state.activeScope, scopeStack: state.scopeStack,
    run: Object.getOwnPropertyDescriptor(engine, 'runKernelFunc'), clone: Object.getOwnPropertyDescriptor(engine, 'clone'),
  };
  const backend = engine.registry[setup.backend];
  if (backend === undefined) throw new Error(`The backend '${setup.backend}' has not been initialised.`);
  engine.backendName = setup.backend;
  engine.backendInstance = backend;
  state.kernelDepth = 0;
  state.gradientDepth = setup.tape === null ? 0 : 1;
  state.activeTape = setup.tape ?? [];
  state.scopeStack = [setup.scope];
  state.activeScope = setup.scope;
  const { hooks } = setup;
  if (hooks !== undefined) {
    const original = engine.runKernelFunc.bind(engine);
    Object.defineProperty(engine, 'runKernelFunc', { configurable: true, writable: true, value: (call: KernelCall) => hooks.runKernelFunc(call, original) });
    Object.defineProperty(engine, 'clone', { configurable: true, writable: true, value: (tensor: Tensor) => hooks.clone(tensor) });
  }
  try {
    return work();
  } finally {
    if (hooks !== undefined) {
      putBack(engine, 'runKernelFunc', saved.run);
      putBack(engine, 'clone', saved.clone);
    }
    engine.backendName = saved.backendName;
    engine.backendInstance = saved.backendInstance;
    state.gradientDepth = saved.gradientDepth;
    state.kernelDepth = saved.kernelDepth;
    state.activeTape = saved.activeTape;
    state.activeScope = saved.activeScope;
    state.scopeStack = saved.scopeStack;
  }
}

/** Restores an own property that a hook replaced, or removes the hook so that the prototype's method shows again. */
function putBack(engine: object, name: 'runKernelFunc' | 'clone', descriptor: PropertyDescriptor | undefined): void {
  if (descriptor === undefined) Reflect.deleteProperty(engine, name);
  else Object.defineProperty(engine, name, descriptor);
}
