/**
 * How an op's output reads its operands, axis by axis: along an axis of the output, position o reads the positions of an operand's axis
 * from ceil(jump · o + low) to floor(jump · o + high) (Araujo, Norris, Sim: Computing Receptive Fields of Convolutional Neural
 * Networks, 2019). The rows of the tables beside this file are made of these.
 */
import type { Json, JsonObject, LayerCall, SymbolicShape } from '../network';

/** Bounds may be infinite: a causal layer sees all that lies before. A jump is a fraction where a layer enlarges, negative where one turns round. */
export interface AxisField {
  readonly jump: number;
  readonly low: number;
  readonly high: number;
  /** high − low of what one element really sees, where the bounds are wider: in a row that several axes were joined to, place is no straight line. */
  readonly width?: number;
}

/** … along the axis `along` of the output; negative where the output has none for it, and always reads the same places. */
export interface AxisReading extends AxisField {
  readonly along: number;
  /** Of places one of so many more, which one the batch's index says: pictures that are dealt out to the batch, until they are put together again. */
  readonly dealt?: number;
  readonly gathered?: true;
  /** One element reads one place, whichever of those between the bounds that is. */
  readonly single?: true;
}

/** An entry for each axis of the operand; null where every position is read. */
export interface Reading {
  readonly axes: readonly (AxisReading | null)[];
  /** Axes of the operand that windows slide along: space, not channels. */
  readonly space?: readonly number[];
}

/** One operand of one call of an op, and one of its outputs. */
export interface Operand {
  readonly type: string;
  readonly config: JsonObject;
  readonly kwargs: LayerCall['kwargs'];
  /** Its place among the operands, and the shapes of all of them by place, those of weights included. */
  readonly position: number;
  readonly shapes: readonly (SymbolicShape | undefined)[];
  readonly shape: SymbolicShape;
  readonly which: number;
  readonly output: SymbolicShape;
  /** Elements of a small operand that says how the op works (axes, a permutation), where the file tells them. */
  readonly values: (position: number) => readonly number[] | undefined;
}

/** Null where all is read; `nothing` where the values do not matter. */
export type Rule = (operand: Operand) => Reading | 'nothing' | null;
export type Rules = Readonly<Record<string, Rule>>;

/** Just less than 1: open ends of intervals. */
const nearly = 1 - 1e-6;

export const straight = (along: number, by = 0): AxisReading => ({ along, jump: 1, low: by, high: by });
/** One place of an axis that the output does not have. */
export const fixed = (at: number): AxisReading => ({ along: -1, jump: 0, low: at, high: at });
export const named = (names: string, rule: Rule): Rules => Object.fromEntries(names.split(' ').map((name) => [name, rule]));
const isNumber = (value: unknown): value is number => typeof value === 'number';
/** Numbers of a setting: a list, or one of them. */
export function listOf(value: Json | undefined): readonly number[] | undefined {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isNumber) : isNumber(value) ? [value] : undefined;
}
export const numberOf = (value: Json | undefined, fallback: number): number => (isNumber(value) ? value : fallback);
export const front = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** Element by element, axes aligned at the end; an extent of 1 meets the whole axis. */
export const elementwise: Rule = ({ shape, output }) => {
  const lead = output.length - shape.length;
  return lead < 0 ? null : { axes: shape.map((extent, axis) => (extent === 1 && output[axis + lead] !== 1 ? null : straight(axis + lead))) };
};

/** Position by position, but for these axes (counted from either end), of which all is read. */
export const acrossAxes = (axes: (operand: Operand) => readonly number[] | undefined): Rule => (operand) => {
  const across = axes(operand)?.map((axis) => front(axis, operand.shape.length));
  const same = elementwise(operand);
  return across === undefined || same === null || same === 'nothing' ? null : { axes: same.axes.map((axis, at) => (across.includes(at) ? null : axis)) };
};

/** An axis is used up: summed over, or picked from. Its rest stays, with an axis of 1 in its place where that is kept. */
export const reduction = (axes: (operand: Operand) => readonly number[] | undefined): Rule => (operand) => {
  const { shape, output } = operand;
  const gone = axes(operand)?.map((axis) => front(axis, shape.length));
  if (gone === undefined) return null;
  const kept = output.length === shape.length;
  let place = 0;
  return { axes: shape.map((_, axis) => (gone.includes(axis) ? (place += kept ? 1 : 0, null) : straight(place++))) };
};

/** Windows that slide along spatial axes; `pads` are those before the first element. */
export interface Windows {
  /** The first of the spatial axes. */
  readonly first: number;
  readonly taps: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: 'valid' | 'same' | 'same-lower' | 'causal' | readonly number[];
}

/** Padding before the first element along an axis; of an extent that is not known, that of a stride of 1. */
function before(padding: Windows['padding'], axis: number, input: number | null, output: number | null, reach: number, stride: number): number {
  if (typeof padding === 'object') return padding[axis] ?? 0;
  if (padding === 'causal') return reach - 1;
  if (padding === 'valid') return 0;
  const total = Math.max(0, input === null || output === null ? reach - 1 : (output - 1) * stride + reach - input);
  return padding === 'same' ? Math.floor(total / 2) : Math.ceil(total / 2);
}

const spaceOf = ({ first, taps }: Windows): number[] => taps.map((_, axis) => axis + first);

/** Convolution (`channels` all are read) and pooling (each is read by itself). */
export const sliding = (windows: (operand: Operand) => Windows | null, channels: 'all' | 'own'): Rule => (operand) => {
  const { shape, output } = operand, found = windows(operand);
  if (found === null || found.first + found.taps.length > shape.length || shape.length !== output.length) return null;
  const { first, taps, strides, dilations, padding } = found;
  return {
    space: spaceOf(found),
    axes: shape.map((extent, axis) => {
      const count = taps[axis - first];
      if (count === undefined) return axis === 0 || channels === 'own' ? straight(axis) : null;
      const [stride, reach] = [strides[axis - first] ?? 1, (count - 1) * (dilations[axis - first] ?? 1) + 1];
      const pad = before(padding, axis - first, extent, output[axis] ?? null, reach, stride);
      return { along: axis, jump: stride, low: -pad, high: reach - 1 - pad };
    }),
  };
};

/** A transposed convolution: output o is fed by inputs (o + pad − k) / stride for its taps k. */
export const transposed = (windows: (operand: Operand) => Windows | null): Rule => (operand) => {
  const { shape, output } = operand, found = windows(operand);
  if (found === null || shape.length !== output.length) return null;
  const { first, taps, strides, dilations, padding } = found;
  return {
    space: spaceOf(found),
    axes: shape.map((extent, axis) => {
      const count = taps[axis - first];
      if (count === undefined) return axis === 0 ? straight(axis) : null;
      const [stride, reach] = [strides[axis - first] ?? 1, (count - 1) * (dilations[axis - first] ?? 1) + 1];
      const pad = before(padding, axis - first, output[axis] ?? null, extent, reach, stride);
      return { along: axis, jump: 1 / stride, low: (pad - reach + 1) / stride, high: pad / stride };
    }),
  };
};

/** All of these axes becomes one element. */
export const wholeSpace = (first: (operand: Operand) => number): Rule => (operand) => {
  const { shape, output } = operand, from = first(operand);
  const space = shape.flatMap((_, axis) => (axis >= from && axis < from + shape.length - 2 ? [axis] : []));
  const reduced = reduction(() => space)({ ...operand, output });
  return reduced === null || reduced === 'nothing' ? null : { ...reduced, space };
};

/** Where output position o lies in the operand: jump · o + at. */
export interface Sampling { readonly jump: number; readonly at: number }
/** Which positions are taken there: the one below, above or nearest (`down` takes the lower of two), two neighbours, or four. */
export type Taking = 'floor' | 'ceil' | 'round-down' | 'round-up' | 'linear' | 'cubic';
const reach: Readonly<Record<Taking, readonly [number, number]>> = {
  floor: [-nearly, 0], ceil: [0, nearly], 'round-down': [-0.5, nearly - 0.5], 'round-up': [0.5 - nearly, 0.5], linear: [-nearly, nearly], cubic: [-1 - nearly, 1 + nearly],
};

/** A picture of another size. */
export const resized = (sampling: (operand: Operand, axis: number) => Sampling | null, taking: (operand: Operand) => Taking, spatial: (operand: Operand, axis: number) => boolean): Rule => (operand) => {
  const { shape, output } = operand;
  if (shape.length !== output.length) return null;
  const [low, high] = reach[taking(operand)];
  return {
    space: shape.flatMap((_, axis) => (spatial(operand, axis) ? [axis] : [])),
    axes: shape.map((extent, axis) => {
      const found = sampling(operand, axis);
      if (found === null) return null;
      // Nothing lies between positions that are met exactly.
      const exact = Number.isInteger(found.jump) && Number.isInteger(found.at) ? 0 : 1;
      return extent !== null && extent === output[axis] && found.jump === 1 && found.at === 0 ? straight(axis) : { along: axis, jump: found.jump, low: found.at + exact * low, high: found.at + exact * high };
    }),
  };
};

export const permuted = (order: (operand: Operand) => readonly number[] | undefined): Rule => (operand) => {
  const perm = order(operand);
  return perm?.length === operand.shape.length ? { axes: operand.shape.map((_, axis) => { const along = perm.indexOf(axis); return along < 0 ? null : straight(along); }) } : null;
};

/** Cut, padded or turned round: along each axis, output o is element start + step · o; undefined where that is not known. */
export const shifted = (place: (operand: Operand, axis: number) => { readonly start: number; readonly step: number } | undefined): Rule => (operand) => {
  if (operand.shape.length !== operand.output.length) return null;
  return { axes: operand.shape.map((_, axis) => { const found = place(operand, axis); return found === undefined ? null : { along: axis, jump: found.step, low: found.start, high: found.start }; }) };
};

/** Put one behind the other along an axis. */
export const joined = (axis: (operand: Operand) => number | undefined, first = 0): Rule => (operand) => {
  const { shapes, position, shape } = operand, given = axis(operand);
  if (given === undefined || shape.length !== operand.output.length) return null;
  const at = front(given, shape.length);
  const lead = shapes.slice(first, position).map((other) => other?.[at] ?? null);
  return { axes: shape.map((_, own) => (own !== at ? straight(own) : lead.includes(null) ? null : straight(own, -lead.reduce<number>((sum, extent) => sum + (extent ?? 0), 0)))) };
};

/** Products of matrices: an operand keeps one of its last two axes, and its stack of matrices is matched from the end. */
export const multiplied = (turned: (operand: Operand) => boolean, second: (operand: Operand) => boolean): Rule => (operand) => {
  const { shape, output } = operand, right = second(operand);
  const stack = elementwise({ ...operand, shape: shape.slice(0, -2), output: output.slice(0, -2) });
  if (shape.length === 1 || stack === null || stack === 'nothing') return null;
  const kept = straight(output.length - (right ? 1 : 2));
  return { axes: [...stack.axes, ...(right === turned(operand) ? [kept, null] : [null, kept])] };
};

/** All that comes before, up to position o itself; or from there on. */
export const causal = (along: number, reversed: boolean): AxisReading => (reversed ? { along, jump: 1, low: 0, high: Infinity } : { along, jump: 1, low: -Infinity, high: 0 });

/** Blocks of pixels that become channels, or channels that become blocks. */
export const blocks = (first: (operand: Operand) => number, size: (operand: Operand) => number, enlarge: boolean): Rule => (operand) => {
  const { shape } = operand, [from, by] = [first(operand), size(operand)];
  const space = [from, from + 1];
  return {
    space,
    axes: shape.map((_, along) => (along === 0 ? straight(0) : !space.includes(along) ? null : enlarge ? { along, jump: 1 / by, low: (1 - by) / by, high: 0 } : { along, jump: by, low: 0, high: by - 1 })),
  };
};

/** Labels on both sides stay; others are summed over. A label that an operand has twice takes its diagonal. */
export const einsum: Rule = ({ config, position, shape, output }) => {
  const [inputs = '', result = ''] = (typeof config.equation === 'string' ? config.equation : '').replaceAll(' ', '').split('->');
  const own = inputs.split(',')[position] ?? '';
  return own.length === shape.length && result.length === output.length ? { axes: [...own].map((label) => { const along = result.indexOf(label); return along < 0 ? null : straight(along); }) } : null;
};
