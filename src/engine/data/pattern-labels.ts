/** Labels for made-up examples: what an output's loss takes, computed from the pattern of the example's class. */
import type { SymbolicShape } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { Shape, TensorValue } from '../../tensor/value';
import { sizeOf } from '../../tensor/value';
import type { LabelKind } from '../losses/loss';
import type { Slot, Source } from './fit';
import { createRandom } from './random';

/** What is made for an output: the labels its loss takes, and whether the classes are its second axis rather than its last. */
export interface Wanted { readonly slot: Slot; readonly labels: LabelKind; readonly classesSecond: boolean }

/** The numbers of one class, in the shape without the batch. */
export interface Pattern { readonly shape: Shape; readonly data: Float32Array }
export type Kind = { readonly name: 'tokens'; readonly vocabulary: number } | { readonly name: 'ones' | 'points' | 'waves' };
/** An input with the pattern of each class. */
export interface Drawn { readonly slot: Slot; readonly shape: Shape; readonly kind: Kind; readonly patterns: readonly Pattern[] }

/** Most classes that are drawn, however many the network tells apart. */
export const mostClasses = 10;
/** Extents where the network leaves them open: of pictures, and of sequences. */
const openExtent = { picture: 64, sequence: 16 } as const;

/** A shape without its batch, open extents filled in, from `like` where it is given. */
export const closed = (shape: SymbolicShape, like?: Shape): number[] => shape.slice(1).map((extent, axis, all) => extent ?? like?.[axis] ?? (all.length > 2 ? openExtent.picture : openExtent.sequence));

/** Calls with every index of a shape in row-major order; the index is the same array each time. */
export function eachPlace(shape: Shape, visit: (index: readonly number[], at: number) => void): void {
  const index = shape.map(() => 0), size = sizeOf(shape);
  for (let at = 0; at < size; at += 1) {
    visit(index, at);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
}

/** Labels of one output, `[examples, …]`. @throws Failure `data.shape` for an output of unknown shape */
export function labelsOf({ slot, labels, classesSecond }: Wanted, inputs: readonly Drawn[], x: Readonly<Record<string, Source>>, examples: number, variety: number, seed: number): TensorValue {
  if (slot.shape.length === 0) throw new Failure('data.shape', `The output "${slot.name}" has no known shape, so "patterns" can make no labels for it; give "x" and "y" as files.`);
  const same = inputs.find(({ shape, kind }) => kind.name === 'waves' && shape.length === slot.shape.length - 1 && slot.shape.slice(1).every((extent, axis) => extent === null || extent === shape[axis]));
  const shape = closed(slot.shape, same?.shape);
  const copied = same === undefined ? undefined : x[same.slot.name]?.value;
  // One probability at each place is a mask rather than the picture again.
  if (copied !== undefined && (labels === 'reals' || labels === 'counts' || (labels === 'probabilities' && slot.shape.at(-1) !== 1))) return copied;

  const axis = classesSecond ? 0 : shape.length - 1;
  const classes = shape[axis] ?? 1, places = shape.filter((_, at) => at !== axis);
  const levels = labels === 'classes' || labels === 'distribution' ? Math.min(classes, mostClasses) : 2;
  const perClass = Array.from({ length: variety }, (_, label) => levelsOf(inputs, places, levels, label));
  const level = (example: number, place: number): number => perClass[example % variety]?.[place] ?? 0;
  const size = sizeOf(places);
  if (labels === 'classes') return { dtype: 'int32', shape: [examples, ...places], data: Int32Array.from({ length: examples * size }, (_, at) => level(Math.floor(at / size), at % size)) };

  const numbers = Array.from({ length: variety }, (_, label) => {
    const random = createRandom(seed, 'patterns', slot.name, 'label', label);
    return Float32Array.from({ length: classes }, () => random.normal());
  });
  const data = new Float32Array(examples * size * classes);
  const make: Readonly<Record<Exclude<LabelKind, 'classes'>, (at: number, number: number, channel: number) => number>> = {
    distribution: (at, _, channel) => (at === channel ? 1 : 0),
    probabilities: (at, number) => (classes === 1 ? at : number > 0 ? 1 : 0),
    signs: (at, number) => (classes === 1 ? 2 * at - 1 : Math.sign(number)),
    counts: (_, number) => Math.floor(3 * Math.abs(number)),
    reals: (at, number) => (size === 1 ? number : number + at),
  };
  for (let example = 0; example < examples; example += 1) {
    eachPlace(shape, (index, at) => {
      const channel = index[axis] ?? 0;
      const place = places.reduce((sum, extent, order) => sum * extent + (index[order < axis ? order : order + 1] ?? 0), 0);
      data[example * size * classes + at] = make[labels](level(example, place), numbers[example % variety]?.[channel] ?? 0, channel);
    });
  }
  return { dtype: 'float32', shape: [examples, ...shape], data };
}

/** At each place of an output the level of the input there, 0 to `levels` - 1; the class where the output has no places, or none that an input has. */
function levelsOf(inputs: readonly Drawn[], places: Shape, levels: number, label: number): Uint8Array {
  const found = new Uint8Array(sizeOf(places)).fill(label % levels);
  if (sizeOf(places) <= 1) return found;
  for (const { shape, kind, patterns } of inputs) {
    const pattern = patterns[label]?.data;
    if (pattern === undefined || kind.name === 'ones' || kind.name === 'points') continue;
    // The axes of places: all of tokens, else without the channels, which come first or last.
    const isFirst = shape.length === places.length + 1 && (shape[0] ?? 0) < (shape.at(-1) ?? 0);
    const from = shape.length === places.length ? 0 : isFirst ? 1 : 0;
    if (shape.length !== places.length && shape.length !== places.length + 1) continue;
    eachPlace(places, (index, at) => {
      const source = shape.reduce((sum, extent, axis) => {
        const order = axis - from, wide = places[order];
        return sum * extent + (order < 0 || wide === undefined ? 0 : Math.floor(((index[order] ?? 0) * extent) / wide));
      }, 0);
      const value = pattern[source] ?? 0;
      found[at] = kind.name === 'tokens' ? value % levels : Math.min(levels - 1, Math.max(0, Math.floor(value * levels)));
    });
    return found;
  }
  return found;
}
