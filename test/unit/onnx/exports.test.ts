/** Small networks as PyTorch's exporters wrote them: the output, the loss and the gradients of all weights are PyTorch's. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import { assertFits, misfit } from '../engine/references';
import { run, valuesOf } from '../layers/passes';

const cases: Readonly<Record<string, string>> = {
  experts_chosen_by_score: 'places that come from scores have no gradient, what is scattered there has one',
  gather_of_argmax: 'indices that come from weights have no gradient',
  diagonal: 'the smaller of two extents decides a branch when the file is opened',
  fake_quantisation: 'gradients pass quantisation within its range',
  upsample_by_odd_scales: 'extents are those of a product in float32',
  bert_opset_9: 'old exports count positions by NonZero of ones',
  moved_taps: 'offsets and masks of a deformable convolution are trained',
  windows_of_films: 'transposes and products of eight axes',
  far_taps: 'taps much further apart than the picture is large take no memory between them',
};

describe('Networks exported by PyTorch', () => {
  for (const [name, why] of Object.entries(cases)) {
    itOnEachBackend(`${name}: ${why}`, async () => {
      const all = new Map([...await readNpz(path.resolve('test/fixtures/onnx/exports.npz')), ...await readNpz(path.resolve('test/fixtures/onnx/exports_2.npz'))]);
      const array = (key: string): TensorValue => all.get(`${name}/${key}`) ?? assert.fail(key);
      const folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-export-'));
      try {
        const file = path.join(folder, `${name}.onnx`);
        await writeFile(file, array('model').data as Uint8Array);
        const { network, weights } = await openNetwork(file);
        const values = await valuesOf(network, weights);
        await weights.close();
        const inputs = network.inputs.map((input) => array(`input/${input.layer}`));
        const pass = run({ network, weights: values, inputs, training: true, loss: { settings: ['mean_squared_error'], labels: [array('target')] } });
        const value = (tensor: { dataSync(): ArrayLike<number>; shape: number[] } | null | undefined): TensorValue | null => (tensor ? { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) } : null);
        const gradients = new Map(network.layers.flatMap((layer) => layer.weights.map((weight) => [weight.key, pass.weights.get(`${layer.name}/${weight.name}`)] as const)));
        const wanted = [...all.keys()].filter((key) => key.startsWith(`${name}/grad/`)).map((key) => key.slice(`${name}/grad/`.length));
        assert.ok(wanted.length > 0);
        assertFits([
          misfit('output', value(pass.result.outputs[0]), array('output')), misfit('loss', value(pass.loss), array('loss')),
          ...wanted.map((key) => { const weight = gradients.get(key); return misfit(`gradient of ${key}`, weight === undefined ? assert.fail(key) : value(pass.gradientOf(weight)), array(`grad/${key}`)); }),
        ]);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
