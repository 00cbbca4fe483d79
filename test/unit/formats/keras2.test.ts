/** Configurations as Keras 2 wrote them: nested lists, `batch_input_shape`, models numbered from call 1. */
import assert from 'node:assert/strict';
import { modelFrom } from '../../../src/formats/keras/model-config';
import { compileFrom } from '../../../src/formats/keras/compile';
import { openNetwork } from '../../../src/formats/registry';
import { snakeCase } from '../../../src/formats/keras/vars';
import { buildNetwork } from '../../../src/network/build';
import { flattenLayers } from '../../../src/network/layer-path';
import type { JsonObject, Network } from '../../../src/network/network';
import { fixture } from './fixture';

function open(source: JsonObject, dialect: 'keras2' | 'keras3' | 'tfjs' = 'keras2'): Network {
  return buildNetwork(modelFrom(source, dialect, 'model.h5'), { format: 'keras-h5', convention: 'keras', compile: null });
}

const dense = (name: string, units: number, more: JsonObject = {}): JsonObject => ({ class_name: 'Dense', name, config: { name, trainable: true, dtype: 'float32', units, activation: 'linear', use_bias: true, ...more } });
const input = (name: string, shape: (number | null)[]): JsonObject => ({ class_name: 'InputLayer', name, config: { name, batch_input_shape: shape, dtype: 'float32', sparse: false }, inbound_nodes: [] });

describe('Keras 2 configurations', () => {
  it('a Sequential takes its input from batch_input_shape of the first layer', () => {
    const network = open({ class_name: 'Sequential', config: { name: 's', layers: [dense('first', 3, { batch_input_shape: [null, 4] }), dense('second', 2)] } });
    assert.deepEqual(network.layers.map(({ name, type }) => [name, type]), [['first_input', 'InputLayer'], ['first', 'Dense'], ['second', 'Dense']]);
    assert.deepEqual(network.layers[2]?.calls[0]?.outputShapes, [[null, 2]]);
    assert.deepEqual(network.layers[0]?.config.batch_shape, [null, 4]);
  });

  it('a Sequential of Keras 1 is a bare list of layers', () => {
    const network = open({ class_name: 'Sequential', config: [dense('first', 3, { batch_input_shape: [null, 4] })] });
    assert.deepEqual(network.layers[1]?.weights.map(({ shape }) => shape), [[4, 3], [3]]);
  });

  it('calls of a model inside the model count from 1 and are renumbered from 0', () => {
    const inner: JsonObject = { class_name: 'Sequential', name: 'inner', config: { name: 'inner', layers: [input('i', [null, 4]), dense('d', 2)] }, inbound_nodes: [[['a', 0, 0, {}]], [['b', 0, 0, {}]]] };
    const network = open({
      class_name: 'Functional',
      config: {
        name: 'm', layers: [input('a', [null, 4]), input('b', [null, 4]), inner, { class_name: 'Add', name: 'sum', config: { name: 'sum', trainable: true }, inbound_nodes: [[['inner', 1, 0, {}], ['inner', 2, 0, {}]]] }],
        input_layers: [['a', 0, 0], ['b', 0, 0]], output_layers: [['sum', 0, 0]],
      },
    });
    assert.deepEqual(network.problems, []);
    const sum = network.layers.find(({ name }) => name === 'sum');
    assert.deepEqual(sum?.calls[0]?.args, [{ kind: 'list', items: [{ kind: 'tensor', ref: { layer: 'inner', call: 0, output: 0 } }, { kind: 'tensor', ref: { layer: 'inner', call: 1, output: 0 } }] }]);
    assert.deepEqual(sum.calls[0]?.outputShapes, [[null, 2]]);
  });

  it('a model that is the output itself is renumbered too', () => {
    const inner: JsonObject = { class_name: 'Sequential', name: 'inner', config: { name: 'inner', layers: [input('i', [null, 4]), dense('d', 2)] }, inbound_nodes: [[['a', 0, 0, {}]]] };
    const network = open({ class_name: 'Model', config: { name: 'm', layers: [input('a', [null, 4]), inner], input_layers: [['a', 0, 0]], output_layers: [['inner', 1, 0]] } });
    assert.deepEqual(network.outputs, [{ layer: 'inner', call: 0, output: 0 }]);
  });

  it('tensors among keyword arguments are found', () => {
    const network = open({
      class_name: 'Functional',
      config: {
        name: 'm', layers: [input('q', [null, 5, 8]), input('v', [null, 7, 8]), { class_name: 'MultiHeadAttention', name: 'att', config: { name: 'att', trainable: true, num_heads: 2, key_dim: 3, value_dim: null, dropout: 0, use_bias: true, output_shape: null, attention_axes: [1] }, inbound_nodes: [[['q', 0, 0, { value: ['v', 0, 0] }]]] }],
        input_layers: [['q', 0, 0], ['v', 0, 0]], output_layers: [['att', 0, 0]],
      },
    });
    assert.deepEqual(network.problems, []);
    assert.deepEqual(network.layers[2]?.calls[0]?.kwargs, { value: { kind: 'tensor', ref: { layer: 'v', call: 0, output: 0 } } });
    assert.deepEqual(network.layers[2]?.weights[0], { name: 'query/kernel', shape: [8, 2, 3], dtype: 'float32', trainable: true, initializer: { class_name: 'GlorotUniform', config: {} }, home: 'query_dense', key: null });
  });

  it('settings that mean something else are spelled out', () => {
    const network = open({
      class_name: 'Sequential',
      config: {
        name: 's', layers: [
          { class_name: 'LSTM', config: { name: 'lstm', units: 2, recurrent_activation: 'hard_sigmoid', return_sequences: true, batch_input_shape: [null, 3, 4] } },
          { class_name: 'GRU', config: { name: 'gru', units: 2 } },
          { class_name: 'LeakyReLU', config: { name: 'leaky', alpha: 0.1 } },
          { class_name: 'BatchNormalizationV2', config: { name: 'norm', axis: [1] } },
        ],
      },
    });
    const config = (name: string): JsonObject => network.layers.find((layer) => layer.name === name)?.config ?? {};
    assert.equal(config('lstm').recurrent_activation, 'hard_sigmoid_keras2');
    assert.equal(config('gru').reset_after, true);
    assert.equal(config('gru').recurrent_activation, 'sigmoid');
    assert.deepEqual([config('leaky').negative_slope, config('leaky').alpha], [0.1, undefined]);
    assert.equal(network.layers.at(-1)?.type, 'BatchNormalization');
    assert.deepEqual(network.problems, []);
  });

  it("TensorFlow.js's recurrent defaults are its own", () => {
    const network = open({ class_name: 'Sequential', config: { name: 's', layers: [{ class_name: 'GRU', config: { name: 'gru', units: 2, batch_input_shape: [null, 3, 4] } }] } }, 'tfjs');
    assert.equal(network.layers[1]?.config.reset_after, false);
    assert.equal(network.layers[1].config.recurrent_activation, 'hard_sigmoid');
    assert.deepEqual(network.layers[1].weights.at(-1)?.shape, [6]);
  });

  it('a record of inputs is ordered by name', () => {
    const network = open({ class_name: 'Functional', config: { name: 'm', layers: [input('b', [null, 1]), input('a', [null, 1]), { class_name: 'Add', name: 'sum', config: { name: 'sum', trainable: true }, inbound_nodes: [[['a', 0, 0, {}], ['b', 0, 0, {}]]] }], input_layers: { second: ['b', 0, 0], first: ['a', 0, 0] }, output_layers: ['sum', 0, 0] } });
    assert.deepEqual(network.inputs.map(({ layer }) => layer), ['a', 'b']);
  });

  it('a subclassed model is refused with the reason', () => {
    assert.throws(() => open({ class_name: 'MyModel', config: { hidden: 3 } }), /class MyModel, whose graph exists only in its Python code/);
  });

  it('the compiled optimizer is given in one spelling', () => {
    assert.deepEqual(compileFrom({ loss: 'mse', optimizer_config: { class_name: 'SGD', config: { lr: 0.1, momentum: 0.9 } } }), { loss: 'mse', optimizer: { type: 'sgd', config: { learning_rate: 0.1, momentum: 0.9 } } });
    assert.deepEqual(compileFrom({ loss: 'mse', optimizer: 'Adam' }), { loss: 'mse', optimizer: { type: 'adam', config: {} } });
    assert.equal(compileFrom({}), null);
  });

  it('an operation that claims a thousand million outputs is refused, not counted out', () => {
    const tensor: JsonObject = { class_name: '__keras_tensor__', config: { shape: [null, 6], dtype: 'float32', keras_history: ['x', 0, 0] } };
    const split: JsonObject = { module: 'keras.src.ops.numpy', class_name: 'Split', config: { name: 'split', indices_or_sections: 1e9, axis: 1 }, name: 'split', inbound_nodes: [{ args: [tensor], kwargs: {} }] };
    const network = open({ class_name: 'Functional', config: { name: 'm', layers: [input('x', [null, 6]), split], input_layers: ['x', 0, 0], output_layers: ['split', 0, 0] } }, 'keras3');
    assert.deepEqual(network.problems, ['Split "split": it takes its input apart into 1000000000 tensors, more than any graph can hold.']);
  });

  it('an .h5 file shows its layers before its weights are found', async () => {
    const early: Network[] = [];
    const { network, weights } = await openNetwork(fixture('keras2/nested.h5'), { onGraph: (graph) => early.push(graph) });
    await weights.close();
    assert.equal(early.length, 1);
    assert.deepEqual(early[0]?.layers.map(({ name }) => name), network.layers.map(({ name }) => name));
    assert.ok([...flattenLayers(early[0] ?? network)].every(({ layer }) => layer.weights.every(({ key }) => key === null)));
    assert.ok([...flattenLayers(network)].some(({ layer }) => layer.weights.some(({ key }) => key !== null)));
  });

  it('groups of weights are named as Keras names them', () => {
    assert.deepEqual(['Conv2D', 'PReLU', 'MultiHeadAttention', 'BatchNormalization', 'LSTM', 'GlobalAveragePooling1D'].map(snakeCase), ['conv2d', 'p_re_lu', 'multi_head_attention', 'batch_normalization', 'lstm', 'global_average_pooling1d']);
  });
});
