/** Small networks and data made in code, for tests of the engine. */
import type { CompileConfig, Convention, JsonObject, Layer, Network, OpenedNetwork, Weight } from '../../../src/network/network';
import type { Dataset } from '../../../src/engine/data/dataset';
import { createRandom } from '../../../src/engine/data/random';
import type { TensorValue } from '../../../src/tensor/value';
import { sizeOf } from '../../../src/tensor/value';

export interface LayerDraft {
  readonly name: string;
  readonly type: string;
  readonly config?: JsonObject;
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly frozen?: readonly string[];
  readonly output: readonly (number | null)[];
}

export function randomValue(shape: readonly number[], ...seed: (string | number)[]): TensorValue {
  const random = createRandom(...seed);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()) };
}

/** A chain of layers with random weights, the first of them the input. */
export function chain(drafts: readonly LayerDraft[], convention: Convention = 'tfjs', compile: CompileConfig | null = null, seed = 1): OpenedNetwork {
  const values = new Map<string, TensorValue>();
  const layers = drafts.map((draft, i): Layer => {
    const weights = Object.entries(draft.weights ?? {}).map(([name, shape]): Weight => {
      const key = `${draft.name}/${name}`;
      const scale = name === 'moving_variance' || name === 'gamma' ? 0.1 : 0.4;
      const random = createRandom('weights', seed, key);
      const base = name === 'moving_variance' || name === 'gamma' ? 1 : 0;
      values.set(key, { dtype: 'float32', shape, data: Float32Array.from({ length: sizeOf(shape) }, () => base + scale * random.normal()) });
      return { name, shape, dtype: 'float32', trainable: !(draft.frozen ?? []).includes(name), key, initializer: null };
    });
    const previous = drafts[i - 1];
    return {
      name: draft.name, type: draft.type, config: draft.config ?? {}, trainable: true, weights, network: null, problem: null,
      calls: [{ args: previous === undefined ? [] : [{ kind: 'tensor', ref: { layer: previous.name, call: 0, output: 0 } }], kwargs: {}, outputShapes: [draft.output] }],
    };
  });
  const network: Network = {
    name: 'chain', format: 'test', convention, layers, compile, problems: [],
    inputs: [{ layer: drafts[0]!.name, call: 0, output: 0 }], outputs: [{ layer: drafts.at(-1)!.name, call: 0, output: 0 }],
  };
  return {
    network,
    weights: {
      read: (key) => { const value = values.get(key); return value === undefined ? Promise.reject(new Error(`no weight ${key}`)) : Promise.resolve(value); },
      close: () => Promise.resolve(),
    },
  };
}

/** 4-8-3 with tanh and softmax. */
export function mlp(convention: Convention = 'tfjs'): OpenedNetwork {
  return chain([
    { name: 'x', type: 'InputLayer', output: [null, 4] },
    { name: 'hidden', type: 'Dense', config: { units: 8, activation: 'tanh', use_bias: true }, weights: { kernel: [4, 8], bias: [8] }, output: [null, 8] },
    { name: 'classes', type: 'Dense', config: { units: 3, activation: 'softmax', use_bias: true }, weights: { kernel: [8, 3], bias: [3] }, output: [null, 3] },
  ], convention);
}

/** Random inputs `x`, one-hot or plain labels for the output. */
export function examples(input: string, shape: readonly number[], output: string, classes: number, count = 20, oneHot = true): Dataset {
  const x = randomValue([count, ...shape], 'x');
  const random = createRandom('y');
  const indices = Int32Array.from({ length: count }, () => random.integer(classes));
  const y: TensorValue = oneHot
    ? { dtype: 'float32', shape: [count, classes], data: Float32Array.from({ length: count * classes }, (_, i) => (indices[Math.floor(i / classes)] === i % classes ? 1 : 0)) }
    : { dtype: 'int32', shape: [count], data: indices };
  return { examples: count, inputs: { [input]: x }, labels: { [output]: y }, sources: {} };
}
