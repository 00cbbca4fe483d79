import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { graphView } from '../../../src/network/graph-view';
import { flattenWeights } from '../../../src/network/layer-path';
import { Failure } from '../../../src/tensor/failure';
import { fixture, readJson } from './fixture';

interface LiteTensor { index: number; name: string; shape: number[]; dtype: string; shape_signature: number[]; scales: number[]; zero_points: number[]; axis: number }
interface Description { tflite: Record<string, { operators: { op: string; inputs: number[]; outputs: number[] }[]; tensors: LiteTensor[] }> }

describe('TFLite models', () => {
  for (const kind of ['float', 'dynamic', 'float16', 'int8']) {
    it(`lite_cnn.${kind}.tflite has its operators, shapes, and weights as the numbers they stand for`, async () => {
      const facts = readJson<Description>('tflite/lite_cnn.json').tflite[`lite_cnn.${kind}.tflite`];
      assert.ok(facts);
      const { network, weights } = await openNetwork(fixture(`tflite/lite_cnn.${kind}.tflite`));
      assert.equal(network.format, 'tflite');
      const ops = network.layers.filter(({ type }) => type !== 'Input');
      // What only writes a weight in another form is no operator of the network.
      const shown = facts.operators.filter(({ op }) => op !== 'DEQUANTIZE');
      assert.deepEqual(ops.map(({ type }) => type).sort(), shown.map(({ op }) => op).sort());
      const made = shown.map(({ outputs: [output = -1] }) => facts.tensors[output]?.shape_signature.map((extent) => (extent === -1 ? null : extent)));
      const text = (list: unknown[]): string[] => list.map((item) => JSON.stringify(item)).sort();
      assert.deepEqual(text(ops.map(({ calls }) => calls[0]?.outputShapes[0])), text(made));
      assert.deepEqual(network.layers[0]?.calls[0]?.outputShapes, [[null, 14, 14, 1]]);
      const reference = await openNpz(fixture('tflite/lite_cnn.reference.npz'));
      let compared = 0;
      for (const { weight } of flattenWeights(network)) {
        const tensor: LiteTensor | undefined = facts.tensors[Number(weight.key)];
        assert.ok(tensor);
        const raw = await reference.read(`tensor/${kind}/${tensor.index}`);
        const value = await weights.read(weight.key ?? '');
        assert.deepEqual(value.shape, tensor.shape);
        const inner = tensor.shape.slice(tensor.axis + 1).reduce((all, extent) => all * extent, 1);
        value.data.forEach((element, index) => {
          const channel = tensor.scales.length > 1 ? Math.floor(index / inner) % tensor.scales.length : 0;
          const scale = tensor.scales[channel];
          const stored = Number(raw.data[index]);
          const expected = scale === undefined || !tensor.dtype.startsWith('int') ? stored : scale * (stored - (tensor.zero_points[channel] ?? 0));
          assert.ok(Math.abs(Number(element) - expected) <= 1e-6 * Math.max(1, Math.abs(expected)), tensor.name);
        });
        compared += 1;
      }
      assert.ok(compared >= 9, String(compared));
      // 3·3·6 + 6, 3·3·6 + 6, 6·40 + 40, 40·32 + 32, 32·5 + 5: batch normalisation is folded into the first.
      assert.equal(totalCost(network).parameters, 1877);
      reference.close();
      await weights.close();
    });
  }

  it('tells settings of operators', async () => {
    const { network, weights } = await openNetwork(fixture('tflite/lite_cnn.float.tflite'));
    await weights.close();
    const depthwise = network.layers.find(({ type }) => type === 'DEPTHWISE_CONV_2D');
    assert.deepEqual([depthwise?.config.padding, depthwise?.config.strides, depthwise?.config.activation], ['same', [1, 1], 'relu']);
    assert.match(graphView(network).format, /^TFLite model, version 3$/);
  });

  it('files cut off or changed at random never do more than say so', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-tflite-'));
    let seed = 5;
    const random = (limit: number): number => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % limit; };
    const original = await readFile(fixture('tflite/lite_cnn.int8.tflite'));
    for (let round = 0; round < 90; round += 1) {
      const bytes = round % 3 === 0 ? original.subarray(0, 8 + random(original.length - 8)) : Buffer.from(original);
      if (round % 3 !== 0) for (let change = 0; change < 8; change += 1) bytes[8 + random(bytes.length - 8)] = random(256);
      const file = path.join(folder, 'fuzz.tflite');
      await writeFile(file, bytes);
      const opened = await openNetwork(file).catch((error: unknown) => { assert.ok(error instanceof Failure && error.message.includes('fuzz.tflite'), error instanceof Error ? error.stack : ''); return null; });
      if (opened === null) continue;
      for (const { weight } of flattenWeights(opened.network)) await opened.weights.read(weight.key ?? '').catch((error: unknown) => { assert.ok(error instanceof Failure, String(error)); });
      await opened.weights.close();
    }
    await rm(folder, { recursive: true });
  });
});
