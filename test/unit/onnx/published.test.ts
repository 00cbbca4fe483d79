/** Published networks of hundreds of ops, in the opset of 2018, give the outputs that the ONNX project's tests prescribe. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from '../layers/comparing';
import { run, valuesOf } from '../layers/passes';

const size = 3 * 224 * 224;
const input: TensorValue = { dtype: 'float32', shape: [1, 3, 224, 224], data: Float32Array.from({ length: size }, (_, index) => index / size) };

describe('published networks as ONNX models', () => {
  for (const name of ['squeezenet', 'shufflenet', 'resnet50']) {
    itOnEachBackend(`${name} predicts what it should`, async () => {
      const arrays = await readNpz(path.resolve('test/fixtures/onnx/published.npz'));
      const folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-published-'));
      try {
        const file = path.join(folder, `${name}.onnx`);
        await writeFile(file, arrays.get(`${name}/model`)?.data as Uint8Array);
        const { network, weights } = await openNetwork(file);
        const values = await valuesOf(network, weights);
        await weights.close();
        assert.equal(network.viewOnly, undefined);
        tf.engine().startScope();
        try {
          const { result } = run({ network, weights: values, inputs: [input], training: false });
          assertClose([differenceOf('the output', result.outputs[0] ?? null, arrays.get(`${name}/output`)!)]);
        } finally {
          tf.engine().endScope();
        }
      } finally {
        await rm(folder, { recursive: true });
      }
      // The pure JavaScript backend would take a minute.
    }, ['tensorflow', 'wasm']);
  }
});
