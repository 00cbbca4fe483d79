import assert from 'node:assert/strict';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { costs, totalCost } from '../../../src/network/cost';
import { flattenWeights } from '../../../src/network/layer-path';
import { fixture, readJson } from './fixture';

interface Description {
  layers: { name: string; class: string; output_shape: (number | null)[]; params: number }[];
  total_params: number;
  trainable_params: number;
  weights: { key: string; shape: number[]; trainable: boolean }[];
}

describe('TensorFlow.js layers models', () => {
  for (const name of ['tfjs_digits', 'tfjs_two_inputs']) {
    it(`${name} has its layers, shapes and parameter counts`, async () => {
      const description = readJson<Description>(`tfjs/${name}/${name}.json`);
      const { network } = await openNetwork(fixture(`tfjs/${name}/model.json`));
      assert.equal(network.format, 'tfjs-layers');
      assert.equal(network.convention, 'tfjs');
      assert.deepEqual(network.problems, []);
      const layers = network.layers.filter(({ config }) => config.implied !== true);
      assert.deepEqual(layers.map((layer) => ({ name: layer.name, class: layer.type, output_shape: layer.calls[0]?.outputShapes[0], params: costs(network).get(layer.name)?.parameters })), description.layers);
      const total = totalCost(network);
      assert.deepEqual([total.parameters, total.trainable], [description.total_params, description.trainable_params]);
      const found = [...flattenWeights(network)].map(({ path, weight }) => ({ key: path, shape: weight.shape, trainable: weight.trainable }));
      const sorted = <T extends { key: string }>(list: T[]): T[] => [...list].sort((first, second) => first.key.localeCompare(second.key));
      assert.deepEqual(sorted(found), sorted(description.weights));
    });
  }

  it('puts an implied input in front of a Sequential without one', async () => {
    const { network } = await openNetwork(fixture('tfjs/tfjs_digits/model.json'));
    assert.deepEqual(network.inputs, [{ layer: 'conv_input', call: 0, output: 0 }]);
    assert.deepEqual(network.layers[0]?.calls[0]?.outputShapes, [[null, 12, 12, 1]]);
  });

  it('reads weights that a shard boundary cuts in two: they match one SGD step of the reference', async () => {
    const { network, weights } = await openNetwork(fixture('tfjs/tfjs_digits/model.json'));
    const reference = await readNpz(fixture('tfjs/tfjs_digits/tfjs_digits.reference.npz'));
    for (const { path, weight } of flattenWeights(network)) {
      const gradient = reference.get(`grad/${path}`);
      const after = reference.get(`sgd/${path}`);
      const value = await weights.read(weight.key ?? '');
      assert.deepEqual(value.shape, weight.shape);
      if (gradient === undefined || after === undefined) { assert.ok(path.includes('moving')); continue; }
      value.data.forEach((element, index) => { assert.ok(Math.abs(Number(element) - (Number(after.data[index]) + 0.1 * Number(gradient.data[index]))) < 1e-6, path); });
    }
  });

  it('decodes quantised weights to the values that TensorFlow.js decodes', async () => {
    const { network, weights } = await openNetwork(fixture('tfjs/tfjs_digits_uint8/model.json'));
    const reference = await readNpz(fixture('tfjs/tfjs_digits_uint8/tfjs_digits_uint8.reference.npz'));
    let compared = 0;
    for (const { path, weight } of flattenWeights(network)) {
      const expected = reference.get(`weights/${path}`);
      assert.ok(expected, path);
      assert.deepEqual(await weights.read(weight.key ?? ''), { dtype: 'float32', shape: expected.shape, data: expected.data });
      compared += 1;
    }
    assert.equal(compared, 10);
  });

  it('keeps optimizer state apart from weights, and reads the compiled loss and optimizer', async () => {
    const { network } = await openNetwork(fixture('tfjs/tfjs_two_inputs/model.json'));
    assert.equal([...flattenWeights(network)].length, 6);
    assert.deepEqual(network.compile?.loss, 'categorical_crossentropy');
    assert.equal(network.compile?.optimizer?.type, 'adam');
    assert.equal(network.compile?.optimizer?.state?.iterations, 'iter');
    assert.deepEqual(network.compile?.optimizer?.state?.slots.filter(({ weight }) => weight === 'output/kernel'), [{ weight: 'output/kernel', slot: 'momentum', key: 'output/kernel_3/m' }, { weight: 'output/kernel', slot: 'velocity', key: 'output/kernel_3/v' }]);
    assert.equal(network.compile?.optimizer?.state?.slots.length, 12);
    assert.deepEqual(network.compile?.optimizer?.config, { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 });
  });
});

describe('TensorFlow.js graph models', () => {
  it('shows ops with shapes, and constants as their weights', async () => {
    const description = readJson<{ nodes: { name: string; op: string }[]; constant_values: number }>('tfjs/tfjs_graph_cnn/tfjs_graph_cnn.json');
    const { network, weights } = await openNetwork(fixture('tfjs/tfjs_graph_cnn/model.json'));
    assert.equal(network.format, 'tfjs-graph');
    assert.deepEqual(network.problems, []);
    assert.equal(network.viewOnly, undefined);
    const named = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name).sort();
    assert.deepEqual(named(network.layers), named(description.nodes.filter(({ op }) => op !== 'Const')));
    const all = [...flattenWeights(network)];
    let values = 0;
    for (const { weight } of all) values += (await weights.read(weight.key ?? '')).data.length;
    await weights.close();
    assert.equal(all.length, 8);
    assert.equal(values, description.constant_values);
    // Kernel and folded batch normalisation of the convolution, kernel and bias of the dense layer.
    assert.equal(totalCost(network).parameters, 90 + 5 + 324);
    const shapes = new Map(network.layers.map((layer) => [layer.name, layer.calls[0]?.outputShapes[0]]));
    assert.deepEqual(shapes.get('tfjs_graph_cnn_1/bn_1/batchnorm/mul_1'), [null, 8, 8, 5]);
    assert.deepEqual(shapes.get('tfjs_graph_cnn_1/pool_1/MaxPool2d'), [null, 4, 4, 5]);
    assert.deepEqual(shapes.get('Identity'), [null, 4]);
  });
});
