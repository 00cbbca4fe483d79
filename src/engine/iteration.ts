/**
 * One iteration as a generator: forward layer by layer, loss, backward along the tape node by node, update weight by weight. It
 * stops wherever the event loop may have its turn; `drive` runs it in stretches of a few milliseconds.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Network } from '../network/network';
import { Failure } from '../tensor/failure';
import { backward } from './backward';
import { batchOf } from './batches';
import { constraintOf } from './constraints';
import type { Batch } from './batches';
import { hashSeed } from './data/random';
import type { Dataset } from './data/dataset';
import { inputsOf, outputsOf } from './data/fit';
import { forward } from './forward/forward';
import type { ForwardResult, LayerStep } from './forward/forward';
import { totalLoss } from './losses/losses';
import { readTensor } from './recorder/handles';
import type { Recorder } from './recorder/recorder';
import type { Settings } from './settings';
import { stateAfter } from './state';
import type { RunState, WeightState } from './state';
import { TraceRecord } from './trace-record';
import type { LayerTensors, WeightTensors } from './trace';
import { update } from './update';

/** What is the same in every iteration of a run. */
export interface Recipe {
  readonly network: Network;
  readonly dataset: Pick<Dataset, 'inputs' | 'labels'>;
  readonly settings: Settings;
}

export interface Finished { readonly trace: TraceRecord; readonly next: RunState }

type EndStep = Extract<LayerStep, { kind: 'end' }>;

/** Whether the work up to the next stop belongs on the tape. */
export type Differentiate = boolean;

/** What the forward and the loss phase leave behind for those that follow. */
interface Computed {
  readonly values: ReturnType<typeof batchOf>;
  readonly before: ReturnType<typeof borrowed>;
  readonly assigned: ReadonlyMap<string, Tensor>;
  readonly names: readonly string[];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly steps: readonly EndStep[];
  readonly result: ForwardResult;
  readonly loss: Tensor;
}

/** Runs the forward and the loss phase alone. @returns the loss */
export function* lossOf(recipe: Recipe, state: RunState, batch: Batch, recorder: Recorder): Generator<Differentiate, number, void> {
  const { loss } = yield* compute(recipe, state, batch, recorder);
  return Number(readTensor(loss).data[0]);
}

function* compute(recipe: Recipe, state: RunState, batch: Batch, recorder: Recorder): Generator<Differentiate, Computed, void> {
  const { network, settings } = recipe;
  const { iteration } = state;
  const values = batchOf(recipe.dataset, batch);
  for (const [name, tensor] of Object.entries(values.inputs)) recorder.adopt(tensor, { kind: 'input', name });
  for (const [name, tensor] of Object.entries(values.labels)) recorder.adopt(tensor, { kind: 'label', name });
  const before = borrowed(state, recorder);
  const weights = new Map(before.weights.map((entry) => [keyOf(entry.layer, entry.weight), entry]));
  const assigned = new Map<string, Tensor>();

  const names = inputsOf(network).map(({ name }) => name);
  const inputs = names.map((name) => named(values.inputs, name));
  const steps: EndStep[] = [];
  const result = yield* forwardPhase(recorder, steps, forward(network, {
    convention: settings.convention, training: true, dropout: settings.dropout, inputs,
    weight: (layer, name) => {
      const entry = weights.get(keyOf(layer, name));
      if (entry === undefined) throw new Failure('weight.missing', `The weight '${name}' of layer '${layer}' has no value.`);
      return entry.value;
    },
    assign: (layer, name, value) => { assigned.set(keyOf(layer, name), value); },
    seed: (layer, call, purpose) => hashSeed(settings.seed, iteration, layer, call, purpose),
  }));

  recorder.place = { phase: 'loss', layer: null, call: 0, forwardOp: null, weight: null };
  const outputs = outputsOf(network).map(({ name }) => name);
  const loss = totalLoss(
    outputs.map((name, i) => ({ loss: named(settings.losses, name), labels: named(values.labels, name), predictions: at(result.outputs, i), logits: result.logits[i] ?? null, mask: result.masks[i] ?? null })),
    result.penalties,
    (layer) => { recorder.place = { phase: 'loss', layer, call: 0, forwardOp: null, weight: null }; },
  );
  yield false;
  return { values, before, assigned, names, inputs, outputs, steps, result, loss };
}

/** Runs one iteration from `state` on `batch`. The recorder owns all tensors; the result's `next` has handles of its own. */
export function* iterate(recipe: Recipe, state: RunState, batch: Batch, recorder: Recorder): Generator<Differentiate, Finished, void> {
  const { network, settings } = recipe;
  const { iteration } = state;
  const { values, before, assigned, names, inputs, outputs, steps, result, loss } = yield* compute(recipe, state, batch, recorder);

  const trained = before.weights.filter(({ trainable }) => trainable).map(({ value }) => value);
  const sources = [...trained, ...inputs.filter(({ dtype }) => dtype === 'float32')];
  recorder.place = { phase: 'backward', layer: null, call: 0, forwardOp: null, weight: null };
  const walk = backward(recorder, sources, loss);
  let walked = walk.next();
  while (!walked.done) {
    yield false;
    walked = walk.next();
  }
  const { of: gradients, rows } = walked.value;

  const moves = update({
    recorder, optimizer: settings.optimizer, iteration, weights: before.weights, counters: before.counters,
    gradient: ({ value }) => gradients.get(value.id) ?? null,
    rows: ({ value }) => rows.of(value),
    assigned: ({ layer, weight }) => assigned.get(keyOf(layer, weight)) ?? null,
    // tfjs-layers reads constraints and leaves them alone when it trains; PyTorch has none.
    constraint: ({ layer, weight }) => (settings.convention === 'keras' ? constraintOf(network, layer, weight) : null),
  });
  let moved = moves.next();
  while (!moved.done) {
    yield false;
    moved = moves.next();
  }
  const after = moved.value;

  const gradientId = (tensor: Tensor): number | null => idOf(recorder, gradients.get(tensor.id));
  const trace = new TraceRecord(recorder, {
    iteration,
    loss: Number(readTensor(loss).data[0]),
    batch: { epoch: batch.epoch, index: batch.index, size: batch.size },
    layers: steps.map((step) => layerTensors(step, recorder, gradientId)),
    weights: before.weights.map((entry, i) => weightTensors(entry, after.weights[i] ?? entry, recorder, gradientId)),
    inputs: Object.fromEntries(names.map((name, i) => [name, { value: recorder.idOf(at(inputs, i)), gradient: gradientId(at(inputs, i)) }])),
    labels: Object.fromEntries(Object.entries(values.labels).map(([name, tensor]) => [name, recorder.idOf(tensor)])),
    predictions: Object.fromEntries(outputs.map((name, i) => [name, recorder.idOf(at(result.outputs, i))])),
    lossTensor: recorder.idOf(loss),
    metrics: settings.metrics(outputs.map((name, i) => ({ name, predictions: recorder.idOf(at(result.outputs, i)), labels: recorder.idOf(named(values.labels, name)) }))),
  });
  const next = stateAfter(iteration + 1, recorder.backend, after.weights, after.counters);
  recorder.finish();
  return { trace, next };
}

/** Runs the layers, noting for each kernel which layer call it belongs to. */
function* forwardPhase(recorder: Recorder, ends: EndStep[], steps: Generator<LayerStep, ForwardResult, void>): Generator<Differentiate, ForwardResult, void> {
  const open: Recorder['place'][] = [];
  recorder.place = { phase: 'forward', layer: null, call: 0, forwardOp: null, weight: null };
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (step.value.kind === 'start') {
      open.push(recorder.place);
      recorder.place = { phase: 'forward', layer: step.value.path, call: step.value.call, forwardOp: null, weight: null };
      continue;
    }
    if (step.value.kind === 'end') {
      ends.push(step.value);
      recorder.place = open.pop() ?? recorder.place;
    }
    yield true;
  }
}

/** The state's tensors as tensors of the trace. */
function borrowed(state: RunState, recorder: Recorder): { weights: WeightState[]; counters: Record<string, Tensor> } {
  const slots = (layer: string, weight: string, tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(tensors).map(([slot, tensor]) => [slot, recorder.borrow(tensor, { kind: 'state', slot, layer, weight })]));
  return {
    weights: state.weights.map((entry) => ({
      ...entry,
      value: recorder.borrow(entry.value, { kind: 'weight', layer: entry.layer, weight: entry.weight }),
      slots: slots(entry.layer, entry.weight, entry.slots),
    })),
    counters: slots('', '', state.counters),
  };
}

function layerTensors(step: EndStep, recorder: Recorder, gradientId: (tensor: Tensor) => number | null): LayerTensors {
  return {
    layer: step.path, call: step.call,
    inputs: step.inputs.map((tensor) => recorder.idOf(tensor)),
    outputs: step.outputs.map((tensor) => recorder.idOf(tensor)),
    outputGradients: step.outputs.map(gradientId),
    inputGradients: step.inputs.map(gradientId),
  };
}

function weightTensors(before: WeightState, after: WeightState, recorder: Recorder, gradientId: (tensor: Tensor) => number | null): WeightTensors {
  return {
    layer: before.layer, weight: before.weight, trainable: before.trainable,
    before: recorder.idOf(before.value), gradient: gradientId(before.value), after: recorder.idOf(after.value),
    slots: Object.fromEntries(Object.entries(before.slots).map(([slot, tensor]) => [slot, { before: recorder.idOf(tensor), after: recorder.idOf(after.slots[slot] ?? tensor) }])),
  };
}

const keyOf = (layer: string, weight: string): string => `${layer}/${weight}`;
const idOf = (recorder: Recorder, tensor: Tensor | undefined): number | null => (tensor === undefined ? null : recorder.idOf(tensor));

function named<T>(entries: Readonly<Record<string, T>>, name: string): T {
  const entry = entries[name];
  if (entry === undefined) throw new Failure('data.name', `There are no values for "${name}".`);
  return entry;
}

function at(tensors: readonly Tensor[], index: number): Tensor {
  const tensor = tensors[index];
  if (tensor === undefined) throw new Error(`The network has no output number ${index}.`);
  return tensor;
}
