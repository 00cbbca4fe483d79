/**
 * Arithmetic on the small tensors from which exported models build shapes, axes and constants: computed in plain numbers, when the
 * file is opened as far as it tells, and by the engine when a shape is known only while the network runs. Not part of the graph.
 */
import type { JsonObject } from '../../network/network';
import { bytesPerElement } from '../../tensor/elements';
import type { DType } from '../../tensor/value';
import { sizeOf } from '../../tensor/value';

/** A small tensor; an element that is not known yet is null. */
export interface HostValue { readonly dtype: DType; readonly shape: readonly number[]; readonly data: readonly (number | null)[] }

/** An op as the host sees it: inputs by position, undefined where left out. */
export interface HostOp {
  readonly config: JsonObject;
  readonly inputs: readonly (HostValue | undefined)[];
  readonly outputs: number;
  /** Most elements that one number may be written to: more while a network runs than when its file is opened. */
  readonly most?: number;
}

/** Results by position; undefined when the op cannot be computed here. */
type Rule = (op: HostOp) => readonly HostValue[] | undefined;

/** More elements than this are a matter for kernels. */
export const maximalHostSize = 1 << 20;

export const floating = (dtype: DType): boolean => dtype.startsWith('float') || dtype === 'bfloat16';
const isNumber = (value: unknown): value is number => typeof value === 'number';
/** True for shapes of few elements; what a file computes may be negative, fractions or more than can be counted. */
const fits = (shape: readonly number[], most = maximalHostSize): boolean => shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0) && sizeOf(shape) <= most;

/** A list of whole numbers, or one of them. */
export const hostInts = (data: readonly (number | null)[], shape: readonly number[] = [data.length]): HostValue => ({ dtype: 'int64', shape, data });

/** A number of the config, or the only element of an input. */
const numberAt = ({ config, inputs }: HostOp, key: string, position: number, fallback?: number): number | undefined => {
  const value = inputs[position]?.data[0] ?? config[key];
  return isNumber(value) ? value : inputs[position] === undefined ? fallback : undefined;
};
/** Numbers of the config or of an input; undefined when there are none or one is unknown. */
const numbersAt = ({ config, inputs }: HostOp, key: string, position: number): number[] | undefined => {
  const value = inputs[position]?.data ?? config[key];
  return Array.isArray(value) && value.every(isNumber) ? [...value as readonly number[]] : isNumber(value) ? [value] : undefined;
};
const front = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const rounded = (value: number, dtype: DType): number => (dtype === 'float32' ? Math.fround(value) : value);

/** NumPy's rule for two shapes; null when they do not go together. */
export function joinedShape(first: readonly number[], second: readonly number[]): number[] | null {
  const rank = Math.max(first.length, second.length);
  const shape = Array.from({ length: rank }, (_, axis) => {
    const [a, b] = [first[axis - rank + first.length] ?? 1, second[axis - rank + second.length] ?? 1];
    return a === b || b === 1 ? a : a === 1 ? b : -1;
  });
  return shape.includes(-1) ? null : shape;
}

/** Row-major steps of a shape; 0 along axes that are stretched to `target`. */
function stepsOf(shape: readonly number[], target: readonly number[]): number[] {
  const lead = target.length - shape.length;
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : sizeOf(shape.slice(axis - lead + 1))));
}

/** Calls `visit` with the places of all elements of `shape`, in row-major order. */
function places(shape: readonly number[], visit: (place: readonly number[]) => void): void {
  const place = shape.map(() => 0);
  for (let count = sizeOf(shape); count > 0; count -= 1) {
    visit(place);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      place[axis] = (place[axis] ?? 0) + 1;
      if ((place[axis] ?? 0) < (shape[axis] ?? 1)) break;
      place[axis] = 0;
    }
  }
}

/** The elements of `value` at the flat places that `at` finds for each place of `shape`; -1 gives `filler`. */
function picked(value: HostValue, shape: readonly number[], at: (place: readonly number[]) => number, filler: number | null = 0): HostValue | undefined {
  if (!fits(shape)) return undefined;
  const data: (number | null)[] = [];
  places(shape, (place) => { const index = at(place); data.push(index < 0 ? filler : value.data[index] ?? null); });
  return { dtype: value.dtype, shape: [...shape], data };
}
const only = (value: HostValue | undefined): readonly HostValue[] | undefined => (value === undefined ? undefined : [value]);
const dot = (place: readonly number[], steps: readonly number[]): number => place.reduce((sum, index, axis) => sum + index * (steps[axis] ?? 0), 0);

const stretched = (value: HostValue, shape: readonly number[]): HostValue | undefined => {
  const steps = stepsOf(value.shape, shape);
  return picked(value, shape, (place) => dot(place, steps));
};

const elementwise = (compute: (...values: number[]) => number, dtypeOf: (first: DType) => DType = (first) => first): Rule => ({ inputs }) => {
  const [first, ...rest] = inputs;
  if (first === undefined) return undefined;
  const shape = rest.reduce<number[] | null>((joined, input) => (joined === null || input === undefined ? null : joinedShape(joined, input.shape)), [...first.shape]);
  if (shape === null || !fits(shape)) return undefined;
  const dtype = dtypeOf(first.dtype);
  const steps = inputs.map((input) => stepsOf(input?.shape ?? [], shape));
  const data: (number | null)[] = [];
  places(shape, (place) => {
    const values = inputs.map((input, index) => input?.data[dot(place, steps[index] ?? [])] ?? null);
    data.push(values.every(isNumber) ? rounded(compute(...values), dtype) : null);
  });
  return [{ dtype, shape, data }];
};
const fold = (compute: (a: number, b: number) => number): Rule => elementwise((...values) => values.slice(1).reduce(compute, values[0] ?? 0));
const truth = (compute: (a: number, b: number) => boolean): Rule => elementwise((a, b = 0) => (compute(a, b) ? 1 : 0), () => 'bool');

const reduction = (compute: (values: readonly number[]) => number): Rule => (op) => {
  const [input] = op.inputs;
  if (input === undefined) return undefined;
  const rank = input.shape.length;
  const given = numbersAt(op, 'axes', 1) ?? [];
  if (given.length === 0 && op.config.noop_with_empty_axes === 1) return [input];
  const gone = new Set(given.length === 0 ? input.shape.map((_, axis) => axis) : given.map((axis) => front(axis, rank)));
  const kept = input.shape.map((extent, axis) => (gone.has(axis) ? 1 : extent));
  const steps = stepsOf(kept, input.shape);
  const groups = Array.from({ length: sizeOf(kept) }, (): (number | null)[] => []);
  let index = 0;
  places(input.shape, (place) => { groups[dot(place, steps)]?.push(input.data[index] ?? null); index += 1; });
  const shape = op.config.keepdims === 0 ? kept.filter((_, axis) => !gone.has(axis)) : kept;
  return [{ dtype: input.dtype, shape, data: groups.map((group) => (group.every(isNumber) ? rounded(compute(group), input.dtype) : null)) }];
};

const reshaped = (op: HostOp, shape: readonly number[] | undefined): readonly HostValue[] | undefined => {
  const [input] = op.inputs;
  return input === undefined || shape === undefined || sizeOf(shape) !== input.data.length ? undefined : [{ ...input, shape }];
};

const slice: Rule = (op) => {
  const [input] = op.inputs;
  const [starts, ends] = [numbersAt(op, 'starts', 1), numbersAt(op, 'ends', 2)];
  if (input === undefined || starts === undefined || ends === undefined) return undefined;
  const axes = numbersAt(op, 'axes', 3) ?? starts.map((_, axis) => axis);
  const strides = numbersAt(op, 'steps', 4) ?? starts.map(() => 1);
  const ranges = sliceRanges(input.shape, { starts, ends, axes, steps: strides });
  const steps = stepsOf(input.shape, input.shape.map(() => 2)).map((_, axis) => sizeOf(input.shape.slice(axis + 1)));
  return only(picked(input, ranges.map(({ count }) => count), (place) => place.reduce((sum, index, axis) => sum + ((ranges[axis]?.start ?? 0) + index * (ranges[axis]?.step ?? 1)) * (steps[axis] ?? 0), 0)));
};

export interface SliceRange { readonly start: number; readonly step: number; readonly count: number }

/** Start, step and number of elements along every axis, as ONNX's Slice clamps them. */
export function sliceRanges(shape: readonly number[], { starts, ends, axes, steps }: { readonly starts: readonly number[]; readonly ends: readonly number[]; readonly axes: readonly number[]; readonly steps: readonly number[] }): SliceRange[] {
  const ranges = shape.map((count): SliceRange => ({ start: 0, step: 1, count }));
  for (const [index, given] of axes.entries()) {
    const axis = front(given, shape.length);
    const extent = shape[axis] ?? 0;
    const step = steps[index] ?? 1;
    const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value < 0 ? value + extent : value, low), high);
    const start = step > 0 ? clamp(starts[index] ?? 0, 0, extent) : clamp(starts[index] ?? 0, 0, extent - 1);
    const end = step > 0 ? clamp(ends[index] ?? extent, 0, extent) : clamp(ends[index] ?? -extent - 1, -1, extent - 1);
    ranges[axis] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  }
  return ranges;
}

const gather: Rule = (op) => {
  const [input, indices] = op.inputs;
  if (input === undefined || indices === undefined || !indices.data.every(isNumber)) return undefined;
  const axis = front(numberAt(op, 'axis', 9, 0) ?? 0, input.shape.length);
  const extent = input.shape[axis] ?? 0;
  const inner = sizeOf(input.shape.slice(axis + 1));
  const shape = [...input.shape.slice(0, axis), ...indices.shape, ...input.shape.slice(axis + 1)];
  const steps = input.shape.map((_, index) => sizeOf(input.shape.slice(index + 1)));
  const indexSteps = indices.shape.map((_, index) => sizeOf(indices.shape.slice(index + 1)));
  return only(picked(input, shape, (place) => {
    const chosen = indices.data[dot(place.slice(axis, axis + indices.shape.length), indexSteps)] ?? 0;
    return dot(place.slice(0, axis), steps) + front(chosen, extent) * inner + dot(place.slice(axis + indices.shape.length), steps.slice(axis + 1));
  }));
};

const concat: Rule = ({ inputs, config }) => {
  const values = inputs.filter((input) => input !== undefined);
  const [first] = values;
  if (first === undefined || values.length < inputs.length || values.some(({ shape }) => shape.length !== first.shape.length)) return undefined;
  const axis = front(isNumber(config.axis) ? config.axis : 0, first.shape.length);
  const outer = sizeOf(first.shape.slice(0, axis));
  const data: (number | null)[] = [];
  for (let row = 0; row < outer; row += 1) for (const value of values) { const length = value.data.length / Math.max(outer, 1); for (let index = row * length; index < (row + 1) * length; index += 1) data.push(value.data[index] ?? null); }
  return [{ dtype: first.dtype, shape: first.shape.map((extent, index) => (index === axis ? values.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0) : extent)), data }];
};

const unsqueeze: Rule = (op) => {
  const [input] = op.inputs;
  const axes = numbersAt(op, 'axes', 1);
  if (input === undefined || axes === undefined) return undefined;
  const rank = input.shape.length + axes.length;
  const added = new Set(axes.map((axis) => front(axis, rank)));
  const rest = [...input.shape];
  return reshaped(op, Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift() ?? 1)));
};

const squeeze: Rule = (op) => {
  const [input] = op.inputs;
  if (input === undefined) return undefined;
  const axes = numbersAt(op, 'axes', 1)?.map((axis) => front(axis, input.shape.length));
  return reshaped(op, input.shape.filter((extent, axis) => (axes === undefined ? extent !== 1 : !axes.includes(axis))));
};

/** The shape that Reshape makes: 0 keeps an extent, -1 is what is left. */
export function reshapedShape(shape: readonly number[], wanted: readonly number[], allowZero: boolean): number[] {
  const target = wanted.map((extent, axis) => (extent === 0 && !allowZero ? shape[axis] ?? 0 : extent));
  const rest = target.filter((extent) => extent !== -1);
  return target.map((extent) => (extent === -1 ? sizeOf(shape) / Math.max(1, sizeOf(rest)) : extent));
}

const transpose: Rule = (op) => {
  const [input] = op.inputs;
  if (input === undefined) return undefined;
  const order = numbersAt(op, 'perm', 9) ?? input.shape.map((_, axis) => input.shape.length - 1 - axis);
  const steps = order.map((axis) => sizeOf(input.shape.slice(axis + 1)));
  return only(picked(input, order.map((axis) => input.shape[axis] ?? 1), (place) => dot(place, steps)));
};

const split: Rule = (op) => {
  const [input] = op.inputs;
  if (input === undefined) return undefined;
  const axis = front(isNumber(op.config.axis) ? op.config.axis : 0, input.shape.length);
  const extent = input.shape[axis] ?? 0;
  const each = Math.ceil(extent / op.outputs);
  const sizes = numbersAt(op, 'split', 1) ?? Array.from({ length: op.outputs }, (_, part) => Math.min(each, extent - part * each));
  let start = 0;
  const parts = sizes.map((size) => { start += size; return slice({ config: { starts: [start - size], ends: [start], axes: [axis] }, inputs: [input], outputs: 1 })?.[0]; });
  return parts.every((part) => part !== undefined) ? parts : undefined;
};

const range: Rule = (op) => {
  const [start, limit, delta] = [0, 1, 2].map((position) => op.inputs[position]?.data[0] ?? null);
  if (!isNumber(start) || !isNumber(limit) || !isNumber(delta) || delta === 0) return undefined;
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const dtype = op.inputs[0]?.dtype ?? 'int64';
  return count > maximalHostSize ? undefined : [{ dtype, shape: [count], data: Array.from({ length: count }, (_, index) => rounded(start + index * delta, dtype)) }];
};

const filled = (shape: readonly number[] | undefined, value: HostValue, most: number): readonly HostValue[] | undefined =>
  (shape === undefined || !fits(shape, most) ? undefined : [{ dtype: value.dtype, shape, data: Array<number | null>(sizeOf(shape)).fill(value.data[0] ?? null) }]);

const trilu: Rule = (op) => {
  const [input] = op.inputs;
  const k = numberAt(op, 'k', 1, 0);
  if (input === undefined || k === undefined) return undefined;
  const rank = input.shape.length;
  let index = -1;
  return only(picked(input, input.shape, (place) => {
    index += 1;
    const distance = (place[rank - 1] ?? 0) - (place[rank - 2] ?? 0) - k;
    return (op.config.upper === 0 ? distance <= 0 : distance >= 0) ? index : -1;
  }));
};

const cumulative: Rule = (op) => {
  const [input] = op.inputs;
  const axis = numberAt(op, 'axis', 1, 0);
  if (input === undefined || axis === undefined || op.config.reverse === 1 || op.config.exclusive === 1) return undefined;
  const inner = sizeOf(input.shape.slice(front(axis, input.shape.length) + 1));
  const extent = input.shape[front(axis, input.shape.length)] ?? 1;
  const data = [...input.data];
  for (let index = 0; index < data.length; index += 1) {
    if (Math.floor(index / inner) % extent === 0) continue;
    const [own, before] = [data[index] ?? null, data[index - inner] ?? null];
    data[index] = own === null || before === null ? null : rounded(own + before, input.dtype);
  }
  return [{ ...input, data }];
};

/** The type of a cast as the file names it: onnx.TensorProto.DataType. */
export const castTypes: readonly (DType | undefined)[] = [undefined, 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', undefined, 'bool', 'float16', 'float64', 'uint32', 'uint64', undefined, undefined, 'bfloat16'];
const cast: Rule = ({ inputs: [input], config }) => {
  const dtype = castTypes[isNumber(config.to) ? config.to : 0];
  if (input === undefined || dtype === undefined) return undefined;
  const convert = (value: number): number => (dtype === 'bool' ? (value === 0 ? 0 : 1) : floating(dtype) ? rounded(value, dtype) : Math.trunc(value));
  return [{ dtype, shape: input.shape, data: input.data.map((value) => (value === null ? null : convert(value))) }];
};

/** Places of elements that are not zero, axis by axis: older exporters count with it (`torch.arange` is NonZero of ones). */
const nonZero: Rule = ({ inputs: [input] }) => {
  if (input === undefined || !input.data.every(isNumber)) return undefined;
  const found: (readonly number[])[] = [];
  let index = -1;
  places(input.shape, (place) => { index += 1; if (input.data[index] !== 0) found.push([...place]); });
  return [hostInts(input.shape.flatMap((_, axis) => found.map((place) => place[axis] ?? 0)), [input.shape.length, found.length])];
};

const divided = (a: number, b: number): number => a / b;
const table: Readonly<Record<string, Rule>> = {
  Identity: ({ inputs: [input] }) => only(input), Cast: cast, Slice: slice, Gather: gather, Concat: concat, Unsqueeze: unsqueeze, Squeeze: squeeze, Transpose: transpose, Split: split, Range: range, Trilu: trilu, CumSum: cumulative, NonZero: nonZero,
  Reshape: (op) => { const wanted = numbersAt(op, 'shape', 1); const [input] = op.inputs; return reshaped(op, wanted === undefined || input === undefined ? undefined : reshapedShape(input.shape, wanted, op.config.allowzero === 1)); },
  Expand: (op) => { const [input] = op.inputs; const wanted = numbersAt(op, 'shape', 1); const shape = input === undefined || wanted === undefined ? null : joinedShape(input.shape, wanted); return input === undefined || shape === null ? undefined : only(stretched(input, shape)); },
  Tile: (op) => { const [input] = op.inputs; const repeats = numbersAt(op, 'repeats', 1); return input === undefined || repeats === undefined ? undefined : only(picked(input, input.shape.map((extent, axis) => extent * (repeats[axis] ?? 1)), (place) => place.reduce((sum, index, axis) => sum + (index % (input.shape[axis] ?? 1)) * sizeOf(input.shape.slice(axis + 1)), 0))); },
  Size: ({ inputs: [input] }) => (input === undefined ? undefined : [hostInts([input.data.length], [])]),
  Shape: ({ inputs: [input], config }) => (input === undefined ? undefined : [hostInts(shapePart(input.shape, config))]),
  Add: fold((a, b) => a + b), Sub: fold((a, b) => a - b), Mul: fold((a, b) => a * b), Min: fold((a, b) => Math.min(a, b)), Max: fold((a, b) => Math.max(a, b)), Sum: fold((a, b) => a + b),
  Div: (op) => elementwise(floating(op.inputs[0]?.dtype ?? 'float32') ? divided : (a, b = 1) => Math.trunc(a / b))(op),
  Mod: (op) => elementwise(op.config.fmod === 1 ? (a, b = 1) => a % b : (a, b = 1) => a - b * Math.floor(a / b))(op),
  Pow: elementwise((a, b = 1) => a ** b), Neg: elementwise((a) => -a), Abs: elementwise(Math.abs), Sqrt: elementwise(Math.sqrt), Exp: elementwise(Math.exp), Log: elementwise(Math.log), Floor: elementwise(Math.floor), Ceil: elementwise(Math.ceil),
  Reciprocal: elementwise((a) => 1 / a), Sign: elementwise(Math.sign), Sin: elementwise(Math.sin), Cos: elementwise(Math.cos), Relu: elementwise((a) => Math.max(a, 0)),
  Round: elementwise((a) => { const below = Math.floor(a); return a - below === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : Math.round(a); }),
  Equal: truth((a, b) => a === b), Greater: truth((a, b) => a > b), GreaterOrEqual: truth((a, b) => a >= b), Less: truth((a, b) => a < b), LessOrEqual: truth((a, b) => a <= b),
  And: truth((a, b) => a !== 0 && b !== 0), Or: truth((a, b) => a !== 0 || b !== 0), Xor: truth((a, b) => (a !== 0) !== (b !== 0)), Not: truth((a) => a === 0),
  Where: (op) => elementwise((condition, a = 0, b = 0) => (condition === 0 ? b : a), () => op.inputs[1]?.dtype ?? 'int64')(op),
  ReduceProd: reduction((values) => values.reduce((product, value) => product * value, 1)), ReduceSum: reduction((values) => values.reduce((sum, value) => sum + value, 0)),
  ReduceMax: reduction((values) => values.reduce((most, value) => Math.max(most, value), -Infinity)), ReduceMin: reduction((values) => values.reduce((least, value) => Math.min(least, value), Infinity)),
  ReduceMean: reduction((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
};

/** The part of a shape that an op Shape takes by its `start` and `end`. */
export function shapePart<T>(shape: readonly T[], config: JsonObject): readonly T[] {
  const clamp = (value: number): number => Math.min(Math.max(value < 0 ? value + shape.length : value, 0), shape.length);
  return shape.slice(clamp(isNumber(config.start) ? config.start : 0), clamp(isNumber(config.end) ? config.end : shape.length));
}

/** A tensor attribute of an op, as the reader writes it into the config: `{dtype, shape, data}`. */
export function hostValueIn(value: unknown): HostValue | undefined {
  if (typeof value !== 'object' || value === null || !('dtype' in value) || !('shape' in value) || !('data' in value)) return undefined;
  const { dtype, shape, data } = value;
  return typeof dtype === 'string' && Object.hasOwn(bytesPerElement, dtype) && Array.isArray(shape) && Array.isArray(data) ? { dtype: dtype as DType, shape: shape.filter(isNumber), data: data as readonly (number | null)[] } : undefined;
}

/** The outputs of an op on the host; undefined when it is none of these, or too large, or what decides its shape is unknown. */
export function hostOutputs(type: string, op: HostOp): readonly HostValue[] | undefined {
  if (type === 'ConstantOfShape') return filled(numbersAt(op, 'shape', 0), hostValueIn(op.config.value) ?? { dtype: 'float32', shape: [1], data: [0] }, op.most ?? maximalHostSize);
  const rule = Object.hasOwn(table, type) ? table[type] : undefined;
  const made = rule?.(op);
  return made?.every(({ data, shape }) => data.length === sizeOf(shape) && data.length <= maximalHostSize) === true ? made : undefined;
}

/** Whether the host can compute ops of this type. */
export const isHostOp = (type: string): boolean => type === 'ConstantOfShape' || Object.hasOwn(table, type);
