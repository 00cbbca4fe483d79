import assert from 'node:assert/strict';
import { openKerasConfig } from '../../../src/formats/keras/config-file';
import { stateShapes } from '../../../src/formats/keras/state-shapes';
import { architectures, drawArchitecture } from '../../../src/network/architectures/architectures';
import { flattenWeights } from '../../../src/network/layer-path';
import type { Network } from '../../../src/network/network';
import { Failure } from '../../../src/tensor/failure';
import { sizeOf } from '../../../src/tensor/value';

const open = async (name: string): Promise<Network> => (await openKerasConfig(`${name}.json`, drawArchitecture(name))).network;
const trainable = (network: Network): number => [...flattenWeights(network)].reduce((sum, { weight }) => sum + (weight.trainable ? sizeOf(weight.shape) : 0), 0);
const shapeOf = (network: Network, layer: string): readonly (number | null)[] | undefined => network.layers.find(({ name }) => name === layer)?.calls[0]?.outputShapes[0];

describe('Built-in architectures', () => {
  for (const [name, { title, parameters, parametersFrom }] of Object.entries(architectures)) {
    it(`${title} has the published number of parameters (${parametersFrom})`, async () => {
      const network = await open(name);
      assert.deepEqual(network.problems, []);
      assert.equal(trainable(network), parameters);
    });
  }

  it('have the shapes of their papers', async () => {
    assert.deepEqual(shapeOf(await open('conv39'), 'flatten_1'), [null, 1960]);
    assert.deepEqual(shapeOf(await open('unet'), 'segmentation'), [null, 388, 388, 2]);
    assert.deepEqual(shapeOf(await open('inception'), 'output'), [null, 28, 28, 256]);
    assert.deepEqual(shapeOf(await open('vgg16'), 'flatten'), [null, 25088]);
    assert.deepEqual(shapeOf(await open('lenet5'), 'flatten'), [null, 400]);
  });

  it('are written as files that Keras reads: every tensor states its shape', async () => {
    const config = drawArchitecture('lenet5');
    const written = JSON.stringify(stateShapes(config, await open('lenet5')));
    assert.ok(written.includes('{"class_name":"__keras_tensor__","config":{"shape":[null,28,28,6],"dtype":"float32","keras_history":["c1",0,0]}}'));
    assert.equal(written.split('__keras_tensor__').length, written.split('"shape":').length);
  });

  it('an unknown name gets a sentence with those that there are', () => {
    assert.throws(() => drawArchitecture('lenet6'), (error: unknown) => error instanceof Failure && /no built-in architecture "lenet6"; there are .*lenet5/.test(error.message));
  });
});
