/** TFLite's recurrent operators, of whole sequences and of one step. tensorflow/lite/kernels/lstm_eval.cc, internal/reference/lstm_cell.h, svdf.h, kernels/bidirectional_sequence_lstm.cc */
import { add, clipByValue, concat, matMul, mean, mul, reshape, rsqrt, sigmoid, slice, split, square, stack, sub, sum, tanh, unstack, zeros } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { LayerCallContext, LayerForward, LayerResult } from '../layer';
import { flag, numeric, operand, optional } from '../tensorflow/operands';
import { activated, operator } from './operator';

const projected = (x: Tensor, kernel: Tensor): Tensor => matMul(x, kernel, false, true);
const plus = (x: Tensor, y: Tensor | null): Tensor => (y === null ? x : add(x, y));

/** Where the weights of one direction begin among the inputs: kernels, recurrent kernels, peepholes, biases, projection; then, apart from those, the rest. */
interface Places { readonly kernels: number; readonly auxiliary: number | null; readonly normals: number | null }

/** Weights of the four gates in TFLite's order: input, forget, cell, output; the input gate may be left out (it is then 1 - forget). */
interface Gate { readonly kernel: Tensor; readonly recurrent: Tensor; readonly peephole: Tensor | null; readonly bias: Tensor | null; readonly auxiliary: Tensor | null; readonly normal: Tensor | null }

function gateOf(call: LayerCallContext, number: number, { kernels, auxiliary, normals }: Places): Gate | null {
  const kernel = optional(call, kernels + number);
  const recurrent = optional(call, kernels + 4 + number);
  // Peepholes exist for input, forget and output.
  const peephole = number === 2 ? null : optional(call, kernels + (number === 3 ? 10 : 8 + number));
  const beside = (first: number | null): Tensor | null => (first === null ? null : optional(call, first + number));
  return kernel === null || recurrent === null ? null : { kernel, recurrent, peephole, bias: optional(call, kernels + 11 + number), auxiliary: beside(auxiliary), normal: beside(normals) };
}

/** Ba and others 2016, over the units of a gate. */
const normalised = (x: Tensor): Tensor => { const centred = sub(x, mean(x, -1, true)); return mul(centred, rsqrt(add(mean(square(centred), -1, true), 1e-8))); };

interface Sequence { readonly outputs: Tensor[]; readonly states: Tensor[] }

/** One direction over the steps; `besides` are the steps of an auxiliary input. States begin at zero. */
function* lstm(call: LayerCallContext, steps: readonly Tensor[], besides: readonly Tensor[] | null, places: Places): Generator<void, Sequence, void> {
  const [input, forget, cell, output] = [0, 1, 2, 3].map((number) => gateOf(call, number, places));
  if (forget == null || cell == null || output == null) throw new Failure('op.lstm', `Operator '${call.path}' (${call.type}) lacks the weights of a gate.`);
  const [projection, projectionBias] = [optional(call, places.kernels + 15), optional(call, places.kernels + 16)];
  const batch = steps[0]?.shape[0] ?? 1;
  let hidden: Tensor = zeros([batch, forget.recurrent.shape[1] ?? 1]);
  let state: Tensor = zeros([batch, forget.kernel.shape[0] ?? 1]);
  const clip = (value: Tensor, key: string): Tensor => { const limit = numeric(call, key, 0); return limit > 0 ? clipByValue(value, -limit, limit) : value; };
  const outputs: Tensor[] = [];
  const states: Tensor[] = [];
  for (const [index, step] of steps.entries()) {
    const [before, past] = [hidden, state];
    const gate = ({ kernel, recurrent, peephole, bias, auxiliary, normal }: Gate, memory: Tensor): Tensor => {
      const beside = besides?.[index];
      let total = add(projected(step, kernel), projected(before, recurrent));
      if (auxiliary !== null && beside !== undefined) total = add(total, projected(beside, auxiliary));
      if (peephole !== null) total = add(total, mul(memory, peephole));
      return plus(normal === null ? total : mul(normalised(total), normal), bias);
    };
    const kept = sigmoid(gate(forget, past));
    const written = input == null ? sub(1, kept) : sigmoid(gate(input, past));
    state = clip(add(mul(kept, past), mul(written, activated(call, gate(cell, past)))), 'cell_clip');
    const shown = mul(sigmoid(gate(output, state)), activated(call, state));
    hidden = projection === null ? shown : clip(plus(projected(shown, projection), projectionBias), 'proj_clip');
    outputs.push(hidden);
    states.push(state);
    yield;
  }
  return { outputs, states };
}

/** A plain recurrent layer over the steps: kernel, recurrent kernel and bias from `first` on. */
function* simple(call: LayerCallContext, steps: readonly Tensor[], besides: readonly Tensor[] | null, first: number, auxiliary: Tensor | null): Generator<void, Sequence, void> {
  const recurrent = operand(call, first + 1);
  let hidden: Tensor = zeros([steps[0]?.shape[0] ?? 1, recurrent.shape[0] ?? 1]);
  const outputs: Tensor[] = [];
  for (const [index, step] of steps.entries()) {
    const beside = besides?.[index];
    const fed = add(projected(step, operand(call, first)), projected(hidden, recurrent));
    hidden = activated(call, plus(auxiliary === null || beside === undefined ? fed : add(fed, projected(beside, auxiliary)), optional(call, first + 2)));
    outputs.push(hidden);
    yield;
  }
  return { outputs, states: [] };
}

const timeAxis = (call: LayerCallContext): number => (flag(call, 'time_major') ? 0 : 1);
const stepsOf = (call: LayerCallContext, x: Tensor): Tensor[] => unstack(x, timeAxis(call));

const alone = (run: (call: LayerCallContext, steps: Tensor[]) => Generator<void, Sequence, void>): LayerForward => function* (call): Generator<void, LayerResult, void> {
  const { outputs, states } = yield* run(call, stepsOf(call, operand(call, 0)));
  return { outputs: [stack(outputs, timeAxis(call))], parts: { h: outputs, ...(states.length === 0 ? {} : { c: states }) } };
};

type Direction = (steps: readonly Tensor[], besides: readonly Tensor[] | null) => Generator<void, Sequence, void>;

/** Both directions. An auxiliary input without weights of its own is what the second direction sees; with them, both see it beside the input. */
function* both(call: LayerCallContext, auxiliaryAt: number, weighed: boolean, forward: Direction, backward: Direction): Generator<void, LayerResult, void> {
  const x = stepsOf(call, operand(call, 0));
  const given = optional(call, auxiliaryAt);
  const auxiliary = given === null ? null : stepsOf(call, given);
  const beside = weighed ? auxiliary : null;
  const first = yield* forward(x, beside);
  const second = yield* backward([...(weighed || auxiliary === null ? x : auxiliary)].reverse(), beside === null ? null : [...beside].reverse());
  const turned = [...second.outputs].reverse();
  const [one, two] = [stack(first.outputs, timeAxis(call)), stack(turned, timeAxis(call))];
  return { outputs: flag(call, 'merge_outputs') ? [concat([one, two], 2)] : [one, two], parts: { forward: first.outputs, backward: turned } };
}

/** One step: data, activation before, weights of all gates in one matrix, bias, state before. */
function basicCell(call: LayerCallContext): Tensor[] {
  const [x, before, kernel, bias, past] = [operand(call, 0), operand(call, 1), operand(call, 2), operand(call, 3), operand(call, 4)];
  const joined = concat([x, before], 1);
  const gates = add(projected(joined, kernel), bias);
  const [input, candidate, forget, output] = split(gates, 4, 1);
  if (input === undefined || candidate === undefined || forget === undefined || output === undefined) throw new Failure('op.lstm', `Operator '${call.path}' (${call.type}) lacks the weights of a gate.`);
  const state = add(mul(sigmoid(input), tanh(candidate)), mul(sigmoid(forget), past));
  return [mul(sigmoid(output), tanh(state)), state, joined, gates];
}

/** Nakkiran and others 2015: filters over features, then over time. The memory begins at zero, so that the step sees its last place alone. */
const svdf = operator((call) => {
  const [x, features, times] = [operand(call, 0), operand(call, 1), operand(call, 2)];
  const [filters = 1, memory = 1] = times.shape;
  const rank = Math.max(1, numeric(call, 'rank', 1));
  const filtered = mul(projected(x, features), reshape(slice(times, [0, memory - 1], [filters, 1]), [filters]));
  return activated(call, plus(sum(reshape(filtered, [x.shape[0] ?? 1, filters / rank, rank]), 2), optional(call, 3)));
});

const cell = operator(basicCell);
const sequence: Places = { kernels: 1, auxiliary: null, normals: 20 };

export const recurrent: Readonly<Record<string, LayerForward>> = {
  UNIDIRECTIONAL_SEQUENCE_LSTM: alone((call, steps) => lstm(call, steps, null, sequence)), UNIDIRECTIONAL_SEQUENCE_RNN: alone((call, steps) => simple(call, steps, null, 1, null)),
  BIDIRECTIONAL_SEQUENCE_LSTM: (call) => {
    const weighed = optional(call, 41) !== null;
    return both(call, 39, weighed, (steps, besides) => lstm(call, steps, besides, { kernels: 1, auxiliary: weighed ? 40 : null, normals: null }), (steps, besides) => lstm(call, steps, besides, { kernels: 18, auxiliary: weighed ? 44 : null, normals: null }));
  },
  BIDIRECTIONAL_SEQUENCE_RNN: (call) => {
    const [first, second] = [optional(call, 10), optional(call, 11)];
    return both(call, 9, first !== null, (steps, besides) => simple(call, steps, besides, 1, first), (steps, besides) => simple(call, steps, besides, 5, second));
  },
  // Kernel type 1 is the basic one, with all gates in one matrix.
  LSTM: (call) => (numeric(call, 'kernel_type', 0) === 1 ? cell(call) : one(call, (steps) => lstm(call, steps, null, sequence))), RNN: (call) => one(call, (steps) => simple(call, steps, null, 1, null)), SVDF: svdf,
};

/** A sequence operator on a single step. */
function* one(call: LayerCallContext, run: (steps: Tensor[]) => Generator<void, Sequence, void>): Generator<void, LayerResult, void> {
  const { outputs } = yield* run([operand(call, 0)]);
  return { outputs: outputs.slice(0, 1) };
}
