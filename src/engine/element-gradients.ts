/** The gradient of a single recorded element by tensors that came before it: the forward pass again, as far as the element, and back. */
import { tensor as makeTensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../tensor/failure';
import { sizeOf } from '../tensor/value';
import type { TensorValue } from '../tensor/value';
import { backward } from './backward';
import type { Differentiate } from './iteration';
import { readTensor } from './recorder/handles';
import type { Recorder } from './recorder/recorder';
import type { ElementPlace } from './run';

/**
 * Drives `pass` (forward and loss, recorded by `recorder` with the ids of the original trace) until the tensor exists, then walks back.
 * @returns a gradient a tensor of `by`, null where the element does not depend on it
 */
export function* elementGradients(pass: Generator<Differentiate, unknown, void>, recorder: Recorder, { tensor, element }: ElementPlace, by: readonly number[]): Generator<Differentiate, (TensorValue | null)[], void> {
  let step = pass.next();
  while (step.done !== true && !recorder.tensors.has(tensor)) {
    yield step.value;
    step = pass.next();
  }
  yield false;
  const y = recorder.tensors.get(tensor)?.tensor;
  if (y === undefined) throw new Failure('gradient.later', 'This tensor is made after the loss; the gradient of its elements is not known.');
  if (y.dtype !== 'float32') throw new Failure('gradient.type', `A tensor of type ${y.dtype} has no gradient.`);
  const xs = by.flatMap((id) => recorder.tensors.get(id)?.tensor ?? []);
  const gradients = yield* walkBack(recorder, xs, y, maskOf(y.shape, (place) => place === element));
  return by.map((id) => {
    const gradient = gradients.get(recorder.tensors.get(id)?.tensor.id ?? -1);
    return gradient === undefined ? null : readTensor(gradient);
  });
}

/** Gradients of the sum of `seed · y`, giving the event loop its turn between the nodes of the tape. */
export function* walkBack(recorder: Recorder, xs: readonly Tensor[], y: Tensor, seed: Tensor): Generator<Differentiate, ReadonlyMap<number, Tensor>, void> {
  const walk = backward(recorder, xs, y, seed);
  let walked = walk.next();
  while (walked.done !== true) {
    yield false;
    walked = walk.next();
  }
  return walked.value.of;
}

/** Ones where `chosen` says so, zeros elsewhere. */
export function maskOf(shape: readonly number[], chosen: (element: number) => boolean): Tensor {
  return makeTensor(Float32Array.from({ length: sizeOf(shape) }, (_, element) => (chosen(element) ? 1 : 0)), [...shape], 'float32');
}
