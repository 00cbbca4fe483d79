/** Attention layers. */
import { Failure } from '../../tensor/failure';
import type { SymbolicShape } from '../network';
import { knownExtent, product, weight } from './kind';
import type { CallShapes, KindTable, LayerKind, Settings, WeightSpec } from './kind';

interface Sides { readonly query: SymbolicShape; readonly value: SymbolicShape; readonly key: SymbolicShape }

/** Query, value and key (value's place when absent), given by position, by name, or as one list. */
function sidesOf(call: CallShapes): Sides {
  const position = (index: number, name: string): SymbolicShape | undefined => call.inputs[index] ?? call.shapesIn(call.kwargs[name])[0];
  const query = position(0, 'query');
  const value = position(1, 'value');
  if (query === undefined || value === undefined) throw new Failure('layer.input', 'it needs a query and a value');
  return { query, value, key: position(2, 'key') ?? value };
}

/** One projection of MultiHeadAttention: kernel (features, heads, size), bias (heads, size). */
function projection(settings: Settings, name: string, kernel: readonly number[], bias: readonly number[]): WeightSpec[] {
  const home = name === 'attention_output' ? 'output_dense' : `${name}_dense`;
  const list = [weight(`${name}/kernel`, kernel, settings.initializer('kernel_initializer', 'glorot_uniform'), { home })];
  if (settings.flag('use_bias', true)) list.push(weight(`${name}/bias`, bias, settings.initializer('bias_initializer', 'zeros'), { home }));
  return list;
}

function outputExtents(settings: Settings, query: SymbolicShape): readonly number[] {
  return settings.has('output_shape') ? settings.list('output_shape') : [knownExtent(query, -1)];
}

const multiHead: LayerKind = {
  outputs: (settings, call) => {
    const { query } = sidesOf(call);
    return [[...query.slice(0, -1), ...outputExtents(settings, query)], ...scoresIfAsked(settings, call)];
  },
  weights: (settings, call) => {
    const { query, value, key } = sidesOf(call);
    const heads = settings.count('num_heads');
    const keys = settings.count('key_dim');
    const values = settings.has('value_dim') ? settings.count('value_dim') : keys;
    const output = outputExtents(settings, query);
    return [
      ...projection(settings, 'query', [knownExtent(query, -1), heads, keys], [heads, keys]),
      ...projection(settings, 'key', [knownExtent(key, -1), heads, keys], [heads, keys]),
      ...projection(settings, 'value', [knownExtent(value, -1), heads, values], [heads, values]),
      ...projection(settings, 'attention_output', [heads, values, ...output], output),
    ];
  },
  macs: (settings, call) => {
    const { query, value, key } = sidesOf(call);
    const heads = settings.count('num_heads');
    const keys = settings.count('key_dim');
    const values = settings.has('value_dim') ? settings.count('value_dim') : keys;
    const queries = product(query.slice(1, -1));
    const steps = product(value.slice(1, -1));
    if (queries === null || steps === null) return null;
    const output = product(outputExtents(settings, query)) ?? 0;
    return queries * knownExtent(query, -1) * heads * keys + steps * knownExtent(key, -1) * heads * keys + steps * knownExtent(value, -1) * heads * values
      + queries * steps * heads * (keys + values) + queries * heads * values * output;
  },
  detail: (settings) => `${settings.count('num_heads')} heads × ${settings.count('key_dim')}`,
};

/** With `return_attention_scores` the call has a second output. */
function scoresIfAsked(settings: Settings, call: CallShapes): SymbolicShape[] {
  const asked = call.kwargs.return_attention_scores;
  if (asked?.kind !== 'value' || asked.value !== true) return [];
  const { query, value } = sidesOf(call);
  return [[query[0] ?? null, settings.count('num_heads'), ...query.slice(1, -1), ...value.slice(1, -1)]];
}

/** Grouped-query attention of Keras 3: fewer heads for key and value than for the query. */
const groupedQuery: LayerKind = {
  outputs: (_, call) => [sidesOf(call).query],
  weights: (settings, call) => {
    const { query, value, key } = sidesOf(call);
    const size = settings.count('head_dim');
    const heads = settings.count('num_query_heads');
    const groups = settings.count('num_key_value_heads');
    return [
      ...projection(settings, 'query', [knownExtent(query, -1), heads, size], [heads, size]),
      ...projection(settings, 'key', [knownExtent(key, -1), groups, size], [groups, size]),
      ...projection(settings, 'value', [knownExtent(value, -1), groups, size], [groups, size]),
      ...projection(settings, 'attention_output', [heads, size, knownExtent(query, -1)], [knownExtent(query, -1)]),
    ];
  },
  detail: (settings) => `${settings.count('num_query_heads')}/${settings.count('num_key_value_heads')} heads × ${settings.count('head_dim')}`,
};

/** Attention (Luong) and AdditiveAttention (Bahdanau): query [B, Tq, d], value [B, Tv, dv]. */
const dotProduct: LayerKind = {
  outputs: (_, call) => {
    const { query, value } = sidesOf(call);
    return [[...query.slice(0, -1), value[value.length - 1] ?? null]];
  },
  weights: (settings) => [
    ...(settings.flag('use_scale', false) ? [weight('scale', [], { class_name: 'Ones', config: {} })] : []),
    ...(settings.text('score_mode', 'dot') === 'concat' ? [weight('concat_score_weight', [], { class_name: 'Ones', config: {} })] : []),
  ],
  macs: (_, call) => {
    const { query, value, key } = sidesOf(call);
    return product([query[1] ?? null, value[1] ?? null, (key[2] ?? 0) + (value[2] ?? 0)]);
  },
};
const additive: LayerKind = {
  ...dotProduct,
  weights: (settings, call) => (settings.flag('use_scale', true) ? [weight('scale', [knownExtent(sidesOf(call).value, -1)], { class_name: 'GlorotUniform', config: {} })] : []),
};

export const attentions: KindTable = {
  MultiHeadAttention: multiHead,
  GroupQueryAttention: groupedQuery,
  GroupedQueryAttention: groupedQuery,
  Attention: dotProduct,
  AdditiveAttention: additive,
};
