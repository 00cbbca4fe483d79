/** TensorFlow's GraphDef in its binary form: ops with their inputs, settings and shapes; functions; constants by their place in the file. tensorflow/core/framework */
import type { Json, JsonObject, SymbolicShape } from '../../network/network';
import type { ProtoMessage } from '../containers/protobuf';

/** tensorflow.DataType */
export const dataTypes = ['', 'float32', 'float64', 'int32', 'uint8', 'int16', 'int8', 'string', 'complex64', 'int64', 'bool', '', '', '', 'bfloat16', '', '', 'uint16', 'complex128', 'float16', '', '', 'uint32', 'uint64'];

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** As they stand in the file: `name`, `name:1`, in functions `name:output:1`; without those that only order ops. */
  readonly inputs: readonly string[];
  readonly settings: JsonObject;
  /** Shapes that the file states, by output. */
  readonly shapes: readonly (SymbolicShape | undefined)[];
  /** The function that a call runs, or the body of a loop. */
  readonly functions: Readonly<Record<string, string>>;
  /** The name under which a variable is shared; '' when it is the op's own. */
  readonly shared: string;
  /** The `TensorProto` of a constant. */
  readonly value: ProtoMessage | null;
}

export interface FunctionDef {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeDef[];
  /** Where each output comes from, by its name. */
  readonly results: ReadonlyMap<string, string>;
}

/** Attributes that say nothing to a person: types, which shapes show anyway, and notes of the runtime to itself. */
const silent = new Set(['T', 'SrcT', 'dtype', 'value', 'Tshape', 'out_type', 'N', 'Index', 'TI', 'Tidx', 'Tdim', 'Tlen', 'Tpaddings', 'TArgs', 'Tin', 'Tout', 'Tindices', 'Tparams', 'Taxis', 'Tperm', 'Tmultiples',
  'output_type', 'config', 'config_proto', 'executor_type', 'f', 'body', 'cond', 'then_branch', 'else_branch', 'container', 'shared_name', 'allowed_devices', 'debug_name', 'output_shapes', 'shape', 'parallel_iterations']);

/** True for attributes that are shown as settings. */
export function isSetting(key: string): boolean {
  return !silent.has(key) && !key.startsWith('_') && key !== '__proto__';
}

/** `TensorShapeProto`; undefined when the rank is unknown. */
export function shapeOf(message: ProtoMessage): SymbolicShape | undefined {
  return message.int(3) === 1 ? undefined : message.messages(2).map((dim) => (dim.int(1) >= 0 ? dim.int(1) : null));
}

/** `AttrValue` (and its list) as a plain value; null for what is none. */
function plainValue(value: ProtoMessage): Json {
  if (value.has(3)) return value.int(3);
  if (value.has(4)) return Number(value.float(4).toPrecision(7));
  if (value.has(5)) return value.int(5) === 1;
  if (value.has(2)) return value.text(2);
  if (value.has(6)) return dataTypes[value.int(6)] ?? value.int(6);
  if (!value.has(1)) return null;
  const list = value.message(1);
  if (list.has(3)) return list.ints(3);
  if (list.has(4)) return list.floats(4).map((item) => Number(item.toPrecision(7)));
  if (list.has(2)) return list.texts(2);
  return null;
}

export function nodeFrom(message: ProtoMessage): NodeDef {
  const attributes = message.entries(5);
  const stated = attributes.find(([key]) => key === '_output_shapes')?.[1];
  const functions = attributes.filter(([, value]) => value.has(10)).map(([key, value]) => [key, value.message(10).text(1)] as const);
  return {
    name: message.text(1), op: message.text(2), inputs: message.texts(3).filter((input) => !input.startsWith('^')),
    settings: Object.fromEntries(attributes.filter(([key]) => isSetting(key)).map(([key, value]) => [key, plainValue(value)] as const).filter(([, value]) => value !== null && value !== '')),
    shapes: stated?.message(1).messages(7).map(shapeOf) ?? [],
    functions: Object.fromEntries(functions), shared: attributes.find(([key]) => key === 'shared_name')?.[1].text(2) ?? '',
    value: attributes.find(([key]) => key === 'value')?.[1].message(8) ?? null,
  };
}

export function functionFrom(message: ProtoMessage): FunctionDef {
  const signature = message.message(1);
  return {
    name: signature.text(1), inputs: signature.messages(2).map((argument) => argument.text(1)), outputs: signature.messages(3).map((argument) => argument.text(1)),
    nodes: message.messages(3).map(nodeFrom), results: new Map(message.messages(4).map((entry) => [entry.text(1), entry.text(2)] as const)),
  };
}

/** Names of outputs of ops that have several, in order: functions refer to outputs by name and position. */
const outputNames: Readonly<Record<string, readonly string[]>> = {
  FusedBatchNorm: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2'], FusedBatchNormV2: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2'],
  FusedBatchNormV3: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3'],
  TopK: ['values', 'indices'], TopKV2: ['values', 'indices'], Unique: ['y', 'idx'], UniqueV2: ['y', 'idx'], UniqueWithCounts: ['y', 'idx', 'count'], Switch: ['output_false', 'output_true'], Merge: ['output', 'value_index'],
  SoftmaxCrossEntropyWithLogits: ['loss', 'backprop'], SparseSoftmaxCrossEntropyWithLogits: ['loss', 'backprop'], TensorListPopBack: ['output_handle', 'tensor'], ListDiff: ['out', 'idx'],
  NonMaxSuppressionV5: ['selected_indices', 'selected_scores', 'valid_outputs'], BroadcastGradientArgs: ['r0', 'r1'], Moments: ['mean', 'variance'], Qr: ['q', 'r'], Svd: ['s', 'u', 'v'], MaxPoolWithArgmax: ['output', 'argmax'],
};

/** Position of the output `name` of an op of a type, counted over all its outputs. */
export function outputNumber(op: string, name: string, index: number): number {
  const names = Object.hasOwn(outputNames, op) ? outputNames[op] ?? [] : [];
  return Math.max(0, names.indexOf(name)) + index;
}
