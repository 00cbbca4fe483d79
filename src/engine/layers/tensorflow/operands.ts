/** What an op of a graph takes: tensors of the graph, weights of its own by their names, and small tensors of whole numbers that say how it works, read on the host. */
import { cast } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure, sentenceOf } from '../../../tensor/failure';
import { atOnce, isTensor } from '../calls';
import { onParts } from './complex';
import type { LayerCallContext, LayerForward, LayerResult } from '../layer';

/** The tensor at a position: one of the graph, or the weight that is named there. */
export function optional(call: LayerCallContext, position: number): Tensor | null {
  const value = call.args[position];
  if (isTensor(value)) return value;
  return typeof value === 'string' && call.hasWeight(value) ? call.weight(value) : null;
}

/** @throws Failure `op.inputs` when there is none */
export function operand(call: LayerCallContext, position: number): Tensor {
  const tensor = optional(call, position);
  if (tensor === null) throw new Failure('op.inputs', `Op '${call.path}' (${call.type}) lacks its input number ${position + 1}.`);
  return tensor;
}

/** All tensors from a position on, up to but without `end`. */
export function operands(call: LayerCallContext, start = 0, end = call.args.length): Tensor[] {
  return call.args.slice(start, end).map((_, index) => operand(call, start + index));
}

/** The elements of a small tensor that says how the op works (a shape, axes). */
export function numbers(call: LayerCallContext, position: number): number[] {
  return Array.from(operand(call, position).dataSync(), Number);
}

export function number(call: LayerCallContext, position: number): number {
  const [value] = numbers(call, position);
  if (value === undefined) throw new Failure('op.inputs', `Op '${call.path}' (${call.type}): its input number ${position + 1} is empty, but a number is needed.`);
  return value;
}

/** Axes counted from the front. @throws Failure `op.axis` */
export function axes(call: LayerCallContext, given: readonly number[], rank: number): number[] {
  return given.map((axis) => {
    const front = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(front) || front < 0 || front >= rank) throw new Failure('op.axis', `Op '${call.path}' (${call.type}) works along axis ${axis}, but its input has ${rank} axes.`);
    return front;
  });
}

export function text(call: LayerCallContext, key: string, fallback: string): string {
  const value = call.config[key];
  return typeof value === 'string' ? value : fallback;
}

export function numeric(call: LayerCallContext, key: string, fallback: number): number {
  const value = call.config[key];
  return typeof value === 'number' ? value : fallback;
}

export function flag(call: LayerCallContext, key: string): boolean {
  return call.config[key] === true;
}

export function list(call: LayerCallContext, key: string): number[] {
  const value = call.config[key];
  return Array.isArray(value) ? (value as readonly unknown[]).filter((item) => typeof item === 'number') : [];
}

export const floats = (x: Tensor): Tensor => (x.dtype === 'float32' ? x : cast(x, 'float32'));
export const integers = (x: Tensor): Tensor => (x.dtype === 'int32' ? x : cast(x, 'int32'));
export const truths = (x: Tensor): Tensor => (x.dtype === 'bool' ? x : cast(x, 'bool'));

/** Runs the work of an op; what TensorFlow.js finds wrong with shapes and types gets the op's name. @throws Failure `op.failed` */
export function named<T>(call: LayerCallContext, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    throw new Failure('op.failed', `Op '${call.path}' (${call.type}) cannot be computed with the data that it gets: ${sentenceOf(error)}.`, { cause: error });
  }
}

/** An op of one output, or of a list of them. */
export const op = (run: (call: LayerCallContext) => Tensor | readonly Tensor[]): LayerForward => atOnce((call): LayerResult => {
  const made = named(call, () => onParts(call, run));
  return { outputs: Array.isArray(made) ? (made as readonly Tensor[]) : [made as Tensor] };
});

export const unary = (run: (x: Tensor) => Tensor): LayerForward => op((call) => run(operand(call, 0)));
export const binary = (run: (a: Tensor, b: Tensor) => Tensor): LayerForward => op((call) => run(operand(call, 0), operand(call, 1)));
