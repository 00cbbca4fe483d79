/** Keras's TimeDistributed around a whole model: the model runs once for every step of the sequence. */
import { stack, unstack } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { inputOf } from '../calls';
import type { ControlFlow } from './control-flow';

const timeDistributed: ControlFlow = function* (call, bodies) {
  const x = inputOf(call);
  if (x.rank < 3) throw new Failure('layer.rank', `Layer '${call.path}' (TimeDistributed) takes a sequence [batch, time, …], but gets the shape [${x.shape.join(', ')}].`);
  const made: Tensor[] = [];
  for (const step of unstack(x, 1)) made.push(...(yield* bodies.run([step])).slice(0, 1));
  return { outputs: [stack(made, 1)], masks: [call.masks[0] ?? null] };
};

export const kerasControlFlow: Readonly<Record<string, ControlFlow>> = { TimeDistributed: timeDistributed };
