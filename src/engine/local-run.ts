/** A run in this process: network, data, timeline, and the loop that drives iterations. */
import { choice } from '../network/branches';
import { totalMemory } from '../network/memory';
import type { Network, OpenedNetwork } from '../network/network';
import { Failure } from '../tensor/failure';
import type { TensorValue } from '../tensor/value';
import { openBackend } from './backend/backend';
import type { Backend } from './backend/backend';
import { Batches } from './batches';
import type { RunConfig } from './config';
import type { Dataset } from './data/dataset';
import { outputsOf } from './data/fit';
import { layerForward } from './layers/registry';
import { drive } from './drive';
import type { DriveOptions } from './drive';
import { elementGradients } from './element-gradients';
import { iterate, lossOf } from './iteration';
import type { Finished } from './iteration';
import { Recorder } from './recorder/recorder';
import { overridesOf } from './changes';
import type { TensorChange } from './changes';
import type { ElementChange, ElementPlace, Run, RunData, RunInfo } from './run';
import { settingsOf } from './settings';
import type { Settings } from './settings';
import type { RunState } from './state';
import { Timeline } from './timeline/timeline';
import type { Budgets } from './timeline/timeline';
import type { Trace } from './trace';
import { stateBefore } from './trace-record';
import type { TraceRecord } from './trace-record';
import { firstState, readSavedState, readWeights } from './weights';
import type { SavedState } from './weights';

/** 512 MiB of traces, 256 MiB of checkpoints. */
export const usualBudgets: Budgets = { traces: 512 * 2 ** 20, checkpoints: 256 * 2 ** 20 };

/** Beyond this a run would take weights, gradients and optimizer state that no backend holds. */
const mostWeightBytes = 2 ** 33;

/** A run of an opened network on examples in memory. */
export async function runOf(config: RunConfig, opened: OpenedNetwork, dataset: Dataset, budgets: Partial<Budgets> = {}): Promise<Run> {
  const { network } = opened;
  const settings = settingsOf(config, network);
  checkNetwork(network);
  checkLabels(network, dataset, settings);
  const values = await readWeights(network, opened.weights, settings.seed);
  // As after Keras's load_model: without an optimizer of its own, a run goes on with the file's.
  const saved = config.optimizer === undefined && settings.convention === 'keras' ? await readSavedState(network, opened.weights) : null;
  const backend = await openBackend(config.backend ?? 'auto');
  return new LocalRun(config, network, { values, saved }, dataset, backend, { ...usualBudgets, ...budgets });
}

/** Refuses networks with layers that cannot run, nested ones included, and those whose weights no machine holds. @throws Failure `network.problem`, `network.memory` */
export function checkNetwork(network: Network, prefix = ''): void {
  const { weights } = totalMemory(network);
  if (weights > mostWeightBytes) throw new Failure('network.memory', `The weights of ${network.name} take ${(weights / 2 ** 30).toFixed(1)} GiB, more than the ${mostWeightBytes / 2 ** 30} GiB that can be run; it can be looked at.`);
  const inputs = new Set(network.inputs.map(({ layer }) => layer));
  for (const layer of network.layers) {
    if (layer.problem !== null) throw new Failure('network.problem', layer.problem);
    if (layer.network !== null) { if (layer.calls.length > 0) checkNetwork(layer.network, `${prefix}${layer.name}/`); }
    else if (!inputs.has(layer.name) && layer.calls.length > 0 && layer.type !== choice) layerForward(layer.type, prefix + layer.name, network.format);
  }
}

/** Refuses labels that the loss cannot take. */
function checkLabels(network: Network, { labels, sources }: Dataset, { losses }: Settings): void {
  for (const { name, shape } of outputsOf(network)) {
    const values = labels[name];
    const failure = values === undefined ? null : losses[name]?.checkLabels(values, shape);
    if (failure) throw sources[name] === undefined ? failure : new Failure(failure.code, `${sources[name]}: ${failure.message}`);
  }
}

/** Values from the file: the weights', and the optimizer's state. */
interface Start { readonly values: readonly TensorValue[]; readonly saved: SavedState | null }

class LocalRun implements Run {
  readonly info: RunInfo;
  readonly data: RunData;
  readonly #backend: Backend;
  readonly #batches: Batches;
  readonly #timeline: Timeline<TraceRecord>;
  readonly #recipe: Parameters<typeof iterate>[0];
  readonly #changes = new Map<number, readonly TensorChange[]>();
  /** What was set in a trace when it was run. */
  readonly #setIn = new WeakMap<Trace, readonly TensorChange[]>();
  #queue: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(config: RunConfig, network: Network, { values, saved }: Start, dataset: Dataset, backend: Backend, budgets: Budgets) {
    const plain = settingsOf(config, network);
    const settings: Settings = { ...plain, optimizer: { ...plain.optimizer, start: saved?.steps ?? 0 } };
    this.#backend = backend;
    this.#batches = new Batches(dataset.examples, Math.min(settings.batchSize, dataset.examples), settings.shuffle, settings.seed);
    this.#recipe = { network, dataset, settings };
    this.data = { inputs: dataset.inputs, rows: (iteration) => this.#batches.at(iteration).rows };
    this.#timeline = new Timeline(firstState(network, values, settings.optimizer, backend.name, saved), budgets);
    this.info = {
      config, network, convention: settings.convention, examples: dataset.examples, batchSize: this.#batches.size, iterationsPerEpoch: this.#batches.perEpoch, ...(saved === null ? {} : { stepsBefore: saved.steps }),
      backend: { name: backend.name, reason: backend.reason },
    };
  }

  get losses(): readonly number[] { return this.#timeline.losses; }
  get changes(): ReadonlyMap<number, readonly TensorChange[]> { return this.#changes; }

  iteration(index: number, options: DriveOptions = {}): Promise<Trace> {
    // One visit after the other: they share the timeline.
    const visit = this.#queue.then(() => this.#visit(index, options));
    this.#queue = visit.catch(() => undefined);
    return visit;
  }

  async lossWith(trace: Trace, changes: readonly ElementChange[], options: DriveOptions = {}): Promise<number> {
    const single = changes.map(({ tensor, element, value }) => ({ tensor, elements: Uint32Array.of(element), values: Float64Array.of(value) }));
    return this.#again(trace, this.#recorder([...this.#setIn.get(trace) ?? [], ...single]), (loss) => loss, options);
  }

  gradientsOf(trace: Trace, place: ElementPlace, by: readonly number[], options: DriveOptions = {}): Promise<readonly (TensorValue | null)[]> {
    const recorder = this.#recorder(this.#setIn.get(trace) ?? []);
    return this.#again(trace, recorder, (loss) => elementGradients(loss, recorder, place, by), options);
  }

  change(iteration: number, changes: readonly TensorChange[]): Promise<void> {
    const done = this.#queue.then(() => {
      this.#alive();
      for (const later of [...this.#changes.keys()]) if (later >= iteration) this.#changes.delete(later);
      if (changes.length > 0) this.#changes.set(iteration, changes);
      this.#timeline.forget(iteration);
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }

  retain(trace: Trace): () => void { return this.#timeline.retain(trace); }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#timeline.dispose();
  }

  async #visit(index: number, options: DriveOptions): Promise<Trace> {
    const { iterations } = this.info.config;
    if (!Number.isInteger(index) || index < 0) throw new Failure('run.index', `There is no iteration ${index + 1}; the first is 1.`);
    if (iterations !== undefined && index >= iterations) throw new Failure('run.end', `The run ends after iteration ${iterations}, as its configuration says.`);
    return this.#timeline.visit(index, (state) => this.#run(state, options));
  }

  /** Runs the forward pass and the loss of a recorded iteration again, as `work` wants it; nothing stays. */
  async #again<T>(trace: Trace, recorder: Recorder, work: (loss: ReturnType<typeof lossOf>) => Generator<boolean, T, void>, options: DriveOptions): Promise<T> {
    const release = this.retain(trace);
    try {
      this.#alive();
      const loss = lossOf(this.#recipe, stateBefore(trace), this.#batches.at(trace.iteration), recorder);
      return await drive(trace.iteration, work(loss), recorder, { ...options, alive: () => { this.#alive(); } });
    } finally {
      recorder.release();
      release();
    }
  }

  async #run(state: RunState, options: DriveOptions): Promise<Finished> {
    const changes = this.#changes.get(state.iteration) ?? [];
    const recorder = this.#recorder(changes);
    try {
      this.#alive();
      const finished = await drive(state.iteration, iterate(this.#recipe, state, this.#batches.at(state.iteration), recorder), recorder, {
        ...options, alive: () => { this.#alive(); },
      });
      this.#setIn.set(finished.trace, changes);
      return finished;
    } catch (error) {
      recorder.release();
      throw error;
    }
  }

  #recorder(changes: readonly TensorChange[]): Recorder {
    return new Recorder(this.#backend.name, overridesOf(changes));
  }

  #alive(): void {
    if (this.#disposed) throw new Failure('run.cancelled', 'The run has ended.');
  }
}
