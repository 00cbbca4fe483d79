/** What an element can see of the network's inputs: what it was made of, followed back from op to op, with the figures of its layer. */
import { findLayer } from '../../network/layer-path';
import { fieldsOf as fieldsIn, fieldView } from '../../network/graph-view';
import type { Network } from '../../network/network';
import type { ReceptiveField } from '../../network/receptive-field';
import type { Box } from '../../engine/cells/reach';
import type { CellWindow } from '../../protocol/cell';
import type { FieldAxisView } from '../../protocol/graph';
import type { ElementView, FieldPart } from '../../protocol/insight';
import type { TensorPicture } from '../../protocol/tensor';
import { Failure } from '../../tensor/failure';
import { pictureOf } from '../../tensor/picture';
import { sizeOf } from '../../tensor/value';
import type { TensorUse } from '../../tensor/slice';
import type { View } from '../place';
import { useOf } from '../view/picture';
import { indexOf } from '../view/trace-index';
import { madeOf } from './made-of';

/**
 * The example of the batch that an element was made of, wherever its batch lies; null when it was made of several. Where steps and examples
 * were one axis on the way, the smallest box holds all examples: then the element's place on the one axis that is as long as the batch tells.
 */
export function exampleOf({ trace }: View, { tensor, index }: Pick<ElementView, 'tensor' | 'index'>, boxes: ReadonlyMap<number, Box | null>): number | null {
  const found = Object.values(trace.inputs).flatMap(({ value }) => { const range = boxes.get(value)?.[0]; return range === undefined ? [] : [range]; });
  const [[first, last] = [0, -1]] = found, shape = trace.tensors.get(tensor)?.shape ?? [];
  if (first === last && found.every((range) => range[0] === first && range[1] === first)) return first;
  const axes = shape.flatMap((extent, axis) => (extent === trace.batch.size ? [axis] : []));
  return axes.length === 1 && trace.ops[trace.tensors.get(tensor)?.writer ?? -1]?.phase === 'forward' ? index[axes[0] ?? 0] ?? null : null;
}

const known = new WeakMap<Network, ReadonlyMap<string, ReceptiveField>>();
function fieldsOf(network: Network): ReadonlyMap<string, ReceptiveField> {
  let fields = known.get(network);
  if (fields === undefined) known.set(network, fields = fieldsIn(network));
  return fields;
}

/** How a tensor of the trace lies: channels last as Keras's, or first as those of exported models. */
export const layoutOf = ({ trace, listing }: View, tensor: number): TensorUse => useOf(indexOf(trace, listing.names), tensor);

/** The axis of a tensor that numbers its channels. */
export function channelAxisOf(view: View, tensor: number): number {
  const rank = view.trace.tensors.get(tensor)?.shape.length ?? 0;
  if (rank === 3) return sequenceChannels(view, tensor);
  return rank > 3 && layoutOf(view, tensor).endsWith('-first') ? 1 : Math.max(0, rank - 1);
}

/** Of sequences, what is neither the batch nor the axis of steps, which the tables of receptive fields know: 1 for the convolutions of ONNX. */
function sequenceChannels({ trace, info }: View, tensor: number): number {
  const fields = fieldsOf(info.network), layer = trace.layers.find(({ outputs }) => outputs[0] === tensor);
  const own = layer === undefined ? undefined : fields.get(layer.layer) ?? fields.get(`${layer.layer}#${layer.call}`);
  const [name] = Object.entries(trace.inputs).find(([, { value }]) => value === tensor) ?? [];
  const input = name === undefined ? undefined : [...fields.values()].find((field) => field.input === name);
  const steps = input === undefined ? own?.along[0] : input.inputAxes[0];
  return steps === 2 ? 1 : 2;
}

export interface Fields { readonly parts: readonly FieldPart[]; readonly words: string | null; readonly notes: readonly string[]; readonly problem: string | null }

/** The sentence for elements that no pass from the input to the loss made; null for those that one did. */
export function outsideForward({ trace }: View, tensor: number): string | null {
  const { role, writer = -1 } = trace.tensors.get(tensor) ?? {};
  const phase = trace.ops[writer]?.phase;
  if (phase === 'backward') return 'This is a gradient: it is made after the loss, of all examples and the whole input.';
  if (phase === 'update') return 'This is made by the update, of gradients that all examples and the whole input have a share in.';
  if (phase !== undefined || role?.kind === 'input') return null;
  if (role?.kind === 'weight') return 'This is a weight: it saw the data of the iterations before, not of this one.';
  return role?.kind === 'label' ? 'This is a label, which the data set holds.' : 'This does not depend on the data of the iteration.';
}

export function fieldsAt(view: View, element: ElementView): Fields {
  const { trace, info } = view, { tensor, index } = element;
  const problem = outsideForward(view, tensor);
  if (problem !== null) return { parts: [], words: null, notes: [], problem };
  const op = trace.ops[trace.tensors.get(tensor)?.writer ?? -1], { boxes, masked, batchStatistics } = madeOf(view, tensor, index), example = exampleOf(view, element, boxes);
  const layer = op?.phase === 'forward' ? op.layer : null;
  const fields = fieldsOf(info.network), field = layer === null ? undefined : fields.get(layer) ?? fields.get(`${layer}#${op?.call ?? 0}`);
  const parts = Object.entries(trace.inputs).filter(([, { value }]) => boxes.has(value)).map(([name, { value }]): FieldPart => {
    const shape = trace.tensors.get(value)?.shape ?? [], box = boxes.get(value) ?? null;
    const common = { input: name, tensor: value, shape, example, picture: exampleIn(view, name, value, example ?? 0), names: featureNames(view, shape) };
    if (value === tensor) return { ...common, window: { tensor: value, start: index, extent: index.map(() => 1), step: index.map(() => 1) }, words: 'it is this element of the input' };
    return { ...common, window: windowOf(view, value, shape, box, example), words: wordsOf(view, value, shape, field?.input === name ? field.inputAxes : null, box) };
  });
  const isWhole = parts.length > 0 && parts.every(({ words }) => words.startsWith('all'));
  const output = trace.layers.some(({ outputs }) => outputs.includes(tensor));
  return {
    parts, problem: null, words: layer === null || field === undefined || !output || field.axes.every((axis) => axis === null) ? null : fieldWords(layer, field),
    notes: [
      ...(isWhole ? reasonOf(info.network, field) : []), ...(masked ? ['Positions to which a mask gives the weight 0 are left out.'] : []),
      ...(batchStatistics ? ['The mean and variance of the batch, in which every example has a share, are left out.'] : []),
    ],
  };
}

/** The part of an input that a box covers, over all of its channels; of one example where the element has one. */
function windowOf(view: View, tensor: number, shape: readonly number[], box: Box | null, example: number | null): CellWindow {
  const channels = shape.length > 2 ? channelAxisOf(view, tensor) : -1;
  const range = (axis: number): readonly [number, number] => (axis === 0 ? (example === null ? [0, (shape[0] ?? 1) - 1] : [example, example]) : axis === channels ? [0, (shape[axis] ?? 1) - 1] : box?.[axis] ?? [0, -1]);
  return { tensor, start: shape.map((_, axis) => range(axis)[0]), extent: shape.map((_, axis) => range(axis)[1] - range(axis)[0] + 1), step: shape.map(() => 1) };
}

/** One example of a tensor as a picture of its own. */
export function exampleIn(view: View, name: string, tensor: number, example: number): TensorPicture {
  const { trace, reader } = view;
  const made = trace.tensors.get(tensor);
  if (made === undefined) throw new Failure('insight.tensor', `Iteration ${trace.iteration + 1} has no tensor number ${tensor}.`);
  const { data, shape, dtype } = reader.read(made), each = sizeOf(shape.slice(1));
  return pictureOf({ dtype, shape: [1, ...shape.slice(1)], data: data.slice(example * each, (example + 1) * each) }, { name, use: layoutOf(view, tensor), maxElements });
}

/** Names of a vector's elements: the columns of the data file that they come from. */
export function featureNames({ info: { config: { data } } }: View, shape: readonly number[]): readonly string[] | null {
  return 'features' in data && shape.length === 2 && data.features.length === shape[1] ? data.features : null;
}

/** Elements of a picture that crosses. */
export const maxElements = 65_536;

/** What element `index` of a tensor sees of a network's input, of example 0; null where that is all of it or not known. */
export function seenFrom(view: View, tensor: number, index: readonly number[], input: number): CellWindow | null {
  const shape = view.trace.tensors.get(input)?.shape ?? [], box = madeOf(view, tensor, index, { masks: false }).boxes.get(input) ?? null;
  if (box === null || box.every(([first, last], axis) => axis === 0 || (first === 0 && last === (shape[axis] ?? 1) - 1))) return null;
  return windowOf(view, input, shape, box, 0);
}

const axisNames: Readonly<Record<number, readonly string[]>> = { 1: ['steps'], 2: ['rows', 'columns'], 3: ['slices', 'rows', 'columns'] };

/** `14 × 14 of 28 × 28: rows 3 to 16, columns 5 to 18`. @param own the input's axes of space where they are known */
function wordsOf(view: View, tensor: number, shape: readonly number[], own: readonly number[] | null, box: Box | null): string {
  const channels = channelAxisOf(view, tensor), tokens = shape.length === 2 && view.trace.tensors.get(tensor)?.dtype !== 'float32';
  const axes = own ?? shape.map((_, axis) => axis).filter((axis) => axis > 0 && (axis !== channels || shape.length === 2));
  if (box === null) return 'nothing but padding';
  const ranges = axes.map((axis) => box[axis] ?? [0, 0] as const), extents = axes.map((axis) => shape[axis] ?? 1);
  if (ranges.every(([first, last], i) => first === 0 && last === (extents[i] ?? 1) - 1)) return shape.length === 2 ? `all ${shape[1]} ${tokens ? 'tokens' : 'values'}` : `all of it: ${shape.slice(1).join(' × ')}`;
  const names = shape.length === 2 ? [tokens ? 'tokens' : 'values'] : axisNames[axes.length] ?? [];
  return `${ranges.map(([first, last]) => last - first + 1).join(' × ')} of ${extents.join(' × ')}: ${ranges.map(([first, last], i) => `${names[i] ?? `axis ${axes[i]}`} ${first === last ? first : `${first} to ${last}`}`).join(', ')}`;
}

function fieldWords(layer: string, field: ReceptiveField): string {
  const { axes } = fieldView(field), minus = (value: number): string => String(value).replace('-', '−');
  const each = (pick: (axis: FieldAxisView) => string): string => axes.map((axis) => (axis === null ? 'all' : pick(axis))).join(' × ');
  const [only] = axes;
  if (axes.length === 1 && only?.open !== undefined) return `receptive field of ${layer}: each step sees its own place and all that ${only.open === 'before' ? 'lies before it' : 'comes after it'}`;
  const size = ({ size: extent, open }: FieldAxisView): string => (open === undefined ? String(extent ?? 'all') : open === 'before' ? 'up to its place' : 'from its place on');
  if (axes.some((axis) => axis?.scattered === true)) return `receptive field of ${layer}: size ${each(size)}, for each element elsewhere`;
  return `receptive field of ${layer}: size ${each(size)}, jump ${each(({ jump }) => minus(jump))}, start ${axes.map((axis) => (axis === null ? '0' : minus(axis.start))).join(', ')}`;
}

/** Why all of the input is seen: the layer from which on place no longer counts, and how it reads. */
function reasonOf(network: Network, field: ReceptiveField | undefined): readonly string[] {
  const since = field?.wholeSince?.replace(/#\d+$/, '') ?? null, layer = since === null ? undefined : findLayer(network, since);
  if (since === null || layer === undefined) return [];
  const [, words] = reasons.find(([type, , weighs]) => type.test(layer.type) && (weighs !== true || layer.weights.some(({ trainable }) => trainable))) ?? [null, 'reads every position'];
  return [`All of it, because ${since} (${layer.type}) ${words}.`];
}

/** How a class of layers reads every position; the third says that it does so by weights of its own. */
const reasons: readonly (readonly [type: RegExp, words: string, weighs?: true])[] = [
  [/Attention/i, 'weighs every position against every other: how much each of them counts, its attention weights say'],
  [/^Bidirectional$/, 'runs through the steps in both directions'], [/LSTM|GRU|RNN/i, 'hands a state from step to step and gives the last'],
  [/^(Gather|Slice|StridedSlice|STRIDED_SLICE|GATHER)/, 'takes one of the steps, which has seen all of them'],
  [/^Global|Mean|Reduce|^(Sum|Max|Min|MEAN|SUM)$|Pool/, 'takes all positions together'],
  [/Dense|Gemm|MatMul|FULLY_CONNECTED|Conv|CONV/, 'has a weight for every position', true], [/MatMul|Einsum|Dot|BATCH_MATMUL/i, 'multiplies every position with every other'],
  [/Normalization|Softmax/i, 'takes mean and variance, or a sum, over all positions'],
];
