/** A run without arithmetic, whose iterations have the ops that a test asks for. */
import type { Run, RunInfo } from '../../../src/engine/run';
import type { Op, OpGroup, Phase, Trace, TraceTensor } from '../../../src/engine/trace';
import { Failure } from '../../../src/tensor/failure';

/** Groups of an iteration: `forward a 2` is two ops of layer a in the forward phase; a fourth word is another kernel than Relu. */
export function toyTrace(iteration: number, groups: readonly string[]): Trace {
  const ops: Op[] = [], list: OpGroup[] = [], tensors = new Map<number, TraceTensor>();
  const add = (writer: number): number => {
    const id = tensors.size;
    tensors.set(id, {
      id, dtype: 'float32', shape: [2], role: writer < 0 ? { kind: 'input', name: 'x' } : { kind: 'value' }, writer, gradientOf: null,
      read: () => ({ dtype: 'float32', shape: [2], data: Float32Array.of(iteration, id) }),
    });
    return id;
  };
  let last = add(-1);
  for (const text of groups) {
    const [phase = 'forward', layer = '-', count = '1', kernel = 'Relu'] = text.split(' ');
    const place = { phase: phase as Phase, layer: layer === '-' ? null : layer, call: 0, weight: null };
    const first = ops.length;
    for (let i = 0; i < Number(count); i += 1) {
      const index = ops.length, output = add(index);
      ops.push({ ...place, index, kernel, inputs: { x: last }, outputs: [output], attributes: {}, forwardOp: null });
      last = output;
    }
    list.push({ ...place, first, last: ops.length - 1 });
  }
  return {
    iteration, loss: 1 / (iteration + 1), batch: { epoch: 0, index: iteration, size: 2 }, ops, groups: list, tensors, layers: [], weights: [],
    inputs: { x: { value: 0, gradient: null } }, labels: {}, predictions: {}, lossTensor: last, metrics: {}, bytes: 0, signature: groups.join(),
  };
}

export interface ToyRun extends Run { readonly retained: ReadonlySet<Trace>; readonly disposed: boolean; readonly visits: readonly number[] }

/** `groupsOf` says what an iteration runs; a visit takes a turn of the event loop, or as long as `wait` does. */
export function toyRun(groupsOf: (iteration: number) => readonly string[], options: { readonly iterations?: number; readonly wait?: (iteration: number) => Promise<void> } = {}): ToyRun {
  const losses: number[] = [], retained = new Set<Trace>(), visits: number[] = [];
  let disposed = false;
  const info: RunInfo = {
    config: { model: 'toy', data: { generator: 'xor' }, loss: 'mean_squared_error', optimizer: 'sgd', ...(options.iterations === undefined ? {} : { iterations: options.iterations }) },
    network: { name: 'toy', format: 'toy', convention: 'tfjs', layers: [], inputs: [], outputs: [], compile: null, problems: [] },
    backend: { name: 'cpu', reason: 'test' }, convention: 'tfjs', examples: 8, batchSize: 2, iterationsPerEpoch: 4,
  };
  return {
    info, losses, retained, visits, get disposed() { return disposed; },
    iteration: async (index, { signal } = {}) => {
      await (options.wait?.(index) ?? new Promise<void>((resolve) => { setImmediate(resolve); }));
      if (signal?.aborted === true) throw new Failure('run.cancelled', 'Cancelled.');
      const trace = toyTrace(index, groupsOf(index));
      visits.push(index);
      for (let i = losses.length; i <= index; i += 1) losses.push(1 / (i + 1));
      return trace;
    },
    data: { inputs: {}, rows: () => Int32Array.of(0, 1) },
    gradientsOf: () => Promise.reject(new Failure('toy', 'A toy run has no gradients.')),
    lossWith: () => Promise.reject(new Failure('toy', 'A toy run has no loss to compute again.')),
    changes: new Map(),
    change: () => Promise.resolve(),
    retain: (trace) => { retained.add(trace); return () => { retained.delete(trace); }; },
    dispose: () => { disposed = true; },
  };
}
