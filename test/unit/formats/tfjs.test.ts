import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
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

/** A folder with `files`, removed when `work` is done. */
async function withFolder(files: Readonly<Record<string, string | Uint8Array>>, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'backstep-tfjs-'));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('TensorFlow.js weights', () => {
  const weights = [
    { name: 'dense0/conv0/filters', shape: [1, 1, 2, 2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } }, { name: 'words', shape: [2], dtype: 'string' },
    { name: 'dense0/conv0/bias', shape: [2], dtype: 'float32' }, { name: 'fc/weights', shape: [2, 1], dtype: 'float32' },
  ];
  const text = (word: string): Buffer => { const size = Buffer.alloc(4); size.writeUInt32LE(Buffer.byteLength(word)); return Buffer.concat([size, Buffer.from(word)]); };
  const bytes = Buffer.concat([Buffer.from([0, 2, 4, 6]), text('für'), text(''), Buffer.from(new Float32Array([1, 2, 3, 4]).buffer)]);

  it('a manifest without a model opens as a tree of layers, texts between the numbers passed over', async () => {
    await withFolder({ 'face-weights_manifest.json': JSON.stringify([{ weights, paths: ['face.bin'] }]), 'face.bin': bytes }, async (folder) => {
      const { network, weights: store } = await openNetwork(path.join(folder, 'face-weights_manifest.json'));
      assert.equal(network.format, 'tfjs-weights');
      const [dense, fc] = network.layers;
      assert.deepEqual([dense?.name, dense?.network?.layers.map(({ name, type }) => [name, type]), fc?.name, fc?.type], ['dense0', [['conv0', 'Conv2D']], 'fc', 'Dense']);
      assert.match(network.problems.join(), /^face-weights_manifest\.json holds weights only: the network that they belong to is in the program that loads them, so they can be looked at but not run\.$/);
      assert.deepEqual([...(await store.read('dense0/conv0/filters')).data], [-1, 0, 1, 2]);
      assert.deepEqual([...(await store.read('fc/weights')).data], [3, 4]);
      await store.close();
    });
  });

  it('a model.json without a topology opens as its weights, and a shard opens the model that it belongs to', async () => {
    await withFolder({ 'model.json': JSON.stringify({ modelTopology: null, weightsManifest: [{ weights, paths: ['group1-shard1of1.bin'] }] }), 'group1-shard1of1.bin': bytes }, async (folder) => {
      const { network, weights: store } = await openNetwork(path.join(folder, 'group1-shard1of1.bin'));
      assert.deepEqual([network.name, network.format, network.layers.length], ['model.json', 'tfjs-weights', 2]);
      await store.close();
    });
  });

  it('a graph model without its manifest is shown, and says why it does not run', async () => {
    const model = readJson<Record<string, unknown>>('tfjs/tfjs_graph_cnn/model.json');
    await withFolder({ 'model.json': JSON.stringify({ ...model, weightsManifest: undefined }) }, async (folder) => {
      const { network, weights: store } = await openNetwork(path.join(folder, 'model.json'));
      await store.close();
      assert.equal(network.layers.length, 13);
      assert.match(network.viewOnly ?? '', /^model\.json can be looked at but not run: its weightsManifest is missing, so that 8 constants have no values \(/);
    });
  });

  it('texts that reach beyond the shards are told of', async () => {
    await withFolder({ 'model.json': JSON.stringify([{ weights, paths: ['cut.bin'] }]), 'cut.bin': bytes.subarray(0, 10) }, async (folder) => {
      await assert.rejects(openNetwork(path.join(folder, 'model.json')), /model\.json: the texts of weight words reach beyond its shards\./);
    });
  });
});

describe('TensorFlow checkpoints', () => {
  const source = fixture('tensorflow/saved_runs/small/variables');

  it('open by their index, by a shard, and by the list in their folder, as a tree of variables', async () => {
    await withFolder({ checkpoint: 'model_checkpoint_path: "/home/somebody/train/model.ckpt-7"\nall_model_checkpoint_paths: "model.ckpt-7"\n' }, async (folder) => {
      for (const part of ['index', 'data-00000-of-00001']) await cp(path.join(source, `variables.${part}`), path.join(folder, `model.ckpt-7.${part}`));
      for (const given of ['model.ckpt-7.index', 'model.ckpt-7.data-00000-of-00001', 'checkpoint', '.']) {
        const { network, weights: store } = await openNetwork(path.join(folder, given));
        assert.equal(network.format, 'tensorflow-checkpoint', given);
        const found = [...flattenWeights(network)];
        const kernel = found.find(({ weight }) => weight.shape.join() === '3,3,2,4');
        assert.ok(kernel !== undefined && network.problems.length === 1, network.problems.join());
        assert.equal((await store.read(kernel.weight.key ?? '')).data.length, 72);
        await store.close();
      }
      await rm(path.join(folder, 'model.ckpt-7.data-00000-of-00001'));
      const { network, weights: store } = await openNetwork(path.join(folder, 'model.ckpt-7.index'));
      await store.close();
      assert.match(network.problems.join(), /The weights of model\.ckpt-7\.index are incomplete: model\.ckpt-7\.data-00000-of-00001 is missing from its folder\./);
      await rm(path.join(folder, 'model.ckpt-7.index'));
      await writeFile(path.join(folder, 'model.ckpt-7.data-00000-of-00001'), 'x');
      await assert.rejects(openNetwork(path.join(folder, 'model.ckpt-7.data-00000-of-00001')), /cannot be read without model\.ckpt-7\.index, which is not beside it\./);
    });
  });

  it('those of a SavedModel open the SavedModel', async () => {
    for (const given of ['variables', 'variables/variables.index', 'variables/variables.data-00000-of-00001']) {
      const { network, weights: store } = await openNetwork(fixture(`tensorflow/saved_runs/small/${given}`));
      assert.deepEqual([network.format, network.viewOnly], ['saved-model', undefined], given);
      await store.close();
    }
  });
});
