/** What a forward pass promises besides numbers: randomness from the seed, sentences for what it cannot run, stops inside long layers. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/engine/backend/backend';
import { forward } from '../../../src/engine/forward/forward';
import type { LayerStep } from '../../../src/engine/forward/forward';
import { knownLayers } from '../../../src/engine/layers/registry';
import type { JsonObject, Layer, Network, SymbolicShape } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';

interface Spec { readonly type: string; readonly config?: JsonObject; readonly weights?: Readonly<Record<string, number[]>> }

/** A chain of layers behind an input. */
function chain(...specs: readonly Spec[]): Network {
  const shape: SymbolicShape = [null];
  const layers = specs.map((spec, index): Layer => ({
    name: `l${index}`, type: spec.type, config: spec.config ?? {}, trainable: true, network: null, problem: null,
    calls: [{ args: [{ kind: 'tensor', ref: { layer: index === 0 ? 'x' : `l${index - 1}`, call: 0, output: 0 } }], kwargs: {}, outputShapes: [shape] }],
    weights: Object.entries(spec.weights ?? {}).map(([name, extents]) => ({ name, shape: extents, dtype: 'float32', trainable: true, key: null, initializer: null })),
  }));
  const input: Layer = { name: 'x', type: 'InputLayer', config: {}, trainable: true, network: null, problem: null, weights: [], calls: [{ args: [], kwargs: {}, outputShapes: [shape] }] };
  return { name: 'chain', format: 'keras', convention: 'keras', layers: [input, ...layers], inputs: [{ layer: 'x', call: 0, output: 0 }], outputs: [{ layer: `l${specs.length - 1}`, call: 0, output: 0 }], compile: null, problems: [] };
}

/** Runs to the end; gives the steps and the output's values. */
function run(network: Network, x: tf.Tensor, options: { seed?: number; dropout?: boolean; training?: boolean } = {}): { steps: LayerStep[]; output: number[] } {
  const weights = new Map(network.layers.flatMap((layer) => layer.weights.map((weight) => [`${layer.name}/${weight.name}`, tf.fill([...weight.shape], 0.1)] as const)));
  const pass = forward(network, {
    convention: 'keras', training: options.training ?? true, dropout: options.dropout ?? true, inputs: [x],
    weight: (layer, name) => weights.get(`${layer}/${name}`)!, assign: () => undefined, seed: (layer, call, purpose) => (options.seed ?? 1) + layer.length + call + purpose.length,
  });
  const steps: LayerStep[] = [];
  for (;;) {
    const step = pass.next();
    if (step.done) return { steps, output: Array.from(step.value.outputs[0]!.dataSync()) };
    steps.push(step.value);
  }
}

describe('layers: behaviour', () => {
  before(async () => { (await openBackend('cpu')).activate(); });
  beforeEach(() => { tf.engine().startScope(); });
  afterEach(() => { tf.engine().endScope(); });

  const noisy: readonly Spec[] = [
    { type: 'Dropout', config: { rate: 0.4 } }, { type: 'SpatialDropout1D', config: { rate: 0.5 } }, { type: 'AlphaDropout', config: { rate: 0.3 } }, { type: 'GaussianDropout', config: { rate: 0.3 } }, { type: 'GaussianNoise', config: { stddev: 0.5 } },
  ];
  for (const spec of noisy) {
    it(`${spec.type} repeats itself from one seed, differs by another, and is still without training or noise`, () => {
      const x = tf.reshape(tf.linspace(0.5, 3, 60), [3, 5, 4]);
      const network = chain(spec);
      const still = Array.from(x.dataSync());
      const drawn = run(network, x).output;
      assert.deepEqual(run(network, x).output, drawn);
      assert.notDeepEqual(run(network, x, { seed: 99 }).output, drawn);
      assert.notDeepEqual(drawn, still);
      assert.deepEqual(run(network, x, { dropout: false }).output, still);
      assert.deepEqual(run(network, x, { training: false }).output, still);
    });
  }

  it('Dropout drops about its share and keeps the mean', () => {
    const x = tf.ones([100, 100]);
    const { output } = run(chain({ type: 'Dropout', config: { rate: 0.25 } }), x);
    const zeros = output.filter((value) => value === 0).length / output.length;
    assert.ok(Math.abs(zeros - 0.25) < 0.02, `${zeros} are zero`);
    assert.ok(output.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6));
  });

  it('SpatialDropout1D drops whole features', () => {
    const { output } = run(chain({ type: 'SpatialDropout1D', config: { rate: 0.5 } }), tf.ones([2, 3, 8]));
    const at = (batch: number, step: number, feature: number): number => output[(batch * 3 + step) * 8 + feature]!;
    for (const batch of [0, 1]) for (let feature = 0; feature < 8; feature += 1) assert.equal(new Set([0, 1, 2].map((step) => at(batch, step, feature))).size, 1);
  });

  it('recurrent dropout draws one mask for all steps', () => {
    const network = chain({ type: 'SimpleRNN', config: { units: 1, activation: 'linear', dropout: 0.5, return_sequences: true }, weights: { kernel: [6, 1], recurrent_kernel: [1, 1], bias: [1] } });
    const { output } = run(network, tf.ones([1, 2, 6]));
    const first = output[0]! - 0.1;
    assert.ok(Math.abs(output[1]! - (0.1 + first + 0.1 * output[0]!)) < 1e-6, 'the second step sees another mask');
  });

  it('an unknown layer is named, with its class', () => {
    assert.throws(() => run(chain({ type: 'Hologram' }), tf.ones([1, 2])), (error) => error instanceof Failure && error.code === 'layer.unknown' && /'l0' is a Hologram/.test(error.message));
  });

  it('a wrong setting is named with its value', () => {
    assert.throws(() => run(chain({ type: 'MaxPooling2D', config: { pool_size: 'two' } }), tf.ones([1, 4, 4, 1])), (error) => error instanceof Failure && /'l0' \(MaxPooling2D\).*pool_size.*"two"/.test(error.message));
    assert.throws(() => run(chain({ type: 'Activation', config: { activation: 'rilu' } }), tf.ones([1, 4])), (error) => error instanceof Failure && /rilu/.test(error.message));
  });

  it('an input that does not fit is told with both shapes', () => {
    assert.throws(() => run(chain({ type: 'Dense', config: { units: 2 }, weights: { kernel: [3, 2], bias: [2] } }), tf.ones([1, 4])), (error) => error instanceof Failure && /3 features.*\[1, 4\]/.test(error.message));
    assert.throws(() => run(chain({ type: 'Conv2D', config: { strides: [1, 1] }, weights: { kernel: [3, 3, 1, 2] } }), tf.ones([1, 4])), (error) => error instanceof Failure && /4 axes.*\[1, 4\]/.test(error.message));
  });

  it('a recurrent layer stops after every time step', () => {
    const network = chain({ type: 'LSTM', config: { units: 2 }, weights: { 'lstm_cell/kernel': [3, 8], 'lstm_cell/recurrent_kernel': [2, 8], 'lstm_cell/bias': [8] } });
    const { steps } = run(network, tf.ones([1, 7, 3]));
    assert.deepEqual(steps.map(({ kind }) => kind), ['start', ...Array.from({ length: 7 }, () => 'pause'), 'end']);
  });

  it('a cycle is reported, not followed', () => {
    const network = chain({ type: 'Identity' }, { type: 'Identity' });
    const looped: Network = { ...network, layers: network.layers.map((layer) => (layer.name === 'l0' ? { ...layer, calls: [{ ...layer.calls[0]!, args: [{ kind: 'tensor', ref: { layer: 'l1', call: 0, output: 0 } }] }] } : layer)) };
    assert.throws(() => run(looped, tf.ones([1, 2])), (error) => error instanceof Failure && error.code === 'network.graph');
  });

  it('knows the layers of Keras and of tfjs-layers', () => {
    const known = new Set(knownLayers());
    for (const type of ['Dense', 'Conv2D', 'SeparableConv1D', 'Conv3DTranspose', 'BatchNormalization', 'GroupNormalization', 'LSTM', 'GRU', 'Bidirectional', 'TimeDistributed', 'MultiHeadAttention', 'Attention', 'AdditiveAttention', 'Embedding', 'Dot', 'Masking', 'Resizing', 'ConvLSTM2D', 'PReLU', 'ThresholdedReLU', 'NotEqual', 'GetItem']) assert.ok(known.has(type), type);
  });
});
