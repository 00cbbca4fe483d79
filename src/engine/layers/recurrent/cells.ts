/** The cells of recurrent layers: one time step each, from an input and the states to an output and new states. */
import { add, matMul, mul, neg, split, squeeze, sub, zeros } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { Convention, Json } from '../../../network/network';
import { activationOf } from '../activations';
import { convolve } from '../convolution/ops';
import { biasAdd, dot } from '../dense';
import type { LayerCallContext } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { dropMask } from '../randomness';
import { channelsFirst, choiceOf, extentsOf, flagOf, numberOf } from '../settings';

/** What one time step gives; the first state is the output in all of Keras's own cells. */
export interface Step { readonly output: Tensor; readonly states: readonly Tensor[] }

export interface Cell {
  /** Names of the states, for who looks at them: `h`, `c`. */
  readonly states: readonly string[];
  /** States to start from, given the shape of one step's input. */
  initial(shape: readonly number[]): Tensor[];
  step(x: Tensor, states: readonly Tensor[]): Step;
}

/** The call of a cell: its own configuration, its weights by their bare names (`kernel`, `recurrent_kernel`, `bias`). */
export type CellCall = LayerCallContext;

type MakeCell = (call: CellCall) => Cell;

function stateAt(states: readonly Tensor[], index: number): Tensor {
  const state = states[index];
  if (state === undefined) throw new Failure('layer.states', `A recurrent cell is called with ${states.length} states, but has more.`);
  return state;
}

/** The product of a step: tfjs-layers goes through its fused kernel. */
function product(convention: Convention, a: Tensor, b: Tensor): Tensor {
  return convention === 'tfjs' ? dot(a, b) : matMul(a, b);
}

function activation(call: CellCall, key: string, fallback: string): (x: Tensor) => Tensor {
  const value: Json | undefined = call.config[key];
  const resolved = activationOf(call, value === undefined ? fallback : value, call.convention);
  return (x) => resolved.apply(x);
}

/** Gates open and close by a sigmoid; tfjs-layers' default is the hard one. */
const gate = (call: CellCall): ((x: Tensor) => Tensor) => activation(call, 'recurrent_activation', call.convention === 'tfjs' ? 'hard_sigmoid' : 'sigmoid');

/** Dropout masks of the input and of the first state, drawn once and used at every step. */
function noise(call: CellCall): { input: (x: Tensor) => Tensor; state: (h: Tensor) => Tensor } {
  const masked = (key: string): ((x: Tensor) => Tensor) => {
    const rate = Math.min(1, Math.max(0, numberOf(call, key, 0)));
    let mask: Tensor | null = null;
    return (x) => {
      if (rate === 0 || rate >= 1 || !call.training || !call.dropout) return x;
      mask ??= dropMask(x.shape, rate, call.seed(key));
      return mul(x, mask);
    };
  };
  return { input: masked('dropout'), state: masked('recurrent_dropout') };
}

const biasOf = (call: CellCall): Tensor | null => (call.hasWeight('bias') ? call.weight('bias') : null);

function denseStates(call: CellCall, count: number): Cell['initial'] {
  return ([batch = 1]) => Array.from({ length: count }, () => zeros([batch, numberOf(call, 'units')]));
}

/** h' = activation(x W + h U + b) */
const simple: MakeCell = (call) => {
  const [kernel, recurrent, bias] = [call.weight('kernel'), call.weight('recurrent_kernel'), biasOf(call)];
  const activate = activation(call, 'activation', 'tanh');
  const drop = noise(call);
  return {
    states: ['h'],
    initial: denseStates(call, 1),
    step: (x, states) => {
      const h = drop.state(stateAt(states, 0));
      const own = product(call.convention, drop.input(x), kernel);
      const output = activate(add(bias === null ? own : add(own, bias), product(call.convention, h, recurrent)));
      return { output, states: [output] };
    },
  };
};

/** Hochreiter and Schmidhuber 1997, with forget gate; gates in the order i, f, c, o. */
const lstm: MakeCell = (call) => {
  const [kernel, recurrent, bias] = [call.weight('kernel'), call.weight('recurrent_kernel'), biasOf(call)];
  const [activate, open] = [activation(call, 'activation', 'tanh'), gate(call)];
  const drop = noise(call);
  return {
    states: ['h', 'c'],
    initial: denseStates(call, 2),
    step: (x, states) => {
      const h = drop.state(stateAt(states, 0));
      const sum = add(product(call.convention, drop.input(x), kernel), product(call.convention, h, recurrent));
      const [i, f, c, o] = parts(bias === null ? sum : add(sum, bias), 4);
      const inGate = open(i);
      const forget = open(f);
      const carry = add(mul(forget, stateAt(states, 1)), mul(inGate, activate(c)));
      const output = mul(open(o), activate(carry));
      return { output, states: [output, carry] };
    },
  };
};

function parts(x: Tensor, count: 4): [Tensor, Tensor, Tensor, Tensor];
function parts(x: Tensor, count: 3): [Tensor, Tensor, Tensor];
function parts(x: Tensor, count: 2): [Tensor, Tensor];
function parts(x: Tensor, count: number): Tensor[] {
  return split(x, count, x.rank - 1);
}

/** Cho and others 2014; gates in the order z, r, h. With `reset_after` the reset gate acts on the product, which then has a bias of its own. */
const gru: MakeCell = (call) => {
  const [kernel, recurrent, bias] = [call.weight('kernel'), call.weight('recurrent_kernel'), biasOf(call)];
  const [activate, open] = [activation(call, 'activation', 'tanh'), gate(call)];
  const resetAfter = flagOf(call, 'reset_after', call.convention !== 'tfjs');
  const units = numberOf(call, 'units');
  const drop = noise(call);
  const initial = denseStates(call, 1);
  const tfjs = call.convention === 'tfjs';
  if (resetAfter) {
    const [inputBias, stateBias] = bias === null ? [null, null] : rows(bias);
    return {
      states: ['h'],
      initial,
      step: (x, states) => {
        const h = drop.state(stateAt(states, 0));
        const fromInput = product(call.convention, drop.input(x), kernel);
        const fromState = product(call.convention, h, recurrent);
        const [xz, xr, xh] = parts(inputBias === null ? fromInput : add(fromInput, inputBias), 3);
        const [hz, hr, hh] = parts(stateBias === null ? fromState : add(fromState, stateBias), 3);
        const z = open(add(xz, hz));
        const r = open(add(xr, hr));
        return mixed(z, stateAt(states, 0), activate(add(xh, mul(r, hh))), tfjs);
      },
    };
  }
  return {
    states: ['h'],
    initial,
    step: (x, states) => {
      const own = product(call.convention, drop.input(x), kernel);
      const fromInput = bias === null ? own : add(own, bias);
      const h = drop.state(stateAt(states, 0));
      const [gates, candidate] = split(recurrent, [2 * units, units], recurrent.rank - 1);
      if (gates === undefined || candidate === undefined) throw new Failure('layer.weight', `Layer '${call.path}' has a recurrent kernel of the wrong width.`);
      const fromState = product(call.convention, h, gates);
      const [xz, xr, xh] = parts(fromInput, 3);
      const [hz, hr] = parts(fromState, 2);
      const z = open(add(xz, hz));
      const r = open(add(xr, hr));
      const proposed = activate(add(xh, product(call.convention, mul(r, h), candidate)));
      return mixed(z, tfjs ? h : stateAt(states, 0), proposed, tfjs);
    },
  };
};

/** h' = z h + (1 - z) ĥ */
function mixed(z: Tensor, h: Tensor, proposed: Tensor, tfjs: boolean): Step {
  const output = add(mul(z, h), mul(tfjs ? add(1, neg(z)) : sub(1, z), proposed));
  return { output, states: [output] };
}

/** The two rows of a GRU's bias: of the input's product and of the state's. */
function rows(bias: Tensor): [Tensor, Tensor] {
  const [first, second] = split(bias, 2, 0);
  if (first === undefined || second === undefined) throw new Failure('layer.weight', 'A GRU with reset_after has a bias of two rows.');
  return [squeeze(first, [0]), squeeze(second, [0])];
}

/** Shi and others 2015: an LSTM whose products are convolutions of `rank` spatial axes. */
const convolutional = (rank: number): MakeCell => (call) => {
  const [kernel, recurrent, bias] = [call.weight('kernel'), call.weight('recurrent_kernel'), biasOf(call)];
  const [activate, open] = [activation(call, 'activation', 'tanh'), gate(call)];
  const ones = Array.from({ length: rank }, () => 1);
  const first = channelsFirst(call);
  const inward = { strides: extentsOf(call, 'strides', rank, ones), dilations: extentsOf(call, 'dilation_rate', rank, ones), padding: choiceOf(call, 'padding', ['valid', 'same']) };
  const around = { strides: ones, dilations: ones, padding: 'same' as const };
  const drop = noise(call);
  const run = (x: Tensor, taps: Tensor, window: typeof inward): Tensor => {
    const y = convolve(first ? toChannelsLast(x) : x, taps, window);
    return first ? toChannelsFirst(y) : y;
  };
  const extent = (size: number, axis: number): number => {
    const reach = ((kernel.shape[axis] ?? 1) - 1) * (inward.dilations[axis] ?? 1) + 1;
    return Math.ceil((inward.padding === 'same' ? size : size - reach + 1) / (inward.strides[axis] ?? 1));
  };
  return {
    states: ['h', 'c'],
    initial: (given) => {
      const filters = numberOf(call, 'filters');
      const spatial = given.slice(first ? 2 : 1, first ? undefined : -1).map(extent);
      const shape = [given[0] ?? 1, ...(first ? [filters, ...spatial] : [...spatial, filters])];
      return [zeros(shape), zeros(shape)];
    },
    step: (given, states) => {
      const x = drop.input(given);
      const h = drop.state(stateAt(states, 0));
      const kernels = parts(kernel, 4);
      const biases = bias === null ? null : parts(bias, 4);
      const inner = kernels.map((taps, index) => {
        const y = run(x, taps, inward);
        const offset = biases?.[index];
        return offset === undefined ? y : biasAdd(y, offset, first);
      });
      const outer = parts(recurrent, 4).map((taps) => run(h, taps, around));
      const sum = (index: number): Tensor => add(stateAt(inner, index), stateAt(outer, index));
      const inGate = open(sum(0));
      const forget = open(sum(1));
      const carry = add(mul(forget, stateAt(states, 1)), mul(inGate, activate(sum(2))));
      const output = mul(open(sum(3)), activate(carry));
      return { output, states: [output, carry] };
    },
  };
};

/** Cells by class name; a layer's own name stands for its cell. */
export const cells: Readonly<Record<string, MakeCell>> = {
  SimpleRNNCell: simple, SimpleRNN: simple,
  LSTMCell: lstm, LSTM: lstm,
  GRUCell: gru, GRU: gru,
  ConvLSTM1DCell: convolutional(1), ConvLSTM1D: convolutional(1),
  ConvLSTM2DCell: convolutional(2), ConvLSTM2D: convolutional(2),
  ConvLSTM3DCell: convolutional(3), ConvLSTM3D: convolutional(3),
};

/** The cell of that class. @throws Failure `layer.unknown` when there is none. */
export function cellOf(type: string, call: CellCall): Cell {
  const make = cells[type];
  if (make === undefined) throw new Failure('layer.unknown', `Layer '${call.path}' has a cell of the class ${type}, which Backstep cannot run.`);
  return make(call);
}

/** Several cells on top of each other: the output of one is the input of the next; states one cell after the other. */
export function stacked(list: readonly Cell[], reversed: boolean): Cell {
  // tfjs-layers keeps the states of the last cell first.
  const order = reversed ? [...list].reverse() : [...list];
  return {
    states: order.flatMap((cell) => cell.states.map((name) => `${name}${list.indexOf(cell)}`)),
    initial: (shape) => {
      const made = new Map<Cell, Tensor[]>();
      let input = shape;
      for (const cell of list) {
        const states = cell.initial(input);
        made.set(cell, states);
        input = states[0]?.shape ?? input;
      }
      return order.flatMap((cell) => made.get(cell) ?? []);
    },
    step: (x, states) => {
      const own = new Map<Cell, readonly Tensor[]>();
      let offset = 0;
      for (const cell of order) {
        own.set(cell, states.slice(offset, offset + cell.states.length));
        offset += cell.states.length;
      }
      let output = x;
      for (const cell of list) {
        const made = cell.step(output, own.get(cell) ?? []);
        output = made.output;
        own.set(cell, made.states);
      }
      return { output, states: order.flatMap((cell) => own.get(cell) ?? []) };
    },
  };
}

