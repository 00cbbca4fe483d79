/** Recurrent layers: a cell run along the time axis, one stop a step. */
import { add, cast, expandDims, mul, onesLike, reverse, stack, sub, transpose, unstack, where, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { Json } from '../../../network/network';
import { atOnce, inputsOf, maskOf, tensorsIn } from '../calls';
import type { LayerCallContext, LayerForward, LayerResult, Mask } from '../layer';
import { folderAt, foldersOf, innerCall } from '../nesting';
import { flagOf, objectOf } from '../settings';
import { cellOf, cells, stacked } from './cells';
import type { Cell } from './cells';

/** The cell of a layer: its own class, or the cells that its configuration holds. */
function cellFor(call: LayerCallContext): Cell {
  const given = call.config['cell'];
  if (call.type !== 'RNN' || given === undefined) return cellOf(call.type, inside(call, call.type, call.config, foldersOf(call)[0] ?? ''));
  const list = Array.isArray(given) ? (given as readonly Json[]) : stackedCells(call, given);
  if (list === null) {
    const { type, config } = objectOf(call, given, 'cell');
    return cellOf(type, inside(call, type, config, folderAt(call, 0)));
  }
  const made = list.map((entry, index) => {
    const { type, config } = objectOf(call, entry, 'cells');
    return cellOf(type, inside(call, type, config, folderAt(call, index)));
  });
  return stacked(made, call.convention === 'tfjs');
}

function inside(call: LayerCallContext, type: string, config: LayerCallContext['config'], prefix: string): LayerCallContext {
  return innerCall(call, { type, config, prefix, name: prefix === '' ? 'cell' : prefix.slice(0, -1) });
}

/** The cells of a StackedRNNCells; null for any other cell. */
function stackedCells(call: LayerCallContext, value: Json): readonly Json[] | null {
  const { type, config } = objectOf(call, value, 'cell');
  if (type !== 'StackedRNNCells') return null;
  const list = config['cells'];
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}

/** What a run along time gives. Outputs of all steps only where they are asked for. */
export interface Sequence { readonly last: Tensor; readonly all: Tensor | null; readonly states: readonly Tensor[]; readonly steps: readonly (readonly Tensor[])[] }

export interface SequenceOptions { readonly backwards: boolean; readonly mask: Tensor | null; readonly all: boolean; readonly zeroMasked: boolean; readonly tfjs: boolean }

/** Runs `cell` over `x` `[batch, time, …]` from `initial`; masked steps keep the states. */
export function* overTime(cell: Pick<Cell, 'step'>, x: Tensor, initial: readonly Tensor[], options: SequenceOptions): Generator<void, Sequence, void> {
  const { backwards, tfjs } = options;
  const inputs = timeSteps(x, backwards, tfjs);
  const masks = options.mask === null ? null : timeSteps(maskFor(options.mask, x.rank, tfjs), backwards, tfjs);
  const outputs: Tensor[] = [];
  const steps: (readonly Tensor[])[] = [];
  let states = initial;
  let last: Tensor | null = null;
  for (const [time, input] of inputs.entries()) {
    const made = cell.step(input, states);
    const mask = masks?.[time];
    if (mask === undefined) {
      last = made.output;
      states = made.states;
    } else if (tfjs) {
      const rest = sub(onesLike(mask), mask);
      const blend = (next: Tensor, before: Tensor): Tensor => add(mul(next, mask), mul(before, rest));
      const before = states;
      last = blend(made.output, before[0] ?? zerosLike(made.output));
      states = made.states.map((state, index) => blend(state, before[index] ?? state));
    } else {
      const before = states;
      const held = last === null || options.zeroMasked ? zerosLike(made.output) : last;
      const kept = (next: Tensor, old: Tensor): Tensor => where(spreadOver(mask, next), next, old);
      last = kept(made.output, held);
      states = made.states.map((state, index) => kept(state, before[index] ?? state));
    }
    steps.push(states);
    if (options.all) outputs.push(last);
    yield;
  }
  if (last === null) throw new Failure('layer.steps', 'A recurrent layer needs at least one time step.');
  return { last, all: options.all ? stack(outputs, 1) : null, states, steps };
}

/** `[batch, time, …]` as one tensor a step. tfjs-layers brings time to the front first. */
function timeSteps(x: Tensor, backwards: boolean, tfjs: boolean): Tensor[] {
  if (!tfjs) {
    // TensorFlow.js's tape holds the very list that unstack gives; turn round a copy.
    const steps = unstack(x, 1);
    return backwards ? [...steps].reverse() : steps;
  }
  const major = transpose(x, [1, 0, ...Array.from({ length: x.rank - 2 }, (_, axis) => axis + 2)]);
  return unstack(backwards ? reverse(major, 0) : major);
}

/** tfjs-layers blends by numbers of the input's rank; otherwise steps are chosen by truth. */
function maskFor(mask: Tensor, rank: number, tfjs: boolean): Tensor {
  if (!tfjs) return cast(mask, 'bool');
  const numbers = cast(cast(mask, 'bool'), 'float32');
  return numbers.rank === rank - 1 ? expandDims(numbers, -1) : numbers;
}

function spreadOver(mask: Tensor, like: Tensor): Tensor {
  let spread = mask;
  while (spread.rank < like.rank) spread = expandDims(spread, -1);
  return spread;
}

/** States that the call brings along: behind the sequence in its inputs, or as `initial_state`. */
function givenStates(call: LayerCallContext): Tensor[] {
  const [, ...behind] = inputsOf(call);
  if (behind.length > 0) return behind;
  const named = tensorsIn(call.kwargs['initial_state']);
  return named.length > 0 ? named : tensorsIn(call.args[1]);
}

/** Runs a recurrent layer; `zeroMasked` puts zeros at masked steps instead of the output before. */
export function* recur(call: LayerCallContext, zeroMasked: boolean): Generator<void, LayerResult, void> {
  const [x] = inputsOf(call);
  if (x === undefined || x.rank < 3) {
    throw new Failure('layer.rank', `Layer '${call.path}' (${call.type}) takes a sequence [batch, time, …], but gets the shape [${x?.shape.join(', ') ?? ''}].`);
  }
  const cell = cellFor(call);
  const given = givenStates(call);
  const initial = given.length > 0 ? given : carried(call, cell, x);
  if (initial.length !== cell.states.length) {
    throw new Failure('layer.states', `Layer '${call.path}' (${call.type}) has ${cell.states.length} states, but is given ${initial.length}.`);
  }
  const all = flagOf(call, 'return_sequences', false);
  const mask = maskOf(call);
  const run = yield* overTime(cell, x, initial, { backwards: flagOf(call, 'go_backwards', false), mask, all, zeroMasked, tfjs: call.convention === 'tfjs' });
  if (flagOf(call, 'stateful', false)) run.states.forEach((state, index) => { if (call.hasWeight(`state_${index}`)) call.assign(`state_${index}`, state); });
  const output = run.all ?? run.last;
  const inputMask: Mask | null = call.masks[0] ?? (mask === null ? null : { tensor: () => mask });
  return {
    outputs: flagOf(call, 'return_state', false) ? [output, ...run.states] : [output],
    masks: [all ? inputMask : null],
    parts: Object.fromEntries(cell.states.map((name, index) => [name, run.steps.flatMap((states) => states[index] ?? [])])),
  };
}

/** States kept from the batch before, where the layer is stateful and has room for them; else zeros. */
function carried(call: LayerCallContext, cell: Cell, x: Tensor): Tensor[] {
  if (flagOf(call, 'stateful', false) && call.hasWeight('state_0')) {
    const states = cell.states.map((_, index) => call.weight(`state_${index}`));
    const [batch] = states[0]?.shape ?? [];
    if (batch !== x.shape[0]) throw new Failure('layer.stateful', `Layer '${call.path}' (${call.type}) is stateful and keeps the states of ${batch} examples, but gets a batch of ${x.shape[0]}; set "batchSize" to ${batch}, with a number of examples that it divides.`);
    return states;
  }
  return cell.initial([x.shape[0] ?? 1, ...x.shape.slice(2)]);
}

const layer: LayerForward = function* (call) {
  return yield* recur(call, flagOf(call, 'zero_output_for_mask', false));
};

/** A cell as a layer of its own: one step. */
const single: LayerForward = atOnce((call) => {
  const [x, ...others] = inputsOf(call);
  if (x === undefined) throw new Failure('layer.inputs', `Layer '${call.path}' (${call.type}) is called without an input.`);
  const cell = cellOf(call.type, call);
  const states = others.length > 0 ? others : [...tensorsIn(call.args[1]), ...tensorsIn(call.kwargs['states'])];
  const made = cell.step(x, states.length > 0 ? states : cell.initial(x.shape));
  return { outputs: [made.output, ...made.states] };
});

export const recurrentLayers: Readonly<Record<string, LayerForward>> = {
  RNN: layer,
  ...Object.fromEntries(Object.keys(cells).map((name) => [name, name.endsWith('Cell') ? single : layer])),
};

