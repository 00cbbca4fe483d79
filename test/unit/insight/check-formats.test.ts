/** Gradients of ops and weights of ONNX, TFLite and graph models beside finite differences; and a wrong one that is planted there. */
import assert from 'node:assert/strict';
import type { Controller } from '../../../src/debug/controller';
import { checkableGradients } from '../../../src/debug/insight/gradients';
import type { CheckableGradient } from '../../../src/debug/insight/gradients';
import { Insight } from '../../../src/debug/insight/insight';
import type { CheckView } from '../../../src/protocol/insight';
import { runOf } from './models';
import { withLargerGradient } from './wrong-gradient';

const check = ({ trace }: Controller, insight: Insight, { gradient }: CheckableGradient, sample = 3): Promise<CheckView> => insight.check({ question: 'q', iteration: trace.iteration, gradient, sample, seed: 1 });

/** Every so many-th, so that each part of a long list has its share. */
const some = <T>(list: readonly T[], count: number): readonly T[] => list.filter((_, at) => at % Math.max(1, Math.ceil(list.length / count)) === 0);

const models = ['torch/torch_cnn.onnx', 'torch/torch_resnet.unfolded.onnx', 'torch/torch_lstm.onnx', 'torch/torch_encoder.onnx', 'onnx/networks.npz#mobile', 'onnx/networks.npz#recurrent', 'tflite/lite_cnn.float.tflite', 'tensorflow/lite/lstm.float.tflite', 'tensorflow/lite/attention.float.tflite', 'tensorflow/lite/cnn.float.tflite',
  'tfjs/tfjs_graph_cnn/model.json', 'tensorflow/graph_models/cnn/model.json', 'tensorflow/graph_models/attention/model.json', 'tensorflow/graph_models/recurrent/model.json', 'tensorflow/graph_models/volumes/model.json'];

describe('Checking gradients of other formats', () => {
  for (const model of models) {
    it(`finds those of weights and ops of ${model} right`, async () => {
      const controller = await runOf(model);
      try {
        const insight = new Insight(controller, () => undefined), found = checkableGradients(controller.view);
        const weights = found.filter(({ weight }) => weight), ops = found.filter(({ weight }) => !weight);
        assert.ok(weights.length > 1 && ops.length > 3, `${weights.length} ${ops.length}`);
        let agreed = 0;
        for (const each of [...some(weights, 5), ...some(ops, 7)]) {
          const { verdict, worst } = await check(controller, insight, each);
          assert.notEqual(verdict, 'differs', `${each.by} (${each.name}): ${JSON.stringify(worst[0])}`);
          if (verdict === 'agrees') agreed += 1;
        }
        assert.ok(agreed > 3, `${agreed} of them are more than noise`);
      } finally {
        await controller.end();
      }
    });
  }

  for (const [model, kernel] of [['torch/torch_cnn.onnx', 'Relu'], ['tflite/lite_cnn.float.tflite', 'Relu'], ['tfjs/tfjs_graph_cnn/model.json', 'Relu'], ['torch/torch_lstm.onnx', 'Tanh']] as const) {
    it(`finds a wrong gradient of ${kernel} in ${model}, for what lies before it and for nothing behind it`, async () => {
      await withLargerGradient(kernel, async () => {
        const controller = await runOf(model, 2, 'cpu');
        try {
          const insight = new Insight(controller, () => undefined), { trace } = controller;
          const [first, last] = [trace.ops.find((op) => op.kernel === kernel)?.index ?? assert.fail(`no ${kernel}`), trace.ops.filter((op) => op.kernel === kernel && op.phase === 'forward').at(-1)?.index ?? 0];
          const weights = checkableGradients(controller.view).filter(({ weight }) => weight);
          const usedAt = (gradient: number): number[] => { const of = trace.tensors.get(gradient)?.gradientOf?.tensor; return trace.ops.filter(({ phase, inputs }) => phase === 'forward' && of !== undefined && Object.values(inputs).includes(of)).map(({ index }) => index); };
          const before = weights.filter(({ gradient }) => usedAt(gradient).every((index) => index < first)), behind = weights.filter(({ gradient }) => usedAt(gradient).every((index) => index > last));
          assert.ok(before.length > 0 && behind.length > 0);
          const verdicts: string[] = [];
          for (const each of before) verdicts.push((await check(controller, insight, each, 6)).verdict);
          assert.ok(verdicts.includes('differs') && !verdicts.includes('agrees'), verdicts.join());
          for (const each of behind) assert.notEqual((await check(controller, insight, each, 6)).verdict, 'differs', each.by);
        } finally {
          await controller.end();
        }
      });
    });
  }

  it('comes closer where a wide step leaves what a root is defined for, and does not call a small variance\'s gradient wrong', async () => {
    const controller = await runOf('tensorflow/graph_models/attention/model.json');
    try {
      const insight = new Insight(controller, () => undefined), variance = checkableGradients(controller.view).find(({ name }) => name === 'd_functional_2_1_layer_normalization_1_add') ?? assert.fail();
      const { verdict, worst } = await check(controller, insight, variance, 6);
      assert.notEqual(verdict, 'differs', JSON.stringify(worst[0]));
      assert.ok(worst.every(({ numeric }) => Number.isFinite(numeric)));
    } finally {
      await controller.end();
    }
  });
});
