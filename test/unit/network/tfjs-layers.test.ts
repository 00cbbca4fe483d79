/** Shapes, weights and counts of every layer class of tfjs-layers, compared with tfjs-layers itself. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { modelFrom } from '../../../src/formats/keras/model-config';
import { buildNetwork } from '../../../src/network/build';
import { totalCost } from '../../../src/network/cost';
import type { JsonObject, Network } from '../../../src/network/network';

function translated(model: tf.LayersModel): Network {
  const topology = JSON.parse(JSON.stringify(model.toJSON(null, false))) as JsonObject;
  return buildNetwork(modelFrom(topology, 'tfjs', 'model.json'), { format: 'tfjs-layers', convention: 'tfjs', compile: null });
}

function check(model: tf.LayersModel): void {
  const network = translated(model);
  assert.deepEqual(network.problems, []);
  for (const layer of model.layers) {
    const found = network.layers.find(({ name }) => name === layer.name);
    assert.ok(found, layer.name);
    const shapes = layer.outputShape;
    assert.deepEqual(found.calls[0]?.outputShapes, Array.isArray(shapes[0]) ? shapes : [shapes], layer.getClassName());
    if (found.network === null) assert.deepEqual(found.weights.map(({ shape }) => shape), layer.weights.map(({ shape }) => shape), layer.getClassName());
    assert.deepEqual(found.weights.map(({ trainable }) => trainable), found.network === null ? layer.weights.map(({ trainable }) => trainable) : []);
  }
  assert.equal(totalCost(network).parameters, model.countParams());
}

type Make = (name: string) => tf.layers.Layer;
const l = tf.layers;
const single: [shape: (number | null)[], layers: Record<string, Make>][] = [
  [[6], {
    dense: (name) => l.dense({ name, units: 4 }), denseNoBias: (name) => l.dense({ name, units: 4, useBias: false }), activation: (name) => l.activation({ name, activation: 'tanh' }), dropout: (name) => l.dropout({ name, rate: 0.3 }),
    repeat: (name) => l.repeatVector({ name, n: 3 }), reshape: (name) => l.reshape({ name, targetShape: [2, 3] }), relu: (name) => l.reLU({ name, maxValue: 6 }),
    leaky: (name) => l.leakyReLU({ name }), prelu: (name) => l.prelu({ name }), elu: (name) => l.elu({ name }), softmax: (name) => l.softmax({ name }), thresholded: (name) => l.thresholdedReLU({ name }),
    batch: (name) => l.batchNormalization({ name }), batchPlain: (name) => l.batchNormalization({ name, scale: false }), layerNorm: (name) => l.layerNormalization({ name }), noise: (name) => l.gaussianNoise({ name, stddev: 0.1 }),
    gaussianDropout: (name) => l.gaussianDropout({ name, rate: 0.1 }), alpha: (name) => l.alphaDropout({ name, rate: 0.1 }), masking: (name) => l.masking({ name }),
  }],
  [[5, 6], {
    conv1d: (name) => l.conv1d({ name, filters: 3, kernelSize: 2 }), conv1dSame: (name) => l.conv1d({ name, filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
    max: (name) => l.maxPooling1d({ name }), average: (name) => l.averagePooling1d({ name, poolSize: 3, strides: 1, padding: 'same' }), globalMax: (name) => l.globalMaxPooling1d({ name }), globalAverage: (name) => l.globalAveragePooling1d({ name }),
    spatialDropout: (name) => l.spatialDropout1d({ name, rate: 0.1 }), crop: (name) => l.permute({ name, dims: [2, 1] }), denseOnSequence: (name) => l.dense({ name, units: 7 }),
    lstm: (name) => l.lstm({ name, units: 4 }), lstmAll: (name) => l.lstm({ name, units: 4, returnSequences: true }), gru: (name) => l.gru({ name, units: 4 }), rnn: (name) => l.simpleRNN({ name, units: 4, returnSequences: true }),
    cells: (name) => l.rnn({ name, cell: [l.lstmCell({ units: 3 }), l.gruCell({ units: 2 }), l.simpleRNNCell({ units: 4 })] }), oneCell: (name) => l.rnn({ name, cell: l.gruCell({ units: 2 }), returnSequences: true }),
    bidirectional: (name) => l.bidirectional({ name, layer: l.lstm({ units: 3, returnSequences: true }), mergeMode: 'concat' }), bidirectionalSum: (name) => l.bidirectional({ name, layer: l.gru({ units: 3 }), mergeMode: 'sum' }),
    distributed: (name) => l.timeDistributed({ name, layer: l.dense({ units: 2 }) }),
  }],
  [[9, 8, 4], {
    conv: (name) => l.conv2d({ name, filters: 3, kernelSize: [3, 2], strides: [2, 1] }), convSame: (name) => l.conv2d({ name, filters: 3, kernelSize: 3, strides: 2, padding: 'same' }), dilated: (name) => l.conv2d({ name, filters: 3, kernelSize: 3, dilationRate: 2 }),
    transpose: (name) => l.conv2dTranspose({ name, filters: 3, kernelSize: 3, strides: 2 }), transposeSame: (name) => l.conv2dTranspose({ name, filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
    depthwise: (name) => l.depthwiseConv2d({ name, kernelSize: 3, depthMultiplier: 2 }), separable: (name) => l.separableConv2d({ name, filters: 5, kernelSize: 3 }),
    max: (name) => l.maxPooling2d({ name, poolSize: [3, 2] }), maxSame: (name) => l.maxPooling2d({ name, poolSize: 3, strides: 2, padding: 'same' }), average: (name) => l.averagePooling2d({ name }), globalMax: (name) => l.globalMaxPooling2d({ name }), globalAverage: (name) => l.globalAveragePooling2d({ name }),
    pad: (name) => l.zeroPadding2d({ name, padding: [[1, 2], [0, 3]] }), padOne: (name) => l.zeroPadding2d({ name, padding: 2 }), crop: (name) => l.cropping2D({ name, cropping: [[1, 1], [2, 0]] }), up: (name) => l.upSampling2d({ name, size: [2, 3] }),
    shared: (name) => l.prelu({ name, sharedAxes: [1, 2] }), permute: (name) => l.permute({ name, dims: [3, 1, 2] }), batchAxis: (name) => l.batchNormalization({ name, axis: 2 }), spatial: (name) => l.flatten({ name }),
    rescaling: (name) => l.rescaling({ name, scale: 2, offset: 0 }), centerCrop: (name) => l.centerCrop({ name, height: 4, width: 5 }),
  }],
  [[4, 9, 8, 2], { conv: (name) => l.conv3d({ name, filters: 3, kernelSize: 2 }), transpose: (name) => l.conv3dTranspose({ name, filters: 3, kernelSize: 2, strides: 2 }), max: (name) => l.maxPooling3d({ name }), average: (name) => l.averagePooling3d({ name }), convLstm: (name) => l.convLstm2d({ name, filters: 3, kernelSize: 3, padding: 'same' }), convLstmAll: (name) => l.convLstm2d({ name, filters: 3, kernelSize: 3, returnSequences: true, useBias: false }) }],
  [[null, 6], { conv1d: (name) => l.conv1d({ name, filters: 3, kernelSize: 2 }), lstmAll: (name) => l.lstm({ name, units: 4, returnSequences: true }), globalMax: (name) => l.globalMaxPooling1d({ name }) }],
];

describe('Layers of tfjs-layers: shapes, weights and counts are its own', () => {
  for (const [shape, layers] of single) {
    for (const [name, make] of Object.entries(layers)) {
      it(`${name} on [${shape.map(String).join(', ')}]`, () => {
        const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: shape }), make(name.toLowerCase())] });
        check(model);
        model.dispose();
      });
    }
  }

  it('Embedding, in a Sequential without InputLayer', () => {
    check(tf.sequential({ layers: [l.embedding({ inputDim: 20, outputDim: 4, inputLength: 7 }), l.lstm({ units: 3 })] }));
  });

  it('merges, Dot, a shared layer, several outputs', () => {
    const a = tf.input({ shape: [6], name: 'a' });
    const b = tf.input({ shape: [6], name: 'b' });
    const shared = l.dense({ units: 6, name: 'shared' });
    const [one, other] = [shared.apply(a), shared.apply(b)] as tf.SymbolicTensor[];
    const merged = [l.add(), l.multiply(), l.average(), l.maximum(), l.minimum(), l.concatenate(), l.dot({ axes: -1 })].map((layer) => layer.apply([one!, other!]) as tf.SymbolicTensor);
    const three = tf.input({ shape: [3, 6], name: 'three' });
    merged.push(l.flatten().apply(l.dot({ axes: [2, 2] }).apply([three, three])) as tf.SymbolicTensor);
    check(tf.model({ inputs: [a, b, three], outputs: [...merged, l.concatenate({ axis: 1 }).apply(merged) as tf.SymbolicTensor] }));
  });

  it('models inside models, called twice', () => {
    const inner = tf.sequential({ name: 'inner', layers: [l.dense({ units: 4, inputShape: [5], name: 'first' }), l.dense({ units: 2, name: 'second' })] });
    const x = tf.input({ shape: [5], name: 'x' });
    const y = tf.input({ shape: [5], name: 'y' });
    const model = tf.model({ inputs: [x, y], outputs: l.add({ name: 'sum' }).apply([inner.apply(x), inner.apply(y)] as tf.SymbolicTensor[]) as tf.SymbolicTensor });
    check(model);
    const found = translated(model).layers.find(({ name }) => name === 'inner');
    assert.equal(found?.calls.length, 2);
    assert.deepEqual(found.network?.layers.map(({ name }) => name), ['first_input', 'first', 'second']);
  });

  it('layers that are not trained count as such', () => {
    const model = tf.sequential({ layers: [l.dense({ units: 4, inputShape: [5], trainable: false }), l.dense({ units: 2 })] });
    const cost = totalCost(translated(model));
    assert.deepEqual([cost.parameters, cost.trainable], [34, 10]);
  });

  it('Reshape with an extent to compute, which tfjs-layers writes as null', () => {
    const network = translated(tf.sequential({ layers: [l.reshape({ name: 'shape', targetShape: [2, -1], inputShape: [6] })] }));
    assert.deepEqual(network.layers[1]?.calls[0]?.outputShapes, [[null, 2, 3]]);
  });

  it('LSTM with return_state gives its states too', () => {
    const x = tf.input({ shape: [4, 3], name: 'x' });
    const outputs = l.lstm({ units: 2, returnState: true, returnSequences: true, name: 'lstm' }).apply(x) as tf.SymbolicTensor[];
    check(tf.model({ inputs: x, outputs }));
  });
});
