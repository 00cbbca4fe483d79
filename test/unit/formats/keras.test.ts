import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { costs, totalCost } from '../../../src/network/cost';
import { flattenLayers, flattenWeights } from '../../../src/network/layer-path';
import type { Network } from '../../../src/network/network';
import { fixture, models, readJson } from './fixture';

interface LayerDescription { name: string; class: string; output_shape: (number | null)[]; params: number; is_layer: boolean; inner?: LayerDescription[]; macs?: number; non_trainable_params?: number }
interface Description {
  name: string;
  layers: LayerDescription[];
  total_params: number;
  trainable_params: number;
  total_macs?: number;
  loss?: unknown;
  inputs: { name: string }[];
  outputs: { name: string }[];
  weights: { key: string; shape: number[]; trainable: boolean }[];
}

const descriptions = readdirSync(`${models}/keras`).filter((name) => /^[a-z0-9_]+\.json$/.test(name)).map((name) => name.slice(0, -5));

function checkLayers(network: Network, expected: readonly LayerDescription[], afterLambdaUnknown = false): void {
  const cost = costs(network);
  const flat = expected.filter(({ name }) => !name.includes('/'));
  assert.deepEqual(network.layers.map(({ name }) => name).sort(), flat.map(({ name }) => name).sort());
  for (const layer of flat) {
    const found = network.layers.find(({ name }) => name === layer.name);
    assert.ok(found);
    assert.equal(found.type === 'Functional' && layer.class === 'Sequential' ? 'Sequential' : found.type, layer.class);
    const known = found.type !== 'Lambda' && !(afterLambdaUnknown && layer.name === 'output');
    if (known) assert.deepEqual(found.calls[0]?.outputShapes[0], layer.output_shape, layer.name);
    assert.equal(cost.get(layer.name)?.parameters, layer.params, layer.name);
    if (layer.inner !== undefined) {
      assert.ok(found.network);
      checkLayers(found.network, layer.inner.map((inner) => ({ ...inner, name: inner.name.slice(layer.name.length + 1) })));
    }
  }
}

const kinds = [
  { suffix: '.keras', format: 'keras', hasWeights: true },
  { suffix: '.h5', format: 'keras-h5', hasWeights: true },
  { suffix: '.config.json', format: 'keras-config', hasWeights: false },
] as const;

for (const { suffix, format, hasWeights } of kinds) {
  describe(`Keras files: ${suffix}`, () => {
    for (const name of descriptions) {
      const description = readJson<Description>(`keras/${name}.json`);
      if (!existsSync(fixture(`keras/${name}${suffix}`)) || description.weights === undefined || description.outputs === undefined) continue;

      it(`${name}${suffix} has Keras's layers, shapes and parameter counts`, async () => {
        const { network, weights } = await openNetwork(fixture(`keras/${name}${suffix}`));
        await weights.close();
        assert.equal(network.format, format);
        assert.equal(network.convention, 'keras');
        checkLayers(network, description.layers, name === 'lambda_model' && suffix === '.h5');
        const total = totalCost(network);
        assert.equal(total.parameters, description.total_params);
        assert.equal(total.trainable, description.trainable_params);
        assert.deepEqual(network.outputs.map(({ layer }) => layer), description.outputs.map((output) => output.name));
        assert.deepEqual(network.inputs.map(({ layer }) => layer), description.inputs.map((input) => input.name));
      });

      if (hasWeights) it(`${name}${suffix} gives the weights that Keras names, with their values`, async () => {
        const { network, weights } = await openNetwork(fixture(`keras/${name}${suffix}`));
        const found = [...flattenWeights(network)];
        assert.deepEqual(found.map(({ path, weight }) => [path, weight.shape, weight.trainable]).sort(byFirst), description.weights.map(({ key, shape, trainable }) => [key, shape, trainable]).sort(byFirst));
        const reference = await readNpz(fixture(`keras/${name}.reference.npz`));
        for (const { path, weight } of found) {
          assert.ok(weight.key !== null, path);
          const value = await weights.read(weight.key);
          assert.deepEqual(value.shape, weight.shape);
          // After one SGD step of rate 0.1: w - 0.1 g.
          const after = reference.get(`sgd/${path}`);
          const gradient = reference.get(`grad/${path}`);
          if (after === undefined || gradient === undefined) continue;
          for (let index = 0; index < value.data.length; index += 1) {
            const expected = Number(after.data[index]) + 0.1 * Number(gradient.data[index]);
            assert.ok(Math.abs(Number(value.data[index]) - expected) < 1e-5, `${path}[${index}]: ${String(value.data[index])}, not ${expected}`);
          }
        }
        await weights.close();
      });
    }

    it('has no problems to tell about networks whose layers are all known', async () => {
      for (const name of descriptions.filter((other) => other !== 'lambda_model' && existsSync(fixture(`keras/${other}${suffix}`)))) {
        const { network, weights } = await openNetwork(fixture(`keras/${name}${suffix}`));
        await weights.close();
        assert.deepEqual(network.problems, [], name);
        for (const { layer } of flattenLayers(network)) assert.equal(layer.problem, null);
      }
    });
  });
}

describe('Optimizer state', () => {
  for (const suffix of ['.keras', '.h5']) {
    it(`of will_i_pass_trained${suffix} is joined with the weights that it belongs to`, async () => {
      const { network, weights } = await openNetwork(fixture(`keras/will_i_pass_trained${suffix}`));
      const reference = await readNpz(fixture('keras/will_i_pass_trained.reference.npz'));
      const optimizer = network.compile?.optimizer;
      assert.equal(network.compile?.loss, 'binary_crossentropy');
      assert.equal(optimizer?.type, 'adam');
      assert.ok(Math.abs(Number(optimizer.config.learning_rate) - 0.05) < 1e-8);
      assert.deepEqual((await weights.read(optimizer.state?.iterations ?? '')).data, BigInt64Array.of(25n));
      assert.equal(optimizer.state?.slots.length, 8);
      for (const { weight, slot, key } of optimizer.state.slots) {
        const expected = reference.get(`optimizer/adam_5/${weight.replaceAll('/', '_')}_${slot}`);
        assert.ok(expected, `${weight} ${slot}`);
        assert.deepEqual(await weights.read(key), expected);
      }
      await weights.close();
    });
  }
});

describe('Applications of Keras', () => {
  for (const name of ['VGG16', 'ResNet50', 'MobileNetV2', 'InceptionV3']) {
    it(`${name} has Keras's parameters, shapes and multiply-adds, layer by layer`, async () => {
      const description = readJson<Description>(`applications/${name}.json`);
      const { network } = await openNetwork(fixture(`applications/${name}.config.json`));
      assert.deepEqual(network.problems, []);
      const cost = costs(network);
      assert.equal(network.layers.length, description.layers.length);
      for (const layer of description.layers) {
        const found = network.layers.find((each) => each.name === layer.name);
        assert.ok(found, layer.name);
        assert.equal(found.type, layer.class);
        assert.deepEqual(found.calls[0]?.outputShapes, [layer.output_shape], layer.name);
        assert.deepEqual(cost.get(layer.name), { parameters: layer.params, trainable: layer.params - (layer.non_trainable_params ?? 0), macs: layer.macs ?? 0 }, layer.name);
      }
      assert.deepEqual(totalCost(network), { parameters: description.total_params, trainable: description.trainable_params, macs: description.total_macs });
    });
  }
});

function byFirst(first: readonly unknown[], second: readonly unknown[]): number {
  return String(first[0]).localeCompare(String(second[0]));
}
