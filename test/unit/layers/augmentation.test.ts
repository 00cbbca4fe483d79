/** Image layers that change pictures at random: what they do where the random range is one number is Keras's; otherwise they follow the seed. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { layerForward } from '../../../src/engine/layers/registry';
import type { LayerCallContext } from '../../../src/engine/layers/layer';
import { openNetwork } from '../../../src/formats/registry';
import { readNpz } from '../../../src/formats/npz';
import type { JsonObject } from '../../../src/network/network';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from './comparing';
import { run } from './passes';

const folder = path.resolve('test/fixtures/models/keras-augmentation');
const pictures = (): tf.Tensor4D => tf.tensor4d(Array.from({ length: 2 * 4 * 6 * 2 }, (_, index) => (index * 37) % 101), [2, 4, 6, 2]);

function called(type: string, config: JsonObject, x: tf.Tensor, changes: Partial<LayerCallContext> = {}): number[] {
  const call: LayerCallContext = {
    path: 'layer', type, config, convention: 'keras', training: true, trainable: true, dropout: true, args: [x], kwargs: {}, masks: [null], implicitMask: () => null, outputShapes: [], weightNames: [],
    weight: () => { throw new Error('no weights'); }, hasWeight: () => false, assign: () => undefined, seed: (purpose) => purpose.length * 7919, ...changes,
  };
  const pass = layerForward(type, 'layer')(call);
  let step = pass.next();
  while (!step.done) step = pass.next();
  return Array.from(step.value.outputs[0]!.dataSync());
}

describe('layers: image augmentation', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.keras'))) {
    itOnEachBackend(`${path.basename(file, '.keras')} is what Keras makes of it`, async () => {
      const expected = await readNpz(path.join(folder, 'expected.npz'));
      const { network, weights } = await openNetwork(path.join(folder, file));
      await weights.close();
      assert.deepEqual(network.problems, []);
      tf.engine().startScope();
      try {
        const { result } = run({ network, weights: new Map(), inputs: [expected.get('x')!], training: true, dropout: true });
        // Places between pixels are computed in float32 there and in float64 here.
        const difference = differenceOf(file, result.outputs[0]!, expected.get(path.basename(file, '.keras'))!, 2e-3);
        assertClose([difference]);
      } finally {
        tf.engine().endScope();
      }
    });
  }

  const settings: Readonly<Record<string, JsonObject>> = {
    RandomFlip: {}, RandomContrast: { factor: 0.5 }, RandomBrightness: { factor: 0.3 }, RandomTranslation: { height_factor: 0.3, width_factor: 0.2 }, RandomRotation: { factor: 0.2 }, RandomZoom: { height_factor: 0.3 },
  };
  for (const [type, config] of Object.entries(settings)) {
    itOnEachBackend(`${type} changes pictures in training, the same way for the same seed, and leaves them alone otherwise`, () => {
      const x = pictures();
      const before = Array.from(x.dataSync());
      const seed = (purpose: string): number => purpose.length * 31 + 5;
      const once = called(type, config, x, { seed });
      assert.notDeepEqual(once, before);
      assert.deepEqual(called(type, config, x, { seed }), once);
      assert.deepEqual(called(type, config, x, { training: false }), before);
      assert.deepEqual(called(type, config, x, { dropout: false }), before);
    });
  }

  itOnEachBackend('RandomCrop takes a part of the picture in training and its middle, resized, otherwise', () => {
    const x = pictures();
    const parts = [0, 1, 2].flatMap((top) => [0, 1, 2].map((left) => Array.from(tf.slice(x, [0, top, left, 0], [2, 2, 4, 2]).dataSync()).join()));
    assert.ok(parts.includes(called('RandomCrop', { height: 2, width: 4 }, x).join()));
    assert.equal(called('RandomCrop', { height: 2, width: 3 }, x, { training: false }).length, 2 * 2 * 3 * 2);
  });

  itOnEachBackend('what is not built says how to run without it', () => {
    assert.throws(() => called('MixUp', {}, pictures()), /Layer 'layer' \(MixUp\) changes examples at random in a way that Backstep does not have\. Set "dropout": false/);
    assert.deepEqual(called('MixUp', {}, pictures(), { dropout: false }), Array.from(pictures().dataSync()));
  });
});
