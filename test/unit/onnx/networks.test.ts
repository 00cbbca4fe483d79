/** Networks of many ops that PyTorch exported: predictions while training, loss and every gradient against PyTorch's. test/fixtures/onnx/README.md says how they were made. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import type { Difference } from '../layers/comparing';
import { assertClose, differenceOf } from '../layers/comparing';
import { run, valuesOf } from '../layers/passes';

const file = path.resolve('test/fixtures/onnx/networks.npz');
const titles: Readonly<Record<string, string>> = {
  mobile: 'a MobileNet with squeeze and excitation', unet: 'a U-Net with resizing and reflected borders', bert: 'a masked transformer block with a tied embedding',
  recurrent: 'GRU, LSTM and RNN in both directions', volumes: 'convolutions and pooling in one and three dimensions',
};

describe('ONNX networks', () => {
  for (const [name, title] of Object.entries(titles)) {
    itOnEachBackend(`${title} trains as in PyTorch`, async () => {
      const arrays = await readNpz(file);
      const array = (key: string): TensorValue => arrays.get(`${name}/${key}`) ?? assert.fail(key);
      const folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-network-'));
      try {
        await writeFile(path.join(folder, `${name}.onnx`), array('model').data as Uint8Array);
        const { network, weights } = await openNetwork(path.join(folder, `${name}.onnx`));
        assert.deepEqual([network.viewOnly, network.problems], [undefined, []]);
        const values = await valuesOf(network, weights);
        await weights.close();
        tf.engine().startScope();
        try {
          const pass = run({ network, weights: values, inputs: [array('x')], training: true, loss: { settings: ['cross_entropy'], labels: [array('y')] } });
          const paths = new Map(network.layers.flatMap((layer) => layer.weights.map((weight) => [weight.key ?? '', `${layer.name}/${weight.name}`] as const)));
          const gradients = [...arrays].filter(([key]) => key.startsWith(`${name}/grad/`)).map(([key, expected]): Difference => {
            const weight = key.slice(`${name}/grad/`.length);
            const source = weight === 'input' ? pass.inputs[0] : pass.weights.get(paths.get(weight) ?? '');
            assert.ok(source, weight);
            return differenceOf(weight, pass.gradientOf(source), expected);
          });
          assertClose([differenceOf('scores', pass.result.outputs[0] ?? null, array('y_pred_train')), differenceOf('loss', pass.loss, array('loss')), ...gradients]);
        } finally {
          tf.engine().endScope();
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
