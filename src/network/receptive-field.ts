/**
 * Receptive fields: which box of the network's input an element of a layer can see. Each tensor's sight of the input is carried from
 * layer to layer by the tables of fields/, the same way for every format.
 */
import { Failure } from '../tensor/failure';
import { refsOfCall } from './arguments';
import { kerasReading } from './fields/keras';
import { onnxReadings } from './fields/onnx';
import type { AxisField, AxisReading, Operand, Reading, Rule, Rules } from './fields/reading';
import { tensorflowReadings, tfliteReadings } from './fields/tensorflow';
import { callPath } from './layer-path';
import { keyOf, operandsOf } from './operands';
import { planOf } from './plan';
import type { PlannedCall } from './plan';
import type { Layer, LayerCall, Network, SymbolicShape, TensorRef } from './network';

export type { AxisField } from './fields/reading';

/** Of the network input named `input`, one entry a spatial axis; null where the whole axis is seen. */
export interface ReceptiveField {
  readonly input: string;
  readonly axes: readonly (AxisField | null)[];
  /** Which axes of the input these are, and along which axes of the layer's output they are walked; null where place no longer counts. */
  readonly inputAxes: readonly number[];
  readonly along: readonly (number | null)[];
  /** Path of the layer from which on every position is seen; null where not all are. */
  readonly wholeSince: string | null;
}

/** What a tensor sees of an input: for each axis of it, batch included, along which of its own axes it moves there, and how far. */
export type Sight = readonly (AxisReading | null)[];

/** Positions of the input between `first` and `last` (inclusive) that output position `at` sees, clipped to the input's extent. */
export function seen(field: AxisField | null, at: number, extent: number): readonly [first: number, last: number] {
  if (field === null) return [0, extent - 1];
  return [Math.max(0, Math.ceil(field.jump * at + field.low - rounding)), Math.min(extent - 1, Math.floor(field.jump * at + field.high + rounding))];
}

/** Number of input positions that one element sees, ignoring the borders; infinite for all that lies before or behind. */
export const fieldSize = (field: AxisField): number => Math.floor((field.width ?? field.high - field.low) + rounding) + 1;

/** Sums of fractions are whole numbers up to this. */
const rounding = 1e-9;

/** Axis by axis: the input seen through one more op. Where any place may be meant, all is seen; of the batch alone it is kept where it lies. */
function through(sight: Sight, { axes }: Reading): Sight {
  return sight.map((outer, inputAxis) => {
    if (outer === null || outer.along < 0) return outer;
    const reading = axes[outer.along] ?? null;
    if (reading === null) return null;
    const [a = 0, b = 0] = [reading.low, reading.high].map((bound) => (outer.jump === 0 ? 0 : outer.jump * bound));
    const [low, high] = [outer.low + Math.min(a, b), outer.high + Math.max(a, b)];
    const width = reading.single === true ? outer.width ?? outer.high - outer.low : reading.low === reading.high ? outer.width : undefined;
    if (inputAxis > 0 && low === -Infinity && high === Infinity && !Number.isFinite(width)) return null;
    const dealt = reading.gathered === true ? 0 : (outer.dealt ?? 0) + Math.abs(outer.jump) * (reading.dealt ?? 0);
    return { along: reading.along, jump: outer.jump * reading.jump, low, high, ...narrower(width, low, high), ...(dealt === 0 ? {} : { dealt }) };
  });
}

/** The width where it tells more than the bounds do. */
const narrower = (width: number | undefined, low: number, high: number): { width?: number } => (width !== undefined && width < high - low - rounding ? { width } : {});

/** Both branches of a merge: the smallest box around them, at the jump that they share; all, when they move differently. */
function union(a: Sight, b: Sight): Sight {
  return a.map((one, axis) => {
    const other = b[axis] ?? null;
    if (one === null || other === null || one.along !== other.along || Math.abs(one.jump - other.jump) > rounding) return null;
    const dealt = Math.max(one.dealt ?? 0, other.dealt ?? 0), [low, high] = [Math.min(one.low, other.low), Math.max(one.high, other.high)];
    const width = one.low === other.low && one.high === other.high && one.width === other.width ? one.width : undefined;
    if (axis > 0 && low === -Infinity && high === Infinity && width === undefined) return null;
    return { along: one.along, jump: one.jump, low, high, ...narrower(width, low, high), ...(dealt === 0 ? {} : { dealt }) };
  });
}

/** With the places that the batch's index decides on: any of them may be meant. */
const whole = (sight: Sight): Sight => (sight.some((axis) => axis?.dealt !== undefined) ? sight.map((axis) => axis && { ...axis, high: axis.high + (axis.dealt ?? 0) }) : sight);

const tables: readonly (readonly [format: RegExp, Rules])[] = [[/^onnx/, onnxReadings], [/^tflite/, tfliteReadings], [/^(tfjs-graph|saved-model|tensorflow-graph)/, tensorflowReadings]];
const everything: Rule = () => null;

/** How classes of a file read their inputs; those that are not known see everything. */
function rulesOf(network: Network): (layer: Layer) => Rule {
  const table = tables.find(([format]) => format.test(network.format))?.[1];
  return ({ type, foreign }) => (foreign === undefined ? kerasReading(type) : table !== undefined && Object.hasOwn(table, type) ? table[type] ?? everything : everything);
}

/** What a walk over a network knows and finds. */
interface Walk {
  readonly rules: (layer: Layer) => Rule;
  /** Sights by the path of a call, of its first output. */
  readonly found: Map<string, Sight>;
  /** Layers from which on nothing is left of where an element stands, by the path of a call. */
  readonly since: Map<string, string>;
  /** Axes of the input that windows slide along, from the first layer that has such. */
  space: readonly number[] | null;
}

/** What the outputs of all layer calls see of one input, by the layer's path (`path#call` for shared ones); batch and channels are axes like any other. */
export function sightsOf(network: Network, input: TensorRef): Pick<Walk, 'found' | 'space' | 'since'> & { /** Of all tensors of the network itself, by `keyOf`. */ readonly tensors: ReadonlyMap<string, Sight> } {
  const shape = shapeOf(network, input) ?? [];
  const walk: Walk = { rules: rulesOf(network), found: new Map(), since: new Map(), space: null };
  const tensors = new Map<string, Sight>([[keyOf(input), shape.map((_, along): AxisReading => ({ along, jump: 1, low: 0, high: 0 }))]]);
  visitAll(network, tensors, '', walk);
  return { ...walk, tensors };
}

const shapeOf = (network: Network, ref: TensorRef): SymbolicShape | undefined => planOf(network).shapes.get(keyOf(ref));

/** Ops that take rows of a table by whole numbers: their input is a sequence of tokens. */
const lookups = /^(Embedding|Gather(V2)?|ResourceGather|GATHER|EMBEDDING_LOOKUP)$/;

/** The first input with axes of space or steps: a picture, a sequence, or tokens that are looked up in a table. */
function startOf(network: Network): TensorRef | undefined {
  const long = network.inputs.find((ref) => (shapeOf(network, ref)?.length ?? 0) >= 3);
  if (long !== undefined) return long;
  const { calls } = planOf(network);
  const takers = new Map<string, Layer[]>();
  for (const { layer, takes } of calls) for (const key of new Set(takes)) { const list = takers.get(key); if (list === undefined) takers.set(key, [layer]); else list.push(layer); }
  // Tokens may be cast on their way; what was looked at once is not looked at again.
  const seen = new Set<string>();
  const looked = (ref: TensorRef): boolean => {
    for (const waiting = [keyOf(ref)]; waiting.length > 0;) {
      const key = waiting.pop() ?? '';
      if (seen.has(key)) continue;
      seen.add(key);
      for (const { name, type } of takers.get(key) ?? []) {
        if (lookups.test(type)) return true;
        if (/^cast$/i.test(type)) waiting.push(keyOf({ layer: name, call: 0, output: 0 }));
      }
    }
    return false;
  };
  return network.inputs.find((ref) => shapeOf(network, ref)?.length === 2 && looked(ref));
}

/**
 * The receptive field of every layer call, by the layer's path (`path#call` for shared ones), in terms of the network's first input
 * that has spatial axes. Layers that such an input does not reach are left out.
 */
export function receptiveFields(network: Network): Map<string, ReceptiveField> {
  const start = startOf(network);
  // Of other formats it is not known how their ops read.
  if (start === undefined || (network.layers.some(({ foreign }) => foreign !== undefined) && !tables.some(([format]) => format.test(network.format)))) return new Map();
  const { found, space, since } = sightsOf(network, start);
  const rank = shapeOf(network, start)?.length ?? 0;
  // Without windows nothing tells which axis has the channels: it is where the framework has them.
  const channel = network.convention === 'pytorch' && rank > 3 ? 1 : rank - 1;
  const shown = rank === 2 ? [1] : space ?? Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 0 && axis !== channel);
  const extents = shapeOf(network, start) ?? [];
  return new Map([...found].map(([path, sight]) => {
    const axes = shown.map((axis) => fieldOf(sight[axis] ?? null, extents[axis] ?? null));
    const along = shown.map((axis) => { const own = sight[axis]?.along; return own === undefined || own < 0 ? null : own; });
    return [path, { input: start.layer, inputAxes: shown, along, axes, wholeSince: axes.every((axis) => axis === null) ? since.get(path) ?? null : null }];
  }));
}

/** What is always the same may be all of the axis, and begins and ends on it. */
function fieldOf(own: AxisReading | null, extent: number | null): AxisField | null {
  if (own === null) return null;
  const { jump, low, high, width } = own;
  if (jump !== 0) return { jump, low, high, ...(width === undefined ? {} : { width }) };
  if (low <= 0 && (high === Infinity || (extent !== null && high >= extent - 1))) return null;
  return { jump, low: Math.max(0, low), high: extent === null ? high : Math.min(high, extent - 1) };
}

function visitAll(network: Network, sights: Map<string, Sight>, prefix: string, walk: Walk): void {
  const { calls, shapes } = planOf(network);
  // What nothing seen reaches sees nothing; calls whose own sights are given are the inputs.
  for (const each of calls) if (each.takes.length === 0 || each.takes.some((key) => sights.has(key))) visit(each, sights, shapes, prefix, walk);
}

function visit({ layer, call, number }: PlannedCall, sights: Map<string, Sight>, shapes: ReadonlyMap<string, SymbolicShape>, prefix: string, walk: Walk): void {
  const path = prefix + layer.name;
  const outputs = Math.max(1, call.outputShapes.length, layer.foreign?.outputs ?? 1);
  for (let which = 0; which < outputs; which += 1) {
    const key = keyOf({ layer: layer.name, call: number, output: which });
    const sight = sights.get(key) ?? sightOf(layer, call, which, sights, shapes, walk);
    if (sight === null) continue;
    sights.set(key, sight);
    if (which === 0) walk.found.set(callPath(path, layer, number), whole(sight));
    if (which === 0) noteWhole(callPath(path, layer, number), sight, call, sights, prefix, walk);
  }
  // Bodies of loops and branches of branches see whatever an earlier turn saw.
  if (layer.network === null || layer.foreign !== undefined) return;
  const inner = new Map<string, Sight>();
  refsOfCall(call).forEach((ref, place) => { const [own, entry] = [sights.get(keyOf(ref)), layer.network?.inputs[place]]; if (own !== undefined && entry !== undefined) inner.set(keyOf(entry), own); });
  if (inner.size === 0) return;
  visitAll(layer.network, inner, `${path}/`, walk);
  layer.network.outputs.forEach((ref, output) => {
    const result = inner.get(keyOf(ref));
    if (result === undefined) return;
    sights.set(keyOf({ layer: layer.name, call: number, output }), result);
    if (output === 0) walk.found.set(callPath(path, layer, number), whole(result));
  });
}

/** Notes the layer by which the last of where elements stand is lost: of whole inputs, the one that they lost it by. */
function noteWhole(path: string, sight: Sight, call: LayerCall, sights: ReadonlyMap<string, Sight>, prefix: string, walk: Walk): void {
  const isWhole = (own: Sight | undefined): boolean => own?.slice(1).every((axis) => axis === null || (axis.along < 0 && axis.low === -Infinity)) === true;
  if (!isWhole(sight)) return;
  const before = refsOfCall(call).filter((ref) => isWhole(sights.get(keyOf(ref)))).map(({ layer, call: number }) => walk.since.get(prefix + layer) ?? walk.since.get(`${prefix}${layer}#${number}`));
  walk.since.set(path, before.find((since) => since !== undefined) ?? path);
}

/** Null for what no input reaches. */
function sightOf(layer: Layer, call: LayerCall, which: number, sights: ReadonlyMap<string, Sight>, shapes: ReadonlyMap<string, SymbolicShape>, walk: Walk): Sight | null {
  const taken = operandsOf(layer, call, (ref) => shapes.get(keyOf(ref)));
  let result: Sight | null = null;
  for (const [position, { ref, shape, placed }] of taken.entries()) {
    const own = ref === null ? undefined : sights.get(keyOf(ref));
    if (own === undefined) continue;
    const output = call.outputShapes[which];
    const reading = shape === undefined || output === undefined || !placed ? null
      : readingOf(walk.rules(layer), { type: layer.type, config: layer.config, kwargs: call.kwargs, position, shapes: taken.map((each) => each.shape), shape, which, output, values: (place) => taken[place]?.values });
    if (reading === 'nothing') continue;
    if (walk.space === null && reading?.space !== undefined) {
      const space = own.flatMap((axis, at) => (axis !== null && reading.space?.includes(axis.along) === true ? [at] : []));
      if (space.length > 0) walk.space = space;
    }
    const sight = reading === null ? own.map(() => null) : through(own, reading);
    result = result === null ? sight : union(result, sight);
  }
  return result;
}

function readingOf(rule: Rule, operand: Operand): ReturnType<Rule> {
  try {
    return rule(operand);
  } catch (error) {
    // Wrong settings are the layer's `problem`, shown elsewhere.
    if (error instanceof Failure) return null;
    throw error;
  }
}
