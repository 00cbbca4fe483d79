/** TFLite's builtin operators by code, and the settings of the common ones by field of their options. tensorflow/lite/schema/schema.fbs */
import type { Json, JsonObject } from '../../network/network';
import type { FlatTable } from './flat-table';

const names = ('ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D '
  + 'LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM '
  + 'EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP '
  + 'TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE '
  + 'EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE '
  + 'FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG '
  + 'ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS '
  + 'HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU '
  + 'DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN').split(' ');

/** `CONV_2D`; the code itself when it is newer than this table. */
export function operatorName(code: number): string {
  return names[code] ?? `OPERATOR_${code}`;
}

const activations = ['none', 'relu', 'relu_n1_to_1', 'relu6', 'tanh', 'sign_bit'];
type Read = (options: FlatTable) => Json;
const padding: Read = (options) => (options.int8(0) === 0 ? 'same' : 'valid');
const pair = (height: number, width: number): Read => (options) => [options.int32(height), options.int32(width)];
const activation = (field: number): Read => (options) => activations[options.int8(field)] ?? 'unknown';
const pool: Readonly<Record<string, Read>> = { padding, strides: pair(2, 1), pool_size: pair(4, 3), activation: activation(5) };
const fused: Readonly<Record<string, Read>> = { activation: activation(0) };
const settings: Readonly<Record<string, Readonly<Record<string, Read>>>> = {
  CONV_2D: { padding, strides: pair(2, 1), activation: activation(3), dilations: pair(5, 4) },
  DEPTHWISE_CONV_2D: { padding, strides: pair(2, 1), depth_multiplier: (options) => options.int32(3), activation: activation(4), dilations: pair(6, 5) },
  TRANSPOSE_CONV: { padding, strides: pair(2, 1) },
  AVERAGE_POOL_2D: pool, MAX_POOL_2D: pool, FULLY_CONNECTED: fused, ADD: fused, SUB: fused, MUL: fused, DIV: fused,
  CONCATENATION: { axis: (options) => options.int32(0), activation: activation(1) }, SOFTMAX: { beta: (options) => options.float32(0) },
  MEAN: { keep_dims: (options) => options.int8(0) !== 0 }, SUM: { keep_dims: (options) => options.int8(0) !== 0 }, LEAKY_RELU: { alpha: (options) => options.float32(0) },
};

/** Settings of an operator; none for those that are not in the table. */
export function operatorSettings(name: string, options: FlatTable | null): JsonObject {
  if (options === null || !Object.hasOwn(settings, name)) return {};
  return Object.fromEntries(Object.entries(settings[name] ?? {}).map(([key, read]) => [key, read(options)] as const).filter(([key, value]) => !(key === 'activation' && value === 'none')));
}
