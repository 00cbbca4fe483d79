/** How Keras's layers read their inputs, in the order of the tensors of the call. */
import { elementwise as alike, Settings, isObject } from '../kinds/kind';
import { kindOf, operationKindOf } from '../kinds/table';
import { acrossAxes, causal, elementwise, front, joined, listOf, multiplied, named, numberOf, permuted, resized, shifted, sliding, straight, transposed, wholeSpace } from './reading';
import type { Operand, Rule, Rules, Windows } from './reading';
import { regrouped } from './regroup';

const settingsOf = ({ config }: Operand): Settings => new Settings(config);
const firstAxis = (operand: Operand): number => (settingsOf(operand).channelsFirst ? 2 : 1);
const isSpace = (operand: Operand, axis: number): boolean => axis >= firstAxis(operand) && axis < firstAxis(operand) + operand.shape.length - 2;

const windows = (size: string, usualSize: number | undefined, usualStride: 'one' | 'window') => (operand: Operand): Windows => {
  const settings = settingsOf(operand), rank = operand.shape.length - 2;
  const taps = settings.counts(size, rank, usualSize), padding = settings.text('padding', 'valid');
  return {
    first: firstAxis(operand), taps, padding: padding === 'same' || padding === 'causal' ? padding : 'valid',
    strides: settings.has('strides') ? settings.counts('strides', rank) : usualStride === 'window' ? taps : taps.map(() => 1),
    dilations: settings.has('dilation_rate') ? settings.counts('dilation_rate', rank) : taps.map(() => 1),
  };
};
const kernel = windows('kernel_size', undefined, 'one');
const convolution = sliding(kernel, 'all'), pool = sliding(windows('pool_size', 2, 'window'), 'own');
const depthwise: Rule = (operand) => (numberOf(operand.config.depth_multiplier, 1) === 1 ? sliding(kernel, 'own') : convolution)(operand);

/** The two nearest of the positions (o + ½) / factor − ½, or the one that is repeated. */
const upsampling: Rule = resized((operand, axis) => {
  if (!isSpace(operand, axis)) return { jump: 1, at: 0 };
  const factor = settingsOf(operand).counts('size', operand.shape.length - 2, 2)[axis - firstAxis(operand)] ?? 1;
  return settingsOf(operand).text('interpolation', 'nearest') === 'nearest' ? { jump: 1 / factor, at: 0 } : { jump: 1 / factor, at: 0.5 / factor - 0.5 };
}, (operand) => { const way = settingsOf(operand).text('interpolation', 'nearest'); return way === 'nearest' ? 'floor' : way === 'bilinear' ? 'linear' : 'cubic'; }, isSpace);

/** Padding and cropping; `sign` is −1 for padding. */
const framed = (key: string, sign: 1 | -1): Rule => shifted((operand, axis) => {
  if (!isSpace(operand, axis)) return { start: 0, step: 1 };
  const value = operand.config[key], rank = operand.shape.length - 2;
  const own: unknown = Array.isArray(value) ? (value.length === 2 && rank === 1 ? value[0] : value[axis - firstAxis(operand)]) : value;
  const before: unknown = Array.isArray(own) ? own[0] : own;
  return { start: sign * (typeof before === 'number' ? before : 0), step: 1 };
});

/** Each step sees what lies before it; where only the last one is given, all of them. Steps that run backwards come out the last first. */
const recurrent: Rule = (operand) => {
  const { shape, config, position, which } = operand;
  if (position !== 0 || shape.length < 3) return null;
  const given = config.return_sequences === true && which === 0, last = shape[1] ?? null;
  const steps = !given ? null : config.go_backwards !== true ? causal(1, false) : last === null ? null : { along: 1, jump: -1, low: last - 1, high: Infinity };
  return { space: [1], axes: shape.map((_, axis) => (axis === 0 ? straight(0) : axis === 1 ? steps : null)) };
};

/** The layer inside, at each step. */
const eachStep: Rule = (operand) => {
  const { shape, output, config, shapes } = operand, inner = isObject(config.layer) ? config.layer : null;
  const name = inner?.class_name, own = inner !== null && isObject(inner.config) ? inner.config : {};
  const without = <T>(list: readonly T[]): readonly T[] => list.filter((_, axis) => axis !== 1);
  const reading = typeof name === 'string' ? kerasReading(name)({ ...operand, type: name, config: own, shape: without(shape), output: without(output), shapes: shapes.map((each) => each && without(each)) }) : null;
  const behind = (axis: number): number => (axis >= 1 ? axis + 1 : axis);
  if (reading === null || reading === 'nothing') return { axes: shape.map((_, axis) => (axis < 2 ? straight(axis) : null)) };
  const axes = reading.axes.map((axis) => (axis === null ? null : { ...axis, along: behind(axis.along) }));
  return { ...(reading.space === undefined ? {} : { space: reading.space.map(behind) }), axes: [axes[0] ?? null, straight(1), ...axes.slice(1)] };
};

/** Queries keep their places; of keys and values all is read, or with a causal mask what does not lie behind. */
const attention: Rule = ({ position, shape, output, kwargs, which, config }) => {
  if (which > 0 || shape.length !== output.length) return null;
  const rows = shape.length - 2, flag = kwargs.use_causal_mask;
  const masked = (flag?.kind === 'value' && flag.value === true) || config.causal === true;
  return { axes: shape.map((_, axis) => (axis === 0 ? straight(0) : position === 0 ? (axis <= rows ? straight(axis) : null) : axis === rows && masked ? causal(rows, false) : null)) };
};

const lastAxis = acrossAxes(() => [-1]);
const alongAxis = acrossAxes(({ config }) => listOf(config.axis) ?? [-1]);
const spatially = (operand: Operand): number[] => operand.shape.flatMap((_, axis) => (isSpace(operand, axis) ? [axis] : []));
const dimensions = ['1D', '2D', '3D'];
const ranks = (prefix: string, suffix: string, rule: Rule): Rules => named(dimensions.map((digits) => `${prefix}${digits}${suffix}`).join(' '), rule);

const rows: Rules = {
  ...ranks('Conv', '', convolution), ...ranks('SeparableConv', '', convolution), ...ranks('DepthwiseConv', '', depthwise), ...ranks('Conv', 'Transpose', transposed(kernel)),
  ...ranks('MaxPooling', '', pool), ...ranks('AveragePooling', '', pool), ...ranks('GlobalMaxPooling', '', wholeSpace(firstAxis)), ...ranks('GlobalAveragePooling', '', wholeSpace(firstAxis)),
  ...ranks('UpSampling', '', upsampling), ...ranks('ZeroPadding', '', framed('padding', -1)), ...ranks('Cropping', '', framed('cropping', 1)),
  Dense: lastAxis, Embedding: ({ shape }) => ({ axes: shape.map((_, axis) => straight(axis)) }),
  ...named('Add Subtract Multiply Average Maximum Minimum Divide TrueDivide FloorDivide Mod Power Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Where Arctan2 SquaredDifference DivideNoNan BroadcastTo', elementwise),
  Softmax: alongAxis, ...named('LayerNormalization RMSNormalization UnitNormalization', alongAxis),
  GroupNormalization: acrossAxes((operand) => operand.shape.map((_, axis) => axis).slice(1)),
  Concatenate: joined(({ config }) => numberOf(config.axis, -1)),
  ...named('Flatten Reshape ExpandDims Squeeze', regrouped), Permute: permuted(({ config }) => { const dims = listOf(config.dims); return dims === undefined ? undefined : [0, ...dims]; }),
  Transpose: permuted(({ config, kwargs }) => listOf(config.axes) ?? (kwargs.axes?.kind === 'value' ? listOf(kwargs.axes.value) : undefined)),
  RepeatVector: ({ shape }) => ({ axes: shape.map((_, axis) => (axis === 0 ? straight(0) : null)) }),
  Matmul: multiplied(() => false, ({ position }) => position === 1),
  ...named('SimpleRNN LSTM GRU RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D', recurrent), TimeDistributed: eachStep,
  ...named('MultiHeadAttention GroupQueryAttention GroupedQueryAttention Attention AdditiveAttention', attention),
  Normalize: acrossAxes(({ config, shape }) => (listOf(config.axis) ?? [-1]).map((axis) => front(axis, shape.length))),
  Normalization: elementwise, LayerScale: elementwise, CustomScaleLayer: elementwise, StochasticDepth: elementwise,
  // A layer over steps in both directions sees them all, but its features apart.
  Bidirectional: ({ shape, position }) => (position === 0 ? { space: [1], axes: shape.map((_, axis) => (axis === 0 ? straight(0) : null)) } : null),
  ...named('SpatialDropout1D SpatialDropout2D SpatialDropout3D', elementwise), EinsumDense: () => null, Shape: () => 'nothing', Resizing: (operand) => ({ space: spatially(operand), axes: operand.shape.map((_, axis) => (isSpace(operand, axis) ? null : straight(axis))) }),
};

/** The rule of a class: its row, or element by element where the class keeps its input's shape; else everything. */
export function kerasReading(type: string): Rule {
  if (Object.hasOwn(rows, type)) return rows[type] ?? (() => null);
  return (kindOf(type) ?? operationKindOf(type))?.outputs === alike.outputs ? elementwise : () => null;
}
