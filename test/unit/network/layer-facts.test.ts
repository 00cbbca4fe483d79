/** What the table of layers says, against Keras's own summary and published figures. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { inspectNetwork } from '../../../src/cli/inspect';
import type { InspectedLayer } from '../../../src/cli/inspect';
import { openKerasConfig } from '../../../src/formats/keras/config-file';
import { openNetwork } from '../../../src/formats/registry';
import { drawArchitecture } from '../../../src/network/architectures/architectures';
import { graphView } from '../../../src/network/graph-view';
import type { NodeView } from '../../../src/protocol/graph';
import { fixture, readJson } from '../formats/fixture';

interface Expected { readonly name: string; readonly class: string; readonly output_shape: unknown; readonly params: number; readonly non_trainable_params?: number; readonly inner?: readonly Expected[] }
interface Description { readonly layers: readonly Expected[]; readonly total_params: number; readonly trainable_params: number }

const flat = (layers: readonly Expected[]): Expected[] => layers.flatMap((layer) => [layer, ...flat(layer.inner ?? [])]);
const folder = (name: string): string[] => readdirSync(fixture(name)).sort();
/** Model files with what their framework says of them. */
const described: readonly (readonly [file: string, description: string])[] = [
  ...folder('keras').filter((file) => /\.(keras|h5|config\.json)$/.test(file) && !/\.weights\.h5$/.test(file)).map((file) => [`keras/${file}`, `keras/${file.replace(/\.(keras|h5|config\.json)$/, '')}.json`] as const),
  ...folder('applications').filter((file) => file.endsWith('.config.json')).map((file) => [`applications/${file}`, `applications/${file.replace('.config', '')}`] as const),
];

async function inspected(file: string): Promise<{ layers: readonly InspectedLayer[]; nodes: readonly NodeView[]; total: number; trainable: number; weightBytes: number }> {
  const { network, weights } = await openNetwork(fixture(file));
  await weights.close();
  const { layers, parameters, memory } = inspectNetwork(network);
  return { layers, nodes: graphView(network).nodes, ...parameters, weightBytes: memory.weightBytes };
}

describe('The facts of layers', () => {
  for (const [file, description] of described) {
    it(`of ${file} are those of Keras's summary`, async () => {
      const { layers: list, total_params: total, trainable_params: trainable } = readJson<Description>(description);
      const expected = flat(list).filter(({ class: type }) => type !== 'Lambda');
      const found = await inspected(file);
      const byName = new Map(found.layers.map((layer) => [layer.name, layer]));
      const nodes = new Map(found.nodes.map((node) => [node.id, node]));
      for (const layer of expected) {
        const own = byName.get(layer.name);
        assert.equal(own?.parameters, layer.params, layer.name);
        // What stands behind a Lambda in a file that does not state shapes is not known, for no Lambda is run.
        if (own?.outputShape === null && file === 'keras/lambda_model.h5') continue;
        assert.deepEqual(own?.outputShape, layer.output_shape, layer.name);
        // The same in the editor's table, with a batch that is not known.
        const node = nodes.get(layer.name);
        assert.deepEqual([node?.parameters, node?.trainable], [own?.parameters, own?.trainable], layer.name);
        const shapes = (Array.isArray((layer.output_shape as unknown[])[0]) ? layer.output_shape : [layer.output_shape]) as (number | null)[][];
        assert.equal(node?.batchShape, shapes.map((shape) => `(${shape.map((extent) => extent ?? 'None').join(', ')}${shape.length === 1 ? ',' : ''})`).join(', '), layer.name);
      }
      assert.deepEqual([found.total, found.trainable], [total, trainable]);
      assert.equal(found.weightBytes, 4 * total, 'float32 weights');
    });
  }

  it('count memory: weights as they are kept, activations of one example', async () => {
    const { layers, nodes } = await inspected('keras/lenet5.keras');
    // 28·28·6, 14·14·6, 10·10·16, 5·5·16, 400, 120, 84, 10 and the picture, four bytes each.
    assert.deepEqual(layers.map(({ activationBytes }) => activationBytes), [3136, 18816, 4704, 6400, 1600, 1600, 480, 336, 40]);
    assert.deepEqual(layers.map(({ weightBytes }) => weightBytes), [0, 624, 0, 9664, 0, 0, 192480, 40656, 3400].map((bytes, index) => (index === 6 ? 4 * (400 * 120 + 120) : bytes)));
    assert.deepEqual(nodes.map(({ activationBytes, weightBytes }) => [activationBytes, weightBytes]), layers.map(({ activationBytes, weightBytes }) => [activationBytes, weightBytes]));
    const text = await inspected('keras/masked_text.keras');
    assert.equal(text.layers.find(({ name }) => name === 'not_equal')?.activationBytes, (text.layers.find(({ name }) => name === 'not_equal')?.outputShape as number[]).slice(1).reduce((a, b) => a * b, 1), 'a comparison gives one byte an element');
  });

  // Size and jump at the last features: AlexNet, VGG-16 and MobileNet by A. Araujo, W. Norris, J. Sim, Computing receptive fields of convolutional
  // neural networks, Distill 2019, table of models. Its ResNets have their strides elsewhere; ours by hand: 11 (7×7 and pool, jump 4), and 2 × jump
  // for each 3×3: 11 + 3·8 + (8 + 3·16) + (16 + 5·32) + (32 + 2·64) = 427.
  for (const [name, size, jump] of [['alexnet', 195, 32], ['vgg16', 212, 32], ['resnet50', 427, 32], ['resnet101', 427 + 17 * 32, 32], ['resnet152', 427 + 4 * 16 + 30 * 32, 32], ['mobilenet', 315, 32]] as const) {
    it(`give the receptive field of ${name} as published`, async () => {
      const { network } = await openKerasConfig(`${name}.json`, drawArchitecture(name));
      const layers = inspectNetwork(network).layers;
      const [last, flat] = [false, true].map((scattered) => layers.filter(({ receptiveField }) => receptiveField?.axes.every((axis) => axis !== null && (axis.scattered === true) === scattered) === true).at(-1)?.receptiveField);
      assert.deepEqual(last?.axes.map((axis) => [axis?.size, axis?.jump]), [[size, jump], [size, jump]]);
      if (flat !== undefined) assert.deepEqual(flat?.axes.map((axis) => axis?.size), [size, size], 'flattened');
      assert.equal(last.input, 'image');
    });
  }

  it('give ops of ONNX, TFLite, graph models and SavedModels their receptive fields, in the table as in the graph, and none where it is not known how they read', async () => {
    for (const [file, layer, size] of [['torch/torch_cnn.onnx', 'conv2/Conv', 8], ['tflite/lite_cnn.float.tflite', '', 3], ['tfjs/tfjs_graph_cnn/model.json', '', 3], ['tflite/lite_cnn_saved/saved_model.pb', '', 3]] as const) {
      const { nodes, layers } = await inspected(file);
      const found = nodes.filter(({ receptiveField }) => receptiveField?.axes.every((axis) => axis?.size === size) === true);
      assert.ok(found.length > 0 && (layer === '' || found.some(({ id }) => id === layer)), `${file}: ${nodes.map(({ id, receptiveField }) => `${id} ${receptiveField?.axes.map((axis) => axis?.size).join('×')}`).join(', ')}`);
      assert.deepEqual(layers.map(({ receptiveField }) => receptiveField), nodes.map(({ receptiveField }) => receptiveField));
    }
    const { nodes } = await inspected('torch/torch_cnn.pt');
    assert.ok(nodes.every(({ receptiveField }) => receptiveField === null));
  });
});
