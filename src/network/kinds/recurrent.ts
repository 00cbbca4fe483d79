/** Recurrent layers and the wrappers that hold another layer: RNN, Bidirectional, TimeDistributed. */
import { Failure } from '../../tensor/failure';
import type { JsonObject, SymbolicShape } from '../network';
import { slide, spatial } from './convolution';
import { Settings, cross, describeShape, inputOf, inputOfRank, isObject, knownExtent, product, times, weight } from './kind';
import type { CallShapes, KindTable, LayerKind, WeightSpec } from './kind';

/** A step of a recurrent layer: its weights, its states (the first is its output), its multiply-adds. */
interface CellKind {
  readonly name: string;
  readonly weights: (settings: Settings, input: SymbolicShape) => readonly WeightSpec[];
  /** Shapes of the states without the batch. */
  readonly states: (settings: Settings, input: SymbolicShape) => readonly SymbolicShape[];
  readonly macs: (settings: Settings, input: SymbolicShape) => number | null;
}

/** Dense cells: `gates` blocks of `units` columns. */
function denseCell(name: string, gates: number, states: number, biasShape: (settings: Settings, width: number) => readonly number[]): CellKind {
  return {
    name,
    weights: (settings, input) => {
      const units = settings.count('units');
      const features = knownExtent(input, -1);
      const unitForgetBias = gates === 4 && settings.flag('unit_forget_bias', true);
      const bias = settings.initializer('bias_initializer', 'zeros');
      return [
        weight('kernel', [features, gates * units], settings.initializer('kernel_initializer', 'glorot_uniform')),
        weight('recurrent_kernel', [units, gates * units], settings.initializer('recurrent_initializer', 'orthogonal')),
        ...(settings.flag('use_bias', true) ? [weight('bias', biasShape(settings, gates * units), unitForgetBias ? unitForget(bias, units) : bias)] : []),
      ];
    },
    states: (settings) => new Array<SymbolicShape>(states).fill([settings.count('units')]),
    macs: (settings, input) => (knownExtent(input, -1) + settings.count('units')) * gates * settings.count('units'),
  };
}

/** LSTM's bias starts with `bias_initializer`, but with ones for the forget gate (the second block of `units`). */
function unitForget(bias: JsonObject, units: number): JsonObject {
  return { class_name: 'UnitForgetBias', config: { bias_initializer: bias, units } };
}

/** Convolutional LSTM: gates are convolutions, the recurrent one with padding `same`. */
function convolutionalCell(rank: number): CellKind {
  const output = (settings: Settings, input: SymbolicShape): SymbolicShape => {
    const { extents, join } = spatial(settings, input);
    const kernel = settings.counts('kernel_size', rank);
    const strides = settings.counts('strides', rank, 1);
    const dilation = settings.counts('dilation_rate', rank, 1);
    return join(extents.map((extent, axis) => slide(extent, kernel[axis] ?? 1, strides[axis] ?? 1, settings.text('padding', 'valid'), dilation[axis] ?? 1)), settings.count('filters')).slice(1);
  };
  return {
    name: 'conv_lstm_cell',
    weights: (settings, input) => {
      const filters = settings.count('filters');
      const kernel = settings.counts('kernel_size', rank);
      const channels = knownExtent(input, settings.channelsFirst ? 1 : -1);
      const bias = settings.initializer('bias_initializer', 'zeros');
      return [
        weight('kernel', [...kernel, channels, 4 * filters], settings.initializer('kernel_initializer', 'glorot_uniform')),
        weight('recurrent_kernel', [...kernel, filters, 4 * filters], settings.initializer('recurrent_initializer', 'orthogonal')),
        ...(settings.flag('use_bias', true) ? [weight('bias', [4 * filters], settings.flag('unit_forget_bias', true) ? unitForget(bias, filters) : bias)] : []),
      ];
    },
    states: (settings, input) => [output(settings, input), output(settings, input)],
    macs: (settings, input) => {
      const filters = settings.count('filters');
      const channels = knownExtent(input, settings.channelsFirst ? 1 : -1);
      const { extents } = spatial(settings, [null, ...output(settings, input)]);
      return times(product(extents), (product(settings.counts('kernel_size', rank)) ?? 0) * (channels + filters) * 4 * filters);
    },
  };
}

const gru = denseCell('gru_cell', 3, 1, (settings, width) => (settings.flag('reset_after', true) ? [2, width] : [width]));
const cells: Readonly<Record<string, CellKind>> = {
  LSTMCell: denseCell('lstm_cell', 4, 2, (_, width) => [width]),
  GRUCell: gru,
  SimpleRNNCell: denseCell('simple_rnn_cell', 1, 1, (_, width) => [width]),
};

/** A sequence: [batch, time, …features] as the cell sees one step of it. */
function stepOf(shape: SymbolicShape): SymbolicShape {
  if (shape.length < 3) throw new Failure('layer.rank', `it needs a sequence, [batch, time, features], and gets ${describeShape(shape)}`);
  return [shape[0] ?? null, ...shape.slice(2)];
}

/** Outputs of a recurrent layer, given the states of its cell without batch. */
function sequenceOutputs(settings: Settings, input: SymbolicShape, states: readonly SymbolicShape[]): readonly SymbolicShape[] {
  const batch = input[0] ?? null;
  const [output = []] = states;
  const first: SymbolicShape = settings.flag('return_sequences', false) ? [batch, input[1] ?? null, ...output] : [batch, ...output];
  return settings.flag('return_state', false) ? [first, ...states.map((state) => [batch, ...state])] : [first];
}

const within = (prefix: string, home: string, weights: readonly WeightSpec[]): WeightSpec[] =>
  weights.map((spec) => ({ ...spec, name: prefix === '' ? spec.name : `${prefix}/${spec.name}`, home: spec.home === '' ? home : `${home}/${spec.home}` }));

/** The states that a stateful layer keeps from batch to batch: no parameters, zeros at first, of a batch whose size is fixed. */
function kept(settings: Settings, input: SymbolicShape, states: readonly SymbolicShape[]): WeightSpec[] {
  if (!settings.flag('stateful', false)) return [];
  const [batch] = input;
  if (batch === undefined || batch === null) throw new Failure('layer.stateful', 'it is stateful, which takes an input of a fixed batch size');
  return states.map((state, index) => ({ ...weight(`state_${index}`, [batch, ...state.map((extent) => extent ?? 0)], { class_name: 'Zeros', config: {} }, { trainable: false, home: 'state' }), buffer: true }));
}

/** A layer that is one cell with its settings inlined: LSTM, GRU, SimpleRNN, ConvLSTM. */
function recurrent(cell: CellKind, size: (settings: Settings) => string): LayerKind {
  return {
    outputs: (settings, call) => sequenceOutputs(settings, inputOf(call), cell.states(settings, stepOf(inputOf(call)))),
    weights: (settings, call) => {
      const step = stepOf(inputOf(call));
      return [...within(cell.name, 'cell', cell.weights(settings, step)), ...kept(settings, inputOf(call), cell.states(settings, step))];
    },
    macs: (settings, call) => {
      const step = cell.macs(settings, stepOf(inputOf(call)));
      const time = inputOf(call)[1] ?? null;
      return step === null ? null : times(time, step);
    },
    detail: (settings) => `${size(settings)}${settings.flag('return_sequences', false) ? ' sequences' : ''}`,
  };
}

interface Cell { readonly className: string; readonly name: string; readonly config: JsonObject }

function nested(config: JsonObject, key: string): Cell {
  const value = config[key];
  if (!isObject(value) || typeof value.class_name !== 'string' || !isObject(value.config)) throw new Failure('layer.setting', `its setting ${key} should be a layer`);
  return { className: value.class_name, name: typeof value.config.name === 'string' ? value.config.name : '', config: value.config };
}

/** The cells of an RNN in order: one, or those of StackedRNNCells, each with its prefix of names and its home in Keras archives. */
function cellsOf(settings: Settings): readonly { cell: CellKind; settings: Settings; prefix: string; home: string }[] {
  const outer = nested(settings.config, 'cell');
  const resolve = (item: Cell, prefix: string, home: string): { cell: CellKind; settings: Settings; prefix: string; home: string } => {
    const cell = cells[item.className];
    if (cell === undefined) throw new Failure('layer.unknown', `its cell ${item.className.slice(0, 60)} is not known`);
    return { cell, settings: new Settings(item.config), prefix: prefix + (item.name || cell.name), home };
  };
  if (outer.className !== 'StackedRNNCells') return [resolve(outer, '', 'cell')];
  const list = outer.config.cells;
  if (!Array.isArray(list)) throw new Failure('layer.setting', 'its StackedRNNCells holds no list of cells');
  const counts = new Map<string, number>();
  return (list as readonly unknown[]).map((_, index) => {
    const item = nested(list as unknown as JsonObject, String(index));
    const snake = cells[item.className]?.name ?? item.className;
    const count = counts.get(snake) ?? 0;
    counts.set(snake, count + 1);
    return resolve(item, `${outer.name || 'stacked_rnn_cells'}/`, `cell/cells/${snake}${count === 0 ? '' : `_${count}`}`);
  });
}

/** RNN over any cell or stack of cells. */
const rnn: LayerKind = {
  outputs: (settings, call) => {
    let step = stepOf(inputOf(call));
    const states: SymbolicShape[] = [];
    for (const item of cellsOf(settings)) {
      const own = item.cell.states(item.settings, step);
      states.push(...own);
      step = [step[0] ?? null, ...(own[0] ?? [])];
    }
    return sequenceOutputs(settings, inputOf(call), [step.slice(1), ...states]).filter((_, index) => index !== 1);
  },
  weights: (settings, call) => {
    let step = stepOf(inputOf(call));
    const states: SymbolicShape[] = [];
    const weights = cellsOf(settings).flatMap((item) => {
      const own = within(item.prefix, item.home, item.cell.weights(item.settings, step));
      const after = item.cell.states(item.settings, step);
      states.push(...after);
      step = [step[0] ?? null, ...(after[0] ?? [])];
      return own;
    });
    return [...weights, ...kept(settings, inputOf(call), states)];
  },
  macs: (settings, call) => {
    let step = stepOf(inputOf(call));
    let sum = 0;
    for (const item of cellsOf(settings)) {
      const own = item.cell.macs(item.settings, step);
      if (own === null) return null;
      sum += own;
      step = [step[0] ?? null, ...(item.cell.states(item.settings, step)[0] ?? [])];
    }
    return times(inputOf(call)[1] ?? null, sum);
  },
  detail: (settings) => cellsOf(settings).map((item) => `${item.cell.name} ${item.settings.number('units', 0)}`).join(', '),
};

type Lookup = (className: string) => LayerKind | undefined;

function innerKind(lookup: Lookup, item: Cell): LayerKind {
  const kind = lookup(item.className);
  if (kind === undefined || kind.refused !== undefined) throw new Failure('layer.unknown', `the layer ${item.className.slice(0, 60)} inside it is not known`);
  return kind;
}

/** Backward direction: its own config, or the forward one's turned round, as Keras does. */
function backwardOf(settings: Settings, forward: Cell): Cell {
  return settings.has('backward_layer') ? nested(settings.config, 'backward_layer') : { ...forward, name: forward.name.replace(/^(forward_)?/, 'backward_') };
}

function bidirectional(lookup: Lookup): LayerKind {
  const both = (settings: Settings): { forward: Cell; backward: Cell } => {
    const forward = nested(settings.config, 'layer');
    return { forward, backward: backwardOf(settings, forward) };
  };
  return {
    outputs: (settings, call) => {
      const { forward } = both(settings);
      const [output = [], ...states] = innerKind(lookup, forward).outputs(new Settings(forward.config), call);
      const mode = settings.config.merge_mode === undefined ? 'concat' : settings.config.merge_mode;
      const channels = output[output.length - 1] ?? null;
      const merged = mode === 'concat' ? [[...output.slice(0, -1), times(channels, 2)]] : mode === null ? [output, output] : [output];
      return [...merged, ...states, ...states];
    },
    weights: (settings, call) => {
      const { forward, backward } = both(settings);
      return [
        ...within(forward.name.startsWith('forward_') ? forward.name : `forward_${forward.name}`, 'forward_layer', innerKind(lookup, forward).weights?.(new Settings(forward.config), call) ?? []),
        // A backward layer of its own keeps its own name.
        ...within(settings.has('backward_layer') || backward.name.startsWith('backward_') ? backward.name : `backward_${backward.name}`, 'backward_layer', innerKind(lookup, backward).weights?.(new Settings(backward.config), call) ?? []),
      ];
    },
    macs: (settings, call) => {
      const { forward } = both(settings);
      const kind = innerKind(lookup, forward);
      const inner = new Settings(forward.config);
      return times(kind.macs?.(inner, call, kind.outputs(inner, call)) ?? null, 2);
    },
    detail: (settings) => {
      const { forward } = both(settings);
      return `${forward.className} ${innerKind(lookup, forward).detail?.(new Settings(forward.config)) ?? ''}`.trim();
    },
  };
}

/** A call whose inputs have their time axis taken away. */
function perStep(call: CallShapes): CallShapes {
  const inputs = call.inputs.map(stepOf);
  return { ...call, inputs, shapesIn: (argument) => call.shapesIn(argument).map(stepOf) };
}

function timeDistributed(lookup: Lookup): LayerKind {
  return {
    outputs: (settings, call) => {
      const inner = nested(settings.config, 'layer');
      const input = inputOf(call);
      return innerKind(lookup, inner).outputs(new Settings(inner.config), perStep(call)).map((shape) => [input[0] ?? null, input[1] ?? null, ...shape.slice(1)]);
    },
    weights: (settings, call) => {
      const inner = nested(settings.config, 'layer');
      return within(inner.name, 'layer', innerKind(lookup, inner).weights?.(new Settings(inner.config), perStep(call)) ?? []);
    },
    macs: (settings, call) => {
      const inner = nested(settings.config, 'layer');
      const kind = innerKind(lookup, inner);
      const own = new Settings(inner.config);
      if (kind.macs === undefined) return 0;
      const step = kind.macs(own, perStep(call), kind.outputs(own, perStep(call)));
      return step === null ? null : times(inputOf(call)[1] ?? null, step);
    },
    detail: (settings) => {
      const inner = nested(settings.config, 'layer');
      return `${inner.className} ${innerKind(lookup, inner).detail?.(new Settings(inner.config)) ?? ''}`.trim();
    },
  };
}

/** SpectralNormalization: the layer inside, and the vector of its power iteration. In archives the kernel stands once more before that. */
function spectral(lookup: Lookup): LayerKind {
  const inside = (settings: Settings): { item: Cell; kind: LayerKind; own: Settings } => {
    const item = nested(settings.config, 'layer');
    return { item, kind: innerKind(lookup, item), own: new Settings(item.config) };
  };
  return {
    outputs: (settings, call) => { const { kind, own } = inside(settings); return kind.outputs(own, call); },
    weights: (settings, call) => {
      const { item, kind, own } = inside(settings);
      const weights = within(item.name, 'layer', kind.weights?.(own, call) ?? []);
      const columns = weights[0]?.shape[weights[0].shape.length - 1] ?? 1;
      return [...weights, { ...weight('vector_u', [1, columns], { class_name: 'TruncatedNormal', config: { stddev: 0.02 } }, { trainable: false }), behind: 1 }];
    },
    macs: (settings, call) => { const { kind, own } = inside(settings); return kind.macs === undefined ? 0 : kind.macs(own, call, kind.outputs(own, call)); },
    detail: (settings) => { const { item, kind, own } = inside(settings); return `${item.className} ${kind.detail?.(own) ?? ''}`.trim(); },
  };
}

/** A cell used as a layer of its own takes one step: [batch, features] and the states. */
function cellLayer(cell: CellKind): LayerKind {
  return {
    outputs: (settings, call) => {
      const states = cell.states(settings, inputOfRank(call, 2)).map((state) => [inputOf(call)[0] ?? null, ...state]);
      return [states[0] ?? [], ...states];
    },
    weights: (settings, call) => cell.weights(settings, inputOf(call)),
    macs: (settings, call) => cell.macs(settings, inputOf(call)),
    detail: (settings) => String(settings.count('units')),
  };
}

/** The recurrent part of the table; wrappers look other kinds up in the whole table. */
export function recurrents(lookup: Lookup): KindTable {
  const units = (settings: Settings): string => String(settings.count('units'));
  const filters = (rank: number) => (settings: Settings): string => `${settings.count('filters')}@${cross(settings.counts('kernel_size', rank))}`;
  const convolutional = (rank: number): LayerKind => recurrent(convolutionalCell(rank), filters(rank));
  return {
    LSTM: recurrent(cells.LSTMCell ?? gru, units), GRU: recurrent(gru, units), SimpleRNN: recurrent(cells.SimpleRNNCell ?? gru, units),
    ConvLSTM1D: convolutional(1), ConvLSTM2D: convolutional(2), ConvLSTM3D: convolutional(3),
    RNN: rnn,
    ...Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, cellLayer(cell)])),
    Bidirectional: bidirectional(lookup),
    TimeDistributed: timeDistributed(lookup),
    SpectralNormalization: spectral(lookup),
  };
}
