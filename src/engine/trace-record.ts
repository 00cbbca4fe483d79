/** A finished iteration as a Trace: what the recorder noted, put in order. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../tensor/failure';
import { hashSeed } from './data/random';
import type { Metric } from './metrics';
import type { OpRecord, TensorRecord } from './recorder/record';
import type { Recorder } from './recorder/recorder';
import { RunState } from './state';
import type { LayerTensors, OpGroup, Trace, WeightTensors } from './trace';

export interface TraceParts {
  readonly iteration: number;
  readonly loss: number;
  readonly batch: Trace['batch'];
  readonly layers: readonly LayerTensors[];
  readonly weights: readonly WeightTensors[];
  readonly inputs: Trace['inputs'];
  readonly labels: Trace['labels'];
  readonly predictions: Trace['predictions'];
  readonly lossTensor: number;
  readonly metrics: readonly Metric[];
}

export class TraceRecord implements Trace {
  readonly ops: readonly OpRecord[];
  readonly tensors: ReadonlyMap<number, TensorRecord>;
  readonly groups: readonly OpGroup[];
  readonly iteration: number;
  readonly loss: number;
  readonly batch: Trace['batch'];
  readonly layers: readonly LayerTensors[];
  readonly weights: readonly WeightTensors[];
  readonly inputs: Trace['inputs'];
  readonly labels: Trace['labels'];
  readonly predictions: Trace['predictions'];
  readonly lossTensor: number;
  readonly bytes: number;
  #metrics: Record<string, number> | undefined;
  #signature: string | undefined;

  constructor(private readonly recorder: Recorder, private readonly parts: TraceParts) {
    this.ops = recorder.ops;
    this.tensors = recorder.tensors;
    this.groups = groupsOf(recorder.ops);
    this.bytes = recorder.bytes;
    ({ iteration: this.iteration, loss: this.loss, batch: this.batch, layers: this.layers, weights: this.weights, inputs: this.inputs,
      labels: this.labels, predictions: this.predictions, lossTensor: this.lossTensor } = parts);
  }

  /** Computed when first asked for, from the predictions. */
  get metrics(): Readonly<Record<string, number>> {
    return this.#metrics ??= Object.fromEntries(this.parts.metrics.map(({ name, compute }) => [name, compute((id) => this.read(id))]));
  }

  get signature(): string { return this.#signature ??= signatureOf(this); }

  /** Frees the tensors; their values can then no longer be read. */
  release(): void { this.recorder.release(); }

  private read(id: number): ReturnType<TensorRecord['read']> {
    const tensor = this.tensors.get(id);
    if (tensor === undefined) throw new Error(`The trace has no tensor ${id}.`);
    return tensor.read();
  }
}

/** The state that the iteration started from, on the trace's own tensors: valid until the trace is released, not to be freed. */
export function stateBefore(trace: Trace): RunState {
  if (!(trace instanceof TraceRecord)) throw new Error('Only a trace of this process can be run again.');
  const tensorOf = (id: number): Tensor => {
    const record = trace.tensors.get(id);
    if (record === undefined || record.tensor.isDisposed) throw new Failure('trace.released', `Iteration ${trace.iteration + 1} is no longer in memory; visit it again.`);
    return record.tensor;
  };
  const weights = trace.weights.map(({ layer, weight, trainable, before, slots }) => ({
    layer, weight, trainable, value: tensorOf(before), slots: Object.fromEntries(Object.entries(slots).map(([slot, { before: id }]) => [slot, tensorOf(id)])),
  }));
  const counters: Record<string, Tensor> = {};
  for (const { role, tensor, writer } of trace.tensors.values()) if (role.kind === 'state' && role.layer === '' && writer === -1) counters[role.slot] = tensor;
  return new RunState(trace.iteration, weights, counters);
}

/** Neighbouring ops of one phase, layer call and weight. */
function groupsOf(ops: readonly OpRecord[]): OpGroup[] {
  const groups: { -readonly [K in keyof OpGroup]: OpGroup[K] }[] = [];
  for (const { index, place: { phase, layer, call, weight } } of ops) {
    const last = groups.at(-1);
    if (last !== undefined && last.phase === phase && last.layer === layer && last.call === call && last.weight === weight) last.last = index;
    else groups.push({ phase, layer, call, weight, first: index, last: index });
  }
  return groups;
}

/** A digest of all that a listing shows: kernels, wiring, shapes, attributes, names of constants. */
function signatureOf({ ops, tensors }: Trace): string {
  const text = ops.map(({ kernel, inputs, outputs, attributes, phase, layer, call, weight }) => {
    const shapes = outputs.map((id) => `${id}:${tensors.get(id)?.dtype}[${tensors.get(id)?.shape.join()}]`);
    return `${phase} ${layer} ${call} ${weight} ${kernel} ${JSON.stringify(inputs)} ${shapes.join()} ${JSON.stringify(attributes)}`;
  }).join('\n');
  return `${ops.length}-${hashSeed(text).toString(16)}-${hashSeed(text.length, text.slice(text.length >> 1)).toString(16)}`;
}
