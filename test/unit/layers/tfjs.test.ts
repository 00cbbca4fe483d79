/** With the tfjs convention every layer and loss of tfjs-layers runs kernel for kernel: outputs, losses, gradients and moved statistics are the same bits. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { lossOf } from '../../../src/engine/losses/losses';
import type { LossSettings } from '../../../src/engine/losses/losses';
import { weightsOf } from '../../../src/engine/weights';
import { modelFrom } from '../../../src/formats/keras/model-config';
import { buildNetwork } from '../../../src/network/build';
import type { JsonObject, Network } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import type { BackendName } from '../../../src/engine/config';
import { itOnEachBackend } from '../backend/each-backend';
import { run } from './passes';

const l = layers.layers;
type Kind = 'normal' | 'bits' | 'one-hot' | 'classes' | 'probability' | 'signs' | number;

/** Repeatable numbers. */
function values(shape: readonly number[], kind: Kind, seed: number): TensorValue {
  const size = shape.reduce((product, extent) => product * extent, 1);
  let state = seed * 7919 + 17;
  const next = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const width = shape[shape.length - 1] ?? 1;
  const data = new Float32Array(size);
  if (kind === 'one-hot') for (let row = 0; row < size / width; row += 1) data[row * width + Math.floor(next() * width)] = 1;
  else for (let i = 0; i < size; i += 1) data[i] = typeof kind === 'number' ? Math.floor(next() * kind) : kind === 'bits' ? Math.round(next()) : kind === 'signs' ? Math.sign(next() - 0.5) : kind === 'probability' ? 0.05 + 0.9 * next() : 2 * next() - 1;
  return { dtype: 'float32', shape, data };
}

function translated(model: layers.LayersModel): Network {
  const topology = JSON.parse(JSON.stringify(model.toJSON(null, false))) as JsonObject;
  return buildNetwork(modelFrom(topology, 'tfjs', 'model.json'), { format: 'tfjs-layers', convention: 'tfjs', compile: null });
}

/** Weights layer by layer, those of nested models in their place. */
function variablesOf(model: layers.LayersModel): layers.layers.Layer['weights'] {
  return model.layers.flatMap((layer) => (layer instanceof layers.LayersModel ? variablesOf(layer) : layer.weights));
}

/** Gives the model random weights, and the same to us by path. */
function shareWeights(model: layers.LayersModel, network: Network): Map<string, TensorValue> {
  const places = weightsOf(network);
  const theirs = variablesOf(model);
  assert.equal(places.length, theirs.length);
  const shared = new Map<string, TensorValue>();
  places.forEach(({ path, weight }, index) => {
    const value = values(weight.shape, weight.name.includes('variance') ? 'probability' : 'normal', index + 3);
    shared.set(`${path}/${weight.name}`, value);
    const variable = theirs[index]!;
    assert.deepEqual(variable.shape, weight.shape, `${path}/${weight.name}`);
    const tensor = tf.tensor(value.data as Float32Array, [...value.shape]);
    variable.write(tensor);
  });
  return shared;
}

function same(what: string, ours: tf.Tensor | null, theirs: tf.Tensor): void {
  assert.ok(ours !== null, `${what}: there is none`);
  assert.deepEqual(ours.shape, theirs.shape, what);
  const [a, b] = [ours.dataSync(), theirs.dataSync()];
  const bits = (data: typeof a): Uint32Array => new Uint32Array(Float32Array.from(data as Float32Array).buffer);
  const [left, right] = [bits(a), bits(b)];
  const first = left.findIndex((value, index) => value !== right[index] && !(a[index] === 0 && b[index] === 0));
  assert.equal(first, -1, `${what}: element ${first} is ${a[first]} instead of ${b[first]}`);
}

interface Options { readonly kinds?: readonly Kind[]; readonly loss?: string; readonly settings?: LossSettings; readonly labels?: Kind; readonly train?: boolean; readonly batch?: number; readonly backends?: readonly BackendName[] }

/** tfjs-layers' loss functions by name, as compile() finds them. */
function lossFunction(model: layers.LayersModel, name: string): (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor {
  model.compile({ loss: name, optimizer: tf.train.sgd(0.1) });
  type Compiled = { readonly lossFunctions?: ((labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor)[]; readonly model?: Compiled };
  const compiled = model as unknown as Compiled;
  return (compiled.lossFunctions ?? compiled.model?.lossFunctions)![0]!;
}

function compare(model: layers.LayersModel, options: Options = {}): void {
  const network = translated(model);
  assert.deepEqual(network.problems, []);
  const weights = shareWeights(model, network);
  const batch = options.batch ?? 3;
  const inputs = model.inputs.map((input, index) => values(input.shape.map((extent, axis) => (axis === 0 ? batch : (extent ?? 4))), options.kinds?.[index] ?? 'normal', 50 + index));
  const fed = inputs.map(({ data, shape }) => tf.tensor(data as Float32Array, [...shape]));
  const quietTheirs = [model.apply(fed.length === 1 ? fed[0]! : fed, { training: false })].flat() as tf.Tensor[];
  const quiet = run({ network, weights, inputs, training: false });
  quietTheirs.forEach((expected, index) => { same(`inference output ${index}`, quiet.result.outputs[index] ?? null, expected); });
  if (options.train === false) return;
  const labels = quietTheirs.map(({ shape }, index) => values(options.labels === 'classes' ? [...shape.slice(0, -1), 1] : shape, options.labels === 'classes' ? shape[shape.length - 1]! : (options.labels ?? 'normal'), 90 + index));
  const settings = options.settings ?? options.loss ?? 'mean_squared_error';
  const lossName = options.loss ?? 'meanSquaredError';
  const busy = run({ network, weights, inputs, training: true, loss: { settings: quietTheirs.map(() => settings), labels } });
  const loss = lossFunction(model, lossName);
  const trainable = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const { value, grads } = tf.variableGrads(() => {
    const outputs = [model.apply(fed.length === 1 ? fed[0]! : fed, { training: true })].flat() as tf.Tensor[];
    outputs.forEach((expected, index) => { same(`training output ${index}`, busy.result.outputs[index] ?? null, expected); });
    const terms = outputs.map((output, index) => loss(tf.tensor(labels[index]!.data as Float32Array, [...labels[index]!.shape]), output));
    let total: tf.Tensor = tf.mean(terms.slice(1).reduce((sum, term) => tf.add(sum, term), terms[0]!));
    for (const penalty of (model as unknown as { calculateLosses(): tf.Scalar[] }).calculateLosses()) total = tf.add(total, penalty);
    return total as tf.Scalar;
  }, trainable.length > 0 ? trainable : undefined);
  same('loss', busy.loss, value);
  variablesOf(model).forEach((variable, index) => {
    const { path, weight } = weightsOf(network)[index]!;
    const key = `${path}/${weight.name}`;
    const theirs = grads[(variable.read() as tf.Variable).name];
    if (!weight.trainable) same(`${key} after the step`, busy.assigned.get(key) ?? null, variable.read());
    else if (theirs !== undefined) same(`gradient of ${key}`, busy.gradientOf(busy.weights.get(key)!), theirs);
  });
}

const chain = (shape: (number | null)[], ...list: layers.layers.Layer[]): layers.LayersModel => layers.sequential({ layers: [l.inputLayer({ inputShape: shape }), ...list] });

type Row = readonly [name: string, make: () => layers.LayersModel, options?: Options];
const activations = ['linear', 'relu', 'relu6', 'elu', 'selu', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', 'tanh', 'softmax', 'logSoftmax', 'gelu', 'gelu_new', 'mish', 'swish'] as const;
type Name = 'relu';

const rows: readonly Row[] = [
  ...activations.flatMap((name): Row[] => [
    [`Dense with ${name}`, () => chain([5], l.dense({ units: 6, activation: name as Name }))],
    [`Activation ${name}`, () => chain([5], l.dense({ units: 6 }), l.activation({ activation: name as Name }))],
    [`Conv2D with ${name}`, () => chain([6, 5, 2], l.conv2d({ filters: 3, kernelSize: 3, activation: name as Name }))],
  ]),
  ['Dense without bias', () => chain([5], l.dense({ units: 6, useBias: false, activation: 'tanh' }))],
  ['Dense on sequences', () => chain([4, 5], l.dense({ units: 6, activation: 'relu' }), l.dense({ units: 2, activation: 'softmax' }))],
  ['regularized Dense layers', () => chain([5], l.dense({ units: 6, kernelRegularizer: layers.regularizers.l2({ l2: 0.02 }), biasRegularizer: layers.regularizers.l1({ l1: 0.03 }) }), l.dense({ units: 2, kernelRegularizer: 'l1l2' }))],
  ['Flatten, Reshape, Permute', () => chain([4, 6], l.permute({ dims: [2, 1] }), l.reshape({ targetShape: [3, 8] }), l.flatten(), l.dense({ units: 2 }))],
  ['RepeatVector', () => chain([4], l.dense({ units: 3 }), l.repeatVector({ n: 3 }))],
  ['ReLU layers', () => chain([5], l.dense({ units: 6 }), l.reLU(), l.dense({ units: 4 }), l.reLU({ maxValue: 0.5 }))],
  ['LeakyReLU and PReLU', () => chain([5], l.dense({ units: 6 }), l.leakyReLU(), l.dense({ units: 4 }), l.prelu())],
  ['PReLU with shared axes', () => chain([4, 3, 2], l.prelu({ sharedAxes: [1, 2] }))],
  ['ELU, Softmax', () => chain([5], l.dense({ units: 6 }), l.elu(), l.dense({ units: 4 }), l.softmax())],
  ['ThresholdedReLU', () => chain([5], l.dense({ units: 6 }), l.thresholdedReLU({ theta: 0.2 }))],
  ...(['valid', 'same'] as const).flatMap((padding): Row[] => [1, 2].flatMap((strides): Row[] => [
    [`Conv1D ${padding} stride ${strides}`, () => chain([7, 3], l.conv1d({ filters: 4, kernelSize: 3, strides, padding, activation: 'relu' }))],
    [`Conv2D ${padding} stride ${strides}`, () => chain([7, 6, 3], l.conv2d({ filters: 4, kernelSize: [3, 2], strides, padding, activation: 'tanh' }))],
    [`Conv3D ${padding} stride ${strides}`, () => chain([5, 4, 6, 2], l.conv3d({ filters: 3, kernelSize: 2, strides, padding, activation: 'relu' })), { batch: 2 }],
    [`Conv2DTranspose ${padding} stride ${strides}`, () => chain([4, 5, 3], l.conv2dTranspose({ filters: 4, kernelSize: 3, strides, padding, activation: 'relu' }))],
    [`Conv3DTranspose ${padding} stride ${strides}`, () => chain([3, 2, 3, 2], l.conv3dTranspose({ filters: 3, kernelSize: 2, strides, padding })), { batch: 2 }],
    [`DepthwiseConv2D ${padding} stride ${strides}`, () => chain([7, 6, 3], l.depthwiseConv2d({ kernelSize: 3, strides, padding, depthMultiplier: 2, activation: 'tanh' }))],
    [`SeparableConv2D ${padding} stride ${strides}`, () => chain([7, 6, 3], l.separableConv2d({ filters: 4, kernelSize: 3, strides, padding, activation: 'relu' }))],
    [`MaxPooling1D ${padding} stride ${strides}`, () => chain([7, 3], l.conv1d({ filters: 3, kernelSize: 1 }), l.maxPooling1d({ poolSize: 3, strides, padding }))],
    [`MaxPooling2D ${padding} stride ${strides}`, () => chain([7, 6, 3], l.conv2d({ filters: 3, kernelSize: 1 }), l.maxPooling2d({ poolSize: [2, 3], strides, padding }))],
    [`MaxPooling3D ${padding} stride ${strides}`, () => chain([5, 4, 6, 2], l.conv3d({ filters: 2, kernelSize: 1 }), l.maxPooling3d({ poolSize: 2, strides, padding })), { batch: 2 }],
    [`AveragePooling1D ${padding} stride ${strides}`, () => chain([7, 3], l.conv1d({ filters: 3, kernelSize: 1 }), l.averagePooling1d({ poolSize: 3, strides, padding }))],
    [`AveragePooling2D ${padding} stride ${strides}`, () => chain([7, 6, 3], l.conv2d({ filters: 3, kernelSize: 1 }), l.averagePooling2d({ poolSize: [2, 3], strides, padding }))],
    [`AveragePooling3D ${padding} stride ${strides}`, () => chain([5, 4, 6, 2], l.conv3d({ filters: 2, kernelSize: 1 }), l.averagePooling3d({ poolSize: 2, strides, padding })), { batch: 2 }],
  ])),
  ['Conv2D, channels first', () => chain([3, 7, 6], l.conv2d({ filters: 4, kernelSize: 3, dataFormat: 'channelsFirst', activation: 'tanh' }))],
  ['MaxPooling2D, channels first', () => chain([3, 6, 6], l.maxPooling2d({ dataFormat: 'channelsFirst' }), l.flatten({ dataFormat: 'channelsFirst' }), l.dense({ units: 2 }))],
  ['global pooling of sequences', () => chain([6, 3], l.conv1d({ filters: 3, kernelSize: 2 }), l.globalMaxPooling1d())],
  ['global averages of sequences', () => chain([6, 3], l.conv1d({ filters: 3, kernelSize: 2 }), l.globalAveragePooling1d())],
  ['global pooling of pictures', () => chain([6, 5, 3], l.conv2d({ filters: 3, kernelSize: 2 }), l.globalMaxPooling2d({ dataFormat: 'channelsLast' }))],
  ['global averages of pictures', () => chain([6, 5, 3], l.conv2d({ filters: 3, kernelSize: 2 }), l.globalAveragePooling2d({ dataFormat: 'channelsLast' }))],
  ['ZeroPadding2D, Cropping2D, UpSampling2D', () => chain([4, 5, 2], l.conv2d({ filters: 2, kernelSize: 1 }), l.zeroPadding2d({ padding: [[1, 2], [0, 3]] }), l.cropping2D({ cropping: [[1, 0], [2, 1]] }), l.upSampling2d({ size: [2, 3] }))],
  ['UpSampling2D bilinear', () => chain([4, 5, 2], l.conv2d({ filters: 2, kernelSize: 1 }), l.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }))],
  ...[[4, 5], [3, 4, 5]].map((shape): Row => [`BatchNormalization of ${shape.length + 1} axes`, () => chain(shape, l.batchNormalization({ momentum: 0.8 }), l.flatten(), l.dense({ units: 2 })), { batch: 4 }]),
  ['BatchNormalization', () => chain([5], l.dense({ units: 4 }), l.batchNormalization(), l.dense({ units: 2 })), { batch: 4 }],
  ['LayerNormalization', () => chain([4, 5], l.dense({ units: 5 }), l.layerNormalization())],
  ['LayerNormalization over two axes', () => chain([4, 5], l.dense({ units: 5 }), l.layerNormalization({ axis: [1, 2], epsilon: 1e-5 }))],
  ['Embedding', () => layers.sequential({ layers: [l.embedding({ inputDim: 6, outputDim: 3, inputLength: 5 }), l.flatten(), l.dense({ units: 2 })] }), { kinds: [6] }],
  ['Masking and LSTM', () => chain([5, 3], l.masking({ maskValue: 0 }), l.lstm({ units: 4 })), { kinds: [2] }],
  ['masked Embedding, LSTM and GRU', () => layers.sequential({ layers: [l.embedding({ inputDim: 4, outputDim: 3, inputLength: 5, maskZero: true }), l.lstm({ units: 4, returnSequences: true }), l.gru({ units: 3 })] }), { kinds: [4] }],
  ['masked Bidirectional', () => layers.sequential({ layers: [l.embedding({ inputDim: 4, outputDim: 3, inputLength: 5, maskZero: true }), l.bidirectional({ layer: l.gru({ units: 3 }), mergeMode: 'concat' })] }), { kinds: [4] }],
  ['SimpleRNN', () => chain([5, 3], l.simpleRNN({ units: 4 }))],
  ['SimpleRNN, sequences backwards', () => chain([5, 3], l.simpleRNN({ units: 4, returnSequences: true, goBackwards: true }))],
  ['LSTM', () => chain([5, 3], l.lstm({ units: 4 }))],
  ['LSTM, sequences', () => chain([5, 3], l.lstm({ units: 4, returnSequences: true, recurrentActivation: 'sigmoid', unitForgetBias: true }))],
  ['LSTM without bias', () => chain([5, 3], l.lstm({ units: 4, useBias: false, activation: 'relu' }))],
  ['GRU', () => chain([5, 3], l.gru({ units: 4 }))],
  ['GRU, sequences', () => chain([5, 3], l.gru({ units: 4, returnSequences: true, recurrentActivation: 'sigmoid', useBias: false }))],
  ['RNN of stacked cells', () => chain([5, 3], l.rnn({ cell: [l.lstmCell({ units: 3 }), l.gruCell({ units: 2 }), l.simpleRNNCell({ units: 4 })], returnSequences: true }))],
  ['RNN of a cell', () => chain([5, 3], l.rnn({ cell: l.gruCell({ units: 2 }) }))],
  ...(['concat', 'sum', 'ave', 'mul'] as const).map((mergeMode): Row => [`Bidirectional LSTM, ${mergeMode}`, () => chain([4, 3], l.bidirectional({ layer: l.lstm({ units: 3, returnSequences: true }), mergeMode }))]),
  ['TimeDistributed Dense', () => chain([4, 5], l.timeDistributed({ layer: l.dense({ units: 3, activation: 'tanh' }) }))],
  ['ConvLSTM2D', () => chain([3, 5, 6, 2], l.convLstm2d({ filters: 2, kernelSize: 3, padding: 'same', returnSequences: true })), { batch: 2 }],
  ['ConvLSTM2D without bias, strided', () => chain([2, 6, 5, 2], l.convLstm2d({ filters: 2, kernelSize: 2, strides: 2, useBias: false })), { batch: 2 }],
  ['Rescaling', () => chain([4], l.rescaling({ scale: 0.5, offset: 2 }), l.dense({ units: 3 }))],
  ['CenterCrop, inference', () => chain([6, 7, 2], l.centerCrop({ height: 4, width: 3 })), { train: false }],
  ['CategoryEncoding, inference', () => chain([4], l.categoryEncoding({ numTokens: 5, outputMode: 'multiHot' })), { kinds: [5], train: false, backends: ['wasm', 'cpu'] }],
  ['merges', () => {
    const [a, b] = [layers.input({ shape: [6] }), layers.input({ shape: [6] })];
    const shared = l.dense({ units: 6 });
    const both = [shared.apply(a), shared.apply(b)] as layers.SymbolicTensor[];
    const merged = [l.add(), l.multiply(), l.average(), l.maximum(), l.minimum(), l.concatenate()].map((layer) => layer.apply(both) as layers.SymbolicTensor);
    return layers.model({ inputs: [a, b], outputs: l.dense({ units: 2 }).apply(l.concatenate().apply(merged)) as layers.SymbolicTensor });
  }],
  ['Dot of vectors and of matrices', () => {
    const [a, b] = [layers.input({ shape: [4, 6] }), layers.input({ shape: [5, 6] })];
    const [x, y] = [l.dense({ units: 3 }).apply(a), l.dense({ units: 3 }).apply(b)] as layers.SymbolicTensor[];
    const product = l.dot({ axes: 2 }).apply([x!, y!]) as layers.SymbolicTensor;
    const flat = [l.flatten().apply(x!), l.flatten().apply(l.dense({ units: 3 }).apply(a))] as layers.SymbolicTensor[];
    const cosine = l.dot({ axes: 1, normalize: true }).apply(flat) as layers.SymbolicTensor;
    return layers.model({ inputs: [a, b], outputs: l.concatenate().apply([l.flatten().apply(product) as layers.SymbolicTensor, cosine]) as layers.SymbolicTensor });
  }],
  ['a tensor used by many layers', () => {
    const a = layers.input({ shape: [6] });
    const x = l.dense({ units: 5, activation: 'relu' }).apply(a) as layers.SymbolicTensor;
    const branches = [1, 2, 3, 4].map((units) => l.dense({ units, activation: 'tanh' }).apply(x) as layers.SymbolicTensor);
    const sums = l.add().apply([x, l.dense({ units: 5 }).apply(x) as layers.SymbolicTensor]) as layers.SymbolicTensor;
    return layers.model({ inputs: a, outputs: l.concatenate().apply([...branches, sums, x]) as layers.SymbolicTensor });
  }],
  ['several outputs', () => {
    const a = layers.input({ shape: [6] });
    const x = l.dense({ units: 5, activation: 'relu' }).apply(a) as layers.SymbolicTensor;
    return layers.model({ inputs: a, outputs: [l.dense({ units: 2 }).apply(x), l.dense({ units: 3 }).apply(x)] as layers.SymbolicTensor[] });
  }],
  ['a nested model', () => {
    const inner = layers.sequential({ name: 'inner', layers: [l.dense({ units: 4, inputShape: [5], activation: 'relu' }), l.batchNormalization(), l.dense({ units: 3 })] });
    const a = layers.input({ shape: [5] });
    return layers.model({ inputs: a, outputs: l.dense({ units: 2 }).apply(inner.apply(a)) as layers.SymbolicTensor });
  }],
  ['a regularized layer called twice counts twice', () => {
    const [a, b] = [layers.input({ shape: [4] }), layers.input({ shape: [4] })];
    const shared = l.dense({ units: 3, kernelRegularizer: 'l1l2' });
    return layers.model({ inputs: [a, b], outputs: l.add().apply([shared.apply(a), shared.apply(b)] as layers.SymbolicTensor[]) as layers.SymbolicTensor });
  }],
  ...([
    ['meanSquaredError', 'normal', 'linear'], ['meanAbsoluteError', 'normal', 'linear'], ['meanAbsolutePercentageError', 'normal', 'linear'], ['meanSquaredLogarithmicError', 'probability', 'softplus'],
    ['squaredHinge', 'signs', 'tanh'], ['hinge', 'signs', 'tanh'], ['categoricalHinge', 'one-hot', 'softmax'], ['logcosh', 'normal', 'linear'], ['categoricalCrossentropy', 'one-hot', 'softmax'],
    ['sparseCategoricalCrossentropy', 'classes', 'softmax'], ['binaryCrossentropy', 'bits', 'sigmoid'], ['kullbackLeiblerDivergence', 'probability', 'softmax'], ['poisson', 'probability', 'softplus'], ['cosineProximity', 'normal', 'linear'],
  ] as const).map(([loss, labels, activation]): Row => [`loss ${loss}`, () => chain([5], l.dense({ units: 4, activation })), { loss, labels }]),
];

describe('layers: TensorFlow.js, bit for bit', () => {
  for (const [name, make, options] of rows) {
    itOnEachBackend(name, () => {
      tf.engine().startScope();
      try {
        compare(make(), options);
      } finally {
        tf.engine().endScope();
      }
    }, options?.backends);
  }

  it('knows every loss of tfjs-layers by its own name', () => {
    for (const name of ['meanSquaredError', 'logcosh', 'cosineProximity', 'kullbackLeiblerDivergence']) assert.equal(typeof lossOf(name, 'tfjs').values, 'function');
  });
});
