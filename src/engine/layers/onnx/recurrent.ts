/** RNN, GRU and LSTM as ONNX writes them: `[steps, batch, …]`, gates z, r, h and i, o, f, c in one weight, one to two directions. */
import { add, clipByValue, elu, fill, leakyRelu, matMul, mul, relu, reshape, sigmoid, slice, softplus, split, stack, sub, tanh, tensor, transpose, abs, div, greater, cast } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { LayerCallContext, LayerForward, LayerResult } from '../layer';
import { misfit, numberOf, operand, optional, wordOf } from './operands';

type Function1 = (x: Tensor) => Tensor;

const functions: Readonly<Record<string, (alpha: number | undefined, beta: number | undefined) => Function1>> = {
  sigmoid: () => sigmoid, tanh: () => tanh, relu: () => relu, softsign: () => (x) => div(x, add(abs(x), 1)), softplus: () => softplus,
  hardsigmoid: (alpha = 0.2, beta = 0.5) => (x) => clipByValue(add(mul(x, alpha), beta), 0, 1), leakyrelu: (alpha = 0.01) => (x) => leakyRelu(x, alpha), affine: (alpha = 1, beta = 0) => (x) => add(mul(x, alpha), beta),
  scaledtanh: (alpha = 1, beta = 1) => (x) => mul(tanh(mul(x, beta)), alpha), elu: () => elu, thresholdedrelu: (alpha = 1) => (x) => mul(x, cast(greater(x, alpha), 'float32')),
};

/** What a step of a direction sees: the input's part of the gates, computed for all steps at once, the states before, and the weights. */
interface Step { readonly gates: Tensor; readonly h: Tensor; readonly c: Tensor; readonly recurrent: Tensor; readonly bias: Tensor | null; readonly peepholes: Tensor | null; readonly hidden: number; readonly f: Function1; readonly g: Function1; readonly o: Function1; readonly clip: Function1; readonly call: LayerCallContext }
type Cell = (step: Step) => { readonly h: Tensor; readonly c: Tensor };

const part = (x: Tensor, index: number, size: number): Tensor => slice(x, [...x.shape.slice(0, -1).map(() => 0), index * size], [...x.shape.slice(0, -1), size]);
const plus = (x: Tensor, y: Tensor | null): Tensor => (y === null ? x : add(x, y));

const plain: Cell = ({ gates, h, c, recurrent, bias, f, clip }) => ({ h: f(clip(plus(add(gates, matMul(h, recurrent)), bias))), c });

/** Cho and others 2014; `linear_before_reset` multiplies by r after the matrix, as PyTorch and cuDNN do. */
const gru: Cell = ({ gates, h, c, recurrent, bias, hidden, f, g, clip, call }) => {
  const lead = slice(recurrent, [0, 0], [hidden, 2 * hidden]);
  const last = slice(recurrent, [0, 2 * hidden], [hidden, hidden]);
  const zr = f(clip(plus(add(slice(gates, [0, 0], [gates.shape[0] ?? 1, 2 * hidden]), matMul(h, lead)), bias === null ? null : slice(bias, [0], [2 * hidden]))));
  const [z, r] = [part(zr, 0, hidden), part(zr, 1, hidden)];
  const own = bias === null ? null : slice(bias, [2 * hidden], [hidden]);
  const back = numberOf(call, 'linear_before_reset', 0) === 1 ? mul(r, plus(matMul(h, last), own)) : plus(matMul(mul(r, h), last), own);
  const candidate = g(clip(add(part(gates, 2, hidden), back)));
  return { h: add(mul(sub(1, z), candidate), mul(z, h)), c };
};

/** Hochreiter and Schmidhuber 1997, with peepholes where the file has them. */
const lstm: Cell = ({ gates, h, c, recurrent, bias, peepholes, hidden, f, g, o, clip, call }) => {
  const all = plus(add(gates, matMul(h, recurrent)), bias);
  const peep = (index: number, state: Tensor): Tensor => (peepholes === null ? part(all, index, hidden) : add(part(all, index, hidden), mul(state, slice(peepholes, [index * hidden], [hidden]))));
  const input = f(clip(peep(0, c)));
  const forget = numberOf(call, 'input_forget', 0) === 1 ? sub(1, input) : f(clip(peep(2, c)));
  const next = add(mul(forget, c), mul(input, g(clip(part(all, 3, hidden)))));
  return { h: mul(f(clip(peep(1, next))), o(next)), c: next };
};

const kinds = {
  RNN: { cell: plain, gates: 1, names: ['Tanh'] }, GRU: { cell: gru, gates: 3, names: ['Sigmoid', 'Tanh'] }, LSTM: { cell: lstm, gates: 4, names: ['Sigmoid', 'Tanh', 'Tanh'] },
} as const;

/** The activations of a direction, in the order f, g, h. */
function activationsOf(call: LayerCallContext, kind: keyof typeof kinds, direction: number): Function1[] {
  const { names } = kinds[kind];
  const list = (key: string): readonly unknown[] => (Array.isArray(call.config[key]) ? (call.config[key]) : []);
  const given = list('activations').filter((name) => typeof name === 'string');
  return names.map((fallback, index) => {
    const at = direction * names.length + index;
    const name = given[at] ?? fallback;
    const make = functions[name.toLowerCase()];
    if (make === undefined) throw new Failure('layer.setting', `Layer '${call.path}' (${kind}) has the activation '${name}', which Backstep does not have.`);
    const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
    return make(number(list('activation_alpha')[at]), number(list('activation_beta')[at]));
  });
}

/** One number for each example that keeps a state (0) or takes the new one (1), for the steps behind an example's length. */
function counting(lengths: readonly number[], step: number): Tensor | null {
  return lengths.every((length) => step < length) ? null : tensor(lengths.map((length) => Number(step < length)), [lengths.length, 1]);
}

function* direction(call: LayerCallContext, kind: keyof typeof kinds, number: number, x: Tensor, backwards: boolean, lengths: readonly number[]): Generator<void, { outputs: Tensor[]; h: Tensor; c: Tensor }, void> {
  const { cell, gates: count } = kinds[kind];
  const [steps = 1, batch = 1, features = 1] = x.shape;
  const own = (weight: Tensor | null): Tensor | null => (weight === null ? null : reshape(slice(weight, [number, ...weight.shape.slice(1).map(() => 0)], [1, ...weight.shape.slice(1)]), weight.shape.slice(1)));
  const [input, recurrent] = [own(operand(call, 1)), own(operand(call, 2))];
  if (input === null || recurrent === null || input.shape[1] !== features) throw misfit(call, `takes ${input?.shape[1] ?? '?'} features a step, but its input has the shape [${x.shape.join(', ')}]`);
  const hidden = recurrent.shape[1] ?? 1;
  const both = own(optional(call, 3));
  const [fromInput = null, fromState = null] = both === null ? [] : split(both, 2, 0);
  const clip = numberOf(call, 'clip', 0);
  const [f = sigmoid, g = tanh, o = tanh] = activationsOf(call, kind, number);
  const product = matMul(reshape(x, [steps * batch, features]), input, false, true);
  const gates = reshape(plus(product, fromInput), [steps, batch, count * hidden]);
  const first = (position: number): Tensor => own(optional(call, position)) ?? fill([batch, hidden], 0);
  const layout = numberOf(call, 'layout', 0) === 1;
  const state = (position: number): Tensor => { const given = optional(call, position); return layout && given !== null ? reshape(slice(given, [0, number, 0], [batch, 1, hidden]), [batch, hidden]) : first(position); };
  let h = state(5);
  let c = kind === 'LSTM' ? state(6) : h;
  const peepholes = kind === 'LSTM' ? own(optional(call, 7)) : null;
  const turned = transpose(recurrent);
  const outputs: Tensor[] = Array<Tensor>(steps);
  for (let index = 0; index < steps; index += 1) {
    const step = backwards ? steps - 1 - index : index;
    const now = reshape(slice(gates, [step, 0, 0], [1, batch, count * hidden]), [batch, count * hidden]);
    const made = cell({ gates: now, h, c, recurrent: turned, bias: fromState, peepholes, hidden, f, g, o, clip: clip === 0 ? (y) => y : (y) => clipByValue(y, -clip, clip), call });
    const counts = counting(lengths, step);
    const kept = (next: Tensor, before: Tensor): Tensor => (counts === null ? next : add(mul(next, counts), mul(before, sub(1, counts))));
    h = kept(made.h, h);
    c = kept(made.c, c);
    outputs[step] = counts === null ? h : mul(made.h, counts);
    yield;
  }
  return { outputs, h, c };
}

const recurrent = (kind: keyof typeof kinds): LayerForward => function* (call): Generator<void, LayerResult, void> {
  const given = operand(call, 0);
  if (given.rank !== 3) throw misfit(call, `gets the shape [${given.shape.join(', ')}] instead of steps, batch and features`);
  const layout = numberOf(call, 'layout', 0) === 1;
  const x = layout ? transpose(given, [1, 0, 2]) : given;
  const [steps = 1, batch = 1] = x.shape;
  const lengths = [...(optional(call, 4)?.dataSync() ?? Array<number>(batch).fill(steps))];
  const way = wordOf(call, 'direction', 'forward');
  const ways = way === 'bidirectional' ? [false, true] : [way === 'reverse'];
  const runs: { outputs: Tensor[]; h: Tensor; c: Tensor }[] = [];
  for (const [number, backwards] of ways.entries()) runs.push(yield* direction(call, kind, number, x, backwards, lengths));
  const axis = layout ? 2 : 1;
  const whole = (): Tensor => stack(runs.map(({ outputs }) => stack(outputs, layout ? 1 : 0)), axis);
  const last = (pick: (run: { h: Tensor; c: Tensor }) => Tensor): Tensor => stack(runs.map(pick), layout ? 1 : 0);
  const parts = Object.fromEntries(runs.map(({ outputs }, number) => [ways.length > 1 ? (number === 0 ? 'forward' : 'backward') : 'h', outputs]));
  const makers = [whole, () => last(({ h }) => h), ...(kind === 'LSTM' ? [() => last(({ c }) => c)] : [])];
  return { outputs: makers.slice(0, call.outputCount).map((make) => make()), parts };
};

export const recurrentOps = { RNN: recurrent('RNN'), GRU: recurrent('GRU'), LSTM: recurrent('LSTM') } satisfies Readonly<Record<string, LayerForward>>;
