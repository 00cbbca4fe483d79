/** What an element can see of the network's inputs: the receptive field of its layer, placed at the element and clipped to the input. */
import type { Trace } from '../../engine/trace';
import { findLayer } from '../../network/layer-path';
import { fieldsOf as fieldsIn, fieldView } from '../../network/graph-view';
import { Settings } from '../../network/kinds/kind';
import type { Network } from '../../network/network';
import { seen } from '../../network/receptive-field';
import type { ReceptiveField } from '../../network/receptive-field';
import type { CellWindow } from '../../protocol/cell';
import type { ElementView, FieldPart } from '../../protocol/insight';
import type { FieldAxisView } from '../../protocol/graph';
import type { TensorPicture } from '../../protocol/tensor';
import { Failure } from '../../tensor/failure';
import { pictureOf } from '../../tensor/picture';
import { sizeOf } from '../../tensor/value';
import type { TensorUse } from '../../tensor/slice';
import type { View } from '../place';
import { useOf } from '../view/picture';
import { indexOf } from '../view/trace-index';

/** All tensors that a tensor was made of, itself included. */
export function ancestors({ ops, tensors }: Trace, tensor: number): Set<number> {
  const found = new Set([tensor]);
  for (let op = tensors.get(tensor)?.writer ?? -1; op >= 0; op -= 1) {
    const each = ops[op];
    if (each?.outputs.some((output) => found.has(output)) === true) for (const input of Object.values(each.inputs)) found.add(input);
  }
  return found;
}

/** The example of the batch that an element belongs to; null when its first axis does not number examples. */
export const exampleOf = ({ trace }: View, { tensor, index }: Pick<ElementView, 'tensor' | 'index'>): number | null =>
  (index.length > 0 && trace.tensors.get(tensor)?.shape[0] === trace.batch.size ? index[0] ?? null : null);

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
  return rank > 3 && layoutOf(view, tensor).endsWith('-first') ? 1 : Math.max(0, rank - 1);
}

export interface Fields { readonly parts: readonly FieldPart[]; readonly words: string | null; readonly problem: string | null }

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
  if (problem !== null) return { parts: [], words: null, problem };
  const made = trace.tensors.get(tensor), op = trace.ops[made?.writer ?? -1], from = ancestors(trace, tensor), example = exampleOf(view, element);
  const layer = op?.phase === 'forward' ? op.layer : null;
  const fields = fieldsOf(info.network);
  const field = layer === null ? undefined : fields.get(layer) ?? fields.get(`${layer}#${op?.call ?? 0}`);
  const places = layer === null || field === undefined || !alike(trace, layer, op?.call ?? 0, made?.shape ?? []) ? null : placesOf(info.network, layer, field, index);
  const parts = Object.entries(trace.inputs).filter(([, { value }]) => from.has(value)).map(([name, { value }]): FieldPart => {
    const shape = trace.tensors.get(value)?.shape ?? [];
    if (value === tensor) return { input: name, tensor: value, shape, example, window: { tensor: value, start: index, extent: index.map(() => 1), step: index.map(() => 1) }, words: 'it is this element of the input', picture: exampleIn(view, name, value, example ?? 0), names: featureNames(view, shape) };
    const axes = field !== undefined && field.input === name && places !== null ? field.axes.map((axis, i) => seen(axis, places[i] ?? 0, shape[i + 1] ?? 1)) : null;
    const start = shape.map((_, axis) => (axis === 0 ? example ?? 0 : axes?.[axis - 1]?.[0] ?? 0));
    const extent = shape.map((size, axis) => (axis === 0 ? (example === null ? size : 1) : spanOf(axes?.[axis - 1], size)));
    return { input: name, tensor: value, shape, example, window: { tensor: value, start, extent, step: shape.map(() => 1) }, words: wordsOf(shape, axes), picture: exampleIn(view, name, value, example ?? 0), names: featureNames(view, shape) };
  });
  return { parts, words: layer === null || field === undefined || places === null ? null : fieldWords(layer, field), problem: null };
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

const spanOf = (range: readonly [number, number] | undefined, size: number): number => (range === undefined ? size : Math.max(0, range[1] - range[0] + 1));

/** What the element at `place` (without batch and channel) of a layer's output sees of the network's input; null where that is all of it. */
export function seenFrom(network: Network, layer: string, place: readonly number[], tensor: number, input: readonly number[]): CellWindow | null {
  const field = fieldsOf(network).get(layer);
  if (field === undefined || field.axes.length !== place.length || input.length !== place.length + 2 || field.axes.every((axis) => axis === null)) return null;
  const ranges = field.axes.map((axis, i) => seen(axis, place[i] ?? 0, input[i + 1] ?? 1));
  return { tensor, start: [0, ...ranges.map(([first]) => first), 0], extent: [1, ...ranges.map(([first, last]) => Math.max(0, last - first + 1)), input.at(-1) ?? 1], step: input.map(() => 1) };
}

/** Whether a tensor inside a layer lies as the layer's output does. */
function alike({ layers, tensors }: Trace, layer: string, call: number, shape: readonly number[]): boolean {
  const output = layers.find((each) => each.layer === layer && each.call === call)?.outputs[0];
  const own = tensors.get(output ?? -1)?.shape ?? [];
  return own.length === shape.length && own.slice(1, -1).every((extent, axis) => extent === shape[axis + 1]);
}

function placesOf(network: Network, path: string, { axes }: ReceptiveField, index: readonly number[]): readonly number[] | null {
  if (index.length !== axes.length + 2 || axes.every((axis) => axis === null)) return null;
  const layer = findLayer(network, path);
  return layer !== undefined && new Settings(layer.config).channelsFirst ? index.slice(2) : index.slice(1, -1);
}

const axisNames: Readonly<Record<number, readonly string[]>> = { 1: ['steps'], 2: ['rows', 'columns'], 3: ['slices', 'rows', 'columns'] };

/** `14 × 14 of 28 × 28: rows 3 to 16, columns 5 to 18`. */
function wordsOf(shape: readonly number[], axes: readonly (readonly [number, number])[] | null): string {
  const inner = shape.slice(1);
  const spatial = inner.slice(0, -1);
  if (axes === null || axes.every(([first, last], axis) => first === 0 && last === (spatial[axis] ?? 1) - 1)) return inner.length === 1 ? `all ${inner[0]} values` : `all of it: ${inner.join(' × ')}`;
  if (axes.some(([first, last]) => last < first)) return 'nothing but padding';
  const names = axisNames[axes.length] ?? [];
  return `${axes.map((range) => spanOf(range, 0)).join(' × ')} of ${spatial.join(' × ')}: ${axes.map(([first, last], axis) => `${names[axis] ?? `axis ${axis + 1}`} ${first === last ? first : `${first} to ${last}`}`).join(', ')}`;
}

function fieldWords(layer: string, field: ReceptiveField): string {
  const { axes } = fieldView(field);
  const each = (pick: (axis: FieldAxisView) => number | null): string => axes.map((axis) => (axis === null ? 'all' : String(pick(axis) ?? 'all').replace('-', '−'))).join(' × ');
  return `receptive field of ${layer}: size ${each(({ size }) => size)}, jump ${each(({ jump }) => jump)}, start ${axes.map((axis) => (axis === null ? '0' : String(axis.start).replace('-', '−'))).join(', ')}`;
}
