/**
 * Backpropagation along the tape, one node at a time. The same nodes in the same order, with the same sums, as TensorFlow.js's
 * own backpropagateGradients (tfjs-core/src/tape.ts), so that gradients agree with it bit for bit.
 */
import { add, scalar } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../tensor/failure';
import type { TapeNode } from './recorder/engine-state';
import type { RowGradient } from './optimizers/rule';
import type { Recorder } from './recorder/recorder';

interface Step { readonly node: TapeNode; /** Names of the inputs that depend on what is differentiated. */ readonly inputs: readonly string[] }

/** The nodes on a path from one of `xs` to `y`, in the tape's order. */
export function pathNodes(tape: readonly TapeNode[], xs: readonly Tensor[], y: Tensor): Step[] {
  const fromX = new Set(xs.map(({ id }) => id));
  const candidates = tape.filter((node) => {
    for (const name in node.inputs) {
      const input = node.inputs[name];
      if (input !== undefined && fromX.has(input.id)) {
        for (const output of node.outputs) fromX.add(output.id);
        return true;
      }
    }
    return false;
  });
  const toY = new Set([y.id]);
  const steps: Step[] = [];
  for (const node of candidates.reverse()) {
    if (!node.outputs.some(({ id }) => toY.has(id))) continue;
    for (const name in node.inputs) {
      const input = node.inputs[name];
      if (input !== undefined) toY.add(input.id);
    }
    steps.push({ node, inputs: Object.keys(node.inputs).filter((name) => { const input = node.inputs[name]; return input !== undefined && fromX.has(input.id); }) });
  }
  return steps.reverse();
}

/**
 * Differentiates `y` (a scalar) with respect to everything on the way to `xs`; yields after each node. Kernels are recorded
 * in the place of the forward op that they differentiate. With a `seed` of its shape, `y` may be any tensor: what is
 * differentiated is then the sum of `seed · y`.
 * @returns the gradient of every tensor on the way, by its id, and of what parts those of looked-up tables are the sum
 */
export function* backward(recorder: Recorder, xs: readonly Tensor[], y: Tensor, seed: Tensor = scalar(1)): Generator<void, Gradients, void> {
  const rows = new RowGradients(new Set(xs.map(({ id }) => id)));
  const gradients = new Map<number, Tensor>();
  recorder.adopt(seed, { kind: 'constant' });
  gradients.set(y.id, seed);
  const differentiated = new Map<number, Tensor>([[y.id, y]]);
  for (const { node, inputs } of pathNodes(recorder.tape, xs, y).reverse()) {
    recorder.place = placeOf(recorder, node);
    if (node.gradient === undefined) throw noGradient(recorder, node);
    rows.note(node, gradients);
    const functions = node.gradient(node.outputs.map(({ id }) => gradients.get(id) ?? null));
    for (const name of inputs) {
      const x = node.inputs[name];
      const gradientOfInput = functions[name];
      if (x === undefined) continue;
      if (gradientOfInput === undefined) throw noGradient(recorder, node, name);
      const dx = gradientOfInput();
      checkGradient(recorder, node, x, dx);
      differentiated.set(x.id, x);
      mark(recorder, dx, x, true);
      const current = gradients.get(x.id);
      const total = current === undefined ? dx : add(current, dx);
      if (total !== dx) mark(recorder, total, x, true);
      gradients.set(x.id, total);
    }
    yield;
  }
  for (const [id, x] of differentiated) {
    const gradient = gradients.get(id);
    if (gradient !== undefined) mark(recorder, gradient, x, false);
  }
  return { of: gradients, rows };
}

export interface Gradients { readonly of: ReadonlyMap<number, Tensor>; readonly rows: RowGradients }

/** Gradients of look-ups (GatherV2 along the first axis) by the table. */
class RowGradients {
  readonly #tables = new Map<number, RowGradient[] | null>();

  constructor(private readonly sources: ReadonlySet<number>) {}

  note({ kernelName, inputs, outputs }: TapeNode, gradients: ReadonlyMap<number, Tensor>): void {
    const { x: table, indices } = inputs;
    const [output] = outputs;
    const values = output === undefined ? undefined : gradients.get(output.id);
    const isLookUp = kernelName === 'GatherV2' && table !== undefined && this.sources.has(table.id) && indices !== undefined && values !== undefined && values.shape.join() === [...indices.shape, ...table.shape.slice(1)].join();
    if (isLookUp) {
      const parts = this.#tables.get(table.id);
      if (parts !== null) this.#tables.set(table.id, [...(parts ?? []), { indices, values }]);
      return;
    }
    for (const name in inputs) {
      const input = inputs[name];
      if (input !== undefined && this.sources.has(input.id)) this.#tables.set(input.id, null);
    }
  }

  /** The parts, when the table's gradient is made of look-ups alone. */
  of(table: Tensor): readonly RowGradient[] | null { return this.#tables.get(table.id) ?? null; }
}

/** The forward op that a node of the tape stands for, and its layer. */
function placeOf(recorder: Recorder, node: TapeNode): Recorder['place'] {
  const [output] = node.outputs;
  const writer = output === undefined ? undefined : recorder.record(output)?.writer;
  const op = writer === undefined ? undefined : recorder.ops[writer];
  return { phase: 'backward', layer: op?.layer ?? null, call: op?.call ?? 0, forwardOp: op?.index ?? null, weight: null };
}

/** Notes whose gradient a tensor is; the first note stays, except that it may turn from a partial sum into the whole. */
function mark(recorder: Recorder, gradient: Tensor, of: Tensor, partial: boolean): void {
  const record = recorder.record(gradient);
  const tensor = recorder.idOf(of);
  if (record !== undefined && (record.gradientOf === null || record.gradientOf.tensor === tensor)) record.gradientOf = { tensor, partial };
}

function checkGradient(recorder: Recorder, node: TapeNode, x: Tensor, dx: Tensor): void {
  if (dx.dtype === 'float32' && dx.shape.length === x.shape.length && dx.shape.every((extent, axis) => extent === x.shape[axis])) return;
  throw new Failure('gradient.shape', `The gradient of ${node.kernelName}${inLayer(recorder)} has the shape [${dx.shape.join(', ')}] and type ${dx.dtype}, but its input has the shape [${x.shape.join(', ')}]; this is a fault of the kernel's gradient.`);
}

function noGradient(recorder: Recorder, node: TapeNode, input?: string): Failure {
  return new Failure('gradient.missing', `The operation ${node.kernelName}${inLayer(recorder)} has no gradient${input === undefined ? '' : ` for its input "${input}"`}, so the network cannot be trained through it.`);
}

function inLayer({ place }: Recorder): string {
  return place.layer === null ? ' of the loss' : ` in layer '${place.layer}'`;
}
