/** The part of the input that Origin draws, against the gradient of the element, for models of every format: nothing outside of it matters. */
import assert from 'node:assert/strict';
import type { Controller } from '../../../src/debug/controller';
import { Insight } from '../../../src/debug/insight/insight';
import { findLayer } from '../../../src/network/layer-path';
import type { InfluencePart, OriginView } from '../../../src/protocol/insight';
import { sizeOf } from '../../../src/tensor/value';
import { places } from '../network/dependence';
import { runOf } from './models';

interface Answer { readonly origin: OriginView; readonly parts: readonly InfluencePart[] }

async function asked(controller: Controller, tensor: number, index: readonly number[]): Promise<Answer> {
  const insight = new Insight(controller, () => undefined), request = { iteration: controller.trace.iteration, tensor, index };
  const origin = await insight.origin({ question: 'origin', ...request });
  return { origin, parts: origin.gradientProblem === null ? (await insight.influence({ question: 'influence', ...request })).parts : [] };
}

const outputOf = ({ trace }: Controller, layer: RegExp, which = 0): number => trace.layers.find((each) => layer.test(each.layer))?.outputs[which] ?? assert.fail(`${layer} of ${trace.layers.map((each) => each.layer).join(', ')}`);

/** First and last place along each axis at which a part of the gradient is not zero, in its own layout; null where all of it is. */
async function reached(controller: Controller, tensor: number, index: readonly number[], input: number): Promise<(readonly [number, number])[] | null> {
  const { trace } = controller, shape = trace.tensors.get(tensor)?.shape ?? [], of = trace.tensors.get(input)?.shape ?? [];
  const element = index.reduce((place, at, axis) => place * (shape[axis] ?? 1) + at, 0);
  const [gradient] = await controller.ask((view, run) => run.gradientsOf(view.trace, { tensor, element }, [input]));
  let box: [number, number][] | null = null;
  for (let i = 0; i < sizeOf(of); i += 1) {
    if (gradient?.data[i] === 0 || gradient == null) continue;
    let rest = i;
    const at = [...of].reverse().map((extent) => { const place = rest % extent; rest = Math.floor(rest / extent); return place; }).reverse();
    box = box === null ? at.map((place) => [place, place]) : box.map(([first, last], axis) => [Math.min(first, at[axis] ?? 0), Math.max(last, at[axis] ?? 0)]);
  }
  return box;
}

/** Where the tensors of tokens have gradients: at what the table of embeddings gave for them. */
const tokensOf = ({ trace, info: { network } }: Controller): number | undefined => trace.layers.find(({ layer }) => /^(Embedding|Gather(V2)?|GATHER)$/.test(findLayer(network, layer)?.type ?? ''))?.outputs[0];

const models = [
  'torch/torch_cnn.onnx', 'torch/torch_resnet.unfolded.onnx', 'torch/torch_lstm.onnx', 'torch/torch_encoder.onnx', 'onnx/networks.npz#mobile', 'onnx/networks.npz#unet', 'onnx/networks.npz#bert', 'onnx/networks.npz#recurrent', 'onnx/networks.npz#volumes',
  'tflite/lite_cnn.float.tflite', 'tensorflow/lite/cnn.float.tflite', 'tensorflow/lite/lstm.float.tflite', 'tensorflow/lite/attention.float.tflite', 'tensorflow/lite/pixels.float.tflite',
  'tfjs/tfjs_graph_cnn/model.json', 'tensorflow/graph_models/cnn/model.json', 'tensorflow/graph_models/attention/model.json', 'tensorflow/graph_models/recurrent/model.json', 'tensorflow/graph_models/upscaling/model.json', 'tensorflow/graph_models/volumes/model.json',
  'keras/cnn_zoo.keras', 'keras/resnet_mini.keras', 'keras/gru_bidir.keras', 'keras/transformer_block.keras', 'keras/masked_text.keras',
] as const;

describe('What an element can see', () => {
  for (const model of models) {
    it(`in ${model}: what lies outside has no gradient, in every layer`, async () => {
      const controller = await runOf(model);
      try {
        const { trace } = controller, inputs = new Set(Object.values(trace.inputs).map(({ value }) => value)), tokens = tokensOf(controller);
        let found = 0, inside = 0, statistics = false;
        for (const { outputs: [output] } of trace.layers) {
          const tensor = trace.tensors.get(output ?? -1);
          if (output === undefined || tensor?.dtype !== 'float32' || inputs.has(output) || tensor.writer < 0) continue;
          for (const index of places(tensor.shape, output, 1).slice(0, 3)) {
            const { origin } = await asked(controller, output, index);
            assert.equal(origin.fieldProblem, null);
            statistics ||= origin.fieldNotes.some((note) => note.includes('variance of the batch'));
            for (const { tensor: input, window: { start, extent }, shape } of origin.fields) {
              const token = trace.tensors.get(input)?.dtype !== 'float32';
              if (token && tokens === undefined) continue;
              const box = await reached(controller, output, index, token ? tokens ?? -1 : input);
              if (box === null) continue;
              found += 1;
              // Batch normalisation that trains looks at the whole batch, beyond what is drawn; the note says so.
              if (statistics) continue;
              for (const [axis, [first, last]] of box.slice(0, shape.length).entries()) assert.ok(first >= (start[axis] ?? 0) && last < (start[axis] ?? 0) + (extent[axis] ?? 0), `${origin.element.name}[${index.join()}] depends on ${box.map((range) => range.join('…')).join(', ')}, drawn is ${start.join()} with ${extent.join()}`);
              inside += 1;
            }
          }
        }
        assert.ok(found > 3 && (statistics || inside > 3), `${found} ${inside}`);
        if (/torch_resnet|mobile|cnn_zoo|resnet_mini/.test(model)) assert.ok(statistics);
      } finally {
        await controller.end();
      }
    });
  }

  /** Drawn and found, along one axis of the input. */
  async function along(controller: Controller, tensor: number, index: readonly number[], axis: number, by?: number): Promise<{ readonly drawn: readonly [number, number]; readonly found: readonly [number, number]; readonly notes: string; readonly words: string }> {
    const { origin: { fields: [field], fieldNotes } } = await asked(controller, tensor, index);
    const { start, extent } = field?.window ?? assert.fail('no field');
    const box = await reached(controller, tensor, index, by ?? field?.tensor ?? -1);
    return { drawn: [start[axis] ?? -1, (start[axis] ?? 0) + (extent[axis] ?? 0) - 1], found: box?.[axis] ?? assert.fail('no gradient'), notes: fieldNotes.join(' '), words: field?.words ?? '' };
  }

  it('is for a step of an LSTM what lies before it and itself, and exactly that has a gradient', async () => {
    const controller = await runOf('torch/torch_lstm.onnx');
    try {
      const { trace } = controller, hidden = outputOf(controller, /LSTM/), [steps = 0] = trace.tensors.get(hidden)?.shape ?? [];
      for (const step of [0, 4, steps - 1]) {
        const { drawn, found, words } = await along(controller, hidden, [step, 0, 1, 2], 1);
        assert.deepEqual([drawn, found], [[0, step], [0, step]]);
        assert.match(words, step === steps - 1 ? /^all of it/ : step === 0 ? /steps 0$/ : /steps 0 to 4$/);
      }
      const { notes } = await along(controller, outputOf(controller, /head/), [1, 0], 1);
      assert.match(notes, /^All of it, because .*Gather/);
    } finally {
      await controller.end();
    }
  });

  it('is for the backward half of a layer that runs in both directions what comes after, for the forward half what came before', async () => {
    const controller = await runOf('onnx/networks.npz#recurrent');
    try {
      const { trace } = controller, states = outputOf(controller, /GRU/), [steps = 0] = trace.tensors.get(states)?.shape ?? [];
      for (const step of [0, 2]) {
        const forward = await along(controller, states, [step, 0, 0, 1], 1), back = await along(controller, states, [step, 1, 0, 1], 1);
        assert.deepEqual([forward.drawn, forward.found, back.drawn, back.found], [[0, step], [0, step], [step, steps - 1], [step, steps - 1]]);
      }
    } finally {
      await controller.end();
    }
  });

  it('of attention is everything, or behind a causal mask the tokens up to its own', async () => {
    const controller = await runOf('onnx/networks.npz#bert'), open = await runOf('torch/torch_encoder.onnx');
    try {
      const tokens = tokensOf(controller), { trace } = controller;
      const first = trace.layers.findIndex(({ layer }) => /LayerNormalization|norm/i.test(layer) && trace.layers.findIndex((each) => /Softmax/.test(each.layer)) < trace.layers.findIndex((each) => each.layer === layer));
      const states = trace.layers[first]?.outputs[0] ?? -1, rank = trace.tensors.get(states)?.shape.length ?? 0;
      assert.equal(rank, 3);
      const early = await along(controller, states, [0, 2, 1], 1, tokens);
      assert.ok(early.drawn[1] <= 2 && early.found[1] <= 2, JSON.stringify(early));
      assert.deepEqual(early.drawn, early.found);
      assert.match(early.notes, /mask/);
      const free = await along(open, outputOf(open, /norm1/), [0, 2, 1], 1, tokensOf(open));
      assert.deepEqual(free.drawn, free.found);
      assert.ok(free.drawn[1] > 5);
      assert.match(free.notes, /^All of it, because .*MatMul.* multiplies every position with every other/);
    } finally {
      await controller.end();
      await open.end();
    }
  });

  it('is drawn on pictures with their channels first, as large as in the table of layers', async () => {
    const controller = await runOf('torch/torch_cnn.onnx');
    try {
      const { origin: { fields: [field], fieldWords } } = await asked(controller, outputOf(controller, /conv2/), [1, 3, 2, 3]);
      assert.deepEqual([field?.window.start, field?.window.extent], [[1, 0, 3, 5], [1, 1, 8, 8]]);
      assert.equal(field?.words, '8 × 8 of 14 × 14: rows 3 to 10, columns 5 to 12');
      assert.match(fieldWords ?? '', /size 8 × 8, jump 2 × 2, start −1, −1$/);
    } finally {
      await controller.end();
    }
  });

  for (const [model, values, layer] of [['torch/torch_encoder.onnx', /MatMul_2$/, /self_attn\/Gemm$/], ['keras/transformer_block.keras', null, /attention|mha/]] as const) {
    it(`of ${model} is made by positions through its attention weights, which add up to the sum`, async () => {
      const controller = await runOf(model);
      try {
        const { trace } = controller, tensors = [...(values === null ? [] : [outputOf(controller, values)]), outputOf(controller, layer)];
        for (const tensor of tensors) {
          const shape = trace.tensors.get(tensor)?.shape ?? [], { contributions } = (await asked(controller, tensor, shape.map((extent) => Math.min(1, extent - 1)))).origin;
          const { positions, total, count } = contributions ?? assert.fail();
          const sum = (positions?.sums ?? assert.fail(`${shape.join()}: ${count} terms of ${contributions?.kernel}`)).reduce((all, { value }) => all + value, 0);
          assert.ok(Math.abs(sum - total) <= 1e-4 * Math.max(1e-2, Math.abs(total)), `${sum} of ${total}`);
          assert.equal(positions?.all, trace.tensors.get(Object.values(trace.inputs)[0]?.value ?? -1)?.shape[1]);
        }
      } finally {
        await controller.end();
      }
    });
  }

  it('names the elements of a layer\'s own input and weight, as the file has them', async () => {
    const controller = await runOf('torch/torch_cnn.onnx');
    try {
      const { origin: { contributions } } = await asked(controller, outputOf(controller, /conv2/), [1, 3, 2, 3]), { trace } = controller;
      const { top, channels, total } = contributions ?? assert.fail(), pooled = outputOf(controller, /pool/), kernel = trace.weights.find(({ layer, weight }) => layer === 'conv2/Conv' && weight === 'weight')?.before ?? -1;
      const read = (id: number, index: readonly number[]): number => { const tensor = trace.tensors.get(id) ?? assert.fail(), { shape } = tensor; return Number(tensor.read().data[index.reduce((place, at, axis) => place * (shape[axis] ?? 1) + at, 0)]); };
      for (const { input, weight, value } of top) {
        assert.deepEqual([input?.tensor, weight?.tensor, weight?.index[0]], [pooled, kernel, 3]);
        assert.ok(Math.abs(read(pooled, input?.index ?? []) * read(kernel, weight?.index ?? []) - value) < 1e-6);
      }
      assert.equal(channels?.all, trace.tensors.get(pooled)?.shape[1]);
      assert.ok(Math.abs((channels?.sums ?? []).reduce((all, { value }) => all + value, 0) - total) < 1e-4);
    } finally {
      await controller.end();
    }
  });
});
