/** TFLite's recurrent operators over whole sequences. tensorflow/lite/kernels/internal/reference/lstm_cell.h, kernels/unidirectional_sequence_lstm.cc */
import { add, clipByValue, matMul, mul, sigmoid, stack, sub, unstack, zeros } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { LayerCallContext, LayerForward } from '../layer';
import { flag, numeric, operand, optional } from '../tensorflow/operands';
import { activated } from './operator';

/** Weights of the four gates in TFLite's order: input, forget, cell, output; the input gate may be left out (it is then 1 - forget). */
interface Gate { readonly kernel: Tensor; readonly recurrent: Tensor; readonly peephole: Tensor | null; readonly bias: Tensor | null }

function gateOf(call: LayerCallContext, number: number): Gate | null {
  const kernel = optional(call, 1 + number);
  const recurrent = optional(call, 5 + number);
  // Peepholes exist for input, forget and output.
  const peephole = number === 2 ? null : optional(call, number === 3 ? 11 : 9 + number);
  return kernel === null || recurrent === null ? null : { kernel, recurrent, peephole, bias: optional(call, 12 + number) };
}

const projected = (x: Tensor, kernel: Tensor): Tensor => matMul(x, kernel, false, true);

function* lstm(call: LayerCallContext): ReturnType<LayerForward> {
  const x = operand(call, 0);
  const timeMajor = flag(call, 'time_major');
  if (Array.from({ length: 4 }, (_, index) => optional(call, 20 + index)).some((normal) => normal !== null)) throw new Failure('op.lstm', `Operator '${call.path}' (${call.type}) normalises its gates, which Backstep does not run.`);
  const [input, forget, cell, output] = [gateOf(call, 0), gateOf(call, 1), gateOf(call, 2), gateOf(call, 3)];
  if (forget === null || cell === null || output === null) throw new Failure('op.lstm', `Operator '${call.path}' (${call.type}) lacks the weights of a gate.`);
  const [projection, projectionBias] = [optional(call, 16), optional(call, 17)];
  const batch = x.shape[timeMajor ? 1 : 0] ?? 1;
  let hidden: Tensor = zeros([batch, forget.recurrent.shape[1] ?? 1]);
  let state: Tensor = zeros([batch, forget.kernel.shape[0] ?? 1]);
  const clip = (value: Tensor, key: string): Tensor => { const limit = numeric(call, key, 0); return limit > 0 ? clipByValue(value, -limit, limit) : value; };
  const outputs: Tensor[] = [];
  const states: Tensor[] = [];
  for (const step of unstack(x, timeMajor ? 0 : 1)) {
    const [before, past] = [hidden, state];
    const gate = ({ kernel, recurrent, peephole, bias }: Gate, memory: Tensor): Tensor => {
      let sum = add(projected(step, kernel), projected(before, recurrent));
      if (peephole !== null) sum = add(sum, mul(memory, peephole));
      return bias === null ? sum : add(sum, bias);
    };
    const kept = sigmoid(gate(forget, past));
    const written = input === null ? sub(1, kept) : sigmoid(gate(input, past));
    state = clip(add(mul(kept, past), mul(written, activated(call, gate(cell, past)))), 'cell_clip');
    const shown = mul(sigmoid(gate(output, state)), activated(call, state));
    const through = projection === null ? shown : projected(shown, projection);
    hidden = projection === null ? shown : clip(projectionBias === null ? through : add(through, projectionBias), 'proj_clip');
    outputs.push(hidden);
    states.push(state);
    yield;
  }
  return { outputs: [stack(outputs, timeMajor ? 0 : 1)], parts: { h: outputs, c: states } };
}

/** A plain recurrent layer: inputs x, kernel, recurrent kernel, bias. */
function* simple(call: LayerCallContext): ReturnType<LayerForward> {
  const x = operand(call, 0);
  const timeMajor = flag(call, 'time_major');
  const recurrent = operand(call, 2);
  let hidden: Tensor = zeros([x.shape[timeMajor ? 1 : 0] ?? 1, recurrent.shape[0] ?? 1]);
  const outputs: Tensor[] = [];
  for (const step of unstack(x, timeMajor ? 0 : 1)) {
    hidden = activated(call, add(add(projected(step, operand(call, 1)), projected(hidden, recurrent)), operand(call, 3)));
    outputs.push(hidden);
    yield;
  }
  return { outputs: [stack(outputs, timeMajor ? 0 : 1)], parts: { h: outputs } };
}

export const recurrent: Readonly<Record<string, LayerForward>> = { UNIDIRECTIONAL_SEQUENCE_LSTM: lstm, UNIDIRECTIONAL_SEQUENCE_RNN: simple };

