/** Receptive fields against gradients: the input positions by which an element has a gradient are those that its field says, and no others. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKerasConfig } from '../../../src/formats/keras/config-file';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { drawArchitecture } from '../../../src/network/architectures/architectures';
import { fieldView } from '../../../src/network/graph-view';
import { receptiveFields, seen } from '../../../src/network/receptive-field';
import type { Layer, Network } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import { fixture } from '../formats/fixture';
import { valuesOf } from '../layers/passes';
import { caseNames, openCase } from '../onnx/cases';
import { dependence, linearised, normal, places, sightsIn, theory } from './dependence';
import type { Box, Studied } from './dependence';

const holds = (field: Box, found: Box): boolean => found.every(([first, last], axis) => first >= (field[axis]?.[0] ?? Infinity) && last <= (field[axis]?.[1] ?? -Infinity));
const text = (box: Box): string => box.map((range) => range.join('…')).join(', ');

/** Ops whose field is a hull with holes in it (indices among the data, one of several, groups, places modulo a block), or takes the place of a maximum, or has weights that are 0 on their grid. */
const holed = new Set(['com.microsoft.MatMulNBits', 'Attention', 'CenterCropPad', 'ConvTranspose', 'DepthToSpace', 'SpaceToDepth', 'GatherElements', 'Gather', 'GatherND', 'GroupNormalization', 'LRN', 'ReverseSequence', 'RotaryEmbedding', 'Scatter', 'ScatterElements', 'ScatterND', 'Tile', 'TopK',
  'Flatten', 'Reshape', 'NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss', 'ReduceMin', 'ReduceMax', 'GRU', 'LSTM', 'Resize', 'Einsum']);
/** Ops that the table lets see all, for what they read hangs on other inputs (grids, boxes, states), on the values, or on a whole transform; and loops. */
const coarse = new Set(['com.microsoft.Attention', 'com.microsoft.MultiHeadAttention', 'com.microsoft.GroupQueryAttention', 'com.microsoft.RotaryEmbedding', 'com.microsoft.BiasSplitGelu', 'AffineGrid', 'CausalConvWithState', 'Col2Im', 'Compress', 'DeformConv', 'DFT', 'GridSample', 'LinearAttention', 'MaxUnpool', 'RoiAlign', 'Scan', 'STFT', 'SwiGLU', 'TensorScatter', 'Unique']);
/** Its scale, which the range of the whole operand decides, is no part of the field, as the statistics of a batch are none. */
const scaled = 'com.microsoft.DynamicQuantizeMatMul';
/** Repeats the last pixel where it rounds up beyond the border. */
const repeating = 'resize_upsample_sizes_nearest_ceil_half_pixel';

/** An op whose settings are inputs of the graph, as if its exporter had known them. */
function settled(network: Network, inputs: readonly TensorValue[]): Network {
  const values = new Map(network.inputs.map(({ layer }, index) => [layer, inputs[index]]));
  return { ...network, layers: network.layers.map((layer): Layer => {
    const known = Object.entries(layer.calls[0]?.kwargs ?? {}).flatMap(([key, argument]) => { const value = argument.kind === 'tensor' ? values.get(argument.ref.layer) : undefined; return value === undefined ? [] : [[key, Array.from(value.data as Iterable<number | bigint>, Number)] as const]; });
    return { ...layer, config: { ...layer.config, ...Object.fromEntries(known) }, calls: layer.calls.map((call) => ({ ...call, kwargs: Object.fromEntries(Object.entries(call.kwargs).filter(([, { kind }]) => kind !== 'tensor')) })) };
  }) };
}

async function openStudied(file: string): Promise<Studied> {
  const { network, weights: store } = await openNetwork(file);
  const weights = await valuesOf(network, store);
  await store.close();
  const inputs = network.inputs.map(({ layer }, number) => normal(5 + number, (network.layers.find(({ name }) => name === layer)?.calls[0]?.outputShapes[0] ?? []).map((extent) => extent ?? 1)));
  return { network: linearised(network), weights, inputs };
}

describe('Receptive fields and gradients', () => {
  it('of each ONNX op: an element has no gradient outside of what the table of ops says that it reads, and one at both ends of it', async () => {
    const checked = new Set<string>();
    for (const name of await caseNames()) {
      const { network: given, weights, inputs, outputs: [output] } = await openCase(name), [x] = inputs, [ref] = given.outputs;
      if (given.viewOnly !== undefined || x?.dtype !== 'float32' || output?.dtype !== 'float32' || ref?.output !== 0 || output.data.length === 0 || name === repeating) continue;
      const network = linearised(settled(given, inputs)), type = network.layers.find((layer) => layer.name === ref.layer)?.type ?? '';
      if (type === scaled) continue;
      const sight = sightsIn(network).get(ref.layer);
      for (const at of places(output.shape, 3)) {
        const found = await dependence({ network, weights, inputs: [normal(5, x.shape), ...inputs.slice(1)] }, ref.layer, at);
        if (found === null) continue;
        const field = theory(sight ?? assert.fail(`${name}: ${type} sees nothing`), at, x.shape);
        assert.ok(holds(field, found), `${name}: [${at.join()}] depends on ${text(found)}, beyond ${text(field)}`);
        if (!holed.has(type) && !coarse.has(type)) assert.equal(text(found), text(field), `${name}: [${at.join()}]`);
        checked.add(type);
      }
    }
    assert.ok(checked.size > 90, `${checked.size} ops`);
    for (const type of ['Conv', 'AveragePool', 'Transpose', 'Concat', 'Slice', 'Pad', 'MatMul', 'Gemm', 'BatchNormalization', 'Resize', 'ReduceMean', 'CumSum', 'Squeeze']) assert.ok(checked.has(type), type);
  });

  /** Exactly where no layer leaves holes; ops that do, and what only they decide, within the field. */
  const files: readonly (readonly [file: string, holes: RegExp | null])[] = [
    ...['cnn.onnx', 'cnn.unfolded.onnx', 'cnn.dynamo.onnx', 'resnet.onnx', 'resnet.unfolded.onnx', 'lstm.onnx', 'lstm.dynamo.onnx'].map((name) => [`torch/torch_${name}`, /^(Flatten|Reshape) /] as const),
    ['tflite/lite_cnn.float.tflite', /^RESHAPE /], ['tensorflow/lite/lstm.float.tflite', null], ['tensorflow/lite/attention.float.tflite', /^(BATCH_MATMUL|MUL|RESHAPE) /], ['tensorflow/lite/cnn.float.tflite', /./],
    ['tensorflow/lite/pixels.float.tflite', /./], ['tensorflow/lite/shapes.float.tflite', /./],
    ['tfjs/tfjs_graph_cnn/model.json', /^Reshape /], ['tensorflow/graph_models/recurrent/model.json', /^Pack|lstm_1\/transpose_1|gru_1|dense|Identity/], ['tensorflow/graph_models/fused/model.json', null], ['tensorflow/graph_models/volumes/model.json', null],
    ['tensorflow/graph_models/cnn/model.json', /SpaceToBatchND|^Conv2D |^Max /], ['tensorflow/graph_models/upscaling/model.json', /Resize|Pad/], ['tensorflow/graph_models/shapes/model.json', /./],
    ['keras/cnn_zoo.keras', null], ['keras/lstm_rows.keras', null], ['keras/gru_bidir.keras', null], ['keras/autoencoder.keras', /./],
  ];
  for (const [file, holes] of files) {
    it(`of ${file}: elements of every layer depend on exactly what their layer's field says`, async () => {
      const studied = await openStudied(fixture(file)), { network, inputs: [input] } = studied, sights = sightsIn(network);
      let exact = 0;
      for (const { name, type, calls: [call] } of network.layers) {
        const sight = sights.get(name), shape = call?.outputShapes[0]?.map((extent) => extent ?? 1);
        if (sight === undefined || shape === undefined || call?.args.length === 0) continue;
        for (const at of places(shape, 3, 2)) {
          const found = await dependence(studied, name, at).catch(() => null), field = theory(sight, at, input?.shape ?? []);
          if (found === null) continue;
          assert.ok(holds(field, found), `${name} (${type}) [${at.join()}] depends on ${text(found)}, beyond ${text(field)}`);
          if (holes?.test(`${type} ${name}`) === true) continue;
          assert.equal(text(found), text(field), `${name} (${type}) [${at.join()}]`);
          exact += 1;
        }
      }
      if (holes?.source !== '.') assert.ok(exact > 0);
    });
  }
});

/** `size/jump/start` of each axis. */
const figures = (network: Network, layer: string): string => {
  const field = receptiveFields(network).get(layer);
  return field === undefined ? '' : fieldView(field).axes.map((axis) => (axis === null ? 'all' : `${axis.open ?? axis.size}/${axis.jump}/${axis.start}`)).join(' ');
};
const opened = async (file: string): Promise<Network> => { const { network, weights } = await openNetwork(file); await weights.close(); return network; };

describe('Receptive fields of networks that are known', () => {
  it('of the published ResNet-50 as ONNX are those of the same network in Keras: 427 pixels, 32 apart; of SqueezeNet those worked out by hand', async () => {
    const arrays = await readNpz(path.resolve('test/fixtures/onnx/published.npz'));
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-fields-'));
    try {
      const last = async (name: string): Promise<string> => {
        await writeFile(path.join(folder, `${name}.onnx`), arrays.get(`${name}/model`)?.data as Uint8Array);
        const network = await opened(path.join(folder, `${name}.onnx`));
        return figures(network, network.layers.filter(({ type, name: layer }) => type === 'Relu' && /^\d/.test(figures(network, layer))).at(-1)?.name ?? '');
      };
      const { network: keras } = await openKerasConfig('resnet50.json', drawArchitecture('resnet50'));
      const same = figures(keras, keras.layers.filter(({ name }) => /^\d/.test(figures(keras, name))).at(-1)?.name ?? '');
      // Keras pads behind where PyTorch and Caffe pad on both sides: fields begin elsewhere, but are as large and as far apart.
      assert.match(same, /^427\/32\/-182 427/);
      assert.match(await last('resnet50'), /^427\/32\/-213 427/);
      // Version 1.1: 3×3 by 2: 3, 2 apart; pool 3 by 2: 7, 4 apart; two 3×3: 23; pool: 31, 8 apart; two: 63; pool: 79, 16 apart; four: 79 + 4 · 32.
      assert.match(await last('squeezenet'), /^207\/16\//);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are the same for a Keras network and for the TFLite file that was made of it', async () => {
    const [keras, lite] = [await opened(fixture('tflite/lite_cnn.keras')), await opened(fixture('tflite/lite_cnn.float.tflite'))];
    const list = (network: Network): string[] => [...new Set(network.layers.map(({ name }) => figures(network, name)).filter((each) => /^\d/.test(each)))];
    // The converter folds and flattens, but every window is still there.
    for (const each of list(lite)) assert.ok(list(keras).includes(each), `${each} of ${list(keras).join(', ')}`);
    assert.ok(list(lite).length >= 3);
  });

  it('of recurrent layers are the steps up to their own, of one that gives only its last step all of them', async () => {
    const torch = await opened(fixture('torch/torch_lstm.onnx'));
    const [steps] = receptiveFields(torch).get('lstm/LSTM')?.axes ?? [];
    assert.deepEqual([steps === null || steps === undefined ? null : seen(steps, 4, 28), figures(torch, 'lstm/LSTM'), figures(torch, 'Gather')], [[0, 4], 'before/1/0', 'all']);
    assert.equal(figures(await opened(fixture('keras/lstm_rows.keras')), 'lstm'), 'all');
    assert.equal(figures(await opened(fixture('keras/gru_bidir.keras')), 'bidir'), 'all');
  });
});
