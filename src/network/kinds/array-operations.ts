/** Bare operations of Keras on whole arrays, as in NumPy, whose outputs have shapes of their own: products, diagonals, joins, windows. */
import { Failure } from '../../tensor/failure';
import type { Json, SymbolicShape } from '../network';
import { slide, spatial } from './convolution';
import { describeShape, inputOf, product } from './kind';
import type { CallShapes, KindTable, LayerKind, Settings } from './kind';
import { broadcast, concatenated } from './merging';
import { axisOf, operands, setting } from './operations';

/** The first two operands. @throws Failure `layer.input` */
function pair(call: CallShapes): readonly [SymbolicShape, SymbolicShape] {
  const [first, second] = operands(call);
  if (first === undefined || second === undefined) throw new Failure('layer.input', 'it needs two inputs');
  return [first, second];
}

const without = (shape: SymbolicShape, axes: readonly number[]): SymbolicShape => shape.filter((_, axis) => !axes.includes(axis));
const numberOf = (settings: Settings, call: CallShapes, name: string, position: number, fallback: number): number => { const value = setting(settings, call, name, position); return typeof value === 'number' ? value : fallback; };
const oneAxis = (settings: Settings, call: CallShapes, name: string, position: number, rank: number, fallback: number): number => axisOf(numberOf(settings, call, name, position, fallback), rank)?.[0] ?? 0;

/** Sums of products over the last axis of the first operand and one of the second. */
const contraction = (axis: (rank: number) => number): LayerKind => ({
  outputs: (_, call) => {
    const [first, second] = pair(call);
    if (first.length === 0 || second.length === 0) return [first.length === 0 ? second : first];
    return [[...first.slice(0, -1), ...without(second, [axis(second.length)])]];
  },
});

const tensordot: LayerKind = {
  outputs: (settings, call) => {
    const [first, second] = pair(call);
    const axes = setting(settings, call, 'axes', 2) ?? 2;
    if (typeof axes === 'number') return [[...first.slice(0, first.length - axes), ...second.slice(axes)]];
    if (!Array.isArray(axes)) throw new Failure('layer.setting', 'its axes should be a number or two lists');
    const [left = null, right = null] = axes as readonly Json[];
    return [[...without(first, axisOf(left, first.length) ?? []), ...without(second, axisOf(right, second.length) ?? [])]];
  },
};

const einsum: LayerKind = {
  outputs: (settings, call) => {
    const given = settings.config.subscripts ?? (call.args[0]?.kind === 'value' ? call.args[0].value : null);
    const parts = typeof given === 'string' ? /^([^-]+)->(.*)$/.exec(given.replaceAll(' ', '')) : null;
    if (parts === null) throw new Failure('layer.setting', `its equation ${JSON.stringify(given).slice(0, 60)} cannot be understood`);
    const extents = new Map<string, number | null>();
    let hidden: SymbolicShape = [];
    for (const [index, letters] of (parts[1] ?? '').split(',').entries()) {
      const shape = call.inputs[index] ?? [];
      const dots = letters.indexOf('...');
      const free = shape.length - letters.replace('...', '').length;
      if (free < 0 || (dots < 0 && free > 0)) throw new Failure('layer.rank', `its equation ${parts[0].slice(0, 60)} does not fit its input ${describeShape(shape)}`);
      const names = dots < 0 ? [...letters] : [...letters.slice(0, dots), ...Array.from({ length: free }, () => ''), ...letters.slice(dots + 3)];
      if (dots >= 0) hidden = broadcast(hidden, shape.slice(dots, dots + free));
      for (const [axis, letter] of names.entries()) if (letter !== '') extents.set(letter, extents.get(letter) ?? shape[axis] ?? null);
    }
    const [before = '', after] = (parts[2] ?? '').split('...');
    const known = (letters: string): SymbolicShape => [...letters].map((letter) => extents.get(letter) ?? null);
    return [after === undefined ? known(before) : [...known(before), ...hidden, ...known(after)]];
  },
};

const diagonal = (sum: boolean): LayerKind => ({
  outputs: (settings, call) => {
    const shape = inputOf(call);
    const offset = numberOf(settings, call, 'offset', 1, 0);
    const [first, second] = [oneAxis(settings, call, 'axis1', 2, shape.length, 0), oneAxis(settings, call, 'axis2', 3, shape.length, 1)];
    const [rows, columns] = [shape[first] ?? null, shape[second] ?? null];
    const rest = without(shape, [first, second]);
    return [sum ? rest : [...rest, rows === null || columns === null ? null : Math.max(0, Math.min(rows, columns, offset < 0 ? rows + offset : columns - offset))]];
  },
});

const joined = (axisFor: (rank: number) => number, least: number): LayerKind => ({
  outputs: (_, call) => {
    const shapes = call.inputs.map((shape) => (shape.length < least ? [...new Array<number>(least - shape.length).fill(1), ...shape] : shape));
    return [concatenated(shapes, axisFor(shapes[0]?.length ?? 1))];
  },
});

const permuted = (order: (settings: Settings, call: CallShapes, rank: number) => readonly number[]): LayerKind => ({
  outputs: (settings, call) => {
    const shape = inputOf(call);
    return [order(settings, call, shape.length).map((axis) => shape[axis] ?? null)];
  },
});

/** NumPy's moveaxis: the named axes at their new places, all others in order around them. */
function moved(settings: Settings, call: CallShapes, rank: number): readonly number[] {
  const [from, to] = [axisOf(setting(settings, call, 'source', 1), rank) ?? [], axisOf(setting(settings, call, 'destination', 2), rank) ?? []];
  const rest = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !from.includes(axis));
  return Array.from({ length: rank }, (_, axis) => { const index = to.indexOf(axis); return index >= 0 ? from[index] ?? 0 : rest.shift() ?? 0; });
}

/** One number of a setting that stands for all axes, or a list. */
function each(settings: Settings, name: string, rank: number, fallback: number): readonly number[] {
  const value = settings.config[name] ?? fallback;
  if (typeof value === 'number') return new Array<number>(rank).fill(value);
  const list = settings.list(name);
  return list.length === 1 ? new Array<number>(rank).fill(list[0] ?? fallback) : list;
}

/** A window that slides over the spatial axes; `channels` of the output from those of the input and the kernel's shape. */
const windowed = (window: (settings: Settings, kernel: SymbolicShape, rank: number) => readonly (number | null)[], channels: (input: number | null, call: readonly SymbolicShape[]) => number | null, step: 1 | null): LayerKind => ({
  outputs: (settings, call) => {
    const shapes = operands(call);
    const { channels: incoming, extents, join } = spatial(settings, inputOf(call));
    const reach = window(settings, shapes[1] ?? [], extents.length);
    const strides = settings.has('strides') ? each(settings, 'strides', extents.length, 1) : step === 1 ? extents.map(() => 1) : reach;
    const dilation = each(settings, 'dilation_rate', extents.length, 1);
    return [join(extents.map((extent, axis) => slide(extent, reach[axis] ?? 1, strides[axis] ?? 1, settings.text('padding', 'valid'), dilation[axis] ?? 1)), channels(incoming, shapes))];
  },
});
const kernelExtents = (_: Settings, kernel: SymbolicShape, rank: number): readonly (number | null)[] => kernel.slice(0, rank);
const pool = windowed((settings, _, rank) => each(settings, 'pool_size', rank, 2), (input) => input, null);
const last = (shape: SymbolicShape | undefined): number | null => shape?.[shape.length - 1] ?? null;

/** Rows and columns added around pictures (1) or taken away (-1). */
const framed = (sign: 1 | -1, word: string): LayerKind => ({
  outputs: (settings, call) => {
    const { channels, extents, join } = spatial(settings, inputOf(call));
    const side = (name: string): number => settings.number(`${name}_${word}`, 0);
    const [height = null, width = null] = extents;
    const target = (name: string, extent: number | null, first: string, second: string): number | null =>
      (settings.has(`target_${name}`) ? settings.count(`target_${name}`) : extent === null ? null : extent + sign * (side(first) + side(second)));
    return [join([target('height', height, 'top', 'bottom'), target('width', width, 'left', 'right')], channels)];
  },
});

export const arrayOperations: KindTable = {
  Dot: contraction((rank) => Math.max(0, rank - 2)), Inner: contraction((rank) => rank - 1), Tensordot: tensordot, Einsum: einsum,
  Outer: { outputs: (_, call) => [pair(call).map((shape) => product(shape))] }, Vdot: { outputs: () => [[]] }, Cross: { outputs: (_, call) => [broadcast(...pair(call))] },
  Diagonal: diagonal(false), Trace: diagonal(true),
  Hstack: joined((rank) => (rank === 1 ? 0 : 1), 1), Vstack: joined(() => 0, 2),
  Append: { outputs: (settings, call) => { const axis = setting(settings, call, 'axis', 2); return [typeof axis === 'number' ? concatenated(call.inputs, axis) : [null]]; } },
  Average: { outputs: (settings, call) => { const shape = inputOf(call); return [without(shape, axisOf(setting(settings, call, 'axis', 2), shape.length) ?? shape.map((_, axis) => axis))]; } },
  Swapaxes: permuted((settings, call, rank) => {
    const [first, second] = [oneAxis(settings, call, 'axis1', 1, rank, 0), oneAxis(settings, call, 'axis2', 2, rank, 1)];
    return Array.from({ length: rank }, (_, axis) => (axis === first ? second : axis === second ? first : axis));
  }),
  Moveaxis: permuted(moved),
  Ravel: { outputs: (_, call) => [[product(inputOf(call))]] },
  Repeat: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const times = setting(settings, call, 'repeats', 1);
    const axis = axisOf(setting(settings, call, 'axis', 2), shape.length)?.[0];
    const grown = (extent: number | null): number | null => (extent === null || typeof times !== 'number' ? null : extent * times);
    return [axis === undefined ? [grown(product(shape))] : shape.map((extent, at) => (at === axis ? grown(extent) : extent))];
  } },
  Diff: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const axis = oneAxis(settings, call, 'axis', 2, shape.length, -1);
    return [shape.map((extent, at) => (at === axis && extent !== null ? Math.max(0, extent - numberOf(settings, call, 'n', 1, 1)) : extent))];
  } },
  TakeAlongAxis: { outputs: (_, call) => [operands(call)[1] ?? inputOf(call)] },
  TopK: { outputs: (settings, call) => { const shape = [...inputOf(call).slice(0, -1), numberOf(settings, call, 'k', 1, 1)]; return [shape, shape]; } },
  MultiHot: { outputs: (settings, call) => [[...inputOf(call).slice(0, -1), numberOf(settings, call, 'num_classes', 1, 1)]] },
  Select: { outputs: (_, call) => [call.inputs.reduce(broadcast)] },
  Slice: { outputs: (settings, call) => { const shape = setting(settings, call, 'shape', 2); return [inputOf(call).map((extent, axis) => { const own: unknown = Array.isArray(shape) ? shape[axis] : extent; return typeof own === 'number' && own >= 0 ? own : extent; })]; } },
  Glu: { outputs: (settings, call) => { const shape = inputOf(call); const at = oneAxis(settings, call, 'axis', 1, shape.length, -1); return [shape.map((extent, axis) => (axis === at && extent !== null ? extent / 2 : extent))]; } },
  Moments: { outputs: (settings, call) => {
    const shape = inputOf(call);
    const axes = axisOf(setting(settings, call, 'axes', 1), shape.length) ?? [];
    const rest = setting(settings, call, 'keepdims', 2) === true ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)) : without(shape, axes);
    return [rest, rest];
  } },
  Arange: { outputs: (settings, call) => { const [start, stop, step] = ['start', 'stop', 'step'].map((name, at) => numberOf(settings, call, name, at, at === 2 ? 1 : 0)); return [[Math.max(0, Math.ceil(((stop ?? 0) - (start ?? 0)) / (step || 1)))]]; } },
  Conv: windowed(kernelExtents, (_, shapes) => last(shapes[1]), 1),
  DepthwiseConv: windowed(kernelExtents, (_, shapes) => product((shapes[1] ?? []).slice(-2)), 1),
  SeparableConv: windowed(kernelExtents, (_, shapes) => last(shapes[2]), 1),
  MaxPool: pool, AveragePool: pool,
  DotProductAttention: { outputs: (_, call) => { const [query = [], , value = []] = call.inputs; return [[...query.slice(0, -1), last(value)]]; } },
  Resize: { outputs: (settings, call) => { const { channels, join } = spatial(settings, inputOf(call)); return [join(settings.counts('size', 2), channels)]; } },
  RGBToGrayscale: { outputs: (settings, call) => { const { extents, join } = spatial(settings, inputOf(call)); return [join(extents, 1)]; } },
  ExtractPatches: { outputs: (settings, call) => {
    const { channels, extents, join } = spatial(settings, inputOf(call));
    const size = each(settings, 'size', 2, 1);
    const strides = settings.has('strides') ? each(settings, 'strides', 2, 1) : size;
    return [join(extents.map((extent, axis) => slide(extent, size[axis] ?? 1, strides[axis] ?? 1, settings.text('padding', 'valid'))), channels === null ? null : channels * (size[0] ?? 1) * (size[1] ?? 1))];
  } },
  PadImages: framed(1, 'padding'), CropImages: framed(-1, 'cropping'),
};
