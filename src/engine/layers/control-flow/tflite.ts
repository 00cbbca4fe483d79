/** TFLite's IF and WHILE, whose graphs get all that they need as inputs. tensorflow/lite/kernels/if.cc, while.cc */
import { operand, operands } from '../tensorflow/operands';
import { holds, repeated } from './control-flow';
import type { ControlFlow } from './control-flow';

export const tfliteControlFlow: Readonly<Record<string, ControlFlow>> = {
  *IF(call, bodies) {
    return { outputs: yield* bodies.run(operands(call, 1), holds(call, operand(call, 0)) ? 'then_branch' : 'else_branch') };
  },
  WHILE: (call, bodies) => repeated(call, bodies, operands(call)),
};
