// The generator `patterns`: examples that fit any network, so that every file can be stepped through without data of its own.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fittingBatch, fittingLoss, generatorData, lossText } from '../../../src/debug/vscode/suggestions';
import type { RunConfig } from '../../../src/engine/config';
import { createRun } from '../../../src/engine/create-run';
import { fixedBatch } from '../../../src/engine/data/fit';
import { openDataset } from '../../../src/engine/data/dataset';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { architectures, drawArchitecture } from '../../../src/network/architectures/architectures';

const models = path.resolve('test/fixtures/models');
/** As Step Through offers it: the loss that fits the output, the made-up examples, a batch that keeps an iteration short. */
async function offered(file: string): Promise<RunConfig> {
  const { network, weights } = await openNetwork(file);
  await weights.close();
  const loss = fittingLoss(network);
  return { model: file, data: generatorData('patterns', loss), loss, optimizer: { type: 'adam', learningRate: 0.01 }, batchSize: fixedBatch(network) ?? 4, backend: 'wasm', seed: 1 };
}
async function losses(config: RunConfig, iterations: number): Promise<number[]> {
  const run = await createRun(config, { baseFolder: models });
  try {
    const found: number[] = [];
    for (let i = 0; i < iterations; i += 1) found.push((await run.iteration(i)).loss);
    return found;
  } finally {
    run.dispose();
  }
}

describe('Made-up patterns', () => {
  const files = [
    ...['activation_zoo', 'autoencoder', 'cnn_zoo', 'gru_bidir', 'lenet5', 'lstm_rows', 'masked_text', 'multi_io', 'resnet_mini', 'transformer_block', 'will_i_pass'].map((name) => `keras/${name}.keras`),
    ...['tfjs_digits', 'tfjs_two_inputs', 'tfjs_graph_cnn'].map((name) => `tfjs/${name}/model.json`),
    ...['torch_cnn', 'torch_encoder', 'torch_lstm', 'torch_resnet'].map((name) => `torch/${name}.unfolded.onnx`),
    'tflite/lite_cnn.float.tflite',
  ];
  for (const file of files) {
    it(`fit ${file}, which learns from them`, async () => {
      const found = await losses({ ...await offered(path.join(models, file)), shuffle: false, dropout: false, data: { generator: 'patterns', examples: 4, seed: 1 } }, 12);
      assert.ok(found.every(Number.isFinite), found.join(', '));
      assert.ok((found.at(-1) ?? NaN) < (found[0] ?? NaN), found.join(', '));
    });
  }

  describe('of built-in architectures', () => {
    let folder: string;
    before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'backstep-patterns-')); });
    after(() => rm(folder, { recursive: true }));
    for (const [name, { title }] of Object.entries(architectures)) {
      it(`fit ${title}`, async () => {
        const file = path.join(folder, `${name}.json`);
        await writeFile(file, JSON.stringify(drawArchitecture(name)));
        const { network, weights } = await openNetwork(file);
        await weights.close();
        const loss = fittingLoss(network);
        const data = await openDataset({ generator: 'patterns', examples: 2, seed: 1 }, network, folder, loss);
        assert.equal(data.examples, 2);
        assert.deepEqual(Object.values(data.inputs).map(({ shape }) => shape.slice(1)), network.inputs.map(({ layer }) => network.layers.find((other) => other.name === layer)?.calls[0]?.outputShapes[0]?.slice(1)));
      });
    }
  });

  it('are the same for the same seed, and others for another', async () => {
    const { network, weights } = await openNetwork(path.join(models, 'keras/lenet5.keras'));
    await weights.close();
    const make = async (seed: number) => (await openDataset({ generator: 'patterns', examples: 3, seed }, network, models, 'sparse_categorical_crossentropy')).inputs['image'];
    assert.deepEqual(await make(1), await make(1));
    assert.notDeepEqual(await make(1), await make(2));
  });

  it('are pictures within 0 and 1, and a class number each', async () => {
    const { network, weights } = await openNetwork(path.join(models, 'keras/lenet5.keras'));
    await weights.close();
    const { inputs, labels } = await openDataset({ generator: 'patterns', seed: 1 }, network, models, 'sparse_categorical_crossentropy');
    const image = inputs['image']?.data as Float32Array;
    assert.ok(image.every((value) => value >= 0 && value <= 1));
    const mean = image.reduce((sum, value) => sum + value, 0) / image.length;
    assert.ok(Math.abs(mean - 0.5) < 0.1 && image.some((value) => value < 0.2) && image.some((value) => value > 0.8), String(mean));
    assert.deepEqual([...(labels['output']?.data as Int32Array).slice(0, 12)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  });

  it('are tokens of the vocabulary where an embedding follows', async () => {
    const { network, weights } = await openNetwork(path.join(models, 'keras/masked_text.keras'));
    await weights.close();
    const size = network.layers.find(({ type }) => type === 'Embedding')?.config['input_dim'];
    const { inputs } = await openDataset({ generator: 'patterns', seed: 1 }, network, models, 'binary_crossentropy');
    const tokens = [...Object.values(inputs)[0]?.data as Float32Array];
    assert.ok(typeof size === 'number' && tokens.every((token) => Number.isInteger(token) && token >= 1 && token < size));
  });

  it('ask an autoencoder for its input, and U-Net for a class at every place', async () => {
    const { network, weights } = await openNetwork(path.join(models, 'keras/autoencoder.keras'));
    await weights.close();
    const { inputs, labels } = await openDataset({ generator: 'patterns', examples: 2, seed: 1 }, network, models, 'mean_squared_error');
    const [x] = Object.values(inputs), [y] = Object.values(labels);
    assert.ok((x?.data.length ?? 0) > 0 && [...x?.data as Float32Array].every((value, at) => value === y?.data[at]));
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-patterns-'));
    try {
      const file = path.join(folder, 'unet.json');
      await writeFile(file, JSON.stringify(drawArchitecture('unet')));
      const unet = await openNetwork(file);
      await unet.weights.close();
      const made = await openDataset({ generator: 'patterns', examples: 1, seed: 1 }, unet.network, folder, fittingLoss(unet.network));
      const [output] = unet.network.outputs, shape = unet.network.layers.find(({ name }) => name === output?.layer)?.calls[0]?.outputShapes[0] ?? [];
      const [map] = Object.values(made.labels);
      assert.deepEqual(map?.shape.slice(1, 3), shape.slice(1, 3));
      assert.ok(new Set(map?.data as Iterable<number>).size > 1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are labelled for the loss of each output', async () => {
    const { network, weights } = await openNetwork(path.join(models, 'keras/multi_io.keras'));
    await weights.close();
    assert.deepEqual(fittingLoss(network), { label: 'sparse_categorical_crossentropy', score: 'mean_squared_error' });
    assert.equal(lossText(fittingLoss(network)), 'label: sparse categorical crossentropy, score: mean squared error');
    await assert.rejects(losses({ ...await offered(path.join(models, 'keras/multi_io.keras')), loss: 'sparse_categorical_crossentropy' }, 1), /needs an output of two classes or more/);
  });

  it('are asked for in a batch that keeps an iteration short', async () => {
    const batch = async (name: string): Promise<number> => {
      const folder = await mkdtemp(path.join(tmpdir(), 'backstep-patterns-'));
      try {
        await writeFile(path.join(folder, 'drawn.json'), JSON.stringify(drawArchitecture(name)));
        const { network, weights } = await openNetwork(path.join(folder, 'drawn.json'));
        await weights.close();
        return fittingBatch(network, totalCost(network).macs);
      } finally {
        await rm(folder, { recursive: true });
      }
    };
    assert.deepEqual([await batch('lenet5'), await batch('vgg16')], [32, 1]);
  });
});
