import assert from 'node:assert/strict';
import path from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import type { Controller } from '../../../src/debug/controller';
import { Insight } from '../../../src/debug/insight/insight';
import type { AttributionMethod, AttributionRequest, AttributionView, ChoicesView } from '../../../src/protocol/insight';
import { findLayer } from '../../../src/network/layer-path';
import { Failure } from '../../../src/tensor/failure';
import { configOf, readReference } from '../engine/references';
import { launch, lenet, turn } from './launch';
import { runOf } from './models';

/** The last axis, of whatever rank: an axis outside leaves a lone number to the last one. */
const last = 0;
const code = (wanted: string) => (error: unknown): boolean => error instanceof Failure && error.code === wanted;
const floats = (picture: { readonly values: ArrayBuffer } | null | undefined): number[] => [...new Float32Array(picture?.values ?? new ArrayBuffer(0))];
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const close = (actual: number, expected: number, tolerance = 1e-5): void => { assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${actual}, expected ${expected}`); };

interface Asking { readonly insight: Insight; readonly progress: number[]; readonly choices: (example?: number) => Promise<ChoicesView>; readonly ask: (method: AttributionMethod, wanted?: Partial<AttributionRequest>) => Promise<AttributionView> }
function asking(controller: Controller): Asking {
  const progress: number[] = [], insight = new Insight(controller, (_, done) => { progress.push(done); }), { iteration } = controller.trace;
  return {
    insight, progress,
    choices: (example = 0) => insight.attributionChoices({ question: 'choices', iteration, example }),
    ask: (method, wanted = {}) => insight.attribution({ question: 'look', iteration, method, example: 0, unit: { layer: null, index: [0], channelAxis: last }, layer: null, steps: 32, patch: 4, seed: 0, ...wanted }),
  };
}

describe('What a linear neuron looks at, asked in the panel', () => {
  let controller: Controller, kernel: number[], x: number[];
  before(async () => {
    controller = await launch({ model: 'perceptron.keras', data: { generator: 'clusters', examples: 40 }, loss: 'binary_crossentropy', optimizer: 'sgd', batchSize: 5, backend: 'wasm' });
    const { trace } = controller;
    kernel = [...trace.tensors.get(trace.weights[0]?.before ?? -1)?.read().data ?? []].map(Number);
    x = [...trace.tensors.get(Object.values(trace.inputs)[0]?.value ?? -1)?.read().data ?? []].map(Number);
  });
  after(() => controller.end());

  it('is its weights, and weight × input, for the example that is asked about', async () => {
    const { ask } = asking(controller), example = 3, own = x.slice(2 * example, 2 * example + 2);
    floats((await ask('saliency', { example })).map).forEach((value, i) => { close(value, Math.abs(kernel[i] ?? NaN)); });
    for (const method of ['gradientTimesInput', 'integratedGradients'] as const) {
      const { map, input } = await ask(method, { example });
      floats(map).forEach((value, i) => { close(value, (kernel[i] ?? NaN) * (own[i] ?? NaN)); });
      assert.deepEqual(floats(input), own);
    }
  });

  it('has top examples that are those of the data set with the largest sum', async () => {
    const { ask } = asking(controller);
    const data = await controller.ask((_, run) => Promise.resolve(Object.values(run.data.inputs)[0]?.data ?? []));
    const sums = Array.from({ length: 40 }, (_, n) => kernel.reduce((sum, weight, i) => sum + weight * Number(data[2 * n + i]), 0));
    const expected = [...sums.keys()].sort((a, b) => (sums[b] ?? 0) - (sums[a] ?? 0)).slice(0, 9);
    const { examples, note } = await ask('examples', { unit: { layer: null, index: [0], channelAxis: last } });
    assert.deepEqual(examples.map(({ example }) => example), expected);
    assert.match(note, /of all 40 examples/);
  });

  it('names the methods that apply to vectors, with a sentence for those that do not', async () => {
    const { methods, layers, predicted, label, examples } = await asking(controller).choices(2);
    assert.deepEqual(methods.filter(({ problem }) => problem === null).map(({ name }) => name), ['saliency', 'gradientTimesInput', 'integratedGradients', 'maximisation', 'examples']);
    for (const { problem, source, statement } of methods) assert.ok((problem === null || /^It .*\.$/.test(problem)) && /\d{4}$/.test(source) && statement.endsWith('.'), JSON.stringify({ problem, source }));
    assert.deepEqual([layers[0]?.layer, layers[0]?.units, predicted, examples], [null, 1, 0, 5]);
    assert.ok(label === null || label === 0 || label === 1);
  });
});

describe('What LeNet-5 looks at, asked in the panel', () => {
  let controller: Controller;
  before(async () => {
    controller = await launch({ ...lenet, optimizer: { type: 'adam', learningRate: 0.01 } });
    await controller.jumpTo({ kind: 'iteration', iteration: 3 });
  });
  after(() => controller.end());

  it('proposes the predicted class and the last feature maps', async () => {
    const { predicted, label, maps, usualMaps, layers, methods, input } = await asking(controller).choices(1);
    const { trace } = controller, output = [...trace.tensors.get(Object.values(trace.predictions)[0] ?? -1)?.read().data ?? []].map(Number).slice(10, 20);
    assert.equal(predicted, output.indexOf(Math.max(...output)));
    assert.equal(label, Number(trace.tensors.get(Object.values(trace.labels)[0] ?? -1)?.read().data[1]));
    assert.deepEqual(maps, ['conv_1', 'pool_1', 'conv_2', 'pool_2']);
    assert.equal(usualMaps, 'conv_2');
    assert.deepEqual(layers.map(({ units }) => units), [10, 6, 6, 16, 16, 400, 120, 84, 10]);
    assert.ok(methods.every(({ problem }) => problem === null));
    assert.deepEqual(input.shape, [1, 28, 28, 1]);
  });

  it('answers by every method with a map over the example, all tensors given back', async () => {
    const { ask } = asking(controller), tensors = memory().numTensors;
    for (const method of ['saliency', 'gradientTimesInput', 'integratedGradients', 'gradCam', 'occlusion'] as const) {
      const { map, score, note } = await ask(method, { unit: { layer: null, index: [7], channelAxis: last }, layer: 'conv_2', example: 2 });
      assert.deepEqual([map?.shape, map?.rows, map?.columns], [[1, 28, 28, 1], 28, 28], method);
      assert.ok(floats(map).some((value) => value !== 0) && floats(map).every(Number.isFinite) && Number.isFinite(score) && note !== '', method);
      if (method === 'saliency' || method === 'gradCam') assert.ok(floats(map).every((value) => value >= 0));
      if (method === 'integratedGradients') {
        const [sum = NaN, rise = NaN] = (note.replaceAll('−', '-').match(/-?\d[\d.e-]*/g) ?? []).map(Number);
        close(sum, total(floats(map)), 1e-3);
        close(sum, rise, 0.05);
      }
    }
    assert.equal(memory().numTensors, tensors);
  });

  it('sees no further than its receptive field, for a hidden unit at a place', async () => {
    const { ask } = asking(controller);
    const { map } = await ask('saliency', { unit: { layer: 'conv_2', index: [3, 4, 5], channelAxis: last } });
    floats(map).forEach((value, i) => { const [row, column] = [Math.floor(i / 28), i % 28]; if (row < 4 || row > 17 || column < 6 || column > 19) assert.equal(value, 0); });
    const { examples } = await ask('examples', { unit: { layer: 'conv_2', index: [5], channelAxis: last } });
    assert.equal(examples.length, 9);
    assert.ok(examples.every(({ value, window }, i) => value <= (examples[i - 1]?.value ?? Infinity) && window !== null && (window.extent[1] ?? 0) <= 14 && (window.extent[1] ?? 0) >= 12));
  });

  it('finds what excites a unit from the seed, the same each time, and tells how far it is', async () => {
    const { ask, progress } = asking(controller);
    const best = async (seed: number): Promise<AttributionView> => ask('maximisation', { unit: { layer: 'conv_1', index: [2], channelAxis: last }, seed, steps: 60 });
    const [first, again, other] = [await best(1), await best(1), await best(2)];
    assert.deepEqual(floats(first.input), floats(again.input));
    assert.notDeepEqual(floats(first.input), floats(other.input));
    assert.ok((first.score ?? 0) > 0);
    assert.ok(progress.every((done) => done > 0 && done <= 1));
  });

  it('can be withdrawn, leaves the event loop its turns, and knows no other iteration or unit', async () => {
    const { ask, insight, progress } = asking(controller);
    const asked = ask('integratedGradients', { steps: 100_000 });
    let turns = 0;
    while (progress.length < 2) { await turn(); turns += 1; }
    assert.ok(turns > 5);
    insight.withdraw('look');
    await assert.rejects(asked, code('insight.withdrawn'));
    await assert.rejects(ask('saliency', { iteration: 9 }), code('insight.gone'));
    await assert.rejects(ask('saliency', { unit: { layer: null, index: [10], channelAxis: last } }), code('attribution.target'));
    await assert.rejects(ask('saliency', { example: 99 }), code('insight.example'));
  });
});

describe('What other networks look at, asked in the panel', () => {
  for (const name of ['masked_text', 'gru_bidir', 'resnet_mini', 'multi_io', 'transformer_block', 'lstm_rows', 'autoencoder']) {
    it(`answers by the methods that apply and says why the others do not: ${name}`, async () => {
      const reference = await readReference('keras', name);
      const controller = await launch({ ...configOf(reference, `${name}.keras`, 'sgd'), batchSize: 2, backend: 'wasm' }, reference.folder);
      try {
        const { ask, choices } = asking(controller), { methods, layers, maps, predicted } = await choices();
        for (const { name: method, problem } of methods) {
          if (problem !== null) {
            assert.match(problem, /\.$/);
            continue;
          }
          const { map, input, examples } = await ask(method, { unit: { layer: null, index: [predicted], channelAxis: last }, layer: maps.at(-1) ?? null, steps: 4, patch: 4 });
          assert.ok((map ?? input) !== null || examples.length > 0, method);
          if (map !== null) assert.ok(floats(map).every(Number.isFinite), method);
        }
        const hidden = layers[Math.floor(layers.length / 2)];
        assert.ok((await ask('examples', { unit: { layer: hidden?.layer ?? null, index: [0], channelAxis: last } })).examples.length > 0);
      } finally {
        await controller.end();
      }
    });
  }
});

describe('What a network with its channels first looks at, asked in the panel', () => {
  it('answers for a channel, its maps with rows and columns where the picture has them', async () => {
    const controller = await launch({
      model: 'torch_cnn.onnx', data: { x: 'torch_cnn.reference.npz#x', y: 'torch_cnn.reference.npz#y' }, loss: 'cross_entropy', optimizer: 'sgd', batchSize: 1000, shuffle: false, dropout: false, backend: 'wasm',
    }, path.resolve('test/fixtures/models/torch'));
    try {
      const { ask, choices } = asking(controller), { methods, layers, input, predicted } = await choices();
      const { trace } = controller, shape = trace.tensors.get(Object.values(trace.inputs)[0]?.value ?? -1)?.shape ?? [];
      assert.deepEqual([input.tiles, input.rows, input.columns], shape.slice(1));
      assert.deepEqual(methods.filter(({ problem }) => problem !== null), []);
      const conv = layers.find(({ channelAxis, shape: own }) => channelAxis === 1 && own.length === 4) ?? assert.fail('no feature maps');
      assert.equal(conv.units, conv.shape[1]);
      const { map } = await ask('saliency', { unit: { layer: null, index: [predicted], channelAxis: 1 } });
      assert.deepEqual([map?.rows, map?.columns, map?.tiles], [shape[2], shape[3], 1]);
      const unit = { layer: conv.layer, index: [conv.units - 1], channelAxis: 1 };
      const { score } = await ask('gradientTimesInput', { unit });
      const key = trace.layers.find(({ layer }) => layer === conv.layer)?.outputs[0] ?? -1, { data } = trace.tensors.get(key)?.read() ?? assert.fail(JSON.stringify([conv, trace.layers.map(({ layer, call, outputs }) => [layer, call, outputs])]));
      const each = (conv.shape[2] ?? 1) * (conv.shape[3] ?? 1);
      close(score ?? NaN, total([...data.slice((conv.units - 1) * each, conv.units * each)].map(Number)), 1e-4);
      const { examples } = await ask('examples', { unit });
      const largest = Math.max(...Array.from({ length: conv.shape[0] ?? 0 }, (_, n) => Math.max(...[...data.slice((n * conv.units + conv.units - 1) * each, (n * conv.units + conv.units) * each)].map(Number))));
      close(examples[0]?.value ?? NaN, largest, 1e-4);
    } finally {
      await controller.end();
    }
  });

  for (const model of ['torch/torch_cnn.onnx', 'torch/torch_resnet.unfolded.onnx', 'tflite/lite_cnn.float.tflite', 'tfjs/tfjs_graph_cnn/model.json', 'onnx/networks.npz#mobile'] as const) {
    it(`answers by every method for ${model}, with maps that lie on the picture`, async () => {
      const controller = await runOf(model);
      try {
        const { ask, choices } = asking(controller), { methods, input, usualMaps, predicted, maps } = await choices(1);
        assert.deepEqual(methods.filter(({ problem }) => problem !== null), []);
        assert.ok(usualMaps !== null && maps.includes(usualMaps));
        assert.match(findLayer(controller.info.network, usualMaps)?.type ?? '', /conv/i);
        const before = memory().numTensors;
        for (const method of ['saliency', 'gradientTimesInput', 'integratedGradients', 'gradCam', 'occlusion', 'maximisation'] as const) {
          const { map, input: own } = await ask(method, { example: 1, unit: { layer: null, index: [predicted], channelAxis: 1 }, layer: usualMaps, steps: 3, patch: 4 });
          for (const each of method === 'maximisation' ? [own] : [map, own]) assert.deepEqual([each?.rows, each?.columns], [input.rows, input.columns], method);
          if (method === 'gradCam' || method === 'occlusion') assert.equal(map?.tiles, 1);
          assert.ok(floats(method === 'maximisation' ? own : map).every(Number.isFinite), method);
        }
        const { examples } = await ask('examples', { unit: { layer: usualMaps, index: [0], channelAxis: 1 } });
        assert.ok(examples.length > 0);
        assert.equal(memory().numTensors, before);
      } finally {
        await controller.end();
      }
    });
  }
});
