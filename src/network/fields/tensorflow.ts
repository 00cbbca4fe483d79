/** How the ops of TensorFlow's graphs and of TFLite read their operands; channels come last unless an op says otherwise. https://www.tensorflow.org/api_docs/python/tf/raw_ops */
import { acrossAxes, blocks, causal, einsum, elementwise, fixed, front, joined, listOf, multiplied, named, numberOf, permuted, reduction, resized, shifted, sliding, straight, transposed } from './reading';
import type { Operand, Rule, Rules, Taking, Windows } from './reading';
import { regrouped } from './regroup';

const isFirst = ({ config }: Operand): boolean => typeof config.data_format === 'string' && config.data_format.startsWith('NC');
const firstAxis = (operand: Operand): number => (isFirst(operand) ? 2 : 1);
/** The spatial entries of an attribute such as `strides`; TFLite has those alone. */
function spatial(operand: Operand, key: string, rank: number): readonly number[] {
  const given = listOf(operand.config[key]) ?? [];
  return given.length === rank ? given : given.length === rank + 2 ? given.slice(firstAxis(operand), firstAxis(operand) + rank) : Array.from({ length: rank }, () => 1);
}

function windowsOf(operand: Operand, taps: readonly (number | null)[] | undefined): Windows | null {
  const { config, shape } = operand, rank = shape.length - 2;
  if (taps?.length !== rank || taps.includes(null)) return null;
  const padding = typeof config.padding === 'string' ? config.padding.toLowerCase() : 'valid', around = listOf(config.explicit_paddings) ?? [], first = firstAxis(operand);
  return {
    first, taps: taps.map((count) => count ?? 1), strides: spatial(operand, 'strides', rank), dilations: spatial(operand, 'dilations', rank),
    padding: padding === 'same' ? 'same' : padding === 'explicit' ? taps.map((_, axis) => around[2 * (axis + first)] ?? 0) : 'valid',
  };
}

/** Taps of a kernel, whose spatial axes start at `at`. */
const kernel = (at: number) => (operand: Operand): Windows | null => windowsOf(operand, operand.shapes[1]?.slice(at, at + operand.shape.length - 2));
const pool = (key: string) => (operand: Operand): Windows | null => windowsOf(operand, spatial(operand, key, operand.shape.length - 2));

const channelsOf = ({ shape }: Operand, first: boolean): number | null => shape[first ? 1 : shape.length - 1] ?? null;
/** Biases and weights that the graph computes are read whole. */
const only = (position: number, rule: Rule): Rule => (operand) => (operand.position === position ? rule(operand) : null);
const settled = (position: number, rule: Rule): Rule => (operand) => (operand.position === position ? rule(operand) : 'nothing');
/** Multiplied channels of a depthwise convolution come from several places. */
const depthwise = (at: number): Rule => (operand) => sliding(kernel(at), channelsOf(operand, isFirst(operand)) === channelsOf({ ...operand, shape: operand.output }, isFirst(operand)) ? 'own' : 'all')(operand);

const flag = ({ config }: Operand, key: string): boolean => config[key] === true;
const right = ({ position }: Operand): boolean => position === 1;
const product = (a: string, b: string): Rule => (operand) => (operand.position > 1 ? elementwise : multiplied((own) => flag(own, own.position === 0 ? a : b), right))(operand);
const axisAt = (position: number) => (operand: Operand): readonly number[] | undefined => operand.values(position);

/** Sizes from the shapes; corners aligned, half pixels, or TensorFlow's first way. */
function sampling({ config, shape, output }: Operand, axis: number): { readonly jump: number; readonly at: number } | null {
  const [input, result] = [shape[axis] ?? null, output[axis] ?? null];
  if (axis === 0 || axis === 3 || (input !== null && input === result)) return { jump: 1, at: 0 };
  if (input === null || result === null) return null;
  const jump = config.align_corners === true ? (result === 1 ? 0 : (input - 1) / (result - 1)) : input / result;
  return { jump, at: config.half_pixel_centers === true && config.align_corners !== true ? jump / 2 - 0.5 : 0 };
}
const isSpace = (_: Operand, axis: number): boolean => axis === 1 || axis === 2;
const nearest: Rule = (operand) => {
  const half = operand.config.half_pixel_centers === true && operand.config.align_corners !== true;
  // With half pixels the one whose middle is nearest above; with corners the nearest; else the one below.
  const way: Taking = half || operand.config.align_corners === true ? 'round-up' : 'floor';
  return resized(sampling, () => way, isSpace)(operand);
};

/** Start and step of a slice along an axis; masks open ends, add axes and take single rows. */
const strided: Rule = (operand) => {
  const { config, shape, output, values } = operand, [begin, steps] = [values(1), values(3)];
  const mask = (key: string, at: number): boolean => (numberOf(config[key], 0) & (2 ** at)) !== 0;
  if (begin === undefined || steps === undefined) return null;
  const entries = begin.map((_, at) => at), ellipsis = entries.find((at) => mask('ellipsis_mask', at));
  const taken = entries.filter((at) => at !== ellipsis && !mask('new_axis_mask', at));
  const axes: (ReturnType<typeof straight> | null)[] = [];
  let along = 0, axis = 0;
  const through = (count: number): void => { for (let i = 0; i < count; i += 1) { axes.push(straight(along)); along += 1; axis += 1; } };
  for (const at of entries) {
    if (at === ellipsis) { through(shape.length - taken.length); continue; }
    if (mask('new_axis_mask', at)) { along += 1; continue; }
    const [extent, given = 0, step = 1] = [shape[axis] ?? null, begin[at], steps[at]];
    const open = mask('begin_mask', at), start = open ? (step > 0 ? 0 : extent === null ? null : extent - 1) : given >= 0 ? given : extent === null ? null : given + extent;
    const gone = mask('shrink_axis_mask', at);
    axes.push(start === null ? null : gone ? fixed(start) : { along, jump: step, low: start, high: start });
    if (!gone) along += 1;
    axis += 1;
  }
  through(shape.length - axis);
  return along > output.length ? null : { axes };
};

const begun: Rule = shifted(({ values }, axis) => { const start = values(1)?.[axis]; return start === undefined ? undefined : { start, step: 1 }; });
/** Parts one behind the other; `sizes` where they differ. */
const split = (axis: number, sizes: number | null): Rule => (operand) => {
  const [given] = operand.values(axis) ?? [], parts = sizes === null ? undefined : operand.values(sizes), { shape, output, which } = operand;
  if (given === undefined || (sizes !== null && parts === undefined)) return null;
  const at = front(given, shape.length), extent = output[at] ?? null;
  const told = parts?.map((size) => (size >= 0 ? size : (shape[at] ?? NaN) - parts.reduce((sum, other) => sum + Math.max(0, other), 0)));
  const start = told === undefined ? (extent === null ? NaN : which * extent) : told.slice(0, which).reduce((sum, size) => sum + size, 0);
  return shifted((_, own) => (own !== at ? { start: 0, step: 1 } : Number.isNaN(start) ? undefined : { start, step: 1 }))(operand);
};

/** Stacked along an axis of its own, and taken apart again. */
const pack: Rule = ({ config, shape, output }) => { const at = front(numberOf(config.axis, 0), output.length); return { axes: shape.map((_, axis) => straight(axis < at ? axis : axis + 1)) }; };
const unpack: Rule = ({ config, shape, which }) => { const at = front(numberOf(config.axis, 0), shape.length); return { axes: shape.map((_, axis) => (axis === at ? fixed(which) : straight(axis < at ? axis : axis - 1))) }; };

const gather = (data: number, indices: number, axis: number | null): Rule => (operand) => {
  const { config, shapes, position, shape, output } = operand, source = shapes[data], picked = shapes[indices];
  const [given] = axis === null ? listOf(config.axis) ?? [0] : operand.values(axis) ?? [];
  if (source === undefined || given === undefined || numberOf(config.batch_dims, 0) !== 0 || position === axis) return position === axis ? 'nothing' : null;
  const at = front(given, source.length);
  if (position === indices) return { axes: shape.map((_, own) => straight(own + at)) };
  const rank = picked?.length ?? output.length - shape.length + 1;
  return { axes: shape.map((_, own) => (own < at ? straight(own) : own > at ? straight(own + rank - 1) : null)) };
};

/** Every so many-th pixel to a picture of its own in the batch, and back: what lies between is a convolution with gaps. */
const dealt = (out: boolean): Rule => (operand) => {
  const { shape, values } = operand, [sizes, edges] = [values(1), values(2)];
  if (operand.position > 0) return 'nothing';
  if (sizes === undefined || edges === undefined) return null;
  const pictures = sizes.reduce((a, b) => a * b, 1);
  return {
    space: sizes.map((_, at) => at + 1),
    axes: shape.map((_, along) => {
      const [size, edge = 0] = [sizes[along - 1], edges[2 * (along - 1)]];
      // Which example it is, the index in the batch no longer tells plainly until they are together again.
      if (along === 0) return out ? { along, jump: 1 / pictures, low: 0, high: 0, dealt: Infinity } : { along, jump: pictures, low: 0, high: 0, gathered: true };
      if (size === undefined) return straight(along);
      return out ? { along, jump: size, low: -edge, high: -edge, dealt: size - 1 } : { along, jump: 1 / size, low: edge / size, high: edge / size, gathered: true };
    }),
  };
};

const padded = shifted(({ values }, axis) => { const before = values(1)?.[2 * axis]; return before === undefined ? undefined : { start: -before, step: 1 }; });
const recurrent: Rule = ({ config, position, shape }) => {
  if (position !== 0 || shape.length !== 3) return null;
  const steps = config.time_major === true ? 0 : 1;
  return { space: [steps], axes: shape.map((_, axis) => (axis === 2 ? null : axis === steps ? causal(axis, false) : straight(axis))) };
};

const running = (operand: Operand): ReturnType<Rule> => {
  const [given] = operand.values(1) ?? [], { shape, config } = operand;
  if (operand.position > 0 || given === undefined) return operand.position > 0 ? 'nothing' : null;
  const at = front(given, shape.length), by = config.exclusive === true ? 1 : 0, run = causal(at, config.reverse === true);
  return { axes: shape.map((_, axis) => (axis === at ? { ...run, low: run.low + by, high: run.high - by } : straight(axis))) };
};

const tiled: Rule = ({ shape, output, position }) => (position > 0 ? 'nothing' : shape.length === output.length ? { axes: shape.map((extent, axis) => (extent === output[axis] ? straight(axis) : null)) } : null);
const reverse: Rule = (operand) => {
  const axes = operand.values(1)?.map((axis) => front(axis, operand.shape.length));
  return shifted(({ shape }, axis) => (axes === undefined ? undefined : !axes.includes(axis) ? { start: 0, step: 1 } : shape[axis] == null ? undefined : { start: (shape[axis] ?? 0) - 1, step: -1 }))(operand);
};

const oneHot: Rule = ({ config, shape, output, position }) => { const at = front(numberOf(config.axis, -1), output.length); return position > 0 ? 'nothing' : { axes: shape.map((_, axis) => straight(axis < at ? axis : axis + 1)) }; };
const last = acrossAxes(() => [-1]);
const dense: Rule = (operand) => {
  const { shape, output } = operand;
  return operand.position > 0 ? null : shape.length === output.length ? last(operand) : { axes: shape.map((extent, axis) => (axis === 0 && extent === output[0] ? straight(0) : null)) };
};
const block = ({ config }: Operand): number => numberOf(config.block_size, 1);

/** TensorFlow's ops, of graph models and SavedModels. */
export const tensorflowReadings: Rules = {
  ...named('Abs Erfc Inv Rint Xlogy Xdivy MulNoNan Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Exp Expm1 Floor IsFinite IsInf IsNan Log Log1p Neg Reciprocal Round Rsqrt Sign Sin Sinh Sqrt Square Tan OnesLike ZerosLike LogicalNot Add AddV2 Sub Mul RealDiv Div DivNoNan FloorDiv Mod FloorMod '
    + 'Pow Maximum Minimum SquaredDifference Atan2 Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr AddN BiasAddV1 Select SelectV2 Cast Relu Relu6 Elu Selu Softplus Softsign Tanh Sigmoid LeakyRelu Prelu ClipByValue Identity Snapshot '
    + 'PreventGradient PlaceholderWithDefault Print CheckNumerics EnsureShape MatrixBandPart', elementwise),
  StopGradient: elementwise, BiasAdd: only(0, elementwise), ...named('FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3', only(0, elementwise)),
  ...named('Softmax LogSoftmax LRN', last),
  ...named('Conv2D Conv3D _FusedConv2D', only(0, sliding(kernel(0), 'all'))), ...named('DepthwiseConv2dNative DepthwiseConv2d FusedDepthwiseConv2dNative', only(0, depthwise(0))),
  Conv2DBackpropInput: (operand) => (operand.position === 2 ? transposed(kernel(0))(operand) : operand.position === 0 ? 'nothing' : null),
  Dilation2D: only(0, (operand) => sliding((own) => windowsOf({ ...own, config: { ...own.config, dilations: own.config.rates ?? null } }, own.shapes[1]?.slice(0, 2)), 'own')(operand)),
  ...named('MaxPool AvgPool MaxPool3D AvgPool3D', sliding(pool('ksize'), 'own')),
  ...named('MatMul _FusedMatMul', product('transpose_a', 'transpose_b')), ...named('BatchMatMul BatchMatMulV2 BatchMatMulV3', product('adj_x', 'adj_y')), Einsum: einsum,
  ...named('Sum Mean Prod Max Min All Any EuclideanNorm', settled(0, reduction(axisAt(1)))), ...named('ArgMax ArgMin', settled(0, reduction(axisAt(1)))), ...named('Cumsum Cumprod', running), TopKV2: settled(0, last),
  ...named('Reshape Squeeze ExpandDims', settled(0, regrouped)), Transpose: settled(0, permuted(axisAt(1))),
  ConcatV2: joined(({ values, shapes }) => values(shapes.length - 1)?.[0]), Concat: joined(({ values }) => values(0)?.[0], 1), Pack: pack, Unpack: unpack,
  Split: settled(1, split(0, null)), SplitV: settled(0, split(2, 1)), Slice: settled(0, begun), StridedSlice: settled(0, strided),
  Tile: tiled, BroadcastTo: settled(0, elementwise), ...named('Gather ResourceGather', gather(0, 1, null)), GatherV2: gather(0, 1, 2), ReverseV2: settled(0, reverse),
  ...named('Pad PadV2 MirrorPad', settled(0, padded)), DepthToSpace: blocks(firstAxis, block, true), SpaceToDepth: blocks(firstAxis, block, false),
  SpaceToBatchND: dealt(true), BatchToSpaceND: dealt(false), ResizeBilinear: settled(0, resized(sampling, () => 'linear', isSpace)), ResizeNearestNeighbor: settled(0, nearest),
  OneHot: oneHot, ...named('Shape ShapeN Rank Size Fill', () => 'nothing'),
};

/** TFLite's operators. Kernels are (out, height, width, in), depthwise (1, height, width, out). */
export const tfliteReadings: Rules = {
  ...named('ADD SUB MUL DIV MAXIMUM MINIMUM POW SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR LOGICAL_NOT ADD_N ABS EXP LOG SQRT RSQRT SQUARE NEG SIN COS FLOOR CEIL ROUND SIGN ZEROS_LIKE RELU '
    + 'RELU6 RELU_N1_TO_1 RELU_0_TO_1 TANH ELU LOGISTIC LEAKY_RELU PRELU HARD_SWISH GELU CAST SELECT SELECT_V2 QUANTIZE DEQUANTIZE ATAN2', elementwise),
  ...named('SOFTMAX LOG_SOFTMAX L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION', last),
  CONV_2D: only(0, sliding(kernel(1), 'all')), CONV_3D: only(0, sliding(kernel(0), 'all')), DEPTHWISE_CONV_2D: only(0, depthwise(1)),
  TRANSPOSE_CONV: (operand) => (operand.position === 2 ? transposed(kernel(1))(operand) : operand.position === 0 ? 'nothing' : null),
  ...named('MAX_POOL_2D AVERAGE_POOL_2D L2_POOL_2D', sliding(pool('pool_size'), 'own')),
  FULLY_CONNECTED: dense, BATCH_MATMUL: product('adj_x', 'adj_y'),
  ...named('MEAN SUM REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL ARG_MAX ARG_MIN', settled(0, reduction(axisAt(1)))), CUMSUM: running, TOPK_V2: settled(0, last),
  ...named('RESHAPE SQUEEZE EXPAND_DIMS', settled(0, regrouped)), TRANSPOSE: settled(0, permuted(axisAt(1))), CONCATENATION: joined(({ config }) => numberOf(config.axis, 0)), PACK: pack, UNPACK: unpack,
  SPLIT: settled(1, split(0, null)), SPLIT_V: settled(0, split(2, 1)), SLICE: settled(0, begun), STRIDED_SLICE: settled(0, strided), TILE: tiled, BROADCAST_TO: settled(0, elementwise),
  GATHER: gather(0, 1, null), EMBEDDING_LOOKUP: gather(1, 0, null), REVERSE_V2: settled(0, reverse), ...named('PAD PADV2 MIRROR_PAD', settled(0, padded)),
  DEPTH_TO_SPACE: blocks(firstAxis, block, true), SPACE_TO_DEPTH: blocks(firstAxis, block, false), SPACE_TO_BATCH_ND: dealt(true), BATCH_TO_SPACE_ND: dealt(false), RESIZE_BILINEAR: settled(0, resized(sampling, () => 'linear', isSpace)), RESIZE_NEAREST_NEIGHBOR: settled(0, nearest),
  ONE_HOT: oneHot, ...named('SHAPE RANK FILL', () => 'nothing'), ...named('UNIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN', recurrent),
};
