import assert from 'node:assert/strict';
import { openNetwork } from '../../../src/formats/registry';
import { buildNetwork } from '../../../src/network/build';
import type { LayerDraft } from '../../../src/network/draft';
import { graphView } from '../../../src/network/graph-view';
import { callPath, findLayer, findWeight, flattenLayers } from '../../../src/network/layer-path';
import { fixture } from '../formats/fixture';

describe('The view of a graph', () => {
  it('describes a layer in one short line', async () => {
    const { network } = await openNetwork(fixture('keras/lenet5.keras'));
    const view = graphView(network);
    assert.equal(view.title, 'lenet5');
    assert.equal(view.format, 'Keras 3 archive');
    assert.deepEqual(view.nodes.map(({ name, detail, outputShape }) => [name, detail, outputShape]), [
      ['image', '', '28×28×1'], ['c1', '6@5×5 same tanh', '28×28×6'], ['s2', '2×2', '14×14×6'], ['c3', '16@5×5 valid tanh', '10×10×16'], ['s4', '2×2', '5×5×16'],
      ['flatten', '', '400'], ['c5', '120 tanh', '120'], ['f6', '84 tanh', '84'], ['output', '10 softmax', '10'],
    ]);
    assert.deepEqual(view.totals, { layers: 9, parameters: 61706, trainable: 61706, macs: 416520, weightBytes: 246824, activationBytes: 37112 });
    assert.deepEqual(view.edges[0], { source: 'image', target: 'c1', shape: '28×28×1' });
    const conv = view.nodes[1];
    assert.deepEqual(conv?.weights, [{ name: 'kernel', shape: [5, 5, 1, 6], dtype: 'float32', trainable: true }, { name: 'bias', shape: [6], dtype: 'float32', trainable: true }]);
    assert.deepEqual(conv?.settings.slice(0, 4), [['filters', '6'], ['kernel size', '5 × 5'], ['strides', '1 × 1'], ['padding', 'same']]);
    assert.equal(conv?.activation, 'tanh');
  });

  it('draws a model inside the model as a group, with edges to the layers inside', async () => {
    const { network } = await openNetwork(fixture('keras/multi_io.keras'));
    const view = graphView(network);
    assert.equal(view.nodes.find(({ id }) => id === 'tower/conv')?.parent, 'tower');
    assert.equal(view.nodes.find(({ id }) => id === 'tower')?.parent, null);
    const edges = view.edges.map(({ source, target, shape }) => `${source} -> ${target} ${shape}`);
    assert.ok(edges.includes('image -> tower/input_layer 8×8×1'));
    assert.ok(edges.includes('tower/embed -> concat 6'));
    assert.ok(edges.includes('left -> shared 4') && edges.includes('right -> shared 4'));
    assert.equal(edges.filter((edge) => edge === 'shared -> concat 6').length, 1);
  });

  it('shows masks that are tensors of the graph as edges', async () => {
    const { network } = await openNetwork(fixture('keras/masked_text.keras'));
    assert.ok(graphView(network).edges.some(({ source, target }) => source === 'not_equal' && target === 'lstm'));
  });

  it('shortens hostile names and keeps them plain text', async () => {
    const { network } = await openNetwork(fixture('hostile/xss_names.keras'));
    const view = graphView(network);
    for (const { name, detail } of view.nodes) {
      assert.ok([...name].length <= 60 && [...detail].length <= 60);
      assert.doesNotMatch(name, /[\u202a-\u202e\u2066-\u2069]/);
    }
    assert.ok(view.nodes.some(({ name }) => name === '<img src=x onerror=alert(1)>'));
  });

  it('handles 10,000 layers within two seconds of processor time', () => {
    const layers: LayerDraft[] = [];
    const add = (name: string, type: string, config: object, from: readonly string[]): void => {
      layers.push({
        name, type, originalType: type, config: { name, ...config }, trainable: true, operation: false, network: null, stated: new Map(),
        calls: [{ args: from.length === 0 ? [] : [{ kind: 'list', items: from.map((layer) => ({ kind: 'tensor', ref: { layer, call: 0, output: 0 } })) }], kwargs: {} }],
      });
    };
    add('in', 'InputLayer', { batch_shape: [null, 16] }, []);
    let last = 'in';
    for (let block = 0; block < 5000; block += 1) {
      add(`dense_${block}`, 'Dense', { units: 16 }, [last]);
      add(`add_${block}`, 'Add', {}, [`dense_${block}`, last]);
      last = `add_${block}`;
    }
    const start = process.cpuUsage();
    const network = buildNetwork({ name: 'deep', layers, inputs: [{ layer: 'in', call: 0, output: 0 }], outputs: [{ layer: last, call: 0, output: 0 }] }, { format: 'keras', convention: 'keras', compile: null });
    const view = graphView(network);
    const used = process.cpuUsage(start);
    const milliseconds = (used.user + used.system) / 1000;
    assert.equal(view.nodes.length, 10001);
    assert.equal(view.totals.parameters, 5000 * 272);
    assert.ok(milliseconds < 2000, `${milliseconds} ms`);
  });
});

describe('Layers by path', () => {
  it('finds layers and weights inside models, and counts the calls of a shared layer', async () => {
    const { network } = await openNetwork(fixture('keras/multi_io.keras'));
    assert.equal(findLayer(network, 'tower/conv')?.type, 'Conv2D');
    assert.equal(findLayer(network, 'tower/nothing'), undefined);
    assert.deepEqual(findWeight(network, 'tower/conv/kernel')?.weight.shape, [3, 3, 1, 4]);
    assert.equal(findWeight(network, 'tower/conv/kernel')?.layerPath, 'tower/conv');
    const shared = findLayer(network, 'shared');
    assert.ok(shared);
    assert.deepEqual([callPath('shared', shared, 0), callPath('shared', shared, 1)], ['shared#0', 'shared#1']);
    assert.deepEqual([...flattenLayers(network)].map(({ path }) => path).slice(4, 8), ['tower', 'tower/input_layer', 'tower/conv', 'tower/pool']);
  });
});
