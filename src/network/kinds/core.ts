/** Input, dense, embedding, activation and regularisation layers. */
import { Failure } from '../../tensor/failure';
import type { SymbolicShape } from '../network';
import { describeShape, elementwise, inputOf, isObject, knownExtent, product, times, weight } from './kind';
import type { CallShapes, KindTable, LayerKind, Settings } from './kind';

/** A shape written in a config: numbers and nulls. */
export function shapeSetting(settings: Settings, key: string): SymbolicShape | null {
  const value = settings.config[key];
  if (!Array.isArray(value)) return null;
  return (value as readonly unknown[]).map((extent) => {
    if (extent === null || (typeof extent === 'number' && Number.isSafeInteger(extent) && extent >= 0)) return extent;
    throw new Failure('layer.setting', `its setting ${key} should be a shape, not ${JSON.stringify(value).slice(0, 80)}`);
  });
}

const input: LayerKind = {
  outputs: (settings) => {
    const shape = shapeSetting(settings, 'batch_shape');
    if (shape === null) throw new Failure('layer.setting', settings.config.implied === true ? 'the file does not say the shape of what goes in, as the model was saved before it was built; call it on data, then save it' : 'its setting batch_shape should be a shape');
    return [shape];
  },
};

const dense: LayerKind = {
  outputs: (settings, call) => [[...inputOf(call).slice(0, -1), settings.count('units')]],
  weights: (settings, call) => [
    weight('kernel', [knownExtent(inputOf(call), -1), settings.count('units')], settings.initializer('kernel_initializer', 'glorot_uniform')),
    ...(settings.flag('use_bias', true) ? [weight('bias', [settings.count('units')], settings.initializer('bias_initializer', 'zeros'))] : []),
  ],
  macs: (settings, call) => times(product(inputOf(call).slice(1)), settings.count('units')),
  detail: (settings) => String(settings.count('units')),
};

const embedding: LayerKind = {
  outputs: (settings, call) => [[...inputOf(call), settings.count('output_dim')]],
  weights: (settings) => [weight('embeddings', [settings.count('input_dim'), settings.count('output_dim')], settings.initializer('embeddings_initializer', 'uniform'))],
  detail: (settings) => `${settings.count('input_dim')} → ${settings.count('output_dim')}${settings.flag('mask_zero', false) ? ' masks 0' : ''}`,
};

/** An embedding that also maps back: from features to a score for each row, called with `reverse`. */
const reversibleEmbedding: LayerKind = {
  ...embedding,
  outputs: (settings, call) => {
    const reverse = call.kwargs.reverse ?? call.args[1];
    const back = reverse?.kind === 'value' && reverse.value === true;
    return [back ? [...inputOf(call).slice(0, -1), settings.count('input_dim')] : [...inputOf(call), settings.count('output_dim')]];
  },
  weights: (settings, call) => [
    ...(embedding.weights?.(settings, call) ?? []),
    ...(settings.flag('tie_weights', true) ? [] : [weight('reverse_embeddings', [settings.count('output_dim'), settings.count('input_dim')], settings.initializer('embeddings_initializer', 'uniform'))]),
  ],
};

/** PReLU: one slope an element of the example, shared along `shared_axes` (numbered from 1). */
const prelu: LayerKind = {
  ...elementwise,
  weights: (settings, call) => {
    const shape = inputOf(call);
    const shared = settings.has('shared_axes') ? settings.list('shared_axes') : [];
    const extents = shape.slice(1).map((_, index) => (shared.includes(index + 1) ? 1 : knownExtent(shape, index + 1)));
    return [weight('alpha', extents, settings.initializer('alpha_initializer', 'zeros'))];
  },
};

/** EinsumDense: `abc,cd->abd`; the kernel's extents come from input and output shape. */
const einsumDense: LayerKind = {
  outputs: (settings, call) => [einsumShapes(settings, inputOf(call)).output],
  weights: (settings, call) => {
    const { kernel, bias } = einsumShapes(settings, inputOf(call));
    return [
      weight('kernel', kernel, settings.initializer('kernel_initializer', 'glorot_uniform')),
      ...(bias === null ? [] : [weight('bias', bias, settings.initializer('bias_initializer', 'zeros'))]),
    ];
  },
  macs: (settings, call) => {
    const { extents, letters } = einsumShapes(settings, inputOf(call));
    return product([...letters].map((letter) => extents.get(letter) ?? null));
  },
  detail: (settings) => settings.text('equation', ''),
};

function einsumShapes(settings: Settings, shape: SymbolicShape): { output: SymbolicShape; kernel: number[]; bias: number[] | null; extents: Map<string, number | null>; letters: Set<string> } {
  const equation = settings.text('equation', '').replace(/\s/g, '');
  const match = /^(\.\.\.)?([a-zA-Z]+),([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)$/.exec(equation);
  if (match === null) throw new Failure('layer.setting', `its equation ${equation.slice(0, 60)} cannot be understood`);
  const [, dots, from = '', by = '', , to = ''] = match;
  const lead = dots === undefined ? [] : shape.slice(0, shape.length - from.length);
  if (shape.length - lead.length !== from.length) throw new Failure('layer.rank', `its equation ${equation} does not fit its input ${describeShape(shape)}`);
  const extents = new Map<string, number | null>([...from].map((letter, index) => [letter, shape[lead.length + index] ?? null]));
  // The setting output_shape gives the output without batch; null keeps what the input says.
  const given = settings.config.output_shape;
  const tail: readonly unknown[] = Array.isArray(given) ? given : [given];
  [...to].slice(Math.max(0, to.length - tail.length)).forEach((letter, index) => {
    const extent = tail[index + Math.max(0, tail.length - to.length)];
    if (typeof extent === 'number') extents.set(letter, extent);
  });
  const need = (letter: string): number => {
    const extent = extents.get(letter);
    if (typeof extent !== 'number') throw new Failure('layer.extent', `extent ${letter} of its equation ${equation} is not known`);
    return extent;
  };
  const axes = settings.has('bias_axes') ? settings.text('bias_axes', '') : null;
  const first = axes === null ? -1 : Math.min(...[...axes].map((letter) => to.indexOf(letter)));
  const bias = axes === null ? null : [...to].slice(first).map((letter) => (axes.includes(letter) ? need(letter) : 1));
  return {
    output: [...lead, ...[...to].map((letter) => extents.get(letter) ?? null)],
    kernel: [...by].map(need),
    bias, extents,
    // The batch is the first letter of the input and counts once.
    letters: new Set([...from.slice(dots === undefined ? 1 : 0), ...by]),
  };
}

const rate = (settings: Settings): string => (settings.has('rate') ? String(settings.number('rate')) : '');
const noise: LayerKind = { ...elementwise, detail: rate };

/** Name of an activation given by name or as a serialized function; null when there is none. */
export function activationName(config: Readonly<Record<string, unknown>>): string | null {
  const value = config.activation;
  if (typeof value === 'string') return value === 'linear' ? null : value;
  if (!isObject(value)) return null;
  if (value.class_name === 'function' && typeof value.config === 'string') return value.config;
  if (isObject(value.config) && typeof value.config.name === 'string') return value.config.name;
  return typeof value.class_name === 'string' ? value.class_name : null;
}

/** The shape that a Lambda states, without the batch; most state none. */
function lambdaOutputs(settings: Settings, call: CallShapes): readonly SymbolicShape[] {
  const stated = settings.config.output_shape;
  const items: readonly unknown[] = typeof stated === 'number' ? [stated] : Array.isArray(stated) ? stated : isObject(stated) && Array.isArray(stated.items) ? stated.items : [];
  if (items.length > 0 && items.every((extent) => extent === null || typeof extent === 'number')) return [[call.inputs[0]?.[0] ?? null, ...items]];
  throw new Failure('layer.lambda', 'it is a Lambda: its Python code is never run, so its shape and result are unknown. In place of it, use a layer or an operation of Keras');
}

export const core: KindTable = {
  InputLayer: input,
  Dense: dense,
  EinsumDense: einsumDense,
  Embedding: embedding,
  ReversibleEmbedding: reversibleEmbedding,
  PReLU: prelu,
  Activation: elementwise, ReLU: elementwise, LeakyReLU: elementwise, ELU: elementwise, Softmax: elementwise, ThresholdedReLU: elementwise,
  Dropout: noise, SpatialDropout1D: noise, SpatialDropout2D: noise, SpatialDropout3D: noise, AlphaDropout: noise, GaussianDropout: noise,
  GaussianNoise: { ...elementwise, detail: (settings) => String(settings.number('stddev', 0)) },
  ActivityRegularization: elementwise, Identity: elementwise, Masking: elementwise,
  Merge: { outputs: () => { throw new Failure('layer.merge', 'it joins models inside it, or runs Python code, as layers of Keras 1 could; load the model with Keras 1 or 2 and save it as a Functional one'); } },
  Lambda: { outputs: lambdaOutputs, refused: 'a Lambda holds Python code, which is never run' },
};
