/** Shapes and element types of examples, fitted to what a network's inputs and outputs take. */
import type { Json, Layer, Network, SymbolicShape, TensorRef } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { TensorValue } from '../../tensor/value';
import { sizeOf } from '../../tensor/value';

/** An input or output of the network: its name, and its shape with the batch as null. */
export interface Slot { readonly name: string; readonly shape: SymbolicShape; readonly integer: boolean }

/** Examples from one place; `what` names it in messages. */
export interface Source {
  readonly value: TensorValue;
  readonly what: string;
  /** Pictures may be flattened for a dense input. */
  readonly picture?: boolean;
  /** Values are class indices, so that a loss over one-hot rows gets such rows. */
  readonly classes?: boolean;
  /** One-hot rows of this many classes, whatever the loss; 0 or absent: as the loss wants it. */
  readonly oneHot?: number;
}

/** Numbers that a generator makes at most: 1 GiB. */
const mostNumbers = 2 ** 28;

/** @throws Failure `data.size` before memory is taken */
export function checkGenerated(examples: number, numbers: number, what: string): void {
  if (!(examples * numbers <= mostNumbers)) throw new Failure('data.size', `${examples.toLocaleString('en-US')} examples of ${numbers.toLocaleString('en-US')} numbers are more than ${what} makes (1 GiB); take fewer examples.`);
}

const layerOf = (network: Network, ref: TensorRef): Layer | undefined => network.layers.find(({ name }) => name === ref.layer);
const shapeOf = (network: Network, ref: TensorRef): SymbolicShape => layerOf(network, ref)?.calls[ref.call]?.outputShapes[ref.output] ?? [];

/** Inputs in the network's order, named after their layers. */
export function inputsOf(network: Network): Slot[] {
  return network.inputs.map((ref) => ({ name: ref.layer, shape: shapeOf(network, ref), integer: isInteger(layerOf(network, ref)?.config['dtype']) }));
}

/** Outputs in the network's order, named after their layers (numbered when one layer gives several). */
export function outputsOf(network: Network): Slot[] {
  const several = (ref: TensorRef): boolean => network.outputs.filter(({ layer }) => layer === ref.layer).length > 1;
  return network.outputs.map((ref, i) => ({ name: several(ref) ? `${ref.layer}#${i}` : ref.layer, shape: shapeOf(network, ref), integer: false }));
}

/** The batch that a graph of ops was exported for, where its inputs state one; null when any will do. */
export function fixedBatch(network: Network): number | null {
  const extents = network.inputs.map(({ layer }) => network.layers.find(({ name }) => name === layer)).map((layer) => layer?.calls[0]?.outputShapes[0]?.[0] ?? null);
  const [first = null] = extents;
  return first !== null && first > 0 && extents.every((extent) => extent === first) ? first : null;
}

/** Keras writes a dtype as `int32`, or as a policy record that holds the name. */
function isInteger(dtype: Json | undefined): boolean {
  if (typeof dtype === 'string') return /int/.test(dtype);
  if (typeof dtype !== 'object' || dtype === null || !('config' in dtype)) return false;
  const config = dtype['config'];
  return typeof config === 'object' && config !== null && 'name' in config && typeof config['name'] === 'string' && /int/.test(config['name']);
}

const written = (shape: SymbolicShape): string => `[${shape.map((extent) => extent ?? 'batch').join(', ')}]`;
const withoutOnes = (shape: SymbolicShape): SymbolicShape => shape.filter((extent) => extent !== 1);
const matches = (wanted: SymbolicShape, given: SymbolicShape): boolean => wanted.length === given.length && wanted.every((extent, axis) => extent === null || extent === given[axis]);

/** The examples as `[examples, …input shape]`, float32 or int32. @throws Failure `data.shape`, `data.nan` */
export function fitInput(slot: Slot, source: Source): TensorValue {
  const [examples = 0, ...given] = source.value.shape;
  const wanted = slot.shape.slice(1);
  let shape: readonly number[] | null = null;
  if (matches(wanted, given)) shape = given;
  else if (wanted.every((extent): extent is number => extent !== null)) {
    const sameButOnes = matches(withoutOnes(wanted), withoutOnes(given));
    const flattened = source.picture === true && wanted.length === 1 && wanted[0] === sizeOf(given);
    if (sameButOnes || flattened) shape = wanted;
  }
  if (shape === null || source.value.shape.length === 0) {
    throw new Failure('data.shape', `The network's input "${slot.name}" takes ${written(slot.shape)}, but ${source.what} gives ${written(source.value.shape)}.`);
  }
  refuseNaN(source);
  const data = slot.integer ? Int32Array.from(source.value.data as Iterable<number | bigint>, Number) : asFloat(source.value);
  return { dtype: slot.integer ? 'int32' : 'float32', shape: [examples, ...shape], data };
}

/** The labels of one output: class indices int32 `[examples]`, or float32 in the output's shape. Whether they suit the loss is the loss's to say. */
export function fitLabel(slot: Slot, source: Source, loss: string): TensorValue {
  const { value } = source;
  refuseNaN(source);
  const examples = value.shape[0] ?? 0;
  const indices = source.classes === true && value.shape.length === 1;
  const classes = source.oneHot || (indices && /^(categorical_?crossentropy|categorical_focal_crossentropy)$/i.test(loss) ? slot.shape.at(-1) ?? 0 : 0);
  if (indices && classes > 0) return oneHot(source, classes, slot.name);
  if (value.shape.length === 1 && matches(slot.shape, [examples, 1])) return { dtype: 'float32', shape: [examples, 1], data: asFloat(value) };
  if (isIntegerValue(value) && !(value.shape.length > 1 && matches(slot.shape, value.shape))) {
    return { dtype: 'int32', shape: value.shape, data: Int32Array.from(value.data as Iterable<number | bigint>, Number) };
  }
  return { dtype: 'float32', shape: value.shape, data: asFloat(value) };
}

/** Integers by type, or floats that are whole throughout (a CSV column of class numbers). */
function isIntegerValue(value: TensorValue): boolean {
  if (/int|bool/.test(value.dtype)) return true;
  return value.shape.length === 1 && (value.data as Float32Array).every((element) => Number.isInteger(element));
}

function oneHot({ value, what }: Source, classes: number, output: string): TensorValue {
  const examples = value.shape[0] ?? 0;
  const data = new Float32Array(examples * classes);
  for (let i = 0; i < examples; i += 1) {
    const label = Number(value.data[i]);
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new Failure('data.label', `${what}: example ${i + 1} has label ${label}, but the output "${output}" has classes 0 to ${classes - 1}.`);
    }
    data[i * classes + label] = 1;
  }
  return { dtype: 'float32', shape: [examples, classes], data };
}

function asFloat(value: TensorValue): Float32Array {
  return value.data instanceof Float32Array ? value.data : Float32Array.from(value.data as Iterable<number | bigint>, Number);
}

function refuseNaN({ value, what }: Source): void {
  if (!(value.data instanceof Float32Array || value.data instanceof Float64Array)) return;
  const at = (value.data as Float32Array).findIndex((element) => !Number.isFinite(element));
  if (at < 0) return;
  const index: number[] = [];
  let rest = at;
  for (const extent of [...value.shape].reverse()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  const element = String(value.data[at]);
  throw new Failure('data.nan', `${what} holds ${element} at [${index.join(', ')}]; replace it or leave the example out, for it would turn every weight into NaN.`);
}
