/** What the families of layers share: getting at a call's tensors, and layers that run in one go. */
import { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../tensor/failure';
import type { CallValue, LayerCallContext, LayerForward, LayerResult, Mask } from './layer';

export function isTensor(value: CallValue | undefined): value is Tensor {
  return value instanceof Tensor;
}

/** The tensors inside a value, in order, depth first. */
export function tensorsIn(value: CallValue | undefined): Tensor[] {
  if (isTensor(value)) return [value];
  if (Array.isArray(value)) return value.flatMap((entry: CallValue) => tensorsIn(entry));
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap((entry: CallValue) => tensorsIn(entry));
  return [];
}

/** The tensors of the first argument. @throws Failure when there are fewer than `least`. */
export function inputsOf(call: LayerCallContext, least = 1): Tensor[] {
  const inputs = tensorsIn(call.args[0]);
  if (inputs.length < least) {
    throw new Failure('layer.inputs', `Layer '${call.path}' (${call.type}) needs ${least === 1 ? 'an input tensor' : `${least} input tensors`}, but is called with ${inputs.length}.`);
  }
  return inputs;
}

/** The layer's one input. */
export function inputOf(call: LayerCallContext): Tensor {
  const [input] = inputsOf(call);
  if (input === undefined) throw new Failure('layer.inputs', `Layer '${call.path}' (${call.type}) is called without an input tensor.`);
  return input;
}

/** Refuses an input whose number of axes the layer does not take. */
export function checkRank(call: LayerCallContext, input: Tensor, rank: number): void {
  if (input.rank !== rank) {
    throw new Failure('layer.rank', `Layer '${call.path}' (${call.type}) takes an input of ${rank} axes, batch included, but gets the shape [${input.shape.join(', ')}].`);
  }
}

/** A mask that is computed once, when first asked for. */
export function lazyMask(make: () => Tensor): Mask {
  let made: Tensor | null = null;
  return { tensor: () => (made ??= make()) };
}

/** The mask that a call works with: its explicit `mask` argument, or the implicit one of its first input. */
export function maskOf(call: LayerCallContext): Tensor | null {
  const given = call.kwargs['mask'];
  if (isTensor(given)) return given;
  return call.masks[0]?.tensor() ?? null;
}

/** A layer that runs in one stretch, from a plain function. */
export function atOnce(run: (call: LayerCallContext) => LayerResult): LayerForward {
  return function* (call) {
    return run(call);
  };
}

/** A layer of one input and one output that keeps its input's mask. */
export function pointwise(run: (input: Tensor, call: LayerCallContext) => Tensor): LayerForward {
  return atOnce((call) => ({ outputs: [run(inputOf(call), call)], masks: [call.masks[0] ?? null] }));
}

/** A layer of one input and one output whose output carries no mask. */
export function plain(run: (input: Tensor, call: LayerCallContext) => Tensor): LayerForward {
  return atOnce((call) => ({ outputs: [run(inputOf(call), call)] }));
}
