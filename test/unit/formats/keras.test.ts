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

function checkLayers(network: Network, expected: readonly LayerDescription[]): void {
  const cost = costs(network);
  const flat = expected.filter(({ name }) => !name.includes('/'));
  assert.deepEqual(network.layers.map(({ name }) => name).sort(), flat.map(({ name }) => name).sort());
  for (const layer of flat) {
    const found = network.layers.find(({ name }) => name === layer.name);
    assert.ok(found);
    assert.equal(found.type === 'Functional' && layer.class === 'Sequential' ? 'Sequential' : found.type, layer.class);
    if (found.type !== 'Lambda') assert.deepEqual(found.calls[0]?.outputShapes[0], layer.output_shape, layer.name);
    assert.equal(cost.get(layer.name)?.parameters, layer.params, layer.name);
    if (layer.inner !== undefined) {
      assert.ok(found.network);
      checkLayers(found.network, layer.inner.map((inner) => ({ ...inner, name: inner.name.slice(layer.name.length + 1) })));
    }
  }
}

describe('Keras 3 archives', () => {
  for (const name of descriptions) {
    const description = readJson<Description>(`keras/${name}.json`);
    if (!existsSync(fixture(`keras/${name}.keras`)) || description.weights === undefined || description.outputs === undefined) continue;

    it(`${name}.keras has Keras's layers, shapes and parameter counts`, async () => {
      const { network, weights } = await openNetwork(fixture(`keras/${name}.keras`));
      await weights.close();
      assert.equal(network.format, 'keras');
      assert.equal(network.convention, 'keras');
      checkLayers(network, description.layers);
      const total = totalCost(network);
      assert.equal(total.parameters, description.total_params);
      assert.equal(total.trainable, description.trainable_params);
      assert.deepEqual(network.outputs.map(({ layer }) => layer), description.outputs.map((output) => output.name));
      assert.deepEqual(network.inputs.map(({ layer }) => layer), description.inputs.map((input) => input.name));
    });

    it(`${name}.keras gives the weights that Keras names, with their values`, async () => {
      const { network, weights } = await openNetwork(fixture(`keras/${name}.keras`));
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
    for (const name of descriptions.filter((other) => other !== 'lambda_model')) {
      const { network, weights } = await openNetwork(fixture(`keras/${name}.keras`));
      await weights.close();
      assert.deepEqual(network.problems, [], name);
      for (const { layer } of flattenLayers(network)) assert.equal(layer.problem, null);
    }
  });
});

function byFirst(first: readonly unknown[], second: readonly unknown[]): number {
  return String(first[0]).localeCompare(String(second[0]));
}
