/** The reference numbers of the model fixtures, and the comparison that their README prescribes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunConfig } from '../../../src/engine/config';
import type { LayerTensors, Trace } from '../../../src/engine/trace';
import { readNpz } from '../../../src/formats/npz';
import type { TensorValue } from '../../../src/tensor/value';

export const modelsFolder = path.resolve('test/fixtures/models');

interface Description {
  readonly name: string;
  readonly loss: string | readonly string[];
  readonly loss_weights?: readonly number[] | null;
  readonly inputs: readonly { readonly name?: string }[];
  readonly outputs: readonly { readonly name?: string }[];
  readonly weights: readonly { readonly key: string; readonly float64_gap?: Readonly<Record<string, number>> }[];
}

export interface Reference { readonly name: string; readonly folder: string; readonly description: Description; readonly arrays: ReadonlyMap<string, TensorValue> }

/** The fixtures of a folder that have gradients to compare with. */
export function referenceNames(folder: string): string[] {
  const full = path.join(modelsFolder, folder);
  return readdirSync(full).filter((file) => file.endsWith('.reference.npz')).map((file) => file.replace('.reference.npz', '')).filter((name) => existsSync(path.join(full, `${name}.json`)));
}

export async function readReference(folder: string, name: string): Promise<Reference> {
  const full = path.join(modelsFolder, folder);
  const description = JSON.parse(readFileSync(path.join(full, `${name}.json`), 'utf8')) as Description;
  return { name, folder: full, description, arrays: await readNpz(path.join(full, `${name}.reference.npz`)) };
}

/** A run on the reference's batch: no shuffling, no dropout, the whole batch at once. */
export function configOf({ name, description }: Reference, model: string, optimizer: RunConfig['optimizer']): RunConfig {
  const file = `${name}.reference.npz`;
  const places = (kind: 'x' | 'y', slots: Description['inputs']): string | Record<string, string> =>
    slots.length === 1 ? `${file}#${kind}` : Object.fromEntries(slots.map((slot) => [slot.name ?? '', `${file}#${kind}/${slot.name}`]));
  const { loss, loss_weights: weights, outputs } = description;
  return {
    model, data: { x: places('x', description.inputs), y: places('y', outputs) },
    loss: typeof loss === 'string' ? loss : Object.fromEntries(outputs.map((output, i) => [output.name ?? '', { type: String(loss[i]), weight: weights?.[i] ?? 1 }])),
    ...(optimizer === undefined ? {} : { optimizer }), batchSize: 1000, shuffle: false, dropout: false,
  };
}

/** The same for a file that PyTorch exported: `torch_cnn.onnx`. */
export function exportedConfigOf(reference: Reference, model: string, optimizer: RunConfig['optimizer']): RunConfig {
  const file = `${reference.name}.reference.npz`;
  return { model, data: { x: `${file}#x`, y: `${file}#y` }, loss: 'cross_entropy', ...(optimizer === undefined ? {} : { optimizer }), batchSize: 1000, shuffle: false, dropout: false };
}

/** Largest difference beyond the tolerance 1e-6 + 1e-5 of the largest value + `gap`, as a sentence; null when all is well. */
export function misfit(what: string, actual: TensorValue | null, expected: TensorValue, gap = 0): string | null {
  if (actual === null) return expected.data.every((value) => Number(value) === 0) ? null : `${what}: nothing was recorded`;
  if (actual.shape.join() !== expected.shape.join()) return `${what}: shape [${actual.shape.join()}] instead of [${expected.shape.join()}]`;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.data.length; i += 1) {
    const wanted = Number(expected.data[i]);
    largest = Math.max(largest, Math.abs(wanted));
    const off = Math.abs(Number(actual.data[i]) - wanted);
    difference = Number.isNaN(off) ? Infinity : Math.max(difference, off);
  }
  const tolerance = 1e-6 + 1e-5 * largest + gap;
  return difference <= tolerance ? null : `${what}: off by ${difference.toExponential(2)}, tolerance ${tolerance.toExponential(2)}, largest value ${largest.toPrecision(3)}`;
}

export function assertFits(misfits: readonly (string | null)[]): void {
  const found = misfits.filter((sentence) => sentence !== null);
  assert.equal(found.length, 0, found.join('\n'));
}

const read = (trace: Trace, id: number | null | undefined): TensorValue | null => (id === null || id === undefined ? null : trace.tensors.get(id)!.read());

/** A layer call by its key in the reference files: `layer`, or `layer#call`. */
export function callOf(trace: Trace, key: string): LayerTensors | undefined {
  const [layer, call] = key.split('#');
  return trace.layers.find((entry) => entry.layer === layer && entry.call === Number(call ?? 0));
}

/** Compares a first iteration with the reference: outputs, loss, gradients of activations, inputs and weights. */
export function compareGradients(trace: Trace, { arrays, description }: Reference): (string | null)[] {
  const result: (string | null)[] = [];
  // Outputs of layers in inference mode say nothing of training where there is batch normalisation.
  const inferred = [...arrays.keys()].some((key) => key.startsWith('act_train/') || key.endsWith('/moving_mean'));
  const noDropout = [...arrays.keys()].some((key) => key.startsWith('y_pred_train_nodropout'));
  for (const [key, expected] of arrays) {
    const [kind, ...rest] = key.split('/');
    const name = rest.join('/');
    if (key === 'loss') result.push(misfit(key, read(trace, trace.lossTensor), expected));
    if (kind === (noDropout ? 'y_pred_train_nodropout' : 'y_pred_train')) result.push(misfit(key, read(trace, name === '' ? Object.values(trace.predictions)[0] : trace.predictions[name]), expected));
    if ((kind === 'act' && !inferred) || kind === 'act_train') {
      const call = callOf(trace, name);
      if (call !== undefined) result.push(misfit(key, read(trace, call.outputs[0]), expected));
    }
    if (kind === 'grad_act') {
      const call = callOf(trace, name);
      if (call !== undefined) result.push(misfit(key, read(trace, call.outputGradients[0]), expected));
    }
    if (kind === 'grad') {
      if (rest[0] === 'input') {
        result.push(misfit(key, read(trace, (rest[1] === undefined ? Object.values(trace.inputs)[0] : trace.inputs[rest[1]])?.gradient), expected));
        continue;
      }
      const weight = trace.weights.find((entry) => `${entry.layer}/${entry.weight}` === name);
      result.push(weight === undefined ? `${key}: no such weight` : misfit(key, read(trace, weight.gradient), expected, gapOf(description, name, 'grad')));
    }
  }
  return result;
}

/** Compares the weights after the last step with those of `sgd/…` or `adam3/…`. */
export function compareWeights(trace: Trace, { arrays, description }: Reference, kind: 'sgd' | 'adam3'): (string | null)[] {
  return [...arrays].filter(([key]) => key.startsWith(`${kind}/`)).map(([key, expected]) => {
    const name = key.slice(kind.length + 1);
    const weight = trace.weights.find((entry) => `${entry.layer}/${entry.weight}` === name);
    return weight === undefined ? `${key}: no such weight` : misfit(key, read(trace, weight.after), expected, kind === 'adam3' ? gapOf(description, name, kind) : 0);
  });
}

/** The rounding error of the reference itself, which a weight whose true gradient is zero turns into steps. */
function gapOf({ weights }: Description, name: string, kind: string): number {
  return weights.find(({ key }) => key === name)?.float64_gap?.[kind] ?? 0;
}
