/** TensorFlow's If, While and calls of functions, whose graphs get all that they need as inputs. https://www.tensorflow.org/api_docs/python/tf/raw_ops/While */
import { operand, operands } from '../tensorflow/operands';
import { holds, repeated } from './control-flow';
import type { ControlFlow } from './control-flow';

const branch: ControlFlow = function* (call, bodies) {
  return { outputs: yield* bodies.run(operands(call, 1), holds(call, operand(call, 0)) ? 'then_branch' : 'else_branch') };
};
const loop: ControlFlow = (call, bodies) => repeated(call, bodies, operands(call));
const called: ControlFlow = function* (call, bodies) { return { outputs: yield* bodies.run(operands(call)) }; };

export const tensorflowControlFlow: Readonly<Record<string, ControlFlow>> = { If: branch, StatelessIf: branch, While: loop, StatelessWhile: loop, PartitionedCall: called, StatefulPartitionedCall: called };
