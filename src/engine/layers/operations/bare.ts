/** What bare operations share: their arguments, wherever a file keeps them, and operations of one and two tensors. */
import { slice } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { atOnce, isTensor } from '../calls';
import type { CallValue, LayerCallContext, LayerForward } from '../layer';
import { operandOf } from '../merge';

/** A value as it is meant: Keras writes tuples as objects. */
export function plainValue(value: CallValue | undefined): CallValue | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !isTensor(value)) {
    const record = value as Readonly<Record<string, CallValue>>;
    const items = record['items'] ?? record['config'];
    if (record['class_name'] === '__tuple__' && Array.isArray(items)) return items as readonly CallValue[];
  }
  return value;
}

/** An argument of an operation: from its configuration, by name, or at its place. */
export function argument(call: LayerCallContext, name: string, position: number): CallValue | undefined {
  const fromConfig = call.config[name];
  return plainValue(fromConfig === undefined || fromConfig === null ? (call.kwargs[name] ?? call.args[position]) : fromConfig);
}

export function numberArgument(call: LayerCallContext, name: string, position: number, fallback?: number): number {
  const value = argument(call, name, position);
  if (typeof value === 'number') return value;
  if (fallback !== undefined) return fallback;
  throw new Failure('layer.setting', `Operation '${call.path}' (${call.type}) needs a number for '${name}'.`);
}

/** A list of numbers, one number as a list, or null where absent. */
export function numbersArgument(call: LayerCallContext, name: string, position: number): number[] | null {
  const value = argument(call, name, position);
  if (typeof value === 'number') return [value];
  return Array.isArray(value) ? (value as readonly unknown[]).filter((entry) => typeof entry === 'number') : null;
}

/** The tensor or number at a place of the arguments, or by name. */
export function operand(call: LayerCallContext, position: number, name: string): Tensor {
  const value = call.args[position] ?? call.kwargs[name] ?? call.config[name];
  return operandOf(call, value);
}

type Make = (call: LayerCallContext) => Tensor | Tensor[];

export const operation = (make: Make): LayerForward => atOnce((call) => {
  const made = make(call);
  return { outputs: Array.isArray(made) ? made : [made] };
});

export const one = (run: (x: Tensor) => Tensor): LayerForward => operation((call) => run(operand(call, 0, 'x')));
export const two = (run: (a: Tensor, b: Tensor) => Tensor): LayerForward => operation((call) => run(operand(call, 0, 'x1'), operand(call, 1, 'x2')));

/** `length` elements along an axis, from `from`. */
export function part(x: Tensor, axis: number, from: number, length: number): Tensor {
  if (from === 0 && length === x.shape[axis]) return x;
  return slice(x, x.shape.map((_, other) => (other === axis ? from : 0)), x.shape.map((extent, other) => (other === axis ? length : extent)));
}
