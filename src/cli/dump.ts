/**
 * An iteration as files: `{forward,loss,backward,update}/<layer>/….npy`. Layer outputs, weights, gradients and slots have their
 * names; every other tensor is `op-<index>-<kernel>.npy` in the folder of its layer.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LayerTensors, Trace } from '../engine/trace';
import { writeNpy } from '../tensor/npy';
import type { Shape, TensorValue } from '../tensor/value';
import { sizeOf } from '../tensor/value';

/** One part of a path from a name that may hold anything. */
export function safePart(name: string): string {
  const plain = name.replaceAll(/[\u0000-\u001f\u007f\\:*?"<>|]/g, '_').replace(/^\.+$/, (dots) => '_'.repeat(dots.length));
  const part = plain === '' ? '_' : plain;
  if (Buffer.byteLength(part) <= 150) return part;
  return `${[...part].slice(0, 30).join('')}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

const safePath = (name: string): string => name.split('/').map(safePart).join('/');

/** Names of the tensors of a trace as relative file names without `.npy`; null stands for a gradient that is zero. */
export function dumpNames(trace: Trace): Map<string, number | { readonly zeros: Shape }> {
  const files = new Map<string, number | { readonly zeros: Shape }>();
  const named = new Set<number>();
  const put = (file: string, tensor: number): void => {
    files.set(file, tensor);
    named.add(tensor);
  };
  const gradient = (file: string, tensor: number, of: number): void => {
    const { shape, dtype } = tensorOf(trace, of);
    if (tensor >= 0) put(file, tensor);
    else if (dtype === 'float32') files.set(file, { zeros: shape });
  };
  each(trace.inputs, 'input', ({ value, gradient: d }, file) => {
    put(`forward/${file}`, value);
    if (d !== null) put(`backward/${file}`, d);
  });
  each(trace.labels, 'labels', (id, file) => { put(`loss/${file}`, id); });
  each(trace.predictions, 'predictions', (id, file) => { put(`loss/${file}`, id); });
  put('loss/loss', trace.lossTensor);
  for (const call of trace.layers) {
    const folder = safePath(keyOf(trace, call));
    call.outputs.forEach((id, i) => {
      const output = i === 0 ? 'output' : `output_${i}`;
      put(`forward/${folder}/${output}`, id);
      gradient(`backward/${folder}/${output}`, call.outputGradients[i] ?? -1, id);
    });
  }
  for (const { layer, weight, trainable, before, gradient: d, after, slots } of trace.weights) {
    const file = `${safePath(layer)}/${safePath(weight)}`;
    put(`forward/${file}`, before);
    if (trainable) gradient(`backward/${file}`, d ?? -1, before);
    put(`update/${file}`, after);
    for (const [slot, { after: next }] of Object.entries(slots)) put(`update/${file}.${safePart(slot)}`, next);
  }
  const digits = String(trace.ops.length).length;
  for (const { index, kernel, outputs, phase, layer, call } of trace.ops) {
    outputs.forEach((id, i) => {
      if (named.has(id)) return;
      const folder = layer === null ? phase : `${phase}/${safePath(phase === 'update' ? layer : keyOf(trace, { layer, call }))}`;
      files.set(`${folder}/op-${String(index).padStart(digits, '0')}-${safePart(kernel)}${i === 0 ? '' : `-${i}`}`, id);
    });
  }
  return files;
}

/** Writes every tensor of the trace below `folder`. */
export async function dumpTrace(trace: Trace, folder: string): Promise<void> {
  const folders = new Set<string>();
  for (const [name, source] of dumpNames(trace)) {
    const file = path.join(folder, `${name}.npy`);
    if (!folders.has(path.dirname(file))) {
      await mkdir(path.dirname(file), { recursive: true });
      folders.add(path.dirname(file));
    }
    const value: TensorValue = typeof source === 'number' ? tensorOf(trace, source).read() : { dtype: 'float32', shape: source.zeros, data: new Float32Array(sizeOf(source.zeros)) };
    await writeFile(file, writeNpy(value));
  }
}

/** `layer`, or `layer#call` where the layer is called several times. */
function keyOf(trace: Trace, { layer, call }: Pick<LayerTensors, 'layer' | 'call'>): string {
  return trace.layers.some((other) => other.layer === layer && other.call > 0) ? `${layer}#${call}` : layer;
}

/** One entry is a file of the kind's name; several are a folder of it, one file a name. */
function each<T>(entries: Readonly<Record<string, T>>, kind: string, visit: (entry: T, file: string) => void): void {
  const list = Object.entries(entries);
  for (const [name, entry] of list) visit(entry, list.length === 1 ? kind : `${kind}/${safePath(name)}`);
}

function tensorOf(trace: Trace, id: number): NonNullable<ReturnType<Trace['tensors']['get']>> {
  const tensor = trace.tensors.get(id);
  if (tensor === undefined) throw new Error(`The trace has no tensor ${id}.`);
  return tensor;
}
