/** Values of weights that no file supplies: Keras's initializers, from the run's seed and the weight's path. */
import type { Json, JsonObject } from '../network/network';
import { Failure } from '../tensor/failure';
import type { Shape } from '../tensor/value';
import { sizeOf } from '../tensor/value';
import { createRandom } from './data/random';
import type { Random } from './data/random';

type Initializer = (shape: Shape, config: JsonObject, random: Random) => Float32Array;

const numberOf = (config: JsonObject, name: string, fallback: number): number => (typeof config[name] === 'number' ? config[name] : fallback);
const textOf = (config: JsonObject | null, name: string, fallback: string): string => { const value = config?.[name]; return typeof value === 'string' ? value : fallback; };
const filled = (shape: Shape, value: () => number): Float32Array => Float32Array.from({ length: sizeOf(shape) }, value);

/** Normal, drawn again beyond two standard deviations. */
function truncated(random: Random): number {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= 2) return value;
  }
}

/** Fan in and fan out as Keras counts them: `[…receptive field, in, out]`. */
function fans(shape: Shape): [number, number] {
  if (shape.length === 0) return [1, 1];
  if (shape.length === 1) return [shape[0] ?? 1, shape[0] ?? 1];
  const field = sizeOf(shape.slice(0, -2));
  return [(shape.at(-2) ?? 1) * field, (shape.at(-1) ?? 1) * field];
}

/** Glorot and Bengio 2010, He and others 2015: variance scaled by the fans. */
function scaled(shape: Shape, random: Random, scale: number, mode: string, distribution: string): Float32Array {
  const [fanIn, fanOut] = fans(shape);
  const fan = mode === 'fan_in' ? fanIn : mode === 'fan_out' ? fanOut : (fanIn + fanOut) / 2;
  const variance = scale / Math.max(1, fan);
  if (distribution === 'uniform') {
    const limit = Math.sqrt(3 * variance);
    return filled(shape, () => random.uniform(-limit, limit));
  }
  if (distribution === 'untruncated_normal') return filled(shape, () => random.normal() * Math.sqrt(variance));
  // The constant is the standard deviation of a normal truncated at two.
  return filled(shape, () => (truncated(random) * Math.sqrt(variance)) / 0.87962566103423978);
}

const scaling = (scale: number, mode: string, distribution: string): Initializer => (shape, _config, random) => scaled(shape, random, scale, mode, distribution);

/** Rows (or columns) orthogonal by Gram and Schmidt, as for recurrent kernels (Saxe and others, 2014). */
function orthogonal(shape: Shape, random: Random, gain: number): Float32Array {
  const columns = shape.at(-1) ?? 1;
  const rows = sizeOf(shape) / columns;
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i += 1) {
    const vector = Float64Array.from({ length }, () => random.normal());
    for (const other of vectors) {
      const dot = vector.reduce((sum, value, k) => sum + value * (other[k] ?? 0), 0);
      vector.forEach((value, k) => { vector[k] = value - dot * (other[k] ?? 0); });
    }
    const norm = Math.hypot(...vector) || 1;
    vectors.push(vector.map((value) => (value / norm) * gain));
  }
  return Float32Array.from({ length: sizeOf(shape) }, (_, at) => {
    const row = Math.floor(at / columns);
    const column = at % columns;
    return (rows < columns ? vectors[row]?.[column] : vectors[column]?.[row]) ?? 0;
  });
}

const initializers: Record<string, Initializer> = {
  zeros: (shape) => filled(shape, () => 0),
  ones: (shape) => filled(shape, () => 1),
  constant: (shape, config) => filled(shape, () => numberOf(config, 'value', 0)),
  randomnormal: (shape, config, random) => filled(shape, () => numberOf(config, 'mean', 0) + numberOf(config, 'stddev', 0.05) * random.normal()),
  randomuniform: (shape, config, random) => filled(shape, () => random.uniform(numberOf(config, 'minval', -0.05), numberOf(config, 'maxval', 0.05))),
  truncatednormal: (shape, config, random) => filled(shape, () => numberOf(config, 'mean', 0) + numberOf(config, 'stddev', 0.05) * truncated(random)),
  variancescaling: (shape, config, random) => scaled(shape, random, numberOf(config, 'scale', 1), textOf(config, 'mode', 'fan_in'), distributionOf(config)),
  glorotuniform: scaling(1, 'fan_avg', 'uniform'),
  glorotnormal: scaling(1, 'fan_avg', 'truncated_normal'),
  heuniform: scaling(2, 'fan_in', 'uniform'),
  henormal: scaling(2, 'fan_in', 'truncated_normal'),
  lecununiform: scaling(1, 'fan_in', 'uniform'),
  lecunnormal: scaling(1, 'fan_in', 'truncated_normal'),
  orthogonal: (shape, config, random) => orthogonal(shape, random, numberOf(config, 'gain', 1)),
  identity: (shape, config) => {
    const columns = shape.at(-1) ?? 1;
    return Float32Array.from({ length: sizeOf(shape) }, (_, at) => (Math.floor(at / columns) === at % columns ? numberOf(config, 'gain', 1) : 0));
  },
};
/** LSTM's bias (gates i, f, c, o): ones for the forget gate, the layer's own initializer for the others (Jozefowicz and others, 2015). */
initializers['unitforgetbias'] = (shape, config, random) => {
  const units = numberOf(config, 'units', sizeOf(shape) / 4);
  const rest = namedInitializer(config['bias_initializer'] ?? null);
  const values = rest === null ? filled(shape, () => 0) : rest.run(shape, rest.config, random);
  return values.fill(1, units, 2 * units);
};

const aliases: Readonly<Record<string, string>> = { zero: 'zeros', one: 'ones', normal: 'randomnormal', uniform: 'randomuniform', orthogonalinitializer: 'orthogonal', identityinitializer: 'identity' };

function distributionOf(config: JsonObject): string {
  const distribution = textOf(config, 'distribution', 'truncated_normal').replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  return distribution === 'normal' ? 'truncated_normal' : distribution;
}

/** The initializer that a configuration names (`zeros`, or {class_name, config}), or null when there is none of that name. */
function namedInitializer(value: Json): { readonly run: Initializer; readonly config: JsonObject } | null {
  const record = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  const plain = (typeof value === 'string' ? value : textOf(record, 'class_name', 'GlorotUniform')).toLowerCase().replaceAll('_', '');
  const run = initializers[aliases[plain] ?? plain];
  if (run === undefined) return null;
  const config = record?.['config'];
  return { run, config: typeof config === 'object' && config !== null && !Array.isArray(config) ? (config as JsonObject) : {} };
}

/** The first value of a weight. @throws Failure `initializer.unknown` */
export function initialValue(initializer: JsonObject | null, shape: Shape, seed: number, path: string): Float32Array {
  const named = namedInitializer(initializer);
  if (named === null) throw new Failure('initializer.unknown', `The weight "${path}" is not in the model file, and its initializer "${textOf(initializer, 'class_name', '')}" is not one that Backstep has.`);
  const own = named.config['seed'];
  return named.run(shape, named.config, createRandom(typeof own === 'number' ? own : seed, 'initializer', path));
}
