/** Runs that misbehave on purpose, around real ones. */
import type { SessionOptions } from '../../src/debug/session';
import { createRun } from '../../src/engine/create-run';
import type { Run } from '../../src/engine/run';
import { Failure } from '../../src/tensor/failure';

type CreateRun = SessionOptions['createRun'];
type Visit = Run['iteration'];

const wrapped = (around: (index: number, visit: () => ReturnType<Visit>, options: Parameters<Visit>[1]) => ReturnType<Visit>, tell = true): CreateRun => async (config, { baseFolder }) => {
  const run = await createRun(config, { baseFolder });
  return {
    info: run.info,
    get losses() { return run.losses; },
    iteration: (index, options) => around(index, () => run.iteration(index, tell ? options : { ...options, onProgress: () => undefined }), options),
    data: run.data,
    lossWith: (trace, changes, settings) => run.lossWith(trace, changes, settings),
    get changes() { return run.changes; },
    change: (iteration, changes) => run.change(iteration, changes),
    gradientsOf: (trace, place, by, settings) => run.gradientsOf(trace, place, by, settings),
    retain: (trace) => run.retain(trace),
    dispose: () => { run.dispose(); },
  };
};

/** Fails whenever an iteration is run, from 0. */
export const failingAt = (iteration: number): CreateRun => wrapped((index, visit) =>
  (index === iteration ? Promise.reject(new Failure('data.nan', 'students.csv, row 17, column "hours" holds NaN; remove the row or fill it in.')) : visit()));

/** Reports progress once an iteration, whatever its ops. */
export const slowly: CreateRun = wrapped(async (index, visit, options) => {
  options?.onProgress?.({ iteration: index, phase: 'forward', layer: null, ops: 0 });
  return visit();
}, false);

/** Gets stuck in an iteration until it is cancelled, and tells when it is there. */
export function stuckAt(iteration: number): { readonly createRun: CreateRun; readonly reached: Promise<void> } {
  let tell = (): void => undefined;
  const reached = new Promise<void>((resolve) => { tell = resolve; });
  const create = wrapped(async (index, visit, options) => {
    if (index === iteration) {
      await new Promise<void>((resolve) => {
        options?.signal?.addEventListener('abort', () => { resolve(); });
        tell();
      });
    }
    return visit();
  });
  return { createRun: create, reached };
}

/** Tells as soon as the engine is at work inside an iteration. */
export function toldAt(iteration: number): { readonly createRun: CreateRun; readonly reached: Promise<void> } {
  let tell = (): void => undefined;
  const reached = new Promise<void>((resolve) => { tell = resolve; });
  const create: CreateRun = async (config, { baseFolder }) => {
    const run = await createRun(config, { baseFolder });
    return {
      info: run.info,
      get losses() { return run.losses; },
      iteration: (index, options) => run.iteration(index, { ...options, onProgress: (progress) => { if (progress.iteration === iteration) tell(); } }),
      data: run.data,
      lossWith: (trace, changes, settings) => run.lossWith(trace, changes, settings),
    get changes() { return run.changes; },
    change: (iteration, changes) => run.change(iteration, changes),
      gradientsOf: (trace, place, by, settings) => run.gradientsOf(trace, place, by, settings),
      retain: (trace) => run.retain(trace),
      dispose: () => { run.dispose(); },
    };
  };
  return { createRun: create, reached };
}
