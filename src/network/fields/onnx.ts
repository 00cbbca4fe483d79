/** How ONNX's ops read their operands; channels come first. https://onnx.ai/onnx/operators/ */
import { product } from '../kinds/kind';
import { equivalents } from '../onnx-equivalents';
import type { Equivalent } from '../onnx-equivalents';
import { acrossAxes, blocks, causal, einsum, elementwise, fixed, front, joined, listOf, multiplied, named, numberOf, permuted, reduction, resized, shifted, sliding, straight, transposed, wholeSpace } from './reading';
import type { Operand, Reading, Rule, Rules, Sampling, Taking, Windows } from './reading';
import { regrouped } from './regroup';

const second = (): number => 2;
const axisOf = ({ config, shape }: Operand, fallback: number, key = 'axis'): number => front(numberOf(config[key], fallback), shape.length);
const behind = (axis: number, { shape }: Operand): number[] => shape.map((_, at) => at).slice(axis);
const text = ({ config }: Operand, key: string, fallback: string): string => { const value = config[key]; return typeof value === 'string' ? value : fallback; };

/** Windows of a convolution or pool: from its attributes, the taps of a convolution else from its kernel. */
function windows(operand: Operand): Windows | null {
  const { config, shapes, shape } = operand, rank = shape.length - 2;
  const taps = listOf(config.kernel_shape) ?? shapes[1]?.slice(2).map((extent) => extent ?? 1);
  if (taps?.length !== rank) return null;
  const ones = taps.map(() => 1), auto = text(operand, 'auto_pad', 'NOTSET');
  const padding = auto === 'SAME_UPPER' ? 'same' : auto === 'SAME_LOWER' ? 'same-lower' : auto === 'VALID' ? 'valid' : listOf(config.pads)?.slice(0, rank) ?? 'valid';
  return { first: 2, taps, strides: listOf(config.strides) ?? ones, dilations: listOf(config.dilations) ?? ones, padding };
}

/** Padding of a transposed convolution that follows from its output's extents. */
function spread(operand: Operand): Windows | null {
  const found = windows(operand), { config, shape, output } = operand;
  if (found === null) return null;
  const auto = text(operand, 'auto_pad', 'NOTSET'), extra = listOf(config.output_padding) ?? [];
  if (config.output_shape === undefined && !auto.startsWith('SAME')) return auto === 'VALID' ? { ...found, padding: 'valid' } : found;
  const padding = found.taps.map((count, axis) => {
    const [extent, wanted, stride] = [shape[axis + 2] ?? null, output[axis + 2] ?? null, found.strides[axis] ?? 1];
    const total = extent === null || wanted === null ? 0 : Math.max(0, stride * (extent - 1) + (extra[axis] ?? 0) + (count - 1) * (found.dilations[axis] ?? 1) + 1 - wanted);
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return { ...found, padding };
}

/** Axes of a reduction: an attribute or an input; none mean all, unless the op says that they mean nothing. */
const reduced: Rule = (operand) => {
  const { config, shape } = operand, given = listOf(config.axes) ?? operand.values(1);
  if (given === undefined && operand.shapes[1] !== undefined) return null;
  return given === undefined || given.length === 0 ? (config.noop_with_empty_axes === 1 ? elementwise(operand) : reduction(() => shape.map((_, axis) => axis))(operand)) : reduction(() => given)(operand);
};

/** Where a picture of another size is read, by its coordinate transformation. */
function sampling({ config, shape, output, kwargs }: Operand, axis: number): Sampling | null {
  const [input, result] = [shape[axis] ?? null, output[axis] ?? null];
  const axes = listOf(config.axes)?.map((at) => front(at, shape.length));
  const given = listOf(config.scales), scale = given === undefined || given.length === 0 ? undefined : given[axes === undefined ? axis : axes.indexOf(axis)] ?? 1;
  if ((axes !== undefined && !axes.includes(axis)) || (input !== null && input === result && (scale ?? 1) === 1)) return { jump: 1, at: 0 };
  const mode = config.coordinate_transformation_mode ?? 'half_pixel';
  const factor = scale ?? (input === null || result === null || kwargs.scales !== undefined ? null : result / input);
  if (factor === null || factor === 0) return null;
  const jump = 1 / factor;
  switch (mode) {
    case 'asymmetric': return { jump, at: 0 };
    case 'tf_half_pixel_for_nn': return { jump, at: jump / 2 };
    case 'pytorch_half_pixel': return result === 1 ? { jump: 0, at: 0 } : { jump, at: jump / 2 - 0.5 };
    case 'half_pixel': return { jump, at: jump / 2 - 0.5 };
    case 'half_pixel_symmetric': return input === null || result === null ? null : { jump, at: jump / 2 - 0.5 + (input / 2) * (1 - result / (factor * input)) };
    case 'align_corners': return input === null || result === null ? null : result === 1 ? { jump: 0, at: 0 } : { jump: (input - 1) / (result - 1), at: 0 };
    default: return null;
  }
}

function taking(operand: Operand): Taking {
  const mode = text(operand, 'mode', 'nearest');
  if (mode === 'linear' || mode === 'bilinear') return 'linear';
  if (mode === 'cubic') return 'cubic';
  const nearest: Readonly<Record<string, Taking>> = { floor: 'floor', ceil: 'ceil', round_prefer_ceil: 'round-up', round_prefer_floor: 'round-down' };
  return nearest[text(operand, 'nearest_mode', 'round_prefer_floor')] ?? 'round-down';
}

const scaled = resized(sampling, taking, ({ shape, output }, axis) => axis >= 2 || (shape[axis] !== output[axis] && axis > 0));
/** Smaller pictures by filters that grow with the factor read more. */
const resize: Rule = (operand) => (operand.config.antialias === 1 || text(operand, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize' ? null : operand.position === 0 ? scaled(operand) : 'nothing');

/** A slice by starts and steps along axes; an end only matters for what it leaves out. */
const slice: Rule = shifted(({ config, shape, values }, axis) => {
  const starts = listOf(config.starts) ?? values(1), steps = listOf(config.steps) ?? values(4);
  const axes = (listOf(config.axes) ?? values(3) ?? starts?.map((_, at) => at))?.map((at) => front(at, shape.length));
  if (starts === undefined || axes === undefined) return undefined;
  const at = axes.indexOf(axis);
  if (at < 0) return { start: 0, step: 1 };
  const [given = 0, step = 1, extent] = [starts[at], steps?.[at] ?? 1, shape[axis] ?? null];
  if (extent === null) return given < 0 || step < 0 ? undefined : { start: given, step };
  return { start: step < 0 ? Math.min(extent - 1, front(given, extent)) : Math.min(extent, Math.max(0, front(given, extent))), step };
});

const split: Rule = (operand) => {
  const { config, output, shape, which, values } = operand, at = axisOf(operand, 0);
  const sizes = listOf(config.split) ?? values(1), even = config.num_outputs === undefined ? output[at] : Math.ceil((shape[at] ?? NaN) / numberOf(config.num_outputs, 1));
  const start = sizes === undefined ? which * (even ?? NaN) : sizes.slice(0, which).reduce((sum, size) => sum + size, 0);
  return shifted((_, axis) => (axis !== at ? { start: 0, step: 1 } : Number.isNaN(start) ? undefined : { start, step: 1 }))(operand);
};

const pad: Rule = shifted(({ config, shape, values }, axis) => {
  const pads = listOf(config.pads) ?? values(1), axes = listOf(config.axes)?.map((at) => front(at, shape.length));
  const at = axes === undefined ? axis : axes.indexOf(axis);
  return pads === undefined ? undefined : { start: at < 0 ? 0 : -(pads[at] ?? 0), step: 1 };
});

/** Rows picked by indices: the picked axis gives way to those of the indices. */
const gather: Rule = (operand) => {
  const { shapes, position, shape, output } = operand;
  const data = shapes[0], indices = shapes[1], known = operand.values(1);
  if (data === undefined) return null;
  const at = axisOf({ ...operand, shape: data }, 0);
  if (position === 1) return { axes: shape.map((_, axis) => straight(axis + at)) };
  const rank = indices?.length ?? output.length - shape.length + 1;
  // One row, or rows at even distances, are known places.
  const [start, next] = known ?? [], extent = data[at] ?? null;
  if (rank === 0 && start !== undefined && position === 0 && (start >= 0 || extent !== null)) return { axes: shape.map((_, axis) => (axis === at ? fixed(front(start, extent ?? 0)) : straight(axis < at ? axis : axis - 1))) };
  const step = known !== undefined && known.length > 1 && next !== undefined && start !== undefined ? next - start : null;
  const even = rank === 1 && start !== undefined && step !== null && known?.every((index, i) => index === start + i * step) === true;
  return { axes: shape.map((_, axis) => (axis < at ? straight(axis) : axis > at ? straight(axis + rank - 1) : even && extent !== null ? { along: at, jump: step, low: front(start, extent), high: front(start, extent) } : null)) };
};

/** Steps in order: each sees what lies before, one that runs backwards what lies behind; in both directions together, all. */
const recurrent: Rule = ({ config, position, shape, which }): Reading | null => {
  const batchFirst = config.layout === 1, batch = batchFirst ? 0 : 1;
  if (position !== 0 || shape.length !== 3) return null;
  const direction = config.direction ?? 'forward';
  const steps = which > 0 || direction === 'bidirectional' ? null : causal(batchFirst ? 1 : 0, direction === 'reverse');
  const examples = straight(batchFirst ? 0 : which === 0 ? 2 : 1);
  return { space: [1 - batch], axes: batchFirst ? [examples, steps, null] : [steps, examples, null] };
};

/** Queries keep their place; of keys and values all is read, or what does not lie behind. */
const attention: Rule = (operand) => {
  const { position, shape, config, output, shapes, which } = operand;
  if (which > 0 || position > 2) return null;
  const rows = shape.length - 2, kept = shape.map((_, axis) => (axis < (shape.length === 4 ? 2 : 1) && shape.length === output.length ? straight(axis) : null));
  if (position === 0) return { axes: kept.map((axis, at) => (at === rows ? straight(rows) : axis)) };
  return { axes: kept.map((axis, at) => (at === rows && config.is_causal === 1 && shapes[4] === undefined ? causal(rows, false) : at === 0 ? axis : null)) };
};

const group = (operand: Operand): number => numberOf(operand.config.group, 1);
const depthwise = (operand: Operand): boolean => { const channels = operand.shape[1]; return group(operand) > 1 && channels === group(operand) && operand.output[1] === channels; };
const convolved = sliding(windows, 'all'), apart = sliding(windows, 'own');
/** Weights and biases that the graph computes are read whole. */
const dataAlone = (rule: Rule): Rule => (operand) => (operand.position === 0 ? rule(operand) : null);
const lastOf = acrossAxes((operand) => behind(axisOf(operand, -1), operand));

const readings: Rules = {
  ...named('Identity Cast CastLike Dropout Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Exp Floor IsInf IsNaN Log Neg Not Reciprocal Round Sign Sin Sinh Sqrt Tan Tanh Add Sub Mul Div Pow Mod Max Min Mean Sum Equal Greater GreaterOrEqual '
    + 'Less LessOrEqual And Or Xor Where PRelu Relu LeakyRelu Elu Selu Celu Gelu Sigmoid HardSigmoid HardSwish Swish Mish Softplus Softsign ThresholdedRelu Shrink Clip BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot Expand '
    + 'QuantizeLinear DequantizeLinear Trilu', elementwise),
  // The scale, which the range of the whole operand decides, is left out.
  DynamicQuantizeLinear: (operand) => (operand.which === 0 ? elementwise(operand) : null),
  BatchNormalization: dataAlone(elementwise),
  ...named('Softmax LogSoftmax Hardmax', (operand) => acrossAxes(() => { const axis = axisOf(operand, operand.config.flattened === 1 ? 1 : -1); return operand.config.flattened === 1 ? behind(axis, operand) : [axis]; })(operand)),
  ...named('LayerNormalization RMSNormalization', dataAlone(lastOf)), LpNormalization: acrossAxes((operand) => [axisOf(operand, -1)]),
  ...named('InstanceNormalization GroupNormalization', dataAlone(acrossAxes((operand) => (operand.type === 'GroupNormalization' ? behind(1, operand) : behind(2, operand))))),
  MeanVarianceNormalization: acrossAxes(({ config }) => listOf(config.axes) ?? [0, 2, 3]), LRN: acrossAxes(() => [1]),
  Conv: dataAlone((operand) => (depthwise(operand) ? apart : convolved)(operand)), ConvTranspose: dataAlone(transposed(spread)),
  ...named('MaxPool AveragePool LpPool', dataAlone(apart)), ...named('GlobalAveragePool GlobalMaxPool GlobalLpPool', wholeSpace(second)),
  Einsum: einsum, MatMul: multiplied(() => false, ({ position }) => position === 1),
  Gemm: (operand) => (operand.position > 1 ? elementwise : multiplied(({ config, position }) => config[position === 0 ? 'transA' : 'transB'] === 1, ({ position }) => position === 1))(operand),
  ...Object.fromEntries(['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map((name) => [`Reduce${name}`, reduced])),
  ...named('ArgMax ArgMin', reduction((operand) => [axisOf(operand, 0)])), TopK: (operand) => (operand.position === 0 ? acrossAxes((own) => [axisOf(own, -1)])(operand) : 'nothing'),
  ...named('CumSum CumProd', (operand) => {
    const [given] = listOf(operand.config.axis) ?? operand.values(1) ?? [], same = elementwise(operand);
    if (given === undefined || same === null || same === 'nothing') return null;
    const at = front(given, operand.shape.length), by = operand.config.exclusive === 1 ? 1 : 0, run = causal(at, operand.config.reverse === 1);
    return { axes: same.axes.map((axis, own) => (own === at ? { ...run, low: run.low + by, high: run.high - by } : axis)) };
  }),
  ...named('Reshape Flatten Squeeze Unsqueeze', (operand) => (operand.position === 0 ? regrouped(operand) : 'nothing')),
  Transpose: permuted(({ config, shape }) => listOf(config.perm) ?? shape.map((_, axis) => shape.length - 1 - axis)),
  Concat: joined(({ config }) => numberOf(config.axis, 0)), Split: split, Slice: slice, Gather: gather,
  Pad: (operand) => (operand.position === 0 ? pad(operand) : 'nothing'),
  Tile: ({ shape, output }) => (shape.length === output.length ? { axes: shape.map((extent, axis) => (extent === output[axis] ? straight(axis) : null)) } : null),
  DepthToSpace: blocks(second, ({ config }) => numberOf(config.blocksize, 1), true), SpaceToDepth: blocks(second, ({ config }) => numberOf(config.blocksize, 1), false),
  Resize: resize, Upsample: resize,
  OneHot: (operand) => { const at = front(numberOf(operand.config.axis, -1), operand.output.length); return operand.position === 0 ? { axes: operand.shape.map((_, axis) => straight(axis < at ? axis : axis + 1)) } : 'nothing'; },
  ...named('Shape Size ConstantOfShape EyeLike', () => 'nothing'),
  ...named('RNN GRU LSTM', recurrent), Attention: attention,
  ...named('com.microsoft.SkipLayerNormalization com.microsoft.SkipSimplifiedLayerNormalization', (operand) => (operand.position < 2 ? lastOf(operand) : null)),
  ...named('com.microsoft.Attention com.microsoft.QAttention com.microsoft.MultiHeadAttention com.microsoft.GroupQueryAttention', ({ type, position, shape, shapes, which }) => {
    const isQuery = position === 0 && which === 0 && shapes[1] !== undefined && !/\.Q?Attention$/.test(type);
    return shape.length === 3 && position < 3 ? { axes: [straight(0), isQuery ? straight(1) : null, null] } : null;
  }),
  'com.microsoft.GroupNorm': dataAlone(acrossAxes((operand) => behind(1, operand))),
  'com.microsoft.QLinearConcat': (operand) => (operand.position % 3 === 2 ? joined(({ config }) => numberOf(config.axis, 0))({ ...operand, position: (operand.position - 2) / 3, shapes: operand.shapes.filter((_, place) => place % 3 === 2) }) : null),
  RotaryEmbedding: (operand) => (operand.position === 0 ? acrossAxes(({ shape }) => [shape.length - 1])(operand) : null),
  ...named('SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss', (operand) => (operand.output.length > 0 && product(operand.output) !== 1 ? { axes: operand.shape.map((_, axis) => (axis === 1 && operand.position === 0 ? null : straight(axis === 0 ? 0 : operand.position === 0 ? axis - 1 : axis))) } : null)),
};

/** As the plainer op; where channels come last after all, everything. */
const like = ({ type, places }: Equivalent): Rule => (operand) => {
  const position = places.indexOf(operand.position);
  if (position < 0 || operand.config.channels_last === 1) return null;
  return readings[type]?.({ ...operand, type, position, shapes: places.map((place) => operand.shapes[place]), values: (place) => operand.values(places[place] ?? -1) }) ?? null;
};

export const onnxReadings: Rules = { ...readings, ...Object.fromEntries(Object.entries(equivalents).map(([type, row]) => [type, like(row)])) };
