/** What a call of a layer takes, by place: tensors of the graph, and for ops of files the weights among them. */
import { dataRefsOfCall, refsOfCall } from './arguments';
import { isObject } from './kinds/kind';
import type { Argument, Json, Layer, LayerCall, SymbolicShape, TensorRef } from './network';

/** Longer lists of constants say nothing of how an op works. */
const maximalList = 64;

/** A tensor of a network as a key of maps. */
export const keyOf = ({ layer, call, output }: TensorRef): string => `${call}/${output}/${layer}`;

/** An operand of a call: a tensor of the graph or a weight, by its shape. */
export interface TakenOperand { readonly ref: TensorRef | null; readonly shape: SymbolicShape | undefined; readonly values: readonly number[] | undefined; readonly placed: boolean }

/** Keras's layers take tensors in the order of the call; ops have places, some of which hold weights. */
export function operandsOf(layer: Layer, call: LayerCall, shapeOf: (ref: TensorRef) => SymbolicShape | undefined): TakenOperand[] {
  const ofRef = (ref: TensorRef, placed = true): TakenOperand => ({ ref, shape: shapeOf(ref), values: undefined, placed });
  if (layer.foreign === undefined) return refsOfCall(call).map((ref) => ofRef(ref));
  const { values } = layer.foreign;
  const placed = (argument: Argument): TakenOperand => {
    if (argument.kind === 'tensor') return ofRef(argument.ref);
    if (argument.kind === 'value' && isObject(argument.value) && Array.isArray(argument.value.shape) && Array.isArray(argument.value.data)) {
      const { shape, data } = argument.value, numbers = (list: readonly Json[]): number[] => list.filter((each) => typeof each === 'number');
      return { ref: null, shape: numbers(shape as readonly Json[]), values: data.length > maximalList ? undefined : numbers(data as readonly Json[]), placed: true };
    }
    const weight = argument.kind === 'value' && typeof argument.value === 'string' ? layer.weights.find(({ name }) => name === argument.value) : undefined;
    return { ref: null, shape: weight?.shape, values: weight === undefined ? undefined : values?.[weight.name], placed: true };
  };
  const given = call.args.map(placed), listed = new Set(given.flatMap(({ ref }) => (ref === null ? [] : [keyOf(ref)])));
  // What else it computes with has no place: all of it is read.
  return [...given, ...dataRefsOfCall(call).filter((ref) => !listed.has(keyOf(ref))).map((ref) => ofRef(ref, false))];
}
