/**
 * Calls of TensorFlow's functions in functional models of Keras 2 (`TFOpLambda`, `SlicingOpLambda`) as the bare operations of Keras 3. Keras 2
 * writes the first argument as the input and all others by TensorFlow's names of them.
 */
import type { CallDraft } from '../../network/draft';
import { isObject } from '../../network/kinds/kind';
import type { Argument, Json, JsonObject } from '../../network/network';

export interface TranslatedOperation { readonly type: string; readonly config: JsonObject; readonly calls: readonly CallDraft[] }

interface Rule {
  readonly type: string;
  /** Arguments that stand behind the first, by TensorFlow's names. */
  readonly operands?: readonly string[];
  /** Settings: TensorFlow's name to Keras's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Settings of the layer rather than of the call, and what has to be computed. */
  readonly config?: (kwargs: Readonly<Record<string, Json>>) => JsonObject | null;
}

const axis = { axis: 'axis' };
const reduction = (type: string): Rule => ({ type, settings: { axis: 'axis', keepdims: 'keepdims', keep_dims: 'keepdims' } });
const unary = (type: string): Rule => ({ type });
const binary = (type: string): Rule => ({ type, operands: ['y'] });
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value as readonly Json[] : []);
const all = (rule: (type: string) => Rule, types: Readonly<Record<string, string>>): Readonly<Record<string, Rule>> => Object.fromEntries(Object.entries(types).map(([name, type]) => [name, rule(type)]));

/** `[2, 3, 1]` -> `[2, 5]`: sizes of parts to the places of the cuts. */
function cuts(sizes: readonly Json[]): Json {
  let at = 0;
  return sizes.slice(0, -1).map((size) => { at += typeof size === 'number' ? size : 0; return at; });
}

/** Rules by the last part of the function's name: `math.add` and `__operators__.add` are one. */
const rules: Readonly<Record<string, Rule>> = {
  ...all(binary, {
    add: 'Add', subtract: 'Subtract', sub: 'Subtract', multiply: 'Multiply', mul: 'Multiply', divide: 'Divide', truediv: 'Divide', divide_no_nan: 'DivideNoNan', floordiv: 'FloorDivide', floormod: 'Mod', mod: 'Mod', pow: 'Power',
    maximum: 'Maximum', minimum: 'Minimum', atan2: 'Arctan2', equal: 'Equal', not_equal: 'NotEqual', greater: 'Greater', greater_equal: 'GreaterEqual', less: 'Less', less_equal: 'LessEqual', logical_and: 'LogicalAnd', logical_or: 'LogicalOr',
    eq: 'Equal', ne: 'NotEqual', gt: 'Greater', ge: 'GreaterEqual', lt: 'Less', le: 'LessEqual', squared_difference: 'SquaredDifference',
  }),
  ...all(unary, {
    abs: 'Absolute', negative: 'Negative', neg: 'Negative', sqrt: 'Sqrt', rsqrt: 'Rsqrt', square: 'Square', exp: 'Exp', expm1: 'Expm1', log: 'Log', log1p: 'Log1p', sin: 'Sin', cos: 'Cos', tan: 'Tan', asin: 'Arcsin', acos: 'Arccos', atan: 'Arctan',
    sinh: 'Sinh', cosh: 'Cosh', tanh: 'Tanh', erf: 'Erf', sign: 'Sign', floor: 'Floor', ceil: 'Ceil', round: 'Round', reciprocal: 'Reciprocal', logical_not: 'LogicalNot', is_nan: 'Isnan', is_inf: 'Isinf', is_finite: 'Isfinite',
    relu: 'Relu', relu6: 'Relu6', elu: 'Elu', selu: 'Selu', softplus: 'Softplus', softsign: 'Softsign', sigmoid: 'Sigmoid', silu: 'Silu', swish: 'Silu', zeros_like: 'ZerosLike', ones_like: 'OnesLike', stop_gradient: 'StopGradient', identity: 'Copy',
    shape: 'Shape', add_n: 'Add',
  }),
  ...all(reduction, { reduce_mean: 'Mean', reduce_sum: 'Sum', reduce_max: 'Max', reduce_min: 'Min', reduce_prod: 'Prod', reduce_any: 'Any', reduce_all: 'All', reduce_std: 'Std', reduce_variance: 'Var', reduce_logsumexp: 'Logsumexp' }),
  ...all((type) => ({ type, config: ({ axis: along = 0 }) => ({ axis: along }) }), { argmax: 'Argmax', argmin: 'Argmin', stack: 'Stack', unstack: 'Unstack' }),
  concat: { type: 'Concatenate', config: ({ axis: along = -1 }) => ({ axis: along }) },
  softmax: { type: 'Softmax', config: ({ axis: along = -1 }) => ({ axis: along ?? -1 }) }, log_softmax: { type: 'LogSoftmax', settings: axis },
  leaky_relu: { type: 'LeakyRelu', config: ({ alpha = 0.2 }) => ({ negative_slope: alpha }) }, gelu: { type: 'Gelu', config: ({ approximate = false }) => ({ approximate }) },
  l2_normalize: { type: 'Normalize', settings: axis }, cumsum: { type: 'Cumsum', settings: axis, config: ({ reverse = false, exclusive = false }) => (reverse === true || exclusive === true ? null : {}) },
  // Extents that other layers compute (tf.shape) are what is left.
  reshape: { type: 'Reshape', config: ({ shape }) => { const extents = list(shape).map((extent) => (typeof extent === 'number' ? extent : -1)); return extents.filter((extent) => extent === -1).length > 1 ? null : { newshape: extents }; } },
  transpose: { type: 'Transpose', settings: { perm: 'axes' } }, expand_dims: { type: 'ExpandDims', settings: axis }, squeeze: { type: 'Squeeze', settings: axis }, cast: { type: 'Cast', settings: { dtype: 'dtype' } }, reverse: { type: 'Flip', settings: axis },
  tile: { type: 'Tile', settings: { multiples: 'repeats' } }, broadcast_to: { type: 'BroadcastTo', settings: { shape: 'shape' } }, one_hot: { type: 'OneHot', config: ({ depth = null, axis: along = -1 }) => (along === -1 || along === null ? { num_classes: depth } : null) },
  clip_by_value: { type: 'Clip', settings: { clip_value_min: 'x_min', clip_value_max: 'x_max' } },
  gather: { type: 'Take', operands: ['indices'], config: ({ axis: along = 0, batch_dims: batch = 0 }) => (batch === 0 || batch === null ? { axis: along ?? 0 } : null) },
  pad: { type: 'Pad', config: ({ paddings = null, mode = 'CONSTANT', constant_values: filler = 0 }) => (mode === 'CONSTANT' ? { pad_width: paddings, constant_values: filler } : null) },
  split: { type: 'Split', config: ({ num_or_size_splits: parts = null, axis: along = 0 }) => ({ indices_or_sections: Array.isArray(parts) ? cuts(list(parts)) : parts, axis: along }) },
  where: { type: 'Where', operands: ['x', 'y'] },
  matmul: { type: 'Matmul', operands: ['b'], settings: { transpose_a: 'transpose_a', transpose_b: 'transpose_b' } },
  getitem: { type: 'GetItem', config: ({ slice_spec: key = null }) => ({ key: Array.isArray(key) ? list(key).map(index) : index(key) }) },
};

/** An index of `x[…]`: Keras 2 writes slices as bare records. */
function index(item: Json): Json {
  return isObject(item) && item.class_name === undefined ? { class_name: '__slice__', config: { start: item.start ?? null, stop: item.stop ?? null, step: item.step ?? null } } : item;
}

export const isFunctionCall = (type: string): boolean => type === 'TFOpLambda' || type === 'SlicingOpLambda';

/** The operation of Keras 3 that does what a function of TensorFlow does; what has none keeps the function's name, so that messages name it. */
export function translateFunction(config: JsonObject, calls: readonly CallDraft[]): TranslatedOperation {
  const name = typeof config.function === 'string' ? config.function : '';
  const key = name.slice(name.lastIndexOf('.') + 1);
  const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
  const own: JsonObject = { name: config.name ?? '', function: `tf.${name}` };
  const unknown: TranslatedOperation = { type: `tf.${name}`, config: own, calls };
  if (rule === undefined) return unknown;
  const plain = (call: CallDraft): Readonly<Record<string, Json>> => Object.fromEntries(Object.entries(call.kwargs).flatMap(([setting, value]) => (value.kind === 'value' ? [[setting, value.value] as const] : [])));
  const computed = rule.config?.(calls[0] === undefined ? {} : plain(calls[0])) ?? (rule.config === undefined ? {} : null);
  if (computed === null) return unknown;
  const translated = calls.map((call): CallDraft => {
    const operands = (rule.operands ?? []).flatMap((operand): readonly Argument[] => { const given = call.kwargs[operand]; return given === undefined ? [] : [given]; });
    const kwargs = Object.entries(rule.settings ?? {}).flatMap(([setting, keras]) => { const given = call.kwargs[setting]; return given === undefined || (given.kind === 'value' && given.value === null) ? [] : [[keras, given] as const]; });
    return { args: [...call.args.slice(0, 1), ...operands], kwargs: Object.fromEntries(kwargs) };
  });
  return { type: rule.type, config: { ...own, ...computed }, calls: translated };
}
