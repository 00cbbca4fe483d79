/**
 * Receptive fields: which box of the network's input an element of a layer can see. An axis of a layer sees, at position o, the
 * input positions from ceil(jump · o + low) to floor(jump · o + high) (Araujo, Norris, Sim: Computing Receptive Fields of
 * Convolutional Neural Networks, 2019); transposed convolutions and upsampling make the jump a fraction.
 */
import { Failure } from '../tensor/failure';
import type { Argument, Layer, LayerCall, Network, SymbolicShape, TensorRef } from './network';
import { Settings } from './kinds/kind';

/** One spatial axis; `null` as a field means that every position of the input is seen. */
export interface AxisField { readonly jump: number; readonly low: number; readonly high: number }

/** Of the network input named `input`, one entry a spatial axis; null where the whole axis is seen. */
export interface ReceptiveField { readonly input: string; readonly axes: readonly (AxisField | null)[] }

/** How a layer's output positions read its input positions along one axis. */
type Reading = AxisField | 'all';

const same: Reading = { jump: 1, low: 0, high: 0 };

/** Positions of the input between `first` and `last` (inclusive) that output position `at` sees, clipped to the input's extent. */
export function seen(field: AxisField | null, at: number, extent: number): readonly [first: number, last: number] {
  if (field === null) return [0, extent - 1];
  return [Math.max(0, Math.ceil(field.jump * at + field.low)), Math.min(extent - 1, Math.floor(field.jump * at + field.high))];
}

/** Number of input positions that one element sees, ignoring the borders. */
export const fieldSize = (field: AxisField): number => Math.floor(field.high - field.low + 1e-9) + 1;

/** Axis by axis: `outer` seen through `inner`. */
function through(outer: AxisField | null, reading: Reading): AxisField | null {
  if (outer === null || reading === 'all') return null;
  return { jump: outer.jump * reading.jump, low: outer.low + outer.jump * reading.low, high: outer.high + outer.jump * reading.high };
}

/** Both branches of a merge: the smallest box around them, at the jump that they share; all, when they move differently. */
function union(a: AxisField | null, b: AxisField | null): AxisField | null {
  if (a === null || b === null || Math.abs(a.jump - b.jump) > 1e-9) return null;
  return { jump: a.jump, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

interface Call { readonly settings: Settings; readonly input: readonly (number | null)[]; readonly output: readonly (number | null)[]; readonly rank: number }

/** Padding before the first element along an axis, as Keras lays it out. */
function before(padding: string, input: number | null, output: number | null, window: number, stride: number): number {
  if (padding === 'causal') return window - 1;
  if (padding !== 'same') return 0;
  if (input === null || output === null) return Math.floor((window - 1) / 2);
  return Math.max(0, Math.floor(((output - 1) * stride + window - input) / 2));
}

function sliding(window: string, strides: string, usualStride: 'one' | 'window') {
  return ({ settings, input, output, rank }: Call): Reading[] => {
    const extents = settings.counts(window, rank);
    const steps = settings.has(strides) ? settings.counts(strides, rank) : usualStride === 'window' ? extents : new Array<number>(rank).fill(1);
    const dilation = settings.has('dilation_rate') ? settings.counts('dilation_rate', rank) : new Array<number>(rank).fill(1);
    return extents.map((taps, axis) => {
      const reach = (taps - 1) * (dilation[axis] ?? 1) + 1;
      const stride = steps[axis] ?? 1;
      const pad = before(settings.text('padding', 'valid'), input[axis] ?? null, output[axis] ?? null, reach, stride);
      return { jump: stride, low: -pad, high: reach - 1 - pad };
    });
  };
}

/** Output o of a transposed convolution is fed by inputs (o + pad − k) / stride for its taps k. */
function transposed({ settings, input, output, rank }: Call): Reading[] {
  const strides = settings.counts('strides', rank, 1);
  return settings.counts('kernel_size', rank).map((taps, axis) => {
    const stride = strides[axis] ?? 1;
    const reach = (taps - 1) * (settings.has('dilation_rate') ? settings.counts('dilation_rate', rank)[axis] ?? 1 : 1) + 1;
    const pad = before(settings.text('padding', 'valid'), output[axis] ?? null, input[axis] ?? null, reach, stride);
    return { jump: 1 / stride, low: (pad - reach + 1) / stride, high: pad / stride };
  });
}

function upsampling({ settings, rank }: Call): Reading[] {
  const bilinear = settings.text('interpolation', 'nearest') !== 'nearest';
  return settings.counts('size', rank, 2).map((factor) => (bilinear
    // The two nearest of the positions (o + ½) / factor − ½.
    ? { jump: 1 / factor, low: (1 - factor) / (2 * factor) - 1, high: (1 - factor) / (2 * factor) + 1 }
    : { jump: 1 / factor, low: -(factor - 1) / factor, high: 0 }));
}

/** Padding and cropping shift the positions; `sign` is −1 for padding. */
const shifted = (key: string, sign: 1 | -1) => ({ settings, rank }: Call): Reading[] => {
  const value = settings.config[key];
  return Array.from({ length: rank }, (_, axis) => {
    const own: unknown = Array.isArray(value) ? (value.length === 2 && rank === 1 ? value[0] : value[axis]) : value;
    const front: unknown = Array.isArray(own) ? own[0] : own;
    const by = sign * (typeof front === 'number' ? front : 0);
    return { jump: 1, low: by, high: by };
  });
};

/** Layer class -> how it reads; the digit before D is the number of spatial axes. Classes not listed see everything, elementwise ones one position. */
const readings: readonly (readonly [RegExp, (call: Call) => Reading[]])[] = [
  [/^(Separable|Depthwise)?Conv\dD$/, sliding('kernel_size', 'strides', 'one')],
  [/^Conv\dDTranspose$/, transposed],
  [/^(Max|Average)Pooling\dD$/, sliding('pool_size', 'strides', 'window')],
  [/^UpSampling\dD$/, upsampling],
  [/^ZeroPadding\dD$/, shifted('padding', -1)],
  [/^Cropping\dD$/, shifted('cropping', 1)],
];

const elementwise = /^(Activation|ReLU|LeakyReLU|PReLU|ELU|Softmax|Dropout|SpatialDropout\dD|GaussianNoise|GaussianDropout|AlphaDropout|BatchNormalization|Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate|Identity|Rescaling|ActivityRegularization|Masking|InputLayer|Relu|Sigmoid|Tanh|Gelu|Silu)$/;

function refsIn(argument: Argument): TensorRef[] {
  switch (argument.kind) {
    case 'tensor': return [argument.ref];
    case 'list': return argument.items.flatMap(refsIn);
    case 'record': return Object.values(argument.entries).flatMap(refsIn);
    case 'value': return [];
  }
}

const keyOf = ({ layer, call, output }: TensorRef): string => JSON.stringify([layer, call, output]);
const spatialOf = (shape: SymbolicShape, channelsFirst: boolean): SymbolicShape => (channelsFirst ? shape.slice(2) : shape.slice(1, -1));

/**
 * The receptive field of every layer call, by the layer's path (`path#call` for shared ones), in terms of the network's first input
 * that has spatial axes (rank 3 to 5). Layers that such an input does not reach are left out.
 */
export function receptiveFields(network: Network): Map<string, ReceptiveField> {
  const found = new Map<string, ReceptiveField>();
  const start = network.inputs.find((ref) => (network.layers.find(({ name }) => name === ref.layer)?.calls[ref.call]?.outputShapes[0]?.length ?? 0) >= 3);
  if (start === undefined) return found;
  const shape = network.layers.find(({ name }) => name === start.layer)?.calls[start.call]?.outputShapes[0] ?? [];
  const own: ReceptiveField = { input: start.layer, axes: shape.slice(1, -1).map(() => ({ jump: 1, low: 0, high: 0 })) };
  walk(network, new Map([[keyOf(start), own]]), '', found);
  return found;
}

function walk(network: Network, fields: Map<string, ReceptiveField>, prefix: string, found: Map<string, ReceptiveField>): void {
  const shapes = new Map(network.layers.flatMap((layer) => layer.calls.flatMap((call, number) => call.outputShapes.map((shape, output) => [keyOf({ layer: layer.name, call: number, output }), shape] as const))));
  // Layers come in the order of their first call; later calls of a shared layer may wait for layers behind it.
  let waiting = network.layers.flatMap((layer) => layer.calls.map((call, number) => ({ layer, call, number })));
  const unvisited = new Set(waiting.map(({ layer, number }) => JSON.stringify([layer.name, number])));
  for (let before = -1; waiting.length !== before;) {
    before = waiting.length;
    const later: typeof waiting = [];
    for (const each of waiting) {
      const refs = each.call.args.flatMap(refsIn);
      if (refs.some((ref) => unvisited.has(JSON.stringify([ref.layer, ref.call])))) later.push(each);
      else {
        visit(each, refs, fields, shapes, prefix, found);
        unvisited.delete(JSON.stringify([each.layer.name, each.number]));
      }
    }
    waiting = later;
  }
}

function visit({ layer, call, number }: { layer: Layer; call: LayerCall; number: number }, refs: readonly TensorRef[], fields: Map<string, ReceptiveField>, shapes: ReadonlyMap<string, SymbolicShape>, prefix: string, found: Map<string, ReceptiveField>): void {
  const inputs = refs.flatMap((ref) => { const field = fields.get(keyOf(ref)); return field === undefined ? [] : [{ field, shape: shapes.get(keyOf(ref)) ?? [] }]; });
  const known = fields.get(keyOf({ layer: layer.name, call: number, output: 0 }));
  const field = known ?? fieldOf(layer, call, inputs);
  if (field === null) return;
  call.outputShapes.forEach((_, output) => fields.set(keyOf({ layer: layer.name, call: number, output }), field));
  const path = prefix + layer.name;
  found.set(layer.calls.length > 1 ? `${path}#${number}` : path, field);
  if (layer.network === null) return;
  const entry = inputs[0];
  const [start] = layer.network.inputs;
  const end = layer.network.outputs[0];
  if (entry === undefined || start === undefined || end === undefined) return;
  const inner = new Map([[keyOf(start), entry.field]]);
  walk(layer.network, inner, `${path}/`, found);
  const result = inner.get(keyOf(end));
  if (result === undefined) return;
  fields.set(keyOf({ layer: layer.name, call: number, output: 0 }), result);
  found.set(layer.calls.length > 1 ? `${path}#${number}` : path, result);
}

interface FieldInput { readonly field: ReceptiveField; readonly shape: SymbolicShape }

function fieldOf(layer: Layer, call: LayerCall, [first, ...others]: readonly FieldInput[]): ReceptiveField | null {
  if (first === undefined) return null;
  const everything: ReceptiveField = { input: first.field.input, axes: first.field.axes.map(() => null) };
  try {
    return knownField(layer, call, first, others) ?? everything;
  } catch (error) {
    // Wrong settings are the layer's `problem`, shown elsewhere.
    if (error instanceof Failure) return everything;
    throw error;
  }
}

/** @throws Failure when settings of the layer are wrong */
function knownField(layer: Layer, call: LayerCall, first: FieldInput, others: readonly FieldInput[]): ReceptiveField | null {
  const settings = new Settings(layer.config);
  const input = spatialOf(first.shape, settings.channelsFirst);
  const output = spatialOf(call.outputShapes[0] ?? [], settings.channelsFirst);
  const reading = readings.find(([type]) => type.test(layer.type))?.[1];
  if (reading !== undefined && input.length === first.field.axes.length) {
    const axes = reading({ settings, input, output, rank: input.length });
    return { input: first.field.input, axes: first.field.axes.map((axis, i) => through(axis, axes[i] ?? 'all')) };
  }
  if (elementwise.test(layer.type) || (layer.type === 'Dense' && first.shape.length === first.field.axes.length + 2)) {
    return others.filter(({ field }) => field.input === first.field.input).reduce<ReceptiveField>((sum, { field }) =>
      ({ input: sum.input, axes: sum.axes.map((axis, i) => union(axis, field.axes[i] ?? null)) }), { input: first.field.input, axes: first.field.axes.map((axis) => through(axis, same)) });
  }
  return null;
}
