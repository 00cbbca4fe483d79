/** TFLite's builtin operators by code, and the settings of the common ones by field of their options. tensorflow/lite/schema/schema.fbs */
import type { Json, JsonObject } from '../../network/network';
import type { FlatTable } from './flat-table';
import { flexMap } from './flex-map';

const names = ('ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D '
  + 'LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM '
  + 'EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP '
  + 'TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE '
  + 'EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE '
  + 'FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG '
  + 'ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS '
  + 'HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU '
  + 'DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT '
  + 'STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE '
  + 'STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER '
  + 'STABLEHLO_REMAINDER STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD '
  + 'STABLEHLO_IOTA STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE '
  + 'STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE').split(' ');

/** `CONV_2D`; the code itself when it is newer than this table. */
export function operatorName(code: number): string {
  return names[code] ?? `OPERATOR_${code}`;
}

const activations = ['none', 'relu', 'relu_n1_to_1', 'relu6', 'tanh', 'sign_bit'];
type Read = (options: FlatTable) => Json;
const padding: Read = (options) => (options.int8(0) === 0 ? 'same' : 'valid');
const whole = (field: number): Read => (options) => options.int32(field);
const flag = (field: number): Read => (options) => options.int8(field) !== 0;
const real = (field: number): Read => (options) => Number(options.float32(field).toPrecision(7));
const list = (field: number): Read => (options) => options.int32s(field);
const pair = (height: number, width: number): Read => (options) => [options.int32(height), options.int32(width)];
/** Dilations that are left out are 1. */
const rates = (...fields: readonly number[]): Read => (options) => fields.map((field) => (options.has(field) ? options.int32(field) : 1));
const activation = (field: number): Read => (options) => activations[options.int8(field)] ?? 'unknown';
type Settings = Readonly<Record<string, Read>>;
const pool: Settings = { padding, strides: pair(2, 1), pool_size: pair(4, 3), activation: activation(5) };
const fused: Settings = { activation: activation(0) };
const keepDims: Settings = { keep_dims: flag(0) };
const settings: Readonly<Record<string, Settings>> = {
  CONV_2D: { padding, strides: pair(2, 1), activation: activation(3), dilations: rates(5, 4) },
  DEPTHWISE_CONV_2D: { padding, strides: pair(2, 1), depth_multiplier: whole(3), activation: activation(4), dilations: rates(6, 5) },
  CONV_3D: { padding, strides: (options) => [options.int32(1), options.int32(3), options.int32(2)], activation: activation(4), dilations: rates(5, 7, 6) },
  TRANSPOSE_CONV: { padding, strides: pair(2, 1), activation: activation(3) },
  AVERAGE_POOL_2D: pool, MAX_POOL_2D: pool, FULLY_CONNECTED: { ...fused, keep_num_dims: flag(2) }, ADD: fused, SUB: fused, MUL: fused, DIV: fused, L2_NORMALIZATION: fused,
  CONCATENATION: { axis: whole(0), activation: activation(1) }, SOFTMAX: { beta: real(0) }, LEAKY_RELU: { alpha: real(0) }, GELU: { approximate: flag(0) },
  LOCAL_RESPONSE_NORMALIZATION: { radius: whole(0), bias: real(1), alpha: real(2), beta: real(3) },
  ...Object.fromEntries(['MEAN', 'SUM', 'REDUCE_PROD', 'REDUCE_MAX', 'REDUCE_MIN', 'REDUCE_ANY', 'REDUCE_ALL'].map((name) => [name, keepDims])),
  RESHAPE: { new_shape: list(0) }, SQUEEZE: { squeeze_dims: list(0) }, PACK: { axis: whole(1) }, UNPACK: { axis: whole(1) }, SPLIT: { num_splits: whole(0) }, SPLIT_V: { num_splits: whole(0) }, GATHER: { axis: whole(0), batch_dims: whole(1) }, ONE_HOT: { axis: whole(0) },
  STRIDED_SLICE: { begin_mask: whole(0), end_mask: whole(1), ellipsis_mask: whole(2), new_axis_mask: whole(3), shrink_axis_mask: whole(4) }, CUMSUM: { exclusive: flag(0), reverse: flag(1) }, BATCH_MATMUL: { adj_x: flag(0), adj_y: flag(1) },
  RESIZE_BILINEAR: { align_corners: flag(2), half_pixel_centers: flag(3) }, RESIZE_NEAREST_NEIGHBOR: { align_corners: flag(0), half_pixel_centers: flag(1) }, SPACE_TO_DEPTH: { block_size: whole(0) }, DEPTH_TO_SPACE: { block_size: whole(0) },
  MIRROR_PAD: { mode: (options) => (options.int8(0) === 0 ? 'reflect' : 'symmetric') },
  BIDIRECTIONAL_SEQUENCE_LSTM: { activation: activation(0), cell_clip: real(1), proj_clip: real(2), merge_outputs: flag(3), time_major: (options) => !options.has(4) || options.int8(4) !== 0 },
  BIDIRECTIONAL_SEQUENCE_RNN: { time_major: flag(0), activation: activation(1), merge_outputs: flag(2) }, LSTM: { activation: activation(0), cell_clip: real(1), proj_clip: real(2), kernel_type: (options) => options.int8(3) },
  RNN: { activation: activation(0) }, SVDF: { rank: whole(0), activation: activation(1) }, L2_POOL_2D: pool, REVERSE_SEQUENCE: { seq_dim: whole(0), batch_dim: whole(1) }, BUCKETIZE: { boundaries: (options) => options.float32s(0) },
  FAKE_QUANT: { min: real(0), max: real(1), num_bits: whole(2), narrow_range: flag(3) }, CONV_3D_TRANSPOSE: { padding, strides: (options) => [options.int32(1), options.int32(3), options.int32(2)], activation: activation(4), dilations: rates(5, 7, 6) },
  UNIDIRECTIONAL_SEQUENCE_LSTM: { activation: activation(0), cell_clip: real(1), proj_clip: real(2), time_major: flag(3) }, UNIDIRECTIONAL_SEQUENCE_RNN: { time_major: flag(0), activation: activation(1) },
};

/** Settings of an operator; none for those that are not in the table. */
export function operatorSettings(name: string, options: FlatTable | null, custom: Uint8Array): JsonObject {
  const plain = Object.hasOwn(plainSettings, name) ? plainSettings[name] : undefined;
  if (plain !== undefined) return custom.length >= plain.bytes ? plain.read(new DataView(custom.buffer, custom.byteOffset, custom.byteLength)) : {};
  if (custom.length > 2) return flexMap(custom);
  if (options === null || !Object.hasOwn(settings, name)) return {};
  return Object.fromEntries(Object.entries(settings[name] ?? {}).map(([key, read]) => [key, read(options)] as const).filter(([key, value]) => !(key === 'activation' && value === 'none') && !(Array.isArray(value) && value.length === 0)));
}

const twoFrom = (view: DataView, at: number): number[] => [view.getInt32(at + 4, true), view.getInt32(at, true)];
const paddings = ['', 'same', 'valid'];
/** Custom operators of MediaPipe keep their settings as a struct of whole numbers. tensorflow/lite/kernels/perception */
const plainSettings: Readonly<Record<string, { readonly bytes: number; readonly read: (view: DataView) => JsonObject }>> = {
  Convolution2DTransposeBias: { bytes: 12, read: (view) => ({ padding: paddings[view.getInt32(0, true)] ?? '', strides: twoFrom(view, 4) }) },
};

/** Operators that the engine's table has; `CONST` stands for a constant that several operators share. */
export const runnableOperators: readonly string[] = (
  'ADD SUB MUL DIV MAXIMUM MINIMUM POW SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR LOGICAL_NOT ADD_N ABS EXP LOG SQRT RSQRT SQUARE NEG SIN COS FLOOR CEIL '
  + 'ROUND SIGN ZEROS_LIKE RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 TANH ELU LOG_SOFTMAX LOGISTIC SOFTMAX LEAKY_RELU PRELU HARD_SWISH GELU CAST SELECT SELECT_V2 MEAN SUM REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL '
  + 'ARG_MAX ARG_MIN CUMSUM TOPK_V2 L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION QUANTIZE DEQUANTIZE CONV_2D DEPTHWISE_CONV_2D CONV_3D TRANSPOSE_CONV FULLY_CONNECTED BATCH_MATMUL MAX_POOL_2D AVERAGE_POOL_2D CONST RESHAPE SQUEEZE '
  + 'EXPAND_DIMS TRANSPOSE CONCATENATION PACK UNPACK SPLIT SPLIT_V SLICE STRIDED_SLICE GATHER GATHER_ND EMBEDDING_LOOKUP TILE BROADCAST_TO REVERSE_V2 PAD PADV2 MIRROR_PAD SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND DEPTH_TO_SPACE '
  + 'SPACE_TO_DEPTH RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SHAPE RANK FILL RANGE ONE_HOT UNIDIRECTIONAL_SEQUENCE_LSTM UNIDIRECTIONAL_SEQUENCE_RNN BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN LSTM '
  + 'RNN SVDF WHERE UNIQUE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 TFLite_Detection_PostProcess BUCKETIZE SCATTER_ND SPARSE_TO_DENSE REVERSE_SEQUENCE MATRIX_DIAG MATRIX_SET_DIAG SEGMENT_SUM UNSORTED_SEGMENT_SUM '
  + 'UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD DYNAMIC_UPDATE_SLICE BROADCAST_ARGS BITWISE_XOR RIGHT_SHIFT ATAN2 FAKE_QUANT L2_POOL_2D CONV_3D_TRANSPOSE READ_VARIABLE ASSIGN_VARIABLE RFFT2D REAL IMAG COMPLEX_ABS Convolution2DTransposeBias').split(' ');
/** Operators that run the graphs that they name. */
export const liteControlFlow: readonly string[] = ['IF', 'WHILE'];
const runnable = new Set([...runnableOperators, ...liteControlFlow]);
export const isRunnable = (name: string): boolean => runnable.has(name);

const lstmWeights = (prefix: string): readonly string[] => [...gates('kernel', four), ...gates('recurrent_kernel', four), ...gates('peephole', ['input', 'forget', 'output']), ...gates('bias', four), 'projection', 'projection_bias'].map((name) => prefix + name);
const four = ['input', 'forget', 'cell', 'output'];
const gates = (what: string, names: readonly string[]): readonly string[] => names.map((name) => `${name}_${what}`);
const inputNames: Readonly<Record<string, readonly string[]>> = {
  CONV_2D: ['input', 'kernel', 'bias'], DEPTHWISE_CONV_2D: ['input', 'kernel', 'bias'], CONV_3D: ['input', 'kernel', 'bias'], FULLY_CONNECTED: ['input', 'kernel', 'bias'], TRANSPOSE_CONV: ['output_shape', 'kernel', 'input', 'bias'],
  BATCH_MATMUL: ['input', 'kernel'], PRELU: ['x', 'alpha'], GATHER: ['embeddings', 'indices'], EMBEDDING_LOOKUP: ['indices', 'embeddings'], RESHAPE: ['tensor', 'shape'], TRANSPOSE: ['x', 'perm'], EXPAND_DIMS: ['input', 'axis'],
  SPLIT: ['axis', 'value'], SPLIT_V: ['value', 'sizes', 'axis'], SLICE: ['input', 'begin', 'size'], STRIDED_SLICE: ['input', 'begin', 'end', 'strides'], TILE: ['input', 'multiples'], BROADCAST_TO: ['input', 'shape'], REVERSE_V2: ['input', 'axis'],
  PAD: ['input', 'paddings'], PADV2: ['input', 'paddings', 'constant'], MIRROR_PAD: ['input', 'paddings'], SPACE_TO_BATCH_ND: ['input', 'block_shape', 'paddings'], BATCH_TO_SPACE_ND: ['input', 'block_shape', 'crops'], FILL: ['dims', 'value'],
  RESIZE_BILINEAR: ['images', 'size'], RESIZE_NEAREST_NEIGHBOR: ['images', 'size'], RANGE: ['start', 'limit', 'delta'], ONE_HOT: ['indices', 'depth', 'on_value', 'off_value'], TOPK_V2: ['input', 'k'], DEQUANTIZE: ['value'], QUANTIZE: ['value'],
  ...Object.fromEntries(['MEAN', 'SUM', 'REDUCE_PROD', 'REDUCE_MAX', 'REDUCE_MIN', 'REDUCE_ANY', 'REDUCE_ALL', 'ARG_MAX', 'ARG_MIN', 'CUMSUM'].map((name) => [name, ['input', 'axis']])),
  UNIDIRECTIONAL_SEQUENCE_RNN: ['input', 'kernel', 'recurrent_kernel', 'bias', 'state'],
  UNIDIRECTIONAL_SEQUENCE_LSTM: ['input', ...lstmWeights(''), 'state', 'cell_state', ...gates('normalization', four)], LSTM: ['input', ...lstmWeights(''), 'state', 'cell_state', ...gates('normalization', four)],
  BIDIRECTIONAL_SEQUENCE_LSTM: [
    'input', ...lstmWeights('forward_'), ...lstmWeights('backward_'), 'forward_state', 'forward_cell_state', 'backward_state', 'backward_cell_state', 'auxiliary', ...gates('auxiliary_kernel', four.map((name) => `forward_${name}`)), ...gates('auxiliary_kernel', four.map((name) => `backward_${name}`)),
  ],
  BIDIRECTIONAL_SEQUENCE_RNN: ['input', ...['forward', 'backward'].flatMap((way) => [`${way}_kernel`, `${way}_recurrent_kernel`, `${way}_bias`, `${way}_state`]), 'auxiliary', 'forward_auxiliary_kernel', 'backward_auxiliary_kernel'],
  RNN: ['input', 'kernel', 'recurrent_kernel', 'bias', 'state'], SVDF: ['input', 'feature_kernel', 'time_kernel', 'bias', 'state'], TFLite_Detection_PostProcess: ['offsets', 'scores', 'anchors'], Convolution2DTransposeBias: ['input', 'kernel', 'bias'], RFFT2D: ['input', 'fft_length'],
};

/** What the input at a position is called; weights carry Keras's names where Keras has one. */
export function inputName(type: string, position: number): string {
  return (Object.hasOwn(inputNames, type) ? inputNames[type]?.[position] : undefined) ?? ['x', 'y'][position] ?? `input_${position}`;
}

const trainedInputs: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(['CONV_2D', 'DEPTHWISE_CONV_2D', 'CONV_3D', 'FULLY_CONNECTED'].map((name) => [name, [1, 2]])), TRANSPOSE_CONV: [1, 3], PRELU: [1], IF: Array.from({ length: 64 }, (_, index) => index + 1), GATHER: [0], EMBEDDING_LOOKUP: [1], DEQUANTIZE: [0],
  ...Object.fromEntries(['ADD', 'SUB', 'MUL', 'BATCH_MATMUL', 'ADD_N'].map((name) => [name, [0, 1, 2, 3]])), UNIDIRECTIONAL_SEQUENCE_RNN: [1, 2, 3], UNIDIRECTIONAL_SEQUENCE_LSTM: [...Array.from({ length: 17 }, (_, index) => index + 1), 20, 21, 22, 23], LSTM: [...Array.from({ length: 17 }, (_, index) => index + 1), 20, 21, 22, 23],
  BIDIRECTIONAL_SEQUENCE_LSTM: [...Array.from({ length: 34 }, (_, index) => index + 1), 40, 41, 42, 43, 44, 45, 46, 47], BIDIRECTIONAL_SEQUENCE_RNN: [1, 2, 3, 5, 6, 7, 10, 11], RNN: [1, 2, 3], SVDF: [1, 2, 3], CONV_3D_TRANSPOSE: [1, 3], Convolution2DTransposeBias: [1, 2],
};

/** Whether a constant of numbers of that shape is a weight where an operator takes it; single numbers are not. */
export function trains(type: string, position: number, shape: readonly number[]): boolean {
  return shape.length > 0 && Object.hasOwn(trainedInputs, type) && trainedInputs[type]?.includes(position) === true;
}
