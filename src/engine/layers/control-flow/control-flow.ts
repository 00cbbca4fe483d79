/** Loops and branches: layers that run the networks inside them as their data say. The recording is of what ran, and gradients follow it. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Network } from '../../../network/network';
import { Failure } from '../../../tensor/failure';
import type { LayerCallContext, LayerResult } from '../layer';

/** What a loop or branch has inside. `Step` is whatever the forward pass yields while a body runs. */
export interface Bodies<Step> {
  readonly network: Network;
  /** Runs the network inside once, or the one of the layer `name` in it. Gives its outputs. */
  run(inputs: readonly Tensor[], name?: string): Generator<Step, readonly Tensor[], void>;
}

export type ControlFlow = <Step>(call: LayerCallContext, bodies: Bodies<Step>) => Generator<Step, LayerResult, void>;

/** Whether a condition of one element holds. @throws Failure `op.condition` */
export function holds(call: LayerCallContext, condition: Tensor | undefined): boolean {
  if (condition?.size !== 1) throw new Failure('op.condition', `Layer '${call.path}' (${call.type}) needs a condition of one element, but gets the shape [${condition?.shape.join(', ') ?? ''}].`);
  return condition.dataSync()[0] !== 0;
}

/** The body runs on the loop's variables, one after another, while the condition holds for them. */
export function* repeated<Step>(call: LayerCallContext, bodies: Bodies<Step>, first: readonly Tensor[]): Generator<Step, LayerResult, void> {
  let variables = first;
  for (;;) {
    const [condition] = yield* bodies.run(variables, 'cond');
    if (!holds(call, condition)) return { outputs: variables };
    variables = yield* bodies.run(variables, 'body');
  }
}
