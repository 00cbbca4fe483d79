/** Multiply-adds and memory of layers of every format: as the kernels of a run really have them, and as published. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspectNetwork } from '../../../src/cli/inspect';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { costs } from '../../../src/network/cost';
import { memories } from '../../../src/network/memory';
import type { Layer, Network } from '../../../src/network/network';
import { fixture } from '../formats/fixture';
import { openCase } from '../onnx/cases';
import { runOf } from '../insight/models';
import { perExample, totals } from './measured';

const models = [
  'torch/torch_cnn.onnx', 'torch/torch_cnn.dynamo.onnx', 'torch/torch_resnet.unfolded.onnx', 'torch/torch_encoder.onnx', 'torch/torch_encoder.dynamo.onnx', 'torch/torch_encoder.unfolded.onnx', 'torch/torch_lstm.onnx', 'torch/torch_lstm.unfolded.onnx',
  'onnx/networks.npz#mobile', 'onnx/networks.npz#unet', 'onnx/networks.npz#bert', 'onnx/networks.npz#recurrent', 'onnx/networks.npz#volumes',
  'tflite/lite_cnn.float.tflite', 'tflite/lite_cnn.float16.tflite', 'tflite/lite_cnn.int8.tflite', 'tensorflow/lite/cnn.float.tflite', 'tensorflow/lite/attention.float.tflite', 'tensorflow/lite/pixels.float.tflite',
  'tfjs/tfjs_graph_cnn/model.json', 'tensorflow/graph_models/cnn/model.json', 'tensorflow/graph_models/attention/model.json', 'tensorflow/graph_models/upscaling/model.json', 'tensorflow/graph_models/volumes/model.json', 'tensorflow/graph_models/recurrent/model.json',
  'tensorflow/graph_models/products/model.json', 'keras/cnn_zoo.keras', 'keras/gru_bidir.keras', 'keras/transformer_block.keras', 'keras/masked_text.keras',
] as const;

describe('What layers cost', () => {
  for (const model of models) {
    it(`in ${model}: the table has the multiply-adds of the kernels and the bytes of the outputs`, async () => {
      const measured: ReturnType<typeof totals>[] = [];
      let network: Network | null = null;
      for (const batch of [1, 2]) {
        const controller = await runOf(model, batch);
        try {
          measured.push(totals(controller));
          ({ network } = controller.info);
        } finally {
          await controller.end();
        }
      }
      const [one, two] = measured;
      if (network === null || one === undefined || two === undefined) return assert.fail();
      const [cost, memory] = [costs(network), memories(network)];
      let macs = 0;
      for (const [layer, real] of perExample(one, two)) {
        const stated = cost.get(layer), own: Layer | undefined = network.layers.find(({ name }) => name === layer);
        // Layers of models inside are in the table of their own.
        if (stated === undefined || own === undefined || own.network !== null) continue;
        // Sizes that the file works out while it runs are not known before; what follows counts as if the batch came first.
        if (layer.includes('Tensordot') && own.type !== 'MatMul') continue;
        // The engine enlarges pictures by products with a matrix, and spreads kernels that have gaps as well as strides with zeros.
        const [gaps, strides] = [own.config.dilations, own.config.strides].map((setting) => Array.isArray(setting) && setting.some((each) => Number(each) > 1));
        if (own.type !== 'Resize' && !(gaps === true && strides === true)) assert.equal(stated.macs, real.macs, `${layer} (${own.type}): multiply-adds`);
        // A file may use fewer outputs of an op than there are.
        if (real.bytes > 0 && own.type !== 'TopKV2') assert.equal(memory.get(layer)?.activations, real.bytes, `${layer} (${own.type}): bytes of ${JSON.stringify(own.calls.map(({ outputShapes }) => outputShapes))}`);
        macs += real.macs;
      }
      assert.ok(macs > 0 || model.includes('pixels'));
    });
  }

  /** A network inside an archive of models, as the table has it. */
  async function published(name: string): Promise<ReturnType<typeof inspectNetwork>> {
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-cost-'));
    try {
      const file = path.join(folder, `${name}.onnx`);
      await writeFile(file, ((await readNpz(path.resolve('test/fixtures/onnx/published.npz'))).get(`${name}/model`) ?? assert.fail(name)).data as Uint8Array);
      const { network, weights } = await openNetwork(file);
      await weights.close();
      return inspectNetwork(network);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it('of the published ResNet-50 as ONNX is 4.1 billion multiply-adds, of SqueezeNet 1.1 352 million, of ShuffleNet 140 million', async () => {
    // He et al. 2016, table 1, has 3.8 · 10⁹ with the strides in the 1×1 convolutions; with those in the 3×3 ones, as here and in torchvision, 4.09 · 10⁹.
    assert.equal(Math.round(((await published('resnet50')).macs ?? 0) / 1e7), 409);
    // github.com/forresti/SqueezeNet, version 1.1: 0.72 GFLOPS, of two for each multiply-add, with the biases; table of torchvision.models: 0.35 · 10⁹.
    assert.equal(Math.round(((await published('squeezenet')).macs ?? 0) / 1e7), 35);
    // Zhang et al. 2018, table 2: ShuffleNet 1×, 3 groups, 137 MFLOPs of multiply-adds.
    const shuffle = (await published('shufflenet')).macs ?? 0;
    assert.ok(shuffle > 1.2e8 && shuffle < 1.5e8, String(shuffle));
  });

  // The first axis is the batch: products of one example, by hand from the shapes of the cases.
  for (const [name, macs] of [
    ['qlinearconv', 49], ['convinteger_without_padding', 16], ['matmulinteger', 6], ['runtime_fused_matmul', 3 * 5 * 4], ['runtime_fused_conv', 3 * 25 * 18], ['runtime_fused_gemm', 5 * 4], ['runtime_qgemm', 3 * 4],
    ['runtime_matmul_4_bits', 3 * 5 * 40], ['runtime_dynamic_matmul', 5 * 4], ['runtime_matmul_to_float', 5 * 4], ['runtime_attention', 4 * 8 * 24 + 2 * 4 * 4 * 8], ['runtime_multi_head', 3 * 5 * (8 + 8)],
    ['runtime_qlinear_add_int8', 0],
  ] as const) {
    it(`of ${name}, an op of integers or of several in one, is that of the products that it stands for`, async () => {
      assert.equal(inspectNetwork((await openCase(name)).network).macs, macs);
    });
  }

  it('of a MobileNet block as TFLite is what its sizes multiply to', async () => {
    const { network, weights } = await openNetwork(fixture('tflite/lite_cnn.float.tflite'));
    await weights.close();
    const { layers, macs, parameters } = inspectNetwork(network);
    const of = (type: string): number[] => layers.filter((layer) => layer.type === type).map((layer) => layer.macs ?? NaN);
    const shape = (type: string): readonly (number | null)[][] => layers.filter((layer) => layer.type === type).map(({ outputShape }) => outputShape as (number | null)[]);
    const [[, height = 0, width = 0, depth = 0] = []] = shape('DEPTHWISE_CONV_2D').map((extents) => extents.map((extent) => extent ?? 1));
    assert.deepEqual(of('DEPTHWISE_CONV_2D'), [height * width * depth * 9]);
    assert.equal(macs, [...of('CONV_2D'), ...of('DEPTHWISE_CONV_2D'), ...of('FULLY_CONNECTED')].reduce((a, b) => a + b, 0));
    const keras = await openNetwork(fixture('tflite/lite_cnn.keras')), original = inspectNetwork(keras.network);
    await keras.weights.close();
    // The converter folds batch normalisation away; the products stay.
    assert.equal(macs, original.macs);
    assert.ok(parameters.total <= original.parameters.total && parameters.total > 0.9 * original.parameters.total, `${parameters.total} of ${original.parameters.total}`);
  });
});
