import assert from 'node:assert/strict';
import path from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import type { Controller } from '../../../src/debug/controller';
import { Insight } from '../../../src/debug/insight/insight';
import type { InfluenceView, OriginView } from '../../../src/protocol/insight';
import { Failure } from '../../../src/tensor/failure';
import { indexAt, placeAt } from '../../../src/tensor/slice';
import { configOf, readReference } from '../engine/references';
import { launch, lenet } from './launch';

const outputOf = ({ trace }: Controller, wanted: string): number => trace.layers.find(({ layer }) => layer === wanted)?.outputs[0] ?? assert.fail(wanted);
const code = (wanted: string) => (error: unknown): boolean => error instanceof Failure && error.code === wanted;
const close = (actual: number, expected: number, tolerance = 1e-5): void => { assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${actual}, expected ${expected}`); };

interface Asking { readonly origin: (tensor: number, index: readonly number[]) => Promise<OriginView>; readonly influence: (tensor: number, index: readonly number[]) => Promise<InfluenceView> }
const asking = (controller: Controller): Asking => {
  const insight = new Insight(controller, () => undefined), { iteration } = controller.trace;
  return {
    origin: (tensor, index) => insight.origin({ question: 'origin', iteration, tensor, index }),
    influence: (tensor, index) => insight.influence({ question: 'influence', iteration, tensor, index }),
  };
};

describe('Where a value of LeNet-5 comes from', () => {
  let controller: Controller;
  let ask: Asking;
  before(async () => {
    controller = await launch(lenet);
    ask = asking(controller);
  });
  after(() => controller.end());

  it('draws the receptive field of the textbook on the right example: 14 × 14 from 2 · position − 2', async () => {
    const { fields: [field, ...others], fieldWords, layer } = await ask.origin(outputOf(controller, 'conv_2'), [2, 3, 4, 5]);
    assert.deepEqual([layer, others.length, field?.input, field?.example], ['conv_2', 0, 'image', 2]);
    assert.deepEqual([field?.window.start, field?.window.extent], [[2, 4, 6, 0], [1, 14, 14, 1]]);
    assert.equal(field?.words, '14 × 14 of 28 × 28: rows 4 to 17, columns 6 to 19');
    assert.equal(fieldWords, 'receptive field of conv_2: size 14 × 14, jump 2 × 2, start −2, −2');
  });

  it('clips the field at the border, and knows when everything is seen', async () => {
    const corner = (await ask.origin(outputOf(controller, 'conv_1'), [0, 0, 27, 1])).fields[0];
    assert.deepEqual([corner?.window.start, corner?.window.extent, corner?.words], [[0, 0, 25, 0], [1, 3, 3, 1], '3 × 3 of 28 × 28: rows 0 to 2, columns 25 to 27']);
    const dense = await ask.origin(outputOf(controller, 'dense_1'), [1, 7]);
    assert.deepEqual([dense.fields[0]?.words, dense.fields[0]?.window.start, dense.fieldWords], ['all of it: 28 × 28 × 1', [1, 0, 0, 0], null]);
  });

  it('has a gradient by the input that fills the field of a convolution and nothing outside', async () => {
    const tensor = outputOf(controller, 'conv_2'), index = [2, 3, 4, 5];
    const [part] = (await ask.influence(tensor, index)).parts;
    assert.deepEqual([part?.input, part?.example, part?.share, part?.picture.shape], ['image', 2, 1, [1, 28, 28, 1]]);
    const values = new Float32Array(part?.picture.values ?? new ArrayBuffer(0));
    const { window } = (await ask.origin(tensor, index)).fields[0] ?? assert.fail();
    const lit = [...values].flatMap((value, place) => (value === 0 ? [] : [indexAt([28, 28], place)]));
    const [rows, columns] = [0, 1].map((axis) => lit.map((at) => at[axis] ?? NaN));
    assert.deepEqual([Math.min(...rows ?? []), Math.max(...rows ?? []), Math.min(...columns ?? []), Math.max(...columns ?? [])], [4, 17, 6, 19]);
    assert.deepEqual([window.start.slice(1, 3), window.extent.slice(1, 3)], [[4, 6], [14, 14]]);
  });

  it('has the recorded gradient when the element is the loss, bit for bit, and gives all tensors back', async () => {
    const { trace } = controller;
    const before = memory().numTensors;
    const [gradient] = await controller.ask((view, run) => run.gradientsOf(view.trace, { tensor: trace.lossTensor, element: 0 }, [trace.inputs['image']?.value ?? -1]));
    assert.deepEqual([...gradient?.data ?? []], [...trace.tensors.get(trace.inputs['image']?.gradient ?? -1)?.read().data ?? []]);
    assert.equal(memory().numTensors, before);
    const { parts: [part] } = await ask.influence(trace.lossTensor, []);
    assert.ok(part !== undefined && part.share > 0.25 && part.share < 1, 'the example that matters most has more than its quarter');
  });

  it('follows activation and bias back to the sum, whose terms and channels add up to it', async () => {
    const { contributions } = await ask.origin(outputOf(controller, 'conv_2'), [1, 3, 4, 5]);
    const { via, kernel, count, total, positive, negative, top, channels, of } = contributions ?? assert.fail();
    assert.deepEqual([via.map(({ text }) => text.replace(/ = .*/, '')), kernel, count], [['tanh x', 'a + b, with conv_2_bias[5]'], 'Conv2D', 150]);
    close(total, of.value);
    close(positive + negative, total);
    assert.deepEqual([channels?.input, channels?.sums.length], ['pool_1', 6]);
    close((channels?.sums ?? []).reduce((sum, { value }) => sum + value, 0), total);
    const sizes = top.map(({ value }) => Math.abs(value));
    assert.deepEqual(sizes, [...sizes].sort((a, b) => b - a));
    for (const { input, weight, value } of top) {
      assert.deepEqual([input?.name, weight?.name, weight?.index[3], input?.index[0]], ['pool_1', 'conv_2_kernel', 5, 1]);
      close((input?.value ?? NaN) * (weight?.value ?? NaN), value);
    }
  });

  it('gives a dense layer behind a flattening the channels of what was flattened', async () => {
    const { channels, total } = (await ask.origin(outputOf(controller, 'dense_1'), [0, 3])).contributions ?? assert.fail();
    assert.deepEqual([channels?.input, channels?.sums.length], ['pool_2', 16]);
    close((channels?.sums ?? []).reduce((sum, { value }) => sum + value, 0), total);
  });

  it('names the elements behind that an element feeds, just those by which they have a gradient', async () => {
    const from = outputOf(controller, 'conv_1'), index = [1, 9, 12, 3];
    const { downstream } = await ask.origin(from, index);
    const box = (layer: string): [readonly number[], readonly number[]] => { const found = downstream.find(({ tensor }) => tensor === outputOf(controller, layer)) ?? assert.fail(layer); return [found.first, found.last]; };
    assert.deepEqual(box('pool_1'), [[1, 4, 6, 3], [1, 4, 6, 3]]);
    assert.deepEqual(box('conv_2'), [[1, 0, 2, 0], [1, 4, 6, 15]]);
    assert.deepEqual(box('pool_2'), [[1, 0, 1, 0], [1, 2, 3, 15]]);
    assert.deepEqual(box('digit'), [[1, 0], [1, 9]]);
    assert.equal(downstream[0]?.direct, true);
    assert.ok(downstream.some(({ tensor }) => tensor === controller.trace.lossTensor));
    const conv = outputOf(controller, 'conv_2'), shape = controller.trace.tensors.get(conv)?.shape ?? [], source = controller.trace.tensors.get(from)?.shape ?? [];
    for (const [at, fed] of [[[1, 4, 6, 2], true], [[1, 0, 2, 9], true], [[1, 5, 6, 2], false], [[1, 4, 7, 2], false], [[0, 4, 6, 2], false]] as const) {
      const [gradient] = await controller.ask((view, run) => run.gradientsOf(view.trace, { tensor: conv, element: placeAt(shape, at) }, [from]));
      assert.equal(Number(gradient?.data[placeAt(source, index)]) !== 0, fed, String(at));
    }
  });

  it('says why there is no field or gradient: gradients, weights, the update, the input itself', async () => {
    const { trace } = controller, kernel = trace.weights[0] ?? assert.fail();
    const gradient = await ask.origin(kernel.gradient ?? -1, [0, 0, 0, 0]);
    assert.match(gradient.fieldProblem ?? '', /^This is a gradient/);
    assert.equal(gradient.contributions?.kernel, 'Conv2DBackpropFilter', 'its terms are there all the same');
    assert.match(gradient.downstreamProblem ?? '', /the update of the weights/);
    await assert.rejects(ask.influence(kernel.gradient ?? -1, [0, 0, 0, 0]), code('insight.gradient'));
    const weight = await ask.origin(kernel.before, [4, 4, 0, 5]);
    assert.match(weight.fieldProblem ?? '', /^This is a weight/);
    assert.match(weight.contributionsProblem ?? '', /a weight as the iteration found it/);
    assert.deepEqual(weight.downstream[0]?.last, [3, 27, 27, 5].map((last, axis) => (axis === 1 || axis === 2 ? last - 2 : last)), 'the tap in the corner stays two places inside');
    assert.match((await ask.origin(kernel.after, [0, 0, 0, 0])).fieldProblem ?? '', /made by the update/);
    const pixel = await ask.origin(trace.inputs['image']?.value ?? -1, [0, 14, 14, 0]);
    assert.deepEqual([pixel.fields[0]?.window.extent, pixel.fields[0]?.words], [[1, 1, 1, 1], 'it is this element of the input']);
    await assert.rejects(ask.origin(kernel.before, [5, 0, 0, 0]), code('insight.element'));
  });
});

describe('Where values of other networks come from', () => {
  it('is the weights, for the linear part of a neuron', async () => {
    const controller = await launch({ model: 'perceptron.keras', data: { generator: 'clusters', examples: 20 }, loss: 'binary_crossentropy', optimizer: 'sgd', batchSize: 5, backend: 'cpu' });
    try {
      const ask = asking(controller), { trace } = controller, { before: kernel } = trace.weights[0] ?? assert.fail();
      const sum = trace.ops.find(({ kernel: name }) => name === '_FusedMatMul' || name === 'BatchMatMul')?.outputs[0] ?? -1;
      const { parts: [part] } = await ask.influence(sum, [3, 0]);
      assert.deepEqual([part?.example, part?.share, [...new Float32Array(part?.picture.values ?? new ArrayBuffer(0))]], [3, 1, [...trace.tensors.get(kernel)?.read().data ?? []]]);
      const { contributions, fields, fieldWords } = await ask.origin(sum, [3, 0]);
      assert.deepEqual([fields[0]?.words, fieldWords, contributions?.count, contributions?.channels], ['all 2 values', null, 2, null]);
    } finally {
      await controller.end();
    }
  });

  for (const [name, expected] of [['masked_text', /embedding of the tokens/], ['gru_bidir', /./], ['resnet_mini', /./], ['transformer_block', /./], ['multi_io', /./]] as const) {
    it(`answers for every layer of ${name}`, async () => {
      const reference = await readReference('keras', name);
      const controller = await launch({ ...configOf(reference, `${name}.keras`, 'sgd'), batchSize: 3, backend: 'wasm' }, reference.folder);
      try {
        const ask = asking(controller), { trace } = controller;
        let gradients = 0;
        for (const { outputs: [output = -1] } of trace.layers) {
          const tensor = trace.tensors.get(output) ?? assert.fail();
          const at = tensor.shape.map((extent) => Math.floor((extent - 1) / 2));
          const origin = await ask.origin(output, at);
          if (tensor.writer >= 0) assert.ok(origin.contributions !== null || origin.contributionsProblem !== null);
          for (const { window, shape } of origin.fields) window.start.forEach((start, axis) => { assert.ok(start >= 0 && start + (window.extent[axis] ?? 0) <= (shape[axis] ?? 0), origin.element.name); });
          if (origin.gradientProblem !== null || tensor.writer < 0) continue;
          const { parts } = await ask.influence(output, at);
          for (const part of parts) {
            gradients += 1;
            assert.match(part.input, expected);
            assert.equal(part.picture.shape[0], 1);
            const field = origin.fields.find(({ tensor: input }) => input === part.tensor);
            if (field === undefined || field.shape.length !== 4) continue;
            const values = new Float32Array(part.picture.values), { start, extent } = field.window;
            const outside = [...values].some((value, place) => { const [, row = 0, column = 0] = indexAt([part.picture.tiles, part.picture.rows, part.picture.columns], place); return value !== 0 && (row < (start[1] ?? 0) || row >= (start[1] ?? 0) + (extent[1] ?? 0) || column < (start[2] ?? 0) || column >= (start[2] ?? 0) + (extent[2] ?? 0)); });
            // Batch normalisation in training mode looks at the whole batch, beyond any receptive field.
            if (name !== 'resnet_mini') assert.equal(outside, false, `${origin.element.name} ${field.words}`);
          }
        }
        assert.ok(gradients > 0);
      } finally {
        await controller.end();
      }
    });
  }

  it('shows pictures with their channels first as pictures, and sums by those channels', async () => {
    const controller = await launch({
      model: 'torch_cnn.onnx', data: { x: 'torch_cnn.reference.npz#x', y: 'torch_cnn.reference.npz#y' }, loss: 'cross_entropy', optimizer: 'sgd', batchSize: 1000, shuffle: false, dropout: false, backend: 'wasm',
    }, path.resolve('test/fixtures/models/torch'));
    try {
      const ask = asking(controller), { trace } = controller, [, channels, rows, columns] = trace.tensors.get(Object.values(trace.inputs)[0]?.value ?? -1)?.shape ?? [];
      const scores = Object.values(trace.predictions)[0] ?? -1;
      const { fields: [field], contributions } = await ask.origin(scores, [1, 3]);
      assert.deepEqual([field?.example, field?.picture.tiles, field?.picture.rows, field?.picture.columns], [1, channels, rows, columns]);
      const { parts: [part] } = await ask.influence(scores, [1, 3]);
      assert.deepEqual([part?.share, part?.picture.rows, part?.picture.columns], [1, rows, columns]);
      const flat = contributions?.channels ?? assert.fail(), pooled = trace.layers.find(({ layer }) => layer === 'AveragePool')?.outputs[0] ?? -1;
      assert.equal(flat.sums.length, trace.tensors.get(pooled)?.shape[1]);
      close(flat.sums.reduce((sum, { value }) => sum + value, 0), contributions?.total ?? NaN);
    } finally {
      await controller.end();
    }
  });
});
